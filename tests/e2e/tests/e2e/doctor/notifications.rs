//! A queue of AWS whose policy lets no bucket send, and a bucket that announces nothing. Proxies stand in for AWS: the source
//! names no endpoint, and its workers are told of one by the variable that the SDK reads.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use e2e::articles::Form;
use e2e::cluster::Kind;
use e2e::faults::{Action, Answer, Match, Proxy, Rule};
use e2e::resources::SOURCE;
use e2e::world::{self, World};
use serde_json::{Value, json};

use super::examine::examine;
use super::policy::{argument, json_of};

/// The ARN of the queue.
const ARN: &str = "arn:aws:sqs:eu-west-1:123456789012:wire";
/// What the doctor prints for a queue whose URL is not one of AWS.
const UNTOLD: &str = "QUEUE_ARN";
/// Within how long the operator has found out that it does not reach AWS itself.
const SEEN: Duration = Duration::from_mins(1);
/// What has to be found.
const PLANTED: [&str; 2] = ["QueuePolicy", "Notification"];

#[tokio::test]
async fn a_queue_that_hears_nothing_of_its_bucket_is_found() -> Result<()> {
    world::run("doctor-events", async |world| {
        let host = world.env.host_address.as_str();
        let s3 = Proxy::start(host, &world.env.s3.outside).await?;
        let sqs = Proxy::start(host, &world.env.sqs.outside).await?;
        let attributes = queue(&sqs, &json!({"QueueArn": ARN}));
        let notification = bucket(&s3, world, "");
        world.apply(&source(world, &s3, &sqs)?).await?;
        world.condition((Kind::IngestSource, SOURCE), "Ready", ("False", ""), SEEN).await?;

        let diagnosis = examine(world).await?;
        let [queue_policy, announced] = [diagnosis.fault(PLANTED[0])?, diagnosis.fault(PLANTED[1])?];
        ensure!(queue_policy.detail == "the queue has no policy", "{queue_policy:?}");
        ensure!(announced.detail == "the raw bucket sends nothing to this queue", "{announced:?}");

        let statement = with_arn(&json_of(&queue_policy)?)?;
        let policy = json!({"Version": "2012-10-17", "Statement": [statement]}).to_string();
        attributes.remove();
        queue(&sqs, &json!({"QueueArn": ARN, "Policy": policy}));
        let configuration = with_arn(&argument(&announced, "--notification-configuration")?)?;
        notification.remove();
        bucket(&s3, world, &in_xml(&configuration)?);
        examine(world).await?.has_passed(&PLANTED)
    })
    .await
}

fn source(world: &World, s3: &Proxy, sqs: &Proxy) -> Result<Value> {
    let mut source = world.ingest_source(Form::Nitf);
    let queue = world.queue_url.splitn(4, '/').nth(3).context("the URL of the queue has no path")?;
    source["spec"]["trigger"]["sqs"]["queueURL"] = format!("{}/{queue}", sqs.url()).into();
    let env = json!([{"name": "AWS_ENDPOINT_URL_S3", "value": s3.url()}]);
    source["spec"]["workers"]["podTemplate"] = json!({"spec": {"env": env}});
    let storage = source["spec"]["storage"].as_object_mut().context("no storage")?;
    storage.remove("endpoint");
    Ok(source)
}

/// The answer to a probe that asks for all attributes of the queue.
fn queue(sqs: &Proxy, attributes: &Value) -> Rule {
    let ask = Match::any().target("GetQueueAttributes").body("\"All\"");
    sqs.rule(ask, Action::Answer(Answer::json(200, &json!({"Attributes": attributes}))))
}

/// The answer to a probe that asks what the bucket announces.
fn bucket(s3: &Proxy, world: &World, configured: &str) -> Rule {
    let ask = Match::any().method("GET").path(format!("/{}", world.raw_bucket())).path("?notification");
    let xmlns = "http://s3.amazonaws.com/doc/2006-03-01/";
    let element =
        format!("<NotificationConfiguration xmlns=\"{xmlns}\">{configured}</NotificationConfiguration>");
    s3.rule(ask, Action::Answer(Answer::xml(200, &element)))
}

/// Puts in the ARN that the doctor could not know.
fn with_arn(printed: &Value) -> Result<Value> {
    let text = printed.to_string();
    ensure!(text.contains(UNTOLD), "no {UNTOLD} in {text}");
    Ok(serde_json::from_str(&text.replace(UNTOLD, ARN))?)
}

/// What `aws s3api put-bucket-notification-configuration` sends for this JSON.
fn in_xml(configuration: &Value) -> Result<String> {
    let queue = &configuration["QueueConfigurations"][0];
    let text = |value: &Value| value.as_str().map(str::to_owned).context("no text");
    let rule = &queue["Filter"]["Key"]["FilterRules"][0];
    let (arn, event) = (text(&queue["QueueArn"])?, text(&queue["Events"][0])?);
    let (name, value) = (text(&rule["Name"])?, text(&rule["Value"])?);
    let rule = format!("<FilterRule><Name>{name}</Name><Value>{value}</Value></FilterRule>");
    Ok(format!(
        "<QueueConfiguration><Id>wire</Id><Queue>{arn}</Queue><Event>{event}</Event><Filter><S3Key>{rule}</S3Key></Filter>\
         </QueueConfiguration>"
    ))
}
