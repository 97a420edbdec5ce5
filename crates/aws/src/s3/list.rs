//! Operations that list: objects, versions, uploads, parts.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use s3s::dto;
use services::bucket::list::{self, AfterUpload, AfterVersion, Query, What};
use services::bucket::upload::{self, Name, UploadId};
use services::bucket::{Bucket, Object};

use super::about::{method_name, put_checksum};
use super::bucket::{name_of, owner, timestamp};
use super::face::{Answer, Ask};
use super::object::{key_of, version_of};
use super::refusal::{Refusal, invalid_argument};
use crate::uri;

/// Most entries of a page. Source: S3 API reference, ListObjectsV2 (read 2026-11-24).
const PAGE_MAX: usize = 1_000;

/// A place in a listing that only we can read.
pub fn token(key: &str) -> String {
    BASE64.encode(key)
}

pub fn read_token(token: &str) -> Result<String, Refusal> {
    let key = BASE64.decode(token).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    key.ok_or_else(|| invalid_argument("continuation-token", token, "The continuation token provided is incorrect"))
}

/// How the keys of an answer are written.
struct Spelling {
    url: bool,
}

impl Spelling {
    fn of(encoding: Option<&dto::EncodingType>) -> Result<Spelling, Refusal> {
        match encoding.map(dto::EncodingType::as_str) {
            None => Ok(Spelling { url: false }),
            Some("url") => Ok(Spelling { url: true }),
            Some(other) => {
                Err(invalid_argument("encoding-type", other, "Invalid Encoding Method specified in Request"))
            }
        }
    }

    /// As the service encodes: like a path, with `+` for a space.
    fn spell(&self, text: &str) -> String {
        match self.url {
            true => uri::encode_path(text).replace("%20", "+").replace("%2A", "*"),
            false => text.to_owned(),
        }
    }

    fn prefixes(&self, prefixes: &[String]) -> Option<Vec<dto::CommonPrefix>> {
        let told = prefixes.iter().map(|prefix| dto::CommonPrefix { prefix: Some(self.spell(prefix)) });
        (!prefixes.is_empty()).then(|| told.collect())
    }
}

fn page_size(given: Option<i32>, name: &str) -> Result<usize, Refusal> {
    match given {
        None => Ok(PAGE_MAX),
        Some(given) => usize::try_from(given).map(|given| given.min(PAGE_MAX)).map_err(|_| {
            let text = format!("Argument {name} must be an integer between 0 and 2147483647");
            invalid_argument(name, &given.to_string(), text)
        }),
    }
}

fn query(prefix: Option<&String>, delimiter: Option<&String>, max: usize) -> Query {
    Query { prefix: prefix.cloned().unwrap_or_default(), delimiter: delimiter.cloned(), max }
}

fn number(count: usize) -> Option<i32> {
    i32::try_from(count).ok()
}

fn object_of(key: &str, object: &Object, bucket: &Bucket, spelling: &Spelling, with_owner: bool) -> dto::Object {
    let class = object.about.storage_class.as_deref().unwrap_or("STANDARD").to_owned();
    dto::Object {
        checksum_algorithm: object
            .checksum
            .as_ref()
            .map(|checksum| vec![dto::ChecksumAlgorithm::from_static(checksum.algorithm.name())]),
        checksum_type: object
            .checksum
            .as_ref()
            .map(|checksum| dto::ChecksumType::from_static(method_name(checksum.method))),
        e_tag: Some(dto::ETag::Strong(object.etag.clone())),
        key: Some(spelling.spell(key)),
        last_modified: Some(timestamp(object.stamp.modified())),
        owner: with_owner.then(|| owner(&bucket.account)),
        restore_status: None,
        size: i64::try_from(object.size).ok(),
        storage_class: Some(dto::ObjectStorageClass::from(class)),
    }
}

pub async fn list_objects(ask: Ask<dto::ListObjectsInput>) -> Answer<dto::ListObjectsOutput> {
    let input = &ask.input;
    let spelling = Spelling::of(input.encoding_type.as_ref())?;
    let max = page_size(input.max_keys, "max-keys")?;
    let query = query(input.prefix.as_ref(), input.delimiter.as_ref(), max);
    let name = name_of(&input.bucket)?;
    let marker = input.marker.as_deref().filter(|marker| !marker.is_empty());
    let (bucket, page) = ask.services().store().read(|read| list::objects(read, &name, &query, marker))?;
    let last_key = page.entries.last().map(|(key, _)| key.as_str());
    let last = last_key.max(page.prefixes.last().map(String::as_str));
    // Without a delimiter the last key says where to go on. Source: S3 API reference, ListObjects.
    let next_marker = last.filter(|_| page.more && input.delimiter.is_some()).map(|last| spelling.spell(last));
    let contents = page.entries.iter().map(|(key, object)| object_of(key, object, &bucket, &spelling, true)).collect();
    Ok(dto::ListObjectsOutput {
        name: Some(input.bucket.clone()),
        prefix: Some(spelling.spell(&query.prefix)),
        marker: Some(spelling.spell(input.marker.as_deref().unwrap_or_default())),
        max_keys: number(max),
        is_truncated: Some(page.more),
        contents: Some(contents),
        common_prefixes: spelling.prefixes(&page.prefixes),
        delimiter: input.delimiter.as_deref().map(|delimiter| spelling.spell(delimiter)),
        next_marker,
        encoding_type: input.encoding_type.clone(),
        request_charged: None,
    }
    .into())
}

pub async fn list_objects_v2(ask: Ask<dto::ListObjectsV2Input>) -> Answer<dto::ListObjectsV2Output> {
    let input = &ask.input;
    let spelling = Spelling::of(input.encoding_type.as_ref())?;
    let max = page_size(input.max_keys, "max-keys")?;
    let query = query(input.prefix.as_ref(), input.delimiter.as_ref(), max);
    let name = name_of(&input.bucket)?;
    let token_given = input.continuation_token.as_deref();
    if token_given == Some("") {
        return Err(invalid_argument("continuation-token", "", "The continuation token provided is incorrect"));
    }
    let after = match token_given {
        Some(token) => Some(read_token(token)?),
        None => input.start_after.clone().filter(|after| !after.is_empty()),
    };
    let read = ask.services().store().read(|read| list::objects(read, &name, &query, after.as_deref()));
    let (bucket, page) = read?;
    let last = page.entries.last().map(|(key, _)| key.as_str()).max(page.prefixes.last().map(String::as_str));
    let next = last.filter(|_| page.more).map(token);
    let with_owner = input.fetch_owner == Some(true);
    let contents: Vec<_> =
        page.entries.iter().map(|(key, object)| object_of(key, object, &bucket, &spelling, with_owner)).collect();
    Ok(dto::ListObjectsV2Output {
        name: Some(input.bucket.clone()),
        prefix: Some(spelling.spell(&query.prefix)),
        max_keys: number(max),
        key_count: number(page.entries.len() + page.prefixes.len()),
        continuation_token: input.continuation_token.clone(),
        is_truncated: Some(page.more),
        next_continuation_token: next,
        contents: (!contents.is_empty()).then_some(contents),
        common_prefixes: spelling.prefixes(&page.prefixes),
        delimiter: input.delimiter.as_deref().map(|delimiter| spelling.spell(delimiter)),
        encoding_type: input.encoding_type.clone(),
        start_after: input.start_after.as_deref().map(|after| spelling.spell(after)),
        request_charged: None,
    }
    .into())
}

pub async fn list_object_versions(ask: Ask<dto::ListObjectVersionsInput>) -> Answer<dto::ListObjectVersionsOutput> {
    let input = &ask.input;
    let spelling = Spelling::of(input.encoding_type.as_ref())?;
    let max = page_size(input.max_keys, "max-keys")?;
    let query = query(input.prefix.as_ref(), input.delimiter.as_ref(), max);
    let name = name_of(&input.bucket)?;
    let version = version_of(input.version_id_marker.as_deref())?;
    let after = match input.key_marker.clone().filter(|key| !key.is_empty()) {
        Some(key) => Some(AfterVersion { key, version }),
        None if version.is_some() => {
            let text = "A version-id marker cannot be specified without a key marker.";
            return Err(invalid_argument("version-id-marker", &version.map_or(String::new(), |v| v.to_string()), text));
        }
        None => None,
    };
    let read = ask.services().store().read(|read| list::versions(read, &name, &query, after.as_ref()));
    let (bucket, page) = read?;
    let (mut versions, mut markers) = (Vec::new(), Vec::new());
    for listed in &page.entries {
        let version_id = Some(listed.version().to_string());
        match &listed.what {
            What::Object(object) => {
                let plain = object_of(&listed.key, object, &bucket, &spelling, true);
                versions.push(dto::ObjectVersion {
                    checksum_algorithm: plain.checksum_algorithm,
                    checksum_type: plain.checksum_type,
                    e_tag: plain.e_tag,
                    is_latest: Some(listed.newest),
                    key: plain.key,
                    last_modified: plain.last_modified,
                    owner: plain.owner,
                    restore_status: None,
                    size: plain.size,
                    storage_class: plain
                        .storage_class
                        .map(|class| dto::ObjectVersionStorageClass::from(class.as_str().to_owned())),
                    version_id,
                });
            }
            What::Marker(marker) => markers.push(dto::DeleteMarkerEntry {
                is_latest: Some(listed.newest),
                key: Some(spelling.spell(&listed.key)),
                last_modified: Some(timestamp(marker.stamp.modified())),
                owner: Some(owner(&bucket.account)),
                version_id,
            }),
        }
    }
    let last_entry = page.entries.last().filter(|_| page.more);
    let last_prefix = page.prefixes.last().filter(|_| page.more);
    let (next_key, next_version) = match (last_entry, last_prefix) {
        (Some(entry), Some(prefix)) if *prefix > entry.key => (Some(prefix.clone()), None),
        (Some(entry), _) => (Some(entry.key.clone()), Some(entry.version().to_string())),
        (None, prefix) => (prefix.cloned(), None),
    };
    Ok(dto::ListObjectVersionsOutput {
        common_prefixes: spelling.prefixes(&page.prefixes),
        delete_markers: (!markers.is_empty()).then_some(markers),
        delimiter: input.delimiter.as_deref().map(|delimiter| spelling.spell(delimiter)),
        encoding_type: input.encoding_type.clone(),
        is_truncated: Some(page.more),
        key_marker: Some(spelling.spell(input.key_marker.as_deref().unwrap_or_default())),
        max_keys: number(max),
        name: Some(input.bucket.clone()),
        next_key_marker: next_key.map(|key| spelling.spell(&key)),
        next_version_id_marker: next_version,
        prefix: Some(spelling.spell(&query.prefix)),
        request_charged: None,
        version_id_marker: Some(input.version_id_marker.clone().unwrap_or_default()),
        versions: (!versions.is_empty()).then_some(versions),
    }
    .into())
}

pub async fn list_multipart_uploads(
    ask: Ask<dto::ListMultipartUploadsInput>,
) -> Answer<dto::ListMultipartUploadsOutput> {
    let input = &ask.input;
    let spelling = Spelling::of(input.encoding_type.as_ref())?;
    let max = page_size(input.max_uploads, "max-uploads")?;
    let query = query(input.prefix.as_ref(), input.delimiter.as_ref(), max);
    let name = name_of(&input.bucket)?;
    let after = input.key_marker.clone().filter(|key| !key.is_empty()).map(|key| AfterUpload {
        key,
        upload: input.upload_id_marker.as_deref().and_then(|marker| UploadId::parse(marker).ok()),
    });
    let page = ask.services().store().read(|read| list::uploads(read, &name, &query, after.as_ref()))?;
    let account = &ask.passing.call.account;
    let told = page.entries.iter().map(|(key, id, upload)| dto::MultipartUpload {
        checksum_algorithm: upload.algorithm.map(|algorithm| dto::ChecksumAlgorithm::from_static(algorithm.name())),
        checksum_type: upload.algorithm.map(|_| dto::ChecksumType::from_static(method_name(upload.method))),
        initiated: Some(timestamp(upload.begun())),
        initiator: Some(initiator(account)),
        key: Some(spelling.spell(key)),
        owner: Some(owner(account)),
        storage_class: Some(storage_class(upload)),
        upload_id: Some(id.to_string()),
    });
    let uploads: Vec<_> = told.collect();
    let last = page.entries.last().filter(|_| page.more);
    let last_prefix = page.prefixes.last().filter(|_| page.more);
    let (next_key, next_upload) = match (last, last_prefix) {
        (Some((key, _, _)), Some(prefix)) if prefix > key => (Some(prefix.clone()), None),
        (Some((key, id, _)), _) => (Some(key.clone()), Some(id.to_string())),
        (None, prefix) => (prefix.cloned(), None),
    };
    Ok(dto::ListMultipartUploadsOutput {
        bucket: Some(input.bucket.clone()),
        common_prefixes: spelling.prefixes(&page.prefixes),
        delimiter: input.delimiter.as_deref().map(|delimiter| spelling.spell(delimiter)),
        encoding_type: input.encoding_type.clone(),
        is_truncated: Some(page.more),
        key_marker: Some(spelling.spell(input.key_marker.as_deref().unwrap_or_default())),
        max_uploads: number(max),
        next_key_marker: next_key.map(|key| spelling.spell(&key)),
        next_upload_id_marker: next_upload,
        prefix: Some(spelling.spell(&query.prefix)),
        request_charged: None,
        upload_id_marker: Some(input.upload_id_marker.clone().unwrap_or_default()),
        uploads: (!uploads.is_empty()).then_some(uploads),
    }
    .into())
}

fn initiator(account: &services::name::AccountId) -> dto::Initiator {
    let owner = owner(account);
    dto::Initiator { display_name: owner.display_name, id: owner.id }
}

fn storage_class(upload: &upload::Upload) -> dto::StorageClass {
    dto::StorageClass::from(upload.about.storage_class.as_deref().unwrap_or("STANDARD").to_owned())
}

pub async fn list_parts(ask: Ask<dto::ListPartsInput>) -> Answer<dto::ListPartsOutput> {
    let input = &ask.input;
    let max = page_size(input.max_parts, "max-parts")?;
    let after = input.part_number_marker.unwrap_or(0);
    let after_number = u32::try_from(after).map_err(|_| {
        let text = "Argument part-number-marker must be an integer between 0 and 2147483647";
        invalid_argument("part-number-marker", &after.to_string(), text)
    })?;
    let name =
        Name { bucket: name_of(&input.bucket)?, key: key_of(&input.key)?, id: UploadId::parse(&input.upload_id)? };
    let read = ask.services().store().read(|read| upload::parts(read, &name, after_number, max));
    let upload::PartPage { upload, parts, more } = read?;
    let account = &ask.passing.call.account;
    let told = parts.iter().map(|(number, part)| {
        let mut told = dto::Part {
            e_tag: Some(dto::ETag::Strong(part.etag.clone())),
            last_modified: Some(timestamp(part.modified())),
            part_number: i32::try_from(*number).ok(),
            size: i64::try_from(part.size).ok(),
            ..Default::default()
        };
        put_checksum!(told, part.checksum.algorithm, part.checksum.value.clone());
        told
    });
    Ok(dto::ListPartsOutput {
        bucket: Some(input.bucket.clone()),
        checksum_algorithm: upload.algorithm.map(|algorithm| dto::ChecksumAlgorithm::from_static(algorithm.name())),
        checksum_type: upload.algorithm.map(|_| dto::ChecksumType::from_static(method_name(upload.method))),
        initiator: Some(initiator(account)),
        is_truncated: Some(more),
        key: Some(input.key.clone()),
        max_parts: number(max),
        next_part_number_marker: parts.last().and_then(|(number, _)| i32::try_from(*number).ok()).or(Some(0)),
        owner: Some(owner(account)),
        part_number_marker: Some(after),
        parts: (!parts.is_empty()).then(|| told.collect()),
        storage_class: Some(storage_class(&upload)),
        upload_id: Some(input.upload_id.clone()),
        ..Default::default()
    }
    .into())
}
