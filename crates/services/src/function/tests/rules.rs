use std::fmt::Display;

use bytes::Bytes;
use sha2::{Digest, Sha256};
use store::{Store, Tx};

use super::*;
use crate::function::alias::AliasChange;
use crate::function::concurrency::Reservation;
use crate::function::lifecycle::{self, UpdateSettings};
use crate::function::package::Uploaded;
use crate::function::url::{Auth, UrlChange};
use crate::function::version::Publish;
use crate::function::{Code, Error, SettingsChange, account, concurrency, permission, rows, tag, url, version};
use crate::identity::{Statement, policy::Principals};
use crate::run::{CodeId, Kind, PrepareError, Prepared};

/// Runs a script line by line; each line that says more than `ok` must say what is wanted, in this order.
fn check(script: &str, wanted: &str) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let store = Store::memory();
    let mut said = Vec::new();
    for line in script.lines().map(str::trim) {
        let words: Vec<&str> = line.split_whitespace().collect();
        let answer = runtime.block_on(store.transact(|tx| {
            let uploaded = |package: &str| upload(&store, package);
            step(tx, &words, uploaded)
        }));
        let answer = answer.unwrap_or_else(|error| error.to_string());
        if answer != "ok" {
            said.push(format!("{line}: {answer}"));
        }
    }
    let wanted: Vec<&str> = wanted.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    assert_eq!(said, wanted);
}

fn step(tx: &mut Tx, words: &[&str], uploaded: impl Fn(&str) -> Uploaded) -> Result<String, Error> {
    let ok = |(): ()| "ok".to_owned();
    let (target, qualifier) = words.get(1).map_or((id("f"), None), |text| named(text));
    let qualifier = qualifier.as_ref();
    let rest = words.get(2..).unwrap_or_default();
    match (words[0], rest) {
        ("create", [package, how @ ..]) => {
            let publish = !how.is_empty();
            let made = lifecycle::create(tx, &target, &settings(), &Default::default(), &uploaded(package), publish)?;
            Ok(shown(&made))
        }
        ("settle", [end]) => settle(tx, &target, end),
        ("code", [package, how @ ..]) => {
            let (made, left) = lifecycle::update_code(tx, &target, &uploaded(package), None, None, !how.is_empty())?;
            Ok(format!("{} left {}", shown(&made), left.code.len()))
        }
        ("memory", [mib, revision @ ..]) => {
            let memory_mib = Some(mib.parse().expect("a number"));
            let change = SettingsChange { memory_mib, ..Default::default() };
            let revision = revision.first().map(|text| (*text).to_owned());
            lifecycle::update_settings(tx, &target, &UpdateSettings { change, revision }).map(|_| "ok".to_owned())
        }
        ("publish", how) => {
            let description = how.first().map(|text| (*text).to_owned());
            let published = version::publish(tx, &target, &Publish { description, ..Default::default() })?;
            Ok(shown(&published))
        }
        ("publish-other-code", []) => {
            let publish = Publish { code: Some(CodeId([7; 32])), ..Default::default() };
            version::publish(tx, &target, &publish).map(|published| shown(&published))
        }
        ("show", []) => Ok(shown(&super::super::find(tx, &target, qualifier)?)),
        ("versions", []) => {
            let all = version::list(tx, &target, None, 100)?;
            Ok(joined(all.iter().map(|(version, _)| version)))
        }
        ("delete", []) => {
            let left = lifecycle::delete(tx, &target, qualifier)?;
            Ok(format!("left {} revisions {} code", left.revisions.len(), left.code.len()))
        }
        ("alias", [name, change @ ..]) => {
            let change = alias_change(change);
            let version = change.version.expect("the script gives one");
            super::super::alias::create(tx, &target, &alias(name), version, &change).map(|_| "ok".to_owned())
        }
        ("realias", [name, change @ ..]) => {
            super::super::alias::update(tx, &target, &alias(name), &alias_change(change)).map(|_| "ok".to_owned())
        }
        ("unalias", [name]) => super::super::alias::delete(tx, &target, &alias(name)).map(ok),
        ("aliases", version) => {
            let version = version.first().map(|text| Version::parse(text).expect("a version"));
            Ok(joined(super::super::alias::list(tx, &target, version)?.iter().map(|(name, _)| name)))
        }
        ("url", []) => url::create(tx, &target, alias_of(qualifier), Auth::Iam, &UrlChange::default()).map(|url| {
            assert!(url.id.len() == 32 && url.id.bytes().all(|byte| byte.is_ascii_alphanumeric()));
            "ok".to_owned()
        }),
        ("no-url", []) => url::delete(tx, &target, alias_of(qualifier)).map(ok),
        ("urls", []) => {
            Ok(joined(url::list(tx, &target)?.iter().map(|(alias, _)| alias.as_ref().map_or("-", AliasName::as_str))))
        }
        ("permit", [sid]) => permission::add(tx, &target, qualifier, &statement(sid), None).map(ok),
        ("permit-stale", [sid]) => permission::add(tx, &target, qualifier, &statement(sid), Some("x")).map(ok),
        ("forbid", [sid]) => permission::remove(tx, &target, qualifier, sid, None).map(ok),
        ("policy", []) => {
            let (statements, _) = permission::policy(tx, &target, qualifier)?;
            Ok(joined(statements.iter().map(|statement| statement.sid.as_deref().unwrap_or("-"))))
        }
        ("reserve", [executions]) => {
            concurrency::reserve(tx, &target, &Reservation::of_all(executions.parse().expect("a number"))).map(ok)
        }
        ("release", []) => concurrency::release(tx, &target).map(ok),
        ("tag", tags) => {
            let tags = tags.iter().map(|tag| ((*tag).to_owned(), "x".to_owned())).collect();
            tag::add(tx, &target, &tags).map(ok)
        }
        ("untag", keys) => {
            let keys: Vec<String> = keys.iter().map(|key| (*key).to_owned()).collect();
            tag::remove(tx, &target, &keys).map(ok)
        }
        ("tags", []) => Ok(joined(tag::tags(tx, &target)?.keys())),
        ("usage", []) => {
            let usage = account::usage(tx, &target.scope)?;
            Ok(format!(
                "{} functions {} bytes {} unreserved",
                usage.functions,
                usage.code_bytes,
                usage.unreserved(account::CONCURRENCY_MAX)
            ))
        }
        ("references", [package]) => {
            let found = rows::package(tx, &uploaded(package).code.id)?;
            Ok(found.map_or(0, |package| package.references).to_string())
        }
        (other, _) => panic!("no such step: {other} {rest:?}"),
    }
}

fn settle(tx: &mut Tx, target: &FunctionId, end: &str) -> Result<String, Error> {
    let build = super::super::find(tx, target, None)?.1.build;
    let outcome = match end {
        "well" => Ok(Prepared { kind: Kind::Process, notice: None }),
        _ => Err(PrepareError::BadComponent("a module".to_owned())),
    };
    let left = lifecycle::settle(tx, target, &build, &outcome)?;
    Ok(format!("left {} revisions {} code", left.revisions.len(), left.code.len()))
}

fn upload(store: &Store, package: &str) -> Uploaded {
    let body = Bytes::from(package.to_owned());
    let code = Code { id: CodeId(Sha256::digest(&body).into()), bytes: body.len() as u64 };
    Uploaded { code, blob: store.blobs().put(body).expect("memory takes blobs") }
}

/// `VERSION` or `VERSION+SECOND=SHARE`; `-` takes the weights away.
fn alias_change(words: &[&str]) -> AliasChange {
    let mut change = AliasChange::default();
    for word in words {
        match word.split_once('=') {
            Some((version, share)) => change
                .weights
                .get_or_insert_default()
                .push((Version::parse(version).expect("a version"), share.parse().expect("a share"))),
            None if *word == "-" => change.weights = Some(Vec::new()),
            None => change.version = Some(Version::parse(word).expect("a version")),
        }
    }
    change
}

fn alias_of(qualifier: Option<&Qualifier>) -> Option<&AliasName> {
    match qualifier {
        Some(Qualifier::Alias(alias)) => Some(alias),
        Some(Qualifier::Version(_)) | None => None,
    }
}

fn statement(sid: &str) -> Statement {
    // Long ones fill a policy up.
    let resource = if sid.starts_with("long") { "x".repeat(12_000) } else { "*".to_owned() };
    Statement::allow(sid, Principals::everyone(), "lambda:InvokeFunction", &resource)
}

fn joined<T: Display>(items: impl Iterator<Item = T>) -> String {
    items.map(|item| item.to_string()).collect::<Vec<_>>().join(" ")
}

#[test]
fn what_ran_before_runs_on_until_an_update_is_settled() {
    check(
        "create f one
         memory f 256
         settle f well
         memory f 256
         show f
         memory f 512
         settle f well
         show f
         memory f 512
         settle f badly
         show f",
        "create f one: $LATEST pending - set 128 runs -
         memory f 256: the function is still being created
         settle f well: left 0 revisions 0 code
         show f: $LATEST active in-progress set 256 runs 128
         memory f 512: an update is in progress
         settle f well: left 1 revisions 0 code
         show f: $LATEST active successful set 256 runs 256
         settle f badly: left 0 revisions 0 code
         show f: $LATEST active failed set 512 runs 256",
    );
}

#[test]
fn a_function_that_could_not_be_created_can_be_given_other_code() {
    check(
        "create f bad
         settle f badly
         show f
         code f good
         settle f well
         show f
         create f good",
        "create f bad: $LATEST pending - set 128 runs -
         settle f badly: left 0 revisions 0 code
         show f: $LATEST failed - set 128 runs -
         code f good: $LATEST failed in-progress set 128 runs - left 1
         settle f well: left 0 revisions 0 code
         show f: $LATEST active successful set 128 runs 128
         create f good: a function of that name exists already",
    );
}

#[test]
fn a_package_is_stored_once_and_dropped_with_its_last_version() {
    check(
        "create f same
         create g same
         references f same
         settle f well
         code f other
         references f same
         settle f badly
         references f same
         code f third
         settle f well
         references f same
         references f other
         usage f
         delete g
         references g same
         delete f
         usage f",
        "create f same: $LATEST pending - set 128 runs -
         create g same: $LATEST pending - set 128 runs -
         references f same: 2
         settle f well: left 0 revisions 0 code
         code f other: $LATEST active in-progress set 128 runs 128 left 0
         references f same: 2
         settle f badly: left 0 revisions 0 code
         references f same: 2
         code f third: $LATEST active in-progress set 128 runs 128 left 1
         settle f well: left 1 revisions 0 code
         references f same: 1
         references f other: 0
         usage f: 2 functions 9 bytes 1000 unreserved
         delete g: left 0 revisions 1 code
         references g same: 0
         delete f: left 1 revisions 1 code
         usage f: 0 functions 0 bytes 1000 unreserved",
    );
}

#[test]
fn publishing_makes_a_version_only_of_a_change() {
    check(
        "create f one publish
         settle f well
         show f:1
         publish f
         memory f 256
         publish f
         settle f well
         publish f described
         publish f
         code f two publish
         show f:3
         settle f badly
         show f:3
         publish-other-code f
         versions f
         show f:0
         publish g",
        "create f one publish: 1 pending - set 128 runs -
         settle f well: left 0 revisions 0 code
         show f:1: 1 active successful set 128 runs 128
         publish f: 1 active successful set 128 runs 128
         publish f: an update is in progress
         settle f well: left 1 revisions 0 code
         publish f described: 2 active successful set 256 runs 256
         publish f: 2 active successful set 256 runs 256
         code f two publish: 3 pending - set 256 runs - left 0
         show f:3: 3 pending - set 256 runs -
         settle f badly: left 0 revisions 0 code
         show f:3: 3 failed - set 256 runs -
         publish-other-code f: the code is not the one named
         versions f: $LATEST 1 2 3
         show f:0: there is no such function, version or alias
         publish g: there is no such function, version or alias",
    );
}

#[test]
fn aliases_point_to_one_version_or_to_two_published_ones() {
    check(
        "create f one publish
         settle f well
         code f two publish
         settle f well
         alias f live 1
         alias f live 2
         alias f half 1 2=0.5
         alias f latest $LATEST
         alias f bad 1 1=0.5
         alias f bad $LATEST 1=0.5
         alias f bad 1 2=1.5
         alias f bad 1 2=0.1 3=0.1
         alias f bad 9
         alias f bad 1 9=0.5
         aliases f
         aliases f 2
         delete f:2
         realias f half -
         delete f:2
         delete f:2
         delete f:$LATEST
         delete f:live
         show f:live
         realias f gone 1
         unalias f live
         unalias f live
         show f:live",
        "create f one publish: 1 pending - set 128 runs -
         settle f well: left 0 revisions 0 code
         code f two publish: 2 pending - set 128 runs - left 0
         settle f well: left 1 revisions 0 code
         alias f live 2: an alias of that name exists already
         alias f bad 1 1=0.5: 1 is the alias's first version already
         alias f bad $LATEST 1=0.5: an alias with weights needs published versions
         alias f bad 1 2=1.5: a weight is a number from 0 to 1
         alias f bad 1 2=0.1 3=0.1: an alias points to at most two versions
         alias f bad 9: there is no such function, version or alias
         alias f bad 1 9=0.5: there is no such function, version or alias
         aliases f: half latest live
         aliases f 2: half
         delete f:2: aliases refer to this version
         delete f:2: left 1 revisions 0 code
         delete f:2: left 0 revisions 0 code
         delete f:$LATEST: $LATEST goes with the function
         delete f:live: an alias is deleted by DeleteAlias
         show f:live: 1 active successful set 128 runs 128
         realias f gone 1: there is no alias gone of this function
         show f:live: there is no such function, version or alias",
    );
}

#[test]
fn a_weighted_alias_spreads_by_share() {
    let mut with_second = Vec::new();
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let store = Store::memory();
    for share in [0.0, 0.25, 1.0] {
        let chosen = runtime.block_on(store.transact(|tx| {
            let target = id(&format!("f{}", share * 100.0));
            lifecycle::create(tx, &target, &settings(), &Default::default(), &upload(&store, "x"), true)?;
            settle(tx, &target, "well")?;
            lifecycle::update_code(tx, &target, &upload(&store, "y"), None, None, true)?;
            let change = AliasChange { weights: Some(vec![(Version::Number(2), share)]), ..Default::default() };
            let made = super::super::alias::create(tx, &target, &alias("live"), Version::Number(1), &change)?;
            let draws = (0..=100u64).map(|percent| (u64::MAX / 100).saturating_mul(percent));
            Ok::<_, Error>(draws.filter(|draw| made.choose(*draw) == Version::Number(2)).count())
        }));
        with_second.push(chosen.expect("the script is right"));
    }
    assert_eq!(with_second, [0, 25, 100]);
}

#[test]
fn urls_and_permissions_belong_to_one_name_and_go_with_it() {
    check(
        "create f one publish
         alias f live 1
         url f
         url f
         url f:live
         urls f
         url f:gone
         permit f all
         permit f all
         permit f:live some
         permit f:1 one
         permit f:$LATEST none
         permit f:gone none
         permit-stale f more
         policy f
         policy f:live
         unalias f live
         urls f
         alias f live 1
         policy f:live
         forbid f other
         forbid f all
         forbid f all
         no-url f
         no-url f
         permit f long-1
         permit f long-2",
        "create f one publish: 1 pending - set 128 runs -
         url f: the function has a URL already
         urls f: - live
         url f:gone: there is no such function, version or alias
         permit f all: a statement of that id exists already
         permit f:$LATEST none: $LATEST has the function's permissions
         permit f:gone none: there is no alias gone of this function
         permit-stale f more: the function has changed since revision x was read
         policy f: all
         policy f:live: some
         urls f: -
         policy f:live: there are no permissions on this function
         forbid f other: there is no statement of that id among the permissions
         forbid f all: there are no permissions on this function
         no-url f: this function has no URL
         permit f long-2: permissions of 24247 bytes: the limit is 20480",
    );
}

#[test]
fn reservations_leave_a_minimum_to_the_others() {
    check(
        "create f one
         create g one
         reserve f 900
         reserve g 1
         reserve f 899
         reserve g 1
         usage f
         release f
         reserve g 0
         usage f
         reserve f 901
         reserve h 1
         delete g
         usage f",
        "create f one: $LATEST pending - set 128 runs -
         create g one: $LATEST pending - set 128 runs -
         reserve g 1: at least 100 executions must stay unreserved
         usage f: 2 functions 6 bytes 100 unreserved
         usage f: 2 functions 6 bytes 1000 unreserved
         reserve f 901: at least 100 executions must stay unreserved
         reserve h 1: there is no such function, version or alias
         delete g: left 0 revisions 0 code
         usage f: 1 functions 3 bytes 1000 unreserved",
    );
}

#[test]
fn tags_are_counted_and_the_platforms_are_refused() {
    let fifty: Vec<String> = (0..50).map(|number| format!("t{number}")).collect();
    check(
        &format!(
            "create f one
             tag f b a
             tag f AWS:x
             untag f b gone
             tags f
             tag f {}",
            fifty.join(" ")
        ),
        &format!(
            "create f one: $LATEST pending - set 128 runs -
             tag f AWS:x: tag keys that begin with aws: are the platform's
             tags f: a
             tag f {}: more than 50 tags",
            fifty.join(" ")
        ),
    );
}

#[test]
fn settings_are_held_against_their_bounds() {
    let bad = |change: SettingsChange| {
        let mut changed = settings();
        change.apply(&mut changed);
        changed.check().map_or_else(|bound| bound.to_string(), |()| "ok".to_owned())
    };
    let environment = |name: &str, value: &str| SettingsChange {
        environment: Some([(name.to_owned(), value.to_owned())].into()),
        ..Default::default()
    };
    let cases = [
        (SettingsChange::default(), "ok"),
        (SettingsChange { memory_mib: Some(10_241), ..Default::default() }, "memory of 10241 MiB: give 128 to 10240"),
        (
            SettingsChange { timeout: Some(Duration::from_secs(901)), ..Default::default() },
            "timeout of 901s: give 1 s to 900s",
        ),
        (
            SettingsChange { ephemeral_mib: Some(511), ..Default::default() },
            "ephemeral storage of 511 MiB: give 512 to 10240",
        ),
        (
            SettingsChange { handler: Some(String::new()), ..Default::default() },
            "handler of 0 characters: give 1 to 128",
        ),
        (environment("AWS_REGION", "x"), "reserved environment variables: AWS_REGION"),
        (environment("A", &"x".repeat(4_088)), "ok"),
        (environment("A", &"x".repeat(4_089)), "environment variables of 4097 bytes: the limit is 4096"),
    ];
    for (change, wanted) in cases {
        assert_eq!(bad(change), wanted);
    }
    let unknown = SettingsChange { runtime: Some("cobol".to_owned()), ..Default::default() };
    assert!(bad(unknown).starts_with("\"cobol\" is no runtime that Lambda ever had"));
}
