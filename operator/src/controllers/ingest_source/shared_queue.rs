//! Sources that consume the same queue. Each notification reaches only one of them, so each would miss what
//! another one received: none of them works until only one is left. Pure.
//! A source that is suspended or being deleted consumes nothing, so a queue is handed over by suspending one
//! source before the other starts. A source in another namespace counts only once it has reached the queue
//! with its own credentials: naming a queue is not enough to stop another source.

pub mod consumers;

use std::sync::Arc;

use docmill_crds::IngestSource;
use http::Uri;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::ResourceExt as _;
use kube::core::DeserializeGuard;

use crate::outcome::conditions::{self, condition_type};
use crate::outcome::not_ready::NotReady;

/// Reason for sources that share a queue.
pub const QUEUE_SHARED: &str = "QueueShared";
/// Maximum number of source names in a message.
const NAMED: usize = 5;

/// Checks that none of the other sources consumes the queue of `source`. `queue_url` gives the URL of a source's queue.
pub fn check(
    source: &IngestSource,
    all: &[Arc<DeserializeGuard<IngestSource>>],
    queue_url: impl Fn(&IngestSource) -> Option<String>,
) -> Result<(), NotReady> {
    // The normalized identity of a source's queue.
    let queue_of = |source: &IngestSource| queue_url(source).map(|url| identity(&url));
    let Some(queue) = queue_of(source).filter(|_| !source.spec.suspend) else { return Ok(()) };
    let readable = all.iter().filter_map(|guard| guard.0.as_ref().ok());
    let others = readable.filter(|other| takes(other) && other.metadata.uid != source.metadata.uid);
    let sharing = others.filter(|other| queue_of(other).as_ref() == Some(&queue));
    let (own, elsewhere): (Vec<_>, Vec<_>) =
        sharing.partition(|other| other.namespace() == source.namespace());
    let elsewhere = elsewhere.iter().filter(|other| has_reached_its_queue(other)).count();
    let mut names: Vec<_> = own.iter().map(|other| other.name_any()).collect();
    names.sort();
    if names.is_empty() && elsewhere == 0 { Ok(()) } else { Err(shared(&names, elsewhere)) }
}

/// Whether a source consumes its queue, or will as soon as it can.
fn takes(source: &IngestSource) -> bool {
    !source.spec.suspend && source.metadata.deletion_timestamp.is_none()
}

/// Whether the last reconcile of a source reached its queue with the credentials in its own spec.
fn has_reached_its_queue(source: &IngestSource) -> bool {
    let Some(status) = &source.status else { return false };
    let ready = conditions::find(&status.conditions, condition_type::READY);
    let reached = |ready: &Condition| ready.status == "True" || ready.reason == QUEUE_SHARED;
    ready.is_some_and(|ready| ready.observed_generation == source.metadata.generation && reached(ready))
}

/// The fault. It does not disclose names of other namespaces.
fn shared(names: &[String], elsewhere: usize) -> NotReady {
    let more = if names.len() > NAMED { " and more" } else { "" };
    let own = format!("the IngestSource {}{more}", names[..names.len().min(NAMED)].join(", "));
    let others = match (names.is_empty(), elsewhere) {
        (false, 0) => own,
        (false, _) => format!("{own} and an IngestSource of another namespace"),
        (true, _) => "an IngestSource of another namespace".to_owned(),
    };
    NotReady::user(
        QUEUE_SHARED,
        format!(
            "{others} takes from the same queue, and each notification reaches only one of them: give each source a \
             queue of its own in spec.trigger.sqs.queueURL (an SNS topic or EventBridge fills several), or suspend all but one"
        ),
    )
}

/// One name for all spellings of a queue's URL: the case of the host, the default port, a trailing slash and
/// the choice of AWS endpoint do not make it a different queue.
fn identity(url: &str) -> String {
    let url = url.trim();
    let Ok(uri) = url.parse::<Uri>() else { return url.to_owned() };
    let Some(host) = uri.host().map(|host| host.trim_end_matches('.').to_ascii_lowercase()) else {
        return url.to_owned();
    };
    let path = uri.path().split('/').filter(|part| !part.is_empty()).collect::<Vec<_>>().join("/");
    if let Some(region) = aws_region(&host) {
        return format!("aws:{region}/{path}");
    }
    let port = uri.port_u16().unwrap_or(if uri.scheme_str() == Some("http") { 80 } else { 443 });
    format!("{host}:{port}/{path}")
}

/// The region of an endpoint of SQS at AWS
/// (<https://docs.aws.amazon.com/general/latest/gr/sqs-service.html>).
fn aws_region(host: &str) -> Option<&str> {
    let parts: Vec<&str> = host.split('.').collect();
    match parts[..] {
        ["queue", "amazonaws", "com"] => Some("us-east-1"),
        ["sqs" | "sqs-fips", region, "amazonaws", "com"]
        | ["sqs" | "sqs-fips", region, "amazonaws", "com", "cn"]
        | ["sqs" | "sqs-fips", region, "api", "aws"]
        | [region, "queue", "amazonaws", "com"]
        | [region, "queue", "amazonaws", "com", "cn"]
        | [_, "sqs", region, "vpce", "amazonaws", "com"] => Some(region),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
