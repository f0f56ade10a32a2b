//! Servers behind a private authority that ask for a certificate of the client: each kind of client has it from its Secret.
//! The front is before an Elasticsearch, whose answers tell whether a client came through.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, ensure};
use docmill_clients::aws::{StoreError, StoreFault, s3_client, sqs_client};
use docmill_clients::elastic::Elastic;
use docmill_clients::model_server::link::ModelLink;
use docmill_clients::outbound::tls::{Distrust, distrust};
use docmill_clients::secrets::Secrets;
use docmill_crds::api::elasticsearch::ElasticsearchCluster;
use docmill_crds::api::storage::Storage;
use e2e::env::Env;
use e2e::tls_proxy::{Authority, Front, Guard};
use serde_json::json;

/// Secrets with these values, and the keys of an object store.
fn secrets(values: &[(&str, &[u8])]) -> Secrets {
    let keys = [("AWS_ACCESS_KEY_ID", b"a".as_slice()), ("AWS_SECRET_ACCESS_KEY", b"b")];
    let all = keys.iter().chain(values).map(|(key, value)| ((*key).to_owned(), value.to_vec()));
    Secrets::new(all.collect::<BTreeMap<_, _>>())
}

fn storage(url: &str) -> Result<Storage> {
    Ok(serde_json::from_value(json!({
        "region": "eu-west-1",
        "endpoint": url,
        "forcePathStyle": true,
        "credentialsSecretRef": {"name": "s3"},
    }))?)
}

/// What an object store says of a bucket that it does not have.
async fn asked(url: &str, secrets: &Secrets) -> Result<StoreError> {
    let s3 = s3_client(&storage(url)?, secrets).await?;
    let answer = s3.head_bucket().bucket("docmill-none").send().await;
    let error = answer.err().context("there is no such bucket")?;
    Ok(StoreError::from_sdk("check the bucket", &error))
}

#[tokio::test]
async fn every_kind_of_client_brings_its_certificate() -> Result<()> {
    let (ours, other) = (Authority::create("mutual")?, Authority::create("stranger")?);
    let front = Front::start(&ours, &Env::read()?.es_raw.outside, Guard::Certificate).await?;
    let (url, ca) = (front.url(), ours.certificate()?);
    let (certificate, key) = ours.server_pem()?;
    let own = secrets(&[("ca.crt", &ca), ("tls.crt", &certificate), ("tls.key", &key)]);

    ensure!(asked(url, &own).await?.fault() == Some(StoreFault::NotFound), "the object store");
    let queue = format!("{url}/1/wire");
    let sqs = sqs_client(&storage(url)?, &queue, &own).await?;
    let answer = sqs.get_queue_attributes().queue_url(&queue).send().await;
    let status = answer.err().and_then(|error| error.raw_response().map(|answer| answer.status().as_u16()));
    ensure!(status.is_some(), "the queue: no answer");
    let cluster = ElasticsearchCluster { urls: vec![url.to_owned()], ..Default::default() };
    Elastic::new(&cluster, &own)?.info().await?;
    let answer = ModelLink::new(&own)?.http.get(url).send().await?;
    ensure!(answer.status().is_success(), "the model server: {}", answer.status());

    let unknown = asked(url, &secrets(&[("tls.crt", &certificate), ("tls.key", &key)])).await?;
    ensure!(unknown.fault() == Some(StoreFault::UnknownCa), "{unknown}");
    let (foreign, foreign_key) = other.server_pem()?;
    for client in [
        secrets(&[("ca.crt", &ca)]),
        secrets(&[("ca.crt", &ca), ("tls.crt", &foreign), ("tls.key", &foreign_key)]),
    ] {
        // The server's alert may be lost when it closes the connection at once.
        let told = [Some(StoreFault::ClientCertificate), Some(StoreFault::Unreachable)];
        let refused = asked(url, &client).await?;
        ensure!(told.contains(&refused.fault()), "{refused}");
        let refused = ModelLink::new(&client)?.http.get(url).send().await.err();
        let refused = refused.context("a model server let a stranger through")?;
        let whose = distrust(&refused).map(|(whose, _)| whose);
        ensure!(matches!(whose, Some(Distrust::Client) | None), "{refused}");
    }
    Ok(())
}

#[tokio::test]
async fn a_certificate_and_a_key_that_do_not_belong_together_are_told_before_anything_is_sent() -> Result<()>
{
    let (one, other) = (Authority::create("pair")?, Authority::create("other-pair")?);
    let ((certificate, _), (_, key)) = (one.server_pem()?, other.server_pem()?);
    let mixed = secrets(&[("tls.crt", &certificate), ("tls.key", &key)]);
    let told = s3_client(&storage("https://localhost:1")?, &mixed).await.err().context("a client")?;
    ensure!(matches!(told, StoreError::Certificates(_)) && told.to_string().contains("tls.key"), "{told}");
    Ok(())
}
