//! kill -9 in the middle of load: a process commits and prints what was acknowledged; after its end that must be there.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use store::key::{Key, Space};
use store::{BlobRef, Error, Options, Read, Store};

const SPACE: Space = Space::new(1);
const CLIENTS: u64 = 16;
const LARGE_EVERY: u64 = 50;

/// What all rounds together acknowledged, and what of it was gone.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Tally {
    pub rounds: u64,
    pub acknowledged: u64,
    pub lost: u64,
}

/// Kills `loader` (a program that calls [`load`] with the directory and round it is given) again and again.
pub fn run(loader: &Path, directory: &Path, rounds: u64, mut each: impl FnMut(&Tally)) -> Tally {
    let mut tally = Tally::default();
    for round in 0..rounds {
        let acknowledged = one_round(loader, directory, round);
        let store = Store::open(directory, Options::default()).expect("a killed store opens again");
        let lost = acknowledged.iter().filter(|(client, number)| !is_there(&store, round, *client, *number)).count();
        tally.rounds += 1;
        tally.acknowledged += acknowledged.len() as u64;
        tally.lost += lost as u64;
        each(&tally);
    }
    tally
}

/// Runs the loader until some random instant after its first acknowledgement; gives what it acknowledged.
fn one_round(loader: &Path, directory: &Path, round: u64) -> BTreeSet<(u64, u64)> {
    let mut child = Command::new(loader)
        .arg("load")
        .arg(directory)
        .arg(round.to_string())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the loader starts");
    let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
    let first = lines.next().expect("the loader acknowledges something").expect("text");
    let mut wait = [0; 1];
    getrandom::fill(&mut wait).expect("random");
    let reader = std::thread::spawn(move || {
        // A last line that was cut off by the end was not acknowledged: nobody could read it.
        lines.map_while(Result::ok).chain([first]).filter_map(|line| parse(&line)).collect::<BTreeSet<_>>()
    });
    std::thread::sleep(Duration::from_millis(u64::from(wait[0]))); // the random instant itself: nothing is waited for
    child.kill().expect("it runs until it is killed");
    child.wait().expect("it has ended");
    reader.join().expect("no panic")
}

fn parse(line: &str) -> Option<(u64, u64)> {
    let (client, number) = line.strip_suffix('.')?.split_once(' ')?;
    Some((client.parse().ok()?, number.parse().ok()?))
}

fn row(round: u64, client: u64, number: u64) -> Vec<u8> {
    Key::global(SPACE).number(round).number(client).number(number).build()
}

fn body(number: u64) -> Vec<u8> {
    vec![number as u8; 100_000]
}

fn is_there(store: &Store, round: u64, client: u64, number: u64) -> bool {
    let value = store.read(|snapshot| snapshot.get(&row(round, client, number))).expect("readable");
    match value {
        Some(text) if number.is_multiple_of(LARGE_EVERY) => {
            let blob = BlobRef::parse(&String::from_utf8_lossy(&text)).expect("a blob's name");
            store.blobs().read(&blob).is_ok_and(|read| read == body(number))
        }
        Some(value) => value.as_ref() == number.to_be_bytes(),
        None => false,
    }
}

/// Commits for ever, and says so on standard output after each acknowledgement. Ends by being killed.
pub fn load(directory: &Path, round: u64) -> ! {
    let store = Store::open(directory, Options::default()).expect("opened");
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().expect("a runtime");
    runtime.block_on(async {
        let clients = (0..CLIENTS).map(|client| tokio::spawn(commit_for_ever(store.clone(), round, client)));
        for client in clients.collect::<Vec<_>>() {
            client.await.expect("no panic").expect("committed");
        }
    });
    unreachable!("clients commit for ever")
}

async fn commit_for_ever(store: Store, round: u64, client: u64) -> Result<(), Error> {
    for number in 1.. {
        let blob = match number % LARGE_EVERY {
            0 => Some(store.blobs().put(body(number).into())?),
            _ => None,
        };
        store
            .transact(|tx| {
                match &blob {
                    Some(blob) => {
                        tx.keep_blob(blob);
                        tx.put(row(round, client, number), blob.to_string().into_bytes());
                    }
                    None => tx.put(row(round, client, number), number.to_be_bytes().to_vec()),
                }
                tx.append(Key::global(SPACE).text("log").build(), number.to_be_bytes().to_vec());
                Ok::<_, Error>(())
            })
            .await?;
        let line = format!("{client} {number}.\n");
        std::io::stdout().write_all(line.as_bytes()).expect("the harness listens");
    }
    Ok(())
}
