//! The configuration of lifecycle rules, and what is told of when an object goes.
//!
//! Rules and texts of errors: S3 API reference, PutBucketLifecycleConfiguration, and threads about them (read
//! 2026-11-24).

use s3s::dto;
use services::bucket::lifecycle::{self, Expiration, Filter, Form, Lifecycle, Noncurrent, RULES_MAX, Rule};
use services::bucket::tag::Tags;
use services::bucket::{Bucket, Object, config};

use super::about::{Told, http_date};
use super::bucket::{name_of, timestamp};
use super::config::instant;
use super::face::{Answer, Ask};
use super::refusal::{Refusal, invalid_argument, malformed_xml, refusal};

const ID_CHARS_MAX: usize = 255;
/// Source: S3 API model, `NewerNoncurrentVersions` (read 2026-11-24).
const KEEP_MAX: u32 = 100;
const DAY_MILLIS: i64 = 24 * 3600 * 1000;
const TRANSITION_MINIMUMS: [&str; 2] = ["all_storage_classes_128K", "varies_by_storage_class"];

pub async fn put_bucket_lifecycle_configuration(
    ask: Ask<dto::PutBucketLifecycleConfigurationInput>,
) -> Answer<dto::PutBucketLifecycleConfigurationOutput> {
    let input = &ask.input;
    let name = name_of(&input.bucket)?;
    let rules = &input.lifecycle_configuration.as_ref().ok_or_else(malformed_xml)?.rules;
    if rules.is_empty() || rules.len() > RULES_MAX {
        return Err(malformed_xml());
    }
    let rules: Vec<Rule> = rules.iter().map(read_rule).collect::<Result<_, _>>()?;
    let same = |at: usize| rules[..at].iter().any(|other| !other.id.is_empty() && other.id == rules[at].id);
    if (0..rules.len()).any(same) {
        let text = "Rule ID must be unique. Found same ID for more than one rule";
        return Err(refusal(400, "InvalidArgument", text));
    }
    let minimum = input.transition_default_minimum_object_size.as_ref().map(|size| size.as_str().to_owned());
    if let Some(other) = minimum.as_deref().filter(|minimum| !TRANSITION_MINIMUMS.contains(minimum)) {
        let text = format!("Invalid transition default minimum object size: {other}");
        return Err(refusal(400, "InvalidRequest", text));
    }
    let lifecycle = Lifecycle { rules, transition_minimum: minimum };
    ask.services().transact(|tx| lifecycle::put(tx, &name, &lifecycle)).await?;
    let transition_default_minimum_object_size = Some(told_minimum(&lifecycle));
    Ok(dto::PutBucketLifecycleConfigurationOutput { transition_default_minimum_object_size }.into())
}

fn told_minimum(lifecycle: &Lifecycle) -> dto::TransitionDefaultMinimumObjectSize {
    lifecycle.transition_minimum.clone().unwrap_or_else(|| TRANSITION_MINIMUMS[0].to_owned()).into()
}

pub async fn get_bucket_lifecycle_configuration(
    ask: Ask<dto::GetBucketLifecycleConfigurationInput>,
) -> Answer<dto::GetBucketLifecycleConfigurationOutput> {
    let name = name_of(&ask.input.bucket)?;
    let lifecycle: Lifecycle = ask.services().store().read(|read| config::get(read, &name))?;
    Ok(dto::GetBucketLifecycleConfigurationOutput {
        rules: Some(lifecycle.rules.iter().map(tell_rule).collect()),
        transition_default_minimum_object_size: Some(told_minimum(&lifecycle)),
    }
    .into())
}

pub async fn delete_bucket_lifecycle(
    ask: Ask<dto::DeleteBucketLifecycleInput>,
) -> Answer<dto::DeleteBucketLifecycleOutput> {
    let name = name_of(&ask.input.bucket)?;
    ask.services().transact(|tx| lifecycle::delete(tx, &name)).await?;
    Ok(dto::DeleteBucketLifecycleOutput::default().into())
}

fn read_rule(rule: &dto::LifecycleRule) -> Result<Rule, Refusal> {
    let id = rule.id.clone().unwrap_or_default();
    if id.chars().count() > ID_CHARS_MAX {
        return Err(refusal(400, "InvalidArgument", "ID length should not exceed allowed limit of 255"));
    }
    let enabled = match rule.status.as_str() {
        "Enabled" => true,
        "Disabled" => false,
        _ => return Err(malformed_xml()),
    };
    let transitions = rule.transitions.as_ref().is_some_and(|transitions| !transitions.is_empty())
        || rule.noncurrent_version_transitions.as_ref().is_some_and(|transitions| !transitions.is_empty());
    if transitions {
        return Err(refusal(501, "NotImplemented", "Transitions to other storage classes are not implemented."));
    }
    let (filter, form) = read_filter(rule)?;
    let expiration = rule.expiration.as_ref().map(read_expiration).transpose()?;
    let noncurrent = rule.noncurrent_version_expiration.as_ref().map(read_noncurrent).transpose()?;
    let abort = rule.abort_incomplete_multipart_upload.as_ref();
    let abort_after_days = abort
        .map(|abort| {
            let days = abort.days_after_initiation.ok_or_else(malformed_xml)?;
            positive(days, "DaysAfterInitiation", "AbortIncompleteMultipartUpload")
        })
        .transpose()?;
    if expiration.is_none() && noncurrent.is_none() && abort_after_days.is_none() {
        return Err(refusal(400, "InvalidRequest", "At least one action needs to be specified in a rule"));
    }
    let for_keys_alone = [
        (abort_after_days.is_some(), "AbortIncompleteMultipartUpload"),
        (expiration == Some(Expiration::LoneMarkers), "ExpiredObjectDeleteMarker"),
    ];
    for (_, action) in for_keys_alone.into_iter().filter(|(given, _)| *given) {
        if !filter.tags.is_empty() {
            return Err(refusal(400, "InvalidRequest", format!("{action} cannot be specified with Tags.")));
        }
        if filter.larger_than.is_some() || filter.smaller_than.is_some() {
            return Err(refusal(400, "InvalidRequest", format!("{action} cannot be specified with Object Size.")));
        }
    }
    Ok(Rule { id, enabled, filter, form, expiration, noncurrent, abort_after_days })
}

fn positive(days: i32, name: &'static str, action: &'static str) -> Result<u32, Refusal> {
    u32::try_from(days).ok().filter(|days| *days > 0).ok_or_else(|| {
        let text = format!("'{name}' for {action} action must be a positive integer");
        invalid_argument(name, &days.to_string(), text)
    })
}

fn read_expiration(given: &dto::LifecycleExpiration) -> Result<Expiration, Refusal> {
    match (given.days, &given.date, given.expired_object_delete_marker) {
        (Some(days), None, None) => Ok(Expiration::Days(positive(days, "Days", "Expiration")?)),
        (None, Some(date), None) => {
            let millis = instant(date)?.millis();
            match millis.rem_euclid(DAY_MILLIS) {
                0 => Ok(Expiration::DateMillis(millis)),
                _ => Err(refusal(400, "InvalidArgument", "'Date' must be at midnight GMT")),
            }
        }
        (None, None, Some(true)) => Ok(Expiration::LoneMarkers),
        _ => Err(malformed_xml()),
    }
}

fn read_noncurrent(given: &dto::NoncurrentVersionExpiration) -> Result<Noncurrent, Refusal> {
    let action = "NoncurrentVersionExpiration";
    let days = positive(given.noncurrent_days.ok_or_else(malformed_xml)?, "NoncurrentDays", action)?;
    let keep = given.newer_noncurrent_versions.map(|keep| positive(keep, "NewerNoncurrentVersions", action));
    let keep = keep.transpose()?;
    match keep.is_some_and(|keep| keep > KEEP_MAX) {
        true => Err(malformed_xml()),
        false => Ok(Noncurrent { days, keep }),
    }
}

fn read_filter(rule: &dto::LifecycleRule) -> Result<(Filter, Form), Refusal> {
    let (filter, form) = match (&rule.prefix, &rule.filter) {
        (Some(prefix), None) => (Filter { prefix: Some(prefix.clone()), ..Filter::default() }, Form::Prefix),
        (None, Some(filter)) => match &filter.and {
            Some(_) if predicates(filter) > 0 => return Err(malformed_xml()),
            Some(and) => (read_and(and)?, Form::And),
            None if predicates(filter) > 1 => return Err(malformed_xml()),
            None => {
                let (larger, smaller) = (filter.object_size_greater_than, filter.object_size_less_than);
                let tags = filter.tag.as_slice();
                (filter_of(filter.prefix.clone(), tags, larger, smaller)?, Form::One)
            }
        },
        (Some(_), Some(_)) | (None, None) => return Err(malformed_xml()),
    };
    Ok((filter, form))
}

fn predicates(filter: &dto::LifecycleRuleFilter) -> usize {
    let given = [
        filter.prefix.is_some(),
        filter.tag.is_some(),
        filter.object_size_greater_than.is_some(),
        filter.object_size_less_than.is_some(),
    ];
    given.into_iter().filter(|given| *given).count()
}

fn read_and(and: &dto::LifecycleRuleAndOperator) -> Result<Filter, Refusal> {
    let tags = and.tags.as_deref().unwrap_or_default();
    let (larger, smaller) = (and.object_size_greater_than, and.object_size_less_than);
    let others = [and.prefix.is_some(), larger.is_some(), smaller.is_some()];
    if tags.len() + others.into_iter().filter(|given| *given).count() < 2 {
        return Err(malformed_xml());
    }
    filter_of(and.prefix.clone(), tags, larger, smaller)
}

fn filter_of(
    prefix: Option<String>,
    given: &[dto::Tag],
    larger: Option<i64>,
    smaller: Option<i64>,
) -> Result<Filter, Refusal> {
    let mut tags = Tags::new();
    for tag in given {
        let (Some(key), Some(value)) = (tag.key.clone(), tag.value.clone()) else { return Err(malformed_xml()) };
        if tags.insert(key, value).is_some() {
            return Err(refusal(400, "InvalidRequest", "Duplicate Tag Keys are not allowed."));
        }
    }
    let size = |size: Option<i64>| size.map(u64::try_from).transpose().map_err(|_| malformed_xml());
    let (larger_than, smaller_than) = (size(larger)?, size(smaller)?);
    match (larger_than, smaller_than) {
        (Some(larger), Some(smaller)) if smaller <= larger => {
            let text = "'ObjectSizeLessThan' has to be a value greater than 'ObjectSizeGreaterThan'.";
            Err(refusal(400, "InvalidRequest", text))
        }
        _ => Ok(Filter { prefix, tags, larger_than, smaller_than }),
    }
}

fn tell_rule(rule: &Rule) -> dto::LifecycleRule {
    let days = |days: u32| i32::try_from(days).unwrap_or(i32::MAX);
    let (prefix, filter) = tell_filter(rule);
    dto::LifecycleRule {
        abort_incomplete_multipart_upload: rule
            .abort_after_days
            .map(|after| dto::AbortIncompleteMultipartUpload { days_after_initiation: Some(days(after)) }),
        expiration: rule.expiration.map(|expiration| match expiration {
            Expiration::Days(after) => dto::LifecycleExpiration { days: Some(days(after)), ..Default::default() },
            Expiration::DateMillis(millis) => dto::LifecycleExpiration {
                date: Some(timestamp(store::Timestamp::from_millis(millis))),
                ..Default::default()
            },
            Expiration::LoneMarkers => {
                dto::LifecycleExpiration { expired_object_delete_marker: Some(true), ..Default::default() }
            }
        }),
        filter,
        id: Some(rule.id.clone()),
        noncurrent_version_expiration: rule.noncurrent.map(|noncurrent| dto::NoncurrentVersionExpiration {
            newer_noncurrent_versions: noncurrent.keep.map(days),
            noncurrent_days: Some(days(noncurrent.days)),
        }),
        noncurrent_version_transitions: None,
        prefix,
        status: dto::ExpirationStatus::from_static(if rule.enabled { "Enabled" } else { "Disabled" }),
        transitions: None,
    }
}

fn tell_filter(rule: &Rule) -> (Option<String>, Option<dto::LifecycleRuleFilter>) {
    let filter = &rule.filter;
    let size = |size: Option<u64>| size.and_then(|size| i64::try_from(size).ok());
    let (larger, smaller) = (size(filter.larger_than), size(filter.smaller_than));
    let tag = |(key, value): (&String, &String)| dto::Tag { key: Some(key.clone()), value: Some(value.clone()) };
    let told = match rule.form {
        Form::Prefix => return (filter.prefix.clone(), None),
        Form::One => dto::LifecycleRuleFilter {
            prefix: filter.prefix.clone(),
            tag: filter.tags.iter().map(tag).next(),
            object_size_greater_than: larger,
            object_size_less_than: smaller,
            ..Default::default()
        },
        Form::And => {
            let tags: Vec<_> = filter.tags.iter().map(tag).collect();
            let and = dto::LifecycleRuleAndOperator {
                object_size_greater_than: larger,
                object_size_less_than: smaller,
                prefix: filter.prefix.clone(),
                tags: (!tags.is_empty()).then_some(tags),
            };
            dto::LifecycleRuleFilter { and: Some(and), ..Default::default() }
        }
    };
    (None, Some(told))
}

/// Tells when an object goes, if it does.
pub fn tell_expiry<I>(
    ask: &Ask<I>,
    headers: &mut Told,
    bucket: &Bucket,
    key: &str,
    object: &Object,
) -> Result<(), Refusal> {
    if let Some((due, rule)) = ask.services().objects().expiry(bucket, key, object)? {
        let rule = crate::uri::encode_path(&rule);
        headers.add("x-amz-expiration", format!("expiry-date=\"{}\", rule-id=\"{rule}\"", http_date(due)));
    }
    Ok(())
}
