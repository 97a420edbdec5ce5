use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::{Journal, Page, Query, segment_name};
use crate::clock::{ManualClock, Timestamp};
use crate::disk::{Disk, MemoryDisk};
use crate::engine::Order;
use crate::halt::{self, Halt};

struct World {
    disk: MemoryDisk,
    clock: Arc<ManualClock>,
}

impl World {
    fn new() -> World {
        World { disk: MemoryDisk::default(), clock: Arc::default() }
    }

    fn open(&self) -> Journal {
        Journal::open(Arc::new(self.disk.clone()), Path::new("/"), self.clock.clone(), Halt::new(halt::abort()))
            .expect("opened")
    }
}

fn all(stream_prefix: &str) -> Query<'_> {
    let (from, to) = (Timestamp::from_millis(0), Timestamp::from_millis(i64::MAX));
    Query { stream_prefix, from, to, order: Order::Forward, beyond: None, limit: 1000 }
}

fn texts(page: &Page) -> Vec<String> {
    page.records.iter().map(|record| String::from_utf8_lossy(&record.bytes).into_owned()).collect()
}

fn say(journal: &Journal, stream: &str, at: i64, text: &str) {
    let at = Timestamp::from_millis(at);
    journal.append(stream, &(at..=at), text.as_bytes()).expect("appended");
}

#[test]
fn records_are_read_by_stream_and_time_in_both_directions() {
    let journal = World::new().open();
    say(&journal, "a\0one", 1, "first");
    say(&journal, "b\0one", 2, "other");
    say(&journal, "a\0two", 3, "second");
    let read = |query: Query| texts(&journal.read(&query).expect("read"));
    assert_eq!(read(all("a\0")), ["first", "second"]);
    assert_eq!(read(all("a\0two")), ["second"]);
    assert_eq!(read(all("")), ["first", "other", "second"]);
    assert_eq!(read(Query { order: Order::Reverse, ..all("") }), ["second", "other", "first"]);
    assert_eq!(read(Query { from: Timestamp::from_millis(2), ..all("") }), ["other", "second"]);
    assert_eq!(read(Query { to: Timestamp::from_millis(2), ..all("") }), ["first"]);
    assert_eq!(read(Query { order: Order::Reverse, limit: 1, ..all("a\0") }), ["second"]);
}

#[test]
fn every_stream_is_listed_over_segments_crashes_and_retention() {
    let world = World::new();
    let listed = |journal: &Journal, prefix: &str| {
        let streams = journal.streams(prefix).expect("listed").into_iter();
        let shown = streams.map(|(name, totals)| {
            format!("{} {}-{} {}", name.replace('\0', "/"), totals.first.millis(), totals.last.millis(), totals.bytes)
        });
        shown.collect::<Vec<_>>()
    };
    let journal = world.open();
    let times = Timestamp::from_millis(1)..=Timestamp::from_millis(5);
    journal.append("a\0one", &times, b"1234").expect("appended");
    say(&journal, "b\0one", 2, "x");
    journal.sync().expect("synced");
    world.clock.advance(Duration::from_secs(3600));
    journal.sync().expect("begins the next segment");
    say(&journal, "a\0one", 3_600_000, "56");
    say(&journal, "a\0two", 3_600_001, "7");
    assert_eq!(listed(&journal, "a\0"), ["a/one 1-3600000 6", "a/two 3600001-3600001 1"]);
    assert_eq!(listed(&journal, ""), ["a/one 1-3600000 6", "a/two 3600001-3600001 1", "b/one 2-2 1"]);
    drop(journal);
    // The last segment was not closed.
    let journal = world.open();
    assert_eq!(listed(&journal, "a\0"), ["a/one 1-3600000 6", "a/two 3600001-3600001 1"]);
    journal.drop_before(Timestamp::from_millis(10)).expect("dropped");
    assert_eq!(listed(&journal, ""), ["a/one 3600000-3600000 2", "a/two 3600001-3600001 1"]);
}

#[test]
fn pages_join_without_gap_or_repeat_over_segments_and_restarts() {
    let world = World::new();
    let mut expected = Vec::new();
    for round in 0..5 {
        let journal = world.open();
        for number in 0..400 {
            let text = format!("{round}-{number}-{}", "x".repeat(500));
            say(&journal, if number % 3 == 0 { "a\0s" } else { "b\0s" }, number, &text);
            if number % 3 == 0 {
                expected.push(text);
            }
            if number == 200 {
                journal.sync().expect("synced");
                world.clock.advance(Duration::from_secs(3600));
                journal.sync().expect("rolled");
            }
        }
    }
    let journal = world.open();
    for order in [Order::Forward, Order::Reverse] {
        let (mut found, mut beyond) = (Vec::new(), None);
        loop {
            let page = journal.read(&Query { order, beyond, limit: 7, ..all("a\0") }).expect("read");
            found.extend(texts(&page));
            beyond = page.resume;
            if !page.more {
                break;
            }
        }
        if order == Order::Reverse {
            found.reverse();
        }
        assert_eq!(found, expected, "{order:?}");
    }
}

#[test]
fn whoever_follows_the_end_sees_each_record_once() {
    let world = World::new();
    let journal = world.open();
    let mut beyond = Some(journal.end());
    for number in 0..50 {
        say(&journal, "s", number, &number.to_string());
        if number % 10 == 3 {
            journal.sync().expect("synced");
            world.clock.advance(Duration::from_secs(3600));
        }
        let page = journal.read(&Query { beyond, ..all("") }).expect("read");
        assert_eq!(texts(&page), [number.to_string()]);
        beyond = page.resume;
    }
    assert_eq!(journal.read(&Query { beyond: Some(journal.end()), ..all("") }).expect("read").records, []);
}

#[test]
fn a_torn_end_is_cut_and_what_is_whole_stays() {
    for cut in 1..30 {
        let world = World::new();
        let journal = world.open();
        say(&journal, "s", 1, "whole");
        say(&journal, "s", 2, "torn");
        drop(journal);
        let path = Path::new("/journal").join(segment_name(1));
        let length = world.disk.length(&path).expect("there");
        world.disk.append(&path).and_then(|mut file| file.truncate(length - cut.min(20))).expect("cut");
        let journal = world.open();
        assert_eq!(texts(&journal.read(&all("")).expect("read")), ["whole"], "cut {cut}");
        say(&journal, "s", 3, "after");
        assert_eq!(texts(&journal.read(&all("")).expect("read")), ["whole", "after"]);
    }
}

#[test]
fn old_segments_go_whole() {
    let world = World::new();
    let journal = world.open();
    for hour in 0..4 {
        say(&journal, "s", hour * 3_600_000, &hour.to_string());
        journal.sync().expect("synced");
        world.clock.advance(Duration::from_secs(3600));
        say(&journal, "s", hour * 3_600_000 + 1, "late");
        journal.sync().expect("rolled");
    }
    let dropped = journal.drop_before(Timestamp::from_millis(2 * 3_600_000)).expect("dropped");
    assert_eq!(dropped, 2);
    assert_eq!(texts(&journal.read(&all("")).expect("read")), ["2", "late", "3", "late"]);
    drop(journal);
    assert_eq!(texts(&world.open().read(&all("")).expect("read")), ["2", "late", "3", "late"]);
}
