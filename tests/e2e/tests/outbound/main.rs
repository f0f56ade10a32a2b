//! Servers that mean harm, behind each kind of client: what they send is read up to a cap, and where they point to is
//! never asked.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test ends by it")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use docmill_clients::aws::{StoreError, credential_key, s3_client, sqs_client};
use docmill_clients::elastic::{Elastic, ElasticError};
use docmill_clients::model_server::link::ModelLink;
use docmill_clients::outbound::{self, EndpointFault, EndpointPolicy, Gates, Limits, Outbound, http};
use docmill_clients::secrets::Secrets;
use docmill_crds::api::credentials::SecretRef;
use docmill_crds::api::elasticsearch::ElasticsearchCluster;
use docmill_crds::api::storage::Storage;
use e2e::malicious_servers::{Harm, Server};
use serde_json::json;

/// More than any cap of the operator and what lies in sockets' buffers on the way.
const MOST_SENT: u64 = 24 * 1024 * 1024;
/// What the process may grow by in all tests together, in KiB.
const MOST_GROWTH: u64 = 64 * 1024;
/// Longer than one request may take.
const WITHIN: Duration = Duration::from_secs(30);

/// The rules of the operator, which let it ask servers on this machine by their address, and not by name.
fn keep_to_the_rules() {
    let policy = EndpointPolicy::parse("", "", "127.0.0.1").unwrap();
    outbound::install(Outbound { policy, limits: Limits::operator(), gates: Gates::default() });
    let _ = rustls::crypto::ring::default_provider().install_default();
}

async fn start(harm: Harm) -> Server {
    Server::start("127.0.0.1", harm).await.unwrap()
}

fn secrets() -> Secrets {
    let values = [
        ("username", "elastic"),
        ("password", "hunter2"),
        (credential_key::ACCESS_KEY_ID, "AKIDEXAMPLE"),
        (credential_key::SECRET_ACCESS_KEY, "hunter2"),
    ];
    Secrets::new(values.map(|(key, value)| (key.to_owned(), value.as_bytes().to_vec())).into())
}

fn storage(url: &str) -> Storage {
    let named = SecretRef { name: "s3".into() };
    let storage = json!({"region": "eu-west-1", "endpoint": url, "forcePathStyle": true, "credentialsSecretRef": named});
    serde_json::from_value(storage).unwrap()
}

fn elastic(url: &str) -> Elastic {
    let cluster = ElasticsearchCluster { urls: vec![url.to_owned()], ..Default::default() };
    Elastic::new(&cluster, &secrets()).unwrap()
}

/// What each kind of client says of a server, by the kind's name.
async fn ask_all(url: &str) -> Vec<(&'static str, Result<(), String>)> {
    let told = |result: Result<(), ElasticError>| result.map_err(|error| error.to_string());
    let info = async { told(elastic(url).info().await.map(drop)) };
    let search = async { told(elastic(url).search("articles", &json!({"size": 1})).await.map(drop)) };
    let listing = async {
        let s3 = s3_client(&storage(url), &secrets()).await.unwrap();
        let listed = s3.list_objects_v2().bucket("raw").send().await;
        listed.map(drop).map_err(|error| StoreError::from_sdk("list", &error).to_string())
    };
    let queue = async {
        let queue = format!("{url}/000000000000/wire");
        let sqs = sqs_client(&storage(url), &queue, &secrets()).await.unwrap();
        let counted = sqs.get_queue_attributes().queue_url(&queue).send().await;
        counted.map(drop).map_err(|error| StoreError::from_sdk("look", &error).to_string())
    };
    let model = async {
        let link = ModelLink::new(&Secrets::default()).unwrap();
        let answer = link.http.get(url).timeout(Duration::from_secs(10)).send().await;
        let answer = answer.map_err(|error| error.to_string())?;
        let status = answer.status();
        let body = link.read(answer, 256 * 1024).await.map_err(|error| error.to_string())?;
        if status.is_success() { Ok(()) } else { Err(format!("{status}, {} bytes", body.len())) }
    };
    let (info, search, listing, queue, model) = tokio::join!(info, search, listing, queue, model);
    vec![("info", info), ("search", search), ("S3", listing), ("SQS", queue), ("model", model)]
}

/// Memory that this process has had at most, in KiB.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

#[tokio::test]
async fn an_endless_answer_costs_no_more_than_its_cap() {
    keep_to_the_rules();
    for harm in [Harm::Endless, Harm::EndlessError, Harm::EndlessHeaders, Harm::Bomb] {
        let server = start(harm.clone()).await;
        let (before, began) = (peak(), Instant::now());
        for (kind, result) in Box::pin(ask_all(&server.url)).await {
            // The SDK does not unpack: a bomb is noise to it.
            assert!(result.is_err(), "{harm:?}: {kind} was content");
        }
        let (grown, took, sent) = (peak().saturating_sub(before), began.elapsed(), server.sent());
        println!("{harm:?}: sent {} KiB, memory grew by {grown} KiB, within {took:?}", sent / 1024);
        assert!(grown < MOST_GROWTH, "{harm:?}: memory grew by {grown} KiB");
        assert!(sent < MOST_SENT * 5, "{harm:?}: {sent} bytes were taken");
        assert!(took < WITHIN, "{harm:?}: it took {took:?}");
    }
}

#[tokio::test]
async fn an_answer_that_drips_ends_in_time() {
    keep_to_the_rules();
    let server = start(Harm::Drip).await;
    let began = Instant::now();
    for (kind, result) in Box::pin(ask_all(&server.url)).await {
        assert!(result.is_err(), "{kind} was content");
    }
    assert!(began.elapsed() < WITHIN, "it took {:?}", began.elapsed());
}

#[tokio::test]
async fn no_redirect_is_followed() {
    keep_to_the_rules();
    let target = start(Harm::Endless).await;
    for status in [301, 302, 307, 308] {
        let server = start(Harm::Redirect(status, format!("{}/steal", target.url))).await;
        for (kind, result) in Box::pin(ask_all(&server.url)).await {
            let told = result.expect_err(kind);
            assert!(!told.contains("steal") && !told.contains("hunter2"), "{kind}: {told}");
        }
        assert!(server.asked() > 0, "the server itself was never asked");
    }
    assert_eq!(target.asked(), 0, "a redirect was followed");
    let server = start(Harm::Redirect(302, target.url.clone())).await;
    let told = elastic(&server.url).info().await.map(drop).unwrap_err().to_string();
    assert!(told.contains("redirect"), "{told}");
}

#[tokio::test]
async fn an_endpoint_that_is_not_allowed_is_never_connected_to() {
    keep_to_the_rules();
    let server = start(Harm::Endless).await;
    let port = server.url.rsplit(':').next().unwrap().to_owned();
    for host in [
        "localhost",
        "[::1]",
        "127.0.0.2",
        "0.0.0.0",
        "[::ffff:127.0.0.2]",
        "2130706434",
        "0x7f.0.0.2",
        "localhost.",
    ] {
        let url = format!("http://{host}:{port}");
        let cluster = ElasticsearchCluster { urls: vec![url.clone()], ..Default::default() };
        let refused = Elastic::new(&cluster, &secrets()).map(drop);
        assert!(matches!(refused, Err(ElasticError::NotAllowed(_))), "{url}: {refused:?}");
        let refused = s3_client(&storage(&url), &secrets()).await.map(drop);
        assert!(matches!(refused, Err(StoreError::NotAllowed(_))), "{url}: {refused:?}");
        let queue = format!("{url}/000000000000/wire");
        let refused = sqs_client(&storage("http://127.0.0.1:1"), &queue, &secrets()).await.map(drop);
        assert!(matches!(refused, Err(StoreError::NotAllowed(_))), "{url}: {refused:?}");
        assert!(ModelLink::new(&Secrets::default()).unwrap().check(&url).is_err(), "{url}");
    }
    assert_eq!(server.asked(), 0);
}

/// A name that leads to this machine without saying so, where there is one.
async fn disguised() -> Option<String> {
    let hostname = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    for name in [hostname.trim(), "ip6-localhost", "localhost4", "vm"] {
        if let Ok(found) = tokio::net::lookup_host((name, 0)).await
            && found.into_iter().all(|address| address.ip().is_loopback())
        {
            return Some(name.to_owned());
        }
    }
    None
}

#[tokio::test]
async fn a_name_that_leads_to_a_reserved_address_is_never_connected_to() {
    keep_to_the_rules();
    let Some(name) = disguised().await else {
        eprintln!("passed over: no name leads to this machine");
        return;
    };
    let server = start(Harm::Endless).await;
    let port = server.url.rsplit(':').next().unwrap();
    let url = format!("http://{name}:{port}");
    let policy = EndpointPolicy::parse("", "", "").unwrap();
    assert_eq!(policy.check_url(&url), Ok(()), "the name alone says nothing");
    let rules = Arc::new(Outbound { policy, limits: Limits::operator(), gates: Gates::default() });
    let error = http::client(&rules).build().unwrap().get(&url).send().await.unwrap_err();
    let fault = docmill_clients::cause::find::<EndpointFault>(&error).expect("a fault of the endpoint");
    assert!(fault.to_string().contains("leads to a loopback address"), "{fault}");
    assert_eq!(server.asked(), 0);
}
