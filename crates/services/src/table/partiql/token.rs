//! The words of a statement.

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token {
    /// A keyword, a name or a function.
    Word(String),
    /// `"name"`: never a keyword.
    Quoted(String),
    /// `'text'`.
    Text(String),
    Number(String),
    /// `?`.
    Parameter,
    Symbol(&'static str),
    End,
}

const SYMBOLS: [&str; 22] = [
    "<<", ">>", "<>", "!=", "<=", ">=", "<", ">", "=", "(", ")", "[", "]", "{", "}", ",", ".", ":", "+", "-", "*", ";",
];

/// All tokens; the last is the only [`Token::End`]. `None`: a character that no statement has, or a text without end.
pub(super) fn tokens(text: &str) -> Option<Vec<Token>> {
    let mut found = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let (token, length) = match first {
            '\'' | '"' => {
                let (content, length) = quoted(rest, first)?;
                (if first == '"' { Token::Quoted(content) } else { Token::Text(content) }, length)
            }
            '?' => (Token::Parameter, 1),
            'a'..='z' | 'A'..='Z' | '_' | '$' | '#' => {
                let length = length(rest, |c| c.is_ascii_alphanumeric() || matches!(c, '_' | '$' | '#'));
                (Token::Word(rest[..length].to_owned()), length)
            }
            '0'..='9' => {
                let length = number(rest);
                (Token::Number(rest[..length].to_owned()), length)
            }
            _ => {
                let symbol = SYMBOLS.into_iter().find(|symbol| rest.starts_with(symbol))?;
                (Token::Symbol(symbol), symbol.len())
            }
        };
        found.push(token);
        rest = rest[length..].trim_start();
    }
    found.push(Token::End);
    Some(found)
}

fn length(text: &str, is: impl Fn(char) -> bool) -> usize {
    text.len() - text.trim_start_matches(is).len()
}

/// The length of a number with its fraction and exponent.
fn number(text: &str) -> usize {
    let digits = |text: &str| length(text, |c| c.is_ascii_digit());
    let mut end = digits(text);
    if text[end..].starts_with('.') && digits(&text[end + 1..]) > 0 {
        end += 1 + digits(&text[end + 1..]);
    }
    if let Some(exponent) = text[end..].strip_prefix(['e', 'E']) {
        let unsigned = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
        if digits(unsigned) > 0 {
            end += 1 + exponent.len() - unsigned.len() + digits(unsigned);
        }
    }
    end
}

/// What is between two quotes, where two of them in a row are one, and how long it is with its quotes.
fn quoted(text: &str, quote: char) -> Option<(String, usize)> {
    let mut content = String::new();
    let mut letters = text.char_indices().skip(1).peekable();
    while let Some((at, letter)) = letters.next() {
        if letter != quote {
            content.push(letter);
        } else if letters.next_if(|(_, next)| *next == quote).is_some() {
            content.push(quote);
        } else {
            return Some((content, at + 1));
        }
    }
    None
}
