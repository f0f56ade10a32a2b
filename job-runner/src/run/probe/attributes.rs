//! What the attributes of a queue say. Pure.

use std::collections::HashMap;

use aws_sdk_sqs::types::QueueAttributeName as Attribute;
use docmill_crds::api::ingest_run::probe::{MIN_RECEIVE_COUNT, Need, ProbeResult};
use serde_json::{Map, Value};

/// Services that pass notifications of a bucket on to a queue.
const SENDERS: [&str; 3] = ["s3.amazonaws.com", "sns.amazonaws.com", "events.amazonaws.com"];

/// The attributes of a queue that matter here.
#[derive(Debug, Default)]
pub(super) struct QueueFacts {
    /// Its ARN.
    pub(super) arn: Option<String>,
    /// Its redrive policy, as JSON.
    pub(super) redrive: Option<String>,
    /// Its policy, as JSON.
    pub(super) policy: Option<String>,
}

impl QueueFacts {
    /// Takes the answer of the queue.
    pub(super) fn of(mut attributes: HashMap<Attribute, String>) -> Self {
        let mut take = |name: Attribute| attributes.remove(&name).filter(|text| !text.is_empty());
        Self {
            arn: take(Attribute::QueueArn),
            redrive: take(Attribute::RedrivePolicy),
            policy: take(Attribute::Policy),
        }
    }
}

/// Judges a redrive policy: `{"deadLetterTargetArn": …, "maxReceiveCount": …}`, the number also as a text.
pub(super) fn redrive(policy: Option<&str>) -> ProbeResult {
    let Some(policy) = policy else { return ProbeResult::passed(Need::Redrive) };
    let policy: Value = serde_json::from_str(policy).unwrap_or_default();
    let count = policy.get("maxReceiveCount");
    let count = count.and_then(|count| count.as_i64().or_else(|| count.as_str()?.parse().ok()));
    match count {
        Some(count) if count >= MIN_RECEIVE_COUNT => ProbeResult::passed(Need::Redrive),
        Some(count) => ProbeResult::failed(Need::Redrive, &format!("maxReceiveCount is {count}")),
        None => ProbeResult::unknown(Need::Redrive, "the redrive policy has no maxReceiveCount"),
    }
}

/// Judges whether the policy of a queue lets S3 send notifications of a bucket. Conditions other than on the bucket's
/// ARN are not evaluated.
pub(super) fn policy(policy: Option<&str>, bucket: &str) -> ProbeResult {
    let Some(policy) = policy else {
        return ProbeResult::failed(Need::QueuePolicy, "the queue has no policy");
    };
    let policy: Value = serde_json::from_str(policy).unwrap_or_default();
    let statements = one_or_many(policy.get("Statement"));
    if statements.iter().any(|statement| lets_send(statement, bucket)) {
        return ProbeResult::passed(Need::QueuePolicy);
    }
    ProbeResult::failed(Need::QueuePolicy, "no statement lets S3 send for this bucket")
}

fn lets_send(statement: &Value, bucket: &str) -> bool {
    let is_allowed = statement.get("Effect").and_then(Value::as_str) == Some("Allow");
    let may_send = one_or_many(statement.get("Action")).iter().any(|action| {
        let action = action.as_str().unwrap_or_default().to_ascii_lowercase();
        ["*", "sqs:*", "sqs:send*", "sqs:sendmessage"].contains(&action.as_str())
    });
    is_allowed && may_send && concerns_s3(statement.get("Principal")) && concerns_bucket(statement, bucket)
}

fn concerns_s3(principal: Option<&Value>) -> bool {
    let Some(principal) = principal else { return false };
    let named = |kind: &str| one_or_many(principal.get(kind)).into_iter();
    is_one_of(principal, &["*"])
        || named("AWS").any(|account| is_one_of(account, &["*"]))
        || named("Service").any(|service| is_one_of(service, &SENDERS))
}

fn is_one_of(value: &Value, texts: &[&str]) -> bool {
    value.as_str().is_some_and(|text| texts.contains(&text))
}

/// Whether no condition on the ARN of the sender excludes the bucket.
fn concerns_bucket(statement: &Value, bucket: &str) -> bool {
    let arn = format!("arn:aws:s3:::{bucket}");
    let senders = senders(statement);
    senders.is_empty()
        || senders.into_iter().any(|sender| sender.as_str().is_some_and(|sender| matches(sender, &arn)))
}

/// The ARNs that the conditions of a statement name, such as `{"ArnEquals": {"aws:SourceArn": …}}`.
fn senders(statement: &Value) -> Vec<&Value> {
    let conditions = statement.get("Condition").and_then(Value::as_object);
    let named = conditions.into_iter().flat_map(Map::values).filter_map(Value::as_object).flatten();
    let of_source = named.filter(|(key, _)| key.eq_ignore_ascii_case("aws:SourceArn"));
    of_source.flat_map(|(_, arn)| one_or_many(Some(arn))).collect()
}

/// Whether the ARN of a sender, perhaps with a wildcard at its end, names the bucket. One of something else, such as a
/// topic, does not exclude it: notifications may come by way of that.
fn matches(sender: &str, bucket: &str) -> bool {
    let service = sender.split(':').nth(2);
    if service.is_some_and(|service| service != "s3") {
        return true;
    }
    // The same name in each partition: aws, aws-cn, aws-us-gov.
    let name = |arn: &str| arn.rsplit(':').next().unwrap_or_default().to_owned();
    let (sender, bucket) = (name(sender), name(bucket));
    match sender.strip_suffix('*') {
        Some(start) => bucket.starts_with(start),
        None => sender == bucket,
    }
}

fn one_or_many(value: Option<&Value>) -> Vec<&Value> {
    match value {
        Some(Value::Array(values)) => values.iter().collect(),
        Some(value) => vec![value],
        None => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use docmill_crds::api::ingest_run::probe::ProbeOutcome::{Failed, Passed, Unknown};
    use serde_json::{Value, json};

    use super::{policy, redrive};

    #[test]
    fn messages_must_survive_an_outage() {
        let outcome = |policy: &str| redrive(Some(policy)).outcome;
        assert_eq!(redrive(None).outcome, Passed, "no dead-letter queue at all");
        assert_eq!(outcome(r#"{"maxReceiveCount": 1000}"#), Passed);
        assert_eq!(outcome(r#"{"maxReceiveCount": "100"}"#), Passed);
        assert_eq!(outcome(r#"{"maxReceiveCount": 99}"#), Failed);
        assert_eq!(redrive(Some(r#"{"maxReceiveCount": "3"}"#)).detail, "maxReceiveCount is 3");
        assert_eq!(outcome("{}"), Unknown);
        assert_eq!(outcome("?"), Unknown);
    }

    fn statement(action: &Value, principal: &Value, source: &str) -> String {
        let condition = json!({"ArnEquals": {"aws:SourceArn": source}});
        let statement =
            json!({"Effect": "Allow", "Action": action, "Principal": principal, "Condition": condition});
        json!({"Version": "2012-10-17", "Statement": [statement]}).to_string()
    }

    #[test]
    fn the_policy_of_the_guide_lets_its_bucket_send_and_no_other() {
        let s3 = json!({"Service": "s3.amazonaws.com"});
        let guide = statement(&json!("sqs:SendMessage"), &s3, "arn:aws:s3:::news-raw");
        assert_eq!(policy(Some(&guide), "news-raw").outcome, Passed);
        assert_eq!(policy(Some(&guide), "news").outcome, Failed);
        let many = statement(&json!(["SQS:SendMessage"]), &s3, "arn:aws:s3:*:*:news-*");
        assert_eq!(policy(Some(&many), "news-raw").outcome, Passed);
        assert_eq!(policy(Some(&many), "other").outcome, Failed);
        let receive = statement(&json!("sqs:ReceiveMessage"), &s3, "arn:aws:s3:::news-raw");
        assert_eq!(policy(Some(&receive), "news-raw").outcome, Failed);
        assert_eq!(policy(None, "news-raw").outcome, Failed);
    }

    #[test]
    fn a_topic_in_between_may_send_too() {
        let topic = statement(
            &json!("sqs:*"),
            &json!({"Service": ["sns.amazonaws.com"]}),
            "arn:aws:sns:eu-west-1:123456789012:news",
        );
        assert_eq!(policy(Some(&topic), "news-raw").outcome, Passed);
        let anyone = json!({"Statement": {"Effect": "Allow", "Action": "sqs:SendMessage", "Principal": "*"}});
        assert_eq!(policy(Some(&anyone.to_string()), "news-raw").outcome, Passed);
        let denied = json!({"Statement": {"Effect": "Deny", "Action": "sqs:SendMessage", "Principal": "*"}});
        assert_eq!(policy(Some(&denied.to_string()), "news-raw").outcome, Failed);
    }
}
