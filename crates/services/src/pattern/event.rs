//! An event as patterns look at it: its leaves by path, and in which array each of them lies.
//!
//! Paths are names joined with dots, so `{"a.b": 1}` and `{"a": {"b": 1}}` are the same to a pattern. A leaf that lies
//! in an array of objects goes only with leaves of the same object: `{"a": [{"x": 1, "y": 2}, {"x": 3, "y": 4}]}` has
//! no element with x 1 and y 4.

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value};

use super::test::{Leaf, Test};
use super::{All, Field};

/// The paths that patterns ask for.
#[derive(Debug, Clone, Default)]
pub(super) struct Paths {
    ids: HashMap<Box<str>, usize>,
    /// Every name in a path: what lies under others is not looked at.
    names: HashSet<Box<str>>,
}

impl Paths {
    pub fn id(&mut self, path: &str) -> usize {
        if let Some(id) = self.ids.get(path) {
            return *id;
        }
        self.names.extend(path.split('.').map(Box::from));
        self.ids.insert(path.into(), self.ids.len());
        self.ids.len() - 1
    }

    pub fn text(&self, id: usize) -> Option<&str> {
        self.ids.iter().find(|(_, known)| **known == id).map(|(path, _)| &**path)
    }

    fn lead_on(&self, name: &str) -> bool {
        self.names.contains(name) || name.contains('.')
    }
}

/// In which element of which array something lies, outermost first. Arrays are numbered as they come.
type Arrays = Vec<(usize, usize)>;

pub(super) struct Found<'a> {
    pub leaf: Leaf<'a>,
    within: Arrays,
}

/// The leaves of one event by the ids of their paths, in the order of the document.
pub(super) struct Fields<'a>(pub Vec<Vec<Found<'a>>>);

impl<'a> Fields<'a> {
    pub fn of(event: &'a Value, paths: &Paths) -> Fields<'a> {
        let found = (0..paths.ids.len()).map(|_| Vec::new()).collect();
        let mut walk = Walk { paths, found, path: String::new(), within: Vec::new(), arrays: 0 };
        if let Value::Object(members) = event {
            walk.object(members);
        }
        Fields(walk.found)
    }

    /// Whether leaves can be chosen for all fields at once.
    ///
    /// Fields whose leaves lie in different arrays have nothing to do with one another and are decided one after the
    /// other, so that the work is not multiplied.
    pub fn satisfy(&self, all: &All) -> bool {
        if !all.0.iter().all(|field| self.could(field)) {
            return false;
        }
        if let [field] = &*all.0
            && !field.tests.contains(&Test::Absent)
        {
            return true; // there is nothing that it must go with
        }
        let fields: Vec<Candidates<'_>> = all.0.iter().map(|field| Candidates::of(self, field)).collect();
        let bound: Vec<&Candidates<'_>> = fields.iter().filter(|field| field.bound()).collect();
        let outermost: Vec<Option<usize>> = bound.iter().map(|field| field.outermost()).collect();
        if outermost.contains(&None) {
            return choose(&bound, &Arrays::new());
        }
        let mut arrays: Vec<usize> = outermost.iter().copied().flatten().collect();
        arrays.sort_unstable();
        arrays.dedup();
        arrays.into_iter().all(|array| {
            let group: Vec<&Candidates<'_>> = bound
                .iter()
                .zip(&outermost)
                .filter(|(_, outer)| **outer == Some(array))
                .map(|(field, _)| *field)
                .collect();
            choose(&group, &Arrays::new())
        })
    }

    /// Whether a leaf passes a test of the field, or may be absent.
    fn could(&self, field: &Field) -> bool {
        let fits = |found: &Found<'_>| field.tests.iter().any(|test| test.holds(found.leaf));
        self.0[field.path].iter().any(fits) || field.tests.contains(&Test::Absent)
    }
}

struct Walk<'a, 'p> {
    paths: &'p Paths,
    found: Vec<Vec<Found<'a>>>,
    path: String,
    within: Arrays,
    arrays: usize,
}

impl<'a> Walk<'a, '_> {
    fn object(&mut self, members: &'a Map<String, Value>) {
        for (name, value) in members {
            if !self.paths.lead_on(name) {
                continue;
            }
            let above = self.path.len();
            if above > 0 {
                self.path.push('.');
            }
            self.path.push_str(name);
            self.value(value);
            self.path.truncate(above);
        }
    }

    fn value(&mut self, value: &'a Value) {
        match value {
            Value::Object(members) => self.object(members),
            Value::Array(elements) => self.array(elements),
            Value::String(text) => self.leaf(Leaf::Text(text)),
            Value::Number(number) => self.leaf(Leaf::Number(number)),
            Value::Bool(truth) => self.leaf(Leaf::Truth(*truth)),
            Value::Null => self.leaf(Leaf::Null),
        }
    }

    fn array(&mut self, elements: &'a [Value]) {
        let array = self.arrays;
        self.arrays += 1;
        for (index, element) in elements.iter().enumerate() {
            // A plain value is bound to nothing: it has no siblings by name.
            let binds = element.is_object() || element.is_array();
            if binds {
                self.within.push((array, index));
            }
            self.value(element);
            if binds {
                self.within.pop();
            }
        }
    }

    fn leaf(&mut self, leaf: Leaf<'a>) {
        if let Some(&id) = self.paths.ids.get(self.path.as_str()) {
            self.found[id].push(Found { leaf, within: self.within.clone() });
        }
    }
}

/// What could satisfy one field.
struct Candidates<'e> {
    /// Where leaves lie that pass a test, in the order of the document.
    fitting: Vec<&'e Arrays>,
    /// Where any leaves lie, if the field may be absent.
    absence: Option<Vec<&'e Arrays>>,
}

impl<'e> Candidates<'e> {
    fn of(fields: &'e Fields<'_>, field: &Field) -> Candidates<'e> {
        let found = &fields.0[field.path];
        let fits = |found: &&Found<'_>| field.tests.iter().any(|test| test.holds(found.leaf));
        let absent = field.tests.contains(&Test::Absent);
        Candidates {
            fitting: found.iter().filter(fits).map(|found| &found.within).collect(),
            absence: absent.then(|| found.iter().map(|found| &found.within).collect()),
        }
    }

    /// Whether the choice for this field narrows that for others.
    fn bound(&self) -> bool {
        let free = self.fitting.iter().any(|within| within.is_empty());
        let absent = self.absence.as_ref().is_some_and(Vec::is_empty);
        !free && !absent
    }

    /// The array that all leaves of the field lie in; none if they lie in several, or in none.
    fn outermost(&self) -> Option<usize> {
        let mut all = self.fitting.iter().chain(self.absence.iter().flatten()).map(|within| within.first());
        let first = all.next()??.0;
        all.all(|other| other.is_some_and(|(array, _)| *array == first)).then_some(first)
    }
}

/// Whether there is a choice of leaves for these fields that goes with what was chosen before.
fn choose(fields: &[&Candidates<'_>], chosen: &Arrays) -> bool {
    let Some((field, rest)) = fields.split_first() else { return true };
    if let Some(present) = &field.absence
        && !present.iter().any(|within| together(chosen, within).is_ok())
        && choose(rest, chosen)
    {
        return true;
    }
    let (mut next, mut tried) = (0, None);
    while let Some(within) = field.fitting.get(next) {
        match together(chosen, within) {
            Ok(both) => {
                // Leaves of one element are alike.
                if tried.as_ref() != Some(&both) && choose(rest, &both) {
                    return true;
                }
                tried = Some(both);
                next += 1;
            }
            Err(clash) => next += skip(&field.fitting[next..], clash),
        }
    }
    false
}

/// Two leaves lie in different elements of one array: `wanted` is the one that was chosen.
struct Clash {
    depth: usize,
    array: usize,
    wanted: usize,
}

/// Both places as one.
fn together(chosen: &Arrays, within: &Arrays) -> Result<Arrays, Clash> {
    let mut both = chosen.clone();
    for (depth, &(array, index)) in within.iter().enumerate() {
        match chosen.iter().find(|(other, _)| *other == array) {
            Some(&(_, wanted)) if wanted != index => return Err(Clash { depth, array, wanted }),
            Some(_) => {}
            None => both.push((array, index)),
        }
    }
    Ok(both)
}

/// How many leaves to pass over: they lie in the order of the document, so those of one outermost array lie together.
fn skip(fitting: &[&Arrays], clash: Clash) -> usize {
    if clash.depth > 0 {
        return 1;
    }
    let passed = fitting.partition_point(|within| match within.first() {
        Some(&(array, index)) => array < clash.array || (array == clash.array && index < clash.wanted),
        None => true,
    });
    if passed > 0 {
        return passed;
    }
    let same = fitting.iter().take_while(|within| within.first().is_some_and(|first| first.0 == clash.array));
    same.count().max(1)
}
