//! Expressions against one item: what they find, what they make of it, and what is wrong with them.

use std::collections::BTreeMap;

use super::*;
use crate::table::number::Number;
use crate::table::value::Value;

fn number(text: &str) -> Value {
    Value::Number(Number::parse(text).expect("a number"))
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

fn texts(all: &[&str]) -> Value {
    Value::Texts(all.iter().map(|text| (*text).to_owned()).collect())
}

fn map(entries: &[(&str, Value)]) -> Item {
    entries.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
}

/// `{id: "a", n: 5, set: {x, y}, list: [1, {deep: "z"}], flag: true}`.
fn item() -> Item {
    let deep = Value::Map(map(&[("deep", text("z"))]));
    map(&[
        ("id", text("a")),
        ("n", number("5")),
        ("set", texts(&["x", "y"])),
        ("list1", Value::List(vec![number("1"), deep])),
        ("flag", Value::Bool(true)),
    ])
}

fn values() -> Item {
    map(&[
        (":five", number("5")),
        (":nine", number("9")),
        (":a", text("a")),
        (":z", text("z")),
        (":S", text("S")),
        (":true", Value::Bool(true)),
        (":xy", texts(&["x", "y"])),
        (":more", texts(&["y", "q"])),
        (":none", Value::List(Vec::new())),
        (":one", Value::List(vec![text("new")])),
    ])
}

fn names() -> BTreeMap<String, String> {
    [("#n", "n"), ("#set", "set"), ("#l", "list1")].map(|(key, name)| (key.to_owned(), name.to_owned())).into()
}

/// Only what the texts use is given: unused placeholders are a fault of their own.
fn parse(texts: Texts) -> Result<Expressions, String> {
    let all = [texts.update, texts.condition, texts.key_condition, texts.filter, texts.projection];
    let all: String = all.into_iter().flatten().collect::<Vec<_>>().join(" ");
    let word = |key: &str| {
        all.match_indices(key)
            .any(|(at, _)| !all[at + key.len()..].starts_with(|next: char| next.is_ascii_alphanumeric() || next == '_'))
    };
    let (mut names, mut values) = (names(), values());
    names.retain(|key, _| word(key));
    values.retain(|key, _| word(key));
    let texts = Texts { names: Some(&names), values: Some(&values), ..texts };
    texts.parse().map_err(|error| error.to_string())
}

#[test]
fn conditions_hold_or_not() {
    let cases = [
        ("id = :a", true),
        ("id <> :a", false),
        ("absent <> :a", true),
        ("absent = :a", false),
        ("#n < :nine AND #n >= :five", true),
        ("#n > :nine OR NOT flag = :true", false),
        ("#n BETWEEN :five AND :nine", true),
        ("id IN (:z, :a)", true),
        ("attribute_exists(#l[1].deep)", true),
        ("attribute_not_exists(#l[2])", true),
        ("attribute_type(id, :S)", true),
        ("begins_with(id, :a)", true),
        ("contains(#set, :z)", false),
        ("size(#set) < :five", true),
        ("#set = :xy", true),
        ("(id = :a) AND (NOT (#n = :nine))", true),
        ("#l[1].deep = :z", true),
        ("id < :nine", false),
    ];
    for (condition, wanted) in cases {
        let parsed = parse(Texts { condition: Some(condition), ..Texts::default() });
        let parsed = parsed.unwrap_or_else(|fault| panic!("{condition}: {fault}")).condition.expect("it was given");
        assert_eq!(parsed.holds(&item()), wanted, "{condition}");
    }
}

#[test]
fn conditions_that_are_wrong_are_told_so() {
    let cases = [
        ("", "The expression can not be empty;"),
        ("id :a", "Syntax error; token: \":a\", near: \"id :a\""),
        ("id =", "Syntax error; token: \"<EOF>\", near: \"=\""),
        ("status = :a", "Attribute name is a reserved keyword; reserved keyword: status"),
        ("#gone = :a", "An expression attribute name used in the document path is not defined; attribute name: #gone"),
        ("id = :gone", "An expression attribute value used in expression is not defined; attribute value: :gone"),
        ("what(id)", "Invalid function name; function: what"),
        ("size(id)", "The function is not allowed to be used this way in an expression; function: size"),
        (
            "attribute_exists(id) = :a",
            "The function is not allowed to be used this way in an expression; function: attribute_exists",
        ),
        (
            "attribute_exists(id, #n)",
            "Incorrect number of operands for operator or function; operator or function: attribute_exists, number of operands: 2",
        ),
        (
            "attribute_exists(:a)",
            "Operator or function requires a document path; operator or function: attribute_exists",
        ),
        (
            "begins_with(id, :five)",
            "Incorrect operand type for operator or function; operator or function: begins_with, operand type: N",
        ),
        ("id < :true", "Incorrect operand type for operator or function; operator or function: <, operand type: BOOL"),
        (
            "attribute_type(id, :a)",
            "Invalid attribute type name found; type: a, valid types: {B,NULL,SS,BOOL,L,BS,N,NS,S,M}",
        ),
        (
            "id = id",
            "The first operand must be distinct from the remaining operands for this operator or function; operator: =, first operand: [id]",
        ),
        ("((id = :a))", "The expression has redundant parentheses;"),
        (
            "#n BETWEEN :nine AND :five",
            "The BETWEEN operator requires upper bound to be greater than or equal to lower bound; lower bound operand: AttributeValue: {N:9}, upper bound operand: AttributeValue: {N:5}",
        ),
    ];
    for (condition, wanted) in cases {
        let found = parse(Texts { condition: Some(condition), ..Texts::default() });
        assert_eq!(found, Err(format!("Invalid ConditionExpression: {wanted}")), "{condition}");
    }
}

#[test]
fn an_expression_bomb_is_refused_and_does_not_overflow_the_stack() {
    let bombs =
        ["(".repeat(4_000), "NOT ".repeat(1_000), "size(".repeat(800), format!("id = {}", ":a OR id = ".repeat(350))];
    for bomb in bombs {
        let found = parse(Texts { condition: Some(&bomb), ..Texts::default() });
        assert!(found.is_err(), "{bomb}");
    }
}

#[test]
fn updates_change_what_they_say_and_nothing_else() {
    let with = |changes: &[(&str, Option<Value>)]| {
        let mut changed = item();
        for (name, value) in changes {
            match value {
                Some(value) => changed.insert((*name).to_owned(), value.clone()),
                None => changed.remove(*name),
            };
        }
        Ok(changed)
    };
    let list = |more: &[Value]| {
        let Some(Value::List(mut list)) = item().remove("list1") else { panic!("it is a list") };
        list.extend_from_slice(more);
        Some(Value::List(list))
    };
    let refused = |text: &str| Err(text.to_owned());
    let cases = [
        ("SET #n = #n + :nine, m = :a", with(&[("n", Some(number("14"))), ("m", Some(text("a")))])),
        ("SET #n = :nine - #n", with(&[("n", Some(number("4")))])),
        ("SET #n = (#n - :five)", with(&[("n", Some(number("0")))])),
        ("SET m = if_not_exists(m, :five) + :five", with(&[("m", Some(number("10")))])),
        (
            "SET a = #n, #n = :nine, b = #n",
            with(&[("a", Some(number("5"))), ("n", Some(number("9"))), ("b", Some(number("5")))]),
        ),
        ("SET #l = list_append(#l, :one)", with(&[("list1", list(&[text("new")]))])),
        ("SET #l[9] = :a", with(&[("list1", list(&[text("a")]))])),
        ("REMOVE flag, #l[0], #l[1]", with(&[("flag", None), ("list1", Some(Value::List(Vec::new())))])),
        ("REMOVE absent", with(&[])),
        (
            "ADD #n :five, fresh :five, #set :more",
            with(&[("n", Some(number("10"))), ("fresh", Some(number("5"))), ("set", Some(texts(&["q", "x", "y"])))]),
        ),
        ("DELETE #set :more", with(&[("set", Some(texts(&["x"])))])),
        ("DELETE #set :xy", with(&[("set", None)])),
        ("SET m = absent", refused("The provided expression refers to an attribute that does not exist in the item")),
        ("SET #n = id + :five", refused("An operand in the update expression has an incorrect data type")),
        ("SET id.x = :a", refused("The document path provided in the update expression is invalid for update")),
        ("ADD id :five", refused("An operand in the update expression has an incorrect data type")),
        (
            "SET m = :a SET q = :a",
            refused("Invalid UpdateExpression: The \"SET\" section can only be used once in an update expression;"),
        ),
        (
            "SET m = :a, m.x = :a",
            refused(
                "Invalid UpdateExpression: Two document paths overlap with each other; must remove or rewrite one of these paths; path one: [m], path two: [m, x]",
            ),
        ),
        (
            "SET m.x = :a, m[1] = :a",
            refused(
                "Invalid UpdateExpression: Two document paths conflict with each other; must remove or rewrite one of these paths; path one: [m, x], path two: [m, [1]]",
            ),
        ),
        (
            "ADD m :a",
            refused(
                "Invalid UpdateExpression: Incorrect operand type for operator or function; operator: ADD, operand type: STRING, typeSet: ALLOWED_FOR_ADD_OPERAND",
            ),
        ),
        (
            "SET m = #n + :a",
            refused(
                "Invalid UpdateExpression: Incorrect operand type for operator or function; operator or function: +, operand type: S",
            ),
        ),
        (
            "SET m = size(id)",
            refused("Invalid UpdateExpression: The function is not allowed in an update expression; function: size"),
        ),
    ];
    for (update, wanted) in cases {
        let parsed = parse(Texts { update: Some(update), ..Texts::default() });
        let found = parsed
            .and_then(|parsed| parsed.update.expect("it was given").apply(&item()).map_err(|error| error.to_string()));
        assert_eq!(found, wanted, "{update}");
    }
}

#[test]
fn a_projection_keeps_the_paths_that_it_names() {
    let deep = Value::Map(map(&[("deep", text("z"))]));
    let cases = [
        ("id, absent", map(&[("id", text("a"))])),
        ("#l[1].deep, #n", map(&[("list1", Value::List(vec![deep])), ("n", number("5"))])),
        ("#l[0]", map(&[("list1", Value::List(vec![number("1")]))])),
        ("id.x", Item::new()),
    ];
    for (projection, wanted) in cases {
        let parsed = parse(Texts { projection: Some(projection), ..Texts::default() });
        let paths = parsed.unwrap_or_else(|fault| panic!("{projection}: {fault}")).projection.expect("it was given");
        assert_eq!(Projection::new(&paths).apply(&item()), wanted, "{projection}");
    }
}
