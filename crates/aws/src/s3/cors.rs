//! Requests of pages of other sites: what browsers ask beforehand, and what answers tell them.
//!
//! Texts and headers: S3 User Guide, "Testing CORS" and "Troubleshooting CORS" (read 2026-11-24).

use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_HEADERS,
    ACCESS_CONTROL_REQUEST_METHOD, HeaderName, HeaderValue, ORIGIN, VARY,
};
use http::request::Parts;
use http::{HeaderMap, Method, Response};
use services::Services;
use services::bucket::cors::{Cors, CrossOrigin, Let};
use services::bucket::create::existing;
use services::bucket::{BucketName, config};
use services::run::Body;

use super::about::text;
use super::refusal::{Refusal, refusal};
use crate::protocol::whole;

const VARIES: &str = "Origin, Access-Control-Request-Headers, Access-Control-Request-Method";

/// Of the request, what matters to the answer's headers.
pub struct Asked {
    origin: String,
    method: String,
    cors: Cors,
}

/// `None` for a request from no other site, and where the bucket has no rules: answers then say nothing of it.
pub fn asked(services: &Services, parts: &Parts, bucket: Option<&str>) -> Option<Asked> {
    let origin = text(&parts.headers, ORIGIN.as_str())?.to_owned();
    let cors = rules(services, bucket?)??;
    Some(Asked { origin, method: parts.method.to_string(), cors })
}

/// The bucket's rules, if it has some; `None` for a bucket that is not there.
fn rules(services: &Services, bucket: &str) -> Option<Option<Cors>> {
    let name = BucketName::parse(bucket).ok()?;
    let found = services.store().read(|read| {
        let bucket = existing(read, &name)?;
        config::find(read, &bucket)
    });
    found.ok()
}

impl Asked {
    /// Tells a browser whether the page may see the answer.
    pub fn tell(&self, headers: &mut HeaderMap) {
        headers.append(VARY, HeaderValue::from_static(VARIES));
        let request = CrossOrigin { origin: &self.origin, method: &self.method, headers: Vec::new() };
        if let Some(found) = self.cors.rule(&request) {
            tell(headers, &self.origin, &found);
        }
    }
}

fn tell(headers: &mut HeaderMap, origin: &str, found: &Let<'_>) {
    let rule = found.rule;
    set(headers, ACCESS_CONTROL_ALLOW_ORIGIN, if found.anyone { "*" } else { origin });
    if !found.anyone {
        set(headers, ACCESS_CONTROL_ALLOW_CREDENTIALS, "true");
    }
    set(headers, ACCESS_CONTROL_ALLOW_METHODS, &rule.methods.join(", "));
    set(headers, ACCESS_CONTROL_EXPOSE_HEADERS, &rule.exposed.join(", "));
    set(headers, ACCESS_CONTROL_MAX_AGE, &rule.max_age_secs.map(|secs| secs.to_string()).unwrap_or_default());
}

fn set(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let (false, Ok(value)) = (value.is_empty(), HeaderValue::from_str(value)) {
        headers.insert(name, value);
    }
}

pub fn is_preflight(parts: &Parts) -> bool {
    parts.method == Method::OPTIONS
}

/// What a browser is told before the request itself. Nobody has signed it.
pub fn preflight(services: &Services, parts: &Parts, bucket: Option<&str>) -> Result<Response<Body>, Refusal> {
    let header = |name: HeaderName| text(&parts.headers, name.as_str());
    let bad = |message: String| refusal(400, "BadRequest", message);
    let Some(origin) = header(ORIGIN) else {
        return Err(bad("Insufficient information. Origin request header needed.".to_owned()));
    };
    let method = header(ACCESS_CONTROL_REQUEST_METHOD);
    let forbidden = |kind: &str, message: &str| {
        refusal(403, "AccessForbidden", format!("CORSResponse: {message}"))
            .field("Method", method.unwrap_or(Method::OPTIONS.as_str()))
            .field("ResourceType", kind)
    };
    let Some(rules) = bucket.and_then(|bucket| rules(services, bucket)) else {
        return Err(forbidden("BUCKET", "Bucket not found"));
    };
    let Some(cors) = rules else { return Err(forbidden("BUCKET", "CORS is not enabled for this bucket.")) };
    let known = method.filter(|method| super::config::CORS_METHODS.contains(method));
    let Some(method) = known else {
        return Err(bad(format!("Invalid Access-Control-Request-Method: {}", method.unwrap_or("null"))));
    };
    let asked = header(ACCESS_CONTROL_REQUEST_HEADERS).unwrap_or_default();
    let asked: Vec<&str> = asked.split(',').map(str::trim).filter(|name| !name.is_empty()).collect();
    let Some(found) = cors.rule(&CrossOrigin { origin, method, headers: asked.clone() }) else {
        let text = "This CORS request is not allowed. This is usually because the evalution of Origin, request method / \
                    Access-Control-Request-Method or Access-Control-Request-Headers are not whitelisted by the \
                    resource's CORS spec.";
        return Err(forbidden("OBJECT", text));
    };
    let mut response = Response::new(whole(""));
    let headers = response.headers_mut();
    tell(headers, origin, &found);
    set(headers, ACCESS_CONTROL_ALLOW_HEADERS, &asked.join(", ").to_ascii_lowercase());
    headers.insert(VARY, HeaderValue::from_static(VARIES));
    Ok(response)
}
