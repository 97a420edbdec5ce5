//! Event patterns: the one language in which rules, event source mappings and subscriptions say which events they want.
//!
//! Start reading at [`Pattern`]: a text is parsed once (`scan`, `compile`) and then matched against many events
//! (`event`, `test`). Many patterns at once are an [`Index`].
//!
//! Always true:
//! - A pattern that was parsed matches or does not; it cannot fail on an event.
//! - Matching is bounded: wildcards and alternatives that could make it slow are refused when the pattern is parsed.
//! - Nothing here knows what an event is for. The caller says what the document is: a bus's event, a message with its
//!   body, the attributes of a message as an object.
//!
//! Source for the language and its texts: EventBridge User Guide, "Comparison operators for use in event patterns", and
//! the behaviour of the published matcher that EventBridge uses (github.com/aws/event-ruler), read 2026-11-24.

mod compile;
mod complexity;
mod event;
mod index;
mod scan;
mod test;

#[cfg(test)]
mod tests;

use serde_json::Value;

use event::{Fields, Paths};
use test::Test;

pub use index::Index;
pub use scan::Place;

/// Most conjunctions that the `$or`s of one pattern may multiply to. Ours: the service bounds the length of a pattern, and
/// a short one can still multiply to millions.
pub const ALTERNATIVES_MAX: usize = 1_000;

/// Why a text is no pattern, in the words of the service: `reason`, and where the service names one, the place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}{}", .place.as_ref().map(|place| format!("\n at {place}")).unwrap_or_default())]
pub struct Invalid {
    pub reason: String,
    pub place: Option<Place>,
}

/// A pattern as it is matched: one of its alternatives must hold.
#[derive(Debug, Clone)]
pub struct Pattern {
    paths: Paths,
    alternatives: Vec<All>,
}

/// Fields that must all match, in the order of their paths.
#[derive(Debug, Clone)]
struct All(Vec<Field>);

/// Tests on the leaves at one path, of which one must hold.
#[derive(Debug, Clone)]
struct Field {
    path: usize,
    tests: Vec<Test>,
}

impl Pattern {
    pub fn parse(text: &str) -> Result<Pattern, Invalid> {
        let alternatives = compile::compile(text)?;
        let mut paths = Paths::default();
        let all = |fields: compile::Fields| {
            let field = |(path, tests): (String, Vec<Test>)| Field { path: paths.id(&path), tests };
            All(fields.into_iter().map(field).collect())
        };
        Ok(Pattern { alternatives: alternatives.into_iter().map(all).collect(), paths })
    }

    pub fn matches(&self, event: &Value) -> bool {
        let fields = Fields::of(event, &self.paths);
        self.alternatives.iter().any(|all| fields.satisfy(all))
    }
}
