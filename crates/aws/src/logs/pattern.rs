//! Filter patterns: which events FilterLogEvents gives.
//!
//! Terms of unstructured logs are here: `ERROR timeout` wants both, `?ERROR ?WARN` one of them, `-DEBUG` none, and
//! `"two words"` is one term. Patterns for JSON and for columns are refused.
//!
//! Source: "Filter pattern syntax", CloudWatch Logs user guide (read 2026-11-24).

/// A pattern without terms matches everything.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Pattern {
    all: Vec<String>,
    any: Vec<String>,
    none: Vec<String>,
}

impl Pattern {
    /// `None` for a pattern that is malformed or of a kind that is not here.
    pub fn parse(text: &str) -> Option<Pattern> {
        let mut pattern = Pattern::default();
        let mut rest = text.trim();
        if rest.starts_with(['{', '[', '%']) {
            return None;
        }
        while !rest.is_empty() {
            let (list, term) = match rest.split_at_checked(1) {
                Some(("?", term)) => (&mut pattern.any, term),
                Some(("-", term)) => (&mut pattern.none, term),
                Some(_) | None => (&mut pattern.all, rest),
            };
            let (term, after) = take(term)?;
            list.push(term);
            rest = after.trim_start();
        }
        Some(pattern)
    }

    /// Terms are matched with their case. Where some are wanted all, those of which one is enough do not count.
    pub fn matches(&self, text: &str) -> bool {
        let has = |term: &String| text.contains(term.as_str());
        let one = self.any.is_empty() || !self.all.is_empty() || self.any.iter().any(has);
        self.all.iter().all(has) && one && !self.none.iter().any(has)
    }
}

/// The first term, and what follows it. A term with anything but letters, digits and `_` must be quoted.
fn take(text: &str) -> Option<(String, &str)> {
    if let Some(quoted) = text.strip_prefix('"') {
        return take_quoted(quoted);
    }
    let end = text.find(char::is_whitespace).unwrap_or(text.len());
    let (term, after) = text.split_at(end);
    let plain = !term.is_empty() && term.chars().all(|letter| letter.is_alphanumeric() || "_*.:/@#$".contains(letter));
    plain.then(|| (term.trim_matches('*').to_owned(), after))
}

fn take_quoted(text: &str) -> Option<(String, &str)> {
    let mut term = String::new();
    let mut letters = text.char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '"' => return Some((term, &text[at + 1..])),
            '\\' => term.push(letters.next()?.1),
            _ => term.push(letter),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_choose_by_terms() {
        let cases = [
            ("", "anything", true),
            ("ERROR", "an ERROR here", true),
            ("ERROR", "an error here", false),
            ("ERROR timeout", "ERROR: timeout", true),
            ("ERROR timeout", "ERROR", false),
            ("?ERROR ?WARN", "WARN", true),
            ("?ERROR ?WARN", "INFO", false),
            ("ERROR -retry", "ERROR, will retry", false),
            ("-\"START RequestId\"", "START RequestId: x", false),
            ("\"two words\"", "these two words", true),
            ("\"a \\\" b\"", "a \" b", true),
        ];
        for (pattern, text, wanted) in cases {
            let pattern = Pattern::parse(pattern).unwrap_or_else(|| panic!("{pattern} is a pattern"));
            assert_eq!(pattern.matches(text), wanted, "{pattern:?} {text}");
        }
    }

    #[test]
    fn patterns_of_other_kinds_are_refused() {
        for pattern in ["{ $.level = 1 }", "[ip, user]", "%ERR.*%", "\"open", "a,b"] {
            assert_eq!(Pattern::parse(pattern), None, "{pattern}");
        }
    }
}
