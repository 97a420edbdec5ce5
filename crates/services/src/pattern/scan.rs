//! JSON, token by token, with the place of each as the service reports it.
//!
//! The service names the place at which its parser stood, and that parser is one token ahead behind a name, and inside
//! a text that nobody has read yet: [`Scanner`] stands where it would. Texts of syntax errors are that parser's, too.

use std::fmt;

/// How much of a source is repeated in a message, in characters.
const SHOWN_CHARS_MAX: usize = 500;
/// Deepest nesting. A pattern's length is bounded elsewhere; this keeps the stack bounded.
const DEPTH_MAX: usize = 200;

const VALUES: &str = "(JSON String, Number, Array, Object or token 'null', 'true' or 'false')";

use super::Invalid;

/// A place in a text: line and column count from 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    source: Box<str>,
    pub line: usize,
    pub column: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("[Source: (String)\"")?;
        for letter in self.source.chars().take(SHOWN_CHARS_MAX) {
            match letter {
                '\n' | '\r' => write!(out, "{letter}")?,
                _ if letter.is_control() => write!(out, "\\u{:04X}", u32::from(letter))?,
                _ => write!(out, "{letter}")?,
            }
        }
        out.write_str("\"")?;
        let left = self.source.chars().count().saturating_sub(SHOWN_CHARS_MAX);
        if left > 0 {
            write!(out, "[truncated {left} chars]")?;
        }
        write!(out, "; line: {}, column: {}]", self.line, self.column)
    }
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token {
    ObjectStart,
    ObjectEnd,
    ArrayStart,
    ArrayEnd,
    Name(String),
    Text(String),
    Number(Number),
    True,
    False,
    Null,
    /// Behind the last token.
    End,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Number {
    pub text: String,
    pub value: serde_json::Number,
}

impl Token {
    /// The token as messages repeat it.
    pub fn shown(&self) -> &str {
        match self {
            Token::ObjectStart => "{",
            Token::ObjectEnd => "}",
            Token::ArrayStart => "[",
            Token::ArrayEnd => "]",
            Token::Name(text) | Token::Text(text) => text,
            Token::Number(number) => &number.text,
            Token::True => "true",
            Token::False => "false",
            Token::Null => "null",
            Token::End => "",
        }
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Container {
    Object,
    Array,
}

pub(super) struct Scanner<'a> {
    text: &'a str,
    /// Up to where the text has been read, in bytes.
    at: usize,
    /// Where the service's parser stands, in bytes.
    stands: usize,
    open: Vec<(Container, usize)>,
    /// Nothing has been read in the innermost container yet.
    first: bool,
    /// The value behind the name that was given last.
    ahead: Option<Token>,
}

impl<'a> Scanner<'a> {
    pub fn new(text: &'a str) -> Scanner<'a> {
        Scanner { text, at: 0, stands: 0, open: Vec::new(), first: true, ahead: None }
    }

    pub fn next(&mut self) -> Result<Token, Invalid> {
        if let Some(token) = self.ahead.take() {
            return Ok(token);
        }
        self.skip_space();
        let Some(&(container, _)) = self.open.last() else {
            return match self.peek() {
                None => Ok(self.stand(Token::End)),
                Some(_) => self.value(),
            };
        };
        let letter = self.peek().ok_or_else(|| self.unclosed())?;
        match (container, letter) {
            (Container::Object, '}') => return Ok(self.close(Token::ObjectEnd)),
            (Container::Array, ']') => return Ok(self.close(Token::ArrayEnd)),
            _ if self.first => {}
            (_, ',') => {
                self.at += 1;
                self.skip_space();
            }
            (Container::Object, _) => return Err(self.unexpected("was expecting comma to separate Object entries")),
            (Container::Array, _) => return Err(self.unexpected("was expecting comma to separate Array entries")),
        }
        self.first = false;
        match container {
            Container::Array => self.value(),
            Container::Object => self.name(),
        }
    }

    /// The text that was given last is taken note of: the service's parser then stands behind it.
    pub fn read_on(&mut self) {
        self.stands = self.at;
    }

    /// An error at the place where the service's parser stands.
    pub fn invalid(&self, reason: impl Into<String>) -> Invalid {
        Invalid { reason: reason.into(), place: Some(self.place(self.stands)) }
    }

    fn name(&mut self) -> Result<Token, Invalid> {
        match self.peek() {
            Some('"') => {}
            Some(_) => return Err(self.unexpected("was expecting double-quote to start field name")),
            None => return Err(self.unclosed()),
        }
        let name = self.quoted()?;
        self.skip_space();
        match self.peek() {
            Some(':') => self.at += 1,
            Some(_) => return Err(self.unexpected("was expecting a colon to separate field name and value")),
            None => return Err(self.unclosed()),
        }
        self.skip_space();
        let value = self.value()?;
        self.ahead = Some(value);
        Ok(Token::Name(name))
    }

    fn value(&mut self) -> Result<Token, Invalid> {
        let letter = self.peek().ok_or_else(|| self.unclosed())?;
        match letter {
            '{' => self.open(Container::Object, Token::ObjectStart),
            '[' => self.open(Container::Array, Token::ArrayStart),
            '"' => {
                let start = self.at;
                let text = self.quoted()?;
                self.stands = start + 1;
                Ok(Token::Text(text))
            }
            '-' | '0'..='9' => self.number(),
            'a'..='z' | 'A'..='Z' | '_' | '$' => self.word(),
            _ => Err(self.unexpected(&format!("expected a valid value {VALUES}"))),
        }
    }

    fn open(&mut self, container: Container, token: Token) -> Result<Token, Invalid> {
        if self.open.len() == DEPTH_MAX {
            return Err(self.invalid(format!("Document nesting depth ({}) exceeds the maximum", DEPTH_MAX + 1)));
        }
        self.open.push((container, self.at));
        self.first = true;
        self.at += 1;
        Ok(self.stand(token))
    }

    fn close(&mut self, token: Token) -> Token {
        self.open.pop();
        self.first = false;
        self.at += 1;
        self.stand(token)
    }

    fn quoted(&mut self) -> Result<String, Invalid> {
        let start = self.at;
        let mut letters = self.text[start + 1..].char_indices();
        while let Some((at, letter)) = letters.next() {
            match letter {
                '"' => {
                    self.at = start + at + 2;
                    return serde_json::from_str(&self.text[start..self.at]).map_err(|_| self.bad_text(start));
                }
                '\\' => {
                    letters.next();
                }
                _ => {}
            }
        }
        self.at = self.text.len();
        self.stands = self.at;
        Err(self.invalid("Unexpected end-of-input in VALUE_STRING"))
    }

    fn bad_text(&mut self, start: usize) -> Invalid {
        self.stands = start + 1;
        self.invalid("Unrecognized character escape or illegal unquoted character in a string value")
    }

    fn number(&mut self) -> Result<Token, Invalid> {
        let rest = &self.text[self.at..];
        let length = rest.find(|letter: char| !matches!(letter, '0'..='9' | '-' | '+' | '.' | 'e' | 'E'));
        let text = &rest[..length.unwrap_or(rest.len())];
        match serde_json::from_str(text) {
            Ok(value) => {
                self.at += text.len();
                Ok(self.stand(Token::Number(Number { text: text.to_owned(), value })))
            }
            Err(_) => {
                self.stand(Token::End);
                Err(self.invalid(format!("Invalid numeric value: {text}")))
            }
        }
    }

    fn word(&mut self) -> Result<Token, Invalid> {
        let rest = &self.text[self.at..];
        let length = rest.find(|letter: char| !letter.is_alphanumeric() && letter != '_' && letter != '$');
        let word = &rest[..length.unwrap_or(rest.len())];
        self.at += word.len();
        match word {
            "true" => Ok(self.stand(Token::True)),
            "false" => Ok(self.stand(Token::False)),
            "null" => Ok(self.stand(Token::Null)),
            _ => {
                self.stand(Token::End);
                Err(self.invalid(format!("Unrecognized token '{word}': was expecting {VALUES}")))
            }
        }
    }

    fn stand(&mut self, token: Token) -> Token {
        self.stands = self.at;
        token
    }

    fn peek(&self) -> Option<char> {
        self.text[self.at..].chars().next()
    }

    fn skip_space(&mut self) {
        let rest = &self.text[self.at..];
        self.at += rest.len() - rest.trim_start_matches([' ', '\t', '\n', '\r']).len();
    }

    fn unexpected(&mut self, expected: &str) -> Invalid {
        let letter = self.peek().unwrap_or_default();
        self.stands = self.at + letter.len_utf8();
        self.invalid(format!("Unexpected character ('{letter}' (code {})): {expected}", u32::from(letter)))
    }

    fn unclosed(&self) -> Invalid {
        let (container, start) = match self.open.last() {
            Some((Container::Object, start)) => ("Object", *start),
            Some((Container::Array, start)) => ("Array", *start),
            None => ("Root", 0),
        };
        let reason = format!(
            "Unexpected end-of-input: expected close marker for {container} (start marker at {})",
            self.place(start)
        );
        Invalid { reason, place: Some(self.place(self.text.len())) }
    }

    fn place(&self, at: usize) -> Place {
        let before = &self.text[..at];
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        Place {
            source: self.text.into(),
            line: before.matches('\n').count() + 1,
            column: before[line_start..].encode_utf16().count() + 1,
        }
    }
}
