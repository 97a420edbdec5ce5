//! Document paths: `a.b[3].c`.

use std::collections::BTreeMap;
use std::fmt;

use crate::table::value::{Item, Value};

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    Attribute(String),
    Index(usize),
}

/// Where a value lies in an item. Invariant: the first step is an attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Path {
    pub first: String,
    pub rest: Vec<Step>,
}

impl Path {
    pub fn attribute(name: impl Into<String>) -> Path {
        Path { first: name.into(), rest: Vec::new() }
    }

    pub fn is_nested(&self) -> bool {
        !self.rest.is_empty()
    }

    pub fn find<'a>(&self, item: &'a Item) -> Option<&'a Value> {
        let first = item.get(&self.first)?;
        self.rest.iter().try_fold(first, |value, step| match (step, value) {
            (Step::Attribute(name), Value::Map(entries)) => entries.get(name),
            (Step::Index(index), Value::List(values)) => values.get(*index),
            (Step::Attribute(_) | Step::Index(_), _) => None,
        })
    }

    fn steps(&self) -> impl Iterator<Item = Step> {
        [Step::Attribute(self.first.clone())].into_iter().chain(self.rest.iter().cloned())
    }
}

/// `[a, b, [3]]`, as messages show it.
impl fmt::Display for Path {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "[{}", self.first)?;
        for step in &self.rest {
            match step {
                Step::Attribute(name) => write!(out, ", {name}")?,
                Step::Index(index) => write!(out, ", [{index}]")?,
            }
        }
        out.write_str("]")
    }
}

/// Why two paths cannot stand beside each other, in DynamoDB's words.
pub(super) fn clash(paths: &[&Path]) -> Option<String> {
    for (at, two) in paths.iter().enumerate() {
        for one in &paths[..at] {
            let said = match meet(one, two) {
                Meeting::Apart => continue,
                Meeting::Overlap => "overlap",
                Meeting::Conflict => "conflict",
            };
            return Some(format!(
                "Two document paths {said} with each other; must remove or rewrite one of these paths; path one: {one}, path two: {two}"
            ));
        }
    }
    None
}

enum Meeting {
    Apart,
    /// One is, or is within, the other.
    Overlap,
    /// One takes for a map what the other takes for a list.
    Conflict,
}

fn meet(one: &Path, two: &Path) -> Meeting {
    for (one, two) in one.steps().zip(two.steps()) {
        match (&one, &two) {
            (Step::Attribute(_), Step::Index(_)) | (Step::Index(_), Step::Attribute(_)) => return Meeting::Conflict,
            _ if one != two => return Meeting::Apart,
            _ => {}
        }
    }
    Meeting::Overlap
}

/// What is kept of an item: some attributes, or parts of them.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Projection(BTreeMap<Step, Kept>);

#[derive(Debug, Clone, PartialEq)]
enum Kept {
    Whole,
    Parts(BTreeMap<Step, Kept>),
}

impl Projection {
    /// Paths that do not clash; of those that do, the wider one counts.
    pub fn new<'a>(paths: impl IntoIterator<Item = &'a Path>) -> Projection {
        let mut kept = BTreeMap::new();
        for path in paths {
            add(&mut kept, &path.steps().collect::<Vec<_>>());
        }
        Projection(kept)
    }

    pub fn of_attributes<'a>(names: impl IntoIterator<Item = &'a str>) -> Projection {
        let whole = |name: &str| (Step::Attribute(name.to_owned()), Kept::Whole);
        Projection(names.into_iter().map(whole).collect())
    }

    /// Names of the attributes of which it keeps something.
    pub fn attributes(&self) -> impl Iterator<Item = &str> {
        self.0.keys().filter_map(|step| match step {
            Step::Attribute(name) => Some(name.as_str()),
            Step::Index(_) => None,
        })
    }

    pub fn apply(&self, item: &Item) -> Item {
        entries(&self.0, item)
    }
}

fn add(kept: &mut BTreeMap<Step, Kept>, steps: &[Step]) {
    let Some((first, rest)) = steps.split_first() else { return };
    if rest.is_empty() {
        kept.insert(first.clone(), Kept::Whole);
        return;
    }
    match kept.entry(first.clone()).or_insert_with(|| Kept::Parts(BTreeMap::new())) {
        Kept::Whole => {}
        Kept::Parts(parts) => add(parts, rest),
    }
}

fn entries(kept: &BTreeMap<Step, Kept>, item: &Item) -> Item {
    kept.iter()
        .filter_map(|(step, kept)| match step {
            Step::Attribute(name) => Some((name.clone(), part(kept, item.get(name)?)?)),
            Step::Index(_) => None,
        })
        .collect()
}

fn part(kept: &Kept, value: &Value) -> Option<Value> {
    let parts = match kept {
        Kept::Whole => return Some(value.clone()),
        Kept::Parts(parts) => parts,
    };
    match value {
        Value::Map(item) => Some(entries(parts, item)).filter(|kept| !kept.is_empty()).map(Value::Map),
        Value::List(values) => {
            let found = parts.iter().filter_map(|(step, kept)| match step {
                Step::Index(index) => part(kept, values.get(*index)?),
                Step::Attribute(_) => None,
            });
            Some(found.collect::<Vec<_>>()).filter(|kept| !kept.is_empty()).map(Value::List)
        }
        _ => None,
    }
}
