//! The words of an expression.

/// What a token is; `text` in [`Token`] says which.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// An attribute's name, a keyword or a function's name.
    Word,
    /// `#name`.
    Name,
    /// `:value`.
    Value,
    Digits,
    Symbol,
    /// Nothing that an expression may hold.
    Unknown,
    End,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Token<'a> {
    pub kind: Kind,
    pub text: &'a str,
    pub start: usize,
}

impl Token<'_> {
    pub fn end(&self) -> usize {
        self.start + self.text.len()
    }
}

const SYMBOLS: [&str; 13] = ["<>", "<=", ">=", "<", ">", "=", "(", ")", "[", "]", ",", ".", "+"];
const MINUS: &str = "-";

/// All tokens of a text; the last is the only [`Kind::End`].
pub(super) fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut found = Vec::new();
    let mut start = 0;
    loop {
        start += text[start..].len() - text[start..].trim_start().len();
        let rest = &text[start..];
        let Some(first) = rest.chars().next() else {
            found.push(Token { kind: Kind::End, text: "", start });
            return found;
        };
        let (kind, length) = match first {
            'a'..='z' | 'A'..='Z' | '_' => (Kind::Word, run(rest)),
            '0'..='9' => (Kind::Digits, rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len()),
            '#' if run(&rest[1..]) > 0 => (Kind::Name, 1 + run(&rest[1..])),
            ':' if run(&rest[1..]) > 0 => (Kind::Value, 1 + run(&rest[1..])),
            _ => match SYMBOLS.into_iter().chain([MINUS]).find(|symbol| rest.starts_with(symbol)) {
                Some(symbol) => (Kind::Symbol, symbol.len()),
                None => (Kind::Unknown, first.len_utf8()),
            },
        };
        found.push(Token { kind, text: &rest[..length], start });
        start += length;
    }
}

/// The length of the name at the beginning.
fn run(text: &str) -> usize {
    text.len() - text.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || c == '_').len()
}
