//! Python handlers as the managed runtimes run them.

use crate::fixture::Fixture;

#[tokio::test(flavor = "multi_thread")]
async fn a_handler_answers_its_event_and_is_warm_the_second_time() {
    let fixture = Fixture::new().await;
    let function = fixture.python("def handler(event, context):\n    return {'got': event['x'] + 1}\n").await;
    let first = fixture.run(&function, r#"{"x":1}"#).await;
    assert_eq!((first.ok(), first.cold), (r#"{"got": 2}"#, true));
    let second = fixture.run(&function, r#"{"x":2}"#).await;
    assert_eq!((second.ok(), second.cold), (r#"{"got": 3}"#, false));
    assert_eq!(first.environment, second.environment);
    assert!(first.report.init.is_some() && second.report.init.is_none());
}
