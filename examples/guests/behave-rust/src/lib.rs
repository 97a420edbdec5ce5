//! A component that does what it is told, good or bad.
//!
//! Over HTTP the action is the path and its arguments are the query: `GET /sleep?ms=200`.
//! As an event (a POST to `/`) both are the JSON document: `{"do": "sleep", "ms": 200}`.
//! Start reading at [`act`].

use std::io::{Read, Write};
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Map, Value, json};
use wasip2::exports::http::incoming_handler::Guest;
use wasip2::http::outgoing_handler;
use wasip2::http::types::{
    Fields, IncomingBody, IncomingRequest, Method, OutgoingBody, OutgoingRequest, OutgoingResponse, ResponseOutparam,
    Scheme,
};

struct Behave;

impl Guest for Behave {
    fn handle(request: IncomingRequest, answer: ResponseOutparam) {
        match Asked::read(request) {
            Ok(asked) => act(asked, answer),
            Err(error) => json_answer(answer, 400, &json!({"broken": error})),
        }
    }
}

wasip2::http::proxy::export!(Behave);

/// One request, read whole.
struct Asked {
    method: String,
    path: String,
    query: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    action: String,
    arguments: Map<String, Value>,
}

static CALLS: AtomicU64 = AtomicU64::new(0);

fn act(asked: Asked, answer: ResponseOutparam) {
    match asked.action.as_str() {
        "env" => json_answer(answer, 200, &wasip2::cli::environment::get_environment().into_iter().collect()),
        "fetch" => fetch(&asked.text("url"), answer),
        "sleep" => {
            wasip2::clocks::monotonic_clock::subscribe_duration(asked.number("ms") * 1_000_000).block();
            json_answer(answer, 200, &json!({"slept": asked.number("ms")}));
        }
        "loop" => loop {
            std::hint::black_box(CALLS.fetch_add(1, Ordering::Relaxed));
        },
        "grow" => json_answer(answer, 200, &json!({"mib": grow_until_refused(asked.number("mib_max"))})),
        "trap" => core::arch::wasm32::unreachable(),
        "panic" => panic!("told to"),
        "exit" => wasip2::cli::exit::exit(Err(())),
        "print" => {
            print(&asked);
            json_answer(answer, 200, &json!({"printed": true}));
        }
        "stream" => stream(asked.number("bytes"), answer),
        "status" => json_answer(answer, asked.number("code") as u16, &json!({"status": asked.number("code")})),
        "cookies" => respond(answer, 200, &[("set-cookie", "a=1"), ("set-cookie", "b=2"), ("x-many", "1")], b"cookies"),
        "binary" => respond(answer, 200, &[("content-type", "image/png")], &[0, 159, 146, 150]),
        "calls" => json_answer(answer, 200, &json!({"calls": CALLS.fetch_add(1, Ordering::Relaxed) + 1})),
        "random" => {
            let bytes = wasip2::random::random::get_random_bytes(16);
            json_answer(answer, 200, &json!({"random": format!("{bytes:02x?}")}));
        }
        "folders" => {
            let folders = wasip2::filesystem::preopens::get_directories().len();
            json_answer(answer, 200, &json!({"folders": folders}));
        }
        "silent" => drop(answer),
        _ => json_answer(answer, 200, &asked.echo()),
    }
}

impl Asked {
    fn read(request: IncomingRequest) -> Result<Asked, String> {
        let target = request.path_with_query().unwrap_or_default();
        let (path, query) = target.split_once('?').unwrap_or((&target, ""));
        let headers = request.headers().entries();
        let body = read_all(request.consume().expect("the body is consumed once"))?;
        let mut arguments: Map<String, Value> = query
            .split('&')
            .filter_map(|pair| pair.split_once('='))
            .map(|(name, value)| (name.to_owned(), Value::from(decode(value))))
            .collect();
        let mut action = path.trim_matches('/').to_owned();
        if action.is_empty() {
            if let Ok(Value::Object(document)) = serde_json::from_slice(&body) {
                arguments.extend(document);
            }
            action = arguments.get("do").and_then(Value::as_str).unwrap_or("echo").to_owned();
        }
        Ok(Asked {
            method: method_text(&request.method()),
            path: path.to_owned(),
            query: query.to_owned(),
            headers: headers.into_iter().map(|(name, value)| (name, lossy(&value))).collect(),
            body,
            action,
            arguments,
        })
    }

    fn text(&self, name: &str) -> String {
        self.arguments.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
    }

    fn number(&self, name: &str) -> u64 {
        match self.arguments.get(name) {
            Some(Value::Number(number)) => number.as_u64().unwrap_or(0),
            Some(Value::String(text)) => text.parse().unwrap_or(0),
            _ => 0,
        }
    }

    fn echo(&self) -> Value {
        json!({
            "method": self.method, "path": self.path, "query": self.query,
            "headers": self.headers, "body": lossy(&self.body), "bytes": self.body.len(),
        })
    }
}

fn print(asked: &Asked) {
    let mut out = wasip2::cli::stdout::get_stdout();
    let mut err = wasip2::cli::stderr::get_stderr();
    if !asked.text("out").is_empty() {
        let _ = writeln!(out, "{}", asked.text("out"));
    }
    if !asked.text("err").is_empty() {
        let _ = writeln!(err, "{}", asked.text("err"));
    }
    let line = [b'x'; 1023];
    for _ in 0..asked.number("kib") {
        let _ = out.write_all(&line).and_then(|()| out.write_all(b"\n"));
    }
    let _ = Write::flush(&mut out);
}

fn grow_until_refused(mib_max: u64) -> u64 {
    const PAGES_A_MIB: usize = 16;
    let mut mib = 0;
    while mib < mib_max && core::arch::wasm32::memory_grow::<0>(PAGES_A_MIB) != usize::MAX {
        mib += 1;
    }
    mib
}

fn stream(bytes: u64, answer: ResponseOutparam) {
    let (body, response) = begin(200, &[("content-type", "application/octet-stream")]);
    ResponseOutparam::set(answer, Ok(response));
    let mut out = body.write().expect("a new body has its stream");
    let chunk = vec![b'.'; 64 * 1024];
    let mut left = bytes;
    while left > 0 {
        let now = left.min(chunk.len() as u64);
        if out.write_all(&chunk[..now as usize]).is_err() {
            return;
        }
        left -= now;
    }
    let _ = Write::flush(&mut out);
    drop(out);
    let _ = OutgoingBody::finish(body, None);
}

fn fetch(url: &str, answer: ResponseOutparam) {
    match get(url) {
        Ok((status, body)) => json_answer(answer, 200, &json!({"status": status, "body": lossy(&body)})),
        Err(error) => json_answer(answer, 502, &json!({"error": error})),
    }
}

fn get(url: &str) -> Result<(u16, Vec<u8>), String> {
    let (scheme, rest) = match url.split_once("://") {
        Some(("http", rest)) => (Scheme::Http, rest),
        Some(("https", rest)) => (Scheme::Https, rest),
        _ => return Err(format!("not a URL: {url:?}")),
    };
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let request = OutgoingRequest::new(Fields::new());
    request.set_scheme(Some(&scheme)).map_err(|()| "scheme")?;
    request.set_authority(Some(authority)).map_err(|()| "authority")?;
    request.set_path_with_query(Some(if path.is_empty() { "/" } else { path })).map_err(|()| "path")?;
    let pending = outgoing_handler::handle(request, None).map_err(|error| error.to_string())?;
    pending.subscribe().block();
    let response = pending.get().ok_or("no response")?.map_err(|()| "taken twice")?.map_err(|error| error.to_string())?;
    Ok((response.status(), read_all(response.consume().map_err(|()| "no body")?)?))
}

fn read_all(body: IncomingBody) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    let mut stream = body.stream().expect("the stream is taken once");
    stream.read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    Ok(bytes)
}

fn json_answer(answer: ResponseOutparam, status: u16, document: &Value) {
    respond(answer, status, &[("content-type", "application/json")], document.to_string().as_bytes());
}

fn respond(answer: ResponseOutparam, status: u16, headers: &[(&str, &str)], bytes: &[u8]) {
    let (body, response) = begin(status, headers);
    ResponseOutparam::set(answer, Ok(response));
    let mut out = body.write().expect("a new body has its stream");
    let _ = out.write_all(bytes).and_then(|()| Write::flush(&mut out));
    drop(out);
    let _ = OutgoingBody::finish(body, None);
}

fn begin(status: u16, headers: &[(&str, &str)]) -> (OutgoingBody, OutgoingResponse) {
    let fields: Vec<_> = headers.iter().map(|(name, value)| ((*name).to_owned(), value.as_bytes().to_vec())).collect();
    let response = OutgoingResponse::new(Fields::from_list(&fields).expect("legal headers"));
    response.set_status_code(status).expect("a status between 100 and 599");
    (response.body().expect("a new response has its body"), response)
}

fn method_text(method: &Method) -> String {
    let text = match method {
        Method::Get => "GET",
        Method::Head => "HEAD",
        Method::Post => "POST",
        Method::Put => "PUT",
        Method::Delete => "DELETE",
        Method::Connect => "CONNECT",
        Method::Options => "OPTIONS",
        Method::Trace => "TRACE",
        Method::Patch => "PATCH",
        Method::Other(other) => other,
    };
    text.to_owned()
}

fn decode(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        match byte {
            b'%' => {
                let digits: String = rest.by_ref().take(2).map(char::from).collect();
                bytes.push(u8::from_str_radix(&digits, 16).unwrap_or(b'?'));
            }
            b'+' => bytes.push(b' '),
            _ => bytes.push(byte),
        }
    }
    lossy(&bytes)
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
