//! Where an invocation stands in a distributed trace, as the two headers in use write it.
//!
//! Start reading at [`parse_w3c`] and [`parse_xray`]; both give the trace as the caller has it, and
//! [`enter`] makes the span of an invocation beneath it.
//!
//! Invariants:
//! - A malformed header is no trace: the invocation starts one of its own, it never fails.
//! - New trace ids begin with the seconds since 1970, as X-Ray wants and W3C allows.

use store::Timestamp;

use crate::random;
use crate::run::Trace;

/// The span of callers that name a trace and no span.
const NO_SPAN: [u8; 8] = [0; 8];

/// Reads a W3C `traceparent`, such as `00-<32 hex>-<16 hex>-01`.
///
/// Source: W3C Trace Context, section 3.2 (read 2026-11-24): a higher version may carry more fields,
/// `ff` is no version, ids of zeros are invalid.
pub fn parse_w3c(header: &str) -> Option<Trace> {
    let mut fields = header.trim().split('-');
    let version: [u8; 1] = unhex(fields.next()?)?;
    let trace: [u8; 16] = unhex(fields.next()?)?;
    let span: [u8; 8] = unhex(fields.next()?)?;
    let flags: [u8; 1] = unhex(fields.next()?)?;
    let valid = match version[0] {
        0 => fields.next().is_none(),
        0xff => false,
        _ => true,
    };
    (valid && trace != [0; 16] && span != NO_SPAN).then_some(Trace {
        trace,
        span,
        parent: None,
        sampled: flags[0] & 1 == 1,
    })
}

/// Reads an `X-Amzn-Trace-Id`, such as `Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1`.
///
/// Fields come in any order, unknown ones (`Self`, `Lineage`) are passed over, `Parent` and `Sampled` may be missing.
pub fn parse_xray(header: &str) -> Option<Trace> {
    let (mut root, mut span, mut sampled) = (None, NO_SPAN, false);
    for field in header.split(';') {
        match field.trim().split_once('=')? {
            ("Root", text) => root = Some(parse_root(text)?),
            ("Parent", text) => span = unhex(text)?,
            ("Sampled", text) => sampled = text == "1",
            _ => {}
        }
    }
    Some(Trace { trace: root?, span, parent: None, sampled })
}

/// The `traceparent` that names this span as the caller of what comes next.
pub fn render_w3c(trace: &Trace) -> String {
    let mut text = String::with_capacity(55);
    text.push_str("00-");
    push_hex(&mut text, &trace.trace);
    text.push('-');
    push_hex(&mut text, &trace.span);
    text.push_str(if trace.sampled { "-01" } else { "-00" });
    text
}

/// The `X-Amzn-Trace-Id` that names this span as the caller of what comes next.
pub fn render_xray(trace: &Trace) -> String {
    let mut text = String::with_capacity(75);
    text.push_str("Root=");
    push_root(&mut text, trace);
    text.push_str(";Parent=");
    push_hex(&mut text, &trace.span);
    text.push_str(if trace.sampled { ";Sampled=1" } else { ";Sampled=0" });
    text
}

/// The trace's id as X-Ray writes it: `1-<8 hex>-<24 hex>`.
pub fn render_root(trace: &Trace) -> String {
    let mut text = String::with_capacity(35);
    push_root(&mut text, trace);
    text
}

fn push_root(text: &mut String, trace: &Trace) {
    text.push_str("1-");
    push_hex(text, &trace.trace[..4]);
    text.push('-');
    push_hex(text, &trace.trace[4..]);
}

/// Every request has some of these: written without the machinery of `format!`.
fn push_hex(text: &mut String, bytes: &[u8]) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    for byte in bytes {
        text.push(DIGITS[usize::from(byte >> 4)].into());
        text.push(DIGITS[usize::from(byte & 0x0f)].into());
    }
}

/// A new span beneath the caller's, or at the root of a new trace that is not sampled.
pub fn enter(caller: Option<&Trace>, now: Timestamp) -> Trace {
    let drawn: [u8; 24] = random::bytes();
    let (id, span) = drawn.split_at(16);
    let span = span.try_into().expect("8 of 24 bytes are left after 16");
    match caller {
        Some(caller) => Trace {
            trace: caller.trace,
            span,
            parent: (caller.span != NO_SPAN).then_some(caller.span),
            sampled: caller.sampled,
        },
        None => {
            let mut trace: [u8; 16] = id.try_into().expect("16 bytes were split off");
            let seconds = u32::try_from(now.millis() / 1000).unwrap_or(u32::MAX);
            trace[..4].copy_from_slice(&seconds.to_be_bytes());
            Trace { trace, span, parent: None, sampled: false }
        }
    }
}

fn parse_root(text: &str) -> Option<[u8; 16]> {
    let (seconds, rest) = text.strip_prefix("1-")?.split_once('-')?;
    let (seconds, rest): ([u8; 4], [u8; 12]) = (unhex(seconds)?, unhex(rest)?);
    let mut trace = [0; 16];
    trace[..4].copy_from_slice(&seconds);
    trace[4..].copy_from_slice(&rest);
    Some(trace)
}

fn unhex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    hex::decode_to_slice(text, &mut bytes).ok().map(|()| bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOT: &str = "5759e988bd862e3fe1be46a994272793";

    #[test]
    fn headers_are_read_as_their_documents_say() {
        let cases = [
            ("Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1", "53995c3f42cd8ad8 true"),
            ("Parent=53995c3f42cd8ad8; Root=1-5759e988-bd862e3fe1be46a994272793", "53995c3f42cd8ad8 false"),
            ("Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=?;Lineage=1:a", "0000000000000000 false"),
            ("Root=1-5759e988-bd862e3fe1be46a9942727;Sampled=1", "-"),
            ("Sampled=1", "-"),
            ("", "-"),
        ];
        for (header, wanted) in cases {
            assert_eq!(shown(parse_xray(header)), wanted, "{header}");
        }
        let cases = [
            (format!("00-{ROOT}-53995c3f42cd8ad8-01"), "53995c3f42cd8ad8 true"),
            (format!("00-{ROOT}-53995c3f42cd8ad8-00"), "53995c3f42cd8ad8 false"),
            (format!("01-{ROOT}-53995c3f42cd8ad8-01-more"), "53995c3f42cd8ad8 true"),
            (format!("00-{ROOT}-53995c3f42cd8ad8-01-more"), "-"),
            (format!("ff-{ROOT}-53995c3f42cd8ad8-01"), "-"),
            (format!("00-{ROOT}-0000000000000000-01"), "-"),
            (format!("00-{ROOT}-53995c3f42cd8ad8"), "-"),
        ];
        for (header, wanted) in cases {
            assert_eq!(shown(parse_w3c(&header)), wanted, "{header}");
        }
    }

    #[test]
    fn what_is_rendered_reads_back_with_our_span_as_the_caller() {
        let caller = parse_xray("Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1");
        let ours = enter(caller.as_ref(), Timestamp::from_millis(0));
        assert_eq!(ours.parent, caller.map(|caller| caller.span));
        let seen = [parse_xray(&render_xray(&ours)), parse_w3c(&render_w3c(&ours))];
        assert_eq!(seen, [Some(Trace { parent: None, ..ours }); 2]);
    }

    #[test]
    fn a_new_trace_begins_with_its_second() {
        let trace = enter(None, Timestamp::from_millis(0x5759_e988 * 1000));
        assert!(render_root(&trace).starts_with("1-5759e988-"));
        assert_eq!((trace.parent, trace.sampled), (None, false));
    }

    fn shown(trace: Option<Trace>) -> String {
        trace.map_or("-".to_owned(), |trace| {
            assert_eq!(hex::encode(trace.trace), ROOT);
            format!("{} {}", hex::encode(trace.span), trace.sampled)
        })
    }
}
