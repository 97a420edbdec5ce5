//! CloudWatch Logs: what functions wrote, read only.
//!
//! Start reading at [`TABLE`]. A group is there once its function has written something; groups are found in `group`,
//! events in `event`, the patterns that choose among them in `pattern`.

mod event;
mod group;
mod pattern;

use std::sync::LazyLock;

use serde_json::Value;
use services::run::BoxFuture;

use crate::call::Call;
use crate::error::{Error, Kind};
use crate::operation::{Members, Row, Table};
use crate::shapes::logs as shapes;

static INVALID: &Kind = &shapes::error::INVALID_PARAMETER_EXCEPTION;

pub static TABLE: LazyLock<Table> = LazyLock::new(|| Table {
    scope: "logs",
    service: &shapes::SERVICE,
    invalid: INVALID,
    rows: vec![
        Row::new(
            &shapes::DESCRIBE_LOG_GROUPS_OPERATION,
            "logs:DescribeLogGroups",
            all_groups,
            on_disk(group::describe_log_groups),
        ),
        Row::new(
            &shapes::DESCRIBE_LOG_STREAMS_OPERATION,
            "logs:DescribeLogStreams",
            group,
            on_disk(group::describe_log_streams),
        ),
        Row::new(
            &shapes::FILTER_LOG_EVENTS_OPERATION,
            "logs:FilterLogEvents",
            group,
            on_disk(event::filter_log_events),
        ),
        Row::new(&shapes::GET_LOG_EVENTS_OPERATION, "logs:GetLogEvents", group, on_disk(event::get_log_events)),
    ],
});

/// A handler that reads the journal, where its waiting for the disk holds up nobody else.
fn on_disk<I: Send + 'static, O: Send + 'static>(
    work: fn(Call, I) -> Result<O, Error>,
) -> impl Fn(Call, I) -> BoxFuture<'static, Result<O, Error>> + Copy + Send + Sync {
    move |call, input| {
        let working = tokio::task::spawn_blocking(move || work(call, input));
        Box::pin(async move { working.await.unwrap_or_else(|error| Err(Error::internal(&error))) })
    }
}

fn all_groups(call: &Call, _: &Members) -> String {
    call.arn("logs", "log-group:*")
}

/// The group that a request names, by name or by ARN.
fn group(call: &Call, members: &Members) -> String {
    let text = |key: &str| members.get(key).and_then(Value::as_str);
    match (text("logGroupIdentifier"), text("logGroupName")) {
        (Some(arn), _) if arn.starts_with("arn:") => format!("{arn}:*"),
        (Some(name), _) | (None, Some(name)) => call.arn("logs", format_args!("log-group:{name}:*")),
        (None, None) => "*".to_owned(),
    }
}

fn invalid(text: &'static str) -> Error {
    INVALID.with(text)
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use services::name::{AccountId, Region};

    use super::*;
    use crate::Peer;
    use crate::wire::{KEY, Wire};

    #[tokio::test]
    async fn who_reads_a_log_holds_up_nobody() {
        let wire = Wire::new().await;
        let known = wire.services.who(KEY, None, false).expect("it is the root's");
        let call = Call {
            services: wire.services.clone(),
            account: AccountId::default(),
            region: Region::parse("eu-central-1").expect("a region"),
            caller: known.principal,
            request_id: services::run::RequestId::draw(),
            authority: "localhost:4566".into(),
            headers: http::HeaderMap::new(),
            peer: Peer::Address(([203, 0, 113, 9], 50_000).into()),
        };
        let (sender, waited_for) = mpsc::channel();
        let reading = on_disk(|_, waited_for: mpsc::Receiver<u8>| Ok(waited_for.recv()))(call, waited_for);
        // On the one thread that this test has, nobody could send while it waits.
        let (read, sent) = tokio::join!(reading, async { sender.send(7) });
        assert_eq!((read.expect("it was read"), sent), (Ok(7), Ok(())));
    }
}
