//! PartiQL: statements, run as the reads and writes that they mean.
//!
//! Start reading at [`Tables::execute`]. A statement is read into the trees of the expression language, and its WHERE
//! clause is divided by the table's keys: what fixes the key says where to look, the rest is a filter or a condition.
//! The subset is the documented one: SELECT, INSERT, UPDATE, DELETE, and EXISTS in transactions.

mod parse;
mod subject;
mod token;

pub use subject::{Subject, Verb};

use std::sync::Arc;

use store::Order;

use super::error::{Error, invalid};
use super::expression::condition::{Comparator, Condition, Operand};
use super::expression::{KeyConditions, Path, Projection, Update};
use super::key::SortCondition;
use super::read::{self, Get, Query, Read, Scan};
use super::schema::{KeySchema, Table, TableId, TableName};
use super::value::{Item, Value};
use super::write::{Action, Write, check_item};
use super::{Consumed, Tables, layout};
use crate::name::{AccountId, Region};

#[derive(Debug, Clone, PartialEq)]
enum Statement {
    Select(Select),
    Exists(Select),
    Insert { table: String, item: Item },
    Update { table: String, update: Update, condition: Condition, returning: Returning },
    Delete { table: String, condition: Condition, returning: Returning },
}

#[derive(Debug, Clone, PartialEq)]
struct Select {
    columns: Option<Vec<Path>>,
    table: String,
    index: Option<String>,
    condition: Option<Condition>,
    order: Option<Order>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Returning {
    Nothing,
    AllOld,
    AllNew,
    ModifiedOld,
    ModifiedNew,
}

/// One statement of a request.
#[derive(Debug, Clone)]
pub struct Execute {
    pub account: AccountId,
    pub region: Region,
    pub statement: String,
    pub parameters: Vec<Value>,
    pub consistent: bool,
    pub limit: Option<usize>,
    /// Where a page before this one has ended.
    pub token: Option<String>,
    pub returns_failed: bool,
}

#[derive(Debug, Clone)]
pub struct Executed {
    pub table: String,
    pub items: Vec<Item>,
    /// Where the next page begins, and as a token.
    pub last: Option<(Item, String)>,
    pub consumed: Consumed,
    pub reads: bool,
}

/// A statement that writes one item, or checks it.
struct Planned {
    table: String,
    write: Write,
    returning: Returning,
    inserts: bool,
}

impl Tables {
    /// Runs one statement. Reads block on the disk for as long as a page takes.
    pub async fn execute(&self, execute: &Execute) -> Result<Executed, Error> {
        match parse::statement(&execute.statement, &execute.parameters)? {
            Statement::Select(select) => self.select(execute, select),
            Statement::Exists(_) => Err(invalid("EXISTS is only supported in transactions")),
            statement => {
                let planned = self.plan(execute, statement)?;
                let written = self.write(&planned.write).await.map_err(|error| planned.refusal(error))?;
                Ok(planned.executed(written.old, written.new, written.consumed))
            }
        }
    }

    /// One statement of a batch: a SELECT must name one item.
    pub async fn execute_one(&self, execute: &Execute) -> Result<Executed, Error> {
        match parse::statement(&execute.statement, &execute.parameters)? {
            Statement::Select(select) => {
                let (get, table) = self.get_of(execute, select)?;
                let got = self.get(&get)?;
                let items = got.item.into_iter().collect();
                Ok(Executed { table, items, last: None, consumed: got.consumed, reads: true })
            }
            _ => self.execute(execute).await,
        }
    }

    /// All statements or none; all must read, or all write.
    pub async fn execute_all(
        &self,
        executes: &[Execute],
        token: Option<super::Idempotency>,
    ) -> Result<Vec<Executed>, Error> {
        let statements = executes.iter().map(|execute| parse::statement(&execute.statement, &execute.parameters));
        let statements: Vec<Statement> = statements.collect::<Result<_, _>>()?;
        let reads = statements.iter().filter(|statement| matches!(statement, Statement::Select(_))).count();
        if reads != 0 && reads != statements.len() {
            return Err(invalid(
                "ExecuteTransaction API does not support both read and write operations in the same request.",
            ));
        }
        let (mut gets, mut planned) = (Vec::new(), Vec::new());
        for (execute, statement) in executes.iter().zip(statements) {
            match statement {
                Statement::Select(select) => gets.push(self.get_of(execute, select)?),
                statement => planned.push(self.plan(execute, statement)?),
            }
        }
        if !gets.is_empty() {
            let (gets, tables): (Vec<Get>, Vec<String>) = gets.into_iter().unzip();
            let got = self.transact_get(&super::TransactGet(gets))?;
            let executed = got.into_iter().zip(tables).map(|(got, table)| {
                let items = got.item.into_iter().collect();
                Executed { table, items, last: None, consumed: got.consumed, reads: true }
            });
            return Ok(executed.collect());
        }
        let writes = planned.iter().map(|planned| planned.write.clone()).collect();
        let written = self.transact_write(&super::TransactWrite { writes, token }).await;
        let written = written.map_err(|error| duplicates(error, &planned))?;
        let executed = planned.iter().zip(written);
        Ok(executed.map(|(planned, written)| planned.executed(written.old, written.new, written.consumed)).collect())
    }

    fn table(&self, execute: &Execute, name: &str) -> Result<Arc<Table>, Error> {
        let unknown = || Error::NoSuchTable { name: name.to_owned() };
        let name = TableName::parse(name).map_err(|_| unknown())?;
        let id = TableId { account: execute.account.clone(), region: execute.region.clone(), name };
        self.store.read(|read| self.catalog.open(read, &id))
    }

    fn select(&self, execute: &Execute, select: Select) -> Result<Executed, Error> {
        let table = self.table(execute, &select.table)?;
        let schema = match &select.index {
            None => &table.key,
            Some(name) => {
                let index = table.index(name);
                &index.ok_or_else(|| invalid(format!("The table does not have the specified index: {name}")))?.key
            }
        };
        let start = execute.token.as_deref().map(start_of).transpose()?;
        let keys = select.condition.as_ref().and_then(|condition| keyed(condition, schema));
        let (keys, filter) = match keys {
            Some((keys, rest)) => (Some(keys), rest),
            None => (None, select.condition),
        };
        if select.order.is_some() && keys.is_none() {
            return Err(invalid("Must have WHERE clause in the statement when using ORDER BY clause."));
        }
        let read = Read {
            table: table.id.clone(),
            index: select.index,
            filter,
            select: select.columns.map(read::Select::Paths),
            limit: execute.limit,
            start,
            consistent: execute.consistent,
        };
        let page = match keys {
            Some(keys) => self.query(&Query { read, keys, order: select.order.unwrap_or(Order::Forward) })?,
            None => self.scan(&Scan { read, segment: None })?,
        };
        let last = page.last.map(|last| {
            let token = hex::encode(layout::encode(&last));
            (last, token)
        });
        Ok(Executed { table: select.table, items: page.items, last, consumed: page.consumed, reads: true })
    }

    /// The one item that a SELECT names.
    fn get_of(&self, execute: &Execute, select: Select) -> Result<(Get, String), Error> {
        let table = self.table(execute, &select.table)?;
        let refuse = || {
            invalid("Select statements within BatchExecuteStatement must specify the primary key in the where clause.")
        };
        let condition = select.condition.filter(|_| select.index.is_none()).ok_or_else(refuse)?;
        let (key, rest) = whole_key(condition, &table)?;
        if rest.is_some() {
            return Err(refuse());
        }
        let get = Get { table: table.id.clone(), key, projection: select.columns, consistent: execute.consistent };
        Ok((get, select.table))
    }

    /// What a statement that does not select means.
    fn plan(&self, execute: &Execute, statement: Statement) -> Result<Planned, Error> {
        let (name, returning) = match &statement {
            Statement::Select(select) | Statement::Exists(select) => (select.table.clone(), Returning::Nothing),
            Statement::Insert { table, .. } => (table.clone(), Returning::Nothing),
            Statement::Update { table, returning, .. } | Statement::Delete { table, returning, .. } => {
                (table.clone(), *returning)
            }
        };
        let table = self.table(execute, &name)?;
        let there = || Condition::Exists(Path::attribute(table.key.partition.name.clone()));
        let inserts = matches!(statement, Statement::Insert { .. });
        let (action, condition) = match statement {
            Statement::Insert { item, .. } => {
                check_item(&item)?;
                (Action::Put(item), Some(Condition::Not(Box::new(there()))))
            }
            Statement::Update { update, condition, .. } => {
                let (key, rest) = whole_key(condition, &table)?;
                let conditions = [Some(there()), rest].into_iter().flatten().collect();
                (Action::Update { key, update }, Some(Condition::All(conditions)))
            }
            Statement::Delete { condition, returning, .. } => {
                if !matches!(returning, Returning::Nothing | Returning::AllOld) {
                    return Err(invalid("RETURNING of a DELETE can only be ALL OLD *"));
                }
                let (key, rest) = whole_key(condition, &table)?;
                (Action::Delete(key), rest)
            }
            Statement::Select(select) | Statement::Exists(select) => {
                let condition = select.condition.ok_or_else(not_whole)?;
                let (key, rest) = whole_key(condition, &table)?;
                let conditions = [Some(there()), rest].into_iter().flatten().collect();
                (Action::Check(key), Some(Condition::All(conditions)))
            }
        };
        let write = Write {
            condition,
            returns_old: matches!(returning, Returning::AllOld | Returning::ModifiedOld),
            returns_failed: execute.returns_failed,
            ..Write::new(table.id.clone(), action)
        };
        Ok(Planned { table: name, write, returning, inserts })
    }
}

impl Planned {
    fn refusal(&self, error: Error) -> Error {
        match error {
            Error::ConditionFailed { .. } if self.inserts => Error::DuplicateItem,
            other => other,
        }
    }

    fn executed(&self, old: Option<Item>, new: Option<Item>, consumed: Consumed) -> Executed {
        let modified = |item: Option<Item>| match &self.write.action {
            Action::Update { update, .. } => item.map(|item| Projection::new(update.targets()).apply(&item)),
            Action::Put(_) | Action::Delete(_) | Action::Check(_) => item,
        };
        let item = match self.returning {
            Returning::Nothing => None,
            Returning::AllOld => old,
            Returning::AllNew => new,
            Returning::ModifiedOld => modified(old),
            Returning::ModifiedNew => modified(new),
        };
        Executed { table: self.table.clone(), items: item.into_iter().collect(), last: None, consumed, reads: false }
    }
}

/// An INSERT that found an item is told as that.
fn duplicates(error: Error, planned: &[Planned]) -> Error {
    let Error::Cancelled(mut reasons) = error else { return error };
    for (reason, planned) in reasons.iter_mut().zip(planned) {
        if let Some(reason) =
            reason.as_mut().filter(|reason| planned.inserts && reason.code == "ConditionalCheckFailed")
        {
            reason.code = "DuplicateItem";
            reason.text = Error::DuplicateItem.to_string();
        }
    }
    Error::Cancelled(reasons)
}

fn start_of(token: &str) -> Result<Item, Error> {
    let bytes = hex::decode(token).map_err(|_| invalid("NextToken does not match request"))?;
    layout::decode(&bytes.into()).map_err(|_| invalid("NextToken does not match request"))
}

/// The conditions that must all hold.
fn conjuncts(condition: Condition) -> Vec<Condition> {
    match condition {
        Condition::All(many) => many.into_iter().flat_map(conjuncts).collect(),
        one => vec![one],
    }
}

fn joined(mut rest: Vec<Condition>) -> Option<Condition> {
    match rest.len() {
        0 => None,
        1 => rest.pop(),
        _ => Some(Condition::All(rest)),
    }
}

/// A whole attribute that is compared with a value.
fn compared(condition: &Condition) -> Option<(&str, Comparator, &Value)> {
    let (path, comparator, value) = match condition {
        Condition::Compare(Operand::Path(path), comparator, Operand::Value(value)) => (path, *comparator, value),
        Condition::Compare(Operand::Value(value), comparator, Operand::Path(path)) => {
            (path, comparator.turned(), value)
        }
        _ => return None,
    };
    (!path.is_nested()).then_some((path.first.as_str(), comparator, value))
}

fn not_whole() -> Error {
    invalid("Where clause does not contain a mandatory equality on all key attributes")
}

/// The key that a condition fixes as a whole, and what it asks beside.
fn whole_key(condition: Condition, table: &Table) -> Result<(Item, Option<Condition>), Error> {
    let (mut key, mut rest) = (Item::new(), Vec::new());
    for one in conjuncts(condition) {
        match compared(&one) {
            Some((name, Comparator::Equal, value)) if table.key.has(name) && !key.contains_key(name) => {
                key.insert(name.to_owned(), value.clone());
            }
            _ => rest.push(one),
        }
    }
    match key.len() == table.key.attributes().count() {
        true => Ok((key, joined(rest))),
        false => Err(not_whole()),
    }
}

/// The conditions on keys that a query can use, and what is left for its filter; `None` where only a scan will do.
fn keyed(condition: &Condition, schema: &KeySchema) -> Option<(KeyConditions, Option<Condition>)> {
    let mut keys = KeyConditions::default();
    let mut rest = Vec::new();
    for one in conjuncts(condition.clone()) {
        let usable = match (compared(&one), sorted(&one)) {
            (Some((name, Comparator::Equal, value)), _) if name == schema.partition.name => {
                Some((name.to_owned(), SortCondition::Equal(value.clone())))
            }
            (_, Some((name, condition))) if schema.sort.as_ref().is_some_and(|sort| sort.name == name) => {
                Some((name, condition))
            }
            _ => None,
        };
        match usable {
            Some((name, condition)) if !keys.names().any(|known| known == name) => keys.add(name, condition).ok()?,
            Some(_) | None => rest.push(one),
        }
    }
    keys.range(schema).ok()?;
    let filter = joined(rest);
    // A filter of a query must not name its keys: what does so is left to a scan.
    let names_key = filter.as_ref().is_some_and(|filter| filter.paths().iter().any(|path| schema.has(&path.first)));
    (!names_key).then_some((keys, filter))
}

/// A condition that a sort key can be asked for.
fn sorted(condition: &Condition) -> Option<(String, SortCondition)> {
    if let Some((name, comparator, value)) = compared(condition) {
        let value = value.clone();
        let condition = match comparator {
            Comparator::Equal => SortCondition::Equal(value),
            Comparator::Less => SortCondition::Less(value),
            Comparator::LessOrEqual => SortCondition::LessOrEqual(value),
            Comparator::Greater => SortCondition::Greater(value),
            Comparator::GreaterOrEqual => SortCondition::GreaterOrEqual(value),
            Comparator::NotEqual => return None,
        };
        return Some((name.to_owned(), condition));
    }
    match condition {
        Condition::Between(Operand::Path(path), Operand::Value(from), Operand::Value(to)) if !path.is_nested() => {
            Some((path.first.clone(), SortCondition::Between(from.clone(), to.clone())))
        }
        Condition::BeginsWith(Operand::Path(path), Operand::Value(start)) if !path.is_nested() => {
            Some((path.first.clone(), SortCondition::BeginsWith(start.clone())))
        }
        _ => None,
    }
}
