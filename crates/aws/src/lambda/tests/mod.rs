//! The wire: signed requests through the whole face, and every byte of the answers' bodies.

mod callers;
mod event_invoke;
mod functions;
mod versions;

use crate::wire::Wire;

/// A function `f` that runs, and whose version 1 has the alias `live`.
async fn with_function() -> Wire {
    let wire = Wire::new().await;
    for line in [CREATE, PUBLISH, ALIAS] {
        let said = wire.ask("lambda", line).await;
        assert_eq!(said.status, 201, "{}", said.body);
        wire.services.functions().settled().await;
    }
    wire
}

const CREATE: &str = r#"POST /2015-03-31/functions {"FunctionName":"f","Runtime":"python3.12","Handler":"app.handler","Role":"arn:aws:iam::000000000000:role/worker","Code":{"ZipFile":"b25l"}}"#;
const PUBLISH: &str = "POST /2015-03-31/functions/f/versions {}";
const ALIAS: &str = r#"POST /2015-03-31/functions/f/aliases {"Name":"live","FunctionVersion":"1"}"#;
