use super::*;

fn installed(versions: &[VersionNumber]) -> Vec<Interpreter> {
    let interpreter =
        |version: &VersionNumber| Interpreter { program: "/usr/bin/x".into(), version: *version, prefix: None };
    versions.iter().map(interpreter).collect()
}

#[test]
fn a_runtimes_name_is_its_language_and_version() {
    let rows = [
        ("python3.12", Some((Language::Python, (3, 12)))),
        ("nodejs22.x", Some((Language::Node, (22, 0)))),
        ("provided.al2023", None),
        ("nodejs22", None),
        ("python3", None),
        ("java21", None),
    ];
    for (name, expected) in rows {
        assert_eq!(Language::of_runtime(name), expected, "{name}");
    }
}

#[test]
fn the_exact_version_runs_a_function_else_the_nearest_which_is_said() {
    let rows: [(&str, &[VersionNumber], &str); 7] = [
        ("python3.11", &[(3, 9), (3, 11)], "3.11"),
        ("python3.9", &[(3, 11), (3, 13)], "3.11 python3.9 is not on this machine: python3.11 runs it"),
        ("python3.14", &[(3, 9), (3, 11)], "3.11 python3.14 is not on this machine: python3.11 runs it"),
        ("python3.12", &[(3, 9), (3, 13), (3, 14)], "3.13 python3.12 is not on this machine: python3.13 runs it"),
        ("nodejs20.x", &[(20, 19), (22, 1)], "20.19"),
        ("nodejs24.x", &[(20, 19)], "20.19 nodejs24.x is not on this machine: nodejs20.x runs it"),
        ("nodejs18.x", &[(20, 19), (22, 1)], "20.19 nodejs18.x is not on this machine: nodejs20.x runs it"),
    ];
    for (name, versions, expected) in rows {
        let (language, wanted) = Language::of_runtime(name).expect("a language");
        let choice = choose(language, wanted, &installed(versions), false).expect("a choice");
        let (major, minor) = choice.interpreter.version;
        let notice = choice.notice.map(|notice| format!(" {notice}")).unwrap_or_default();
        assert_eq!(format!("{major}.{minor}{notice}"), expected, "{name}");
    }
}

#[test]
fn strict_runtimes_and_missing_languages_are_refused_with_what_to_do() {
    let near = choose(Language::Python, (3, 12), &installed(&[(3, 11)]), true).expect_err("refused");
    assert!(near.contains("the nearest is python3.11") && near.contains("/usr/local/bin"), "{near}");
    let none = choose(Language::Node, (20, 0), &[], false).expect_err("refused");
    assert!(none.starts_with("no interpreter for nodejs20.x is on this machine"), "{none}");
}

#[test]
fn only_interpreters_are_asked_for_their_version() {
    let rows = [
        (Language::Python, "python3", true),
        (Language::Python, "python3.11", true),
        (Language::Python, "python3.11-config", false),
        (Language::Python, "python2", false),
        (Language::Node, "node", true),
        (Language::Node, "nodejs", true),
        (Language::Node, "node-24", true),
        (Language::Node, "node-gyp", false),
    ];
    for (language, name, expected) in rows {
        assert_eq!(language.takes(name), expected, "{name}");
    }
}

#[test]
fn a_sandbox_sees_an_interpreters_own_folder_and_no_home() {
    let home = tempfile::tempdir().expect("a directory");
    let at = |place: &str| home.path().join(place);
    for folder in ["bin", "python/bin", "python/lib"] {
        std::fs::create_dir_all(at(folder)).expect("made");
    }
    let rows = [
        (at("bin/node"), Some(at("bin"))),
        (at("python/bin/python3.13"), Some(at("python"))),
        (at("node/node"), Some(at("node"))),
        ("/usr/local/bin/node".into(), None),
    ];
    for (program, expected) in rows {
        assert_eq!(prefix(&program), expected, "{}", program.display());
    }
}
