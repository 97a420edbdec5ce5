//! How an item is written: a layout byte, its size, then its attributes in the order of their names.
//!
//! | part | form |
//! |---|---|
//! | layout | one byte, 1 |
//! | size | what DynamoDB counts for the item: [`stored_size`] reads it without the rest |
//! | attributes | a count, then name and value of each |
//! | value | a tag byte, then its content |
//!
//! Counts and lengths are little-endian base-128 numbers. Numbers are in their ordered form.

use std::collections::BTreeSet;

use bytes::{Buf, Bytes};

use super::number::Number;
use super::value::{self, Item, NESTING_MAX, Value};
use crate::row::Unreadable;

const LAYOUT: u8 = 1;

const NULL: u8 = 0;
const FALSE: u8 = 1;
const TRUE: u8 = 2;
const TEXT: u8 = 3;
const NUMBER: u8 = 4;
const BYTES: u8 = 5;
const LIST: u8 = 6;
const MAP: u8 = 7;
const TEXTS: u8 = 8;
const NUMBERS: u8 = 9;
const BINARIES: u8 = 10;

pub(super) fn encode(item: &Item) -> Vec<u8> {
    let size = value::size(item);
    let mut out = Vec::with_capacity(size + 16 + 4 * item.len());
    out.push(LAYOUT);
    count(&mut out, size);
    map(&mut out, item);
    out
}

pub(super) fn decode(bytes: &Bytes) -> Result<Item, Unreadable> {
    let mut rest = body(bytes)?;
    let item = take_count(&mut rest).and_then(|_| take_map(&mut rest, 0)).filter(|_| rest.is_empty());
    item.ok_or_else(|| unreadable("it ends too soon or goes on too long"))
}

/// The item's size, in bytes, without reading its attributes.
pub(super) fn stored_size(bytes: &Bytes) -> Result<usize, Unreadable> {
    let mut rest = body(bytes)?;
    take_count(&mut rest).ok_or_else(|| unreadable("it has no size"))
}

fn body(bytes: &Bytes) -> Result<Bytes, Unreadable> {
    match bytes.first() {
        Some(&LAYOUT) => Ok(bytes.slice(1..)),
        Some(&other) => Err(Unreadable {
            row: "item",
            layout: Some(other),
            reason: format!("this version of Nought reads layout {LAYOUT}"),
        }),
        None => Err(unreadable("it is empty")),
    }
}

fn unreadable(reason: &str) -> Unreadable {
    Unreadable { row: "item", layout: Some(LAYOUT), reason: reason.to_owned() }
}

fn count(out: &mut Vec<u8>, mut number: usize) {
    while number >= 0x80 {
        out.push(u8::try_from(number & 0x7f).unwrap_or(0) | 0x80);
        number >>= 7;
    }
    out.push(u8::try_from(number).unwrap_or(0));
}

fn run(out: &mut Vec<u8>, bytes: &[u8]) {
    count(out, bytes.len());
    out.extend_from_slice(bytes);
}

fn map(out: &mut Vec<u8>, entries: &Item) {
    count(out, entries.len());
    for (name, value) in entries {
        run(out, name.as_bytes());
        put(out, value);
    }
}

fn put(out: &mut Vec<u8>, value: &Value) {
    match value {
        Value::Null => out.push(NULL),
        Value::Bool(false) => out.push(FALSE),
        Value::Bool(true) => out.push(TRUE),
        Value::Text(text) => tagged(out, TEXT, text.as_bytes()),
        Value::Number(number) => tagged(out, NUMBER, &number.ordered()),
        Value::Bytes(bytes) => tagged(out, BYTES, bytes),
        Value::List(values) => {
            out.push(LIST);
            count(out, values.len());
            values.iter().for_each(|value| put(out, value));
        }
        Value::Map(entries) => {
            out.push(MAP);
            map(out, entries);
        }
        Value::Texts(texts) => set(out, TEXTS, texts.iter().map(String::as_bytes)),
        Value::Binaries(binaries) => set(out, BINARIES, binaries.iter().map(Bytes::as_ref)),
        Value::Numbers(numbers) => {
            out.push(NUMBERS);
            count(out, numbers.len());
            numbers.iter().for_each(|number| run(out, &number.ordered()));
        }
    }
}

fn tagged(out: &mut Vec<u8>, tag: u8, content: &[u8]) {
    out.push(tag);
    run(out, content);
}

fn set<'a>(out: &mut Vec<u8>, tag: u8, members: impl ExactSizeIterator<Item = &'a [u8]>) {
    out.push(tag);
    count(out, members.len());
    members.for_each(|member| run(out, member));
}

fn take_count(rest: &mut Bytes) -> Option<usize> {
    let mut number = 0usize;
    for shift in (0..usize::BITS).step_by(7) {
        let byte = take_byte(rest)?;
        number |= usize::from(byte & 0x7f).checked_shl(shift)?;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

fn take_byte(rest: &mut Bytes) -> Option<u8> {
    let byte = *rest.first()?;
    rest.advance(1);
    Some(byte)
}

fn take_run(rest: &mut Bytes) -> Option<Bytes> {
    let length = take_count(rest)?;
    (length <= rest.len()).then(|| rest.split_to(length))
}

fn take_text(rest: &mut Bytes) -> Option<String> {
    let run = take_run(rest)?;
    std::str::from_utf8(&run).ok().map(str::to_owned)
}

fn take_number(rest: &mut Bytes) -> Option<Number> {
    Number::from_ordered(&take_run(rest)?)
}

fn take_map(rest: &mut Bytes, depth: usize) -> Option<Item> {
    let length = take_count(rest)?;
    (0..length).map(|_| Some((take_text(rest)?, take(rest, depth)?))).collect()
}

fn take(rest: &mut Bytes, depth: usize) -> Option<Value> {
    if depth > NESTING_MAX {
        return None;
    }
    Some(match take_byte(rest)? {
        NULL => Value::Null,
        FALSE => Value::Bool(false),
        TRUE => Value::Bool(true),
        TEXT => Value::Text(take_text(rest)?),
        NUMBER => Value::Number(take_number(rest)?),
        // A copy: a slice would keep the whole row in memory for as long as the value lives.
        BYTES => Value::Bytes(Bytes::copy_from_slice(&take_run(rest)?)),
        LIST => {
            let length = take_count(rest)?;
            Value::List((0..length).map(|_| take(rest, depth + 1)).collect::<Option<_>>()?)
        }
        MAP => Value::Map(take_map(rest, depth + 1)?),
        TEXTS => Value::Texts(members(rest, take_text)?),
        NUMBERS => Value::Numbers(members(rest, take_number)?),
        BINARIES => Value::Binaries(members(rest, |rest| take_run(rest).map(|run| Bytes::copy_from_slice(&run)))?),
        _ => return None,
    })
}

fn members<T: Ord>(rest: &mut Bytes, take: impl Fn(&mut Bytes) -> Option<T>) -> Option<BTreeSet<T>> {
    let length = take_count(rest)?;
    (0..length).map(|_| take(rest)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn every_type() -> Item {
        let number = |text: &str| Number::parse(text).expect("a number");
        let inner = Item::from([("b".to_owned(), Value::Bool(true)), ("n".to_owned(), Value::Null)]);
        Item::from([
            ("binaries".to_owned(), Value::Binaries(BTreeSet::from([Bytes::from_static(b"\0"), Bytes::new()]))),
            ("bytes".to_owned(), Value::Bytes(Bytes::from_static(b"\xff\0"))),
            ("list".to_owned(), Value::List(vec![Value::Bool(false), Value::Map(inner)])),
            ("number".to_owned(), Value::Number(number("-12.5e-7"))),
            ("numbers".to_owned(), Value::Numbers(BTreeSet::from([number("1"), number("2")]))),
            ("text".to_owned(), Value::Text("x".repeat(300))),
            ("texts".to_owned(), Value::Texts(BTreeSet::from(["".to_owned(), "a".to_owned()]))),
        ])
    }

    #[test]
    fn an_item_reads_back_as_it_was_written() {
        let item = every_type();
        let bytes = Bytes::from(encode(&item));
        assert_eq!(decode(&bytes), Ok(item.clone()));
        assert_eq!(stored_size(&bytes), Ok(value::size(&item)));
    }

    #[test]
    fn a_row_that_is_cut_off_or_changed_is_refused_or_read_without_harm() {
        let bytes = encode(&every_type());
        for end in 0..bytes.len() {
            assert!(decode(&Bytes::copy_from_slice(&bytes[..end])).is_err(), "{end}");
        }
        for at in 1..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 0xff;
            let _ = decode(&Bytes::from(changed));
        }
    }
}
