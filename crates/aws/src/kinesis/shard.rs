//! Shards: what they look like, and how they split and merge.

use services::stream::data::{self, Stream};
use services::stream::{self, Shard};
use store::Timestamp;

use super::address::{self, shard_id, shard_index};
use super::{count, refusal};
use crate::call::Call;
use crate::error::Error;
use crate::shapes::kinesis as shapes;
use crate::shapes::kinesis::error::EXPIRED_NEXT_TOKEN_EXCEPTION;

/// Source: API reference, ListShards, `MaxResults` (read 2026-11-24).
const SHARDS_PAGE: usize = 1_000;

pub fn describe(call: &Call, stream: &Stream, shards: &[Shard]) -> Result<Vec<shapes::Shard>, Error> {
    let found: Result<Vec<_>, stream::Error> = call.services.store().read(|read| {
        let shown = shards.iter().map(|shard| {
            let next = stream::next_number(read, &stream.lane, shard.index)?;
            let ending = (!shard.is_open()).then(|| address::sequence(shard, next.saturating_sub(1)));
            Ok(show(shard, ending))
        });
        shown.collect()
    });
    found.map_err(refusal::inside)
}

fn show(shard: &Shard, ending_sequence_number: Option<String>) -> shapes::Shard {
    shapes::Shard {
        shard_id: shard_id(shard.index),
        parent_shard_id: shard.parents.first().map(|parent| shard_id(*parent)),
        adjacent_parent_shard_id: shard.parents.get(1).map(|parent| shard_id(*parent)),
        hash_key_range: hashes(shard),
        sequence_number_range: shapes::SequenceNumberRange {
            starting_sequence_number: address::sequence(shard, 0),
            ending_sequence_number,
        },
    }
}

pub fn hashes(shard: &Shard) -> shapes::HashKeyRange {
    let (first, last) = shard.hashes.unwrap_or_default();
    shapes::HashKeyRange { starting_hash_key: first.to_string(), ending_hash_key: last.to_string() }
}

pub async fn list(call: Call, input: shapes::ListShardsInput) -> Result<shapes::ListShardsOutput, Error> {
    let (name, after) = match &input.next_token {
        Some(_) if input.stream_name.is_some() || input.stream_arn.is_some() => {
            return Err(refusal::invalid("NextToken and StreamName cannot be provided together."));
        }
        Some(token) => {
            let expired =
                || EXPIRED_NEXT_TOKEN_EXCEPTION.with("The pagination token passed to the operation is expired.");
            let (name, after) = token.rsplit_once('/').ok_or_else(expired)?;
            (Some(name), shard_index(after))
        }
        None => (input.stream_name.as_deref(), input.exclusive_start_shard_id.as_deref().and_then(shard_index)),
    };
    let id = address::stream(&call, name, input.stream_arn.as_deref())?;
    let found: Result<_, data::Error> = call.services.store().read(|read| {
        let stream = data::find(read, &id)?;
        let shards = stream::shards(read, &stream.lane)?;
        Ok((stream, shards))
    });
    let (stream, mut shards) = found.map_err(|error| refusal::of(&id, error))?;
    if !super::stream::is_of(&stream, input.stream_creation_timestamp) {
        return Err(refusal::of(&id, data::Error::NoSuchStream));
    }
    if let Some(filter) = &input.shard_filter {
        let oldest = call.services.store().clock().millis() - i64::from(stream.retention_hours) * 3_600_000;
        shards.retain(|shard| passes(shard, filter, oldest));
    }
    shards.retain(|shard| after.is_none_or(|after| shard.index > after));
    let limit = count(input.max_results, SHARDS_PAGE);
    let more = shards.len() > limit;
    shards.truncate(limit);
    let last = shards.last().filter(|_| more);
    let next_token = last.map(|last| format!("{}/{}", id.name.as_str(), shard_id(last.index)));
    Ok(shapes::ListShardsOutput { shards: Some(describe(&call, &stream, &shards)?), next_token })
}

/// Source: API reference, ShardFilter (read 2026-11-24).
fn passes(shard: &Shard, filter: &shapes::ShardFilter, oldest_millis: i64) -> bool {
    let since = filter.timestamp.map_or(oldest_millis, |at| (at * 1_000.0) as i64);
    let ends_after = |millis: i64| shard.closed_millis.is_none_or(|closed| closed >= millis);
    match filter.kind.as_str() {
        "AFTER_SHARD_ID" => {
            let after = filter.shard_id.as_deref().and_then(shard_index);
            after.is_none_or(|after| shard.index > after)
        }
        "AT_LATEST" => shard.is_open(),
        "AT_TRIM_HORIZON" => shard.created_millis <= oldest_millis || shard.parents.is_empty(),
        "AT_TIMESTAMP" => shard.created_millis <= since && ends_after(since),
        "FROM_TIMESTAMP" => ends_after(since),
        _ => true,
    }
}

pub async fn split(call: Call, input: shapes::SplitShardInput) -> Result<(), Error> {
    let id = address::stream(&call, input.stream_name.as_deref(), input.stream_arn.as_deref())?;
    let missing = || refusal::no_such_shard(&id, &input.shard_to_split);
    let index = shard_index(&input.shard_to_split).ok_or_else(missing)?;
    let hash: u128 = input.new_starting_hash_key.parse().map_err(|_| {
        refusal::invalid(format!("NewStartingHashKey {} is not a hash key.", input.new_starting_hash_key))
    })?;
    let split = call.services.transact(|tx| data::split(tx, &id, index, hash)).await;
    split.map_err(|error| refusal::of(&id, error))
}

pub async fn merge(call: Call, input: shapes::MergeShardsInput) -> Result<(), Error> {
    let id = address::stream(&call, input.stream_name.as_deref(), input.stream_arn.as_deref())?;
    let index = |text: &str| shard_index(text).ok_or_else(|| refusal::no_such_shard(&id, text));
    let (one, other) = (index(&input.shard_to_merge)?, index(&input.adjacent_shard_to_merge)?);
    let merged = call.services.transact(|tx| data::merge(tx, &id, one, other)).await;
    merged.map_err(|error| refusal::of(&id, error))
}

pub async fn update_count(
    call: Call,
    input: shapes::UpdateShardCountInput,
) -> Result<shapes::UpdateShardCountOutput, Error> {
    let id = address::stream(&call, input.stream_name.as_deref(), input.stream_arn.as_deref())?;
    let target = usize::try_from(input.target_shard_count).unwrap_or(0);
    let set = call.services.transact(|tx| data::set_count(tx, &id, target)).await;
    let before = set.map_err(|error| refusal::of(&id, error))?;
    Ok(shapes::UpdateShardCountOutput {
        stream_name: Some(id.name.as_str().to_owned()),
        current_shard_count: i32::try_from(before).ok(),
        target_shard_count: Some(input.target_shard_count),
        stream_arn: Some(address::arn(&id)),
    })
}

/// The time that a request gives in seconds.
pub fn at(seconds: f64) -> Timestamp {
    Timestamp::from_millis((seconds * 1_000.0) as i64)
}
