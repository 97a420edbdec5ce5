//! The language by example, its refusals to the letter, and both evaluators against a naive one.

mod naive;

use serde_json::{Value, json};

use super::{Index, Pattern};

fn event() -> Value {
    json!({
        "version": "0", "id": "6a7e8feb-b491-4cf7-a9f1-bf3703467718", "source": "aws.ec2", "account": "123456789012",
        "detail-type": "EC2 Instance State-change Notification", "time": "2017-12-22T18:43:48Z", "region": "us-west-1",
        "resources": ["arn:aws:ec2:us-west-1:123456789012:instance/i-1", "arn:aws:ec2:us-west-1:1:instance/i-2"],
        "detail": {
            "state": "running", "empty": "", "nothing": null, "yes": true, "count": 5, "x-limit": 301.8, "big": 123456789012_i64,
            "ip": "10.0.0.33", "ip6": "2001:DB8::1", "file": "dir/Photo.PNG", "none": [], "mixed": [1, "two", null],
            "people": [{"first": "Anna", "last": "Smith", "tags": ["a"]}, {"first": "Bob", "last": "Jones"}],
            "deep": {"er": {"est": "found"}}
        }
    })
}

#[track_caller]
fn check(pattern: &str, wanted: bool) {
    let parsed = Pattern::parse(pattern).unwrap_or_else(|invalid| panic!("{pattern}: {invalid}"));
    assert_eq!(parsed.matches(&event()), wanted, "{pattern}");
    let index = Index::new([(7, &parsed)]);
    assert_eq!(index.matching(&event()).count(), usize::from(wanted), "{pattern} in an index");
}

/// One field of the detail.
#[track_caller]
fn detail(field: &str, tests: &str, wanted: bool) {
    check(&format!(r#"{{"detail": {{"{field}": {tests}}}}}"#), wanted);
}

#[test]
fn exact_values_match_with_their_type() {
    for (field, tests, wanted) in [
        ("state", r#"["running"]"#, true),
        ("state", r#"["stopped", "running"]"#, true),
        ("state", r#"["Running"]"#, false),
        ("empty", r#"[""]"#, true),
        ("nothing", "[null]", true),
        ("nothing", r#"[""]"#, false),
        ("state", "[null]", false),
        ("yes", "[true]", true),
        ("yes", "[false]", false),
        ("yes", r#"["true"]"#, false),
        ("count", "[5]", true),
        ("count", "[5.0]", true),
        ("count", "[0.5e1]", true),
        ("count", r#"["5"]"#, false),
        ("x-limit", "[3.018e2]", true),
        ("big", "[123456789012]", true),
        ("big", "[123456789013]", false),
        ("absent", "[null]", false),
        ("mixed", r#"["two"]"#, true),
        ("mixed", "[null]", true),
        ("mixed", "[2]", false),
        ("none", "[null]", false),
        ("ip", r#"["10.0.0.33"]"#, true),
        ("ip6", r#"["2001:db8:0:0::1"]"#, true),
        ("state", r#"[{"exactly": "running"}]"#, true),
    ] {
        detail(field, tests, wanted);
    }
}

#[test]
fn texts_match_by_their_parts() {
    for (field, tests, wanted) in [
        ("state", r#"[{"prefix": "run"}]"#, true),
        ("state", r#"[{"prefix": ""}]"#, true),
        ("state", r#"[{"prefix": "Run"}]"#, false),
        ("state", r#"[{"prefix": {"equals-ignore-case": "RUN"}}]"#, true),
        ("count", r#"[{"prefix": ""}]"#, false),
        ("file", r#"[{"suffix": ".PNG"}]"#, true),
        ("file", r#"[{"suffix": ".png"}]"#, false),
        ("file", r#"[{"suffix": {"equals-ignore-case": ".png"}}]"#, true),
        ("file", r#"[{"equals-ignore-case": "DIR/photo.png"}]"#, true),
        ("file", r#"[{"equals-ignore-case": "DIR/photo"}]"#, false),
        ("file", r#"[{"wildcard": "dir/*.PNG"}]"#, true),
        ("file", r#"[{"wildcard": "*"}]"#, true),
        ("file", r#"[{"wildcard": "dir/Photo.PNG*"}]"#, true),
        ("file", r#"[{"wildcard": "dir/*o.*G"}]"#, true),
        ("file", r#"[{"wildcard": "dir/*x*"}]"#, false),
        ("file", r#"[{"wildcard": "dir\\*.PNG"}]"#, false),
        ("empty", r#"[{"wildcard": "*"}]"#, true),
    ] {
        detail(field, tests, wanted);
    }
}

#[test]
fn anything_but_matches_every_other_value_that_is_there() {
    for (field, tests, wanted) in [
        ("state", r#"[{"anything-but": "stopped"}]"#, true),
        ("state", r#"[{"anything-but": "running"}]"#, false),
        ("state", r#"[{"anything-but": ["stopped", "running"]}]"#, false),
        ("state", r#"[{"anything-but": 5}]"#, true),
        ("count", r#"[{"anything-but": [4, 5]}]"#, false),
        ("count", r#"[{"anything-but": "5"}]"#, true),
        ("nothing", r#"[{"anything-but": "x"}]"#, true),
        ("absent", r#"[{"anything-but": "x"}]"#, false),
        ("mixed", r#"[{"anything-but": "two"}]"#, true),
        ("state", r#"[{"anything-but": {"prefix": "run"}}]"#, false),
        ("state", r#"[{"anything-but": {"prefix": ["stop", "st"]}}]"#, true),
        ("file", r#"[{"anything-but": {"suffix": ".PNG"}}]"#, false),
        ("file", r#"[{"anything-but": {"suffix": [".png", ".jpg"]}}]"#, true),
        ("file", r#"[{"anything-but": {"equals-ignore-case": "DIR/PHOTO.PNG"}}]"#, false),
        ("file", r#"[{"anything-but": {"equals-ignore-case": ["a", "b"]}}]"#, true),
        ("file", r#"[{"anything-but": {"wildcard": "*/Ph*"}}]"#, false),
        ("file", r#"[{"anything-but": {"wildcard": ["*.txt", "*.rtf"]}}]"#, true),
    ] {
        detail(field, tests, wanted);
    }
}

#[test]
fn numbers_and_addresses_match_in_ranges() {
    for (field, tests, wanted) in [
        ("count", r#"[{"numeric": ["=", 5]}]"#, true),
        ("count", r#"[{"numeric": [">", 0, "<=", 5]}]"#, true),
        ("count", r#"[{"numeric": [">", 5]}]"#, false),
        ("count", r#"[{"numeric": [">=", 5]}]"#, true),
        ("count", r#"[{"numeric": ["<", 5]}]"#, false),
        ("count", r#"[{"numeric": ["<", 5.000001]}]"#, true),
        ("x-limit", r#"[{"numeric": [">=", 301.8, "<", 302]}]"#, true),
        ("state", r#"[{"numeric": [">=", -5e9]}]"#, false),
        ("big", r#"[{"numeric": [">", 0]}]"#, false),
        ("ip", r#"[{"cidr": "10.0.0.0/24"}]"#, true),
        ("ip", r#"[{"cidr": "10.0.0.77/24"}]"#, true),
        ("ip", r#"[{"cidr": "10.0.1.0/24"}]"#, false),
        ("ip", r#"[{"cidr": "0.0.0.0/0"}]"#, true),
        ("ip", r#"[{"cidr": "::/0"}]"#, false),
        ("ip6", r#"[{"cidr": "2001:db8::/32"}]"#, true),
        ("state", r#"[{"cidr": "0.0.0.0/0"}]"#, false),
    ] {
        detail(field, tests, wanted);
    }
}

#[test]
fn existence_is_that_of_leaves() {
    for (field, tests, wanted) in [
        ("state", r#"[{"exists": true}]"#, true),
        ("nothing", r#"[{"exists": true}]"#, true),
        ("absent", r#"[{"exists": true}]"#, false),
        ("absent", r#"[{"exists": false}]"#, true),
        ("state", r#"[{"exists": false}]"#, false),
        ("deep", r#"[{"exists": true}]"#, false),
        ("deep", r#"[{"exists": false}]"#, true),
        ("none", r#"[{"exists": false}]"#, true),
        ("state", r#"[{"exists": false}, "running"]"#, true),
        ("absent", r#"[{"exists": false}, "running"]"#, true),
    ] {
        detail(field, tests, wanted);
    }
}

#[test]
fn fields_must_all_match_and_alternatives_once() {
    for (pattern, wanted) in [
        (r#"{"source": ["aws.ec2"], "detail": {"state": ["running"]}}"#, true),
        (r#"{"source": ["aws.ec2"], "detail": {"state": ["stopped"]}}"#, false),
        (r#"{"detail": {"deep": {"er": {"est": ["found"]}}}}"#, true),
        (r#"{"detail.deep": {"er.est": ["found"]}}"#, true),
        (r#"{"resources": [{"suffix": "i-2"}]}"#, true),
        (r#"{"$or": [{"source": ["x"]}, {"region": ["us-west-1"]}]}"#, true),
        (r#"{"$or": [{"source": ["x"]}, {"region": ["y"]}]}"#, false),
        (r#"{"source": ["x"], "$or": [{"account": ["123456789012"]}, {"region": ["us-west-1"]}]}"#, false),
        (r#"{"detail": {"$or": [{"state": ["x"]}, {"count": [5], "$or": [{"yes": [true]}, {"yes": [1]}]}]}}"#, true),
        (r#"{"detail": {"state": ["x"], "state": ["running"]}}"#, true),
        (r#"{"detail": {"prefix": ["x"]}}"#, false),
    ] {
        check(pattern, wanted);
    }
}

#[test]
fn leaves_of_different_elements_do_not_go_together() {
    for (people, wanted) in [
        (r#"{"first": ["Anna"], "last": ["Smith"]}"#, true),
        (r#"{"first": ["Anna"], "last": ["Jones"]}"#, false),
        (r#"{"first": ["Anna", "Bob"], "last": ["Jones"]}"#, true),
        (r#"{"first": ["Bob"], "tags": [{"exists": false}]}"#, true),
        (r#"{"first": ["Anna"], "tags": [{"exists": false}]}"#, false),
    ] {
        detail("people", people, wanted);
    }
}

#[test]
fn a_large_array_is_matched_in_little_time() {
    let elements: Vec<Value> =
        (0..20_000).map(|n| if n % 2 == 0 { json!({"a": 1}) } else { json!({"b": 1}) }).collect();
    let both = Pattern::parse(r#"{"x": {"a": [1], "b": [1]}, "y": {"a": [1], "b": [1]}}"#).expect("a pattern");
    assert!(!both.matches(&json!({"x": elements, "y": elements})));
}

#[test]
fn refusals_name_the_reason_and_the_place() {
    for (pattern, reason, place) in [
        ("", "Filter is not an object", Some(1)),
        ("[]", "Filter is not an object", Some(2)),
        ("{}", "Empty objects are not allowed", Some(3)),
        (r#"{"source": ["aws.health"], "detail": {}}"#, "Empty objects are not allowed", Some(40)),
        (
            r#"{"source":["test.event-pattern"],"detail":{"lenderId":"LenderA"}}"#,
            "\"lenderId\" must be an object or an array",
            Some(56),
        ),
        (r#"{"a": 1}"#, "\"a\" must be an object or an array", Some(8)),
        (r#"{"a": []}"#, "Empty arrays are not allowed", Some(9)),
        (r#"{"a": [[1]]}"#, "Match value must be String, number, true, false, or null", Some(9)),
        (r#"{"a": [{}]}"#, "Match expression name not found", Some(10)),
        (r#"{"a": [{"foo": 1}]}"#, "Unrecognized match type foo", Some(17)),
        (r#"{"a": [{"prefix": 1}]}"#, "prefix match pattern must be a string", Some(20)),
        (r#"{"a": [{"prefix": "x", "y": 1}]}"#, "Only one key allowed in match expression", Some(30)),
        (r#"{"a": [{"exists": 1}]}"#, "exists match pattern must be either true or false.", Some(20)),
        (r#"{"a": [{"numeric": 1}]}"#, "Value of numeric must be an array.", Some(21)),
        (r#"{"a": [{"numeric": ["<>", 1]}]}"#, "Unrecognized numeric range operator: <>", Some(28)),
        (r#"{"a": [{"numeric": [">", "1"]}]}"#, "Value of > must be numeric", Some(27)),
        (r#"{"a": [{"numeric": ["=", 1, "<"]}]}"#, "Too many elements in numeric expression", Some(30)),
        (r#"{"a": [{"numeric": [">", 5, "<", 5]}]}"#, "Bottom must be less than top", Some(36)),
        (
            r#"{"a": [{"numeric": [">", 5e9, "<", 6e9]}]}"#,
            "Value must be between -5.0E9 and 5.0E9, inclusive",
            Some(40),
        ),
        (r#"{"a": [{"anything-but": true}]}"#, super::compile::BUT_VALUE, Some(29)),
        (r#"{"a": [{"anything-but": [1, "x"]}]}"#, super::compile::MIXED, Some(33)),
        (r#"{"a": [{"anything-but": {"cidr": "x"}}]}"#, "Unsupported anything-but pattern: cidr", Some(35)),
        (r#"{"a": [{"anything-but": {"prefix": ""}}]}"#, "Null prefix/suffix not allowed", Some(38)),
        (r#"{"a": [{"cidr": "10.0.0.0/32"}]}"#, "IPv4 mask bits must be < 32", None),
        (r#"{"a": [{"cidr": "10.0.0.0"}]}"#, "Malformed CIDR, one '/' required", None),
        (r#"{"a": [{"wildcard": "a**"}]}"#, "Consecutive wildcard characters at pos 2", Some(26)),
        (r#"{"a": [{"wildcard": "\\a"}]}"#, "Invalid escape character at pos 1", Some(26)),
        (r#"{"$or": 1}"#, "It must be an Array followed with $or.", Some(10)),
        (r#"{"$or": [{"a": [1]}]}"#, "There must have at least 2 Objects in $or relationship.", Some(21)),
        (r#"{"$or": [1, 2]}"#, "Only JSON object is allowed in array of $or relationship.", Some(11)),
        (
            r#"{"$or": [{"prefix": [1]}, {"a": [1]}]}"#,
            "prefix is Ruler reserved fieldName which cannot be used inside $or.",
            Some(22),
        ),
        ("{'a': 1}", "Unexpected character (''' (code 39)): was expecting double-quote to start field name", Some(3)),
        (
            r#"{"a" 1}"#,
            "Unexpected character ('1' (code 49)): was expecting a colon to separate field name and value",
            Some(7),
        ),
        (
            r#"{"a": [1 2]}"#,
            "Unexpected character ('2' (code 50)): was expecting comma to separate Array entries",
            Some(11),
        ),
    ] {
        let invalid = Pattern::parse(pattern).expect_err(pattern);
        assert_eq!(invalid.reason, reason, "{pattern}");
        assert_eq!(invalid.place.map(|place| place.column), place, "{pattern}");
    }
}

#[test]
fn a_place_is_shown_with_the_source_and_its_line() {
    let invalid = Pattern::parse("{\n \"slug\": \"x\"\n}").expect_err("no array");
    let wanted =
        "\"slug\" must be an object or an array\n at [Source: (String)\"{\n \"slug\": \"x\"\n}\"; line: 2, column: 11]";
    assert_eq!(invalid.to_string(), wanted);
}

/// What the service is reported to take and to refuse.
#[test]
fn wildcards_may_be_few_or_simple() {
    let stacks = |count| (0..count).map(|n| format!("*:stack/{}/*", ["Alpha", "Beta", "Gamma", "Delta"][n])).collect();
    let files = |ends: [&str; 4]| ends.map(|end| format!("*/datasync/*{end}")).to_vec();
    let cases: [(Vec<String>, bool); 4] = [
        (["*.bif", "*.tiff", "*.tif", "*.svs"].map(str::to_owned).to_vec(), true),
        (files([".bif", ".tiff", ".tif", ".svs"]), false),
        (stacks(3), true),
        (stacks(4), false),
    ];
    for (wildcards, taken) in cases {
        let tests: Vec<Value> = wildcards.iter().map(|text| json!({"wildcard": text})).collect();
        let parsed = Pattern::parse(&json!({"a": tests}).to_string());
        assert_eq!(parsed.is_ok(), taken, "{wildcards:?}");
    }
}

#[test]
fn alternatives_do_not_multiply_without_bound() {
    let or = |n: usize| format!(r#""f{n}": {{"$or": [{{"a": [1]}}, {{"b": [1]}}]}}"#);
    let pattern = |count: usize| format!("{{{}}}", (0..count).map(or).collect::<Vec<_>>().join(","));
    assert!(Pattern::parse(&pattern(9)).is_ok());
    let invalid = Pattern::parse(&pattern(10)).expect_err("1,024 combinations");
    assert!(invalid.reason.starts_with("Rule is too complex"), "{invalid}");
}
