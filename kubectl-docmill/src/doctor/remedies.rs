//! The policy statement or the command that mends a fault.

use docmill_crds::IngestSource;
use docmill_crds::api::ingest_run::probe::{MIN_RECEIVE_COUNT, Need, RAW_BUCKET_IS_IN};
use docmill_crds::api::ingest_source::IngestSourceSpec;
use docmill_crds::template::Template;
use kube::ResourceExt as _;
use serde_json::{Value, json};

use super::{arns, authority};
use crate::output::quoting::quoted;

/// What mends a need that is not met, for the reason of this detail.
pub fn of_need(need: Need, detail: &str, source: &IngestSource) -> String {
    match detail {
        _ if detail == "UnknownCA" || detail.ends_with("UnknownIssuer") => authority::trusted(need, source),
        "RequestTimeTooSkewed" | "RequestExpired" => CLOCK.to_owned(),
        "InvalidAccessKeyId" | "SignatureDoesNotMatch" | "InvalidClientTokenId" => {
            "Correct the keys in the Secret that credentialsSecretRef of spec.storage names.".to_owned()
        }
        "NoSuchBucket" => bucket_not_found(&source.spec),
        "QueueDoesNotExist" | "AWS.SimpleQueueService.NonExistentQueue" => QUEUE_NOT_FOUND.to_owned(),
        _ => of_permission(need, detail, source),
    }
}

fn of_permission(need: Need, detail: &str, source: &IngestSource) -> String {
    let spec = source.spec.clone().with_locations();
    let (raw, snapshots, errors) = (&spec.raw.bucket, &spec.snapshots.bucket, &spec.errors.bucket);
    let bucket = |name: &str| arns::bucket(&spec.storage.region, name);
    let objects = |name: &str| arns::objects(&spec.storage.region, name);
    match need {
        Need::ObjectStoreClient => "Correct spec.storage and its Secret, or ask the administrator to allow the address \
                                    (endpoints of the chart)."
            .to_owned(),
        Need::Region => region(detail, source),
        Need::ListRaw => worker(&["s3:ListBucket"], &bucket(raw)),
        Need::ReadRaw => worker(&["s3:GetObject", "s3:GetObjectVersion"], &objects(raw)),
        Need::ReadRawVersions => worker(&["s3:GetBucketVersioning", "s3:ListBucketVersions"], &bucket(raw)),
        Need::ReadRawTags => {
            worker(&["s3:GetObjectTagging", "s3:GetObjectVersionTagging"], &objects(raw))
        }
        Need::WriteSnapshots => worker(&["s3:PutObject"], &objects(snapshots)),
        Need::ReadSnapshots => worker(&["s3:GetObject"], &objects(snapshots)),
        Need::DeleteSnapshots => worker(&["s3:DeleteObject"], &objects(snapshots)),
        Need::AbortSnapshots => worker(&["s3:AbortMultipartUpload"], &objects(snapshots)),
        Need::WriteErrors => worker(&["s3:PutObject"], &objects(errors)),
        Need::ReadErrors => worker(&["s3:GetObject"], &objects(errors)),
        Need::DeleteErrors => worker(&["s3:DeleteObject"], &objects(errors)),
        Need::TagErrors => worker(&["s3:PutObjectTagging"], &objects(errors)),
        Need::Clock => CLOCK.to_owned(),
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
            Some(worker(&["s3:GetBucketNotification"], &arns::bucket(&spec.storage.region, &bucket)))
        }
        _ => None,
    }
}

/// What mends a source that is not ready for this reason. The message of the condition says the rest.
pub fn of_reason(reason: &str, spec: &IngestSourceSpec) -> String {
    let located = spec.clone().with_locations();
    let buckets = [&located.raw.bucket, &located.snapshots.bucket, &located.errors.bucket];
    match reason {
        "AccessDenied" => {
            let arns = buckets.map(|bucket| arns::bucket(&spec.storage.region, bucket));
            operator(&["s3:ListBucket"], &json!(arns))
        }
        "QueueAccessDenied" => operator(&["sqs:GetQueueAttributes"], &json!(queue_arn(spec))),
        "IndexAccessDenied" => role(spec),
        "BucketNotFound" => bucket_not_found(spec),
        "QueueNotFound" => QUEUE_NOT_FOUND.to_owned(),
        "StorageRefused" => {
            "Correct region, endpoint or forcePathStyle of spec.storage. The check Region says which region it has to be:\n  \
             kubectl docmill doctor SOURCE"
                .to_owned()
        }
        "UnknownCA" => {
            "The message names the server. What puts the certificate of its authority in its place stands below the check of that \
             server:\n  kubectl docmill doctor SOURCE"
                .to_owned()
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

const CLOCK: &str =
    "Set the clock of the node by NTP (for example chrony): stores refuse signatures of another time.";
const QUEUE_NOT_FOUND: &str =
    "Create the queue, or correct its URL:\n  aws sqs create-queue --queue-name QUEUE";

fn bucket_not_found(spec: &IngestSourceSpec) -> String {
    let region = &spec.storage.region;
    format!(
        "Create the bucket that is missing:\n  aws s3api create-bucket --bucket BUCKET --create-bucket-configuration \
         LocationConstraint={region}"
    )
}

/// The command that corrects the region, if the probe found out which one is right.
fn region(detail: &str, source: &IngestSource) -> String {
    let Some(region) = detail.strip_prefix(RAW_BUCKET_IS_IN) else {
        return "Correct spec.storage.region: it is the region of the buckets.".to_owned();
    };
    if let Some(connection) = &source.spec.storage.connection_ref {
        let (kind, name) = (connection.kind.as_str(), &connection.name);
        return format!("Set the region of the {kind} {name} to {region}.");
    }
    let patch = json!({"spec": {"storage": {"region": region}}});
    let (name, namespace) = (source.name_any(), source.namespace().unwrap_or_default());
    format!(
        "Set the region of the buckets:\n  kubectl patch ingestsource {} --namespace {} --type merge --patch {}",
        quoted(&name),
        quoted(&namespace),
        quoted(&patch.to_string())
    )
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
        "Condition": {"ArnEquals": {"aws:SourceArn": arns::bucket(&spec.storage.region, &spec.raw.bucket)}},
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
    use docmill_crds::IngestSource;
    use docmill_crds::api::ingest_run::probe::Need;
    use docmill_crds::api::ingest_source::IngestSourceSpec;
    use serde_json::json;

    use super::{of_model, of_reason, of_unknown};

    fn source() -> IngestSource {
        serde_json::from_value(json!({
            "apiVersion": "docmill.io/v1beta1",
            "kind": "IngestSource",
            "metadata": {"name": "wire", "namespace": "news"},
            "spec": {
                "storage": {"region": "eu-west-1", "bucket": "news"},
                "raw": {"bucket": "news-raw", "prefix": "wire/"},
                "trigger": {"sqs": {"queueURL": "https://sqs.eu-west-1.amazonaws.com/123456789012/wire"}},
                "conversion": {"preset": "nitf"},
                "index": {"elasticsearch": {"urls": ["http://es:9200"]}, "name": "articles-{date:%Y}", "id": "{id}"},
            },
        }))
        .unwrap()
    }

    fn spec() -> IngestSourceSpec {
        source().spec
    }

    fn of_need(need: Need, detail: &str) -> String {
        super::of_need(need, detail, &source())
    }

    #[test]
    fn a_permission_is_mended_by_its_statement() {
        let expected = "Add this statement to the policy of the workers:\n  \
            {\"Effect\":\"Allow\",\"Action\":\"s3:PutObject\",\"Resource\":\"arn:aws:s3:::news/*\"}";
        assert_eq!(
            of_need(Need::WriteErrors, "AccessDenied"),
            expected,
            "storage.bucket is the bucket for the rest"
        );
        let queue = of_need(Need::ReceiveMessages, "AccessDenied");
        assert!(queue.contains("\"arn:aws:sqs:eu-west-1:123456789012:wire\""), "{queue}");
    }

    #[test]
    fn every_need_has_a_remedy() {
        for need in Need::ALL {
            assert!(of_need(need, "AccessDenied").len() > 40, "{need}");
        }
    }

    #[test]
    fn a_queue_is_mended_by_commands() {
        let redrive = of_need(Need::Redrive, "maxReceiveCount is 3");
        assert!(redrive.ends_with("--attributes '{\"RedrivePolicy\":\"\"}'"), "{redrive}");
        let notification = of_need(Need::Notification, "the raw bucket sends nothing to this queue");
        assert!(notification.contains("--bucket news-raw "), "{notification}");
        assert!(notification.contains("{\"Name\":\"prefix\",\"Value\":\"wire/\"}"), "{notification}");
        assert!(of_need(Need::QueuePolicy, "the queue has no policy").contains("arn:aws:s3:::news-raw"));
    }

    #[test]
    fn privileges_are_those_of_the_indices_of_the_source() {
        let role = of_need(Need::IndexPrivileges, "monitor");
        assert!(role.contains("[\"articles-*\",\"docmill-*\"]"), "{role}");
        assert_eq!(of_reason("IndexAccessDenied", &spec()), role);
    }

    #[test]
    fn what_is_not_a_missing_permission_is_not_mended_by_one() {
        let skewed = of_need(Need::ListRaw, "RequestTimeTooSkewed");
        assert_eq!(skewed, of_need(Need::Clock, "the node is 900 s ahead of the object store"));
        assert!(of_need(Need::ListRaw, "NoSuchBucket").contains("create-bucket"));
        assert!(of_need(Need::ReadRaw, "SignatureDoesNotMatch").contains("credentialsSecretRef"));
        assert!(of_need(Need::IndexCluster, "UnknownCA").contains("ca.crt"));
        assert!(of_need(Need::ListRaw, "invalid peer certificate: UnknownIssuer").contains("ca.crt"));
    }

    #[test]
    fn a_wrong_region_is_mended_by_the_one_that_the_store_named() {
        let expected = r#"kubectl patch ingestsource wire --namespace news --type merge --patch '{"spec":{"storage":{"region":"us-east-2"}}}'"#;
        assert!(of_need(Need::Region, "the raw bucket is in us-east-2").ends_with(expected));
        assert!(of_need(Need::Region, "").contains("spec.storage.region"));
    }

    #[test]
    fn an_unanswered_question_asks_for_the_right_to_ask() {
        let remedy = of_unknown(Need::Redrive, "AccessDenied", &spec()).unwrap();
        assert!(remedy.contains("sqs:GetQueueAttributes"), "{remedy}");
        assert_eq!(of_unknown(Need::Redrive, "not AWS's object store", &spec()), None);
        assert_eq!(of_model("Reachable"), None);
    }
}
