//! Making, changing and deleting tables, with the rules of their definitions in DynamoDB's order.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use store::{Timestamp, Tx};

use super::error::{Error, invalid, parameter};
use super::rows::{self, Backfill, Counted};
use super::schema::{
    Billing, Class, Expiry, Index, KeyAttribute, KeySchema, OnDemand, Projection, Reach, Scalar, Settings, Table,
    TableId, Throughput, ThroughputChanged, is_name,
};
use super::stream::{self, View};
use super::{Tables as AllTables, backup, key};
use crate::name::{AccountId, Region};
use crate::random;

/// Limits. Source: DynamoDB quotas and API model (read 2026-11-24).
const LOCAL_INDEXES_MAX: usize = 5;
const GLOBAL_INDEXES_MAX: usize = 20;
const TAGS_MAX: usize = 50;
const UNITS_MAX: i64 = 1_000_000_000_000;
const PROJECTED_MAX: usize = 100;

/// A table as it is asked for.
#[derive(Debug, Clone)]
pub struct NewTable {
    pub id: TableId,
    pub attributes: Vec<AttributeDefinition>,
    pub key: Vec<KeyElement>,
    pub local: Option<Vec<NewIndex>>,
    pub global: Option<Vec<NewIndex>>,
    pub billing: Option<Billing>,
    pub throughput: Option<Throughput>,
    pub on_demand: Option<OnDemand>,
    pub class: Class,
    pub deletion_protection: bool,
    pub encrypted: bool,
    pub tags: Vec<(String, String)>,
    pub stream: Option<View>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct AttributeDefinition {
    pub name: String,
    pub kind: Scalar,
}

#[derive(Debug, Clone, PartialEq)]
pub struct KeyElement {
    pub name: String,
    pub is_hash: bool,
}

#[derive(Debug, Clone, PartialEq)]
pub struct NewIndex {
    pub name: String,
    pub key: Vec<KeyElement>,
    pub projection: NewProjection,
    pub throughput: Option<Throughput>,
    pub on_demand: Option<OnDemand>,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct NewProjection {
    pub kind: Option<String>,
    pub attributes: Option<Vec<String>>,
}

/// What of a table is to be changed.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ChangeTable {
    pub attributes: Vec<AttributeDefinition>,
    pub billing: Option<Billing>,
    pub throughput: Option<Throughput>,
    pub on_demand: Option<OnDemand>,
    pub indexes: Vec<IndexChange>,
    pub class: Option<Class>,
    pub deletion_protection: Option<bool>,
    pub encrypted: Option<bool>,
    /// Switches the stream on, with a view, or off.
    pub stream: Option<Option<View>>,
}

#[derive(Debug, Clone, PartialEq)]
pub enum IndexChange {
    Create(NewIndex),
    Update { name: String, throughput: Option<Throughput>, on_demand: Option<OnDemand> },
    Delete { name: String },
}

/// A page of names, and whether there are more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tables {
    pub names: Vec<String>,
    pub more: bool,
}

impl AllTables {
    pub async fn create(&self, new: &NewTable) -> Result<Arc<Table>, Error> {
        check_new(new)?;
        let table = self
            .store
            .transact(|tx| {
                if self.catalog.find(tx, &new.id)?.is_some() {
                    return Err(Error::TableExists { name: new.id.name.as_str().to_owned() });
                }
                let table = make(tx, new);
                rows::put_table(tx, &table);
                Ok(table)
            })
            .await?;
        Ok(Arc::new(table))
    }

    /// The table and what is counted of it and, in their order, of its indexes.
    pub fn describe(&self, id: &TableId) -> Result<(Arc<Table>, Counted, Vec<Counted>), Error> {
        self.store.read(|read| {
            let table = self.catalog.existing(read, id)?;
            let counted = rows::counted(read, &table, 0)?;
            let of_indexes = table.indexes.iter().map(|index| rows::counted(read, &table, index.number));
            let of_indexes = of_indexes.collect::<Result<_, _>>()?;
            Ok((table, counted, of_indexes))
        })
    }

    pub fn list(
        &self,
        account: &AccountId,
        region: &Region,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Tables, Error> {
        let mut names = self.store.read(|read| rows::table_names(read, account, region, after, limit + 1))?;
        let more = names.len() > limit;
        names.truncate(limit);
        Ok(Tables { names, more })
    }

    /// Deletes a table; its rows go in the background.
    pub async fn delete(&self, id: &TableId) -> Result<Arc<Table>, Error> {
        self.store
            .transact(|tx| {
                let table = self.catalog.existing(tx, id)?;
                refuse_loading(&table)?;
                if table.settings.deletion_protection {
                    return Err(invalid(
                        "Resource cannot be deleted as it is currently protected against deletion. Disable deletion protection first.",
                    ));
                }
                stream::end(tx, &table)?;
                rows::delete_table(tx, id);
                backup::leave(tx, &table)?;
                Ok(table)
            })
            .await
    }

    pub async fn change(&self, id: &TableId, change: &ChangeTable) -> Result<Arc<Table>, Error> {
        self.alter(id, |tx, table| apply(tx, table, change)).await
    }

    /// Changes the tags of a table.
    pub async fn tag(&self, id: &TableId, add: &[(String, String)], remove: &[String]) -> Result<(), Error> {
        self.alter(id, |_, table| {
            let tags = &mut table.settings.tags;
            tags.retain(|key, _| !remove.contains(key));
            tags.extend(add.iter().cloned());
            match tags.len() > TAGS_MAX {
                true => Err(invalid(
                    "One or more parameter values were invalid: Too many tags: The maximum number of tags is 50",
                )),
                false => Ok(()),
            }
        })
        .await?;
        Ok(())
    }

    /// Lets items fall due by an attribute, or no longer.
    pub async fn set_expiry(&self, id: &TableId, attribute: &str, enabled: bool) -> Result<(), Error> {
        self.alter(id, |tx, table| {
            match (&table.settings.expiry, enabled) {
                (Some(_), true) => return Err(invalid("TimeToLive is already enabled")),
                (None, false) => return Err(invalid("TimeToLive is already disabled")),
                (Some(known), false) if known.attribute != attribute => {
                    return Err(invalid(format!(
                        "TimeToLive is active on a different AttributeName: current AttributeName is {}",
                        known.attribute
                    )));
                }
                (Some(known), false) => {
                    rows::drop_due(tx, table, known);
                    table.settings.expiry = None;
                }
                (None, true) => {
                    let number = table.next_index;
                    table.next_index += 1;
                    table.settings.expiry = Some(Expiry { attribute: attribute.to_owned(), number });
                    start_backfill(tx, table, number);
                }
            }
            rows::set_expiring(tx, table);
            Ok(())
        })
        .await?;
        Ok(())
    }

    pub(super) async fn alter(
        &self,
        id: &TableId,
        mut change: impl FnMut(&mut Tx, &mut Table) -> Result<(), Error>,
    ) -> Result<Arc<Table>, Error> {
        let table = self
            .store
            .transact(|tx| {
                let mut table = (*self.catalog.existing(tx, id)?).clone();
                refuse_loading(&table)?;
                change(tx, &mut table)?;
                rows::put_table(tx, &table);
                Ok::<_, Error>(table)
            })
            .await?;
        Ok(Arc::new(table))
    }
}

fn refuse_loading(table: &Table) -> Result<(), Error> {
    let name = table.id.name.as_str();
    match table.settings.loading {
        true => Err(Error::InUse(
            format!("Attempt to change a resource which is still in use: Table is being created: {name}").into(),
        )),
        false => Ok(()),
    }
}

fn make(tx: &mut Tx, new: &NewTable) -> Table {
    let (uuid, number) = (random::uuid(tx.random()), tx.random());
    let [high, ..] = number.as_chunks::<8>().0 else { unreachable!("sixteen bytes are two times eight") };
    let typed = |name: &str| typed(&new.attributes, name);
    let key = schema(&new.key, &typed);
    let local = new.local.iter().flatten().map(|index| (index, Reach::Local));
    let global = new.global.iter().flatten().map(|index| (index, Reach::Global));
    let indexes: Vec<Index> =
        local.chain(global).zip(1..).map(|((index, reach), number)| index_of(index, reach, number, &typed)).collect();
    let now = tx.now();
    let billing = new.billing.unwrap_or(Billing::Provisioned);
    let settings = Settings {
        uuid: uuid.into(),
        attributes: new
            .attributes
            .iter()
            .map(|attribute| KeyAttribute { name: attribute.name.clone(), kind: attribute.kind })
            .collect(),
        billing,
        on_demand_since_millis: (billing == Billing::PayPerRequest).then_some(now.millis()),
        throughput: new.throughput.unwrap_or_default(),
        on_demand: new.on_demand,
        class: new.class,
        class_changed_millis: None,
        throughput_changed: ThroughputChanged::default(),
        deletion_protection: new.deletion_protection,
        encrypted: new.encrypted,
        tags: new.tags.iter().cloned().collect(),
        expiry: None,
        stream: new.stream.map(|view| stream::begin(tx, &new.id, &key, view)),
        ..Settings::default()
    };
    let next_index = indexes.len() as u64 + 1;
    Table { id: new.id.clone(), settings, number: u64::from_be_bytes(*high), key, indexes, next_index, created: now }
}

fn typed(attributes: &[AttributeDefinition], name: &str) -> KeyAttribute {
    let kind = attributes.iter().find(|attribute| attribute.name == name).map_or(Scalar::S, |attribute| attribute.kind);
    KeyAttribute { name: name.to_owned(), kind }
}

/// Of elements that have been checked.
fn schema(elements: &[KeyElement], typed: &impl Fn(&str) -> KeyAttribute) -> KeySchema {
    let mut attributes = elements.iter().map(|element| typed(&element.name));
    let partition = attributes.next().unwrap_or_else(|| typed(""));
    KeySchema { partition, sort: attributes.next() }
}

fn index_of(new: &NewIndex, reach: Reach, number: u64, typed: &impl Fn(&str) -> KeyAttribute) -> Index {
    let projection = match new.projection.kind.as_deref() {
        Some("ALL") => Projection::All,
        Some("INCLUDE") => Projection::Include(new.projection.attributes.clone().unwrap_or_default()),
        Some(_) | None => Projection::KeysOnly,
    };
    Index {
        name: new.name.clone(),
        number,
        reach,
        key: schema(&new.key, typed),
        projection,
        backfilling: false,
        throughput: new.throughput.unwrap_or_default(),
        on_demand: new.on_demand,
    }
}

fn check_new(new: &NewTable) -> Result<(), Error> {
    let billing = new.billing.unwrap_or(Billing::Provisioned);
    check_throughput(billing, new.throughput.as_ref())?;
    let definitions = definitions(&new.attributes)?;
    check_schema(&new.key, &definitions)?;
    let mut used: BTreeSet<&str> = new.key.iter().map(|element| element.name.as_str()).collect();
    let mut names = BTreeSet::new();
    check_local(new, &definitions, &mut names)?;
    check_global(new, billing, &definitions, &mut names)?;
    let indexes = || new.local.iter().chain(&new.global).flatten();
    for index in indexes() {
        used.extend(index.key.iter().map(|element| element.name.as_str()));
    }
    let projected: usize = indexes().filter_map(|index| index.projection.attributes.as_ref()).map(Vec::len).sum();
    if projected > PROJECTED_MAX {
        return Err(parameter(format!(
            "Number of attributes projected into all indexes exceeds the limit of {PROJECTED_MAX}"
        )));
    }
    if used.len() < definitions.len() {
        return Err(match indexes().next() {
            None => parameter(
                "Number of attributes in KeySchema does not exactly match number of attributes defined in AttributeDefinitions",
            ),
            Some(_) => unused(&definitions, &used),
        });
    }
    match new.tags.len() > TAGS_MAX {
        true => {
            Err(invalid("One or more parameter values were invalid: Too many tags: The maximum number of tags is 50"))
        }
        false => Ok(()),
    }
}

fn unused(definitions: &[&str], used: &BTreeSet<&str>) -> Error {
    let used: Vec<&str> = used.iter().copied().collect();
    parameter(format!(
        "Some AttributeDefinitions are not used. AttributeDefinitions: [{}], keys used: [{}]",
        definitions.join(", "),
        used.join(", ")
    ))
}

/// The names that are defined, each once.
fn definitions(attributes: &[AttributeDefinition]) -> Result<Vec<&str>, Error> {
    let mut names: Vec<&str> = Vec::new();
    for attribute in attributes {
        if names.contains(&attribute.name.as_str()) {
            return Err(parameter(format!("Duplicate AttributeName in AttributeDefinitions: {}", attribute.name)));
        }
        names.push(&attribute.name);
    }
    Ok(names)
}

fn check_throughput(billing: Billing, throughput: Option<&Throughput>) -> Result<(), Error> {
    match (billing, throughput) {
        (Billing::PayPerRequest, Some(_)) => Err(parameter(
            "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST",
        )),
        (Billing::Provisioned, None) => Err(parameter(
            "ReadCapacityUnits and WriteCapacityUnits must both be specified when BillingMode is PROVISIONED",
        )),
        (Billing::Provisioned, Some(throughput)) => check_bounds(throughput, ""),
        (Billing::PayPerRequest, None) => Ok(()),
    }
}

fn check_bounds(throughput: &Throughput, whose: &str) -> Result<(), Error> {
    let units = [("ReadCapacityUnits", throughput.read_units), ("WriteCapacityUnits", throughput.write_units)];
    match units.into_iter().find(|(_, units)| *units > UNITS_MAX) {
        Some((what, given)) => Err(invalid(format!("Given value {given} for {what} is out of bounds{whose}"))),
        None => Ok(()),
    }
}

fn check_schema(elements: &[KeyElement], definitions: &[&str]) -> Result<(), Error> {
    if elements.first().is_some_and(|first| !first.is_hash) {
        return Err(invalid("Invalid KeySchema: The first KeySchemaElement is not a HASH key type"));
    }
    if let [first, second, ..] = elements {
        if first.name == second.name {
            return Err(invalid("Both the Hash Key and the Range Key element in the KeySchema have the same name"));
        }
        if second.is_hash {
            return Err(invalid("Invalid KeySchema: The second KeySchemaElement is not a RANGE key type"));
        }
    }
    let keys: Vec<&str> = elements.iter().map(|element| element.name.as_str()).collect();
    match keys.iter().all(|key| definitions.contains(key)) {
        true => Ok(()),
        false => Err(parameter(format!(
            "Some index key attributes are not defined in AttributeDefinitions. Keys: [{}], AttributeDefinitions: [{}]",
            keys.join(", "),
            definitions.join(", ")
        ))),
    }
}

fn check_index<'a>(index: &'a NewIndex, definitions: &[&str], names: &mut BTreeSet<&'a str>) -> Result<(), Error> {
    check_schema(&index.key, definitions)?;
    if !is_name(&index.name) {
        return Err(invalid(
            "IndexName must be at least 3 characters long and at most 255 characters long, of a-z, A-Z, 0-9, '_', '-' and '.'",
        ));
    }
    if !names.insert(&index.name) {
        return Err(parameter(format!("Duplicate index name: {}", index.name)));
    }
    check_projection(&index.projection)
}

fn check_projection(projection: &NewProjection) -> Result<(), Error> {
    match (projection.kind.as_deref(), &projection.attributes) {
        (None, _) => Err(parameter("Unknown ProjectionType: null")),
        (Some("INCLUDE"), None) => Err(parameter("ProjectionType is INCLUDE, but NonKeyAttributes is not specified")),
        (Some("INCLUDE"), Some(_)) | (Some(_), None) => Ok(()),
        (Some(kind), Some(_)) => Err(parameter(format!("ProjectionType is {kind}, but NonKeyAttributes is specified"))),
    }
}

fn check_local<'a>(new: &'a NewTable, definitions: &[&str], names: &mut BTreeSet<&'a str>) -> Result<(), Error> {
    let Some(indexes) = &new.local else { return Ok(()) };
    if indexes.is_empty() {
        return Err(parameter("List of LocalSecondaryIndexes is empty"));
    }
    let hash = new.key.first().map_or("", |element| element.name.as_str());
    if new.key.len() < 2 {
        return Err(parameter(
            "Table KeySchema does not have a range key, which is required when specifying a LocalSecondaryIndex",
        ));
    }
    for index in indexes {
        let name = &index.name;
        check_schema(&index.key, definitions)?;
        let own = index.key.first().map_or("", |element| element.name.as_str());
        if own != hash {
            return Err(parameter(format!(
                "Index KeySchema does not have the same leading hash key as table KeySchema for index: {name}. index hash key: {own}, table hash key: {hash}"
            )));
        }
        if index.key.len() < 2 {
            return Err(parameter(format!("Index KeySchema does not have a range key for index: {name}")));
        }
        check_index(index, definitions, names)?;
    }
    match indexes.len() > LOCAL_INDEXES_MAX {
        true => {
            Err(parameter(format!("Number of LocalSecondaryIndexes exceeds per-table limit of {LOCAL_INDEXES_MAX}")))
        }
        false => Ok(()),
    }
}

fn check_global<'a>(
    new: &'a NewTable,
    billing: Billing,
    definitions: &[&str],
    names: &mut BTreeSet<&'a str>,
) -> Result<(), Error> {
    let Some(indexes) = &new.global else { return Ok(()) };
    if indexes.is_empty() {
        return Err(parameter("List of GlobalSecondaryIndexes is empty"));
    }
    for index in indexes {
        check_index_throughput(index, billing)?;
        check_index(index, definitions, names)?;
    }
    match indexes.len() > GLOBAL_INDEXES_MAX {
        true => {
            Err(parameter(format!("GlobalSecondaryIndex count exceeds the per-table limit of {GLOBAL_INDEXES_MAX}")))
        }
        false => Ok(()),
    }
}

fn check_index_throughput(index: &NewIndex, billing: Billing) -> Result<(), Error> {
    let name = &index.name;
    match (billing, &index.throughput) {
        (Billing::Provisioned, None) => {
            Err(parameter(format!("ProvisionedThroughput is not specified for index: {name}")))
        }
        (Billing::PayPerRequest, Some(_)) => Err(parameter(format!(
            "ProvisionedThroughput should not be specified for index: {name} when BillingMode is PAY_PER_REQUEST"
        ))),
        (Billing::Provisioned, Some(throughput)) => check_bounds(throughput, &format!(" for index {name}")),
        (Billing::PayPerRequest, None) => Ok(()),
    }
}

fn apply(tx: &mut Tx, table: &mut Table, change: &ChangeTable) -> Result<(), Error> {
    if table.indexes.iter().any(|index| index.backfilling) && !change.indexes.is_empty() {
        return Err(Error::InUse(
            format!(
                "Attempt to change a resource which is still in use: Table is being updated: {}",
                table.id.name.as_str()
            )
            .into(),
        ));
    }
    let now = tx.now();
    set_billing(&mut table.settings, change, now)?;
    set_throughput(&mut table.settings, change, now)?;
    let settings = &mut table.settings;
    if let Some(class) = change.class {
        settings.class = class;
        settings.class_changed_millis = Some(now.millis());
    }
    settings.deletion_protection = change.deletion_protection.unwrap_or(settings.deletion_protection);
    settings.encrypted = change.encrypted.unwrap_or(settings.encrypted);
    settings.on_demand = change.on_demand.or(settings.on_demand);
    define_more(settings, &change.attributes)?;
    if let Some(wanted) = change.stream {
        stream::set(tx, table, wanted)?;
    }
    let creates = change.indexes.iter().filter(|change| matches!(change, IndexChange::Create(_))).count();
    if creates > 1 || change.indexes.len() - creates > 0 && creates > 0 {
        return Err(invalid(
            "Subscriber limit exceeded: Only 1 online index can be created or deleted simultaneously per table",
        ));
    }
    for index in &change.indexes {
        change_index(tx, table, index)?;
    }
    if !change.indexes.is_empty() || !change.attributes.is_empty() {
        forget_definitions(table, change)?;
    }
    Ok(())
}

fn set_billing(settings: &mut Settings, change: &ChangeTable, now: Timestamp) -> Result<(), Error> {
    match change.billing {
        Some(Billing::PayPerRequest) if change.throughput.is_some() => {
            check_throughput(Billing::PayPerRequest, change.throughput.as_ref())
        }
        Some(Billing::PayPerRequest) => {
            if settings.billing != Billing::PayPerRequest {
                settings.on_demand_since_millis = Some(now.millis());
                settings.throughput = Throughput::default();
            }
            settings.billing = Billing::PayPerRequest;
            Ok(())
        }
        Some(Billing::Provisioned) => {
            if settings.billing != Billing::Provisioned {
                check_throughput(Billing::Provisioned, change.throughput.as_ref())?;
            }
            settings.billing = Billing::Provisioned;
            Ok(())
        }
        None => Ok(()),
    }
}

fn set_throughput(settings: &mut Settings, change: &ChangeTable, now: Timestamp) -> Result<(), Error> {
    let Some(throughput) = change.throughput else { return Ok(()) };
    check_throughput(settings.billing, Some(&throughput))?;
    let old = settings.throughput;
    if old == throughput && change.billing.is_none() && change.indexes.is_empty() {
        return Err(invalid(format!(
            "The provisioned throughput for the table will not change. The requested value equals the current value. Current ReadCapacityUnits provisioned for the table: {}. Requested ReadCapacityUnits: {}. Current WriteCapacityUnits provisioned for the table: {}. Requested WriteCapacityUnits: {}. Refer to the Amazon DynamoDB Developer Guide for current limits and how to request higher limits.",
            old.read_units, throughput.read_units, old.write_units, throughput.write_units
        )));
    }
    let changed = &mut settings.throughput_changed;
    if throughput.read_units > old.read_units || throughput.write_units > old.write_units {
        changed.raised_millis = Some(now.millis());
    }
    if throughput.read_units < old.read_units || throughput.write_units < old.write_units {
        changed.lowered_millis = Some(now.millis());
        changed.lowered_today += 1;
    }
    settings.throughput = throughput;
    Ok(())
}

fn define_more(settings: &mut Settings, attributes: &[AttributeDefinition]) -> Result<(), Error> {
    definitions(attributes)?;
    for attribute in attributes {
        match settings.attributes.iter().find(|known| known.name == attribute.name) {
            Some(known) if known.kind != attribute.kind => {
                return Err(parameter(format!(
                    "Cannot change the type of the key attribute {} from {} to {}",
                    attribute.name,
                    known.kind.kind().name(),
                    attribute.kind.kind().name()
                )));
            }
            Some(_) => {}
            None => {
                settings.attributes.push(KeyAttribute { name: attribute.name.clone(), kind: attribute.kind });
            }
        }
    }
    Ok(())
}

/// Drops definitions that no key uses any more; new ones must be used.
fn forget_definitions(table: &mut Table, change: &ChangeTable) -> Result<(), Error> {
    let keys = |schema: &KeySchema| schema.attributes().map(|attribute| attribute.name.clone()).collect::<Vec<_>>();
    let mut used: BTreeSet<String> = keys(&table.key).into_iter().collect();
    table.indexes.iter().for_each(|index| used.extend(keys(&index.key)));
    let deletes = change.indexes.iter().any(|change| matches!(change, IndexChange::Delete { .. }));
    if !deletes && change.attributes.iter().any(|attribute| !used.contains(&attribute.name)) {
        let defined: Vec<&str> = change.attributes.iter().map(|attribute| attribute.name.as_str()).collect();
        return Err(unused(&defined, &used.iter().map(String::as_str).collect()));
    }
    table.settings.attributes.retain(|attribute| used.contains(&attribute.name));
    Ok(())
}

fn change_index(tx: &mut Tx, table: &mut Table, change: &IndexChange) -> Result<(), Error> {
    match change {
        IndexChange::Create(new) => create_index(tx, table, new),
        IndexChange::Update { name, throughput, on_demand } => {
            if let Some(throughput) = throughput {
                if table.settings.billing == Billing::PayPerRequest {
                    return Err(parameter(format!(
                        "ProvisionedThroughput should not be specified for index: {name} when BillingMode is PAY_PER_REQUEST"
                    )));
                }
                check_bounds(throughput, &format!(" for index {name}"))?;
            }
            let index = global(table, name)?;
            index.throughput = throughput.unwrap_or(index.throughput);
            index.on_demand = on_demand.or(index.on_demand);
            Ok(())
        }
        IndexChange::Delete { name } => {
            let number = global(table, name)?.number;
            if let Some(at) = table.indexes.iter().position(|index| index.number == number) {
                let index = table.indexes.remove(at);
                rows::drop_index(tx, table, &index);
            }
            Ok(())
        }
    }
}

fn global<'a>(table: &'a mut Table, name: &str) -> Result<&'a mut Index, Error> {
    let found = table.indexes.iter_mut().find(|index| index.reach == Reach::Global && index.name == name);
    found.ok_or_else(|| Error::NoSuchIndex { name: name.to_owned() })
}

/// A new index is entered into from this commit on; what was there before is entered in the background.
fn create_index(tx: &mut Tx, table: &mut Table, new: &NewIndex) -> Result<(), Error> {
    check_index_throughput(new, table.settings.billing)?;
    let defined: Vec<&str> = table.settings.attributes.iter().map(|attribute| attribute.name.as_str()).collect();
    let mut names: BTreeSet<&str> = BTreeSet::new();
    check_index(new, &defined, &mut names)?;
    if table.index(&new.name).is_some() {
        return Err(invalid(format!("Attempting to create an index which already exists: {}", new.name)));
    }
    if table.reaching(Reach::Global).count() >= GLOBAL_INDEXES_MAX {
        return Err(parameter(format!(
            "GlobalSecondaryIndex count exceeds the per-table limit of {GLOBAL_INDEXES_MAX}"
        )));
    }
    let kinds: BTreeMap<&str, Scalar> =
        table.settings.attributes.iter().map(|attribute| (attribute.name.as_str(), attribute.kind)).collect();
    let typed =
        |name: &str| KeyAttribute { name: name.to_owned(), kind: kinds.get(name).copied().unwrap_or(Scalar::S) };
    let mut index = index_of(new, Reach::Global, table.next_index, &typed);
    index.backfilling = true;
    table.next_index += 1;
    start_backfill(tx, table, index.number);
    table.indexes.push(index);
    Ok(())
}

/// Leaves the items that are there already to the background.
fn start_backfill(tx: &mut Tx, table: &Table, number: u64) {
    let backfill = Backfill { table: table.id.clone(), table_number: table.number, number };
    rows::put_backfill(tx, &backfill, key::lane(table, None).range().from);
}
