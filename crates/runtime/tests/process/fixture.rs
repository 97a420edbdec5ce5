//! A runtime in a directory of its own, and functions written in a line.

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use runtime::{Options, Runtime};
use services::name::{AccountId, FunctionName, Region, Version};
use services::run::{
    Answer, BoxFuture, CONTINUED, CodeId, Connection, Credentials, EnvironmentId, Failure, FunctionVersion, Gateway,
    Job, Kind, Observer, Output, PackageSettings, Payload, Report, RequestId, Revision, RunFunction, Trace,
};
use tokio::io::AsyncWriteExt;

pub struct Fixture {
    pub runtime: Arc<Runtime>,
    pub dir: tempfile::TempDir,
    count: Mutex<u32>,
}

/// A file of a package: name, text, mode.
pub type File<'a> = (&'a str, &'a str, u32);

#[derive(Default)]
pub struct Log {
    text: Mutex<Vec<u8>>,
    pub placed: Mutex<Vec<(String, bool)>>,
}

/// One finished invocation.
#[derive(Debug)]
pub struct Done {
    pub outcome: Result<String, Failure>,
    pub report: Report,
    pub log: String,
    pub cold: bool,
    pub environment: String,
}

/// Greets whoever connects.
struct Greeter;

impl Gateway for Greeter {
    fn serve(&self, mut connection: Box<dyn Connection>, from: Arc<FunctionVersion>) -> BoxFuture<'static, ()> {
        Box::pin(async move {
            let _ = connection.write_all(format!("hello {}\n", from.name).as_bytes()).await;
        })
    }
}

impl Observer for Log {
    fn placed(&self, environment: &EnvironmentId, cold: bool) {
        self.placed.lock().expect("no panics").push((environment.0.to_string(), cold));
    }
    fn invoked(&self) {
        self.text.lock().expect("no panics").extend(b"START\n");
    }
    fn wrote(&self, bytes: Bytes) {
        // Events are told from lines where logs are kept; here they read as text.
        self.text.lock().expect("no panics").extend(bytes.into_iter().filter(|byte| !CONTINUED.contains(byte)));
    }
}

impl Log {
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.text.lock().expect("no panics")).into_owned()
    }
}

impl Fixture {
    pub async fn new() -> Fixture {
        Fixture::with(|_| ()).await
    }

    pub async fn with(change: impl FnOnce(&mut Options)) -> Fixture {
        let dir = tempfile::tempdir().expect("a directory");
        let mut options = Options::new(dir.path());
        options.launcher.truncate(1);
        options.instances_max = 10;
        let arguments =
            ["the_launcher_is_this_program_with_a_socket_as_its_input", "--exact", "--test-threads=1", "--nocapture"];
        options.launcher.extend(arguments.map(Into::into));
        // Names no test: tells this fixture's launcher from others.
        options.launcher.push(dir.path().into());
        change(&mut options);
        let runtime = Runtime::new(options, Arc::new(Greeter)).await.expect("a runtime");
        Fixture { runtime, dir, count: Mutex::new(0) }
    }

    /// Deploys files as a function with a revision of its own.
    pub async fn deploy(&self, runtime: &str, handler: &str, files: &[File<'_>]) -> FunctionVersion {
        let package = zip(files);
        let count = {
            let mut count = self.count.lock().expect("no panics");
            *count += 1;
            *count
        };
        let mut code = [0; 32];
        code[..4].copy_from_slice(&count.to_be_bytes());
        let settings = PackageSettings { runtime: runtime.into(), unpacked_bytes_max: 64 << 20 };
        let prepared = self.runtime.prepare(CodeId(code), package, settings).await.expect("a good package");
        FunctionVersion {
            account: AccountId::default(),
            region: Region::parse("eu-central-1").expect("a region"),
            name: FunctionName::parse("shrink").expect("a name"),
            version: Version::Latest,
            revision: Revision(format!("r{count}").into()),
            code: CodeId(code),
            kind: prepared.kind,
            runtime: runtime.into(),
            handler: handler.into(),
            environment: BTreeMap::new(),
            memory_mib: 256,
            timeout: Duration::from_secs(10),
            ephemeral_mib: 16,
            notice: None,
        }
    }

    pub async fn python(&self, source: &str) -> FunctionVersion {
        self.deploy("python3.11", "app.handler", &[("app.py", source, 0o644)]).await
    }

    pub async fn shell(&self, source: &str) -> FunctionVersion {
        self.deploy("provided.al2023", "x", &[("bootstrap", source, 0o755)]).await
    }

    pub async fn run(&self, function: &FunctionVersion, event: &str) -> Done {
        assert_eq!(function.kind, Kind::Process);
        self.run_as(Arc::new(function.clone()), event, "8f5c6a0e-1111-4222-8333-444455556666").await
    }

    pub async fn run_as(&self, function: Arc<FunctionVersion>, event: &str, request_id: &str) -> Done {
        let log = Arc::new(Log::default());
        let answer = self.runtime.run(job(function, event, request_id, log.clone())).await;
        finish(answer, &log).await
    }
}

pub fn job(function: Arc<FunctionVersion>, event: &str, request_id: &str, observer: Arc<dyn Observer>) -> Job {
    Job {
        function,
        qualifier: Some("live".into()),
        request_id: RequestId(request_id.into()),
        trace: Trace { trace: [1; 16], span: [2; 8], parent: None, sampled: true },
        payload: Payload::Event {
            document: Bytes::from(event.to_owned()),
            kind: "nought.invoke".into(),
            source: "test".into(),
        },
        client_context: Some(r#"{"custom":{"color":"red"}}"#.into()),
        credentials: Credentials {
            access_key_id: "ASIA0".into(),
            secret_access_key: "secret".into(),
            session_token: "token".into(),
            expires: SystemTime::now() + Duration::from_secs(12 * 3_600),
        },
        observer,
    }
}

pub async fn finish(answer: Answer, log: &Log) -> Done {
    let outcome = answer.outcome.map(|output| match output {
        Output::Document(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        Output::Http(_) => unreachable!("processes answer documents"),
    });
    let report = answer.report.await;
    let placed = log.placed.lock().expect("no panics").clone();
    let (environment, cold) = placed.first().cloned().unwrap_or_default();
    Done { outcome, report, log: log.text(), cold, environment }
}

pub fn zip(files: &[File<'_>]) -> Bytes {
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, text, mode) in files {
        let options = zip::write::SimpleFileOptions::default().unix_permissions(*mode);
        writer.start_file(*name, options).expect("an entry");
        writer.write_all(text.as_bytes()).expect("its bytes");
    }
    writer.finish().expect("an archive").into_inner().into()
}

impl Done {
    /// The answer, or a panic that shows everything.
    pub fn ok(&self) -> &str {
        self.outcome.as_deref().unwrap_or_else(|failure| panic!("{failure:?}\n{}", self.log))
    }

    /// The error document of a failed function.
    pub fn error(&self) -> serde_json::Value {
        match &self.outcome {
            Err(Failure::Function { document }) => serde_json::from_slice(document).expect("error documents are JSON"),
            other => panic!("{other:?}\n{}", self.log),
        }
    }
}
