//! Over real sockets, with an API server that knows two tokens.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::serve;
use reqwest::StatusCode;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::access::Access;
use super::tls::Certificate;
use super::{guarded, listen};
use crate::telemetry::metrics::Metrics;
use crate::testing::{Asked, Log, api};

/// `reader` may read, `other` may not, and nobody else is known.
fn answer(asked: &Asked) -> (u16, Value) {
    let mut body = asked.body.clone();
    if asked.path.ends_with("/tokenreviews") {
        let user = match asked.body["spec"]["token"].as_str() {
            Some("t-reader") => {
                json!({"authenticated": true, "user": {"username": "reader", "groups": ["g"]}})
            }
            Some("t-other") => json!({"authenticated": true, "user": {"username": "other"}}),
            Some("t-broken") => return (500, json!({"kind": "Status", "code": 500, "status": "Failure"})),
            _ => json!({"authenticated": false}),
        };
        body["status"] = user;
    } else {
        let spec = &asked.body["spec"];
        let asks = spec["nonResourceAttributes"] == json!({"path": "/metrics", "verb": "get"});
        body["status"] =
            json!({"allowed": asks && spec["user"] == "reader" && spec["groups"] == json!(["g"])});
    }
    (201, body)
}

async fn served() -> (String, Log) {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let (client, log) = api(answer);
    let any: SocketAddr = ([127, 0, 0, 1], 0).into();
    let listener = listen(any, "test").await.unwrap();
    let address = listener.local_addr().unwrap();
    let routes = guarded(Arc::new(Metrics::default()), Arc::new(Access::new(client)));
    let secured = Certificate::open(None).unwrap().listen(listener).unwrap();
    tokio::spawn(async move { serve(secured, routes).await });
    (format!("https://{address}/metrics"), log)
}

fn client() -> reqwest::Client {
    reqwest::Client::builder().danger_accept_invalid_certs(true).no_proxy().build().unwrap()
}

async fn status(url: &str, authorization: Option<&str>) -> StatusCode {
    let mut request = client().get(url);
    if let Some(value) = authorization {
        request = request.header("authorization", value);
    }
    request.send().await.unwrap().status()
}

#[tokio::test]
async fn metrics_are_shown_to_those_who_may_read_them_and_to_nobody_else() {
    let (url, log) = served().await;
    for (given, expected) in [
        (None, StatusCode::UNAUTHORIZED),
        (Some("Basic dDpy"), StatusCode::UNAUTHORIZED),
        (Some("Bearer "), StatusCode::UNAUTHORIZED),
        (Some("Bearer t-nobody"), StatusCode::UNAUTHORIZED),
        (Some("Bearer t-other"), StatusCode::FORBIDDEN),
        (Some("Bearer t-broken"), StatusCode::SERVICE_UNAVAILABLE),
        (Some("Bearer t-reader"), StatusCode::OK),
    ] {
        assert_eq!(status(&url, given).await, expected, "{given:?}");
    }
    let asked = log.lock().unwrap().len();
    assert_eq!(status(&url, Some("Bearer t-reader")).await, StatusCode::OK);
    assert_eq!(log.lock().unwrap().len(), asked, "it is remembered");
}

#[tokio::test]
async fn a_client_that_says_nothing_holds_up_nobody_and_plain_http_gets_nothing() {
    let (url, _) = served().await;
    let address = url.trim_start_matches("https://").trim_end_matches("/metrics");
    let mut silent = Vec::new();
    for _ in 0..8 {
        silent.push(tokio::net::TcpStream::connect(address).await.unwrap());
    }
    let answer = tokio::time::timeout(Duration::from_secs(4), status(&url, Some("Bearer t-reader"))).await;
    assert_eq!(answer, Ok(StatusCode::OK));
    assert!(client().get(url.replace("https", "http")).send().await.is_err());
}

#[tokio::test]
async fn a_certificate_that_changes_is_taken_up_and_a_broken_one_is_not() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let folder = std::env::temp_dir().join(format!("docmill-operator-tls-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let write = |name: &str| {
        let made = rcgen::generate_simple_self_signed([name.to_owned()]).unwrap();
        std::fs::write(folder.join("tls.crt"), made.cert.pem()).unwrap();
        std::fs::write(folder.join("tls.key"), made.signing_key.serialize_pem()).unwrap();
        reqwest::Certificate::from_pem(made.cert.pem().as_bytes()).unwrap()
    };
    let first = write("localhost");
    let certificate = Certificate::open(Some(&folder)).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (api, _) = api(answer);
    let routes = guarded(Arc::new(Metrics::default()), Arc::new(Access::new(api)));
    let secured = certificate.clone().listen(listener).unwrap();
    tokio::spawn(async move { serve(secured, routes).await });
    let trusts = async |trusted: reqwest::Certificate| {
        let client = reqwest::Client::builder().add_root_certificate(trusted).no_proxy();
        let client = client.resolve("localhost", address).build().unwrap();
        client.get(format!("https://localhost:{}/metrics", address.port())).send().await.is_ok()
    };
    assert!(trusts(first.clone()).await);
    let second = write("localhost");
    certificate.renew();
    assert!(trusts(second.clone()).await && !trusts(first).await);
    std::fs::write(folder.join("tls.key"), "no key").unwrap();
    certificate.renew();
    assert!(trusts(second).await);
    assert!(Certificate::open(Some(&folder)).is_err());
    std::fs::remove_dir_all(folder).unwrap();
}
