//! Shards: who may change what an owner keeps in memory.
//!
//! A shard is ownership, not storage. A node owns a shard by a lease: a row with an epoch, which changes only when the
//! shard changes hands. What the owner commits names the epoch (its [`Fence`]) and is refused once another has the shard.
//! A node shows that it lives by counting its heartbeat row up; whoever wants its shards must see that row unchanged
//! for a full [`LEASE_TIME`] on a clock of its own. An engine that only one process can open (a file lock) proves at
//! once that no other owner lives: a restart does not wait.

use std::time::Duration;

use crate::engine::State;
use crate::error::Error;
use crate::key::{Key, Space};
use crate::tx::{Read, Tx, counter};

/// How many shards there are. Fixed in the format: keys are spread over them by hash.
pub const SHARDS: u16 = 256;

/// How long a node may be silent before its shards can be taken.
pub const LEASE_TIME: Duration = Duration::from_secs(10);

/// One of the [`SHARDS`] virtual shards.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ShardId(pub u8);

impl ShardId {
    /// The shard of a key. Part of the disk format.
    pub fn of(key: &[u8]) -> ShardId {
        ShardId(crc32fast::hash(key).to_be_bytes()[0])
    }

    pub fn all() -> impl Iterator<Item = ShardId> {
        (0..=u8::MAX).map(ShardId)
    }
}

/// Proof of ownership: the epoch in which the shard was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Fence(pub u64);

/// A node, for as long as it runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct NodeId(pub [u8; 16]);

/// A shard's row: who has it, since which epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lease {
    pub epoch: Fence,
    pub node: NodeId,
}

/// Why the present owner may be put out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proof {
    /// This process alone has the data open.
    ExclusiveLock,
    /// The owner's heartbeat stood still at this count for a full [`LEASE_TIME`]: see [`Silence`].
    Silence(u64),
}

/// Watches the heartbeat of a shard's owner on the contender's own clock.
#[derive(Debug)]
pub struct Silence {
    count: u64,
    since: Duration,
}

impl Silence {
    /// `count` is what [`heartbeat`] gave; `elapsed`, what [`crate::Clock::elapsed`] says.
    pub fn from(count: u64, elapsed: Duration) -> Silence {
        Silence { count, since: elapsed }
    }

    /// Takes in what the row says now; gives the proof once the silence has been long enough.
    pub fn observe(&mut self, count: u64, elapsed: Duration) -> Option<Proof> {
        if count != self.count {
            *self = Silence::from(count, elapsed);
        }
        (elapsed.saturating_sub(self.since) >= LEASE_TIME).then_some(Proof::Silence(count))
    }
}

/// Takes a shard, under the next epoch. `None` if another node owns it and lives.
pub fn take(tx: &mut Tx, shard: ShardId, node: NodeId, proof: Proof) -> Result<Option<Fence>, Error> {
    let held = lease(tx, shard)?;
    if let Some(lease) = held
        && lease.node != node
        && let Proof::Silence(count) = proof
        && heartbeat(tx, lease.node)? != count
    {
        return Ok(None);
    }
    let epoch = Fence(held.map_or(0, |lease| lease.epoch.0) + 1);
    tx.put(lease_key(shard), encode(&Lease { epoch, node }));
    Ok(Some(epoch))
}

/// Takes every shard at once: for the only process that has the data open.
pub(crate) fn take_all(tx: &mut Tx, node: NodeId) -> Result<Fences, Error> {
    let mut fences = Fences([Fence(0); SHARDS as usize]);
    for (shard, fence) in ShardId::all().zip(&mut fences.0) {
        *fence = take(tx, shard, node, Proof::ExclusiveLock)?.unwrap_or(Fence(0)); // the lock is proof against anyone
    }
    beat(tx, node);
    Ok(fences)
}

/// What a node owns.
pub(crate) struct Fences([Fence; SHARDS as usize]);

impl Fences {
    pub(crate) fn of(&self, shard: ShardId) -> Fence {
        self.0[usize::from(shard.0)]
    }

    /// Higher than every epoch of an earlier process.
    pub(crate) fn highest(&self) -> Fence {
        self.0.iter().copied().max().expect("there are shards")
    }
}

/// Shows that the node lives. Call it well within [`LEASE_TIME`].
pub fn beat(tx: &mut Tx, node: NodeId) {
    tx.add(heartbeat_key(node), 1);
}

pub fn lease(read: &mut impl Read, shard: ShardId) -> Result<Option<Lease>, Error> {
    read.get(&lease_key(shard))?.map(|row| decode(&row)).transpose()
}

pub fn heartbeat(read: &mut impl Read, node: NodeId) -> Result<u64, Error> {
    let row = read.get(&heartbeat_key(node))?;
    Ok(row.and_then(|row| counter(&row)).unwrap_or(0).cast_unsigned())
}

/// Whether every fence is still that of its shard, in the newest state.
pub(crate) fn check_fences(newest: &mut dyn State, fences: &[(ShardId, Fence)]) -> Result<(), Error> {
    for &(shard, fence) in fences {
        let lease = newest.get(&lease_key(shard))?.map(|row| decode(&row.value)).transpose()?;
        if lease.is_none_or(|lease| lease.epoch != fence) {
            return Err(Error::Fenced { shard });
        }
    }
    Ok(())
}

fn lease_key(shard: ShardId) -> Vec<u8> {
    Key::global(Space::OWN).text("lease").number(shard.0.into()).build()
}

fn heartbeat_key(node: NodeId) -> Vec<u8> {
    Key::global(Space::OWN).text("heartbeat").bytes(&node.0).build()
}

fn encode(lease: &Lease) -> Vec<u8> {
    [lease.epoch.0.to_be_bytes().as_slice(), &lease.node.0].concat()
}

fn decode(row: &[u8]) -> Result<Lease, Error> {
    let damaged = || Error::Damaged { place: "a lease", reason: format!("{} bytes instead of 24", row.len()) };
    let (epoch, node) = row.split_first_chunk::<8>().ok_or_else(damaged)?;
    let node = NodeId(node.try_into().map_err(|_| damaged())?);
    Ok(Lease { epoch: Fence(u64::from_be_bytes(*epoch)), node })
}
