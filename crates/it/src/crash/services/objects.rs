//! Objects: puts of every size, deletes, and uploads in parts that a kill interrupts and that go on after it.

use std::collections::BTreeSet;
use std::net::SocketAddr;

use super::dice::Dice;
use super::register::Register;
use super::{Findings, Load};
use crate::client::{Client, Failed};
use crate::http::Answer;
use crate::nought::Nought;

const BUCKET: &str = "/crash-objects";
const WRITERS: u64 = 4;
const KEYS: u64 = 8;
/// Below and above what lives in the map (64 KiB), and around one frame of a large body.
const SIZES: [usize; 6] = [0, 37, 4096, 65_536, 65_537, 400_000];
/// Smallest part that is not the last. Source: "Amazon S3 multipart upload limits", S3 User Guide (read 2026-11-24).
const PART_BYTES: usize = 5 * 1024 * 1024;
const LAST_PART_BYTES: usize = 1000;
const UPLOAD_ONCE_IN: u64 = 25;
const DELETE_ONCE_IN: u64 = 6;
const NUMBER: &str = "x-amz-meta-number";

/// Each object's content follows from its number; none is there without one.
type Content = Option<u64>;

pub struct Objects(Vec<Writer>);

struct Writer {
    id: u64,
    numbers: u64,
    keys: Vec<Register<Content>>,
    large: Register<Content>,
    upload: Option<Upload>,
    acknowledged: u64,
}

/// An upload in parts that has begun and whose end is not known.
struct Upload {
    id: String,
    number: u64,
    /// Entity tags of the parts that were acknowledged.
    parts: Vec<String>,
}

impl Objects {
    pub fn new() -> Objects {
        let writer = |id| Writer {
            id,
            numbers: 0,
            keys: vec![Register::new(None); KEYS as usize],
            large: Register::new(None),
            upload: None,
            acknowledged: 0,
        };
        Objects((0..WRITERS).map(writer).collect())
    }
}

impl Load for Objects {
    fn prepare(&mut self, nought: &Nought) {
        Client::new(nought.address()).s3("PUT", BUCKET, &[], b"").expect("a bucket");
    }

    fn work(&mut self, address: SocketAddr, seed: u64) {
        std::thread::scope(|scope| {
            for writer in &mut self.0 {
                scope.spawn(move || {
                    let (mut client, mut dice) = (Client::new(address), Dice::new(seed.wrapping_add(writer.id << 32)));
                    until_gone(|| writer.step(&mut client, &mut dice));
                });
            }
        });
    }

    fn check(&mut self, client: &mut Client, findings: &mut Findings) {
        let mut listed = BTreeSet::new();
        for writer in &mut self.0 {
            findings.count("object changes acknowledged", std::mem::take(&mut writer.acknowledged));
            writer.check(client, findings);
            listed.extend(writer.keys_known());
        }
        let found: BTreeSet<String> = keys_listed(client).into_iter().collect();
        findings.check(found == listed, || {
            format!("the list of objects differs: {:?}", found.symmetric_difference(&listed).collect::<Vec<_>>())
        });
    }

    fn finish(&mut self, client: &mut Client, findings: &mut Findings) {
        let answer = client.s3("GET", &format!("{BUCKET}?uploads"), &[], b"").expect("a list").text();
        findings.check(!answer.contains("<UploadId>"), || format!("uploads are left: {answer}"));
    }
}

impl Writer {
    fn key(&self, number: u64) -> String {
        format!("{}-{number}", self.id)
    }

    fn large_key(&self) -> String {
        format!("{}-large", self.id)
    }

    fn keys_known(&self) -> Vec<String> {
        let small = (0..KEYS).filter(|at| self.keys[*at as usize].known().is_some()).map(|at| self.key(at));
        small.chain(self.large.known().map(|_| self.large_key())).collect()
    }

    fn number(&mut self) -> u64 {
        self.numbers += 1;
        self.numbers
    }

    fn step(&mut self, client: &mut Client, dice: &mut Dice) -> Result<(), Failed> {
        if dice.once_in(UPLOAD_ONCE_IN) {
            return self.upload_in_parts(client);
        }
        let at = dice.below(KEYS);
        let path = format!("{BUCKET}/{}", self.key(at));
        if dice.once_in(DELETE_ONCE_IN) {
            self.keys[at as usize].ask(None);
            client.s3("DELETE", &path, &[], b"")?;
        } else {
            let number = self.number();
            self.keys[at as usize].ask(Some(number));
            client.s3("PUT", &path, &[(NUMBER, &number.to_string())], &small_body(number))?;
        }
        self.keys[at as usize].acknowledge();
        self.acknowledged += 1;
        Ok(())
    }

    fn upload_in_parts(&mut self, client: &mut Client) -> Result<(), Failed> {
        let path = format!("{BUCKET}/{}", self.large_key());
        let number = self.number();
        let answer = client.s3("POST", &format!("{path}?uploads"), &[(NUMBER, &number.to_string())], b"")?;
        let id = between(&answer.text(), "<UploadId>", "</UploadId>").next().expect("an upload's id").to_owned();
        self.upload = Some(Upload { id, number, parts: Vec::new() });
        self.go_on(client)
    }

    /// Sends the parts that are missing and completes the upload.
    fn go_on(&mut self, client: &mut Client) -> Result<(), Failed> {
        let path = format!("{BUCKET}/{}", self.large_key());
        let Some(upload) = &mut self.upload else { return Ok(()) };
        while upload.parts.len() < 2 {
            let number = upload.parts.len() + 1;
            let at = format!("{path}?partNumber={number}&uploadId={}", upload.id);
            let answer = client.s3("PUT", &at, &[], &part(upload.number, number))?;
            upload.parts.push(answer.header("etag").expect("a part has an entity tag").to_owned());
            self.acknowledged += 1;
        }
        self.large.ask(Some(upload.number));
        client.s3("POST", &format!("{path}?uploadId={}", upload.id), &[], upload.completion().as_bytes())?;
        self.large.acknowledge();
        self.acknowledged += 1;
        self.upload = None;
        Ok(())
    }

    fn check(&mut self, client: &mut Client, findings: &mut Findings) {
        for at in 0..KEYS {
            let key = self.key(at);
            let seen = content(client, &key, small_body, findings);
            let register = &mut self.keys[at as usize];
            let before = register.clone();
            findings.check(register.settle(seen), || format!("object {key} is {seen:?} and must be {before:?}"));
        }
        let (key, before) = (self.large_key(), self.large.clone());
        let seen = content(client, &key, large_body, findings);
        findings.check(self.large.settle(seen), || format!("object {key} is {seen:?} and must be {before:?}"));
        self.check_upload(client, before.is_in_doubt(), findings);
    }

    /// An upload that was cut off has all its acknowledged parts and can go on; one that was completed is gone.
    fn check_upload(&mut self, client: &mut Client, completing: bool, findings: &mut Findings) {
        let (key, completed) = (self.large_key(), *self.large.known());
        let Some(upload) = &self.upload else { return };
        let path = format!("{BUCKET}/{key}?uploadId={}", upload.id);
        match client.s3("GET", &path, &[], b"") {
            Ok(answer) => {
                let text = answer.text();
                let lost = upload.parts.iter().filter(|tag| !text.contains(tag.trim_matches('"'))).count();
                findings.check(lost == 0, || format!("{lost} acknowledged parts of an upload of {key} are gone"));
                let number = upload.number;
                self.go_on(client).expect("an upload that was cut off goes on");
                let seen = content(client, &key, large_body, findings);
                findings
                    .check(seen == Some(number), || format!("{key} was completed after the restart and is {seen:?}"));
                findings.count("uploads that went on after a kill", 1);
            }
            Err(failed) => {
                let done = completing && completed == Some(upload.number);
                findings.check(done, || format!("the upload of {key} is gone: {failed:?}"));
                self.upload = None;
            }
        }
    }
}

impl Upload {
    fn completion(&self) -> String {
        let part = |(at, tag): (usize, &String)| {
            let number = at + 1;
            format!("<Part><PartNumber>{number}</PartNumber><ETag>{tag}</ETag></Part>")
        };
        let parts: String = self.parts.iter().enumerate().map(part).collect();
        format!("<CompleteMultipartUpload>{parts}</CompleteMultipartUpload>")
    }
}

/// Works until the server is gone; a refusal is a mistake of the test's own.
pub fn until_gone(mut step: impl FnMut() -> Result<(), Failed>) {
    loop {
        match step() {
            Ok(()) => {}
            Err(Failed::Gone) => return,
            Err(Failed::Refused(answer)) => panic!("refused: {} {}", answer.head, answer.text()),
        }
    }
}

/// What an object is, once its body was seen to be whole.
fn content(client: &mut Client, key: &str, body: fn(u64) -> Vec<u8>, findings: &mut Findings) -> Content {
    let answer: Answer = match client.s3("GET", &format!("{BUCKET}/{key}"), &[], b"") {
        Ok(answer) => answer,
        Err(failed) => {
            findings.check(failed.is("NoSuchKey"), || format!("object {key} cannot be read: {failed:?}"));
            return None;
        }
    };
    let number = answer.header(NUMBER).and_then(|text| text.parse().ok()).unwrap_or(0);
    let (length, whole) = (answer.body.len(), answer.body == body(number));
    findings.check(whole, || format!("object {key} has another body than {number} ({length} bytes)"));
    findings.count("objects read and compared", 1);
    Some(number)
}

fn keys_listed(client: &mut Client) -> Vec<String> {
    let answer = client.s3("GET", &format!("{BUCKET}?list-type=2"), &[], b"").expect("a list").text();
    between(&answer, "<Key>", "</Key>").map(str::to_owned).collect()
}

fn between<'a>(text: &'a str, open: &'a str, close: &'a str) -> impl Iterator<Item = &'a str> {
    text.split(open).skip(1).filter_map(move |rest| rest.split(close).next())
}

fn small_body(number: u64) -> Vec<u8> {
    bytes(number, SIZES[number as usize % SIZES.len()])
}

fn part(number: u64, part: usize) -> Vec<u8> {
    bytes(number * 2 + part as u64, if part == 1 { PART_BYTES } else { LAST_PART_BYTES })
}

fn large_body(number: u64) -> Vec<u8> {
    [part(number, 1), part(number, 2)].concat()
}

fn bytes(number: u64, length: usize) -> Vec<u8> {
    let mut dice = Dice::new(number << 1);
    let block: Vec<u8> = (0..512).flat_map(|_| dice.next().to_le_bytes()).collect();
    block.iter().copied().cycle().take(length).collect()
}
