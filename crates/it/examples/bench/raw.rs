//! The store alone, on the same disk: what services are held against.

use std::sync::Arc;
use std::time::{Duration, Instant};

use store::key::{Key, Space};
use store::{Error, Options, Store, Tx};
use tempfile::TempDir;
use tokio::runtime::Runtime;

const SPACE: Space = Space::new(0x7FFF);

/// What a client, by its number, does in its so-manieth step.
pub type Transaction = fn(&mut Tx, u64, u64) -> Result<(), Error>;

pub struct Raw {
    store: Store,
    runtime: Runtime,
    /// Removed last.
    _folder: TempDir,
}

impl Raw {
    pub fn open() -> Raw {
        let folder = tempfile::Builder::new().prefix("nought-raw-").tempdir().expect("a temporary folder");
        let store = Store::open(folder.path(), Options::default()).expect("a store");
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
        Raw { store, runtime, _folder: folder }
    }

    /// Runs clients at once; a step is the transactions that it names, one after the other. Steps per second.
    pub fn per_second(&self, clients: u64, time: Duration, step: &[Transaction]) -> f64 {
        let step: Arc<[_]> = step.into();
        let begun = Instant::now();
        let count: u64 = self.runtime.block_on(async {
            let clients = (0..clients).map(|client| {
                let (store, step) = (self.store.clone(), step.clone());
                tokio::spawn(async move {
                    let mut number = 0;
                    while begun.elapsed() < time {
                        for transaction in &*step {
                            store.transact(|tx| transaction(tx, client, number)).await.expect("committed");
                        }
                        number += 1;
                    }
                    number
                })
            });
            let mut count = 0;
            for client in clients.collect::<Vec<_>>() {
                count += client.await.expect("no client panics");
            }
            count
        });
        count as f64 / begun.elapsed().as_secs_f64()
    }
}

pub fn row(table: &str, client: u64, number: u64) -> Vec<u8> {
    Key::global(SPACE).text(table).number(client).number(number).build()
}

pub fn log(name: &str) -> Vec<u8> {
    Key::global(SPACE).text(name).build()
}

/// One get, two puts and one delete of 300 bytes, as in the store's own measurement.
pub fn transaction(tx: &mut Tx, client: u64, number: u64) -> Result<(), Error> {
    use store::Read;
    tx.get(&row("plain", client, number))?;
    tx.put(row("plain", client, 2 * number), vec![1; 300]);
    tx.put(row("plain", client, 2 * number + 1), vec![2; 300]);
    tx.delete(row("plain", client, number / 2));
    Ok(())
}
