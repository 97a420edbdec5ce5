use std::collections::BTreeMap;

use zip::write::SimpleFileOptions;

use super::*;

const CODE: CodeId = CodeId([7; 32]);

enum Entry<'a> {
    File(&'a str, &'a [u8], u32),
    Link(&'a str, &'a str),
}
use Entry::{File as Regular, Link};

fn archive(entries: &[Entry]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for entry in entries {
        match entry {
            Regular(name, bytes, mode) => {
                writer.start_file(*name, SimpleFileOptions::default().unix_permissions(*mode)).expect("an entry");
                writer.write_all(bytes).expect("its bytes");
            }
            Link(name, target) => {
                writer.add_symlink(*name, *target, SimpleFileOptions::default()).expect("a link");
            }
        }
    }
    writer.finish().expect("an archive").into_inner()
}

/// Unpacks and lists: path to mode and content, or link target.
fn check(package: &[u8], bytes_max: u64) -> Result<BTreeMap<String, String>, PrepareError> {
    let dir = tempfile::tempdir().expect("a directory");
    fs::create_dir(dir.path().join("code")).expect("code");
    let outcome = unpack(dir.path(), &CODE, package, bytes_max);
    let left: Vec<_> = fs::read_dir(dir.path().join("code")).expect("a list").collect();
    assert_eq!(left.len(), usize::from(outcome.is_ok()), "nothing half made is left behind");
    outcome?;
    let mut found = BTreeMap::new();
    list(&tree(dir.path(), &CODE), "", &mut found);
    Ok(found)
}

fn list(dir: &Path, prefix: &str, found: &mut BTreeMap<String, String>) {
    for entry in fs::read_dir(dir).expect("a list") {
        let entry = entry.expect("an entry");
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        let metadata = entry.path().symlink_metadata().expect("metadata");
        if metadata.is_symlink() {
            let target = fs::read_link(entry.path()).expect("a target");
            found.insert(name, format!("-> {}", target.display()));
        } else if metadata.is_dir() {
            list(&entry.path(), &format!("{name}/"), found);
        } else {
            let text = fs::read_to_string(entry.path()).expect("text");
            found.insert(name, format!("{:o} {text}", metadata.permissions().mode() & 0o777));
        }
    }
}

#[test]
fn files_keep_their_executable_bits_and_nothing_else_of_their_modes() {
    let package = archive(&[
        Regular("bootstrap", b"run", 0o755),
        Regular("lib/app.py", b"code", 0o600),
        Regular("none", b"", 0o000),
        Link("lib/again.py", "app.py"),
        Link("lib/up", "../bootstrap"),
    ]);
    let expected = [
        ("bootstrap", "555 run"),
        ("lib/again.py", "-> app.py"),
        ("lib/app.py", "444 code"),
        ("lib/up", "-> ../bootstrap"),
        ("none", "444 "),
    ];
    let expected = expected.map(|(path, content)| (path.to_owned(), content.to_owned()));
    assert_eq!(check(&package, 1_000), Ok(BTreeMap::from(expected)));
}

#[test]
fn nothing_leaves_the_package() {
    let packages = [
        archive(&[Regular("../out", b"", 0o644)]),
        archive(&[Regular("a/../../out", b"", 0o644)]),
        archive(&[Regular("/etc/out", b"", 0o644)]),
        archive(&[Link("out", "/etc/passwd")]),
        archive(&[Link("out", "../x")]),
        archive(&[Link("a/out", "../../x")]),
        archive(&[Link("a/b/up", "../.."), Link("out", "a/b/up/..")]),
        archive(&[Link("a/up", ".."), Link("a/up/a/up/a/up/b/out", "../../../../../../out")]),
        archive(&[Link("a/b/up", "../.."), Link("a/b/up/c/out", "../../.."), Link("c/out/made/outside", "x")]),
    ];
    for package in packages {
        let refused = check(&package, 1_000);
        assert!(matches!(refused, Err(PrepareError::UnsafePath(_))), "{refused:?}");
    }
}

#[test]
fn an_entry_through_a_link_is_a_broken_archive() {
    let package = archive(&[Link("dir", "lib"), Regular("lib/x", b"", 0o644), Regular("dir/y", b"", 0o644)]);
    assert!(matches!(check(&package, 1_000), Err(PrepareError::BadArchive(_))));
}

#[test]
fn what_is_not_a_zip_is_a_bad_archive() {
    let mut cut = archive(&[Regular("a", &[1; 5_000], 0o644)]);
    cut.truncate(cut.len() / 2);
    let mut damaged = archive(&[Regular("a", b"the same text, the same text", 0o644)]);
    damaged[35] ^= 0xff;
    for package in [b"hello".to_vec(), Vec::new(), cut, damaged, archive(&[])] {
        let refused = check(&package, 10_000);
        assert!(matches!(refused, Err(PrepareError::BadArchive(_))), "{refused:?}");
    }
}

#[test]
fn a_bomb_is_stopped_at_the_limit_of_unpacked_bytes() {
    let zeroes = vec![0; 1 << 20];
    let package = archive(&[Regular("a", &zeroes, 0o644), Regular("b", &zeroes, 0o644)]);
    assert!(package.len() < 10_000);
    assert_eq!(check(&package, (2 << 20) - 1), Err(PrepareError::TooLarge { bytes_max: (2 << 20) - 1 }));
    assert!(check(&package, 2 << 20).is_ok());
}

#[test]
fn directories_that_only_names_of_files_imply_are_counted() {
    let dir = tempfile::tempdir().expect("a directory");
    let mut room = Room { bytes_max: 0, bytes_left: 0, entries_left: 3 };
    room.make_dir(&dir.path().join("a/b/c")).expect("three fit");
    let refused = room.make_dir(&dir.path().join("a/d"));
    assert!(matches!(&refused, Err(PrepareError::BadArchive(text)) if text.contains("100000 files")), "{refused:?}");
}

#[test]
fn a_path_has_a_greatest_depth() {
    for (depth, fits) in [(127, true), (128, false), (30_000, false)] {
        let name = format!("{}x", "a/".repeat(depth));
        assert_eq!(check(&archive(&[Regular(&name, b"", 0o644)]), 1_000).is_ok(), fits, "{depth}");
    }
}

#[test]
fn a_package_is_unpacked_once() {
    let dir = tempfile::tempdir().expect("a directory");
    fs::create_dir(dir.path().join("code")).expect("code");
    unpack(dir.path(), &CODE, &archive(&[Regular("a", b"1", 0o644)]), 100).expect("unpacked");
    assert_eq!(unpack(dir.path(), &CODE, b"not read again", 100), Ok(()));
}

#[test]
fn a_leftover_of_a_crash_is_swept() {
    let dir = tempfile::tempdir().expect("a directory");
    fs::create_dir_all(dir.path().join("code/.half/lib")).expect("a leftover");
    sweep(dir.path()).expect("swept");
    assert!(!dir.path().join("code/.half").exists());
}

#[test]
fn components_are_told_from_processes_by_file_and_runtime() {
    let wasm = b"\0asm\x0d\0\x01\0".to_vec();
    let zipped = archive(&[Regular("bootstrap.wasm", &wasm, 0o644)]);
    let process = archive(&[Regular("bootstrap", b"", 0o755)]);
    let rows = [
        (&wasm, "provided.al2023", "component"),
        (&wasm, "python3.12", "refused"),
        (&zipped, "provided.al2023", "component"),
        (&zipped, "python3.12", "process"),
        (&process, "provided.al2023", "process"),
    ];
    for (package, runtime, expected) in rows {
        let kind = match Package::read(&Bytes::from(package.clone()), runtime, 1_000) {
            Ok(Package::Component(bytes)) if *bytes == *wasm => "component",
            Ok(Package::Component(_)) => "other bytes",
            Ok(Package::Process) => "process",
            Err(PrepareError::BadComponent(_)) => "refused",
            Err(_) => "other error",
        };
        assert_eq!(kind, expected, "{runtime}");
    }
}
