//! Backups, the past of tables, and the tables that are made of them.

use super::*;
use crate::table::backup::{self, BackupId, Changed, Kind, ListBackups, Restore, Source};

/// All long work that is due.
async fn settle(tables: &Tables) {
    while tables.do_job().await.expect("memory works") {}
}

fn restored(name: &str, source: Source) -> Restore {
    Restore { target: id(name), source, changed: Changed::default() }
}

/// The same items in the table and in its index, counted.
fn holds(tables: &Tables, name: &str, model: &Model, seed: u64) {
    let scan = |index: Option<&str>| {
        let read = crate::table::Read {
            table: id(name),
            index: index.map(str::to_owned),
            filter: None,
            select: None,
            limit: None,
            start: None,
            consistent: false,
        };
        tables.scan(&Scan { read, segment: None }).expect("it can be read").items
    };
    assert_eq!(sorted(scan(None)), sorted(model.values().cloned()), "seed {seed}");
    let indexed = model.values().filter(|item| item.contains_key("extra"));
    assert_eq!(sorted(scan(Some("local"))), sorted(indexed.cloned()), "seed {seed}");
    let (_, counted, _) = tables.describe(&id(name)).expect("it is there");
    assert_eq!(counted.items, model.len() as i64, "seed {seed}");
}

#[tokio::test]
async fn a_backup_is_the_table_as_it_was_and_outlives_it() {
    let tables = Tables::open(Store::memory());
    tables.create(&new_table()).await.expect("the definition is right");
    let (mut model, mut dice) = (Model::new(), Dice::of(3));
    for _ in 0..150 {
        step(&tables, &mut model, &mut dice).await;
    }
    let made = tables.back_up(&id("tab"), "first").await.expect("the table is there");
    assert!(!made.available);
    let early = restored("new", Source::Backup(made.id.clone()));
    let refused = tables.restore(&early).await.expect_err("it is not made yet");
    assert!(matches!(refused, Error::Backup(backup::Error::BackupInUse)), "{refused}");
    settle(&tables).await;
    let then = model.clone();
    for _ in 0..50 {
        step(&tables, &mut model, &mut dice).await;
    }
    tables.delete(&id("tab")).await.expect("it is there");
    while tables.work(true).await.expect("memory works") {}
    let found = tables.backup(&made.id).expect("it is there");
    assert!(found.available && found.counted.items == then.len() as i64, "{found:?}");

    let table = tables.restore(&early).await.expect("the backup is there");
    assert!(table.settings.loading);
    let write = Write::new(id("new"), Action::Put(Item::new()));
    let refused = tables.write(&write).await.expect_err("it is being filled");
    assert!(matches!(refused, Error::NoSuchTable { .. }), "{refused}");
    assert!(matches!(tables.delete(&id("new")).await, Err(Error::InUse(_))));
    let busy = tables.delete_backup(&made.id).await.expect_err("it is being restored");
    assert!(matches!(busy, Error::Backup(backup::Error::BackupInUse)), "{busy}");
    settle(&tables).await;
    holds(&tables, "new", &then, 3);
    let again = tables.restore(&early).await.expect_err("there is one");
    assert!(matches!(again, Error::TableExists { .. }), "{again}");

    tables.delete_backup(&made.id).await.expect("nothing reads it");
    let gone = tables.backup(&made.id).expect_err("it was deleted");
    assert!(matches!(gone, Error::Backup(backup::Error::NoSuchBackup)), "{gone}");
    holds(&tables, "new", &then, 3);
}

#[tokio::test]
async fn each_second_of_the_past_can_be_restored() {
    for seed in 1..=5 {
        let clock = Arc::new(ManualClock::at(Timestamp::from_millis(1_000_000_500)));
        let tables = Tables::open(Store::memory_with(clock.clone(), seed));
        tables.create(&new_table()).await.expect("the definition is right");
        let none = restored("none", Source::Past { table: id("tab"), at: None });
        let refused = tables.restore(&none).await.expect_err("the past is not kept");
        assert!(matches!(refused, Error::Backup(backup::Error::NoPast { .. })), "{refused}");
        let (mut model, mut dice) = (Model::new(), Dice::of(seed));
        for _ in 0..20 {
            step(&tables, &mut model, &mut dice).await;
        }
        tables.set_history(&id("tab"), Some(35)).await.expect("the table is there");
        let mut ends: Vec<(i64, Model)> = Vec::new();
        for second in 1_000_001..1_000_006 {
            clock.set(Timestamp::from_millis(second * 1_000 + 100));
            for _ in 0..dice.roll(12) {
                step(&tables, &mut model, &mut dice).await;
                clock.advance(Duration::from_millis(50));
            }
            ends.push((second, model.clone()));
        }
        clock.set(Timestamp::from_millis(1_000_010_000));
        for (second, then) in &ends {
            let name = format!("at-{second}");
            let at = Some(Timestamp::from_millis(second * 1_000));
            tables.restore(&restored(&name, Source::Past { table: id("tab"), at })).await.expect("it is known");
            settle(&tables).await;
            holds(&tables, &name, then, seed);
        }
        for outside in [999_999_000, 1_000_000_000, 1_000_011_000] {
            let at = Some(Timestamp::from_millis(outside));
            let refused = tables.restore(&restored("never", Source::Past { table: id("tab"), at })).await;
            let refused = refused.expect_err("it is not known");
            assert!(matches!(refused, Error::Backup(backup::Error::OutsidePast)), "{outside} {refused}");
        }
    }
}

#[tokio::test]
async fn the_past_goes_when_it_is_too_old_or_no_longer_wanted() {
    let clock = Arc::new(ManualClock::at(Timestamp::from_millis(1_000_000_000)));
    let store = Store::memory_with(clock.clone(), 1);
    let tables = Tables::open(store.clone());
    let table = tables.create(&new_table()).await.expect("the definition is right");
    let rows = |store: &Store| {
        let all = crate::table::history::all(&table).range();
        store.read(|read| store::Read::scan(read, all, Order::Forward, 10_000)).map(|rows| rows.len()).expect("memory")
    };
    let (mut model, mut dice) = (Model::new(), Dice::of(9));
    tables.set_history(&id("tab"), Some(1)).await.expect("the table is there");
    for _ in 0..30 {
        step(&tables, &mut model, &mut dice).await;
    }
    assert!(rows(&store) > 0);
    clock.advance(Duration::from_secs(2 * 24 * 3600));
    for _ in 0..10 {
        step(&tables, &mut model, &mut dice).await;
    }
    let both = rows(&store);
    settle(&tables).await;
    let left = rows(&store);
    assert!(0 < left && left < both, "{left} of {both}");
    tables.set_history(&id("tab"), None).await.expect("the table is there");
    while tables.work(true).await.expect("memory works") {}
    assert_eq!(rows(&store), 0);
}

#[tokio::test]
async fn a_deleted_table_with_a_past_leaves_a_backup_for_its_last_days() {
    let clock = Arc::new(ManualClock::at(Timestamp::from_millis(1_000_000_000)));
    let tables = Tables::open(Store::memory_with(clock.clone(), 1));
    tables.create(&new_table()).await.expect("the definition is right");
    let (mut model, mut dice) = (Model::new(), Dice::of(5));
    tables.set_history(&id("tab"), Some(35)).await.expect("the table is there");
    for _ in 0..30 {
        step(&tables, &mut model, &mut dice).await;
    }
    tables.delete(&id("tab")).await.expect("it is there");
    settle(&tables).await;
    while tables.work(true).await.expect("memory works") {}
    let list = ListBackups {
        account: AccountId::default(),
        region: id("tab").region,
        table: Some("tab".to_owned()),
        from: None,
        to: None,
        kind: Some(Kind::System),
        after: None,
        limit: 10,
    };
    let listed = || tables.backups(&list).expect("memory works").0;
    let [backup] = &listed()[..] else { panic!("there is one") };
    assert_eq!(backup.name, "tab$DeletedTableBackup");
    let backup: BackupId = backup.id.clone();
    tables.restore(&restored("new", Source::Backup(backup))).await.expect("it is there");
    settle(&tables).await;
    holds(&tables, "new", &model, 5);
    clock.advance(Duration::from_secs(36 * 24 * 3600));
    settle(&tables).await;
    assert!(listed().is_empty());
}
