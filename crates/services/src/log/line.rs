//! The lines that the platform writes around an invocation, to the letter as Lambda does.
//!
//! Source: Lambda developer guide, "Viewing CloudWatch logs for Lambda functions", and logs in public issues
//! (`INIT_START`, `Status: timeout`, `Error Type`; read 2026-11-24).

use std::fmt::{self, Write};
use std::time::Duration;

use super::calendar::Iso;
use crate::run::{End, FunctionVersion, Report, Trace};
use crate::{trace, usage};
use store::Timestamp;

const MIB: u64 = 1024 * 1024;

pub(super) fn init_start(out: &mut impl Write, function: &FunctionVersion) -> fmt::Result {
    writeln!(out, "INIT_START Runtime Version: {}", function.runtime)
}

pub(super) fn start(out: &mut impl Write, request_id: &str, function: &FunctionVersion) -> fmt::Result {
    writeln!(out, "START RequestId: {request_id} Version: {}", function.version)
}

/// How much of the output was not kept. Lambda has no such line.
pub(super) fn cut(out: &mut impl Write, request_id: &str, bytes: u64) -> fmt::Result {
    let kept = super::OUTPUT_BYTES_MAX;
    writeln!(out, "CUT RequestId: {request_id} {bytes} bytes of output were not kept: the limit is {kept} bytes")
}

pub(super) fn timed_out(out: &mut impl Write, request_id: &str, limit: Duration, now: Timestamp) -> fmt::Result {
    write!(out, "{} {request_id} Task timed out after {:.2} seconds\n\n", Iso(now), limit.as_secs_f64())
}

pub(super) fn crashed(out: &mut impl Write, request_id: &str, kind: &str, message: Option<&str>) -> fmt::Result {
    match message {
        Some(message) if message.starts_with("RequestId:") => writeln!(out, "{message}\n{kind}"),
        Some(message) => writeln!(out, "RequestId: {request_id} Error: {message}\n{kind}"),
        None => writeln!(out, "RequestId: {request_id} Error: {kind}"),
    }
}

pub(super) fn end(out: &mut impl Write, request_id: &str) -> fmt::Result {
    writeln!(out, "END RequestId: {request_id}")
}

/// `trace` is given where the line shall show it.
pub(super) fn report(
    out: &mut impl Write,
    request_id: &str,
    function: &FunctionVersion,
    report: &Report,
    trace: Option<&Trace>,
) -> fmt::Result {
    let (billed, memory_peak) = (usage::billed(report).as_millis(), report.memory_peak_bytes.div_ceil(MIB));
    write!(
        out,
        "REPORT RequestId: {request_id}\tDuration: {} ms\tBilled Duration: {billed} ms\tMemory Size: {} MB\tMax Memory Used: {memory_peak} MB\t",
        Millis(report.duration),
        function.memory_mib,
    )?;
    if let Some(init) = report.init {
        write!(out, "Init Duration: {} ms\t", Millis(init))?;
    }
    match &report.end {
        End::TimedOut => out.write_str("Status: timeout")?,
        End::Crashed(kind) => write!(out, "Status: error\tError Type: {kind}")?,
        End::Ok | End::Error => {}
    }
    out.write_str("\n")?;
    if let Some(trace) = trace {
        let (root, segment) = (trace::render_root(trace), hex::encode(trace.span));
        writeln!(out, "XRAY TraceId: {root}\tSegmentId: {segment}\tSampled: {}\t", trace.sampled)?;
    }
    Ok(())
}

/// Milliseconds with two digits behind the point.
struct Millis(Duration);

impl fmt::Display for Millis {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hundredths = self.0.as_nanos().saturating_add(5_000) / 10_000;
        write!(out, "{}.{:02}", hundredths / 100, hundredths % 100)
    }
}
