//! How fast the store commits, beside a bare SQLite loop on the same disk in the same minutes.
//!
//! Run by `cargo xtask bench store`. A transaction is one get, two puts and one delete of 40-byte keys and 300-byte values
//! over 200,000 rows. Load generator: tasks on the same tokio runtime, one transaction at a time each. The parts are
//! interleaved: every round runs each of them once, ratios are taken within a round, and their medians are printed.

use std::cell::Cell;
use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rusqlite::{Connection, params};
use store::key::{Key, Space};
use store::{Error, Options, Read, Store, counter};

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// As the program has it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const SPACE: Space = Space::new(1);
const ROWS: u64 = 200_000;
const VALUE_BYTES: usize = 300;
const SLOWER: Duration = Duration::from_millis(1);

/// What a run gave.
#[derive(Clone, Copy)]
struct Rate {
    per_second: f64,
    /// Of one transaction, or of one batch.
    p50: Duration,
    /// Transactions that shared a commit, on average.
    batch: u64,
}

/// What is measured, in the order of each round.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Part {
    Sync,
    /// Bare SQLite with the batch size that the store had with so many clients, just before.
    Bare {
        clients: u64,
    },
    Plain {
        clients: u64,
    },
    Slower {
        clients: u64,
    },
    OneKey {
        clients: u64,
    },
    WithAdd {
        clients: u64,
    },
    WithAppend {
        clients: u64,
    },
}

const PARTS: [Part; 16] = [
    Part::Sync,
    Part::Plain { clients: 1 },
    Part::Bare { clients: 1 },
    Part::Plain { clients: 16 },
    Part::Bare { clients: 16 },
    Part::Plain { clients: 64 },
    Part::Bare { clients: 64 },
    Part::Plain { clients: 128 },
    Part::Bare { clients: 128 },
    Part::WithAdd { clients: 128 },
    Part::WithAppend { clients: 128 },
    Part::OneKey { clients: 1 },
    Part::OneKey { clients: 128 },
    Part::Slower { clients: 1 },
    Part::Slower { clients: 64 },
    Part::Sync,
];

fn main() -> Result<(), Failure> {
    let mut arguments = std::env::args().skip(1);
    let parent = arguments.next().ok_or("give a directory on the disk to measure")?;
    let rounds: usize = arguments.next().map_or(Ok(15), |text| text.parse())?;
    let seconds: f64 = arguments.next().map_or(Ok(0.4), |text| text.parse())?;
    let load_seconds: u64 = arguments.next().map_or(Ok(60), |text| text.parse())?;
    let directory = tempfile::tempdir_in(parent)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;

    println!("filling {ROWS} rows, twice");
    let bare = Bare::open(&directory.path().join("bare"))?;
    let plain_path = directory.path().join("store");
    let plain = Store::open(&plain_path, Options::default())?;
    let slower_path = directory.path().join("slower");
    let slower = Store::open(&slower_path, Options { commit_delay: SLOWER, ..Options::default() })?;
    runtime.block_on(fill(&plain))?;
    runtime.block_on(fill(&slower))?;

    let time = Duration::from_secs_f64(seconds);
    let mut results: Vec<(Part, Vec<Rate>)> = PARTS.map(|part| (part, Vec::new())).into();
    for round in 1..=rounds {
        println!("round {round} of {rounds}");
        let mut batches = HashMap::new();
        for (part, rates) in &mut results {
            let rate = match *part {
                Part::Sync => time_syncs(directory.path(), time)?,
                Part::Bare { clients } => bare.run(batches[&clients], time)?,
                Part::Plain { clients } => {
                    let rate = runtime.block_on(load(&plain, clients, time, Extra::None))?;
                    batches.insert(clients, rate.batch);
                    rate
                }
                Part::Slower { clients } => runtime.block_on(load(&slower, clients, time, Extra::None))?,
                Part::OneKey { clients } => runtime.block_on(load(&plain, clients, time, Extra::OneKey))?,
                Part::WithAdd { clients } => runtime.block_on(load(&plain, clients, time, Extra::Add))?,
                Part::WithAppend { clients } => runtime.block_on(load(&plain, clients, time, Extra::Append))?,
            };
            let millis = rate.p50.as_secs_f64() * 1e3;
            println!("  {part:?}: {:.0}/s, p50 {millis:.2} ms, batches of {}", rate.per_second, rate.batch);
            rates.push(rate);
        }
    }
    let log_bytes = runtime.block_on(watch_log(&plain, &plain_path, Duration::from_secs(load_seconds)))?;
    report(&results, log_bytes, load_seconds)
}

fn report(results: &[(Part, Vec<Rate>)], log_bytes: u64, load_seconds: u64) -> Result<(), Failure> {
    // Ratios within each round, whose parts ran close together; then the median over the rounds.
    let over_rounds = |of: &dyn Fn(usize) -> f64| {
        let mut values: Vec<f64> = (0..results[0].1.len()).map(of).collect();
        values.sort_by(f64::total_cmp);
        values[values.len() / 2]
    };
    let of = |part: Part, round: usize| {
        let (_, rates) = results.iter().find(|(found, _)| *found == part).expect("all parts are measured");
        rates[round]
    };
    let ratio = |a: Part, b: Part| over_rounds(&|round| of(a, round).per_second / of(b, round).per_second);
    let p50_ratio =
        |a: Part, b: Part| over_rounds(&|round| of(a, round).p50.as_secs_f64() / of(b, round).p50.as_secs_f64());
    for (part, _) in &results[..results.len() - 1] {
        let rate = over_rounds(&|round| of(*part, round).per_second);
        println!("{part:?}: {rate:.0}/s, p50 {:.2} ms", over_rounds(&|round| of(*part, round).p50.as_secs_f64() * 1e3));
    }
    let sync = over_rounds(&|round| of(Part::Sync, round).p50.as_secs_f64() * 1e3);
    println!("bare sync of one page: p50 {sync:.3} ms");
    let mut missed = Vec::new();
    let line = |missed: &mut Vec<String>, what: &str, value: f64, bound: f64, holds: bool| {
        println!("{} {what}: {value:.2} (wanted {bound})", if holds { "ok    " } else { "MISSED" });
        if !holds {
            missed.push(what.to_owned());
        }
    };
    let mut at_least = |what: &str, value: f64, bound: f64| line(&mut missed, what, value, bound, value >= bound);
    let plain = |clients| Part::Plain { clients };
    for clients in [1, 16, 64, 128] {
        let against = ratio(plain(clients), Part::Bare { clients });
        let batch = over_rounds(&|round| of(plain(clients), round).batch as f64);
        at_least(&format!("{clients} clients against bare SQLite with the same batches, of {batch}"), against, 0.8);
    }
    at_least("64 clients against one", ratio(plain(64), plain(1)), 5.0);
    let slower = ratio(Part::Slower { clients: 64 }, Part::Slower { clients: 1 });
    at_least("64 clients against one, each sync 1 ms slower", slower, 13.0);
    let one_key = ratio(Part::OneKey { clients: 128 }, Part::OneKey { clients: 1 });
    at_least("128 clients on one key against one client", one_key, 10.0);
    at_least("with an Add to one counter", ratio(Part::WithAdd { clients: 128 }, plain(128)), 0.9);
    at_least("with an Append to one log", ratio(Part::WithAppend { clients: 128 }, plain(128)), 0.75);
    let alone = p50_ratio(plain(1), Part::Bare { clients: 1 });
    line(&mut missed, "one client's p50 against the bare commit's", alone, 1.3, alone <= 1.3);
    let log = log_bytes as f64 / (1024.0 * 1024.0);
    line(&mut missed, &format!("MB of write-ahead log at most, in {load_seconds} s of load"), log, 512.0, log < 512.0);
    match missed.is_empty() {
        true => Ok(()),
        false => Err(format!("missed: {}", missed.join("; ")).into()),
    }
}

/// How long the disk takes to make a page durable: the floor under every commit.
fn time_syncs(directory: &Path, time: Duration) -> Result<Rate, Failure> {
    use std::os::unix::fs::FileExt;
    let file = std::fs::File::create(directory.join("sync"))?;
    let (page, begun, mut times) = ([7u8; 4096], Instant::now(), Vec::new());
    while begun.elapsed() < time / 4 {
        let one = Instant::now();
        file.write_all_at(&page, (times.len() as u64 % 1024) * 4096)?;
        file.sync_data()?;
        times.push(one.elapsed());
    }
    Ok(rate_of(times.len() as u64, times.len() as u64, begun.elapsed(), times))
}

fn rate_of(count: u64, batches: u64, elapsed: Duration, mut times: Vec<Duration>) -> Rate {
    times.sort();
    let p50 = times.get(times.len() / 2).copied().unwrap_or_default();
    let batch = (count as f64 / batches.max(1) as f64).round().max(1.0) as u64;
    Rate { per_second: count as f64 / elapsed.as_secs_f64(), p50, batch }
}

fn row_key(number: u64) -> Vec<u8> {
    Key::new(SPACE, "000000000000", "here").number(number).build()
}

fn new_row_key(number: u64) -> Vec<u8> {
    Key::new(SPACE, "000000000000", "here").number(u64::MAX / 2 + number).build()
}

/// Pseudo-random row numbers.
fn scatter(number: u64) -> u64 {
    number.wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(29).wrapping_mul(0xBF58_476D_1CE4_E5B9) % ROWS
}

/// The value to write back: another one, because SQLite does not write a page whose row stays as it was.
fn changed(value: Option<Vec<u8>>, number: u64) -> Vec<u8> {
    let mut value = value.filter(|value| value.len() == VALUE_BYTES).unwrap_or_else(|| vec![2; VALUE_BYTES]);
    value[..8].copy_from_slice(&number.to_be_bytes());
    value
}

/// Plain SQLite with the same table, settings and transactions, in one thread: no tasks, no checks, no checksums.
struct Bare {
    connection: Connection,
    next: Cell<u64>,
}

impl Bare {
    fn open(directory: &Path) -> Result<Bare, Failure> {
        std::fs::create_dir_all(directory)?;
        let mut connection = Connection::open(directory.join("map.sqlite"))?;
        connection.execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -16384;
             CREATE TABLE map (key BLOB NOT NULL UNIQUE, value BLOB NOT NULL) STRICT;",
        )?;
        let filling = connection.transaction()?;
        for number in 0..ROWS {
            filling
                .prepare_cached("INSERT INTO map VALUES (?1, ?2)")?
                .execute(params![row_key(number), vec![1u8; VALUE_BYTES]])?;
        }
        filling.commit()?;
        Ok(Bare { connection, next: Cell::new(0) })
    }

    fn run(&self, batch: u64, time: Duration) -> Result<Rate, Failure> {
        let (begun, mut times) = (Instant::now(), Vec::new());
        while begun.elapsed() < time {
            let one = Instant::now();
            self.connection.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
            for _ in 0..batch {
                self.transaction()?;
            }
            self.connection.prepare_cached("COMMIT")?.execute([])?;
            times.push(one.elapsed());
        }
        Ok(rate_of(times.len() as u64 * batch, times.len() as u64, begun.elapsed(), times))
    }

    fn transaction(&self) -> Result<(), Failure> {
        let number = self.next.replace(self.next.get() + 1);
        let mut get = self.connection.prepare_cached("SELECT value FROM map WHERE key = ?1")?;
        let value: Option<Vec<u8>> = get.query_row(params![row_key(scatter(number))], |row| row.get(0)).ok();
        let mut put = self
            .connection
            .prepare_cached("INSERT INTO map VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = excluded.value")?;
        put.execute(params![row_key(scatter(number)), changed(value, number)])?;
        put.execute(params![new_row_key(number), vec![3u8; VALUE_BYTES]])?;
        let mut delete = self.connection.prepare_cached("DELETE FROM map WHERE key = ?1")?;
        delete.execute(params![new_row_key(number.saturating_sub(1000))])?;
        Ok(())
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Extra {
    None,
    Add,
    Append,
    /// Instead of the transaction: read, modify and write one key.
    OneKey,
}

async fn fill(store: &Store) -> Result<(), Error> {
    const AT_ONCE: u64 = 5_000;
    for from in (0..ROWS).step_by(usize::try_from(AT_ONCE).unwrap_or(1)) {
        store
            .transact(|tx| {
                (from..from + AT_ONCE).for_each(|number| tx.put(row_key(number), vec![1; VALUE_BYTES]));
                Ok::<_, Error>(())
            })
            .await?;
    }
    Ok(())
}

/// Numbers of transactions, over all runs: so that each inserts a row of its own.
static NEXT: AtomicU64 = AtomicU64::new(0);

async fn load(store: &Store, clients: u64, time: Duration, extra: Extra) -> Result<Rate, Failure> {
    let stop = Arc::new(AtomicBool::new(false));
    let batches = store.batches_written();
    let begun = Instant::now();
    let tasks: Vec<_> = (0..clients)
        .map(|_| {
            let (store, stop) = (store.clone(), stop.clone());
            tokio::spawn(async move {
                let mut times = Vec::new();
                while !stop.load(Ordering::Relaxed) {
                    let one = Instant::now();
                    transaction(&store, NEXT.fetch_add(1, Ordering::Relaxed), extra).await?;
                    times.push(one.elapsed());
                }
                Ok::<_, Error>(times)
            })
        })
        .collect();
    tokio::time::sleep(time).await;
    stop.store(true, Ordering::Relaxed);
    let elapsed = begun.elapsed();
    let mut times = Vec::new();
    for task in tasks {
        times.extend(task.await??);
    }
    Ok(rate_of(times.len() as u64, store.batches_written() - batches, elapsed, times))
}

async fn transaction(store: &Store, number: u64, extra: Extra) -> Result<(), Error> {
    let own = |name: &str| Key::new(SPACE, "000000000000", "here").text(name).build();
    store
        .transact(|tx| {
            if extra == Extra::OneKey {
                let before = tx.get(&own("hot"))?.and_then(|value| counter(&value)).unwrap_or(0);
                tx.put(own("hot"), (before + 1).to_be_bytes().to_vec());
                return Ok(());
            }
            let value = tx.get(&row_key(scatter(number)))?;
            tx.put(row_key(scatter(number)), changed(value.map(Vec::from), number));
            tx.put(new_row_key(number), vec![3; VALUE_BYTES]);
            tx.delete(new_row_key(number.saturating_sub(1000)));
            match extra {
                Extra::Add => tx.add(own("count"), 1),
                Extra::Append => tx.append(own("log"), vec![4; 40]),
                Extra::None | Extra::OneKey => {}
            }
            Ok(())
        })
        .await
}

/// The largest that the write-ahead log gets while there is load.
async fn watch_log(store: &Store, directory: &Path, time: Duration) -> Result<u64, Failure> {
    let path = directory.join("map.sqlite-wal");
    let watching = async {
        let (begun, mut most) = (Instant::now(), 0);
        while begun.elapsed() < time {
            most = most.max(std::fs::metadata(&path).map_or(0, |file| file.len()));
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        most
    };
    let (rate, most) = tokio::join!(load(store, 128, time, Extra::None), watching);
    println!("{} s of load with 128 clients: {:.0}/s", time.as_secs(), rate?.per_second);
    Ok(most)
}
