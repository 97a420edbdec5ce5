//! What a statement is about, as far as its first words say: who may run it is decided before it is read as a whole.

use super::token::{Token, tokens};

/// What kind of statement, on which table or index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    pub verb: Verb,
    pub table: String,
    pub index: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    /// SELECT, also inside of EXISTS.
    Select,
    Insert,
    Update,
    Delete,
}

impl Subject {
    /// `None` of what is no statement: it is refused when it is read.
    pub fn of(statement: &str) -> Option<Subject> {
        let tokens = tokens(statement)?;
        let word = |at: usize, wanted: &str| matches!(tokens.get(at), Some(Token::Word(word)) if word.eq_ignore_ascii_case(wanted));
        let verbs = [
            ("SELECT", Verb::Select),
            ("EXISTS", Verb::Select),
            ("INSERT", Verb::Insert),
            ("UPDATE", Verb::Update),
            ("DELETE", Verb::Delete),
        ];
        let (_, verb) = verbs.into_iter().find(|(text, _)| word(0, text))?;
        let at = match verb {
            Verb::Select => 1 + (0..tokens.len()).find(|at| word(*at, "FROM"))?,
            Verb::Insert | Verb::Delete => 2,
            Verb::Update => 1,
        };
        let name = |at: usize| match tokens.get(at) {
            Some(Token::Word(name) | Token::Quoted(name)) => Some(name.clone()),
            _ => None,
        };
        let has_index = verb == Verb::Select && tokens.get(at + 1) == Some(&Token::Symbol("."));
        Some(Subject { verb, table: name(at)?, index: if has_index { name(at + 2) } else { None } })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_words_say_what_a_statement_is_about() {
        let cases = [
            ("SELECT * FROM tab", Some((Verb::Select, "tab", None))),
            (
                "select \"FROM\", a.b from \"my.tab\".\"by name\" WHERE id = ?",
                Some((Verb::Select, "my.tab", Some("by name"))),
            ),
            ("EXISTS(SELECT * FROM tab WHERE id = 1)", Some((Verb::Select, "tab", None))),
            ("INSERT INTO tab VALUE {'id': ?}", Some((Verb::Insert, "tab", None))),
            ("UPDATE \"tab\" SET a = 1 WHERE id = 1", Some((Verb::Update, "tab", None))),
            ("DELETE FROM tab WHERE id = 1", Some((Verb::Delete, "tab", None))),
            ("SELECT 1", None),
            ("", None),
            ("DROP TABLE tab", None),
        ];
        for (statement, wanted) in cases {
            let wanted = wanted.map(|(verb, table, index): (_, &str, Option<&str>)| Subject {
                verb,
                table: table.to_owned(),
                index: index.map(str::to_owned),
            });
            assert_eq!(Subject::of(statement), wanted, "{statement}");
        }
    }
}
