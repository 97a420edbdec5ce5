//! What queues promise, as scripts.

use store::key::{Key, Space};
use store::{Order, Read};

use super::*;

#[tokio::test]
async fn a_received_message_hides_until_its_deadline_and_then_returns() {
    check(
        "0 create jobs visibility=30
         1 send jobs hello
         2 receive jobs
         31 receive jobs
         32 receive jobs
         33 delete jobs hello
         99 receive jobs",
        "2 hello:1
         31 -
         32 hello:2
         99 -",
    )
    .await;
}

#[tokio::test]
async fn messages_come_in_the_order_in_which_they_were_sent_up_to_ten_at_once() {
    check(
        "0 create jobs
         0 send jobs a
         0 send jobs b
         0 send jobs c
         1 receive jobs max=2
         1 receive jobs max=10
         1 receive jobs",
        "1 a:1 b:1
         1 c:1
         1 -",
    )
    .await;
}

#[tokio::test]
async fn what_was_delayed_is_counted_apart_and_comes_when_it_is_due() {
    check(
        "0 create jobs delay=5
         0 send jobs a
         0 send jobs b delay=0
         0 send jobs c delay=100
         1 counts jobs
         1 receive jobs max=10
         4 receive jobs max=10
         5 receive jobs max=10
         6 counts jobs
         99 receive jobs max=10
         100 receive jobs max=10",
        "1 1 0 2
         1 b:1
         4 -
         5 a:1
         6 0 2 1
         99 b:2 a:2
         100 c:1",
    )
    .await;
}

#[tokio::test]
async fn a_consumer_prolongs_its_time_or_gives_a_message_back_at_once() {
    check(
        "0 create jobs visibility=10
         0 send jobs a
         0 receive jobs
         5 hide jobs a 20
         24 receive jobs
         25 receive jobs
         26 hide jobs a 0
         26 receive jobs
         27 delete jobs a
         27 hide jobs a 5
         27 delete jobs a",
        "0 a:1
         24 -
         25 a:2
         26 a:3
         27 NotInFlight",
    )
    .await;
}

#[tokio::test]
async fn receipts_of_nobody_and_of_other_queues_are_refused() {
    check(
        "0 create jobs
         0 create other
         0 send jobs a
         0 receive jobs
         0 delete other a
         0 delete jobs nonsense
         0 hide other a 0
         0 counts jobs",
        "0 a:1
         0 BadReceipt
         0 BadReceipt
         0 BadReceipt
         0 0 1 0",
    )
    .await;
}

#[tokio::test]
async fn what_was_received_with_a_deleted_message_stays_hidden_over_two_restarts() {
    check(
        "0 create jobs visibility=30
         0 send jobs a
         0 send jobs b
         0 receive jobs max=2
         1 delete jobs a
         2 restart -
         2 send jobs c
         2 receive jobs max=10
         3 restart -
         3 receive jobs max=10
         31 receive jobs max=1",
        "0 a:1 b:1
         2 c:1
         3 -
         31 b:2",
    )
    .await;
}

#[tokio::test]
async fn a_restart_changes_nothing_that_was_acknowledged() {
    check(
        "0 create jobs visibility=30
         0 send jobs a
         0 send jobs b
         0 send jobs c
         0 send jobs d delay=60
         0 receive jobs max=2
         1 delete jobs a
         2 restart -
         2 counts jobs
         2 receive jobs max=10
         29 receive jobs max=10
         31 receive jobs max=10
         32 delete jobs b c
         33 restart -
         40 counts jobs
         61 receive jobs
         62 delete jobs d
         63 restart -
         64 counts jobs",
        "0 a:1 b:1
         2 1 1 1
         2 c:1
         29 -
         31 b:2
         40 0 0 1
         61 d:1
         64 0 0 0",
    )
    .await;
}

#[tokio::test]
async fn what_was_received_too_often_becomes_a_dead_letter() {
    check(
        "0 create dead
         0 create jobs visibility=1 dead=dead/2
         0 send jobs a
         1 receive jobs
         2 receive jobs
         3 receive jobs
         3 counts jobs
         3 counts dead
         4 receive dead",
        "1 a:1
         2 a:2
         3 -
         3 0 0 0
         3 1 0 0
         4 a:3",
    )
    .await;
}

#[tokio::test]
async fn a_dead_letter_queue_must_be_there_and_of_the_same_kind() {
    check(
        "0 create jobs dead=dead/2
         0 create dead.fifo
         0 create jobs dead=dead.fifo/2",
        "0 NoDeadLetterQueue
         0 DeadLetterKind",
    )
    .await;
}

#[tokio::test]
async fn messages_go_when_they_are_too_old() {
    check(
        "0 create jobs retention=60
         0 send jobs a
         30 send jobs b
         31 receive jobs
         59 counts jobs
         61 counts jobs
         90 counts jobs",
        "31 a:1
         59 1 1 0
         61 1 0 0
         90 0 0 0",
    )
    .await;
}

#[tokio::test]
async fn a_delayed_message_ages_too() {
    check(
        "0 create jobs retention=60
         0 send jobs a delay=900
         59 counts jobs
         61 counts jobs
         900 receive jobs",
        "59 0 0 1
         61 0 0 0
         900 -",
    )
    .await;
}

#[tokio::test]
async fn a_queue_that_keeps_nothing_for_too_long_is_not_read_into_memory() {
    check(
        "0 create idle
         0 create jobs retention=60
         0 send idle a
         0 send jobs b
         0 restart
         59 old jobs
         60 old jobs",
        "59 of 0 open
         60 jobs of 0 open",
    )
    .await;
}

#[tokio::test]
async fn a_message_hides_for_twelve_hours_after_a_receive_at_most() {
    check(
        "0 create jobs
         0 send jobs a
         1 receive jobs
         1 hide jobs a 43200
         2 restart
         2 hide jobs a 43200
         2 hide jobs a 43199
         3 hide jobs a 0
         3 receive jobs
         3 hide jobs a 43200",
        "1 a:1
         2 HiddenTooLong
         3 a:2",
    )
    .await;
}

#[tokio::test]
async fn a_purge_takes_everything_and_is_allowed_once_a_minute() {
    check(
        "0 create jobs
         0 send jobs a
         0 send jobs b
         0 receive jobs
         1 purge jobs
         1 counts jobs
         2 purge jobs
         2 delete jobs a
         3 send jobs c
         3 receive jobs max=10
         61 purge jobs",
        "0 a:1
         1 0 0 0
         2 PurgedRecently
         3 c:1",
    )
    .await;
}

#[tokio::test]
async fn a_group_gives_its_messages_in_order_and_waits_for_its_consumer() {
    check(
        "0 create jobs.fifo visibility=30
         0 send jobs.fifo a1 a 1
         0 send jobs.fifo a2 a 2
         0 send jobs.fifo b1 b 3
         0 send jobs.fifo a3 a 4
         1 receive jobs.fifo
         1 receive jobs.fifo max=10
         1 receive jobs.fifo max=10
         2 delete jobs.fifo a1
         2 receive jobs.fifo max=10
         3 delete jobs.fifo a2
         3 receive jobs.fifo max=10
         32 receive jobs.fifo max=10
         33 delete jobs.fifo a2",
        "0 0
         0 1
         0 2
         0 3
         1 a1:1
         1 b1:1
         1 -
         2 a2:1 a3:1
         3 -
         32 b1:2 a3:2",
    )
    .await;
}

#[tokio::test]
async fn a_receipt_of_a_fifo_queue_ends_with_its_deadline() {
    check(
        "0 create jobs.fifo visibility=5
         0 send jobs.fifo a g 1
         0 receive jobs.fifo
         6 delete jobs.fifo a
         6 receive jobs.fifo",
        "0 0
         0 a:1
         6 ExpiredReceipt
         6 a:2",
    )
    .await;
}

#[tokio::test]
async fn a_fifo_queue_takes_what_it_knows_once_in_five_minutes() {
    check(
        "0 create jobs.fifo
         0 send jobs.fifo a g 1
         1 send jobs.fifo b g 1
         1 send jobs.fifo b other 1
         2 restart -
         299 send jobs.fifo c g 1
         300 send jobs.fifo d g 1
         300 send jobs.fifo e g
         301 counts jobs.fifo
         301 create content.fifo content group
         301 send content.fifo same g
         301 send content.fifo same g
         301 send content.fifo same h
         301 send content.fifo other",
        "0 0
         1 0
         1 0
         299 0
         300 1
         300 Unordered
         301 2 0 0
         301 0
         301 0
         301 1
         301 Unordered",
    )
    .await;
}

#[tokio::test]
async fn a_receive_attempt_that_is_repeated_gets_the_same_messages() {
    check(
        "0 create jobs.fifo
         0 send jobs.fifo a g 1
         0 send jobs.fifo b g 2
         1 receive jobs.fifo max=10 attempt=x
         2 receive jobs.fifo max=10 attempt=x
         2 receive jobs.fifo max=10 attempt=y
         3 delete jobs.fifo a
         3 receive jobs.fifo max=10 attempt=x",
        "0 0
         0 1
         1 a:1 b:1
         2 a:1 b:1
         2 -
         3 -",
    )
    .await;
}

#[tokio::test]
async fn dead_letters_of_a_fifo_queue_keep_their_group_and_free_it() {
    check(
        "0 create dead.fifo
         0 create jobs.fifo visibility=1 dead=dead.fifo/1
         0 send jobs.fifo a g 1
         0 send jobs.fifo b g 2
         1 receive jobs.fifo
         2 receive jobs.fifo
         2 receive dead.fifo",
        "0 0
         0 1
         1 a:1
         2 b:1
         2 a:2",
    )
    .await;
}

#[tokio::test]
async fn a_fifo_queue_numbers_on_after_a_purge_and_keeps_its_counts() {
    check(
        "0 create jobs.fifo
         0 send jobs.fifo a g 1
         1 purge jobs.fifo
         1 counts jobs.fifo
         1 send jobs.fifo b g 2
         1 restart -
         1 counts jobs.fifo
         1 receive jobs.fifo",
        "0 0
         1 0 0 0
         1 1
         1 1 0 0
         1 b:1",
    )
    .await;
}

#[tokio::test]
async fn nothing_is_left_of_what_was_settled_and_of_queues_that_are_gone() {
    let mut script = Script::new();
    script
        .run(
            "0 create jobs
             0 send jobs a
             0 send jobs long:100000
             0 receive jobs max=10
             0 send jobs b delay=10
             0 receive jobs
             1 remove jobs
             1 collect -",
        )
        .await;
    let rows = script.store.read(|read| {
        let all = (0x0160..=0x0167).map(|space| read.scan(Key::global(Space::new(space)).range(), Order::Forward, 99));
        all.collect::<Result<Vec<_>, _>>()
    });
    let left: Vec<_> = rows.expect("memory reads").into_iter().flatten().collect();
    assert!(left.is_empty(), "{left:?}");
}

#[tokio::test]
async fn flight_rows_go_with_the_last_message_that_they_speak_for() {
    let mut script = Script::new();
    let said = script
        .run(
            "0 create jobs visibility=5
             0 send jobs a
             0 send jobs b
             0 receive jobs max=10
             1 delete jobs a
             6 receive jobs
             7 restart -
             7 delete jobs b
             8 counts jobs",
        )
        .await;
    assert_eq!(said, "0 a:1 b:1\n6 b:2\n8 0 0 0");
    let flights = script.store.read(|read| read.scan(Key::global(Space::new(0x0163)).range(), Order::Forward, 9));
    assert_eq!(flights.expect("memory reads"), []);
}

#[tokio::test]
async fn a_receive_that_waits_gets_what_is_sent_meanwhile_and_each_message_wakes_one() {
    let mut script = Script::new();
    script.run("0 create jobs").await;
    let ask = Receive { wait: Some(Duration::from_secs(20)), ..Receive::default() };
    let waiting: Vec<_> = (0..2)
        .map(|_| {
            let (queues, ask) = (script.queues.clone(), ask.clone());
            tokio::spawn(async move { queues.receive(&id("jobs"), &ask).await })
        })
        .collect();
    script.run("0 send jobs a\n0 send jobs b").await;
    let mut bodies = Vec::new();
    for one in waiting {
        bodies.extend(one.await.expect("it ends").expect("it receives").into_iter().map(|one| one.message.body));
    }
    bodies.sort();
    assert_eq!(bodies, ["a", "b"]);
}

#[tokio::test(start_paused = true)]
async fn a_receive_that_nobody_waits_for_takes_nothing() {
    let mut script = Script::new();
    script.run("0 create jobs").await;
    let ask = Receive { wait: Some(Duration::from_secs(20)), ..Receive::default() };
    let gone = tokio::time::timeout(Duration::from_secs(1), script.queues.receive(&id("jobs"), &ask)).await;
    assert!(gone.is_err());
    assert_eq!(script.run("2 send jobs a\n2 receive jobs").await, "2 a:1");
}
