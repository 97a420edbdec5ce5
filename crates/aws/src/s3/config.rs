//! Configurations of buckets, and what is said about objects after they were written: tags, locks, lists of access.

use http::HeaderMap;
use s3s::dto;
use services::bucket::config::{self, At, BucketEncryption, BucketTags, PublicAccess, PublicAccessBlock};
use services::bucket::cors::{Cors, CorsRule};
use services::bucket::create::Lock;
use services::bucket::lock::{DefaultRetention, Period, Retention};
use services::bucket::tag::{self, BUCKET_TAGS_MAX, OBJECT_TAGS_MAX, Tags};
use services::bucket::{Bucket, Error, Object};

use super::about::{Told, mode_name, no_acl, parse_mode, refuse_acl};
use super::bucket::{existing, name_of, owner, timestamp};
use super::face::{Answer, Ask, told};
use super::object::{bypass, keeps_versions, key_of, version_of};
use super::refusal::{Refusal, malformed_xml, not_implemented, refusal};

// Tags.

pub fn read_tags(given: &[dto::Tag], max: usize) -> Result<Tags, Refusal> {
    let pairs: Option<Vec<(String, String)>> =
        given.iter().map(|tag| Some((tag.key.clone()?, tag.value.clone().unwrap_or_default()))).collect();
    Ok(tag::parse(pairs.ok_or_else(malformed_xml)?, max).map_err(Error::from)?)
}

fn tell_tags(tags: &Tags) -> Vec<dto::Tag> {
    tags.iter().map(|(key, value)| dto::Tag { key: Some(key.clone()), value: Some(value.clone()) }).collect()
}

pub async fn put_bucket_tagging(ask: Ask<dto::PutBucketTaggingInput>) -> Answer<dto::PutBucketTaggingOutput> {
    let name = name_of(&ask.input.bucket)?;
    let tags = BucketTags(read_tags(&ask.input.tagging.tag_set, BUCKET_TAGS_MAX)?);
    ask.services().transact(|tx| config::put(tx, &name, &tags)).await?;
    let mut answer = told(dto::PutBucketTaggingOutput::default(), HeaderMap::new());
    answer.status = Some(http::StatusCode::NO_CONTENT);
    Ok(answer)
}

pub async fn get_bucket_tagging(ask: Ask<dto::GetBucketTaggingInput>) -> Answer<dto::GetBucketTaggingOutput> {
    let name = name_of(&ask.input.bucket)?;
    let tags: BucketTags = ask.services().store().read(|read| config::get(read, &name))?;
    Ok(dto::GetBucketTaggingOutput { tag_set: tell_tags(&tags.0) }.into())
}

pub async fn delete_bucket_tagging(ask: Ask<dto::DeleteBucketTaggingInput>) -> Answer<dto::DeleteBucketTaggingOutput> {
    let name = name_of(&ask.input.bucket)?;
    ask.services().transact(|tx| config::delete::<BucketTags>(tx, &name)).await?;
    Ok(dto::DeleteBucketTaggingOutput::default().into())
}

fn at(bucket: &str, key: &str, version: Option<&str>) -> Result<At, Refusal> {
    Ok(At { bucket: name_of(bucket)?, key: key_of(key)?, version: version_of(version)? })
}

fn find<I>(ask: &Ask<I>, at: &At) -> Result<(Bucket, Object), Refusal> {
    Ok(ask.services().store().read(|read| at.find(read))?)
}

fn version_header(object: &Object, bucket: &Bucket) -> HeaderMap {
    let mut headers = Told::default();
    headers.version(object, keeps_versions(bucket));
    headers.0
}

pub async fn put_object_tagging(ask: Ask<dto::PutObjectTaggingInput>) -> Answer<dto::PutObjectTaggingOutput> {
    let input = &ask.input;
    let at = at(&input.bucket, &input.key, input.version_id.as_deref())?;
    let tags = read_tags(&input.tagging.tag_set, OBJECT_TAGS_MAX)?;
    let bucket = existing(&ask, &input.bucket)?;
    let notifier = ask.notifier();
    let (object, _) = ask.services().transact(|tx| config::tag_object(tx, &at, &tags, &notifier)).await?;
    Ok(told(dto::PutObjectTaggingOutput::default(), version_header(&object, &bucket)))
}

pub async fn get_object_tagging(ask: Ask<dto::GetObjectTaggingInput>) -> Answer<dto::GetObjectTaggingOutput> {
    let input = &ask.input;
    let (bucket, object) = find(&ask, &at(&input.bucket, &input.key, input.version_id.as_deref())?)?;
    let output = dto::GetObjectTaggingOutput { tag_set: tell_tags(&object.about.tags), version_id: None };
    Ok(told(output, version_header(&object, &bucket)))
}

pub async fn delete_object_tagging(ask: Ask<dto::DeleteObjectTaggingInput>) -> Answer<dto::DeleteObjectTaggingOutput> {
    let input = &ask.input;
    let at = at(&input.bucket, &input.key, input.version_id.as_deref())?;
    let bucket = existing(&ask, &input.bucket)?;
    let notifier = ask.notifier();
    let (object, _) = ask.services().transact(|tx| config::tag_object(tx, &at, &Tags::new(), &notifier)).await?;
    Ok(told(dto::DeleteObjectTaggingOutput::default(), version_header(&object, &bucket)))
}

// Access control lists, in the one form where the bucket's owner owns everything.

fn full_control(account: &services::name::AccountId) -> Vec<dto::Grant> {
    let owner = owner(account);
    let grantee = dto::Grantee {
        display_name: None,
        email_address: None,
        id: owner.id,
        type_: dto::Type::from_static("CanonicalUser"),
        uri: None,
    };
    vec![dto::Grant { grantee: Some(grantee), permission: Some(dto::Permission::from_static("FULL_CONTROL")) }]
}

pub async fn get_bucket_acl(ask: Ask<dto::GetBucketAclInput>) -> Answer<dto::GetBucketAclOutput> {
    let bucket = existing(&ask, &ask.input.bucket)?;
    let grants = Some(full_control(&bucket.account));
    Ok(dto::GetBucketAclOutput { grants, owner: Some(owner(&bucket.account)) }.into())
}

pub async fn get_object_acl(ask: Ask<dto::GetObjectAclInput>) -> Answer<dto::GetObjectAclOutput> {
    let input = &ask.input;
    let (bucket, object) = find(&ask, &at(&input.bucket, &input.key, input.version_id.as_deref())?)?;
    let grants = Some(full_control(&bucket.account));
    let output = dto::GetObjectAclOutput { grants, owner: Some(owner(&bucket.account)), ..Default::default() };
    Ok(told(output, version_header(&object, &bucket)))
}

pub async fn put_bucket_acl(ask: Ask<dto::PutBucketAclInput>) -> Answer<dto::PutBucketAclOutput> {
    existing(&ask, &ask.input.bucket)?;
    refuse_acl(&ask.headers)?;
    match &ask.input.access_control_policy {
        Some(_) => Err(no_acl()),
        None => Ok(dto::PutBucketAclOutput::default().into()),
    }
}

pub async fn put_object_acl(ask: Ask<dto::PutObjectAclInput>) -> Answer<dto::PutObjectAclOutput> {
    let input = &ask.input;
    find(&ask, &at(&input.bucket, &input.key, input.version_id.as_deref())?)?;
    refuse_acl(&ask.headers)?;
    match &input.access_control_policy {
        Some(_) => Err(no_acl()),
        None => Ok(dto::PutObjectAclOutput::default().into()),
    }
}

pub async fn get_bucket_ownership_controls(
    ask: Ask<dto::GetBucketOwnershipControlsInput>,
) -> Answer<dto::GetBucketOwnershipControlsOutput> {
    existing(&ask, &ask.input.bucket)?;
    let rule =
        dto::OwnershipControlsRule { object_ownership: dto::ObjectOwnership::from_static("BucketOwnerEnforced") };
    let ownership_controls = Some(dto::OwnershipControls { rules: vec![rule] });
    Ok(dto::GetBucketOwnershipControlsOutput { ownership_controls }.into())
}

pub async fn put_bucket_ownership_controls(
    ask: Ask<dto::PutBucketOwnershipControlsInput>,
) -> Answer<dto::PutBucketOwnershipControlsOutput> {
    existing(&ask, &ask.input.bucket)?;
    match ask.input.ownership_controls.rules.as_slice() {
        [rule] if rule.object_ownership.as_str() == "BucketOwnerEnforced" => {
            Ok(dto::PutBucketOwnershipControlsOutput::default().into())
        }
        [_] => Err(no_acl()),
        _ => Err(malformed_xml()),
    }
}

/// There is none as long as none is taken.
pub async fn get_bucket_policy(ask: Ask<dto::GetBucketPolicyInput>) -> Answer<dto::GetBucketPolicyOutput> {
    let bucket = existing(&ask, &ask.input.bucket)?;
    Err(refusal(404, "NoSuchBucketPolicy", "The bucket policy does not exist")
        .field("BucketName", bucket.name.as_str()))
}

pub async fn put_public_access_block(
    ask: Ask<dto::PutPublicAccessBlockInput>,
) -> Answer<dto::PutPublicAccessBlockOutput> {
    let name = name_of(&ask.input.bucket)?;
    let given = &ask.input.public_access_block_configuration;
    let access = PublicAccess(Some(PublicAccessBlock {
        block_public_acls: given.block_public_acls == Some(true),
        ignore_public_acls: given.ignore_public_acls == Some(true),
        block_public_policy: given.block_public_policy == Some(true),
        restrict_public_buckets: given.restrict_public_buckets == Some(true),
    }));
    ask.services().transact(|tx| config::put(tx, &name, &access)).await?;
    Ok(dto::PutPublicAccessBlockOutput::default().into())
}

pub async fn get_public_access_block(
    ask: Ask<dto::GetPublicAccessBlockInput>,
) -> Answer<dto::GetPublicAccessBlockOutput> {
    let bucket = existing(&ask, &ask.input.bucket)?;
    let found = ask.services().store().read(|read| config::find::<PublicAccess>(read, &bucket))?;
    let block = found.unwrap_or_default().0;
    let block = block.ok_or(Error::NoConfig { kind: <PublicAccess as config::Config>::KIND })?;
    let told = dto::PublicAccessBlockConfiguration {
        block_public_acls: Some(block.block_public_acls),
        block_public_policy: Some(block.block_public_policy),
        ignore_public_acls: Some(block.ignore_public_acls),
        restrict_public_buckets: Some(block.restrict_public_buckets),
    };
    Ok(dto::GetPublicAccessBlockOutput { public_access_block_configuration: Some(told) }.into())
}

pub async fn delete_public_access_block(
    ask: Ask<dto::DeletePublicAccessBlockInput>,
) -> Answer<dto::DeletePublicAccessBlockOutput> {
    let name = name_of(&ask.input.bucket)?;
    ask.services().transact(|tx| config::put(tx, &name, &PublicAccess(None))).await?;
    Ok(dto::DeletePublicAccessBlockOutput::default().into())
}

// Encryption: always on, with the platform's key.

pub async fn put_bucket_encryption(ask: Ask<dto::PutBucketEncryptionInput>) -> Answer<dto::PutBucketEncryptionOutput> {
    let name = name_of(&ask.input.bucket)?;
    let [rule] = ask.input.server_side_encryption_configuration.rules.as_slice() else { return Err(malformed_xml()) };
    let by_default = rule.apply_server_side_encryption_by_default.as_ref();
    if by_default.is_some_and(|by_default| by_default.sse_algorithm.as_str() != "AES256") {
        return Err(not_implemented());
    }
    let encryption = BucketEncryption { bucket_key: rule.bucket_key_enabled == Some(true) };
    ask.services().transact(|tx| config::put(tx, &name, &encryption)).await?;
    Ok(dto::PutBucketEncryptionOutput::default().into())
}

pub async fn get_bucket_encryption(ask: Ask<dto::GetBucketEncryptionInput>) -> Answer<dto::GetBucketEncryptionOutput> {
    let bucket = existing(&ask, &ask.input.bucket)?;
    let found = ask.services().store().read(|read| config::find::<BucketEncryption>(read, &bucket))?;
    let by_default = dto::ServerSideEncryptionByDefault {
        kms_master_key_id: None,
        sse_algorithm: dto::ServerSideEncryption::from_static("AES256"),
    };
    let rule = dto::ServerSideEncryptionRule {
        apply_server_side_encryption_by_default: Some(by_default),
        bucket_key_enabled: Some(found.unwrap_or_default().bucket_key),
    };
    let configuration = dto::ServerSideEncryptionConfiguration { rules: vec![rule] };
    Ok(dto::GetBucketEncryptionOutput { server_side_encryption_configuration: Some(configuration) }.into())
}

pub async fn delete_bucket_encryption(
    ask: Ask<dto::DeleteBucketEncryptionInput>,
) -> Answer<dto::DeleteBucketEncryptionOutput> {
    let name = name_of(&ask.input.bucket)?;
    ask.services().transact(|tx| config::delete::<BucketEncryption>(tx, &name)).await?;
    Ok(dto::DeleteBucketEncryptionOutput::default().into())
}

// CORS.

/// Source: S3 API reference, PutBucketCors (read 2026-11-24).
const CORS_RULES_MAX: usize = 100;
pub const CORS_METHODS: [&str; 5] = ["GET", "PUT", "HEAD", "POST", "DELETE"];

pub async fn put_bucket_cors(ask: Ask<dto::PutBucketCorsInput>) -> Answer<dto::PutBucketCorsOutput> {
    let name = name_of(&ask.input.bucket)?;
    let rules = &ask.input.cors_configuration.cors_rules;
    if rules.is_empty() || rules.len() > CORS_RULES_MAX {
        return Err(malformed_xml());
    }
    let cors = Cors(rules.iter().map(cors_rule).collect::<Result<_, _>>()?);
    ask.services().transact(|tx| config::put(tx, &name, &cors)).await?;
    Ok(dto::PutBucketCorsOutput::default().into())
}

fn cors_rule(rule: &dto::CORSRule) -> Result<CorsRule, Refusal> {
    if rule.allowed_methods.is_empty() || rule.allowed_origins.is_empty() {
        return Err(malformed_xml());
    }
    if let Some(other) = rule.allowed_methods.iter().find(|method| !CORS_METHODS.contains(&method.as_str())) {
        let text = format!("Found unsupported HTTP method in CORS config. Unsupported method is {other}");
        return Err(refusal(400, "InvalidRequest", text));
    }
    let headers = rule.allowed_headers.iter().flatten();
    if let Some(other) = rule.allowed_origins.iter().chain(headers).find(|text| text.matches('*').count() > 1) {
        let text = format!("AllowedOrigin \"{other}\" can not have more than one wildcard.");
        return Err(refusal(400, "InvalidRequest", text));
    }
    Ok(CorsRule {
        id: rule.id.clone(),
        origins: rule.allowed_origins.clone(),
        methods: rule.allowed_methods.clone(),
        headers: rule.allowed_headers.clone().unwrap_or_default(),
        exposed: rule.expose_headers.clone().unwrap_or_default(),
        max_age_secs: rule.max_age_seconds,
    })
}

pub async fn get_bucket_cors(ask: Ask<dto::GetBucketCorsInput>) -> Answer<dto::GetBucketCorsOutput> {
    let name = name_of(&ask.input.bucket)?;
    let cors: Cors = ask.services().store().read(|read| config::get(read, &name))?;
    let some = |list: &Vec<String>| (!list.is_empty()).then(|| list.clone());
    let rules = cors.0.iter().map(|rule| dto::CORSRule {
        allowed_headers: some(&rule.headers),
        allowed_methods: rule.methods.clone(),
        allowed_origins: rule.origins.clone(),
        expose_headers: some(&rule.exposed),
        id: rule.id.clone(),
        max_age_seconds: rule.max_age_secs,
    });
    Ok(dto::GetBucketCorsOutput { cors_rules: Some(rules.collect()) }.into())
}

pub async fn delete_bucket_cors(ask: Ask<dto::DeleteBucketCorsInput>) -> Answer<dto::DeleteBucketCorsOutput> {
    let name = name_of(&ask.input.bucket)?;
    ask.services().transact(|tx| config::delete::<Cors>(tx, &name)).await?;
    Ok(dto::DeleteBucketCorsOutput::default().into())
}

// Object lock.

pub async fn put_object_lock_configuration(
    ask: Ask<dto::PutObjectLockConfigurationInput>,
) -> Answer<dto::PutObjectLockConfigurationOutput> {
    let name = name_of(&ask.input.bucket)?;
    let configuration = ask.input.object_lock_configuration.as_ref().ok_or_else(malformed_xml)?;
    if configuration.object_lock_enabled.as_ref().map(dto::ObjectLockEnabled::as_str) != Some("Enabled") {
        return Err(malformed_xml());
    }
    let rule = configuration.rule.as_ref();
    let default =
        rule.map(|rule| rule.default_retention.as_ref().ok_or_else(malformed_xml).and_then(default_retention));
    let default = default.transpose()?;
    ask.services().transact(|tx| config::set_lock(tx, &name, default)).await.map_err(|error| match error {
        Error::NoObjectLock => refusal(
            409,
            "InvalidBucketState",
            "Versioning must be 'Enabled' on the bucket to apply a Object Lock configuration",
        ),
        error => error.into(),
    })?;
    Ok(dto::PutObjectLockConfigurationOutput::default().into())
}

fn default_retention(given: &dto::DefaultRetention) -> Result<DefaultRetention, Refusal> {
    let mode = given.mode.as_ref().and_then(|mode| parse_mode(mode.as_str())).ok_or_else(malformed_xml)?;
    let positive = |number: i32| {
        u32::try_from(number).ok().filter(|number| *number > 0).ok_or_else(|| {
            refusal(400, "InvalidArgument", "Default retention period must be a positive integer value.")
        })
    };
    let period = match (given.days, given.years) {
        (Some(days), None) => Period::Days(positive(days)?),
        (None, Some(years)) => Period::Years(positive(years)?),
        (Some(_), Some(_)) | (None, None) => return Err(malformed_xml()),
    };
    Ok(DefaultRetention { mode, period })
}

pub async fn get_object_lock_configuration(
    ask: Ask<dto::GetObjectLockConfigurationInput>,
) -> Answer<dto::GetObjectLockConfigurationOutput> {
    let bucket = existing(&ask, &ask.input.bucket)?;
    let Lock::On { default } = bucket.lock else {
        let text = "Object Lock configuration does not exist for this bucket";
        return Err(
            refusal(404, "ObjectLockConfigurationNotFoundError", text).field("BucketName", bucket.name.as_str())
        );
    };
    let rule = default.map(|default| {
        let (days, years) = match default.period {
            Period::Days(days) => (i32::try_from(days).ok(), None),
            Period::Years(years) => (None, i32::try_from(years).ok()),
        };
        let mode = Some(dto::ObjectLockRetentionMode::from_static(mode_name(default.mode)));
        dto::ObjectLockRule { default_retention: Some(dto::DefaultRetention { days, mode, years }) }
    });
    let configuration = dto::ObjectLockConfiguration {
        object_lock_enabled: Some(dto::ObjectLockEnabled::from_static("Enabled")),
        rule,
    };
    Ok(dto::GetObjectLockConfigurationOutput { object_lock_configuration: Some(configuration) }.into())
}

fn lockable(bucket: &Bucket) -> Result<(), Refusal> {
    match bucket.lock {
        Lock::Off => Err(Error::NoObjectLock.into()),
        Lock::On { .. } => Ok(()),
    }
}

pub async fn put_object_retention(ask: Ask<dto::PutObjectRetentionInput>) -> Answer<dto::PutObjectRetentionOutput> {
    let input = &ask.input;
    let at = at(&input.bucket, &input.key, input.version_id.as_deref())?;
    let given = input.retention.as_ref().ok_or_else(malformed_xml)?;
    let retention = match (&given.mode, &given.retain_until_date) {
        (None, None) => None,
        (Some(mode), Some(until)) => {
            let mode = parse_mode(mode.as_str()).ok_or_else(malformed_xml)?;
            Some(Retention::new(mode, instant(until)?))
        }
        (Some(_), None) | (None, Some(_)) => return Err(malformed_xml()),
    };
    let bypass = bypass(&ask, &input.bucket, &input.key)?;
    ask.services().transact(|tx| config::retain(tx, &at, retention, bypass)).await?;
    Ok(dto::PutObjectRetentionOutput::default().into())
}

/// A time that `s3s` has parsed, in ours.
pub fn instant(at: &dto::Timestamp) -> Result<store::Timestamp, Refusal> {
    let mut text = Vec::new();
    at.format(dto::TimestampFormat::DateTime, &mut text).map_err(|_| malformed_xml())?;
    super::about::parse_iso(&String::from_utf8_lossy(&text)).ok_or_else(malformed_xml)
}

pub async fn get_object_retention(ask: Ask<dto::GetObjectRetentionInput>) -> Answer<dto::GetObjectRetentionOutput> {
    let input = &ask.input;
    let (bucket, object) = find(&ask, &at(&input.bucket, &input.key, input.version_id.as_deref())?)?;
    lockable(&bucket)?;
    let retention = object.about.retention.ok_or(Error::NoRetention)?;
    let told = dto::ObjectLockRetention {
        mode: Some(dto::ObjectLockRetentionMode::from_static(mode_name(retention.mode))),
        retain_until_date: Some(timestamp(retention.until())),
    };
    Ok(dto::GetObjectRetentionOutput { retention: Some(told) }.into())
}

pub async fn put_object_legal_hold(ask: Ask<dto::PutObjectLegalHoldInput>) -> Answer<dto::PutObjectLegalHoldOutput> {
    let input = &ask.input;
    let at = at(&input.bucket, &input.key, input.version_id.as_deref())?;
    let status = input.legal_hold.as_ref().and_then(|hold| hold.status.as_ref());
    let on = match status.map(dto::ObjectLockLegalHoldStatus::as_str) {
        Some("ON") => true,
        Some("OFF") => false,
        Some(_) | None => return Err(malformed_xml()),
    };
    ask.services().transact(|tx| config::hold(tx, &at, on)).await?;
    Ok(dto::PutObjectLegalHoldOutput::default().into())
}

pub async fn get_object_legal_hold(ask: Ask<dto::GetObjectLegalHoldInput>) -> Answer<dto::GetObjectLegalHoldOutput> {
    let input = &ask.input;
    let (bucket, object) = find(&ask, &at(&input.bucket, &input.key, input.version_id.as_deref())?)?;
    lockable(&bucket)?;
    let status = if object.about.legal_hold { "ON" } else { "OFF" };
    let told = dto::ObjectLockLegalHold { status: Some(dto::ObjectLockLegalHoldStatus::from_static(status)) };
    Ok(dto::GetObjectLegalHoldOutput { legal_hold: Some(told) }.into())
}
