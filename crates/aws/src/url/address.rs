//! Which function URL a request is for, by its path or its host.

use http::header::HOST;
use http::{HeaderMap, Uri};
use services::name::Region;

/// The prefix of the path form.
const PREFIX: &str = "/_url/";
/// The second label of every function URL's host.
const LABEL: &str = "lambda-url";

/// A function URL as a request named it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    pub id: String,
    /// Path and query as the function sees them.
    pub target: Uri,
    /// The host's name, where the request was addressed by it.
    pub domain: Option<String>,
}

impl Address {
    /// Whether a URL of this region is meant: the host form names one.
    pub fn is_in(&self, region: &Region) -> bool {
        self.domain.as_ref().is_none_or(|domain| domain.split('.').nth(2) == Some(region.as_str()))
    }

    pub fn domain_name(&self, region: &Region) -> String {
        self.domain.clone().unwrap_or_else(|| format!("{}.{LABEL}.{region}.localhost", self.id))
    }
}

/// The function URL that a request is for; `None` for any other request.
pub fn address(uri: &Uri, headers: &HeaderMap) -> Option<Address> {
    by_path(uri).or_else(|| by_host(uri, headers))
}

fn by_path(uri: &Uri) -> Option<Address> {
    let rest = uri.path().strip_prefix(PREFIX)?;
    let (id, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let path = if path.is_empty() { "/" } else { path };
    Some(Address { id: id.to_owned(), target: target(path, uri.query())?, domain: None })
}

fn by_host(uri: &Uri, headers: &HeaderMap) -> Option<Address> {
    let header = headers.get(HOST).and_then(|value| value.to_str().ok());
    let authority = header.or(uri.authority().map(|authority| authority.as_str()))?;
    let domain = authority.rsplit_once(':').map_or(authority, |(host, _)| host).to_ascii_lowercase();
    let mut labels = domain.split('.');
    let (id, label) = (labels.next()?.to_owned(), labels.next()?);
    (label == LABEL).then_some(())?;
    Some(Address { id, target: target(uri.path(), uri.query())?, domain: Some(domain) })
}

fn target(path: &str, query: Option<&str>) -> Option<Uri> {
    match query {
        Some(query) => format!("{path}?{query}").parse().ok(),
        None => path.parse().ok(),
    }
}
