use std::time::Duration;

use store::{Read as _, Store, Timestamp};

use super::key::Options;
use super::policy::{OneOrMany, Principals};
use super::*;
use crate::name::{FunctionName, Region};

const FUNCTION: &str = "arn:aws:lambda:eu-west-1:000000000000:function:resize";

/// Each case: what the request knows (`key=value`, parted by `&`), and whether the condition lets it in.
fn check(condition: &str, cases: &[(&str, bool)]) {
    let text = format!(r#"{{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*","Condition":{condition}}}"#);
    let statement: Statement = serde_json::from_str(&text).expect("the case is a statement");
    for (facts, wanted) in cases {
        let pairs = facts.split('&').filter_map(|fact| fact.split_once('='));
        let context = pairs.fold(Context::default(), |context, (key, value)| context.with(key, value));
        let verdict = evaluate(std::slice::from_ref(&statement), &Principal::Anonymous, &request("x:Y", "*", &context));
        assert_eq!(verdict == Verdict::Allow, *wanted, "{condition} with {facts:?}");
    }
}

fn request<'a>(action: &'a str, resource: &'a str, context: &'a Context) -> Request<'a> {
    static OWNER: std::sync::LazyLock<AccountId> = std::sync::LazyLock::new(AccountId::default);
    Request { action, resource, owner: &OWNER, context }
}

#[test]
fn conditions_hold_as_the_user_guide_says() {
    check(r#"{"StringEquals":{"a":["x","y"]}}"#, &[("a=x", true), ("A=y", true), ("a=X", false), ("b=x", false)]);
    check(r#"{"StringEquals":{"a":"x"},"StringLike":{"b":"y*"}}"#, &[("a=x&b=yz", true), ("a=x&b=z", false)]);
    check(r#"{"StringNotEquals":{"a":["x","y"]}}"#, &[("a=z", true), ("a=x", false), ("", true)]);
    check(r#"{"StringEqualsIgnoreCase":{"a":"Home"}}"#, &[("a=hOME", true), ("a=home2", false)]);
    check(r#"{"StringEqualsIfExists":{"a":"x"}}"#, &[("", true), ("a=x", true), ("a=y", false)]);
    check(r#"{"StringLike":{"a":"?b*"}}"#, &[("a=abc", true), ("a=b", false)]);
    check(r#"{"StringLike":{"a":"${b}/*"}}"#, &[("a=me/x&b=me", true), ("a=me/x&b=*", false), ("a=me/x", false)]);
    check(
        r#"{"ArnLike":{"aws:SourceArn":"arn:aws:s3:::photos*"}}"#,
        &[("aws:sourcearn=arn:aws:s3:::photos-2", true), ("aws:sourcearn=arn:aws:s3:::other", false), ("", false)],
    );
    check(
        r#"{"ArnEquals":{"a":"arn:aws:sns:*:1:t"}}"#,
        &[("a=arn:aws:sns:x:1:t", true), ("a=arn:aws:sns:x:y:1:t", false)],
    );
    check(
        r#"{"Bool":{"aws:SecureTransport":false}}"#,
        &[("aws:SecureTransport=false", true), ("aws:SecureTransport=true", false)],
    );
    check(r#"{"NumericLessThanEquals":{"n":10}}"#, &[("n=10", true), ("n=10.5", false), ("n=x", false), ("", false)]);
    check(r#"{"NumericNotEquals":{"n":"10"}}"#, &[("n=10.0", false), ("n=9", true), ("", true)]);
    check(
        r#"{"IpAddress":{"aws:SourceIp":["203.0.113.0/24","2001:db8::/32"]}}"#,
        &[
            ("aws:SourceIp=203.0.113.9", true),
            ("aws:SourceIp=203.0.114.9", false),
            ("aws:SourceIp=2001:db8:1::1", true),
            ("", false),
        ],
    );
    check(r#"{"NotIpAddress":{"ip":"10.0.0.0/8"}}"#, &[("ip=10.1.1.1", false), ("ip=11.1.1.1", true), ("", true)]);
    check(r#"{"IpAddress":{"ip":"0.0.0.0/0"}}"#, &[("ip=10.1.1.1", true), ("ip=::1", false)]);
    check(r#"{"Null":{"a":"true"}}"#, &[("", true), ("a=x", false)]);
    check(r#"{"Null":{"a":false}}"#, &[("", false), ("a=x", true)]);
    check(r#"{"ForAnyValue:StringEquals":{"t":["a","b"]}}"#, &[("t=a&t=c", true), ("t=c", false), ("", false)]);
    check(r#"{"ForAllValues:StringEquals":{"t":["a","b"]}}"#, &[("t=a&t=b", true), ("t=a&t=c", false), ("", true)]);
    check(r#"{"ForAllValues:StringNotEquals":{"t":["a","b"]}}"#, &[("t=c&t=d", true), ("t=a&t=d", false), ("", true)]);
    check(r#"{"ForAnyValue:StringNotEquals":{"t":["a","b"]}}"#, &[("t=a&t=d", true), ("t=a", false), ("", false)]);
    check(r#"{"ForAnyValue:StringLikeIfExists":{"t":"a*"}}"#, &[("", false), ("t=ab", true)]);
}

#[test]
fn a_statement_that_is_not_understood_is_refused_when_it_is_read() {
    for condition in [r#"{"StringEqual":{"a":"x"}}"#, r#"{"NullIfExists":{"a":"x"}}"#, r#"{"ForSome:Bool":{"a":"x"}}"#]
    {
        let text = format!(r#"{{"Effect":"Allow","Action":"*","Resource":"*","Condition":{condition}}}"#);
        assert!(serde_json::from_str::<Statement>(&text).is_err(), "{condition}");
    }
    assert!(serde_json::from_str::<Statement>(r#"{"Effect":"Maybe","Action":"*","Resource":"*"}"#).is_err());
}

#[test]
fn a_statement_is_shown_as_it_was_written() {
    let texts = [
        r#"{"Sid":"s","Effect":"Allow","Principal":{"Service":"s3.amazonaws.com"},"Action":"lambda:InvokeFunction","Resource":"r","Condition":{"StringEquals":{"aws:SourceAccount":"000000000000"},"ArnLike":{"AWS:SourceArn":"arn:aws:s3:::b"}}}"#,
        r#"{"Effect":"Deny","NotPrincipal":{"AWS":["1","2"]},"NotAction":["a:*"],"NotResource":"r","Condition":{"ForAnyValue:StringLikeIfExists":{"k":["v"]}}}"#,
        r#"{"Sid":"s","Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}"#,
    ];
    for text in texts {
        let statement: Statement = serde_json::from_str(text).expect("the case is a statement");
        assert_eq!(serde_json::to_string(&statement).expect("statements serialize"), text);
    }
}

#[test]
fn an_explicit_deny_wins_and_silence_refuses_strangers() {
    let allow = Statement::allow("all", Principals::everyone(), "lambda:Invoke*", &format!("{FUNCTION}*"));
    let deny = Statement {
        effect: Effect::Deny,
        action: Some(OneOrMany::One("lambda:invokefunctionurl".into())),
        ..allow.clone()
    };
    let decide = |statements: &[Statement], principal: &Principal, action: &str| {
        authorize(principal, &request(action, FUNCTION, &Context::default()), statements)
    };
    let (function, service) =
        (Principal::Function(Box::new(session())), Principal::Service { name: "s3.amazonaws.com" });
    let root = Principal::Root { account: AccountId::default() };
    let both = [allow.clone(), deny];
    assert_eq!(decide(&both, &Principal::Anonymous, "lambda:InvokeFunction"), Decision::Allowed);
    assert_eq!(decide(&both, &Principal::Anonymous, "lambda:InvokeFunctionUrl"), Decision::Denied);
    assert_eq!(decide(&both, &function, "lambda:InvokeFunctionUrl"), Decision::Denied);
    assert_eq!(decide(&both, &root, "lambda:InvokeFunctionUrl"), Decision::Allowed);
    assert_eq!(decide(&[], &root, "lambda:InvokeFunction"), Decision::Allowed);
    assert_eq!(decide(&[], &function, "lambda:InvokeFunction"), Decision::Allowed);
    assert_eq!(decide(&[], &service, "lambda:InvokeFunction"), Decision::NotAllowed);
    assert_eq!(decide(&[], &Principal::Anonymous, "lambda:InvokeFunction"), Decision::NotAllowed);
    let elsewhere = Principal::Root { account: AccountId::parse("111111111111").expect("twelve digits") };
    assert_eq!(decide(&[], &elsewhere, "lambda:InvokeFunction"), Decision::NotAllowed);
    let invited = Statement { principal: Some(Principals::parse("111111111111")), ..allow };
    assert_eq!(decide(std::slice::from_ref(&invited), &elsewhere, "lambda:InvokeFunction"), Decision::Allowed);
    assert_eq!(decide(std::slice::from_ref(&invited), &service, "lambda:InvokeFunction"), Decision::NotAllowed);
}

#[test]
fn a_policy_that_looks_at_one_key_says_the_same_whatever_the_others_are() {
    let cases = [
        (r#""Resource":"*""#, true),
        (r#""Resource":"*","Condition":{"StringEquals":{"Lambda:functionUrlAuthType":"NONE"}}"#, true),
        (r#""Resource":"*","Condition":{"Null":{"aws:SourceIp":true}}"#, false),
        (r#""Resource":"*","Condition":{"StringEquals":{"lambda:FunctionUrlAuthType":"${aws:SourceIp}"}}"#, false),
        (r#""Resource":"arn:${aws:SourceIp}""#, false),
        (r#""NotResource":["a","${aws:SourceIp}"]"#, false),
    ];
    for (rest, wanted) in cases {
        let text = format!(r#"{{"Effect":"Allow","Principal":"*","Action":"*",{rest}}}"#);
        let statement: Statement = serde_json::from_str(&text).expect("the case is a statement");
        assert_eq!(policy::looks_only_at(&[statement], "lambda:FunctionUrlAuthType"), wanted, "{rest}");
    }
}

#[test]
fn a_service_is_let_in_by_its_name_under_its_condition() {
    let statement = Statement::allow("s3", Principals::parse("s3.amazonaws.com"), "lambda:InvokeFunction", FUNCTION)
        .when("ArnLike", "AWS:SourceArn", "arn:aws:s3:::photos")
        .expect("ArnLike is an operator");
    for (name, source, wanted) in [
        ("s3.amazonaws.com", "arn:aws:s3:::photos", Decision::Allowed),
        ("s3.amazonaws.com", "arn:aws:s3:::other", Decision::NotAllowed),
        ("sns.amazonaws.com", "arn:aws:s3:::photos", Decision::NotAllowed),
    ] {
        let context = Context::default().with("aws:SourceArn", source);
        let decision = authorize(
            &Principal::Service { name },
            &request("lambda:InvokeFunction", FUNCTION, &context),
            std::slice::from_ref(&statement),
        );
        assert_eq!(decision, wanted, "{name} for {source}");
    }
}

#[tokio::test]
async fn the_root_s_key_is_made_once_and_kept_sealed() {
    let store = Store::memory();
    let open = |options| Keys::open(&store, AccountId::default(), options);
    let first = open(Options::default()).await.expect("a new store opens");
    let made = first.new_root().expect("the first start makes the key").clone();
    let again = open(Options::default()).await.expect("the store opens again");
    assert_eq!((again.new_root(), again.root()), (None, &made));
    let row = store.read(|read| read.get(&rows::root_key(&AccountId::default()))).expect("the row reads");
    let row = row.expect("the row is there");
    assert!(!row.windows(8).any(|part| made.secret().as_bytes().starts_with(part)));

    let given = AccessKey::parse("AKIAGIVENGIVENGIVEN1", "given-by-the-environment").expect("a good pair");
    let keys =
        open(Options { root: Some(given.clone()), test_on_loopback: true }).await.expect("opens with a given pair");
    let who =
        |id: &str, loopback| keys.find(id, None, loopback, Timestamp::from_millis(0)).map(|known| known.principal);
    let root = Principal::Root { account: AccountId::default() };
    assert_eq!(who(given.id(), false).ok(), Some(root.clone()));
    assert_eq!(who("test", true).ok(), Some(root));
    assert!(matches!(who("test", false), Err(Error::UnknownKey { .. })));
    assert!(matches!(who(made.id(), true), Err(Error::UnknownKey { .. })));
}

#[test]
fn session_credentials_are_checked_as_a_whole() {
    let sessions = Sessions::new(&[7; 32]);
    let start = Timestamp::from_millis(1_000_000);
    let function = crate::invoke::fake::version("resize", "r1");
    let made = sessions.credentials(&function, Some("arn:aws:iam::000000000000:role/service/worker"), start);
    let (id, token) = (&*made.access_key_id, &*made.session_token);
    let (found, secret) = sessions.verify(id, token, start).expect("fresh credentials are good");
    assert_eq!(*secret, *made.secret_access_key);
    assert_eq!((id.len(), &id[..4], secret.len()), (20, "ASIA", 40));
    assert_eq!(found.arn(), "arn:aws:sts::000000000000:assumed-role/worker/resize");

    let other = sessions.credentials(&crate::invoke::fake::version("other", "r2"), None, start);
    let late = start + session::LIFE + Duration::from_millis(1);
    assert!(matches!(sessions.verify(id, token, late), Err(Error::ExpiredToken)));
    assert!(matches!(sessions.verify(&other.access_key_id, token, start), Err(Error::BadToken)));
    assert!(matches!(sessions.verify(id, &token[4..], start), Err(Error::BadToken)));
    assert!(matches!(sessions.verify(id, "", start), Err(Error::BadToken)));
    assert!(matches!(Sessions::new(&[8; 32]).verify(id, token, start), Err(Error::BadToken)));
}

fn session() -> FunctionSession {
    FunctionSession {
        account: AccountId::default(),
        region: Region::parse("eu-west-1").expect("a region"),
        function: FunctionName::parse("resize").expect("a name"),
        role: None,
        expires: Timestamp::from_millis(i64::MAX),
    }
}
