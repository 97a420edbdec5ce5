//! What requests that touch many items need: the right to each of their parts, on its own table.
//!
//! Source: IAM user guide, "Using IAM with transactions", "Using IAM with PartiQL" in the DynamoDB developer guide (read
//! 2026-11-24). Members have not been checked yet: what is not what it should be needs nothing and is refused later.

use serde_json::Value;
use services::table::{Subject, Verb};

use crate::call::Call;
use crate::operation::{Members, Need};

/// A batch needs one right to each of its tables.
pub fn of_batch_get(call: &Call, members: &Members) -> Vec<Need> {
    of_batch(call, members, "dynamodb:BatchGetItem")
}

pub fn of_batch_write(call: &Call, members: &Members) -> Vec<Need> {
    of_batch(call, members, "dynamodb:BatchWriteItem")
}

fn of_batch(call: &Call, members: &Members, action: &'static str) -> Vec<Need> {
    let tables = members.get("RequestItems").and_then(Value::as_object).into_iter().flatten();
    tables.map(|(name, _)| Need { action, resource: arn(call, name) }).collect()
}

/// Items of a transaction, by what is done to them.
const PARTS: [(&str, &str); 5] = [
    ("Get", "dynamodb:GetItem"),
    ("ConditionCheck", "dynamodb:ConditionCheckItem"),
    ("Put", "dynamodb:PutItem"),
    ("Delete", "dynamodb:DeleteItem"),
    ("Update", "dynamodb:UpdateItem"),
];

/// A transaction needs the right to each of its items.
pub fn of_transaction(call: &Call, members: &Members) -> Vec<Need> {
    let items = members.get("TransactItems").and_then(Value::as_array).into_iter().flatten();
    let mut needs = Vec::new();
    for item in items {
        for (part, action) in PARTS {
            if let Some(name) = item.get(part).and_then(|part| part.get("TableName")).and_then(Value::as_str) {
                needs.push(Need { action, resource: arn(call, name) });
            }
        }
    }
    needs.dedup();
    needs
}

pub fn of_statement(call: &Call, members: &Members) -> Vec<Need> {
    let statement = members.get("Statement").and_then(Value::as_str);
    statement.and_then(|statement| statement_need(call, statement)).into_iter().collect()
}

pub fn of_statements(call: &Call, members: &Members) -> Vec<Need> {
    let statements = members.get("TransactStatements").and_then(Value::as_array).into_iter().flatten();
    let texts = statements.filter_map(|statement| statement.get("Statement").and_then(Value::as_str));
    texts.filter_map(|text| statement_need(call, text)).collect()
}

/// Statements of a batch are let in or refused one by one, as they are run.
pub fn of_none(_: &Call, _: &Members) -> Vec<Need> {
    Vec::new()
}

pub fn statement_need(call: &Call, statement: &str) -> Option<Need> {
    let subject = Subject::of(statement)?;
    let action = match subject.verb {
        Verb::Select => "dynamodb:PartiQLSelect",
        Verb::Insert => "dynamodb:PartiQLInsert",
        Verb::Update => "dynamodb:PartiQLUpdate",
        Verb::Delete => "dynamodb:PartiQLDelete",
    };
    let table = arn(call, &subject.table);
    let resource = match subject.index {
        Some(index) => format!("{table}/index/{index}"),
        None => table,
    };
    Some(Need { action, resource })
}

/// The ARN of a table that a request names by its name or its ARN.
pub fn arn(call: &Call, name: &str) -> String {
    match name.starts_with("arn:") {
        true => name.to_owned(),
        false => call.arn("dynamodb", format_args!("table/{name}")),
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use serde_json::json;
    use services::identity::Principal;
    use services::name::{AccountId, Region};
    use services::run::RequestId;

    use super::*;
    use crate::Peer;
    use crate::wire::Wire;

    #[tokio::test]
    async fn each_part_of_a_request_needs_its_own_right() {
        let call = Call {
            services: Wire::new().await.services,
            account: AccountId::default(),
            region: Region::parse("eu-central-1").expect("a region"),
            caller: Principal::Root { account: AccountId::default() },
            request_id: RequestId::draw(),
            authority: "".into(),
            headers: http::HeaderMap::default(),
            peer: Peer::Address(SocketAddr::from(([127, 0, 0, 1], 1))),
        };
        let cases = [
            (
                "BatchGetItem",
                json!({ "RequestItems": { "one": { "Keys": [] }, "arn:aws:dynamodb:x:y:table/two": { "Keys": [] } } }),
                vec!["BatchGetItem one", "BatchGetItem arn:aws:dynamodb:x:y:table/two"],
            ),
            ("BatchWriteItem", json!({ "RequestItems": { "one": [] } }), vec!["BatchWriteItem one"]),
            (
                "TransactWriteItems",
                json!({ "TransactItems": [
                    { "Put": { "TableName": "one" } },
                    { "Update": { "TableName": "one" } },
                    { "Update": { "TableName": "one" } },
                    { "Delete": { "TableName": "two" } },
                    { "ConditionCheck": { "TableName": "two" } }
                ] }),
                vec!["PutItem one", "UpdateItem one", "DeleteItem two", "ConditionCheckItem two"],
            ),
            ("TransactGetItems", json!({ "TransactItems": [{ "Get": { "TableName": "one" } }] }), vec!["GetItem one"]),
            (
                "ExecuteStatement",
                json!({ "Statement": "SELECT * FROM \"one\".\"by\"" }),
                vec!["PartiQLSelect one/index/by"],
            ),
            (
                "ExecuteTransaction",
                json!({ "TransactStatements": [
                    { "Statement": "INSERT INTO one VALUE {}" },
                    { "Statement": "UPDATE one SET a = 1" },
                    { "Statement": "DELETE FROM two" }
                ] }),
                vec!["PartiQLInsert one", "PartiQLUpdate one", "PartiQLDelete two"],
            ),
            ("BatchExecuteStatement", json!({ "Statements": [{ "Statement": "DELETE FROM two" }] }), vec![]),
            ("TransactWriteItems", json!({ "TransactItems": "none" }), vec![]),
            ("GetItem", json!({ "TableName": "one" }), vec!["GetItem one"]),
        ];
        for (operation, document, wanted) in cases {
            let rows = &super::super::TABLE.rows;
            let row = rows.iter().find(|row| row.described.name == operation).expect("an operation");
            let members = document.as_object().cloned().expect("an object");
            let needs = row.needs(&call, &members).into_iter().map(|need| format!("{} {}", need.action, need.resource));
            let wanted = wanted.into_iter().map(|text| match text.split_once(' ') {
                Some((action, arn)) if arn.starts_with("arn:") => format!("dynamodb:{action} {arn}"),
                Some((action, table)) => {
                    format!("dynamodb:{action} arn:aws:dynamodb:eu-central-1:000000000000:table/{table}")
                }
                None => text.to_owned(),
            });
            assert_eq!(needs.collect::<Vec<_>>(), wanted.collect::<Vec<_>>(), "{operation} {document}");
        }
    }
}
