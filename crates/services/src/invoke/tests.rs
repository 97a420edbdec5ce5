use std::sync::atomic::Ordering;
use std::time::Duration;

use store::Timestamp;

use super::fake::{World, id, request};
use super::*;
use crate::Options;
use crate::function::concurrency::{self, Reservation};
use crate::run::{CodeId, End, Output};
use crate::usage::{Counts, Query, totals};

/// Invokes once, alone, and says what came of it.
async fn outcome(world: &World, name: &str, document: &str) -> String {
    match world.invoke(name, document).await {
        Ok(Invoked { answer: Answer { outcome: Ok(Output::Document(document)), .. }, .. }) => {
            String::from_utf8_lossy(&document).into_owned()
        }
        Ok(Invoked { answer: Answer { outcome: Ok(Output::Http(_)), .. }, .. }) => "a response".to_owned(),
        Ok(Invoked { answer: Answer { outcome: Err(failure), .. }, .. }) => format!("{failure:?}"),
        Err(error) => format!("{error:?}"),
    }
}

async fn used(world: &World) -> Counts {
    world.services.meter().flush(world.services.store()).await.expect("the memory engine takes it");
    let id = id("f");
    let query = Query {
        account: id.scope.account,
        region: id.scope.region,
        from: Timestamp::from_millis(0),
        to: Timestamp::from_millis(i64::MAX),
        function: Some(id.name),
    };
    let found = world.services.store().read(|read| totals(read, &query)).expect("rows read");
    found.into_values().next().unwrap_or_default()
}

#[tokio::test]
async fn a_name_leads_to_an_answer_or_to_the_reason_why_not() {
    let world = World::new(Options::default()).await;
    world.deploy("f").await;
    assert_eq!(outcome(&world, "f", "hello").await, "hello");
    assert_eq!(outcome(&world, "g", "hello").await, "Unroutable(Absent)");
    assert!(outcome(&world, "f", "error").await.starts_with("Function"));
    world.services.stop(Duration::ZERO).await;
    assert_eq!(outcome(&world, "f", "hello").await, "Stopping");
}

#[tokio::test]
async fn every_invocation_is_counted_once_whatever_becomes_of_it() {
    let world = World::new(Options { concurrency_max: 1, ..Options::default() }).await;
    world.deploy("f").await;
    world.runner.gate.add_permits(1); // for the late report
    for document in ["cold", "ok", "ok late", "error", "crash", "timeout"] {
        let invoked = world.invoke("f", document).await.expect("nothing else runs");
        invoked.answer.report.await;
    }
    let mut held = Box::pin(invoke(&world.services, request("f", "wait"), Caller::IsRefused));
    assert!((&mut held).now_or_never().is_none());
    assert_eq!(outcome(&world, "f", "ok").await, "Throttled(Total)");
    drop(held); // the caller went away
    assert_eq!(world.services.running(), 0);
    let used = used(&world).await;
    let shown = (used.requests, used.errors, used.cold_starts, used.throttles, used.billed_millis);
    // Six times 1.234 ms, once after an init of 100.5 ms; and what was dropped at once.
    assert_eq!(shown, (7, 4, 1, 1, 5 * 2 + 102 + 1));
    assert_eq!(used.billed_mib_millis, used.billed_millis * 128);
}

#[tokio::test]
async fn an_event_is_run_to_its_end_when_its_caller_goes_away() {
    let world = World::new(Options::default()).await;
    world.deploy("f").await;
    let mut held = Box::pin(world.invoke("f", "wait"));
    assert!((&mut held).now_or_never().is_none());
    world.runner.has_begun(1).await;
    drop(held);
    assert_eq!(world.services.running(), 1);
    world.runner.gate.add_permits(1);
    world.services.stop(Duration::from_secs(60)).await;
    let used = used(&world).await;
    assert_eq!((used.requests, used.errors), (1, 0));
}

#[tokio::test]
async fn a_reservation_is_a_limit_and_zero_of_it_stops_the_function() {
    let world = World::new(Options::default()).await;
    world.deploy("f").await;
    world.deploy("free").await;
    for (reserved, wanted) in [(0, "Throttled(Reserved)"), (1, "ok")] {
        let id = id("f");
        let set = world
            .services
            .functions()
            .change(&id, |tx| concurrency::reserve(tx, &id, &Reservation::of_all(reserved)))
            .await;
        set.expect("1000 are there");
        assert_eq!(outcome(&world, "f", "ok").await, wanted);
    }
    let mut held = Box::pin(invoke(&world.services, request("f", "wait"), Caller::IsRefused));
    assert!((&mut held).now_or_never().is_none());
    assert_eq!(outcome(&world, "f", "ok").await, "Throttled(Reserved)");
    assert_eq!(outcome(&world, "free", "ok").await, "ok");
    world.runner.gate.add_permits(1);
    assert!(held.await.is_ok());
    assert_eq!(outcome(&world, "f", "ok").await, "ok");
}

#[tokio::test]
async fn a_permit_is_given_back_when_the_report_is_in_not_with_the_answer() {
    let world = World::new(Options::default()).await;
    world.deploy("f").await;
    let invoked = world.invoke("f", "late").await.expect("there is room");
    assert_eq!(world.services.running(), 1);
    world.runner.gate.add_permits(1);
    assert_eq!(invoked.answer.report.await.end, End::Ok);
    assert_eq!(world.services.running(), 0);
}

#[tokio::test]
async fn code_that_is_not_on_this_machine_is_prepared_once_for_all_who_wait() {
    let world = World::new(Options::default()).await;
    world.deploy("f").await;
    // As after a restart, on a machine that has lost its files.
    let clock = world.clock.clone();
    let world = World::over(world.services.store().clone(), clock, Options::default()).await;
    world.runner.prepares.store(0, Ordering::SeqCst);
    let (first, second) = tokio::join!(world.invoke("f", "a"), world.invoke("f", "b"));
    assert!(first.is_ok() && second.is_ok());
    assert_eq!(world.runner.prepares.load(Ordering::SeqCst), 1);

    world.runner.prepared.lock().expect("no test panics within").clear();
    world.runner.outages.store(1, Ordering::SeqCst);
    for wanted in ["Platform(\"an outage\")", "a"] {
        assert_eq!(outcome(&world, "f", "a").await, wanted, "what the platform fails with is looked at again");
    }
    assert_eq!(world.runner.prepares.load(Ordering::SeqCst), 2);

    let preparing = Preparing::default();
    let failing = || async { Err(PrepareError::Unavailable("full".to_owned())) };
    let code = CodeId([1; 32]);
    assert!(preparing.once(code, failing).await.is_err());
    assert!(preparing.once(code, || async { Ok(()) }).await.is_ok(), "a failure is not remembered");
}

#[tokio::test]
async fn a_trace_goes_on_beneath_the_caller_s_span_and_the_tail_comes_with_the_end() {
    let world = World::new(Options::default()).await;
    world.deploy("f").await;
    let caller = crate::trace::parse_xray("Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1");
    let asked = Invoke { trace: caller, tail: true, ..request("f", "print:hello|") };
    let invoked = world.services.invoke(asked).await.expect("there is room");
    assert_eq!(Some(invoked.trace.trace), caller.map(|caller| caller.trace));
    assert_eq!(invoked.trace.parent, caller.map(|caller| caller.span));
    let tail = invoked.tail.expect("it was asked for").ended().await;
    let (id, segment) = (&invoked.request_id.0, hex::encode(invoked.trace.span));
    let wanted = format!(
        "START RequestId: {id} Version: $LATEST\nhello\nEND RequestId: {id}\n\
         REPORT RequestId: {id}\tDuration: 1.23 ms\tBilled Duration: 2 ms\tMemory Size: 128 MB\tMax Memory Used: 35 MB\t\n\
         XRAY TraceId: 1-5759e988-bd862e3fe1be46a994272793\tSegmentId: {segment}\tSampled: true\t\n"
    );
    assert_eq!(String::from_utf8_lossy(&tail), wanted);
}

#[tokio::test]
async fn a_stop_gives_what_runs_its_grace_and_leaves_exact_usage() {
    let world = World::new(Options { usage_flush: Duration::from_secs(3600), ..Options::default() }).await;
    world.deploy("f").await;
    for _ in 0..100 {
        world.invoke("f", "ok").await.expect("there is room");
    }
    let mut held = Box::pin(invoke(&world.services, request("f", "wait"), Caller::IsRefused));
    assert!((&mut held).now_or_never().is_none());
    let release = async {
        world.runner.has_begun(101).await;
        world.runner.gate.add_permits(1);
    };
    let (_, answered, ()) = tokio::join!(world.services.stop(Duration::from_secs(60)), held, release);
    assert!(answered.is_ok());
    assert_eq!(used(&world).await.requests, 101);
}
