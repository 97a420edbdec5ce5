//! What a function can see and do from inside its sandbox.

use serde_json::{Value, json};

use crate::fixture::Fixture;

#[tokio::test(flavor = "multi_thread")]
async fn a_function_is_nobody_and_can_change_nothing_but_tmp() {
    let fixture = Fixture::new().await;
    let source = r#"
import os, socket, ctypes
def tries(what):
    try:
        what()
        return "done"
    except OSError as error:
        return error.errno
libc = ctypes.CDLL(None, use_errno=True)
def call(*arguments):
    if libc.syscall(*arguments) == -1:
        raise OSError(ctypes.get_errno(), "")
def handler(event, context):
    status = dict(line.split(":\t", 1) for line in open("/proc/self/status").read().splitlines() if ":\t" in line)
    return {
        "root": os.getuid() == 0 or os.geteuid() == 0 or os.getgid() == 0,
        "groups": os.getgroups() in ([], [os.getgid()], [65534]),
        "capabilities": [status[name] for name in ("CapPrm", "CapEff", "CapBnd", "CapAmb")],
        "privileges": status["NoNewPrivs"], "filter": status["Seccomp"],
        "processes": sorted(int(name) for name in os.listdir("/proc") if name.isdigit()),
        "tmp": tries(lambda: open("/tmp/x", "w").write("x")),
        "move": tries(lambda: (os.mkdir("/tmp/d"), os.rename("/tmp/x", "/tmp/d/x"))),
        "usr": tries(lambda: open("/usr/x", "w")),
        "task": tries(lambda: open("/var/task/x", "w")),
        "app": tries(lambda: open("/var/task/app.py", "w")),
        "etc": tries(lambda: open("/etc/passwd", "w")),
        "above": tries(lambda: open("/x", "w")),
        "shadow": tries(lambda: open("/etc/shadow")),
        "code_of_others": tries(lambda: os.listdir("/.code")),
        "home": tries(lambda: os.listdir("/root")),
        "sys": os.path.exists("/sys/kernel"), "memory_of_init": tries(lambda: open("/proc/1/environ")),
        "machine": [open(f"/proc/{name}").read() for name in ("keys", "interrupts") if os.path.exists(f"/proc/{name}")],
        "settings": tries(lambda: open("/proc/sys/kernel/hostname", "w")),
        "disks": sorted(os.listdir("/dev")),
        "host_loopback": tries(lambda: socket.create_connection(("127.0.0.1", event["port"]), 1)),
        "outside": tries(lambda: socket.create_connection(("192.0.2.1", 80), 1)),
        "mount": tries(lambda: call(165, b"none", b"/tmp", b"tmpfs", 0, 0)),
        "unshare": tries(lambda: call(272, 0x10000000)),
        "clone": tries(lambda: call(56, 0x10000000 | 17, 0, 0, 0, 0)),
        "clone3": tries(lambda: call(435, 0, 0)),
        "bpf": tries(lambda: call(321, 0, 0, 0)),
        "ptrace": tries(lambda: call(101, 16, 1, 0, 0)),
        "keys": tries(lambda: call(250, 0, 0)),
        "packets": tries(lambda: socket.socket(17, socket.SOCK_RAW)),
        "init": tries(lambda: os.kill(1, 9)), "host": os.uname().nodename,
    }
"#;
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port of the host");
    let port = listener.local_addr().expect("an address").port();
    let function = fixture.python(source).await;
    let done = fixture.run(&function, &json!({ "port": port }).to_string()).await;
    let nothing = "0000000000000000";
    let (perm, access, read_only, absent) = (libc::EPERM, libc::EACCES, libc::EROFS, libc::ENOENT);
    let mut found: Value = serde_json::from_str(done.ok()).expect("JSON");
    for name in ["usr", "task", "app", "etc", "above", "settings"] {
        let refused = found[name].as_i64().map(|errno| errno as i32);
        assert!(refused == Some(read_only) || refused == Some(access), "{name}: {}", found[name]);
        found.as_object_mut().expect("an object").remove(name);
    }
    let expected = json!({
        "root": false, "groups": true, "capabilities": [nothing, nothing, nothing, nothing], "privileges": "1",
        "filter": "2", "processes": [1, 2], "tmp": "done", "move": "done", "shadow": absent, "home": absent, "code_of_others": access,
        "sys": false, "memory_of_init": access, "machine": ["", ""], "disks": ["fd", "full", "null", "random", "stderr", "stdin", "stdout", "urandom", "zero"],
        "host_loopback": libc::ECONNREFUSED, "outside": libc::ENETUNREACH, "mount": perm, "unshare": perm,
        "clone": perm, "clone3": libc::ENOSYS, "bpf": perm, "ptrace": perm, "keys": perm, "packets": perm,
        "init": "done", "host": "nought",
    });
    assert_eq!(found, expected);
    assert!(!fixture.run(&function, &json!({ "port": port }).to_string()).await.cold, "killing the init does nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_platform_answers_at_its_port_inside_and_knows_who_asks() {
    let fixture = Fixture::new().await;
    let source = "
import socket
def handler(event, context):
    return socket.create_connection(('127.0.0.1', 4566)).makefile().readline()
";
    let function = fixture.python(source).await;
    assert_eq!(fixture.run(&function, "{}").await.ok(), r#""hello shrink\n""#);
}

#[tokio::test(flavor = "multi_thread")]
async fn tmp_is_private_limited_and_kept_between_invocations() {
    let fixture = Fixture::new().await;
    let source = "
import os
def handler(event, context):
    if event == 'fill':
        try:
            with open('/tmp/big', 'wb') as file:
                for _ in range(64):
                    file.write(bytes(1 << 20))
                    file.flush()
        except OSError as error:
            return error.errno
    if event == 'crumbs':
        try:
            for number in range(100000): os.mkdir(f'/tmp/{number}')
        except OSError as error:
            return error.errno
    return os.listdir('/tmp')
";
    let mut function = fixture.python(source).await;
    function.memory_mib = 128;
    assert_eq!(fixture.run(&function, "1").await.ok(), "[]");
    assert_eq!(fixture.run(&function, r#""fill""#).await.ok(), libc::ENOSPC.to_string());
    assert_eq!(fixture.run(&function, "1").await.ok(), r#"["big"]"#);
    assert_eq!(fixture.run(&function, r#""crumbs""#).await.ok(), libc::ENOSPC.to_string());
    let mut other = function.clone();
    other.revision = services::run::Revision("other".into());
    assert_eq!(fixture.run(&other, "1").await.ok(), "[]");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_installed_for_all_functions_can_be_imported() {
    let fixture = Fixture::new().await;
    for (place, text) in [
        ("python/shared_thing.py", "value = 'py'\n"),
        ("nodejs/node_modules/shared-thing/index.js", "exports.value = 'js';\n"),
    ] {
        let place = fixture.dir.path().join(place);
        std::fs::create_dir_all(place.parent().expect("a folder")).expect("made");
        std::fs::write(place, text).expect("written");
    }
    let python = fixture.python("import shared_thing\ndef handler(e, c): return shared_thing.value\n").await;
    assert_eq!(fixture.run(&python, "{}").await.ok(), "\"py\"");
    for (file, text) in [
        ("index.mjs", "import { value } from 'shared-thing'; export const handler = async () => value;"),
        ("index.js", "const { value } = require('shared-thing'); exports.handler = async () => value;"),
    ] {
        let node = fixture.deploy("nodejs20.x", "index.handler", &[(file, text, 0o644)]).await;
        assert_eq!(fixture.run(&node, "{}").await.ok(), "\"js\"");
    }
}
