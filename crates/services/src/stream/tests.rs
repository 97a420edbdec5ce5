//! Streams on the memory store.

use std::sync::Arc;
use std::time::Duration;

use store::clock::ManualClock;
use store::{Store, Timestamp};
use tokio::sync::watch;

use super::*;

struct World {
    clock: Arc<ManualClock>,
    store: Store,
    lane: Lane,
}

/// A stream that keeps records for ten seconds, with one shard.
async fn world() -> World {
    let clock = Arc::new(ManualClock::default());
    let store = Store::memory_with(clock.clone(), 1);
    let region = Region::parse("eu-central-1").expect("a region");
    let lane = store
        .transact(|tx| {
            let lane = Lane::draw(tx, &AccountId::default(), &region);
            keep(tx, &lane, &Kept { retention_millis: 10_000, ended: false, owner_row: Some(b"owner".to_vec()) });
            open(tx, &lane, &Shard { index: 0, parents: vec![], created_millis: 0, closed_millis: None, hashes: None });
            Ok::<_, Error>(lane)
        })
        .await
        .expect("memory is there");
    World { clock, store, lane }
}

impl World {
    async fn write(&self, payload: &str) {
        let written = self.store.transact(|tx| {
            append(tx, &self.lane, 0, payload.as_bytes());
            Ok::<_, Error>(())
        });
        written.await.expect("memory is there");
    }

    async fn trim(&self) {
        let (_stop, stopped) = watch::channel(false);
        super::keep::trim(&self.store, &stopped).await.expect("memory is there");
    }

    fn numbers(&self) -> Vec<u64> {
        let found = self.store.read(|reader| read(reader, &self.lane, 0, 0, 10_000, usize::MAX));
        found.expect("memory is there").iter().map(|record| record.number).collect()
    }
}

#[tokio::test]
async fn records_go_when_their_time_is_over_and_numbers_go_on() {
    let world = world().await;
    for _ in 0..300 {
        world.write("old").await;
    }
    world.clock.advance(Duration::from_secs(11));
    world.write("new").await;
    world.trim().await;
    assert_eq!(world.numbers(), [300]);
    let next = world.store.read(|read| next_number(read, &world.lane, 0)).expect("memory is there");
    assert_eq!(next, 301);
}

#[tokio::test]
async fn a_stream_that_has_ended_goes_with_its_last_record() {
    let world = world().await;
    world.write("last").await;
    let ended = world.store.transact(|tx| end(tx, &world.lane));
    ended.await.expect("memory is there");
    world.trim().await;
    assert_eq!(world.numbers(), [0]);
    world.clock.advance(Duration::from_secs(11));
    world.trim().await;
    let left = world.store.read(|read| Ok::<_, Error>((shards(read, &world.lane)?, rows::kept(read, &world.lane)?)));
    assert_eq!(left.expect("memory is there"), (vec![], None));
}

#[tokio::test]
async fn a_time_leads_to_the_first_record_that_is_not_older() {
    let world = world().await;
    for _ in 0..5 {
        world.write("record").await;
        world.clock.advance(Duration::from_secs(1));
    }
    for (millis, wanted) in [(-1, 0), (0, 0), (1, 1), (2_000, 2), (4_000, 4), (4_001, 5)] {
        let found = world.store.read(|read| first_since(read, &world.lane, 0, Timestamp::from_millis(millis)));
        assert_eq!(found.expect("memory is there"), wanted, "{millis}");
    }
}

#[test]
fn a_sequence_number_reads_back_in_its_own_shard_only() {
    for numbering in [Numbering::Table, Numbering::Data] {
        let sequence = Sequence { numbering, created_millis: 1_764_000_000_000, index: 3, number: 17 };
        let text = sequence.to_string();
        assert_eq!(numbering.parse(&text, 1_764_000_000_000, 3), Some(17), "{text}");
        assert_eq!(numbering.parse(&text, 1_764_000_000_001, 3), None, "{text}");
        assert!(Sequence { number: 18, ..sequence }.to_string() > text);
    }
}
