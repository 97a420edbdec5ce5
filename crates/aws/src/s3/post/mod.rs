//! Objects posted by browsers: a form says what the object is, and a policy in it lets its author's visitors post it.
//!
//! Start reading at [`post_object`]. `form` reads the form and streams its file, `policy` is what the form must fit.
//!
//! Always true:
//! - The policy is believed only with its author's signature, and holds for every field that anyone sends.
//! - What the author himself may not do, no policy of his lets others do.

mod form;
mod policy;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use http::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, LOCATION};
use http::request::Parts;
use http::{Method, Response, StatusCode, Uri};
use s3s::dto;
use s3s::xml::{Deserialize, Deserializer};
use services::Services;
use services::bucket::body::Plan;
use services::bucket::object::About;
use services::bucket::put::{BODY_BYTES_MAX, Put};
use services::bucket::tag::OBJECT_TAGS_MAX;
use services::bucket::{BucketName, ChangeKind, Object, ObjectKey, WriteConditions, checksum};
use services::identity;
use services::identity::Principal;
use services::name::Region;
use services::run::Body;

pub use form::{Form, Malformed, malformed};

use super::about::{self, Told};
use super::bucket::{existing, name_of};
use super::config::read_tags;
use super::face::Ask;
use super::host::Address;
use super::lifecycle::tell_expiry;
use super::object::{keeps_versions, key_of, location, written};
use super::refusal::{self, Refusal, invalid_argument, malformed_xml, refusal};
use crate::auth::{self, DocumentClaim, verify_document_of_version_2};
use crate::call::Peer;
use crate::protocol::query::escape;
use crate::protocol::whole;
use crate::uri;
use form::Fields;
use policy::Policy;

/// The name in the table.
pub const OPERATION: &str = "PostObject";

/// Fields that say of the object what headers of the same name say of one that is put, besides those with `x-amz-`.
const HEADERS: [&str; 7] = [
    "cache-control",
    "content-disposition",
    "content-encoding",
    "content-language",
    "content-md5",
    "content-type",
    "expires",
];

/// The bucket that a form is posted to; `None` for every other request.
pub fn bucket_of<'a>(parts: &Parts, address: &'a Address) -> Result<Option<&'a str>, Refusal> {
    let (Some(bucket), None, &Method::POST) = (address.bucket.as_deref(), &address.key, &parts.method) else {
        return Ok(None);
    };
    match content_type(parts).is_some_and(form::is_form) {
        true => Ok(Some(bucket)),
        false if parts.uri.query().is_none() => {
            let text = "At least one of the pre-conditions you specified did not hold";
            let condition = "Bucket POST must be of the enclosure-type multipart/form-data";
            Err(refusal(412, "PreconditionFailed", text).field("Condition", condition))
        }
        false => Ok(None),
    }
}

fn content_type(parts: &Parts) -> Option<&str> {
    about::text(&parts.headers, CONTENT_TYPE.as_str())
}

/// Reads a form up to its file.
pub async fn read(parts: &Parts, body: Body) -> Result<Form, Refusal> {
    if !parts.headers.contains_key("content-length") {
        return Err(refusal(411, "MissingContentLength", "You must provide the Content-Length HTTP header."));
    }
    Form::read(content_type(parts).unwrap_or_default(), body).await
}

/// Who made the form's policy, and where; `None` for a form without one.
pub fn author(services: &Services, form: &Form, peer: &Peer) -> Result<Option<(Principal, Option<Region>)>, Refusal> {
    let fields = &form.fields;
    let is_of_version_4 = fields.get("x-amz-signature").is_some() || fields.get("x-amz-algorithm").is_some();
    let signature = if is_of_version_4 { "x-amz-signature" } else { "signature" };
    if fields.get("policy").is_none() && fields.get(signature).is_none() {
        return Ok(None);
    }
    let (document, signature) = (field(fields, "policy")?, field(fields, signature)?);
    let token = fields.get("x-amz-security-token");
    let who = |key: &str| {
        services.who(key, token, peer.is_loopback()).map_err(|error| {
            refusal::of_signature(&match error {
                identity::Error::ExpiredToken => auth::Refusal::ExpiredToken,
                _ => auth::Refusal::UnknownKey,
            })
        })
    };
    let refused = |error: auth::Refusal| refusal::of_signature(&error);
    if !is_of_version_4 {
        let known = who(field(fields, "AWSAccessKeyId")?)?;
        let signature = BASE64.decode(signature).unwrap_or_default();
        verify_document_of_version_2(&known.secret, document, &signature).map_err(refused)?;
        return Ok(Some((known.principal, None)));
    }
    let (algorithm, credential) = (field(fields, "x-amz-algorithm")?, field(fields, "x-amz-credential")?);
    let claim = DocumentClaim::read(algorithm, credential, field(fields, "x-amz-date")?, signature).map_err(refused)?;
    let region = Region::parse(&claim.scope.region).map_err(|_| refused(auth::Refusal::Region))?;
    let known = who(&claim.access_key_id)?;
    claim.verify(&known.secret, document).map_err(refused)?;
    Ok(Some((known.principal, Some(region))))
}

/// A field that has to be there.
fn field<'a>(fields: &'a Fields, name: &'static str) -> Result<&'a str, Refusal> {
    fields.get(name).filter(|value| !value.is_empty()).ok_or_else(|| {
        let text = format!(
            "Bucket POST must contain a field named '{name}'.  If it is specified, please check the order of the fields."
        );
        invalid_argument(name, "", text)
    })
}

/// Makes an object of a form whose author is the caller. `ask` has the request's own headers.
pub async fn post_object(ask: Ask<()>, bucket: &str, form: Form) -> Result<Response<Body>, Refusal> {
    let Form { fields, file } = form;
    let (bucket, key) = (name_of(bucket)?, key_of(field(&fields, "key")?)?);
    let policy = fields.get("policy").map(Policy::parse).transpose()?;
    if let Some(policy) = &policy {
        policy.check(ask.services().store().clock(), bucket.as_str(), &fields)?;
    }
    let found = existing(&ask, bucket.as_str())?;
    ask.passing.authorize("s3:PutObject", bucket.as_str(), Some(key.as_str()))?;
    let headers = headers(&fields)?;
    let about = read_about(&headers, &fields)?;
    if !about.tags.is_empty() {
        ask.passing.authorize("s3:PutObjectTagging", bucket.as_str(), Some(key.as_str()))?;
    }
    let lengths = policy.map_or(0..=BODY_BYTES_MAX, |policy| policy.length());
    let algorithm = about::stated_algorithm(&headers)?;
    let named = about::text(&headers, "x-amz-checksum-algorithm").map(about::parse_algorithm).transpose()?;
    let algorithm = algorithm.or(named).unwrap_or(checksum::DEFAULT);
    let plan = Plan {
        algorithm,
        key: about::read_key(&headers, "")?,
        length: None,
        bytes_min: *lengths.start(),
        bytes_max: *lengths.end(),
    };
    let expected = || about::expected(&headers, None, algorithm);
    let received = ask.services().objects().receive(Box::pin(file.stream()), plan, expected).await?;
    let put = Put {
        bucket,
        key: key.clone(),
        about,
        conditions: WriteConditions::default(),
        kind: ChangeKind::Post,
        notifier: ask.notifier(),
    };
    let (object, _) = ask.services().objects().put(put, received).await?;
    let mut told = Told::default();
    written(&mut told, &object, keeps_versions(&found));
    tell_expiry(&ask, &mut told, &found, key.as_str(), &object)?;
    told.add("location", location(&ask, found.name.as_str(), key.as_str()));
    Ok(answer(told, &fields, &found.name, &key, &object))
}

/// What the fields say as headers of a put would.
fn headers(fields: &Fields) -> Result<HeaderMap, Refusal> {
    let mut headers = HeaderMap::new();
    for (name, value) in fields.iter() {
        let lower = name.to_ascii_lowercase();
        let name = match lower.as_str() {
            "acl" => "x-amz-acl",
            name if name.starts_with("x-amz-") || HEADERS.contains(&name) => name,
            _ => continue,
        };
        let invalid = || invalid_argument(&lower, value, "The field cannot be what it is.");
        let name = HeaderName::try_from(name).map_err(|_| invalid())?;
        headers.insert(name, HeaderValue::from_bytes(value.as_bytes()).map_err(|_| invalid())?);
    }
    Ok(headers)
}

fn read_about(headers: &HeaderMap, fields: &Fields) -> Result<About, Refusal> {
    let mut about = about::read(headers)?;
    if let Some(document) = fields.get("tagging") {
        let tagging: Result<dto::Tagging, _> = Deserialize::deserialize(&mut Deserializer::new(document.as_bytes()));
        about.tags = read_tags(&tagging.map_err(|_| malformed_xml())?.tag_set, OBJECT_TAGS_MAX)?;
    }
    Ok(about)
}

/// The answer that the form asks for: a redirection, a document, or none.
fn answer(told: Told, fields: &Fields, bucket: &BucketName, key: &ObjectKey, object: &Object) -> Response<Body> {
    let (bucket, key, etag) = (bucket.as_str(), key.as_str(), about::quoted(&object.etag));
    let location = about::text(&told.0, LOCATION.as_str()).unwrap_or_default();
    let document = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<PostResponse><Location>{}</Location><Bucket>{bucket}</Bucket>\
         <Key>{}</Key><ETag>{}</ETag></PostResponse>",
        escape(location),
        escape(key),
        escape(&etag)
    );
    let redirect = fields.get("success_action_redirect").or(fields.get("redirect")).and_then(redirect_to);
    let (status, body, redirect) = match (redirect, fields.get("success_action_status")) {
        (Some(to), _) => {
            let joint = if to.query().is_some() { '&' } else { '?' };
            let (key, etag) = (uri::encode(key), uri::encode(&etag));
            (StatusCode::SEE_OTHER, String::new(), Some(format!("{to}{joint}bucket={bucket}&key={key}&etag={etag}")))
        }
        (None, Some("200")) => (StatusCode::OK, String::new(), None),
        (None, Some("201")) => (StatusCode::CREATED, document, None),
        (None, Some(_) | None) => (StatusCode::NO_CONTENT, String::new(), None),
    };
    let mut response = Response::new(whole(body));
    *response.status_mut() = status;
    *response.headers_mut() = told.0;
    if status == StatusCode::CREATED {
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/xml"));
    }
    if let Some(to) = redirect.and_then(|to| HeaderValue::try_from(to).ok()) {
        response.headers_mut().insert(LOCATION, to);
    }
    response
}

/// Where a browser can be sent; anything else counts as nothing, as in the service.
fn redirect_to(text: &str) -> Option<Uri> {
    let uri: Uri = text.parse().ok()?;
    (matches!(uri.scheme_str(), Some("http" | "https")) && uri.host().is_some()).then_some(uri)
}
