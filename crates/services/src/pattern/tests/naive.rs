//! The language once more, slowly: every choice of leaves is tried.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::super::{Index, Pattern};

type Arrays = Vec<(String, usize)>;

/// Every leaf with its path and the elements that it lies in; arrays are told apart by where they are.
fn leaves(value: &Value, path: &str, place: &str, within: &Arrays, out: &mut Vec<(String, Value, Arrays)>) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                leaves(value, &path, &format!("{place}/{name}"), within, out);
            }
        }
        Value::Array(elements) => {
            for (index, element) in elements.iter().enumerate() {
                let mut within = within.clone();
                if element.is_object() || element.is_array() {
                    within.push((place.to_owned(), index));
                }
                leaves(element, path, &format!("{place}[{index}]"), &within, out);
            }
        }
        leaf => out.push((path.to_owned(), leaf.clone(), within.clone())),
    }
}

/// Alternatives of a pattern: lists of a path and its tests.
fn alternatives(pattern: &Value, path: &str) -> Vec<Vec<(String, Vec<Value>)>> {
    let mut all = vec![Vec::new()];
    for (name, value) in pattern.as_object().into_iter().flatten() {
        let inner = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        let choices = match value {
            Value::Array(objects) if name == "$or" => {
                objects.iter().flat_map(|object| alternatives(object, path)).collect()
            }
            Value::Array(tests) => vec![vec![(inner, tests.clone())]],
            _ => alternatives(value, &inner),
        };
        let pairs =
            all.iter().flat_map(|before| choices.iter().map(|choice| [before.clone(), choice.clone()].concat()));
        all = pairs.collect();
    }
    all
}

fn passes(test: &Value, leaf: &Value) -> bool {
    let Some((operator, operand)) = test.as_object().and_then(|test| test.iter().next()) else {
        return match (test.as_f64(), leaf.as_f64()) {
            (Some(wanted), Some(found)) => wanted == found,
            _ => test == leaf,
        };
    };
    let text = |with: &dyn Fn(&str, &str) -> bool| {
        leaf.as_str().zip(operand.as_str()).is_some_and(|(leaf, operand)| with(leaf, operand))
    };
    match operator.as_str() {
        "prefix" => text(&|leaf, operand| leaf.starts_with(operand)),
        "suffix" => text(&|leaf, operand| leaf.ends_with(operand)),
        "equals-ignore-case" => text(&|leaf, operand| leaf.eq_ignore_ascii_case(operand)),
        "wildcard" => text(&|leaf, operand| glob(operand.as_bytes(), leaf.as_bytes())),
        "exists" => operand == true,
        "numeric" => leaf.as_f64().is_some_and(|leaf| match operand[0].as_str() {
            Some("<") => leaf < operand[1].as_f64().unwrap_or_default(),
            _ => leaf >= operand[1].as_f64().unwrap_or_default(),
        }),
        "anything-but" => match operand {
            Value::Array(values) => !values.iter().any(|value| passes(value, leaf)),
            other => !passes(other, leaf),
        },
        _ => false,
    }
}

fn glob(pattern: &[u8], text: &[u8]) -> bool {
    match (pattern, text) {
        ([], []) => true,
        ([b'*', rest @ ..], _) => glob(rest, text) || (!text.is_empty() && glob(pattern, &text[1..])),
        ([one, rest @ ..], [other, after @ ..]) => one == other && glob(rest, after),
        _ => false,
    }
}

fn fits(fields: &[(String, Vec<Value>)], found: &[(String, Value, Arrays)], chosen: &Arrays) -> bool {
    let Some(((path, tests), rest)) = fields.split_first() else { return true };
    let agrees = |within: &Arrays| {
        within.iter().all(|(place, index)| !chosen.iter().any(|(other, at)| other == place && at != index))
    };
    let here: Vec<_> = found.iter().filter(|(at, _, within)| at == path && agrees(within)).collect();
    if here.is_empty() && tests.contains(&json!({"exists": false})) && fits(rest, found, chosen) {
        return true;
    }
    here.iter().any(|(_, leaf, within)| {
        tests.iter().any(|test| passes(test, leaf)) && fits(rest, found, &[chosen.clone(), within.clone()].concat())
    })
}

fn matches(pattern: &Value, event: &Value) -> bool {
    let mut found = Vec::new();
    leaves(event, "", "", &Vec::new(), &mut found);
    alternatives(pattern, "").into_iter().any(|mut fields| {
        // Of a path that is named twice, the last one counts.
        let mut last: Vec<(String, Vec<Value>)> = Vec::new();
        for field in fields.drain(..) {
            last.retain(|(path, _)| *path != field.0);
            last.push(field);
        }
        last.sort_by(|one, other| one.0.cmp(&other.0));
        fits(&last, &found, &Vec::new())
    })
}

fn name() -> impl Strategy<Value = String> {
    prop_oneof!["[abc]", Just("a.b".to_owned())]
}

fn text() -> impl Strategy<Value = String> {
    "[xyX]{0,3}"
}

fn leaf() -> impl Strategy<Value = Value> {
    prop_oneof![
        4 => text().prop_map(Value::from),
        2 => (0..4_i64).prop_map(Value::from),
        1 => Just(json!(1.5)),
        1 => any::<bool>().prop_map(Value::from),
        1 => Just(Value::Null),
    ]
}

fn event() -> impl Strategy<Value = Value> {
    let value = leaf().prop_recursive(3, 24, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            prop::collection::vec((name(), inner), 0..3)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    });
    prop::collection::vec((name(), value), 0..4).prop_map(|members| Value::Object(members.into_iter().collect()))
}

fn test() -> impl Strategy<Value = Value> {
    prop_oneof![
        4 => leaf(),
        1 => text().prop_map(|text| json!({"prefix": text})),
        1 => text().prop_map(|text| json!({"suffix": text})),
        1 => text().prop_map(|text| json!({"equals-ignore-case": text})),
        1 => "[xy]{0,2}\\*?[xy]{0,1}\\*?".prop_map(|text| json!({"wildcard": text.replace("**", "*")})),
        1 => any::<bool>().prop_map(|exists| json!({"exists": exists})),
        1 => (prop_oneof![Just("<"), Just(">=")], 0..4).prop_map(|(operator, n)| json!({"numeric": [operator, n]})),
        1 => prop::collection::vec(text(), 1..3).prop_map(|texts| json!({"anything-but": texts})),
        1 => (0..4).prop_map(|number| json!({"anything-but": number})),
        1 => "[xy]{1,2}".prop_map(|text| json!({"anything-but": {"prefix": text}})),
    ]
}

fn pattern() -> impl Strategy<Value = Value> {
    let tests = prop::collection::vec(test(), 1..3).prop_map(Value::from).boxed();
    let object = |inner: BoxedStrategy<Value>| {
        prop::collection::vec((name(), inner), 1..3).prop_map(|members| Value::Object(members.into_iter().collect()))
    };
    let nested = object(tests.clone()).prop_recursive(2, 8, 2, move |inner| {
        let or = prop::collection::vec(inner.clone(), 2..3).prop_map(|objects| json!({"$or": objects}));
        prop_oneof![object(prop_oneof![tests.clone(), inner].boxed()), or]
    });
    nested.boxed()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn a_pattern_matches_what_the_naive_evaluator_says(pattern in pattern(), event in event()) {
        if let Ok(parsed) = Pattern::parse(&pattern.to_string()) {
            prop_assert_eq!(parsed.matches(&event), matches(&pattern, &event));
        }
    }

    #[test]
    fn an_index_finds_the_patterns_that_match(patterns in prop::collection::vec(pattern(), 0..12), event in event()) {
        let parsed: Vec<Pattern> = patterns.iter().filter_map(|pattern| Pattern::parse(&pattern.to_string()).ok()).collect();
        let index = Index::new(parsed.iter().enumerate());
        let found: Vec<usize> = index.matching(&event).copied().collect();
        let wanted: Vec<usize> =
            parsed.iter().enumerate().filter(|(_, pattern)| pattern.matches(&event)).map(|(number, _)| number).collect();
        prop_assert_eq!(found, wanted);
    }

    #[test]
    fn any_text_is_a_pattern_or_is_refused(text in "[\\[\\]{}\",:ab$or*1. \\\\]{0,24}") {
        let _ = Pattern::parse(&text).map_err(|invalid| invalid.to_string());
    }
}
