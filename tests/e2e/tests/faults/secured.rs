//! A cluster behind TLS and authentication: what is wrong with the connection is told so that a person can mend it, and is
//! never a document's fault; a Secret that changes is taken up by the workers that run.

mod mutual_tls;

use std::collections::BTreeMap;
use std::fs;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use docmill_clients::elastic::{Address, BulkBody, Elastic, ElasticError, ItemOutcome};
use docmill_clients::retry::RetryPolicy;
use docmill_clients::secrets::Secrets;
use docmill_crds::api::credentials::SecretRef;
use docmill_crds::api::elasticsearch::{AwsService, AwsSigning, ElasticsearchCluster};
use docmill_crds::error_class::{Classify as _, ErrorClass};
use e2e::articles::Form;
use e2e::corpus::Corpus;
use e2e::env::Env;
use e2e::rig::{self, ENDED, RECOVERED, Rig};
use e2e::tls_proxy::signature::Keys;
use e2e::tls_proxy::{Authority, Front, Guard};
use serde_json::json;
use tokio_util::sync::CancellationToken;

const USER: &str = "docmill";
/// `docmill:first` and `docmill:second`, as basic authentication writes them.
const FIRST: &str = "Basic ZG9jbWlsbDpmaXJzdA==";
const SECOND: &str = "Basic ZG9jbWlsbDpzZWNvbmQ=";

fn client(front: &Front, aws: bool, secret: &[(&str, &[u8])]) -> Result<Elastic, ElasticError> {
    let values: BTreeMap<_, _> =
        secret.iter().map(|(key, value)| ((*key).to_owned(), value.to_vec())).collect();
    let cluster = ElasticsearchCluster {
        urls: vec![front.url().to_owned()],
        secret_ref: Some(SecretRef { name: "es".into() }),
        aws: aws.then(|| AwsSigning { region: "eu-west-1".into(), service: AwsService::Es }),
        ..ElasticsearchCluster::default()
    };
    Elastic::new(&cluster, &Secrets::new(values))
}

/// The error of the first request has this class, and names the address and these words.
async fn refused(elastic: &Elastic, front: &Front, class: ErrorClass, words: &[&str]) -> Result<()> {
    let error = elastic.info().await.err().context("the front let it through")?;
    let text = error.to_string();
    ensure!(error.class() == class, "{text} is {:?}", error.class());
    let address = matches!(error, ElasticError::Untrusted { .. }).then_some(front.url());
    let missing = words.iter().copied().chain(address).find(|word| !text.contains(word));
    ensure!(missing.is_none(), "{missing:?} is not in: {text}");
    Ok(())
}

#[tokio::test]
async fn certificates_and_credentials_that_are_wrong_are_told() -> Result<()> {
    let (ours, other) = (Authority::create("ours")?, Authority::create("other")?);
    let ca = ours.certificate()?;
    let front = Front::start(&ours, &Env::read()?.es_raw.outside, Guard::Header(FIRST.into())).await?;
    let login = |password: &'static str, ca: &[u8]| {
        let keys = [("username", USER.as_bytes()), ("password", password.as_bytes()), ("ca.crt", ca)];
        client(&front, false, &keys)
    };
    login("first", &ca)?.info().await?;
    let untrusted = ["ca.crt", "UnknownIssuer"];
    refused(&login("first", &other.certificate()?)?, &front, ErrorClass::User, &untrusted).await?;
    let without = client(&front, false, &[("username", USER.as_bytes()), ("password", b"first")])?;
    refused(&without, &front, ErrorClass::User, &untrusted).await?;
    refused(&login("wrong", &ca)?, &front, ErrorClass::User, &["401", "security_exception"]).await?;
    front.guard(Guard::Header("ApiKey a2V5".into()));
    client(&front, false, &[("apiKey", b"a2V5"), ("ca.crt", &ca)])?.info().await?;
    front.guard(Guard::Forbidden);
    refused(&login("first", &ca)?, &front, ErrorClass::User, &["403", "security_exception"]).await
}

#[tokio::test]
async fn every_request_to_managed_opensearch_is_signed() -> Result<()> {
    let authority = Authority::create("aws")?;
    let ca = authority.certificate()?;
    let env = Env::read()?;
    let keys = Keys {
        id: "AKIDEXAMPLE".into(),
        secret: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".into(),
        scope: "eu-west-1/es".into(),
        ahead: Duration::ZERO,
    };
    let front = Front::start(&authority, &env.es_raw.outside, Guard::Signed(keys.clone())).await?;
    let signed = |secret: &'static str| {
        let keys = [
            ("AWS_ACCESS_KEY_ID", b"AKIDEXAMPLE".as_slice()),
            ("AWS_SECRET_ACCESS_KEY", secret.as_bytes()),
            ("ca.crt", &ca),
        ];
        client(&front, true, &keys)
    };
    let elastic = signed("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")?;
    let index = format!("e2e-signed-{}", std::process::id());
    let mut body = BulkBody::default();
    let large = json!({"text": "x".repeat(300_000)}).to_string();
    body.push_index(Address { index: &index, id: "a b/ü" }, Some(1), large.as_bytes());
    let outcomes = elastic.bulk_all(body, RetryPolicy::once(), &CancellationToken::new()).await?;
    ensure!(outcomes == [ItemOutcome::Done], "{outcomes:?}");
    // A path with a pattern, and a query with characters that have to be escaped.
    let pattern = format!("{index},-e2e-none*");
    elastic.refresh(&index).await?;
    let count = elastic.count(&pattern, &json!({"match_all": {}})).await?;
    e2e::elastic::Elastic::new(&env.es_raw.outside).remove(&index).await?;
    ensure!(count == 1, "{count} documents");
    refused(&signed("another")?, &front, ErrorClass::User, &["403"]).await?;
    front.guard(Guard::Signed(Keys { ahead: Duration::from_hours(1), ..keys }));
    let skewed = signed("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")?;
    refused(&skewed, &front, ErrorClass::Transient, &["signature_time_skewed", "set the clock"]).await
}

#[tokio::test]
async fn a_secret_that_changes_is_taken_up_by_workers_that_run() -> Result<()> {
    rig::run("secret", Form::Nitf, rotated).await
}

fn mount(rig: &Rig, authority: &Authority, password: &str) -> Result<()> {
    let folder = rig.secrets().join("index");
    fs::create_dir_all(&folder)?;
    for (key, value) in [
        ("username", USER.as_bytes()),
        ("password", password.as_bytes()),
        ("ca.crt", &authority.certificate()?),
    ] {
        fs::write(folder.join(key), value)?;
    }
    Ok(())
}

async fn rotated(rig: &Rig) -> Result<()> {
    let authority = Authority::create("rotated")?;
    let front = Front::start(&authority, &rig.env.es_raw.outside, Guard::Header(FIRST.into())).await?;
    mount(rig, &authority, "first")?;
    let mut spec = rig.spec();
    spec["index"]["elasticsearch"] = json!({"urls": [front.url()], "secretRef": {"name": "es"}});
    let corpus = Corpus::generated(&rig.name, Form::Nitf, 60, 20);
    let objects = rig.put(&corpus).await?;
    let (before, after) = objects.split_at(30);
    let worker = rig.worker_for("worker", &spec)?;
    rig.tell(before).await?;
    rig.settled(RECOVERED).await?;
    front.guard(Guard::Header(SECOND.into()));
    rig.tell(after).await?;
    tokio::time::sleep(Duration::from_secs(3)).await;
    ensure!(rig.messages().await? > 0, "messages were acknowledged that could not be recorded");
    mount(rig, &authority, "second")?;
    rig.settled(RECOVERED).await?;
    worker.end(ENDED).await?;
    rig.judge(&corpus).await
}
