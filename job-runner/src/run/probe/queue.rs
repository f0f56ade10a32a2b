//! What a worker needs of the queue, and whether notifications reach it.

use aws_sdk_sqs::types::QueueAttributeName as Attribute;
use docmill_clients::aws;
use docmill_clients::secrets::mounted;
use docmill_crds::api::ingest_run::probe::{Need, ProbeOutcome, ProbeResult};
use docmill_crds::api::ingest_source::IngestSourceSpec;
use docmill_crds::contract::secret_mount;

use super::answer::{self, NoAnswer, ask, granted, permitted, unanswered};
use super::attributes::{QueueFacts, policy, redrive};
use super::notification;

/// A receipt that no message has.
const NO_RECEIPT: &str = "docmill-probe";
/// Stores other than AWS announce objects in their own ways, and their queues know no policies.
const NOT_AWS: &str = "not AWS's object store";
/// How the hosts of AWS's own endpoints end, in all partitions.
const AWS_DOMAINS: [&str; 2] = [".amazonaws.com", ".amazonaws.com.cn"];

/// Asks for everything that a worker does with the queue; nothing if the source has none.
pub(super) async fn probe(spec: &IngestSourceSpec, s3: Option<&aws_sdk_s3::Client>) -> Vec<ProbeResult> {
    let Some(url) = spec.trigger.queue_url() else { return Vec::new() };
    let mount = if spec.queue_credentials().is_empty() { secret_mount::STORAGE } else { secret_mount::QUEUE };
    let secrets = match mounted(mount) {
        Ok(secrets) => secrets,
        Err(error) => return vec![ProbeResult::failed(Need::QueueClient, &error.to_string())],
    };
    match aws::sqs_client(&spec.queue_storage(), url, &secrets).await {
        Ok(sqs) => {
            let mut results = vec![ProbeResult::passed(Need::QueueClient)];
            results.extend(Box::pin(ask_queue(&sqs, url, spec, s3)).await);
            results
        }
        Err(error) => vec![answer::client(Need::QueueClient, &error)],
    }
}

async fn ask_queue(
    sqs: &aws_sdk_sqs::Client,
    url: &str,
    spec: &IngestSourceSpec,
    s3: Option<&aws_sdk_s3::Client>,
) -> Vec<ProbeResult> {
    let delete = sqs.delete_message().queue_url(url).receipt_handle(NO_RECEIPT);
    let release = sqs.change_message_visibility().queue_url(url).receipt_handle(NO_RECEIPT);
    let attributes = sqs.get_queue_attributes().queue_url(url).attribute_names(Attribute::All);
    let (deleted, released, attributes) =
        tokio::join!(ask(delete.send()), ask(release.visibility_timeout(0).send()), ask(attributes.send()),);
    let facts = attributes.map(|answer| QueueFacts::of(answer.attributes.unwrap_or_default()));
    let redrive = of_attributes(Need::Redrive, &facts, |facts| redrive(facts.redrive.as_deref()));
    vec![
        receive(sqs, url, &redrive).await,
        permitted(Need::DeleteMessages, &deleted),
        permitted(Need::ReleaseMessages, &released),
        redrive,
        queue_policy(spec, &facts),
        announcement(spec, &facts, s3).await,
    ]
}

/// Receives at most one message, which is visible again at once. Not if that could move it to a dead-letter queue.
async fn receive(sqs: &aws_sdk_sqs::Client, url: &str, redrive: &ProbeResult) -> ProbeResult {
    if redrive.outcome == ProbeOutcome::Failed {
        return ProbeResult::unknown(Need::ReceiveMessages, "correct the redrive policy first");
    }
    let receive = sqs.receive_message().queue_url(url).max_number_of_messages(1);
    let received = ask(receive.visibility_timeout(0).wait_time_seconds(0).send()).await;
    granted(Need::ReceiveMessages, &received)
}

fn of_attributes(
    need: Need,
    facts: &Result<QueueFacts, NoAnswer>,
    judge: impl FnOnce(&QueueFacts) -> ProbeResult,
) -> ProbeResult {
    match facts {
        Ok(facts) => judge(facts),
        Err(error) => unanswered(need, error),
    }
}

fn queue_policy(spec: &IngestSourceSpec, facts: &Result<QueueFacts, NoAnswer>) -> ProbeResult {
    if !is_aws(spec.storage.endpoint.as_deref()) {
        return ProbeResult::unknown(Need::QueuePolicy, NOT_AWS);
    }
    of_attributes(Need::QueuePolicy, facts, |facts| policy(facts.policy.as_deref(), &spec.raw.bucket))
}

async fn announcement(
    spec: &IngestSourceSpec,
    facts: &Result<QueueFacts, NoAnswer>,
    s3: Option<&aws_sdk_s3::Client>,
) -> ProbeResult {
    let Some(s3) = s3.filter(|_| is_aws(spec.storage.endpoint.as_deref())) else {
        return ProbeResult::unknown(Need::Notification, NOT_AWS);
    };
    let arn = facts.as_ref().ok().and_then(|facts| facts.arn.as_deref());
    let get = s3.get_bucket_notification_configuration().bucket(&spec.raw.bucket);
    match ask(get.send()).await {
        Ok(configured) => notification::judge(&configured, arn, &spec.raw),
        Err(error) => unanswered(Need::Notification, &error),
    }
}

/// Whether the object store is AWS's: without an endpoint, or with one of AWS, such as that of a VPC.
fn is_aws(endpoint: Option<&str>) -> bool {
    let Some(endpoint) = endpoint else { return true };
    let authority = endpoint.split_once("://").map_or(endpoint, |(_, rest)| rest);
    let host = authority.split(['/', ':']).next().unwrap_or_default();
    AWS_DOMAINS.iter().any(|domain| host.ends_with(*domain))
}

#[cfg(test)]
mod tests {
    use super::is_aws;

    #[test]
    fn endpoints_of_aws_are_known_by_their_domain() {
        assert!(is_aws(None));
        for endpoint in [
            "https://s3.eu-west-1.amazonaws.com",
            "https://bucket.vpce-1a2b-5c6d.s3.eu-west-1.vpce.amazonaws.com/",
            "https://s3.cn-north-1.amazonaws.com.cn:443",
        ] {
            assert!(is_aws(Some(endpoint)), "{endpoint}");
        }
        for endpoint in ["http://minio:9000", "https://amazonaws.com.example.com", "https://notamazonaws.com"]
        {
            assert!(!is_aws(Some(endpoint)), "{endpoint}");
        }
    }
}
