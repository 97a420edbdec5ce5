//! How HTTP endpoints are tried: policies as users write them, and the delays that follow from them.

use std::time::Duration;

use serde::Deserialize;

/// Source of all: Amazon SNS developer guide, "Creating an HTTP/S delivery policy" (read 2026-11-24).
const DELAY_SECS_MAX: u32 = 3_600;
const RETRIES_MAX: u32 = 100;
const TARGET_SECS: u32 = 20;
const RETRIES: u32 = 3;
const CONTENT_TYPE: &str = "text/plain; charset=UTF-8";

/// What holds for one subscription.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Policy {
    pub retry: Retries,
    pub content_type: String,
}

/// Retries in four phases: at once, after the least delay, after delays that grow, after the longest one.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub(crate) struct Retries {
    min_delay_target: u32,
    max_delay_target: u32,
    num_retries: u32,
    num_max_delay_retries: u32,
    num_no_delay_retries: u32,
    num_min_delay_retries: u32,
    backoff_function: Growth,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Growth {
    Linear,
    Arithmetic,
    Geometric,
    Exponential,
}

impl Default for Retries {
    fn default() -> Retries {
        Retries {
            min_delay_target: TARGET_SECS,
            max_delay_target: TARGET_SECS,
            num_retries: RETRIES,
            num_max_delay_retries: 0,
            num_no_delay_retries: 0,
            num_min_delay_retries: 0,
            backoff_function: Growth::Linear,
        }
    }
}

/// A topic's policy.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct OfTopic {
    http: Http,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Http {
    default_healthy_retry_policy: Option<Retries>,
    disable_subscription_overrides: bool,
    default_request_policy: Option<Requests>,
}

/// A subscription's policy.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct OfSubscription {
    healthy_retry_policy: Option<Retries>,
    request_policy: Option<Requests>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Requests {
    header_content_type: Option<String>,
}

/// Whether a text is a topic's policy; if not, why.
pub fn check_of_topic(text: &str) -> Result<(), String> {
    let policy: OfTopic = serde_json::from_str(text).map_err(|error| error.to_string())?;
    policy.http.default_healthy_retry_policy.as_ref().map_or(Ok(()), Retries::check)
}

/// Whether a text is a subscription's policy; if not, why.
pub fn check_of_subscription(text: &str) -> Result<(), String> {
    let policy: OfSubscription = serde_json::from_str(text).map_err(|error| error.to_string())?;
    policy.healthy_retry_policy.as_ref().map_or(Ok(()), Retries::check)
}

impl Policy {
    /// Texts that are no policies count as none: they were checked when they were set.
    pub fn of(topic: Option<&str>, subscription: Option<&str>) -> Policy {
        let topic: OfTopic = topic.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
        let overrides = subscription.filter(|_| !topic.http.disable_subscription_overrides);
        let own: OfSubscription = overrides.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
        let requests = own.request_policy.or(topic.http.default_request_policy);
        let content_type = requests.and_then(|requests| requests.header_content_type);
        Policy {
            retry: own.healthy_retry_policy.or(topic.http.default_healthy_retry_policy).unwrap_or_default(),
            content_type: content_type.unwrap_or_else(|| CONTENT_TYPE.to_owned()),
        }
    }
}

impl Retries {
    fn check(&self) -> Result<(), String> {
        let phases = self.num_no_delay_retries + self.num_min_delay_retries + self.num_max_delay_retries;
        match self {
            _ if self.min_delay_target == 0 || self.min_delay_target > self.max_delay_target => {
                Err("minDelayTarget must be between 1 and maxDelayTarget".to_owned())
            }
            _ if self.max_delay_target > DELAY_SECS_MAX => {
                Err(format!("maxDelayTarget must be less than or equal to {DELAY_SECS_MAX}"))
            }
            _ if self.num_retries > RETRIES_MAX => {
                Err(format!("numRetries must be less than or equal to {RETRIES_MAX}"))
            }
            _ if phases > self.num_retries => Err("numRetries must be at least the sum of its phases".to_owned()),
            _ => Ok(()),
        }
    }

    /// The delay after a failure, of which there were so many before; none where it was the last.
    pub fn delay(&self, earlier: u32) -> Option<Duration> {
        let growing_from = self.num_no_delay_retries + self.num_min_delay_retries;
        let growing_to = self.num_retries.saturating_sub(self.num_max_delay_retries);
        let seconds = match earlier {
            _ if earlier >= self.num_retries => return None,
            _ if earlier < self.num_no_delay_retries => 0.0,
            _ if earlier < growing_from => f64::from(self.min_delay_target),
            _ if earlier >= growing_to => f64::from(self.max_delay_target),
            _ => {
                let last = (growing_to - growing_from).saturating_sub(1).max(1);
                self.grown(f64::from(earlier - growing_from) / f64::from(last))
            }
        };
        Some(Duration::from_secs_f64(seconds))
    }

    /// From the least delay at 0 to the longest at 1. The service shows curves and no formulas; these have their form.
    fn grown(&self, part: f64) -> f64 {
        let (least, longest) = (f64::from(self.min_delay_target), f64::from(self.max_delay_target));
        match self.backoff_function {
            Growth::Linear => least + (longest - least) * part,
            Growth::Arithmetic => least + (longest - least) * part * (part + 1.0) / 2.0,
            Growth::Geometric => least + (longest - least) * part * part,
            Growth::Exponential => least * (longest / least).powf(part),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn delays(policy: &str) -> Vec<u64> {
        let policy = Policy::of(None, Some(policy));
        (0..).map_while(|earlier| policy.retry.delay(earlier)).map(|delay| delay.as_secs()).collect()
    }

    #[test]
    fn delays_go_through_their_phases() {
        assert_eq!(delays("{}"), [20, 20, 20]);
        let phases = r#"{"healthyRetryPolicy": {"minDelayTarget": 1, "maxDelayTarget": 60, "numRetries": 8,
            "numNoDelayRetries": 2, "numMinDelayRetries": 1, "numMaxDelayRetries": 2, "backoffFunction": "linear"}}"#;
        assert_eq!(delays(phases), [0, 0, 1, 1, 30, 60, 60, 60]);
        let exponential = r#"{"healthyRetryPolicy": {"minDelayTarget": 1, "maxDelayTarget": 100, "numRetries": 3,
            "backoffFunction": "exponential"}}"#;
        assert_eq!(delays(exponential), [1, 10, 100]);
    }

    #[test]
    fn a_topic_may_forbid_policies_of_subscriptions() {
        let topic =
            r#"{"http": {"defaultHealthyRetryPolicy": {"numRetries": 1}, "disableSubscriptionOverrides": true}}"#;
        let own = r#"{"healthyRetryPolicy": {"numRetries": 5}}"#;
        assert_eq!(Policy::of(Some(topic), Some(own)).retry.num_retries, 1);
        assert_eq!(Policy::of(None, Some(own)).retry.num_retries, 5);
    }

    #[test]
    fn policies_have_bounds() {
        for (policy, fits) in [
            (r#"{"healthyRetryPolicy": {"minDelayTarget": 30}}"#, false),
            (r#"{"healthyRetryPolicy": {"maxDelayTarget": 3601}}"#, false),
            (r#"{"healthyRetryPolicy": {"numRetries": 101}}"#, false),
            (r#"{"healthyRetryPolicy": {"numNoDelayRetries": 4}}"#, false),
            (r#"{"healthyRetryPolicy": {"numRetries": 0}}"#, true),
            (r#"{"healthyRetryPolicy": {"nonsense": 0}}"#, false),
            ("[", false),
        ] {
            assert_eq!(check_of_subscription(policy).is_ok(), fits, "{policy}");
        }
    }
}
