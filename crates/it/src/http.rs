//! The least HTTP client that tests and measurements need.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// Longest wait for bytes of an answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(60);

#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    /// The status line and the headers as they came.
    pub head: String,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        let mut fields = self.head.lines().filter_map(|line| line.split_once(':'));
        fields.find(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
    }
}

/// Sends one request on a connection of its own and reads its whole answer.
pub fn request(address: SocketAddr, method: &str, path: &str, body: &[u8]) -> std::io::Result<Answer> {
    Connection::open(address)?.request(method, path, body)
}

/// A connection that is kept between requests.
pub struct Connection {
    stream: BufReader<TcpStream>,
    address: SocketAddr,
}

impl Connection {
    pub fn open(address: SocketAddr) -> std::io::Result<Connection> {
        let stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(ANSWER_TIMEOUT))?;
        stream.set_nodelay(true)?;
        Ok(Connection { stream: BufReader::new(stream), address })
    }

    pub fn request(&mut self, method: &str, path: &str, body: &[u8]) -> std::io::Result<Answer> {
        let address = self.address;
        self.send(&format!("{method} {path} HTTP/1.1\r\nHost: {address}\r\n"), method, body)
    }

    /// Sends a request whose head is written already, but for the length of the body and the line that ends it.
    pub fn send(&mut self, head: &str, method: &str, body: &[u8]) -> std::io::Result<Answer> {
        let mut request = format!("{head}Content-Length: {}\r\n\r\n", body.len()).into_bytes();
        request.extend_from_slice(body);
        self.stream.get_mut().write_all(&request)?;
        self.answer(method)
    }

    fn answer(&mut self, method: &str) -> std::io::Result<Answer> {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if self.stream.read_line(&mut head)? == 0 {
                return Err(malformed(&head));
            }
        }
        let status = head.split_whitespace().nth(1).and_then(|status| status.parse().ok());
        let mut answer = Answer { status: status.ok_or_else(|| malformed(&head))?, head, body: Vec::new() };
        let empty = method == "HEAD" || answer.status == 204 || answer.status == 304;
        if answer.header("transfer-encoding").is_some_and(|value| value.eq_ignore_ascii_case("chunked")) {
            answer.body = self.chunks()?;
        } else if let Some(length) = answer.header("content-length") {
            let length: u64 = length.parse().map_err(|_| malformed(&answer.head))?;
            if !empty && self.stream.by_ref().take(length).read_to_end(&mut answer.body)? < length as usize {
                return Err(malformed("the answer breaks off"));
            }
        } else if !empty {
            self.stream.read_to_end(&mut answer.body)?;
        }
        Ok(answer)
    }

    fn chunks(&mut self) -> std::io::Result<Vec<u8>> {
        let mut body = Vec::new();
        loop {
            let mut line = String::new();
            self.stream.read_line(&mut line)?;
            let size = u64::from_str_radix(line.trim(), 16).map_err(|_| malformed(&line))?;
            self.stream.by_ref().take(size).read_to_end(&mut body)?;
            self.stream.read_line(&mut line)?;
            if size == 0 {
                return Ok(body);
            }
        }
    }
}

fn malformed(seen: &str) -> std::io::Error {
    std::io::Error::other(format!("not an HTTP answer: {seen:?}"))
}
