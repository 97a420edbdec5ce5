use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::*;

/// Writes `name=text` lines into a folder called `photo app` (a name ending in `!` is executable) and reads it.
fn read(files: &[&str], flags: &PackageFlags) -> Result<Package> {
    let root = tempfile::tempdir().expect("a directory");
    let folder = root.path().join("photo app");
    fs::create_dir(&folder).expect("a folder");
    for file in files {
        let (name, text) = file.split_once('=').expect("name=text");
        write(&folder.join(name.trim_end_matches('!')), text, name.ends_with('!'));
    }
    Package::read(&folder, flags)
}

fn write(path: &Path, text: &str, executable: bool) {
    fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
    fs::write(path, text).expect("a file");
    fs::set_permissions(path, fs::Permissions::from_mode(if executable { 0o755 } else { 0o644 })).expect("a mode");
}

fn check(files: &[&str], expected: &str) {
    let shown = match read(files, &PackageFlags::default()) {
        Ok(package) => {
            let language =
                package.runtime.trim_end_matches(|letter: char| letter != 'n' && letter != 's' && letter != 'd');
            let language = if package.runtime.starts_with("provided") { "native" } else { language };
            format!("{} {language} {} {}", package.name, package.handler, names(&package.archive).join(","))
        }
        Err(error) => format!("{error:#}"),
    };
    assert!(shown.contains(expected), "{files:?} gave {shown:?}, expected {expected:?}");
}

fn names(archive: &[u8]) -> Vec<String> {
    let mut names: Vec<String> = zip::ZipArchive::new(std::io::Cursor::new(archive))
        .expect("an archive")
        .file_names()
        .map(str::to_owned)
        .collect();
    names.sort();
    names
}

#[test]
fn files_tell_how_they_run() {
    check(&["hello.wasm=x"], "photo_app native bootstrap bootstrap.wasm");
    check(&["bootstrap!=x", "app.py=x"], "photo_app native bootstrap app.py,bootstrap");
    check(&["app.py=def handler(event, context): pass"], "photo_app python app.handler app.py");
    check(&["lambda_function.py=def lambda_handler(e, c):", "app.py=x"], "python lambda_function.lambda_handler");
    check(&["index.mjs=export const handler = 1", ".git/HEAD=x"], "nodejs index.handler index.mjs");
    check(&["nought.toml=name = 'n'\nruntime = 'nodejs'\nhandler = 'a.b'", "a.js=x"], "n nodejs a.b a.js");
    check(&["nought.toml=nmae = 'n'", "app.py=x"], "nmae");
    check(&["readme.md=x"], "--runtime and --handler");
    check(&["bootstrap=not executable"], "--runtime and --handler");
}

#[test]
fn flags_win_over_the_manifest_and_the_manifest_over_the_files() {
    let files = ["app.py=def handler(e, c):", "nought.toml=handler = 'app.other'\nmemory_mib = 64\ntimeout_secs = 2"];
    let flags = PackageFlags { memory: Some(256), name: Some("n".to_owned()), ..PackageFlags::default() };
    let package = read(&files, &flags).expect("a package");
    let shown = (package.name.as_str(), package.handler.as_str(), package.memory_mib, package.timeout_secs);
    assert_eq!(shown, ("n", "app.other", Some(256), Some(2)));
}

#[test]
fn an_archive_tells_what_its_folder_would() {
    for files in [&["app.py=def handler(e, c):"][..], &["bootstrap!=x", "a.py=a"], &["hello.wasm=x"], &["main.cjs=x"]] {
        let folder = read(files, &PackageFlags::default()).expect("a package");
        let root = tempfile::tempdir().expect("a directory");
        let path = root.path().join("photo_app.zip");
        fs::write(&path, &folder.archive).expect("a file");
        let archive = Package::read(&path, &PackageFlags::default()).expect("a package");
        let shown = |package: Package| (package.name, package.runtime, package.handler, package.archive);
        assert_eq!(shown(archive), shown(folder), "{files:?}");
    }
}

#[test]
fn the_same_files_make_the_same_bytes() {
    let files = ["app.py=def handler(e, c):", "lib/a.py=a", "lib/b.py=b"];
    let one = read(&files, &PackageFlags::default()).expect("a package");
    let two = read(&files, &PackageFlags::default()).expect("a package");
    assert_eq!(one.archive, two.archive);
}

#[test]
fn a_link_out_of_the_folder_is_refused() {
    let root = tempfile::tempdir().expect("a directory");
    fs::write(root.path().join("app.py"), "def handler(e, c):").expect("a file");
    std::os::unix::fs::symlink("/etc/hostname", root.path().join("host")).expect("a link");
    let error = Package::read(root.path(), &PackageFlags::default()).expect_err("it leads out");
    assert!(format!("{error:#}").contains("leads out of the folder"), "{error:#}");
}
