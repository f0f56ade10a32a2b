//! The policy statement or the command that mends a fault.

use docmill_crds::api::ingest_run::probe::{MIN_RECEIVE_COUNT, Need};
use docmill_crds::api::ingest_source::IngestSourceSpec;
use docmill_crds::template::Template;
use serde_json::{Value, json};

use super::arns;

/// What mends a need that is not met.
pub fn of_need(need: Need, spec: &IngestSourceSpec) -> String {
    let spec = spec.clone().with_locations();
    let (raw, snapshots, errors) = (&spec.raw.bucket, &spec.snapshots.bucket, &spec.errors.bucket);
    match need {
        Need::ObjectStoreClient => "Correct spec.storage and its Secret, or ask the administrator to allow the address \
                                    (endpoints of the chart)."
            .to_owned(),
        Need::ListRaw => worker(&["s3:ListBucket"], &arns::bucket(raw)),
        Need::ReadRaw => worker(&["s3:GetObject", "s3:GetObjectVersion"], &arns::objects(raw)),
        Need::ReadRawVersions => worker(&["s3:GetBucketVersioning", "s3:ListBucketVersions"], &arns::bucket(raw)),
        Need::ReadRawTags => {
            worker(&["s3:GetObjectTagging", "s3:GetObjectVersionTagging"], &arns::objects(raw))
        }
        Need::WriteSnapshots => worker(&["s3:PutObject"], &arns::objects(snapshots)),
        Need::ReadSnapshots => worker(&["s3:GetObject"], &arns::objects(snapshots)),
        Need::DeleteSnapshots => worker(&["s3:DeleteObject"], &arns::objects(snapshots)),
        Need::AbortSnapshots => worker(&["s3:AbortMultipartUpload"], &arns::objects(snapshots)),
        Need::WriteErrors => worker(&["s3:PutObject"], &arns::objects(errors)),
        Need::ReadErrors => worker(&["s3:GetObject"], &arns::objects(errors)),
        Need::DeleteErrors => worker(&["s3:DeleteObject"], &arns::objects(errors)),
        Need::TagErrors => worker(&["s3:PutObjectTagging"], &arns::objects(errors)),
        Need::Clock => "Set the clock of the node by NTP (for example chrony): stores refuse signatures of another time."
            .to_owned(),
        Need::QueueClient => "Correct spec.trigger.sqs and its Secret, or ask the administrator to allow the address \
                              (endpoints of the chart)."
            .to_owned(),
        Need::ReceiveMessages => worker(&["sqs:ReceiveMessage"], &queue_arn(&spec)),
        Need::DeleteMessages => worker(&["sqs:DeleteMessage"], &queue_arn(&spec)),
        Need::ReleaseMessages => worker(&["sqs:ChangeMessageVisibility"], &queue_arn(&spec)),
        Need::Redrive => redrive(&spec),
        Need::QueuePolicy => queue_policy(&spec),
        Need::Notification => notification(&spec),
        Need::IndexCluster | Need::LedgerCluster => {
            "Check that the cluster runs, that pods of this namespace can reach it (Service, DNS, network policies), and \
             the Secret of its credentials."
                .to_owned()
        }
        Need::IndexPrivileges | Need::LedgerPrivileges => role(&spec),
    }
}

/// What mends an unanswered need: the permission to ask, where there is one.
pub fn of_unknown(need: Need, detail: &str, spec: &IngestSourceSpec) -> Option<String> {
    if !detail.contains("AccessDenied") {
        return None;
    }
    match need {
        Need::Redrive | Need::QueuePolicy => Some(worker(&["sqs:GetQueueAttributes"], &queue_arn(spec))),
        Need::Notification => {
            let bucket = spec.clone().with_locations().raw.bucket;
            Some(worker(&["s3:GetBucketNotification"], &arns::bucket(&bucket)))
        }
        _ => None,
    }
}

/// What mends a source that is not ready for this reason. The message of the condition says the rest.
pub fn of_reason(reason: &str, spec: &IngestSourceSpec) -> String {
    let located = spec.clone().with_locations();
    let buckets = [&located.raw.bucket, &located.snapshots.bucket, &located.errors.bucket];
    match reason {
        "AccessDenied" => operator(&["s3:ListBucket"], &json!(buckets.map(|bucket| arns::bucket(bucket)))),
        "QueueAccessDenied" => operator(&["sqs:GetQueueAttributes"], &json!(queue_arn(spec))),
        "IndexAccessDenied" => role(spec),
        "BucketNotFound" => {
            let region = &spec.storage.region;
            let create = format!(
                "aws s3api create-bucket --bucket BUCKET --create-bucket-configuration LocationConstraint={region}"
            );
            format!("Create the bucket that the message names:\n  {create}")
        }
        "QueueNotFound" => {
            "Create the queue, or correct its URL:\n  aws sqs create-queue --queue-name QUEUE".to_owned()
        }
        "SecretNotAllowed" => {
            "If the Secret is meant for Docmill:\n  kubectl label secret NAME docmill.io/use=true".to_owned()
        }
        _ => format!("What this reason asks for: docs/reference/conditions.md#ready ({reason})"),
    }
}

/// What mends a run whose model cannot be used.
pub fn of_model(reason: &str) -> Option<String> {
    let remedy = match reason {
        "ModelUnreachable" => {
            "Start the server of the model, or correct the URL of the enricher; see from a pod whether it \
                               answers:\n  kubectl run probe --rm -i --restart=Never --image=curlimages/curl -- curl -sv URL"
        }
        "ModelAccessDenied" => "Correct the keys of the Secret that secretRef of the enricher names.",
        "ModelNotFound" => "Correct the name of the model, its version or the URL of the enricher.",
        "ModelUnfit" => "Correct the inputs and outputs of the enricher, or name another model.",
        _ => return None,
    };
    Some(remedy.to_owned())
}

fn worker(actions: &[&str], resource: &str) -> String {
    format!("Add this statement to the policy of the workers:\n  {}", statement(actions, &json!(resource)))
}

fn operator(actions: &[&str], resource: &Value) -> String {
    format!("Add this statement to the policy of the credentials:\n  {}", statement(actions, resource))
}

fn statement(actions: &[&str], resource: &Value) -> Value {
    let action = match actions {
        [action] => json!(action),
        actions => json!(actions),
    };
    json!({"Effect": "Allow", "Action": action, "Resource": resource})
}

fn queue_url(spec: &IngestSourceSpec) -> Option<&str> {
    spec.trigger.queue_url().filter(|url| !url.is_empty())
}

fn queue_arn(spec: &IngestSourceSpec) -> String {
    arns::queue(queue_url(spec))
}

fn redrive(spec: &IngestSourceSpec) -> String {
    let url = queue_url(spec).unwrap_or("QUEUE_URL");
    format!(
        "During an outage workers receive the same messages again and again, and Docmill has a dead letter store of its own \
         (the errors bucket). Remove the redrive policy, or set maxReceiveCount to {MIN_RECEIVE_COUNT} or more:\n  aws sqs \
         set-queue-attributes --queue-url {url} --attributes '{{\"RedrivePolicy\":\"\"}}'"
    )
}

fn queue_policy(spec: &IngestSourceSpec) -> String {
    let url = queue_url(spec).unwrap_or("QUEUE_URL");
    let policy = json!({
        "Effect": "Allow",
        "Principal": {"Service": "s3.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": queue_arn(spec),
        "Condition": {"ArnEquals": {"aws:SourceArn": arns::bucket(&spec.raw.bucket)}},
    });
    format!("Add this statement to the policy of the queue {url}:\n  {policy}")
}

/// `spec` has its locations spelled out.
fn notification(spec: &IngestSourceSpec) -> String {
    let rules = json!([{"Name": "prefix", "Value": spec.raw.prefix}]);
    let configured = json!({"QueueConfigurations": [{
        "QueueArn": queue_arn(spec),
        "Events": ["s3:ObjectCreated:*"],
        "Filter": {"Key": {"FilterRules": rules}},
    }]});
    format!(
        "Have the bucket announce its objects. This replaces the notifications of the bucket: add those that it has to the \
         list.\n  aws s3api put-bucket-notification-configuration --bucket {} --notification-configuration '{configured}'",
        spec.raw.bucket
    )
}

/// The role of the Elasticsearch user.
fn role(spec: &IngestSourceSpec) -> String {
    let articles = spec.index.as_ref().and_then(|index| Template::parse(&index.name).ok());
    let names: Vec<String> =
        articles.iter().map(Template::wildcard).chain(["docmill-*".to_owned()]).collect();
    let role = json!({
        "cluster": ["monitor", "manage_index_templates"],
        "indices": [{"names": names, "privileges": ["all"]}],
    });
    format!(
        "Give the user of the cluster a role with these privileges:\n  PUT /_security/role/docmill\n  {role}"
    )
}

#[cfg(test)]
mod tests {
    use docmill_crds::api::ingest_run::probe::Need;
    use docmill_crds::api::ingest_source::IngestSourceSpec;
    use serde_json::json;

    use super::{of_model, of_need, of_reason, of_unknown};

    fn spec() -> IngestSourceSpec {
        serde_json::from_value(json!({
            "storage": {"region": "eu-west-1", "bucket": "news"},
            "raw": {"bucket": "news-raw", "prefix": "wire/"},
            "trigger": {"sqs": {"queueURL": "https://sqs.eu-west-1.amazonaws.com/123456789012/wire"}},
            "conversion": {"preset": "nitf"},
            "index": {"elasticsearch": {"urls": ["http://es:9200"]}, "name": "articles-{date:%Y}", "id": "{id}"},
        }))
        .unwrap()
    }

    #[test]
    fn a_permission_is_mended_by_its_statement() {
        let expected = "Add this statement to the policy of the workers:\n  \
            {\"Effect\":\"Allow\",\"Action\":\"s3:PutObject\",\"Resource\":\"arn:aws:s3:::news/*\"}";
        assert_eq!(
            of_need(Need::WriteErrors, &spec()),
            expected,
            "storage.bucket is the bucket for the rest"
        );
        let queue = of_need(Need::ReceiveMessages, &spec());
        assert!(queue.contains("\"arn:aws:sqs:eu-west-1:123456789012:wire\""), "{queue}");
    }

    #[test]
    fn every_need_has_a_remedy() {
        for need in Need::ALL {
            assert!(of_need(need, &spec()).len() > 40, "{need}");
        }
    }

    #[test]
    fn a_queue_is_mended_by_commands() {
        let redrive = of_need(Need::Redrive, &spec());
        assert!(redrive.ends_with("--attributes '{\"RedrivePolicy\":\"\"}'"), "{redrive}");
        let notification = of_need(Need::Notification, &spec());
        assert!(notification.contains("--bucket news-raw "), "{notification}");
        assert!(notification.contains("{\"Name\":\"prefix\",\"Value\":\"wire/\"}"), "{notification}");
        assert!(of_need(Need::QueuePolicy, &spec()).contains("arn:aws:s3:::news-raw"));
    }

    #[test]
    fn privileges_are_those_of_the_indices_of_the_source() {
        let role = of_need(Need::IndexPrivileges, &spec());
        assert!(role.contains("[\"articles-*\",\"docmill-*\"]"), "{role}");
        assert_eq!(of_reason("IndexAccessDenied", &spec()), role);
    }

    #[test]
    fn an_unanswered_question_asks_for_the_right_to_ask() {
        let remedy = of_unknown(Need::Redrive, "AccessDenied", &spec()).unwrap();
        assert!(remedy.contains("sqs:GetQueueAttributes"), "{remedy}");
        assert_eq!(of_unknown(Need::Redrive, "not AWS's object store", &spec()), None);
        assert_eq!(of_model("Reachable"), None);
    }
}
