//! Scripts: lines of `second command`, and what they answer. See [`Script::run`].

mod rules;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use store::clock::ManualClock;
use store::{Store, Timestamp};
use tokio::sync::watch;

use super::settings::{Extent, Fifo, Redrive};
use super::*;
use crate::function::Scope;
use crate::name::{AccountId, Region};

const START: Timestamp = Timestamp::from_millis(1_764_000_000_000);

pub fn id(name: &str) -> QueueId {
    let region = Region::parse("eu-central-1").expect("a region");
    QueueId {
        scope: Scope { account: AccountId::default(), region },
        name: QueueName::parse(name).expect("a queue name"),
    }
}

pub struct Script {
    store: Store,
    clock: Arc<ManualClock>,
    queues: Queues,
    /// The last receipt of each body.
    receipts: HashMap<String, String>,
    stop: watch::Sender<bool>,
}

impl Script {
    pub fn new() -> Script {
        let clock = Arc::new(ManualClock::at(START));
        let store = Store::memory_with(clock.clone(), 1);
        let stop = watch::Sender::new(false);
        let queues = Queues::new(store.clone(), stop.subscribe());
        Script { store, clock, queues, receipts: HashMap::new(), stop }
    }

    /// One line: `second command words..`. Answers what consumers see, or the error.
    async fn line(&mut self, line: &str) -> Result<String, Error> {
        let mut words = line.split_whitespace();
        let mut next = || words.next().unwrap_or_default();
        let at: u64 = next().parse().expect("a line begins with a second");
        self.clock.set(START + Duration::from_secs(at));
        let (command, queue) = (next(), next());
        let words: Vec<&str> = line.split_whitespace().skip(3).collect();
        match command {
            "restart" => {
                self.queues = Queues::new(self.store.clone(), self.stop.subscribe());
                Ok(String::new())
            }
            _ => self.command(command, &id(queue), &words).await,
        }
    }

    async fn command(&mut self, command: &str, queue: &QueueId, words: &[&str]) -> Result<String, Error> {
        let word = |index: usize| words.get(index).copied().unwrap_or_default();
        let receipt = |body: &str| self.receipts.get(body).cloned().unwrap_or_else(|| body.to_owned());
        match command {
            "create" => {
                let settings = settings(queue, words);
                let created = self.queues.create(queue, Create { settings, tags: Default::default() }).await?;
                Ok(if created == Created::Now { String::new() } else { "before".to_owned() })
            }
            "send" => {
                let message = message(queue, words);
                let sent = self.queues.send(queue, vec![message]).await?.remove(0)?;
                Ok(sent.sequence.map(|number| number.to_string()).unwrap_or_default())
            }
            "receive" => {
                let number = |key: &str| words.iter().find_map(|word| word.strip_prefix(key)?.parse::<u64>().ok());
                let ask = Receive {
                    max: number("max=").map(|max| usize::try_from(max).expect("it is small")),
                    visibility: number("visibility=").map(Duration::from_secs),
                    wait: None,
                    attempt: words.iter().find_map(|word| word.strip_prefix("attempt=")).map(str::to_owned),
                };
                let received = self.queues.receive(queue, &ask).await?;
                let shown = received.iter().map(|one| format!("{}:{}", one.message.body, one.receives));
                let shown: Vec<String> = shown.collect();
                let receipts = received.into_iter().map(|one| (one.message.body, one.receipt));
                self.receipts.extend(receipts);
                Ok(if shown.is_empty() { "-".to_owned() } else { shown.join(" ") })
            }
            "delete" => {
                let receipts = words.iter().map(|body| receipt(body)).collect();
                let results = self.queues.delete(queue, receipts).await?;
                results.into_iter().collect::<Result<(), Error>>().map(|()| String::new())
            }
            "hide" => {
                let seconds = Duration::from_secs(word(1).parse().expect("seconds"));
                let mut results = self.queues.change_visibility(queue, vec![(receipt(word(0)), seconds)]).await?;
                results.remove(0).map(|()| String::new())
            }
            "counts" => {
                let Counts { visible, in_flight, delayed } = self.queues.counts(queue).await?;
                Ok(format!("{visible} {in_flight} {delayed}"))
            }
            "purge" => self.queues.purge(queue).await.map(|()| String::new()),
            "remove" => self.queues.remove(queue).await.map(|()| String::new()),
            "old" => {
                let old = self.queues.with_old_messages()?;
                let names: Vec<&str> = old.iter().map(|id| id.name.as_str()).collect();
                Ok(format!("{} of {} open", names.join(" "), self.queues.open().len()).trim_start().to_owned())
            }
            "collect" => self.queues.collect_garbage().await.map(|()| String::new()),
            other => panic!("no command {other}"),
        }
    }

    pub async fn run(&mut self, script: &str) -> String {
        let mut said = Vec::new();
        for line in script.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let second = line.split(' ').next().unwrap_or_default();
            match self.line(line).await {
                Ok(answer) if answer.is_empty() => {}
                Ok(answer) => said.push(format!("{second} {answer}")),
                Err(error) => said.push(format!("{second} {}", named(&error))),
            }
        }
        said.join("\n")
    }
}

fn named(error: &Error) -> String {
    let text = format!("{error:?}");
    text.split(['(', ' ']).next().unwrap_or_default().to_owned()
}

/// `visibility=1 delay=1 retention=60 dead=queue/3 content group`
fn settings(queue: &QueueId, words: &[&str]) -> Settings {
    let mut settings = Settings::default();
    if queue.name.is_fifo() {
        settings.fifo = Some(Fifo::default());
    }
    for word in words {
        let (key, value) = word.split_once('=').unwrap_or((word, ""));
        let seconds = || Duration::from_secs(value.parse().expect("seconds"));
        match key {
            "visibility" => settings.visibility = seconds(),
            "delay" => settings.delay = seconds(),
            "retention" => settings.retention = seconds(),
            "dead" => {
                let (target, receives) = value.split_once('/').expect("a queue and a number");
                let receives_max = receives.parse().expect("a number");
                settings.redrive = Some(Redrive { queue: id(target), receives_max });
            }
            "content" => settings.fifo = settings.fifo.map(|fifo| Fifo { by_content: true, ..fifo }),
            "group" => settings.fifo = settings.fifo.map(|fifo| Fifo { deduplication: Extent::Group, ..fifo }),
            other => panic!("no setting {other}"),
        }
    }
    settings
}

/// `body delay=1` or, in a FIFO queue, `body group id`.
fn message(queue: &QueueId, words: &[&str]) -> NewMessage {
    let delay = words.iter().find_map(|word| word.strip_prefix("delay="));
    let mut message = NewMessage {
        body: words[0].to_owned(),
        delay: delay.map(|delay| Duration::from_secs(delay.parse().expect("seconds"))),
        ..NewMessage::default()
    };
    if let Some(bytes) = words[0].strip_prefix("long:") {
        message.body = "x".repeat(bytes.parse().expect("a number"));
    }
    if queue.name.is_fifo() {
        message.group = words.get(1).map(|group| (*group).to_owned());
        message.deduplication_id = words.get(2).map(|id| (*id).to_owned());
    }
    message
}

pub async fn check(script: &str, wanted: &str) {
    let lines = |text: &str| text.lines().map(|line| line.trim().to_owned()).collect::<Vec<_>>();
    assert_eq!(lines(&Script::new().run(script).await), lines(wanted), "{script}");
}
