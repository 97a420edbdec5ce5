//! Writes a trimmed model as Rust: types for what is sent and received, and tables of limits for what is received.

use std::collections::BTreeSet;
use std::fmt::Write;

use anyhow::{Context, bail};
use serde_json::{Map, Value};

/// Enumerations that the service checks itself, with a text of its own, after the other limits.
const VALUES_UNCHECKED: &[&str] = &["Runtime"];

/// The text of `crates/aws/src/shapes/<service>.rs`, before rustfmt.
pub fn module(service: &str, model: &Value) -> anyhow::Result<String> {
    let model = Model { shapes: model["shapes"].as_object().context("a model has shapes")?, model };
    let (received, sent) = (model.reachable("input")?, model.reachable("output")?);
    let mut out = String::new();
    let mut types = String::new();
    for (name, shape) in model.shapes {
        let is = |set: &BTreeSet<&str>| set.contains(name.as_str());
        if shape["type"] == "structure" && shape["status"].is_null() {
            structure(&mut types, &model, name, Use { received: is(&received), sent: is(&sent) })?;
        }
    }
    let mut limits = String::new();
    for name in &received {
        limit(&mut limits, &model, name)?;
    }
    let body = types + &limits + &operations(&model)? + &errors(&model)?;
    writeln!(
        out,
        "//! Shapes of `{service}`, written by `cargo xtask shapes` from `models/{service}.json`: change them there.\n"
    )?;
    let mut imports: Vec<&str> = vec!["Described", "Other", "Protocol", "Service"];
    for name in ["Blob", "Input", "Limits", "Member", "Output", "Place", "Shape", "Text"] {
        if uses(&body, name) {
            imports.push(name);
        }
    }
    imports.sort_unstable();
    for (word, line) in [("BTreeMap", "use std::collections::BTreeMap;\n\n"), ("Bytes", "use bytes::Bytes;\n")] {
        if uses(&body, word) {
            out.push_str(line);
        }
    }
    out.push_str("use serde::{Deserialize, Serialize};\n\n");
    writeln!(out, "use crate::shape::{{{}}};\n", imports.join(", "))?;
    Ok(out + &body)
}

fn uses(code: &str, word: &str) -> bool {
    let mut parts = code.split(|c: char| !c.is_alphanumeric() && c != '_');
    parts.any(|part| part == word)
}

struct Model<'a> {
    shapes: &'a Map<String, Value>,
    model: &'a Value,
}

#[derive(Clone, Copy)]
struct Use {
    received: bool,
    sent: bool,
}

impl<'a> Model<'a> {
    fn shape(&self, name: &str) -> anyhow::Result<&'a Value> {
        self.shapes.get(name).with_context(|| format!("no shape {name}"))
    }

    fn operations(&self) -> impl Iterator<Item = (&'a String, &'a Value)> {
        self.model["operations"].as_object().into_iter().flatten()
    }

    /// Names of the shapes that are part of an input or an output.
    fn reachable(&self, side: &str) -> anyhow::Result<BTreeSet<&'a str>> {
        let mut reached = BTreeSet::new();
        let mut waiting: Vec<&str> = self.operations().filter_map(|(_, operation)| operation[side].as_str()).collect();
        while let Some(name) = waiting.pop() {
            if reached.insert(name) {
                let shape = self.shape(name)?;
                waiting.extend(["member", "key", "value"].iter().filter_map(|part| shape[*part].as_str()));
                waiting.extend(members(shape).filter_map(|(_, member)| member["shape"].as_str()));
            }
        }
        Ok(reached)
    }

    fn rust_type(&self, name: &str) -> anyhow::Result<String> {
        let shape = self.shape(name)?;
        let inner = |part: &str| self.rust_type(shape[part].as_str().unwrap_or_default());
        Ok(match shape["type"].as_str().unwrap_or_default() {
            "string" => "String".to_owned(),
            "boolean" => "bool".to_owned(),
            "integer" => "i32".to_owned(),
            "long" => "i64".to_owned(),
            "double" | "float" => "f64".to_owned(),
            "blob" => "Blob".to_owned(),
            "list" => format!("Vec<{}>", inner("member")?),
            "map" => format!("BTreeMap<{}, {}>", inner("key")?, inner("value")?),
            "structure" => name.to_owned(),
            other => bail!("{name} is a {other}, which no codec reads yet: write one first"),
        })
    }
}

fn members(shape: &Value) -> impl Iterator<Item = (&String, &Value)> {
    shape["members"].as_object().into_iter().flatten()
}

fn is_required(shape: &Value, member: &str) -> bool {
    shape["required"].as_array().is_some_and(|names| names.iter().any(|name| name == member))
}

fn structure(out: &mut String, model: &Model, name: &str, used: Use) -> anyhow::Result<()> {
    let shape = model.shape(name)?;
    let mut derives = "Debug, Clone, Default, PartialEq".to_owned();
    if used.received {
        derives.push_str(", Deserialize");
    }
    if used.sent {
        derives.push_str(", Serialize");
    }
    writeln!(out, "#[derive({derives})]\npub struct {name} {{")?;
    let payload = shape["payload"].as_str();
    for (member, described) in members(shape) {
        let field = snake(member);
        if payload == Some(member) {
            writeln!(out, "#[serde(skip)]\npub {field}: Bytes,")?;
            continue;
        }
        let inner = model.rust_type(described["shape"].as_str().unwrap_or_default())?;
        let mut rules = vec![format!("rename = {:?}", key(member, described))];
        let typed = match is_required(shape, member) {
            true => inner,
            false => {
                if used.sent {
                    rules.push("skip_serializing_if = \"Option::is_none\"".to_owned());
                }
                format!("Option<{inner}>")
            }
        };
        writeln!(out, "#[serde({})]\npub {field}: {typed},", rules.join(", "))?;
    }
    writeln!(out, "}}\n")?;
    let is = |side: &str| model.operations().any(|(_, operation)| operation[side] == name);
    if is("input") {
        let set = payload.map(|_| "fn set_payload(&mut self, payload: Bytes) { self.payload = payload; }\n");
        let table = upper(name);
        writeln!(
            out,
            "impl Input for {name} {{\nfn members() -> &'static [Member] {{ &{table} }}\n{}}}\n",
            set.unwrap_or_default()
        )?;
    }
    if is("output") {
        output(out, shape, name, payload)?;
    }
    Ok(())
}

fn output(out: &mut String, shape: &Value, name: &str, payload: Option<&str>) -> anyhow::Result<()> {
    let located: Vec<String> = members(shape)
        .filter_map(|(member, described)| {
            let place = match described["location"].as_str()? {
                "header" => "Header",
                _ => "Status",
            };
            Some(format!("(Place::{place}, {:?})", key(member, described)))
        })
        .collect();
    writeln!(out, "impl Output for {name} {{")?;
    if !located.is_empty() {
        let table = located.join(", ");
        writeln!(out, "fn outside_body() -> &'static [(Place, &'static str)] {{ &[{table}] }}")?;
    }
    if payload.is_some() {
        writeln!(out, "fn take_payload(&mut self) -> Option<Bytes> {{ Some(std::mem::take(&mut self.payload)) }}")?;
    }
    writeln!(out, "}}\n")?;
    Ok(())
}

/// The table that a received shape is checked against.
fn limit(out: &mut String, model: &Model, name: &str) -> anyhow::Result<()> {
    let shape = model.shape(name)?;
    let table = upper(name);
    let to = |part: &str| table_of(model, shape[part].as_str().unwrap_or_default());
    let hidden = shape["sensitive"] == true;
    let limits = limits(shape);
    let described = match shape["type"].as_str().unwrap_or_default() {
        "structure" => return structure_limits(out, model, name),
        "string" => format!("Shape::Text(Text {{ {}, limits: {limits}, hidden: {hidden} }})", text_limits(name, shape)),
        "boolean" => "Shape::Boolean".to_owned(),
        "integer" => format!("Shape::Integer({limits})"),
        "long" => format!("Shape::Long({limits})"),
        "double" | "float" => format!("Shape::Double({limits})"),
        "blob" => format!("Shape::Blob({limits})"),
        "list" => format!("Shape::List {{ element: &{}, limits: {limits} }}", to("member")?),
        "map" => format!("Shape::Map {{ key: &{}, value: &{}, hidden: {hidden} }}", to("key")?, to("value")?),
        other => bail!("{name} is a {other}, which nothing checks yet"),
    };
    writeln!(out, "static {table}: Shape = {described};")?;
    Ok(())
}

fn table_of(model: &Model, name: &str) -> anyhow::Result<String> {
    Ok(match model.shape(name)?["type"] == "structure" {
        true => format!("{}_SHAPE", upper(name)),
        false => upper(name),
    })
}

fn limits(shape: &Value) -> String {
    let bound = |key: &str| match shape[key].as_f64() {
        Some(bound) => format!("Some({bound:?})"),
        None => "None".to_owned(),
    };
    format!("Limits {{ min: {}, max: {} }}", bound("min"), bound("max"))
}

fn text_limits(name: &str, shape: &Value) -> String {
    let pattern = match shape["pattern"].as_str() {
        Some(pattern) => format!("Some(crate::shape::Pattern::new({pattern:?}))"),
        None => "None".to_owned(),
    };
    let values: Vec<String> = match VALUES_UNCHECKED.contains(&name) {
        true => Vec::new(),
        false => shape["enum"].as_array().into_iter().flatten().map(Value::to_string).collect(),
    };
    format!("pattern: {pattern}, values: &[{}]", values.join(", "))
}

fn structure_limits(out: &mut String, model: &Model, name: &str) -> anyhow::Result<()> {
    let shape = model.shape(name)?;
    let payload = shape["payload"].as_str();
    let mut rows = String::new();
    let mut count = 0;
    for (member, described) in members(shape) {
        let place = match described["location"].as_str() {
            _ if payload == Some(member) => "Payload",
            Some("uri") => "Label",
            Some("querystring") => "Query",
            Some("header") => "Header",
            _ => "Body",
        };
        let inner = table_of(model, described["shape"].as_str().unwrap_or_default())?;
        let (key, required) = (key(member, described), is_required(shape, member));
        writeln!(
            rows,
            "Member {{ name: {member:?}, key: {key:?}, place: Place::{place}, required: {required}, shape: &{inner} }},"
        )?;
        count += 1;
    }
    let table = upper(name);
    writeln!(out, "static {table}: [Member; {count}] = [{rows}];")?;
    if !model.operations().any(|(_, operation)| operation["input"] == name) {
        writeln!(out, "static {table}_SHAPE: Shape = Shape::Structure(&{table});")?;
    }
    Ok(())
}

fn operations(model: &Model) -> anyhow::Result<String> {
    let metadata = &model.model["metadata"];
    let text = |key: &str| metadata[key].as_str().unwrap_or_default();
    let protocol = match text("protocol") {
        "rest-json" => "Protocol::RestJson".to_owned(),
        "json" => {
            format!("Protocol::Json {{ version: {:?}, target: {:?} }}", text("jsonVersion"), text("targetPrefix"))
        }
        "query" => {
            format!("Protocol::Query {{ version: {:?}, namespace: {:?} }}", text("apiVersion"), text("xmlNamespace"))
        }
        other => bail!("no codec for the protocol {other}"),
    };
    let others: Vec<String> = (model.model["others"].as_array().into_iter().flatten())
        .map(|row| format!("Other {{ name: {}, method: {}, path: {} }}", row[0], row[1], row[2]))
        .collect();
    let mut out = format!(
        "pub static SERVICE: Service = Service {{ protocol: {protocol}, others: &[{}] }};\n\n",
        others.join(", ")
    );
    for (name, operation) in model.operations() {
        let http = &operation["http"];
        let status = http["responseCode"].as_u64().unwrap_or(200);
        writeln!(
            out,
            "pub static {}_OPERATION: Described = Described {{ name: {name:?}, method: {}, path: {}, status: {status} }};",
            upper(name),
            http["method"],
            http["requestUri"]
        )?;
    }
    Ok(out)
}

fn errors(model: &Model) -> anyhow::Result<String> {
    let mut out = "\n/// Errors as this service writes them.\npub mod error {\nuse crate::error::Kind;\n".to_owned();
    let mut count = 0;
    for (name, shape) in model.shapes {
        let Some(status) = shape["status"].as_u64() else { continue };
        let has = |member: &str| members(shape).any(|(name, _)| name == member);
        let message = if has("Message") { "Message" } else { "message" };
        let typed = has("Type");
        writeln!(
            out,
            "pub static {}: Kind = Kind {{ code: {name:?}, status: {status}, message: {message:?}, typed: {typed} }};",
            upper(name)
        )?;
        count += 1;
    }
    // A model without errors needs no empty module.
    Ok(if count == 0 { String::new() } else { out + "}\n" })
}

fn key<'a>(member: &'a str, described: &'a Value) -> &'a str {
    described["locationName"].as_str().unwrap_or(member)
}

/// `KMSKeyArn` is `kms_key_arn`, `CodeSha256` is `code_sha256`, `S3Bucket` is `s3_bucket`.
fn snake(name: &str) -> String {
    let letters: Vec<char> = name.chars().collect();
    let mut out = String::new();
    for (at, letter) in letters.iter().enumerate() {
        let after_small = at > 0 && (letters[at - 1].is_lowercase() || letters[at - 1].is_ascii_digit());
        let ends_capitals = at > 0 && letters.get(at + 1).is_some_and(|next| next.is_lowercase());
        if letter.is_uppercase() && at > 0 && (after_small || ends_capitals) {
            out.push('_');
        }
        out.extend(letter.to_lowercase());
    }
    match out.as_str() {
        "type" => "kind".to_owned(),
        _ => out,
    }
}

fn upper(name: &str) -> String {
    snake(name).to_uppercase()
}
