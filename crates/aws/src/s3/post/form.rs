//! A form with a file, as browsers post it: its fields are read, its file is streamed. Source: RFC 7578.
//!
//! Always true: what is in memory is the fields, whose size is bounded, and one frame of the file.

use bytes::{Bytes, BytesMut};
use futures_util::{Stream, stream};
use http_body_util::BodyExt;
use services::run::Body;

use super::super::refusal::{Refusal, invalid_argument, refusal};

/// All that comes before the file, boundaries included, in bytes.
///
/// Source: S3 API reference, "POST Object" (read 2026-11-24).
const FIELDS_BYTES_MAX: usize = 20 * 1024;
/// Source: RFC 2046, 5.1.1 (read 2026-11-24).
const BOUNDARY_BYTES_MAX: usize = 70;
/// In the place of the file's name, in any field.
const FILE_NAME: &str = "${filename}";

/// A form, read as far as its file.
pub struct Form {
    pub fields: Fields,
    pub file: File,
}

/// Fields in their order, each name once, with the file's name put in.
#[derive(Debug, Default)]
pub struct Fields(Vec<(String, String)>);

impl Fields {
    /// Names of fields are the same in either case.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.iter().find(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

impl FromIterator<(String, String)> for Fields {
    fn from_iter<T: IntoIterator<Item = (String, String)>>(fields: T) -> Fields {
        Fields(fields.into_iter().collect())
    }
}

/// The file, on its way in.
pub struct File(Reader);

/// Why a form cannot be read. S3 has one text for it.
#[derive(Debug, Clone, thiserror::Error)]
#[error("the body is not a well-formed form")]
pub struct Malformed;

type Broken = Box<dyn std::error::Error + Send + Sync>;

pub fn malformed() -> Refusal {
    refusal(400, "MalformedPOSTRequest", "The body of your POST request is not well-formed multipart/form-data.")
}

impl Form {
    /// Reads the fields. Whatever stands behind the file is not looked at.
    pub async fn read(content_type: &str, body: Body) -> Result<Form, Refusal> {
        let boundary = boundary(content_type).ok_or_else(malformed)?;
        let mut reader = Reader::new(body, &boundary);
        let mut fields = Fields::default();
        reader.field().await?;
        loop {
            let Some(part) = reader.part().await? else {
                let text = "POST requires exactly one file upload per request.";
                return Err(invalid_argument("file", "0", text));
            };
            if part.name.eq_ignore_ascii_case("file") {
                let name = part.file_name.unwrap_or_default();
                // Some browsers tell the whole path.
                let name = name.rsplit(['/', '\\']).next().unwrap_or_default();
                fields.0.iter_mut().for_each(|(_, value)| *value = value.replace(FILE_NAME, name));
                return Ok(Form { fields, file: File(reader) });
            }
            let value = String::from_utf8(reader.field().await?.to_vec()).map_err(|_| malformed())?;
            if fields.get(&part.name).is_some() {
                let text = format!("POST requires at most one field named '{}'.", part.name);
                return Err(invalid_argument(&part.name, &value, text));
            }
            fields.0.push((part.name, value));
        }
    }
}

impl File {
    /// The bytes, up to the boundary behind them. A body that ends before it is an error.
    pub fn stream(self) -> impl Stream<Item = Result<Bytes, Broken>> + Send {
        stream::try_unfold(Some(self.0), |reader| async {
            let Some(mut reader) = reader else { return Ok(None) };
            loop {
                match reader.until_boundary()? {
                    Found::All(last) => {
                        reader.finish().await?;
                        return Ok(Some((last, None)));
                    }
                    Found::Some(bytes) if !bytes.is_empty() => return Ok(Some((bytes, Some(reader)))),
                    Found::Some(_) => reader.more().await?,
                }
            }
        })
    }
}

struct Part {
    name: String,
    file_name: Option<String>,
}

struct Reader {
    body: Body,
    ended: bool,
    /// Of the body, what has come and has not been read.
    buffer: BytesMut,
    /// The end of a line, two dashes and the boundary.
    delimiter: Vec<u8>,
    /// How many bytes may still come before the file.
    left: usize,
}

enum Found {
    /// Up to the delimiter, which is passed over.
    All(Bytes),
    /// There is none in what has come.
    Some(Bytes),
}

impl Reader {
    fn new(body: Body, boundary: &str) -> Reader {
        // The first boundary has no line before it.
        let buffer = BytesMut::from(&b"\r\n"[..]);
        let delimiter = format!("\r\n--{boundary}").into_bytes();
        Reader { body, ended: false, buffer, delimiter, left: FIELDS_BYTES_MAX }
    }

    /// Waits for a frame.
    async fn more(&mut self) -> Result<(), Broken> {
        while !self.ended {
            match self.body.frame().await.transpose()? {
                None => self.ended = true,
                Some(frame) => {
                    if let Some(data) = frame.data_ref().filter(|data| !data.is_empty()) {
                        self.buffer.extend_from_slice(data);
                        return Ok(());
                    }
                }
            }
        }
        Err(Malformed.into())
    }

    fn until_boundary(&mut self) -> Result<Found, Broken> {
        match find(&self.buffer, &self.delimiter) {
            Some(at) => {
                let all = self.buffer.split_to(at).freeze();
                let _ = self.buffer.split_to(self.delimiter.len());
                Ok(Found::All(all))
            }
            None => {
                let sure = self.buffer.len().saturating_sub(self.delimiter.len() - 1);
                Ok(Found::Some(self.buffer.split_to(sure).freeze()))
            }
        }
    }

    /// What comes before `end`, which is passed over; refused where it is longer than fields may be.
    async fn until(&mut self, end: &[u8]) -> Result<Bytes, Refusal> {
        loop {
            if let Some(at) = find(&self.buffer, end) {
                let found = self.buffer.split_to(at).freeze();
                let _ = self.buffer.split_to(end.len());
                self.left = self.left.checked_sub(at + end.len()).ok_or_else(too_much)?;
                return Ok(found);
            }
            if self.buffer.len() > self.left {
                return Err(too_much());
            }
            self.more().await.map_err(|error| refused(&*error))?;
        }
    }

    /// The value of a field, up to the boundary behind it.
    async fn field(&mut self) -> Result<Bytes, Refusal> {
        let delimiter = self.delimiter.clone();
        self.until(&delimiter).await
    }

    /// What the part behind a boundary is called; `None` behind the last one.
    async fn part(&mut self) -> Result<Option<Part>, Refusal> {
        while self.buffer.len() < 2 {
            self.more().await.map_err(|error| refused(&*error))?;
        }
        if self.buffer.starts_with(b"--") {
            return Ok(None);
        }
        let rest = self.until(b"\r\n").await?;
        if !rest.trim_ascii().is_empty() {
            return Err(malformed());
        }
        let mut part = None;
        loop {
            let line = self.until(b"\r\n").await?;
            if line.is_empty() {
                return part.map(Some).ok_or_else(malformed);
            }
            let line = std::str::from_utf8(&line).map_err(|_| malformed())?;
            let (name, value) = line.split_once(':').ok_or_else(malformed)?;
            if name.trim().eq_ignore_ascii_case("content-disposition") {
                part = disposition(value);
            }
        }
    }

    /// Reads on to the end of the body, as far as that is not far.
    async fn finish(&mut self) -> Result<(), Broken> {
        let mut read = self.buffer.len();
        while read <= FIELDS_BYTES_MAX {
            let Some(frame) = self.body.frame().await.transpose()? else { break };
            read += frame.data_ref().map_or(0, Bytes::len);
        }
        Ok(())
    }
}

fn too_much() -> Refusal {
    refusal(
        400,
        "MaxPostPreDataLengthExceededError",
        "Your POST request fields preceding the upload file were too large.",
    )
    .field("MaxPostPreDataLength", FIELDS_BYTES_MAX.to_string())
}

/// A form that breaks off, or whose connection does.
fn refused(error: &(dyn std::error::Error + Send + Sync + 'static)) -> Refusal {
    match error.is::<Malformed>() {
        true => malformed(),
        false => super::super::refusal::incomplete(),
    }
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    let (first, last) = (*wanted.first()?, bytes.len().checked_sub(wanted.len())?);
    let mut at = 0;
    while at <= last {
        at += bytes[at..=last].iter().position(|byte| *byte == first)?;
        if bytes[at..].starts_with(wanted) {
            return Some(at);
        }
        at += 1;
    }
    None
}

/// Whether a type is that of a form, by its first words.
pub fn is_form(content_type: &str) -> bool {
    content_type.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("multipart/form-data"))
}

fn boundary(content_type: &str) -> Option<String> {
    let (_, rest) = content_type.split_once(';')?;
    let found = parameters(rest).into_iter().find(|(name, _)| name.eq_ignore_ascii_case("boundary"));
    found.map(|(_, boundary)| boundary).filter(|text| (1..=BOUNDARY_BYTES_MAX).contains(&text.len()))
}

fn disposition(value: &str) -> Option<Part> {
    let (kind, rest) = value.split_once(';')?;
    let parameters = parameters(rest);
    let get = |wanted: &str| parameters.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.clone());
    let name = get("name").filter(|_| kind.trim().eq_ignore_ascii_case("form-data"))?;
    Some(Part { name, file_name: get("filename") })
}

/// `name=value; name="value"`. Before a quote alone is a backslash more than itself: it parts the names of paths.
fn parameters(mut text: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    while let Some((name, rest)) = text.split_once('=') {
        let name = name.trim_matches([' ', '\t', ';']).to_ascii_lowercase();
        let (value, rest) = match rest.trim_start().strip_prefix('"') {
            Some(quoted) => unquoted(quoted),
            None => {
                let (value, rest) = rest.split_once(';').unwrap_or((rest, ""));
                (value.trim().to_owned(), rest)
            }
        };
        found.push((name, value));
        text = rest;
    }
    found
}

fn unquoted(text: &str) -> (String, &str) {
    let mut value = String::new();
    let mut characters = text.char_indices().peekable();
    while let Some((at, character)) = characters.next() {
        match (character, characters.peek()) {
            ('"', _) => return (value, &text[at + 1..]),
            ('\\', Some((_, '"'))) => {
                value.push('"');
                characters.next();
            }
            (character, _) => value.push(character),
        }
    }
    (value, "")
}

#[cfg(test)]
mod tests {
    use futures_util::TryStreamExt;

    use super::*;

    /// The form in frames of every size: its fields and its file, or the code of its error.
    async fn check(form: &str, wanted: &str) {
        let form = form.replace('\n', "\r\n").replace("<CR>", "\r");
        for size in 1..=form.len() {
            let frames: Vec<_> = form.as_bytes().chunks(size).map(Bytes::copy_from_slice).collect();
            let frames = frames.into_iter().map(|frame| Ok::<_, Broken>(http_body::Frame::data(frame)));
            let body = http_body_util::StreamBody::new(stream::iter(frames)).boxed_unsync();
            assert_eq!(shown(body).await, wanted, "frames of {size}");
        }
    }

    async fn shown(body: Body) -> String {
        let form = match Form::read("multipart/form-data; charset=utf-8; boundary=\"x y\"", body).await {
            Ok(form) => form,
            Err(refusal) => return refusal.code.into_owned(),
        };
        let fields: Vec<String> = form.fields.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let file = form.file.stream().map_ok(|bytes| bytes.to_vec()).try_concat().await;
        match file {
            Ok(file) => format!("{} [{}]", fields.join(" "), String::from_utf8_lossy(&file)),
            Err(error) => error.to_string(),
        }
    }

    #[tokio::test]
    async fn a_form_is_its_fields_and_its_file() {
        let file = "--x y\nContent-Disposition: form-data; name=\"file\"; filename=\"C:\\photos\\a.jpg\"\n";
        let key = "--x y\nContent-Disposition: form-data; name=\"key\"\n\nup/${filename}\n";
        check(&format!("{key}{file}Content-Type: x\n\nhello\n--x y--\n"), "key=up/a.jpg [hello]").await;
        let odd = "\n--x z\n\n--x<CR>";
        let wanted = "key=up/a.jpg [\r\n--x z\r\n\r\n--x\r]";
        check(&format!("preamble\n{key}{file}\n{odd}\n--x y--"), wanted).await;
        check(&format!("{file}\nhello\n{key}--x y--\n"), " [hello]").await;
        check(&format!("{key}{file}\nhello\n--x"), "the body is not a well-formed form").await;
        check(&format!("{key}--x y--\n"), "InvalidArgument").await;
        check(&format!("{key}{key}{file}\n\n--x y--\n"), "InvalidArgument").await;
        check("--x y\nContent-Disposition: form-data; name=\"key\"\n\nno end", "MalformedPOSTRequest").await;
        check("--x y\n\nno name\n--x y--\n", "MalformedPOSTRequest").await;
        check("nothing", "MalformedPOSTRequest").await;
    }

    #[tokio::test]
    async fn fields_of_more_than_20_kib_are_refused() {
        let long = "a".repeat(FIELDS_BYTES_MAX);
        let form = format!("--x y\r\nContent-Disposition: form-data; name=\"key\"\r\n\r\n{long}\r\n--x y--");
        let body = http_body_util::Full::from(form).map_err(|never| match never {}).boxed_unsync();
        assert_eq!(shown(body).await, "MaxPostPreDataLengthExceededError");
    }
}
