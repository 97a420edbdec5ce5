//! Operations of uploads in parts.

use s3s::dto;
use services::bucket::upload::{self, Complete, ListedPart, Name, NewUpload, UploadId};
use services::bucket::{Algorithm, Method};

use super::about::{self, Told, put_checksum};
use super::bucket::{existing, name_of, timestamp};
use super::face::{Answer, Ask, told};
use super::object::{find_source, keeps_versions, key_of, part_number, receive, receive_copy};
use super::refusal::{Refusal, invalid_argument, malformed_xml, refusal};

fn name(bucket: &str, key: &str, upload: &str) -> Result<Name, Refusal> {
    Ok(Name { bucket: name_of(bucket)?, key: key_of(key)?, id: UploadId::parse(upload)? })
}

pub async fn create_multipart_upload(
    ask: Ask<dto::CreateMultipartUploadInput>,
) -> Answer<dto::CreateMultipartUploadOutput> {
    let input = &ask.input;
    let about = about::read(&ask.headers)?;
    if !about.tags.is_empty() {
        ask.passing.authorize("s3:PutObjectTagging", &input.bucket, Some(&input.key))?;
    }
    let algorithm = about::text(&ask.headers, "x-amz-checksum-algorithm").map(about::parse_algorithm).transpose()?;
    let method = method(&ask, algorithm)?;
    let new = NewUpload {
        bucket: name_of(&input.bucket)?,
        key: key_of(&input.key)?,
        about,
        algorithm,
        method,
        body_key: about::read_key(&ask.headers, "")?,
    };
    let (id, upload) = ask.services().transact(|tx| upload::create(tx, &new)).await?;
    let mut headers = Told::default();
    headers.encryption(&upload.encryption);
    if let Some(algorithm) = upload.algorithm {
        headers.add("x-amz-checksum-algorithm", algorithm.name());
        headers.add("x-amz-checksum-type", about::method_name(upload.method));
    }
    let output = dto::CreateMultipartUploadOutput {
        bucket: Some(input.bucket.clone()),
        key: Some(input.key.clone()),
        upload_id: Some(id.to_string()),
        ..Default::default()
    };
    Ok(told(output, headers.0))
}

/// How the checksum of the whole is to be made, as the sender states it.
fn method<I>(ask: &Ask<I>, algorithm: Option<Algorithm>) -> Result<Option<Method>, Refusal> {
    let method = match about::text(&ask.headers, "x-amz-checksum-type") {
        None => return Ok(None),
        Some("FULL_OBJECT") => Method::FullObject,
        Some("COMPOSITE") => Method::Composite,
        Some(_) => {
            return Err(refusal(400, "InvalidRequest", "Value for x-amz-checksum-type header is invalid."));
        }
    };
    let Some(algorithm) = algorithm else {
        let text = "The x-amz-checksum-type header can only be used with the x-amz-checksum-algorithm header.";
        return Err(refusal(400, "InvalidRequest", text));
    };
    match algorithm.takes(method) {
        true => Ok(Some(method)),
        false => Err(refusal(
            400,
            "InvalidRequest",
            format!(
                "The {} checksum type cannot be used with the {} checksum algorithm.",
                about::method_name(method),
                algorithm.name().to_ascii_lowercase()
            ),
        )),
    }
}

pub async fn upload_part(mut ask: Ask<dto::UploadPartInput>) -> Answer<dto::UploadPartOutput> {
    let name = name(&ask.input.bucket, &ask.input.key, &ask.input.upload_id)?;
    let number = part_number(ask.input.part_number)?;
    let upload = ask.services().objects().upload(&name)?;
    let stated = about::stated_algorithm(&ask.headers)?;
    let algorithm = part_algorithm(&upload, stated)?;
    let body_key = about::read_key(&ask.headers, "")?;
    let body = ask.input.body.take();
    let received = receive(&ask, body, algorithm, body_key).await?;
    let part = ask.services().objects().put_part(name, number, received).await?;
    let mut headers = Told::default();
    headers.add("etag", about::quoted(&part.etag));
    headers.encryption(&upload.encryption);
    // Checksums of parts have no type: it is the whole's.
    headers.add(about::checksum_header(part.checksum.algorithm), &part.checksum.value);
    Ok(told(dto::UploadPartOutput::default(), headers.0))
}

/// The checksum that a part gets: the upload's, which is also the only one that may be stated with it.
fn part_algorithm(upload: &upload::Upload, stated: Option<Algorithm>) -> Result<Algorithm, Refusal> {
    match (upload.algorithm, stated) {
        (Some(wanted), Some(stated)) if wanted != stated => Err(refusal(
            400,
            "InvalidRequest",
            format!(
                "Checksum Type mismatch occurred, expected checksum Type: {wanted}, actual checksum Type: {stated}"
            ),
        )),
        (Some(wanted), _) => Ok(wanted),
        // An upload that states none takes any with its parts.
        (None, stated) => Ok(stated.unwrap_or(services::bucket::checksum::DEFAULT)),
    }
}

pub async fn upload_part_copy(ask: Ask<dto::UploadPartCopyInput>) -> Answer<dto::UploadPartCopyOutput> {
    let input = &ask.input;
    let name = name(&input.bucket, &input.key, &input.upload_id)?;
    let number = part_number(input.part_number)?;
    let upload = ask.services().objects().upload(&name)?;
    let (found, source) = find_source(&ask, &input.copy_source)?;
    let range = match about::text(&ask.headers, "x-amz-copy-source-range") {
        None => 0..found.object.size,
        Some(text) => copy_range(text, found.object.size)?,
    };
    let algorithm = part_algorithm(&upload, None)?;
    let to = about::read_key(&ask.headers, "")?;
    let received = receive_copy(&ask, &found, range, &source.body_key, algorithm, to).await?;
    let part = ask.services().objects().put_part(name, number, received).await?;
    let mut headers = Told::default();
    headers.encryption(&upload.encryption);
    if keeps_versions(&found.bucket) {
        headers.add("x-amz-copy-source-version-id", found.object.stamp.version.to_string());
    }
    let mut result = dto::CopyPartResult {
        e_tag: Some(dto::ETag::Strong(part.etag.clone())),
        last_modified: Some(timestamp(part.modified())),
        ..Default::default()
    };
    if upload.algorithm.is_some() {
        put_checksum!(result, part.checksum.algorithm, part.checksum.value.clone());
    }
    Ok(told(dto::UploadPartCopyOutput { copy_part_result: Some(result), ..Default::default() }, headers.0))
}

/// `bytes=first-last`, both within the source.
fn copy_range(text: &str, size: u64) -> Result<std::ops::Range<u64>, Refusal> {
    let parsed = text.strip_prefix("bytes=").and_then(|range| {
        let (first, last) = range.split_once('-')?;
        Some((first.parse::<u64>().ok()?, last.parse::<u64>().ok()?))
    });
    match parsed {
        Some((first, last)) if first <= last && last < size => Ok(first..last + 1),
        Some((first, last)) if first <= last => Err(invalid_argument(
            "x-amz-copy-source-range",
            text,
            format!("Range specified is not valid for source object of size: {size}"),
        )),
        Some(_) | None => Err(invalid_argument(
            "x-amz-copy-source-range",
            text,
            "The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the \
             zero-based offsets of the first and last bytes to copy",
        )),
    }
}

pub async fn complete_multipart_upload(
    ask: Ask<dto::CompleteMultipartUploadInput>,
) -> Answer<dto::CompleteMultipartUploadOutput> {
    let input = &ask.input;
    let name = name(&input.bucket, &input.key, &input.upload_id)?;
    let bucket = existing(&ask, &input.bucket)?;
    let parts = input.multipart_upload.as_ref().and_then(|listed| listed.parts.as_ref()).ok_or_else(malformed_xml)?;
    let complete = Complete {
        name,
        parts: parts.iter().map(listed_part).collect::<Result<_, _>>()?,
        conditions: about::write_conditions(&ask.headers)?,
        checksum: stated_checksum(&ask.headers),
        size: about::text(&ask.headers, "x-amz-mp-object-size").and_then(|size| size.parse().ok()),
        notifier: ask.notifier(),
    };
    let (object, _) = ask.services().objects().complete(complete).await?;
    let mut headers = Told::default();
    headers.encryption(&object.encryption);
    headers.version(&object, keeps_versions(&bucket));
    let mut output = dto::CompleteMultipartUploadOutput {
        bucket: Some(input.bucket.clone()),
        e_tag: Some(dto::ETag::Strong(object.etag.clone())),
        key: Some(input.key.clone()),
        location: Some(super::object::location(&ask, &input.bucket, &input.key)),
        ..Default::default()
    };
    if let Some(checksum) = &object.checksum {
        output.checksum_type = Some(dto::ChecksumType::from_static(about::method_name(checksum.method)));
        put_checksum!(output, checksum.algorithm, checksum.value.clone());
    }
    Ok(told(output, headers.0))
}

fn listed_part(part: &dto::CompletedPart) -> Result<ListedPart, Refusal> {
    let number = part.part_number.ok_or_else(malformed_xml)?;
    let etag = part.e_tag.as_ref().ok_or_else(malformed_xml)?;
    let checksums = [
        (Algorithm::Crc32, &part.checksum_crc32),
        (Algorithm::Crc32c, &part.checksum_crc32c),
        (Algorithm::Crc64Nvme, &part.checksum_crc64nvme),
        (Algorithm::Sha1, &part.checksum_sha1),
        (Algorithm::Sha256, &part.checksum_sha256),
    ];
    let stated = checksums.into_iter().find_map(|(algorithm, value)| Some((algorithm, value.clone()?)));
    Ok(ListedPart { number: part_number(number)?, etag: etag.value().to_owned(), checksum: stated })
}

fn stated_checksum(headers: &http::HeaderMap) -> Option<(Algorithm, String)> {
    Algorithm::ALL.into_iter().find_map(|algorithm| {
        let value = about::text(headers, about::checksum_header(algorithm))?;
        Some((algorithm, value.to_owned()))
    })
}

pub async fn abort_multipart_upload(
    ask: Ask<dto::AbortMultipartUploadInput>,
) -> Answer<dto::AbortMultipartUploadOutput> {
    let name = name(&ask.input.bucket, &ask.input.key, &ask.input.upload_id)?;
    ask.services().transact(|tx| upload::abort(tx, &name)).await?;
    Ok(dto::AbortMultipartUploadOutput::default().into())
}
