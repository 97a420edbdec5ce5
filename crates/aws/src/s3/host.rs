//! Buckets in host names: `<bucket>.s3.<region>.localhost`, `<bucket>.s3.localhost` and `<bucket>.localhost`.

use http::request::Parts;
use s3s::S3Result;
use s3s::host::{S3Host, VirtualHost};

use crate::api::authority;

/// Domains under which buckets are found. The last one is AWS's, for clients whose resolver sends its names here.
const DOMAINS: [&str; 2] = ["localhost", "amazonaws.com"];

/// Reads the bucket out of a host.
#[derive(Clone)]
pub struct Hosts {
    /// The installation's own name, if it has one.
    pub domain: Option<Box<str>>,
}

/// What a request is for, as its host and path have it. Nobody has asked yet whether it is there, or could be.
#[derive(Debug, PartialEq, Eq)]
pub struct Address {
    pub bucket: Option<String>,
    pub key: Option<String>,
}

impl Hosts {
    pub fn address(&self, parts: &Parts) -> Address {
        let path = crate::uri::decode(parts.uri.path());
        let path = path.strip_prefix('/').unwrap_or(&path);
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        match self.bucket(&authority(parts)) {
            Some(bucket) => Address { bucket: some(bucket), key: some(path) },
            None => {
                let (bucket, key) = path.split_once('/').unwrap_or((path, ""));
                Address { bucket: some(bucket), key: some(key) }
            }
        }
    }

    /// The bucket and the domain that it is under; no bucket for a host that names none.
    fn bucket<'a>(&self, host: &'a str) -> Option<&'a str> {
        let name = without_port(host);
        let own = self.domain.as_deref().map(without_port).filter(|own| own.parse::<std::net::IpAddr>().is_err());
        let domain = DOMAINS.into_iter().chain(own).find_map(|domain| name.strip_suffix(domain)?.strip_suffix('.'))?;
        // What stands before the domain: `bucket.s3.region`, `bucket.s3`, `s3.region`, `s3` or `bucket`.
        if domain == "s3" || (domain.starts_with("s3.") && !domain[3..].contains('.')) {
            return None;
        }
        match domain.rsplit_once(".s3.") {
            Some((bucket, region)) if !region.contains('.') => Some(bucket),
            Some(_) | None => Some(domain.strip_suffix(".s3").unwrap_or(domain)),
        }
    }
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        Some(_) | None => host,
    }
}

impl S3Host for Hosts {
    fn parse_host_header<'a>(&'a self, host: &'a str) -> S3Result<VirtualHost<'a>> {
        let found = VirtualHost::new(host);
        Ok(match self.bucket(host) {
            Some(bucket) => found.with_bucket(bucket),
            None => found,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_are_read_out_of_hosts() {
        let hosts = Hosts { domain: Some("files.example.com:4566".into()) };
        let cases = [
            ("photos.s3.eu-central-1.localhost:4566", Some("photos")),
            ("a.b.s3.eu-central-1.localhost", Some("a.b")),
            ("photos.s3.localhost:4566", Some("photos")),
            ("photos.localhost:4566", Some("photos")),
            ("s3.localhost:4566", None),
            ("s3.eu-central-1.localhost", None),
            ("localhost:4566", None),
            ("localhost", None),
            ("127.0.0.1:4566", None),
            ("nought.internal:4566", None),
            ("files.example.com", None),
            ("photos.files.example.com:4566", Some("photos")),
            ("photos.s3.us-west-2.amazonaws.com", Some("photos")),
        ];
        for (host, wanted) in cases {
            assert_eq!(hosts.bucket(host), wanted, "{host}");
        }
    }
}
