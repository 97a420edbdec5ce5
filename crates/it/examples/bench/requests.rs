//! Single requests: the first to a component, the first to a native function, the warm ones to interpreters.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use it::{Connection, Nought};
use serde_json::Value;

use crate::promise;
use crate::samples::Samples;

const COMPONENTS: usize = 200;
const FIRST_P99_MAX: Duration = Duration::from_millis(5);
const NATIVE_FUNCTIONS: usize = 40;
const NATIVE_P50_MAX: Duration = Duration::from_millis(5);
const WARM_REQUESTS: usize = 2000;
const WARM_OVERHEAD_P50_MAX: Duration = Duration::from_micros(500);

/// First request to each of many components that this process has never run, their compiled files in the page cache.
pub fn first() -> bool {
    let nought = Nought::start();
    let folder = tempfile::tempdir().expect("a folder");
    let paths: Vec<_> = (0..COMPONENTS)
        .map(|number| {
            let file = folder.path().join(format!("first-{number}.wasm"));
            fs::write(&file, variant("hello-rust", number)).expect("a component");
            nought.deploy(&file, &format!("first-{number}"), &[])
        })
        .collect();
    let nought = nought.again();
    let mut connection = Connection::open(nought.address()).expect("a connection");
    let samples = Samples::of(paths.iter().map(|path| timed(&mut connection, path).0).collect());
    samples.print("first request to a component");
    bounded("first request to a component, p99", samples.percentile(99), FIRST_P99_MAX)
}

/// A component of its own: the same code with a custom section that differs.
pub fn variant(guest: &str, number: usize) -> Vec<u8> {
    let mut bytes = fs::read(it::component(guest)).expect("a built guest");
    let text = format!("variant {number:06}");
    let content = [&[text.len() as u8][..], text.as_bytes()].concat();
    bytes.extend([0, content.len() as u8]);
    bytes.extend(content);
    bytes
}

/// Warm round trips of functions that time themselves: what is over is ours.
pub fn warm() -> bool {
    let nought = Nought::start();
    let python = "import time\n\ndef lambda_handler(event, context):\n    begin = time.perf_counter_ns()\n    answer = {'n': 1}\n    \
                  return {**answer, 'ns': time.perf_counter_ns() - begin}\n";
    let node = "exports.handler = async () => {\n  const begin = process.hrtime.bigint();\n  const answer = { n: 1 };\n  \
                return { ...answer, ns: Number(process.hrtime.bigint() - begin) };\n};\n";
    let mut kept = true;
    for (name, file, source) in [("python", "lambda_function.py", python), ("node", "index.js", node)] {
        let folder = nought.folder().join(name);
        write(&folder, file, source);
        let path = nought.deploy(&folder, name, &[]);
        let mut connection = Connection::open(nought.address()).expect("a connection");
        for _ in 0..100 {
            timed(&mut connection, &path);
        }
        let overheads = (0..WARM_REQUESTS).map(|_| {
            let (took, body) = timed(&mut connection, &path);
            let own = serde_json::from_slice::<Value>(&body).ok().and_then(|answer| answer["ns"].as_u64());
            took - Duration::from_nanos(own.unwrap_or_else(|| panic!("{}", String::from_utf8_lossy(&body))))
        });
        let samples = Samples::of(overheads.collect());
        samples.print(&format!("warm {name}, over the handler's own time"));
        kept &= bounded(&format!("warm {name}, p50"), samples.percentile(50), WARM_OVERHEAD_P50_MAX);
    }
    kept
}

/// First request to native functions, from its arrival to its answer, with the sandbox made in between.
pub fn native() -> bool {
    let nought = Nought::start();
    let folder = nought.folder().join("native");
    fs::create_dir_all(&folder).expect("a folder");
    fs::copy(it::guests().join("bootstrap-rust"), folder.join("bootstrap")).expect("the built bootstrap");
    let deploy = |number| nought.deploy(&folder, &format!("native-{number}"), &["--runtime", "provided.al2023"]);
    let paths: Vec<_> = (0..NATIVE_FUNCTIONS).map(deploy).collect();
    let mut connection = Connection::open(nought.address()).expect("a connection");
    let samples = Samples::of(paths.iter().map(|path| timed(&mut connection, path).0).collect());
    samples.print("first request to a native function");
    bounded("first request to a native function, p50", samples.percentile(50), NATIVE_P50_MAX)
}

fn write(folder: &Path, file: &str, source: &str) {
    fs::create_dir_all(folder).expect("a folder");
    fs::write(folder.join(file), source).expect("a file");
}

fn timed(connection: &mut Connection, path: &str) -> (Duration, Vec<u8>) {
    let begin = Instant::now();
    let answer = connection.request("GET", path, b"").expect("an answer");
    let took = begin.elapsed();
    assert_eq!(answer.status, 200, "{path}: {}", answer.text());
    (took, answer.body)
}

fn bounded(what: &str, figure: Duration, most: Duration) -> bool {
    let millis = figure.as_secs_f64() * 1000.0;
    promise(what, millis, "ms", figure < most, &format!("under {:.1} ms", most.as_secs_f64() * 1000.0))
}
