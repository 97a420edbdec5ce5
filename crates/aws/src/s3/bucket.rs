//! Operations on buckets themselves.

use s3s::dto;
use services::bucket::create::{self, ListBuckets, NewBucket};
use services::bucket::{Bucket, BucketName, Error, Versioning};
use services::name::Region;

use super::about::no_acl;
use super::face::{Answer, Ask, told};
use super::refusal::{Refusal, invalid_argument, malformed_xml, refusal};
use crate::s3::about;

/// Most buckets on a page. Source: S3 API model, `MaxBuckets` (read 2026-11-24).
const BUCKETS_MAX: usize = 10_000;

pub fn name_of(text: &str) -> Result<BucketName, Refusal> {
    Ok(BucketName::parse(text)?)
}

/// In whole seconds, which is all that the service tells.
pub fn timestamp(at: store::Timestamp) -> dto::Timestamp {
    let since = std::time::Duration::from_secs(at.millis().max(0).unsigned_abs() / 1000);
    dto::Timestamp::from(std::time::SystemTime::UNIX_EPOCH + since)
}

pub fn existing<I>(ask: &Ask<I>, name: &str) -> Result<Bucket, Refusal> {
    let name = name_of(name)?;
    Ok(ask.services().store().read(|read| create::existing(read, &name))?)
}

/// Whose account's it is, as lists name owners. An account's canonical id is made of its number.
pub fn owner(account: &services::name::AccountId) -> dto::Owner {
    dto::Owner { display_name: None, id: Some(crate::auth::sha256_hex(account.as_str().as_bytes())) }
}

pub async fn create_bucket(ask: Ask<dto::CreateBucketInput>) -> Answer<dto::CreateBucketOutput> {
    let name = name_of(&ask.input.bucket)?;
    let call = &ask.passing.call;
    let owned = ask.input.object_ownership.as_ref().map(dto::ObjectOwnership::as_str);
    match owned {
        None | Some("BucketOwnerEnforced") => {}
        Some(_) => return Err(no_acl()),
    }
    about::refuse_acl(&ask.headers).map_err(|_| {
        let text = "Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting";
        refusal(400, "InvalidBucketAclWithObjectOwnership", text)
    })?;
    let constraint = ask.input.create_bucket_configuration.as_ref();
    let constraint = constraint.and_then(|configuration| configuration.location_constraint.as_ref());
    let region = region(constraint.map(dto::BucketLocationConstraint::as_str), &call.region)?;
    let object_lock = ask.input.object_lock_enabled_for_bucket == Some(true);
    let new = NewBucket { name, account: call.account.clone(), region, object_lock };
    let made = ask.services().transact(|tx| create::create(tx, &new)).await;
    match made {
        Ok(_) => {}
        // The oldest region says nothing of it, for the sake of scripts as old. Source: S3 API reference, CreateBucket.
        Err(Error::BucketAlreadyOwnedByYou { .. }) if call.region.as_str() == "us-east-1" => {}
        Err(error) => return Err(error.into()),
    }
    let location = Some(format!("/{}", new.name.as_str()));
    Ok(dto::CreateBucketOutput { location }.into())
}

/// A bucket is made in the region that is asked, which the constraint has to name; `us-east-1` is named by none.
fn region(constraint: Option<&str>, asked: &Region) -> Result<Region, Refusal> {
    let illegal = |text: String| Err(refusal(400, "IllegalLocationConstraintException", text));
    let constraint = constraint.filter(|constraint| !constraint.is_empty());
    match constraint {
        None if asked.as_str() == "us-east-1" => Ok(asked.clone()),
        None => illegal(
            "The unspecified location constraint is incompatible for the region specific endpoint this request was sent to."
                .to_owned(),
        ),
        Some("EU") => Region::parse("eu-west-1").map_err(|_| malformed_xml()),
        Some("us-east-1") => Err(refusal(
            400,
            "InvalidLocationConstraint",
            "The specified location-constraint is not valid",
        )
        .field("LocationConstraint", "us-east-1")),
        Some(name) if asked.as_str() == "us-east-1" || name == asked.as_str() => Region::parse(name).map_err(|_| {
            refusal(400, "InvalidLocationConstraint", "The specified location-constraint is not valid")
                .field("LocationConstraint", name)
        }),
        Some(name) => illegal(format!(
            "The {name} location constraint is incompatible for the region specific endpoint this request was sent to."
        )),
    }
}

pub async fn head_bucket(ask: Ask<dto::HeadBucketInput>) -> Answer<dto::HeadBucketOutput> {
    let bucket = existing(&ask, &ask.input.bucket)?;
    let bucket_region = Some(bucket.region.as_str().to_owned());
    Ok(dto::HeadBucketOutput { bucket_region, access_point_alias: Some(false), ..Default::default() }.into())
}

pub async fn delete_bucket(ask: Ask<dto::DeleteBucketInput>) -> Answer<dto::DeleteBucketOutput> {
    let name = name_of(&ask.input.bucket)?;
    ask.services().objects().delete_bucket(&name).await?;
    Ok(dto::DeleteBucketOutput::default().into())
}

pub async fn get_bucket_location(ask: Ask<dto::GetBucketLocationInput>) -> Answer<dto::GetBucketLocationOutput> {
    let bucket = existing(&ask, &ask.input.bucket)?;
    let region = Some(bucket.region.as_str()).filter(|region| *region != "us-east-1");
    let location_constraint = region.map(|region| dto::BucketLocationConstraint::from(region.to_owned()));
    Ok(dto::GetBucketLocationOutput { location_constraint }.into())
}

pub async fn list_buckets(ask: Ask<dto::ListBucketsInput>) -> Answer<dto::ListBucketsOutput> {
    let input = &ask.input;
    let max = match input.max_buckets {
        None => BUCKETS_MAX,
        Some(max) => usize::try_from(max).ok().filter(|max| (1..=BUCKETS_MAX).contains(max)).ok_or_else(|| {
            let text = "Argument max-buckets must be an integer between 1 and 10000";
            invalid_argument("max-buckets", &max.to_string(), text)
        })?,
    };
    let region = input.bucket_region.as_deref().map(Region::parse).transpose();
    let query = ListBuckets {
        prefix: input.prefix.clone().unwrap_or_default(),
        region: region.map_err(|_| {
            let given = input.bucket_region.as_deref().unwrap_or_default();
            invalid_argument("bucket-region", given, format!("Argument value {given} is not a valid AWS Region"))
        })?,
        after: input.continuation_token.as_deref().map(crate::s3::list::read_token).transpose()?,
        max,
    };
    let account = &ask.passing.call.account;
    let (found, more) = ask.services().store().read(|read| create::list(read, account, &query))?;
    let token = found.last().filter(|_| more).map(|last| crate::s3::list::token(last.name.as_str()));
    let paged = input.max_buckets.is_some()
        || input.continuation_token.is_some()
        || input.prefix.is_some()
        || input.bucket_region.is_some();
    let buckets = found.iter().map(|bucket| dto::Bucket {
        // Told to those who ask in the way that knows of it.
        bucket_region: paged.then(|| bucket.region.as_str().to_owned()),
        creation_date: Some(timestamp(bucket.created)),
        name: Some(bucket.name.as_str().to_owned()),
    });
    Ok(dto::ListBucketsOutput {
        buckets: Some(buckets.collect()),
        continuation_token: token,
        owner: Some(owner(account)),
        prefix: input.prefix.clone(),
    }
    .into())
}

pub async fn get_bucket_versioning(ask: Ask<dto::GetBucketVersioningInput>) -> Answer<dto::GetBucketVersioningOutput> {
    let bucket = existing(&ask, &ask.input.bucket)?;
    let status = match bucket.versioning {
        Versioning::Off => None,
        Versioning::Enabled => Some(dto::BucketVersioningStatus::ENABLED),
        Versioning::Suspended => Some(dto::BucketVersioningStatus::SUSPENDED),
    };
    let status = status.map(dto::BucketVersioningStatus::from_static);
    Ok(dto::GetBucketVersioningOutput { status, ..Default::default() }.into())
}

pub async fn put_bucket_versioning(ask: Ask<dto::PutBucketVersioningInput>) -> Answer<dto::PutBucketVersioningOutput> {
    let name = name_of(&ask.input.bucket)?;
    let configuration = &ask.input.versioning_configuration;
    if configuration.mfa_delete.as_ref().is_some_and(|mfa| mfa.as_str() == "Enabled") {
        return Err(super::refusal::not_implemented());
    }
    let versioning = match configuration.status.as_ref().map(dto::BucketVersioningStatus::as_str) {
        Some("Enabled") => Versioning::Enabled,
        Some("Suspended") => Versioning::Suspended,
        Some(_) => return Err(malformed_xml()),
        None => {
            let text = "The Versioning element must be specified";
            return Err(refusal(400, "IllegalVersioningConfigurationException", text));
        }
    };
    ask.services().transact(|tx| create::set_versioning(tx, &name, versioning)).await?;
    Ok(told(dto::PutBucketVersioningOutput::default(), http::HeaderMap::new()))
}
