//! Wildcards of policies: `*` is any run of characters, `?` is any one, and variables stand for the request's values.

use super::condition::Context;

/// Whether the whole text fits. Linear in practice: only the last `*` is ever gone back to.
pub(super) fn like(pattern: &str, text: &str) -> bool {
    glob(&literal_or_wild(pattern), text.chars().collect::<Vec<_>>().as_slice())
}

/// As [`like`], for each of an ARN's six parts on its own: a wildcard does not reach over a colon of the first five.
///
/// Source: IAM User Guide, "Amazon Resource Name (ARN) condition operators" (read 2026-11-24).
pub(super) fn arn_like(pattern: &str, text: &str) -> bool {
    if pattern == "*" {
        return true;
    }
    let (mut patterns, mut texts) = (pattern.splitn(6, ':'), text.splitn(6, ':'));
    (0..6).all(|_| match (patterns.next(), texts.next()) {
        (Some(pattern), Some(text)) => like(pattern, text),
        _ => false,
    })
}

/// Puts the request's values for `${key}`; `${key, 'other'}` has a default. `None` when a value is missing:
/// the text then fits nothing. `${*}`, `${?}` and `${$}` are those characters themselves and stay for [`like`].
///
/// Source: IAM User Guide, "IAM policy elements: Variables and tags" (read 2026-11-24).
pub(super) fn substitute<'a>(text: &'a str, context: &Context) -> Option<std::borrow::Cow<'a, str>> {
    if !text.contains("${") {
        return Some(text.into());
    }
    let (mut done, mut rest) = (String::with_capacity(text.len()), text);
    while let Some((before, after)) = rest.split_once("${") {
        let (variable, after) = after.split_once('}')?;
        done.push_str(before);
        match variable {
            "*" | "?" | "$" => done.extend(["${", variable, "}"]),
            _ => push_escaped(&mut done, value_of(variable, context)?),
        }
        rest = after;
    }
    done.push_str(rest);
    Some(done.into())
}

fn value_of<'a>(variable: &'a str, context: &'a Context) -> Option<&'a str> {
    let (key, default) = match variable.split_once(',') {
        Some((key, default)) => (key.trim(), Some(default.trim().trim_matches('\''))),
        None => (variable, None),
    };
    match context.get(key) {
        Some([value]) => Some(value),
        Some(_) | None => default,
    }
}

/// A value's own wildcards are characters, whatever the requester put there.
fn push_escaped(done: &mut String, value: &str) {
    for character in value.chars() {
        match character {
            '*' | '?' | '$' => done.extend(["${", character.encode_utf8(&mut [0; 4]), "}"]),
            _ => done.push(character),
        }
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Unit {
    Literal(char),
    One,
    Run,
}

fn literal_or_wild(pattern: &str) -> Vec<Unit> {
    let (mut units, mut rest) = (Vec::with_capacity(pattern.len()), pattern);
    while let Some(first) = rest.chars().next() {
        let escaped =
            [("${*}", '*'), ("${?}", '?'), ("${$}", '$')].into_iter().find(|(text, _)| rest.starts_with(text));
        let (unit, length) = match (escaped, first) {
            (Some((text, character)), _) => (Unit::Literal(character), text.len()),
            (None, '*') => (Unit::Run, 1),
            (None, '?') => (Unit::One, 1),
            (None, character) => (Unit::Literal(character), character.len_utf8()),
        };
        units.push(unit);
        rest = &rest[length..];
    }
    units
}

fn glob(pattern: &[Unit], text: &[char]) -> bool {
    let (mut at, mut seen, mut resume) = (0, 0, None);
    while seen < text.len() {
        match pattern.get(at) {
            Some(Unit::Run) => {
                resume = Some((at + 1, seen));
                at += 1;
            }
            Some(Unit::One) => (at, seen) = (at + 1, seen + 1),
            Some(Unit::Literal(wanted)) if *wanted == text[seen] => (at, seen) = (at + 1, seen + 1),
            Some(Unit::Literal(_)) | None => match resume {
                Some((after_run, from)) => {
                    resume = Some((after_run, from + 1));
                    (at, seen) = (after_run, from + 1);
                }
                None => return false,
            },
        }
    }
    pattern[at..].iter().all(|unit| *unit == Unit::Run)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_fit_whole_texts() {
        let cases = [
            ("*", "", true),
            ("a*c", "abbc", true),
            ("a*c", "abcd", false),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("*a*b*", "xxaxxbxx", true),
            ("${*}b", "ab", false),
            ("${*}b", "*b", true),
            ("é?", "éü", true),
        ];
        for (pattern, text, wanted) in cases {
            assert_eq!(like(pattern, text), wanted, "{pattern} on {text}");
        }
    }

    #[test]
    fn an_arn_wildcard_stays_within_its_part() {
        let function = "arn:aws:lambda:eu-west-1:000000000000:function:resize:live";
        let cases = [
            ("arn:aws:lambda:*:*:function:resize*", true),
            ("arn:aws:lambda:eu-west-1:000000000000:*", true),
            ("arn:aws:lambda:*", false),
            ("arn:aws:*:function:resize", false),
            ("*", true),
        ];
        for (pattern, wanted) in cases {
            assert_eq!(arn_like(pattern, function), wanted, "{pattern}");
        }
    }

    #[test]
    fn a_variable_takes_the_request_s_value_and_never_its_wildcards() {
        let context = Context::default().with("aws:username", "a*").with("s3:prefix", "home");
        let shown = |text| substitute(text, &context).map(|text| text.into_owned());
        assert_eq!(shown("x/${aws:username}/*").as_deref(), Some("x/a${*}/*"));
        assert_eq!(shown("${S3:Prefix}").as_deref(), Some("home"));
        assert_eq!(shown("${aws:other, 'none'}").as_deref(), Some("none"));
        assert_eq!(shown("${aws:other}"), None);
        assert_eq!(shown("${*}").as_deref(), Some("${*}"));
    }
}
