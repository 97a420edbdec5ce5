//! The rules of a bus as they are matched, kept until one of them changes.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::Value;
use store::Read;

use super::archive::{self, ArchiveId};
use super::rule::{RULES_MAX, Rule, State};
use super::{BusId, Error, RuleName, rows};
use crate::pattern::{Index, Pattern};

/// Buses whose rules are kept; with more the one is dropped that was used longest ago.
const BUSES_MAX: usize = 256;

/// The enabled rules of one bus that have a pattern.
pub(crate) struct Matcher {
    revision: i64,
    index: Index<(RuleName, Rule)>,
    archives: Vec<(ArchiveId, Option<Pattern>)>,
}

impl Matcher {
    fn load(read: &mut impl Read, bus: &BusId, revision: i64) -> Result<Matcher, Error> {
        let mut patterns = Vec::new();
        for (name, rule) in rows::rules(read, bus, None, RULES_MAX)? {
            let Some(pattern) = rule.settings.pattern.as_deref().filter(|_| rule.settings.state != State::Disabled)
            else {
                continue;
            };
            patterns.push((Pattern::parse(pattern)?, (name, rule)));
        }
        let (patterns, rules): (Vec<_>, Vec<_>) = patterns.into_iter().unzip();
        let archives = archive::of_bus(read, bus)?;
        Ok(Matcher { revision, index: Index::new(rules.into_iter().zip(&patterns)), archives })
    }

    /// Rules that want the event, by name.
    pub fn matching(&self, event: &Value) -> impl Iterator<Item = &(RuleName, Rule)> {
        self.index.matching(event)
    }

    /// Archives that keep the event.
    pub fn keeping<'a>(&'a self, event: &'a Value) -> impl Iterator<Item = &'a ArchiveId> {
        let wants = |pattern: &Option<Pattern>| pattern.as_ref().is_none_or(|pattern| pattern.matches(event));
        self.archives.iter().filter(move |(_, pattern)| wants(pattern)).map(|(id, _)| id)
    }
}

#[derive(Default)]
pub(crate) struct Matchers {
    kept: HashMap<BusId, (Arc<Matcher>, u64)>,
    uses: u64,
}

impl Matchers {
    /// The rules as they are in this state of the store.
    pub fn of(&mut self, read: &mut impl Read, bus: &BusId) -> Result<Arc<Matcher>, Error> {
        self.uses += 1;
        let revision = rows::revision(read, bus)?;
        if let Some((matcher, used)) = self.kept.get_mut(bus)
            && matcher.revision == revision
        {
            *used = self.uses;
            return Ok(matcher.clone());
        }
        let matcher = Arc::new(Matcher::load(read, bus, revision)?);
        if self.kept.len() >= BUSES_MAX
            && let Some(oldest) = self.kept.iter().min_by_key(|(_, (_, used))| *used).map(|(bus, _)| bus.clone())
        {
            self.kept.remove(&oldest);
        }
        self.kept.insert(bus.clone(), (matcher.clone(), self.uses));
        Ok(matcher)
    }
}
