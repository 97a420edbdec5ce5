//! Tables: counters that many add to, items changed on a condition, and transfers in transactions with their record.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use serde_json::{Value, json};

use super::dice::Dice;
use super::objects::until_gone;
use super::register::Register;
use super::{Findings, Load};
use crate::client::{Client, Failed};
use crate::nought::Nought;

const WRITERS: u64 = 4;
const ACCOUNTS: u64 = 6;
const AT_START: i64 = 1_000_000;
/// Entries that one answer of a scan holds at most (1 MB of items of about 60 bytes, with room).
const SCAN_LIMIT: u64 = 5000;

pub struct Tables {
    writers: Vec<Writer>,
    added: u64,
}

struct Writer {
    id: u64,
    /// Times that this writer added one to the counter that all share.
    adds: u64,
    adding: bool,
    /// The value of the item that only this writer changes, always on condition of the value before.
    own: Register<u64>,
    transfers: Register<u64>,
    acknowledged: u64,
}

impl Tables {
    pub fn new() -> Tables {
        let writer = |id| Writer {
            id,
            adds: 0,
            adding: false,
            own: Register::new(0),
            transfers: Register::new(0),
            acknowledged: 0,
        };
        Tables { writers: (0..WRITERS).map(writer).collect(), added: 0 }
    }
}

impl Load for Tables {
    fn prepare(&mut self, nought: &Nought) {
        let mut client = Client::new(nought.address());
        let table = json!({"TableName": "bank", "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": [
                {"AttributeName": "kind", "AttributeType": "S"}, {"AttributeName": "id", "AttributeType": "S"},
                {"AttributeName": "from", "AttributeType": "S"}],
            "KeySchema": [{"AttributeName": "kind", "KeyType": "HASH"}, {"AttributeName": "id", "KeyType": "RANGE"}],
            "GlobalSecondaryIndexes": [{"IndexName": "by-from",
                "KeySchema": [{"AttributeName": "from", "KeyType": "HASH"}, {"AttributeName": "id", "KeyType": "RANGE"}],
                "Projection": {"ProjectionType": "ALL"}}]});
        client.dynamodb("CreateTable", &table).expect("a table");
        let put = |client: &mut Client, kind: &str, id: String, value: i64| {
            let item = json!({"kind": {"S": kind}, "id": {"S": id}, "v": {"N": value.to_string()}});
            client.dynamodb("PutItem", &json!({"TableName": "bank", "Item": item})).expect("an item");
        };
        put(&mut client, "counter", "all".to_owned(), 0);
        for writer in &self.writers {
            put(&mut client, "own", writer.id.to_string(), 0);
        }
        for account in 0..ACCOUNTS {
            put(&mut client, "account", account.to_string(), AT_START);
        }
    }

    fn work(&mut self, address: SocketAddr, seed: u64) {
        std::thread::scope(|scope| {
            for writer in &mut self.writers {
                scope.spawn(move || {
                    let (mut client, mut dice) = (Client::new(address), Dice::new(seed.wrapping_add(writer.id << 32)));
                    until_gone(|| match dice.below(3) {
                        0 => writer.add(&mut client),
                        1 => writer.change(&mut client),
                        _ => writer.transfer(&mut client, &mut dice),
                    });
                });
            }
        });
    }

    fn check(&mut self, client: &mut Client, findings: &mut Findings) {
        let rows = Rows::read(client);
        self.check_counter(&rows, findings);
        for writer in &mut self.writers {
            findings.count("table changes acknowledged", std::mem::take(&mut writer.acknowledged));
            let (id, own) = (writer.id, rows.number("own", &writer.id.to_string()) as u64);
            let before = writer.own.clone();
            findings
                .check(writer.own.settle(own), || format!("the item of writer {id} is {own} and must be {before:?}"));
            let prefix = format!("{id}-");
            let entries = rows.transfers.keys().filter(|entry| entry.starts_with(&prefix)).count() as u64;
            let before = writer.transfers.clone();
            findings.check(writer.transfers.settle(entries), || {
                format!("writer {id} has {entries} transfers and must have {before:?}")
            });
        }
        rows.check_balances(findings);
        rows.check_index(client, findings);
    }

    fn finish(&mut self, _: &mut Client, _: &mut Findings) {}
}

impl Tables {
    /// Between what was acknowledged and what was asked for.
    fn check_counter(&mut self, rows: &Rows, findings: &mut Findings) {
        let adds = |writer: &mut Writer| std::mem::take(&mut writer.adds);
        let least = self.added + self.writers.iter_mut().map(adds).sum::<u64>();
        let doubtful = self.writers.iter_mut().map(|writer| u64::from(std::mem::take(&mut writer.adding))).sum::<u64>();
        let value = rows.number("counter", "all") as u64;
        findings.check((least..=least + doubtful).contains(&value), || {
            format!("the counter is {value} and must be {least} to {}", least + doubtful)
        });
        self.added = value;
    }
}

impl Writer {
    fn add(&mut self, client: &mut Client) -> Result<(), Failed> {
        self.adding = true;
        let change = json!({"TableName": "bank", "Key": key("counter", "all"), "UpdateExpression": "ADD v :one",
            "ExpressionAttributeValues": {":one": {"N": "1"}}});
        client.dynamodb("UpdateItem", &change)?;
        self.adding = false;
        self.adds += 1;
        self.acknowledged += 1;
        Ok(())
    }

    fn change(&mut self, client: &mut Client) -> Result<(), Failed> {
        let (old, new) = (*self.own.known(), self.own.known() + 1);
        self.own.ask(new);
        let change = json!({"TableName": "bank", "Key": key("own", &self.id.to_string()),
            "UpdateExpression": "SET v = :new", "ConditionExpression": "v = :old",
            "ExpressionAttributeValues": {":new": {"N": new.to_string()}, ":old": {"N": old.to_string()}}});
        client.dynamodb("UpdateItem", &change)?;
        self.own.acknowledge();
        self.acknowledged += 1;
        Ok(())
    }

    /// Moves an amount between two accounts and records that, all in one transaction.
    fn transfer(&mut self, client: &mut Client, dice: &mut Dice) -> Result<(), Failed> {
        let number = self.transfers.known() + 1;
        let from = dice.below(ACCOUNTS);
        let to = (from + 1 + dice.below(ACCOUNTS - 1)) % ACCOUNTS;
        let amount = 1 + dice.below(50) as i64;
        self.transfers.ask(number);
        let add = |account: u64, amount: i64| {
            json!({"Update": {"TableName": "bank", "Key": key("account", &account.to_string()),
                "UpdateExpression": "ADD v :amount",
                "ExpressionAttributeValues": {":amount": {"N": amount.to_string()}}}})
        };
        let entry = json!({"kind": {"S": "transfer"}, "id": {"S": format!("{}-{number}", self.id)},
            "from": {"S": from.to_string()}, "to": {"S": to.to_string()}, "v": {"N": amount.to_string()}});
        let put = json!({"Put": {"TableName": "bank", "Item": entry,
            "ConditionExpression": "attribute_not_exists(id)"}});
        let items = json!({"TransactItems": [add(from, -amount), add(to, amount), put]});
        match client.dynamodb("TransactWriteItems", &items) {
            // Another writer has the account at this moment: nothing happened.
            Err(failed) if failed.is("TransactionConflict") => {
                self.transfers.ask(number - 1);
                self.transfers.acknowledge();
                return Ok(());
            }
            other => other?,
        };
        self.transfers.acknowledge();
        self.acknowledged += 1;
        Ok(())
    }
}

/// The whole table.
struct Rows {
    numbers: BTreeMap<(String, String), i64>,
    transfers: BTreeMap<String, Transfer>,
}

#[derive(PartialEq, Debug)]
struct Transfer {
    from: String,
    to: String,
    amount: i64,
}

impl Rows {
    fn read(client: &mut Client) -> Rows {
        let mut rows = Rows { numbers: BTreeMap::new(), transfers: BTreeMap::new() };
        let scan = json!({"TableName": "bank", "ConsistentRead": true, "Limit": SCAN_LIMIT});
        for item in pages(client, "Scan", scan) {
            let text = |name: &str| text(&item, name);
            let number = text("v").parse().expect("a number");
            match text("kind").as_str() {
                "transfer" => {
                    let transfer = Transfer { from: text("from"), to: text("to"), amount: number };
                    rows.transfers.insert(text("id"), transfer);
                }
                kind => drop(rows.numbers.insert((kind.to_owned(), text("id")), number)),
            }
        }
        rows
    }

    fn number(&self, kind: &str, id: &str) -> i64 {
        self.numbers.get(&(kind.to_owned(), id.to_owned())).copied().unwrap_or(-1)
    }

    /// Every account is what it was at the start and what the recorded transfers made of it: none is there by half.
    fn check_balances(&self, findings: &mut Findings) {
        for account in 0..ACCOUNTS {
            let account = account.to_string();
            let moved: i64 = self.transfers.values().map(|one| one.effect_on(&account)).sum();
            let (balance, expected) = (self.number("account", &account), AT_START + moved);
            findings.check(balance == expected, || {
                format!("account {account} has {balance} and its transfers say {expected}")
            });
        }
    }

    /// The index agrees with the table, row for row.
    fn check_index(&self, client: &mut Client, findings: &mut Findings) {
        for account in 0..ACCOUNTS {
            let query = json!({"TableName": "bank", "IndexName": "by-from", "KeyConditionExpression": "#from = :from",
                "ExpressionAttributeNames": {"#from": "from"},
                "ExpressionAttributeValues": {":from": {"S": account.to_string()}}});
            let found: Vec<String> = pages(client, "Query", query).iter().map(|item| text(item, "id")).collect();
            let of_account = |(_, transfer): &(&String, &Transfer)| transfer.from == account.to_string();
            let expected: Vec<String> = self.transfers.iter().filter(of_account).map(|(id, _)| id.clone()).collect();
            findings.check(found == expected, || {
                format!("the index has {} transfers of {account}, the table {}", found.len(), expected.len())
            });
        }
    }
}

impl Transfer {
    fn effect_on(&self, account: &str) -> i64 {
        let times = i64::from(self.to == account) - i64::from(self.from == account);
        times * self.amount
    }
}

fn key(kind: &str, id: &str) -> Value {
    json!({"kind": {"S": kind}, "id": {"S": id}})
}

fn text(item: &Value, name: &str) -> String {
    let value = item[name].get("S").or_else(|| item[name].get("N")).and_then(Value::as_str);
    value.unwrap_or_default().to_owned()
}

/// All items of a scan or query, page by page.
fn pages(client: &mut Client, operation: &str, mut input: Value) -> Vec<Value> {
    let mut items = Vec::new();
    loop {
        let mut page = client.dynamodb(operation, &input).expect("a page");
        items.append(page["Items"].as_array_mut().expect("items"));
        match page.get("LastEvaluatedKey") {
            Some(last) => input["ExclusiveStartKey"] = last.clone(),
            None => return items,
        }
    }
}
