//! Data streams on the memory store.

use std::collections::BTreeSet;

use bytes::Bytes;
use proptest::prelude::*;
use store::Store;

use super::*;
use crate::name::{AccountId, Region};
use crate::stream;

fn id() -> StreamId {
    let region = Region::parse("eu-central-1").expect("a region");
    let scope = Scope { account: AccountId::default(), region };
    StreamId { scope, name: StreamName::parse("clicks").expect("a name") }
}

async fn with_shards(count: u64) -> Store {
    let store = Store::memory();
    let made = store.transact(|tx| create(tx, &id(), count, Mode::Provisioned, &BTreeMap::new()));
    made.await.expect("it is the first");
    store
}

async fn put_key(store: &Store, key: &str) -> Placed {
    let record = NewRecord { key: key.to_owned(), hash: None, data: Bytes::from_static(b"data") };
    let placed = store.transact(|tx| put(tx, &id(), std::slice::from_ref(&record))).await.expect("it is there");
    placed.into_iter().next().expect("there is one")
}

fn shards(store: &Store) -> Vec<Shard> {
    let found: Result<_, Error> = store.read(|read| {
        let stream = find(read, &id())?;
        Ok(stream::shards(read, &stream.lane)?)
    });
    found.expect("it is there")
}

/// The open shards cover all hashes, each once.
fn covers(store: &Store) {
    let mut open: Vec<(u128, u128)> =
        shards(store).iter().filter(|shard| shard.is_open()).filter_map(|shard| shard.hashes).collect();
    open.sort_unstable();
    assert_eq!((open[0].0, open[open.len() - 1].1), (0, u128::MAX));
    assert!(open.windows(2).all(|pair| pair[0].1 + 1 == pair[1].0), "{open:?}");
}

proptest! {
    #[test]
    fn even_shards_cover_all_hashes_each_once(count in 1_u64..600) {
        let hashes: Vec<(u128, u128)> = reshard::even(count).collect();
        prop_assert_eq!(hashes.len() as u64, count);
        prop_assert_eq!((hashes[0].0, hashes[hashes.len() - 1].1), (0, u128::MAX));
        prop_assert!(hashes.windows(2).all(|pair| pair[0].1 + 1 == pair[1].0));
    }
}

#[tokio::test]
async fn records_of_one_key_are_in_one_shard_and_numbered_in_their_order() {
    let store = with_shards(3).await;
    let placed = [put_key(&store, "a").await, put_key(&store, "a").await, put_key(&store, "a").await];
    assert_eq!(placed.each_ref().map(|placed| placed.number), [0, 1, 2]);
    assert!(placed.iter().all(|one| one.shard == placed[0].shard));
    let keys = (0..64).map(|number| number.to_string());
    let mut used = BTreeSet::new();
    for key in keys {
        used.insert(put_key(&store, &key).await.shard.index);
    }
    assert_eq!(used, BTreeSet::from([0, 1, 2]));
}

#[tokio::test]
async fn shards_split_merge_and_are_counted_anew_without_a_gap() {
    let store = with_shards(1).await;
    let half = 1 << 127;
    store.transact(|tx| split(tx, &id(), 0, half)).await.expect("it parts the hashes");
    covers(&store);
    assert_eq!(
        shards(&store).iter().map(|shard| shard.parents.clone()).collect::<Vec<_>>(),
        [vec![], vec![0], vec![0]]
    );
    let again = store.transact(|tx| split(tx, &id(), 0, half)).await;
    assert!(matches!(again, Err(Error::Closed(0))));
    let wrong = store.transact(|tx| split(tx, &id(), 1, half)).await;
    assert!(matches!(wrong, Err(Error::BadSplit { .. })));
    store.transact(|tx| set_count(tx, &id(), 4)).await.expect("it is twice as many");
    covers(&store);
    let apart = store.transact(|tx| merge(tx, &id(), 3, 5)).await;
    assert!(matches!(apart, Err(Error::NotAdjacent(3, 5))));
    store.transact(|tx| merge(tx, &id(), 4, 3)).await.expect("they are neighbours");
    covers(&store);
    assert_eq!(shards(&store).last().map(|shard| shard.parents.clone()), Some(vec![3, 4]));
    let far = store.transact(|tx| set_count(tx, &id(), 7)).await;
    assert!(matches!(far, Err(Error::TooFar { from: 3, to: 7 })));
}

#[tokio::test]
async fn a_deleted_stream_takes_its_consumers_along_only_when_told() {
    let store = with_shards(1).await;
    let name = StreamName::parse("reader").expect("a name");
    store.transact(|tx| consumer::register(tx, &id(), &name)).await.expect("it is the first");
    let kept = store.transact(|tx| delete(tx, &id(), false)).await;
    assert!(matches!(kept, Err(Error::HasConsumers)));
    store.transact(|tx| delete(tx, &id(), true)).await.expect("it is there");
    assert!(matches!(store.read(|read| find(read, &id())), Err(Error::NoSuchStream)));
    let again = store.transact(|tx| create(tx, &id(), 1, Mode::Provisioned, &BTreeMap::new())).await;
    let left = store.read(|read| consumer::list(read, &again.expect("the name is free"))).expect("memory is there");
    assert_eq!(left, []);
}
