//! Operations on objects: put, get, head, copy, delete.

use std::ops::Range;

use futures_util::StreamExt;
use http::HeaderMap;
use s3s::dto;
use services::bucket::body::{BodyKey, Plan, Received};
use services::bucket::checksum;
use services::bucket::get::{Find, Found, Wanted};
use services::bucket::object::{About, VersionId, part_checksum};
use services::bucket::put::{BODY_BYTES_MAX, Put, Source};
use services::bucket::remove::Remove;
use services::bucket::{
    Algorithm, Bucket, ChangeKind, Checksum, Error, Method, Object, ObjectKey, Versioning, WriteConditions,
};

use super::about::{self, Told, put_checksum};
use super::bucket::name_of;
use super::face::{Answer, Ask, told};
use super::lifecycle::tell_expiry;
use super::refusal::{Refusal, access_denied, invalid_argument, malformed_xml, refusal};

/// Keys of one delete. Source: S3 API reference, DeleteObjects (read 2026-11-24).
const DELETES_MAX: usize = 1_000;

pub fn key_of(text: &str) -> Result<ObjectKey, Refusal> {
    Ok(ObjectKey::parse(text)?)
}

pub fn version_of(text: Option<&str>) -> Result<Option<VersionId>, Refusal> {
    match text {
        None => Ok(None),
        Some("") => Err(invalid_argument("versionId", "", "Version id cannot be the empty string")),
        Some(text) => Ok(Some(VersionId::parse(text)?)),
    }
}

pub fn keeps_versions(bucket: &Bucket) -> bool {
    bucket.versioning != Versioning::Off
}

pub async fn put_object(mut ask: Ask<dto::PutObjectInput>) -> Answer<dto::PutObjectOutput> {
    let (bucket, key) = (name_of(&ask.input.bucket)?, key_of(&ask.input.key)?);
    let about = about::read(&ask.headers)?;
    if !about.tags.is_empty() {
        ask.passing.authorize("s3:PutObjectTagging", bucket.as_str(), Some(key.as_str()))?;
    }
    let conditions = about::write_conditions(&ask.headers)?;
    let existing = super::bucket::existing(&ask, bucket.as_str())?;
    let body = ask.input.body.take();
    let algorithm = about::stated_algorithm(&ask.headers)?.unwrap_or(checksum::DEFAULT);
    let received = receive(&ask, body, algorithm, about::read_key(&ask.headers, "")?).await?;
    let named = key.clone();
    let put = Put { bucket, key, about, conditions, kind: ChangeKind::Put, notifier: ask.notifier() };
    let (object, _) = ask.services().objects().put(put, received).await?;
    let mut headers = Told::default();
    written(&mut headers, &object, keeps_versions(&existing));
    tell_expiry(&ask, &mut headers, &existing, named.as_str(), &object)?;
    Ok(told(dto::PutObjectOutput { size: None, ..Default::default() }, headers.0))
}

/// What every answer to a write says in its headers.
pub fn written(headers: &mut Told, object: &Object, versioned: bool) {
    headers.add("etag", about::quoted(&object.etag));
    headers.encryption(&object.encryption);
    headers.version(object, versioned);
    if let Some(checksum) = &object.checksum {
        headers.checksum(checksum);
    }
}

/// Where an object is, as answers to uploads tell it.
pub fn location<I>(ask: &Ask<I>, bucket: &str, key: &str) -> String {
    let (authority, key) = (&ask.passing.call.authority, crate::uri::encode(key));
    match authority.strip_prefix(bucket).is_some_and(|domain| domain.starts_with('.')) {
        true => format!("http://{authority}/{key}"),
        false => format!("http://{authority}/{bucket}/{key}"),
    }
}

/// Takes in the body of a request.
pub async fn receive<I>(
    ask: &Ask<I>,
    body: Option<dto::StreamingBlob>,
    algorithm: Algorithm,
    key: BodyKey,
) -> Result<Received, Refusal> {
    let length = stated_length(&ask.headers)?;
    let plan = Plan { algorithm, key, length: Some(length), bytes_min: 0, bytes_max: BODY_BYTES_MAX };
    let body = match body {
        Some(body) => body.left_stream(),
        None => futures_util::stream::empty().right_stream(),
    };
    let expected = || {
        let trailers = ask.trailers.as_ref().and_then(s3s::TrailingHeaders::take);
        about::expected(&ask.headers, trailers.as_ref(), algorithm)
    };
    Ok(ask.services().objects().receive(body, plan, expected).await?)
}

fn stated_length(headers: &HeaderMap) -> Result<u64, Refusal> {
    let length =
        ["x-amz-decoded-content-length", "content-length"].into_iter().find_map(|name| about::text(headers, name));
    match length.map(str::parse) {
        Some(Ok(length)) => Ok(length),
        Some(Err(_)) => Err(refusal(400, "InvalidArgument", "Invalid content length")),
        None => Err(refusal(411, "MissingContentLength", "You must provide the Content-Length HTTP header.")),
    }
}

pub async fn get_object(ask: Ask<dto::GetObjectInput>) -> Answer<dto::GetObjectOutput> {
    let input = &ask.input;
    let place = Place::of(&ask, &input.bucket, &input.key, input.version_id.as_deref(), input.part_number)?;
    let (found, range, mut headers) = place.describe(&ask, input.checksum_mode.is_some())?;
    let key = about::read_key(&ask.headers, "")?;
    let reader = ask.services().objects().open(&found, &range, &key)?;
    for (parameter, header) in OVERRIDES {
        if let Some(value) = ask.parameter(parameter) {
            headers.add(header, value);
        }
    }
    let body = Some(dto::StreamingBlob::wrap(reader.stream()));
    let output = dto::GetObjectOutput { body, content_length: Some(length(&range)), ..Default::default() };
    let mut answer = told(output, headers.0);
    answer.status = place.wanted.is_some().then_some(http::StatusCode::PARTIAL_CONTENT);
    Ok(answer)
}

/// Headers that a reader may ask for in place of the object's.
const OVERRIDES: [(&str, &str); 6] = [
    ("response-cache-control", "cache-control"),
    ("response-content-disposition", "content-disposition"),
    ("response-content-encoding", "content-encoding"),
    ("response-content-language", "content-language"),
    ("response-content-type", "content-type"),
    ("response-expires", "expires"),
];

fn length(range: &Range<u64>) -> i64 {
    i64::try_from(range.end - range.start).unwrap_or(i64::MAX)
}

pub async fn head_object(ask: Ask<dto::HeadObjectInput>) -> Answer<dto::HeadObjectOutput> {
    let input = &ask.input;
    let place = Place::of(&ask, &input.bucket, &input.key, input.version_id.as_deref(), input.part_number)?;
    let (found, range, mut headers) = place.describe(&ask, input.checksum_mode.is_some())?;
    // Checks the key alone: nothing is read before the body is asked for.
    ask.services().objects().open(&found, &range, &about::read_key(&ask.headers, "")?)?;
    for (parameter, header) in OVERRIDES {
        if let Some(value) = ask.parameter(parameter) {
            headers.add(header, value);
        }
    }
    let output = dto::HeadObjectOutput { content_length: Some(length(&range)), ..Default::default() };
    let mut answer = told(output, headers.0);
    answer.status = place.wanted.is_some().then_some(http::StatusCode::PARTIAL_CONTENT);
    Ok(answer)
}

/// Which object a reader asks for, and which part of it.
struct Place {
    find: Find,
    /// `None` is all of it.
    wanted: Option<Wanted>,
}

impl Place {
    fn of<I>(
        ask: &Ask<I>,
        bucket: &str,
        key: &str,
        version: Option<&str>,
        part: Option<i32>,
    ) -> Result<Place, Refusal> {
        let find = Find {
            bucket: name_of(bucket)?,
            key: key_of(key)?,
            version: version_of(version)?,
            conditions: about::conditions(&ask.headers, ""),
        };
        let range = about::text(&ask.headers, "range").and_then(parse_range);
        let wanted = match (part, range) {
            (Some(_), Some(_)) => {
                return Err(refusal(
                    400,
                    "InvalidRequest",
                    "Cannot specify both Range header and partNumber query parameter",
                ));
            }
            (Some(number), None) => Some(Wanted::Part { number: part_number(number)? }),
            (None, range) => range,
        };
        Ok(Place { find, wanted })
    }

    /// The object, what of it is wanted, and all that is said about it.
    fn describe<I>(&self, ask: &Ask<I>, checksums: bool) -> Result<(Found, Range<u64>, Told), Refusal> {
        let found = ask.services().objects().find(&self.find)?;
        let range = found.range(self.wanted.as_ref().unwrap_or(&Wanted::All))?;
        let mut headers = Told::default();
        headers.describe(&found.object, keeps_versions(&found.bucket));
        if !found.object.about.tags.is_empty() {
            headers.add("x-amz-tagging-count", found.object.about.tags.len().to_string());
        }
        if self.wanted.is_some() && !range.is_empty() {
            let last = range.end.saturating_sub(1);
            headers.add("content-range", format!("bytes {}-{last}/{}", range.start, found.object.size));
        }
        if let (Some(Wanted::Part { .. }), Some(parts)) = (&self.wanted, found.object.parts()) {
            headers.add("x-amz-mp-parts-count", parts.to_string());
        }
        if self.find.version.is_none() {
            tell_expiry(ask, &mut headers, &found.bucket, self.find.key.as_str(), &found.object)?;
        }
        if checksums && let Some(checksum) = self.checksum(&found) {
            headers.checksum(&checksum);
        }
        Ok((found, range, headers))
    }

    /// That of what is read: of the whole, or of one part; a range has none.
    fn checksum(&self, found: &Found) -> Option<Checksum> {
        match &self.wanted {
            None => found.object.checksum.clone(),
            Some(Wanted::Part { number }) => match found.parts.get(*number as usize - 1) {
                Some(part) => {
                    let method = found.object.checksum.as_ref().map_or(Method::FullObject, |whole| whole.method);
                    part_checksum(part).map(|checksum| Checksum { method, ..checksum })
                }
                None => found.object.checksum.clone(),
            },
            Some(Wanted::All | Wanted::Bytes { .. } | Wanted::LastBytes { .. }) => None,
        }
    }
}

pub fn part_number(number: i32) -> Result<u32, Refusal> {
    u32::try_from(number).ok().filter(|number| (1..=10_000).contains(number)).ok_or_else(|| {
        let text = "Part number must be an integer between 1 and 10000, inclusive";
        invalid_argument("partNumber", &number.to_string(), text)
    })
}

/// A single range of bytes; anything else counts as none, as RFC 9110 has it and the service does it.
fn parse_range(text: &str) -> Option<Wanted> {
    let range = text.trim().strip_prefix("bytes=")?;
    let (first, last) = range.split_once('-')?;
    let number = |text: &str| text.trim().parse::<u64>().ok();
    match (first.trim(), last.trim()) {
        ("", last) => Some(Wanted::LastBytes { count: number(last)? }),
        (first, "") => Some(Wanted::Bytes { first: number(first)?, last: None }),
        (first, last) => {
            let (first, last) = (number(first)?, number(last)?);
            (first <= last).then_some(Wanted::Bytes { first, last: Some(last) })
        }
    }
}

pub async fn copy_object(ask: Ask<dto::CopyObjectInput>) -> Answer<dto::CopyObjectOutput> {
    let input = &ask.input;
    let (bucket, key) = (name_of(&input.bucket)?, key_of(&input.key)?);
    let (found, source) = find_source(&ask, &input.copy_source)?;
    if found.object.size > BODY_BYTES_MAX {
        let text = "The specified copy source is larger than the maximum allowable size for a copy source: 5368709120";
        return Err(refusal(400, "InvalidRequest", text));
    }
    let about = about_copy(&ask, &found.object)?;
    let body_key = about::read_key(&ask.headers, "")?;
    let changes_nothing = about.headers == found.object.about.headers
        && !replaces(&ask.headers, "x-amz-metadata-directive")?
        && about.storage_class == found.object.about.storage_class
        && about.redirect == found.object.about.redirect
        && !ask.headers.contains_key("x-amz-server-side-encryption")
        && source.body_key == body_key;
    if changes_nothing && source.version.is_none() && source.bucket == bucket && source.key == key {
        let text = "This copy request is illegal because it is trying to copy an object to itself without changing the \
                    object's metadata, storage class, website redirect location or encryption attributes.";
        return Err(refusal(400, "InvalidRequest", text));
    }
    let algorithm = match about::text(&ask.headers, "x-amz-checksum-algorithm") {
        Some(name) => about::parse_algorithm(name)?,
        None => found.object.checksum.as_ref().map_or(checksum::DEFAULT, |checksum| checksum.algorithm),
    };
    let existing = super::bucket::existing(&ask, bucket.as_str())?;
    let received = receive_copy(&ask, &found, 0..found.object.size, &source.body_key, algorithm, body_key).await?;
    let conditions = about::write_conditions(&ask.headers)?;
    let put = Put { bucket, key, about, conditions, kind: ChangeKind::Copy, notifier: ask.notifier() };
    let (object, _) = ask.services().objects().put(put, received).await?;
    let mut headers = Told::default();
    headers.encryption(&object.encryption);
    headers.version(&object, keeps_versions(&existing));
    if keeps_versions(&found.bucket) {
        headers.add("x-amz-copy-source-version-id", found.object.stamp.version.to_string());
    }
    let mut result = dto::CopyObjectResult {
        e_tag: Some(dto::ETag::Strong(object.etag.clone())),
        last_modified: Some(super::bucket::timestamp(object.stamp.modified())),
        ..Default::default()
    };
    if let Some(checksum) = &object.checksum {
        result.checksum_type = Some(dto::ChecksumType::from_static(about::method_name(checksum.method)));
        put_checksum!(result, checksum.algorithm, checksum.value.clone());
    }
    Ok(told(dto::CopyObjectOutput { copy_object_result: Some(result), ..Default::default() }, headers.0))
}

fn replaces(headers: &HeaderMap, directive: &'static str) -> Result<bool, Refusal> {
    match about::text(headers, directive) {
        None | Some("COPY") => Ok(false),
        Some("REPLACE") => Ok(true),
        Some(other) => Err(invalid_argument(directive, other, format!("Unknown directive: {other}"))),
    }
}

/// What is said about a copy: what the source says, or the request where it replaces that.
fn about_copy(ask: &Ask<dto::CopyObjectInput>, source: &Object) -> Result<About, Refusal> {
    let said = about::read(&ask.headers)?;
    let mut about = said.clone();
    if !replaces(&ask.headers, "x-amz-metadata-directive")? {
        about.headers = source.about.headers.clone();
        about.metadata = source.about.metadata.clone();
    }
    if !replaces(&ask.headers, "x-amz-tagging-directive")? {
        about.tags = source.about.tags.clone();
    }
    Ok(about)
}

/// Finds the source of a copy, which the caller must be allowed to read.
pub fn find_source<I>(ask: &Ask<I>, source: &dto::CopySource) -> Result<(Found, Source), Refusal> {
    let dto::CopySource::Bucket { bucket, key, version_id } = source else {
        return Err(super::refusal::not_implemented());
    };
    let source = Source {
        bucket: name_of(bucket)?,
        key: key_of(key)?,
        version: version_of(version_id.as_deref())?,
        conditions: about::conditions(&ask.headers, "x-amz-copy-source-"),
        body_key: about::read_key(&ask.headers, "copy-source-")?,
    };
    let action = if source.version.is_some() { "s3:GetObjectVersion" } else { "s3:GetObject" };
    ask.passing.authorize(action, source.bucket.as_str(), Some(source.key.as_str()))?;
    let found = ask.services().objects().copied(&source).map_err(|error| match error {
        Error::DeleteMarker { newest: false, .. } => refusal(
            400,
            "InvalidRequest",
            "The source of a copy request may not specifically refer to a delete marker by version id.",
        ),
        error => error.into(),
    })?;
    Ok((found, source))
}

/// Takes in a part of an object as a body.
pub async fn receive_copy<I>(
    ask: &Ask<I>,
    found: &Found,
    range: Range<u64>,
    from: &BodyKey,
    algorithm: Algorithm,
    to: BodyKey,
) -> Result<Received, Refusal> {
    let objects = ask.services().objects();
    let reader = objects.open(found, &range, from)?;
    let plan =
        Plan { algorithm, key: to, length: Some(range.end - range.start), bytes_min: 0, bytes_max: BODY_BYTES_MAX };
    let body = Box::pin(reader.stream());
    Ok(objects.receive(body, plan, || Ok(Default::default())).await?)
}

pub async fn delete_object(ask: Ask<dto::DeleteObjectInput>) -> Answer<dto::DeleteObjectOutput> {
    let input = &ask.input;
    let bucket = name_of(&input.bucket)?;
    let remove = Remove {
        key: key_of(&input.key)?,
        version: version_of(input.version_id.as_deref())?,
        conditions: about::write_conditions(&ask.headers)?,
        bypass_governance: bypass(&ask, bucket.as_str(), &input.key)?,
    };
    let version = remove.version;
    let mut outcomes = ask.services().objects().remove(&bucket, &[remove], &ask.notifier()).await?;
    let change = outcomes.pop().transpose()?.flatten();
    let mut headers = Told::default();
    match change.map(|change| (change.kind, change.version)) {
        Some((ChangeKind::MarkerMade, made)) => {
            headers.add("x-amz-delete-marker", "true");
            headers.add("x-amz-version-id", made.to_string());
        }
        Some((kind, erased)) if version.is_some() => {
            if kind == (ChangeKind::Deleted { marker: true }) {
                headers.add("x-amz-delete-marker", "true");
            }
            headers.add("x-amz-version-id", erased.to_string());
        }
        Some(_) => {}
        None => {
            if let Some(version) = version {
                headers.add("x-amz-version-id", version.to_string());
            }
        }
    }
    Ok(told(dto::DeleteObjectOutput::default(), headers.0))
}

/// Whether the caller asks to pass over governance mode, which he must be allowed to.
pub fn bypass<I>(ask: &Ask<I>, bucket: &str, key: &str) -> Result<bool, Refusal> {
    let asked = about::text(&ask.headers, "x-amz-bypass-governance-retention")
        .is_some_and(|value| value.eq_ignore_ascii_case("true"));
    if asked {
        ask.passing.authorize("s3:BypassGovernanceRetention", bucket, Some(key))?;
    }
    Ok(asked)
}

pub async fn delete_objects(ask: Ask<dto::DeleteObjectsInput>) -> Answer<dto::DeleteObjectsOutput> {
    let bucket = name_of(&ask.input.bucket)?;
    let listed = &ask.input.delete.objects;
    if listed.is_empty() || listed.len() > DELETES_MAX {
        return Err(malformed_xml());
    }
    super::bucket::existing(&ask, bucket.as_str())?;
    let quiet = ask.input.delete.quiet == Some(true);
    let mut errors = Vec::new();
    let (mut asked, mut removes) = (Vec::new(), Vec::new());
    for object in listed {
        match remove_of(&ask, bucket.as_str(), object) {
            Ok(remove) => {
                asked.push(object);
                removes.push(remove);
            }
            Err(refusal) => errors.push(error_of(object, &refusal)),
        }
    }
    let outcomes = ask.services().objects().remove(&bucket, &removes, &ask.notifier()).await?;
    let mut deleted = Vec::new();
    for (object, outcome) in asked.into_iter().zip(outcomes) {
        match outcome {
            Ok(change) => deleted.push(deleted_of(object, change)),
            Err(error) => errors.push(error_of(object, &error.into())),
        }
    }
    let deleted = (!quiet).then_some(deleted);
    let errors = (!errors.is_empty()).then_some(errors);
    Ok(dto::DeleteObjectsOutput { deleted, errors, ..Default::default() }.into())
}

fn remove_of(
    ask: &Ask<dto::DeleteObjectsInput>,
    bucket: &str,
    object: &dto::ObjectIdentifier,
) -> Result<Remove, Refusal> {
    let version = version_of(object.version_id.as_deref().filter(|version| !version.is_empty()))?;
    let action = if version.is_some() { "s3:DeleteObjectVersion" } else { "s3:DeleteObject" };
    ask.passing.authorize(action, bucket, Some(&object.key)).map_err(|_| access_denied())?;
    let if_match = object.e_tag.as_ref().map(|etag| about::tag_of(etag.value()));
    Ok(Remove {
        key: key_of(&object.key)?,
        version,
        conditions: WriteConditions { if_match, if_absent: false },
        bypass_governance: bypass(ask, bucket, &object.key)?,
    })
}

fn error_of(object: &dto::ObjectIdentifier, refusal: &Refusal) -> dto::Error {
    dto::Error {
        code: Some(refusal.code.to_string()),
        key: Some(object.key.clone()),
        message: Some(refusal.message.to_string()),
        version_id: object.version_id.clone(),
    }
}

fn deleted_of(object: &dto::ObjectIdentifier, change: Option<services::bucket::Change>) -> dto::DeletedObject {
    let mut deleted = dto::DeletedObject {
        key: Some(object.key.clone()),
        version_id: object.version_id.clone(),
        ..Default::default()
    };
    match change.map(|change| (change.kind, change.version)) {
        Some((ChangeKind::MarkerMade, version)) => {
            deleted.delete_marker = Some(true);
            deleted.delete_marker_version_id = Some(version.to_string());
        }
        Some((ChangeKind::Deleted { marker: true }, version)) => {
            deleted.delete_marker = Some(true);
            deleted.delete_marker_version_id = Some(version.to_string());
        }
        Some(_) | None => {}
    }
    deleted
}

pub async fn get_object_attributes(ask: Ask<dto::GetObjectAttributesInput>) -> Answer<dto::GetObjectAttributesOutput> {
    let input = &ask.input;
    let place = Place::of(&ask, &input.bucket, &input.key, input.version_id.as_deref(), None)?;
    let found = ask.services().objects().find(&place.find)?;
    let object = &found.object;
    ask.services().objects().open(&found, &(0..0), &about::read_key(&ask.headers, "")?)?;
    let asked = asked_attributes(&ask.headers)?;
    let wants = |name: &str| asked.iter().any(|asked| asked == name);
    let mut headers = Told::default();
    headers.add("last-modified", about::http_date(object.stamp.modified()));
    headers.version(object, keeps_versions(&found.bucket));
    let mut output = dto::GetObjectAttributesOutput::default();
    if wants("ETag") {
        output.e_tag = Some(dto::ETag::Strong(object.etag.clone()));
    }
    if wants("ObjectSize") {
        output.object_size = Some(i64::try_from(object.size).unwrap_or(i64::MAX));
    }
    if wants("StorageClass") {
        let class = object.about.storage_class.as_deref().unwrap_or("STANDARD");
        output.storage_class = Some(dto::StorageClass::from(class.to_owned()));
    }
    if wants("Checksum")
        && let Some(checksum) = &object.checksum
    {
        output.checksum = Some(whole_checksum(checksum));
    }
    if wants("ObjectParts") && object.parts().is_some() {
        output.object_parts = Some(object_parts(&ask, &found)?);
    }
    Ok(told(output, headers.0))
}

/// Source: S3 API model, `ObjectAttributes` (read 2026-11-24).
const ATTRIBUTES: [&str; 5] = ["ETag", "Checksum", "ObjectParts", "StorageClass", "ObjectSize"];

fn asked_attributes(headers: &HeaderMap) -> Result<Vec<String>, Refusal> {
    let values = headers.get_all("x-amz-object-attributes").iter();
    let asked: Vec<String> = values
        .flat_map(|value| {
            String::from_utf8_lossy(value.as_bytes()).split(',').map(|name| name.trim().to_owned()).collect::<Vec<_>>()
        })
        .collect();
    match asked.iter().find(|name| !ATTRIBUTES.contains(&name.as_str())) {
        Some(other) => Err(invalid_argument("x-amz-object-attributes", other, "Invalid attribute name specified.")),
        None => Ok(asked),
    }
}

fn whole_checksum(checksum: &Checksum) -> dto::Checksum {
    let mut whole = dto::Checksum {
        checksum_type: Some(dto::ChecksumType::from_static(about::method_name(checksum.method))),
        ..Default::default()
    };
    // Without the number of parts, which has a place of its own.
    let value = checksum.value.split('-').next().unwrap_or_default().to_owned();
    put_checksum!(whole, checksum.algorithm, value);
    whole
}

fn object_parts(
    ask: &Ask<dto::GetObjectAttributesInput>,
    found: &Found,
) -> Result<dto::GetObjectAttributesParts, Refusal> {
    let max = ask.input.max_parts.unwrap_or(1_000).clamp(0, 1_000);
    let after = ask.input.part_number_marker.unwrap_or(0);
    let total = i32::try_from(found.parts.len()).unwrap_or(i32::MAX);
    let numbered = (1..).zip(&found.parts).filter(|(number, _)| *number > after);
    let page: Vec<_> = numbered.take(usize::try_from(max).unwrap_or(0)).collect();
    let last = page.last().map_or(after, |(number, _)| *number);
    // Parts are told where their checksums are of the parts: otherwise the service tells their number alone.
    let composite = found.object.checksum.as_ref().is_some_and(|checksum| checksum.method == Method::Composite);
    let parts = page.iter().map(|(number, part)| {
        let mut told =
            dto::ObjectPart { part_number: Some(*number), size: i64::try_from(part.size).ok(), ..Default::default() };
        if let Some((algorithm, value)) = part.checksum.clone() {
            put_checksum!(told, algorithm, value);
        }
        told
    });
    Ok(dto::GetObjectAttributesParts {
        is_truncated: Some(last < total),
        max_parts: Some(max),
        next_part_number_marker: Some(last),
        part_number_marker: Some(after),
        parts: composite.then(|| parts.collect()),
        total_parts_count: Some(total),
    })
}
