//! Whom browsers let at a bucket from pages of other sites: its rules, and the one that decides over a request.
//!
//! Source: S3 User Guide, "Using cross-origin resource sharing (CORS)" (read 2026-11-24).

use serde::{Deserialize, Serialize};

use super::config::Config;

/// Rules in their order: the first one that fits decides.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cors(pub Vec<CorsRule>);

impl Config for Cors {
    const KIND: &'static str = "cors";
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CorsRule {
    pub id: Option<String>,
    /// Each may have one `*`, as may those of the headers.
    pub origins: Vec<String>,
    pub methods: Vec<String>,
    pub headers: Vec<String>,
    pub exposed: Vec<String>,
    pub max_age_secs: Option<i32>,
}

/// What a page of another site asks for.
#[derive(Debug, Clone, Default)]
pub struct CrossOrigin<'a> {
    pub origin: &'a str,
    pub method: &'a str,
    /// Names of headers that it is going to send.
    pub headers: Vec<&'a str>,
}

/// The rule that lets a request through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Let<'a> {
    pub rule: &'a CorsRule,
    /// The rule lets everyone through, not this origin alone.
    pub anyone: bool,
}

impl Cors {
    pub fn rule(&self, request: &CrossOrigin<'_>) -> Option<Let<'_>> {
        self.0.iter().find_map(|rule| {
            let origin = rule.origins.iter().find(|pattern| fits(pattern, request.origin))?;
            let methods = rule.methods.iter().any(|method| method == request.method);
            let headers = request.headers.iter().all(|name| {
                let name = name.to_ascii_lowercase();
                rule.headers.iter().any(|pattern| fits(&pattern.to_ascii_lowercase(), &name))
            });
            (methods && headers).then_some(Let { rule, anyone: origin == "*" })
        })
    }
}

fn fits(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((before, after)) => {
            text.len() >= before.len() + after.len() && text.starts_with(before) && text.ends_with(after)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_rule_that_fits_decides() {
        let rule = |id: &str, origin: &str, method: &str, header: &str| CorsRule {
            id: Some(id.to_owned()),
            origins: vec![origin.to_owned()],
            methods: vec![method.to_owned()],
            headers: vec![header.to_owned()],
            ..CorsRule::default()
        };
        let cors = Cors(vec![
            rule("narrow", "https://a.example", "PUT", "x-amz-*"),
            rule("wild", "https://*.example", "PUT", "*"),
            rule("anyone", "*", "GET", "range"),
        ]);
        let cases = [
            ("https://a.example PUT X-Amz-Date", "narrow"),
            ("https://a.example PUT x-amz-date content-type", "wild"),
            ("https://b.example PUT", "wild"),
            ("https://.example PUT", "wild"),
            ("https://a.example GET Range", "anyone, whoever it is"),
            ("https://a.example GET other", "-"),
            ("https://a.example DELETE", "-"),
            ("http://a.example PUT", "-"),
        ];
        for (request, wanted) in cases {
            let mut words = request.split(' ');
            let (origin, method) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
            let found = cors.rule(&CrossOrigin { origin, method, headers: words.collect() });
            let found = found.map_or("-".to_owned(), |found| {
                let id = found.rule.id.clone().unwrap_or_default();
                if found.anyone { format!("{id}, whoever it is") } else { id }
            });
            assert_eq!(found, wanted, "{request}");
        }
    }
}
