use std::sync::Arc;

use docmill_crds::IngestSource;
use kube::core::DeserializeGuard;
use serde_json::json;

use super::{QUEUE_SHARED, check, identity};
use crate::controllers::ingest_source::tests::source;

fn named(namespace: &str, name: &str, url: &str) -> IngestSource {
    let mut source = source();
    source.metadata.namespace = Some(namespace.into());
    source.metadata.name = Some(name.into());
    source.metadata.uid = Some(format!("{namespace}/{name}"));
    if let Some(sqs) = &mut source.spec.trigger.sqs {
        sqs.queue_url = url.into();
    }
    source
}

fn ready(mut source: IngestSource, status: &str, reason: &str, generation: i64) -> IngestSource {
    let condition = json!({"type": "Ready", "status": status, "reason": reason, "message": "",
        "lastTransitionTime": "2026-01-01T00:00:00Z", "observedGeneration": generation});
    source.status = Some(serde_json::from_value(json!({"conditions": [condition]})).unwrap());
    source
}

/// The fault of the first of these sources.
fn fault_message(sources: &[&IngestSource]) -> Option<String> {
    let all: Vec<_> =
        sources.iter().map(|source| Arc::new(DeserializeGuard(Ok((*source).clone())))).collect();
    let queue_url = |source: &IngestSource| source.spec.trigger.queue_url().map(str::to_owned);
    let fault = check(sources[0], &all, queue_url).err()?;
    assert_eq!(fault.reason, QUEUE_SHARED);
    Some(fault.message)
}

const QUEUE: &str = "https://sqs.eu-west-1.amazonaws.com/1/wire";

#[test]
fn sources_of_one_queue_are_told_of_each_other() {
    let (a, b, c) = (named("n", "a", QUEUE), named("n", "b", QUEUE), named("n", "c", &format!("{QUEUE}2")));
    assert!(fault_message(&[&a, &b, &c]).is_some_and(|message| message.contains("IngestSource b takes")));
    assert!(fault_message(&[&b, &a, &c]).is_some_and(|message| message.contains("IngestSource a takes")));
    assert_eq!(fault_message(&[&c, &a, &b]), None);
    assert_eq!(fault_message(&[&a]), None, "not of itself");
}

#[test]
fn one_that_takes_nothing_shares_nothing() {
    let (a, b) = (named("n", "a", QUEUE), named("n", "b", QUEUE));
    let mut suspended = b.clone();
    suspended.spec.suspend = true;
    assert_eq!(fault_message(&[&a, &suspended]), None);
    assert_eq!(fault_message(&[&suspended, &a]), None);
    let mut terminating = b.clone();
    terminating.metadata.deletion_timestamp =
        Some(k8s_openapi::apimachinery::pkg::apis::meta::v1::Time(k8s_openapi::jiff::Timestamp::UNIX_EPOCH));
    assert_eq!(fault_message(&[&a, &terminating]), None);
    let mut polling = b;
    polling.spec.trigger.sqs = None;
    assert_eq!(fault_message(&[&a, &polling]), None);
}

#[test]
fn another_namespace_counts_once_it_has_reached_the_queue_and_is_not_named() {
    let (a, stranger) = (named("n", "a", QUEUE), named("secret-project", "b", QUEUE));
    assert_eq!(fault_message(&[&a, &stranger]), None, "nobody has looked at it yet");
    for (status, reason, generation, counts) in [
        ("True", "Reachable", 3, true),
        ("False", QUEUE_SHARED, 3, true),
        ("False", "QueueAccessDenied", 3, false),
        ("True", "Reachable", 2, false),
    ] {
        let message = fault_message(&[&a, &ready(stranger.clone(), status, reason, generation)]);
        assert_eq!(message.is_some(), counts, "{status} {reason} {generation}");
        let message = message.unwrap_or_default();
        assert!(!message.contains("secret-project") && !message.contains("IngestSource b"), "{message}");
    }
}

#[test]
fn all_spellings_of_a_url_are_one_queue() {
    for same in [
        "https://SQS.eu-west-1.amazonaws.com/1/wire/",
        "HTTPS://sqs.eu-west-1.amazonaws.com:443//1/wire",
        " http://sqs.eu-west-1.amazonaws.com/1/wire",
        "https://eu-west-1.queue.amazonaws.com/1/wire",
        "https://sqs-fips.eu-west-1.amazonaws.com/1/wire",
        "https://sqs.eu-west-1.api.aws/1/wire",
        "https://vpce-0a1b-2c3d.sqs.eu-west-1.vpce.amazonaws.com/1/wire",
    ] {
        assert_eq!(identity(same), identity(QUEUE), "{same}");
    }
    for [one, other] in [
        ["http://sqs:9324/0/wire", "http://SQS:9324/0/wire/"],
        ["http://sqs.example:80/0/wire", "http://sqs.example/0/wire"],
        ["https://queue.amazonaws.com/1/w", "https://sqs.us-east-1.amazonaws.com/1/w"],
    ] {
        assert_eq!(identity(one), identity(other));
    }
    for other in [
        "https://sqs.eu-west-1.amazonaws.com/1/Wire",
        "https://sqs.eu-west-1.amazonaws.com/2/wire",
        "https://sqs.eu-west-2.amazonaws.com/1/wire",
        "https://sqs.eu-west-1.amazonaws.com.example/1/wire",
        "no URL at all",
    ] {
        assert_ne!(identity(other), identity(QUEUE), "{other}");
    }
}
