//! Over real sockets, with an API server that lets `anna` see the units and documents of `news`, and no content.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use clap::Parser as _;
use futures::future::{join, join_all};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use reqwest::tls::TlsInfo;
use reqwest::{Client, Identity, Method, StatusCode};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::{Peer, routes};
use crate::args::Args;
use crate::records_api::authentication::FrontProxy;
use crate::records_api::authorization::Authorizer;
use crate::records_api::certificate::ServingCertificate;
use crate::records_api::handler::Handler;
use crate::records_api::sources::Sources;
use crate::records_api::tls_settings::TlsSettings;
use crate::testing::{Asked, api, connections, refusal};
use crate::tls_listener::TlsListener;

const BASE: &str = "/apis/records.docmill.io/v1alpha1";
/// Clients that ask at the same time, connections of each one after the other, and requests of each: 200 in all.
const CLIENTS: usize = 8;
const CONNECTIONS: usize = 5;
const REQUESTS: usize = 5;
/// How often the certificate changes meanwhile, and for how long each is in use.
const ROTATIONS: usize = 20;
const IN_USE: Duration = Duration::from_millis(20);

/// An authority, and its certificate.
struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new(Vec::<String>::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        Self { issuer: Issuer::new(params, key), pem }
    }

    fn client(&self, name: &str) -> Client {
        let mut params = CertificateParams::new(Vec::<String>::new()).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let identity = format!("{}{}", certificate.pem(), key.serialize_pem());
        client(Some(Identity::from_pem(identity.as_bytes()).unwrap()))
    }
}

fn client(identity: Option<Identity>) -> Client {
    let builder = Client::builder().danger_accept_invalid_certs(true).no_proxy().tls_info(true);
    match identity {
        Some(identity) => builder.use_rustls_tls().identity(identity).build().unwrap(),
        None => builder.build().unwrap(),
    }
}

fn answer(asked: &Asked) -> (u16, Value) {
    if !asked.path.ends_with("/subjectaccessreviews") {
        return refusal(404, "NotFound");
    }
    let (spec, mut body) = (&asked.body["spec"], asked.body.clone());
    let needed = &spec["resourceAttributes"];
    let allowed =
        spec["user"] == "anna" && needed["namespace"] == "news" && needed.get("subresource").is_none();
    body["status"] = json!({"allowed": allowed});
    (201, body)
}

fn certificate() -> ServingCertificate {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    ServingCertificate { chain: made.cert.pem(), key: made.signing_key.serialize_pem() }
}

/// Serves, and returns its address.
async fn served(authority: &Authority) -> SocketAddr {
    served_with(authority, TlsSettings::default()).await
}

/// The same with settings that the test changes.
async fn served_with(authority: &Authority, tls: TlsSettings) -> SocketAddr {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let pairs = [
        ("requestheader-client-ca-file", authority.pem.as_str()),
        ("requestheader-allowed-names", r#"["front-proxy-client"]"#),
        ("requestheader-username-headers", r#"["X-Remote-User"]"#),
        ("requestheader-group-headers", r#"["X-Remote-Group"]"#),
    ];
    let data: BTreeMap<_, _> =
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    assert!(tls.config().is_none(), "without certificates there are no connections");
    tls.set_front_proxy(FrontProxy::read(&data).unwrap());
    tls.set_certificate(certificate());
    let (api, _) = api(answer);
    let args = Args::try_parse_from(["operator", "--worker-image", "w"]).unwrap();
    let sources = Sources::new(&args, api.clone(), connections());
    let handler = Handler::new(tls.clone(), Authorizer::new(api), sources, Arc::default());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let secured = TlsListener::start(listener, move || tls.config()).unwrap();
    let service = routes(handler).into_make_service_with_connect_info::<Peer>();
    tokio::spawn(async move { axum::serve(secured, service).await });
    address
}

async fn ask(
    client: &Client,
    method: Method,
    address: SocketAddr,
    path: &str,
    user: &str,
) -> reqwest::Result<(StatusCode, Value)> {
    let request = client.request(method, format!("https://{address}{path}")).header("x-remote-user", user);
    let response = request.header("x-remote-group", "system:authenticated").send().await?;
    let status = response.status();
    Ok((status, serde_json::from_slice(&response.bytes().await?).unwrap_or_default()))
}

#[tokio::test]
async fn the_api_server_is_heard_and_the_cluster_decides_what_its_users_may() {
    let authority = Authority::new();
    let address = served(&authority).await;
    let proxy = authority.client("front-proxy-client");
    let get = async |path: &str, user: &str| ask(&proxy, Method::GET, address, path, user).await.unwrap();
    let (status, list) = get(BASE, "system:kube-aggregator").await;
    assert_eq!((status, list["kind"].as_str()), (StatusCode::OK, Some("APIResourceList")));
    let (status, told) = get(&format!("{BASE}/namespaces/news/units?source=wire"), "anna").await;
    assert_eq!((status, told["kind"].as_str()), (StatusCode::NOT_FOUND, Some("Status")));
    assert!(told["message"].as_str().unwrap().contains("IngestSource"), "she may, and there is none: {told}");
    let (_, told) = get(&format!("{BASE}/namespaces/news/documents?text=rates"), "anna").await;
    let message = told["message"].as_str().unwrap();
    assert!(message.ends_with("a search takes the right to read content"), "{message}");
    for (path, user, expected) in [
        ("/namespaces/sport/units", "anna", StatusCode::FORBIDDEN),
        ("/namespaces/news/units", "bert", StatusCode::FORBIDDEN),
        ("/namespaces/news/documents/a/raw", "anna", StatusCode::FORBIDDEN),
        ("/namespaces/news/documents?text=interest+rates", "anna", StatusCode::FORBIDDEN),
        ("/namespaces/news/documents?source=wire&%74ext=interest", "anna", StatusCode::FORBIDDEN),
        ("/namespaces/news/documents?text=%2A", "anna", StatusCode::BAD_REQUEST),
        ("/namespaces/news/documents?text=a&id=b", "anna", StatusCode::BAD_REQUEST),
        ("/units?labelSelector=a%3Db", "anna", StatusCode::FORBIDDEN),
        ("/namespaces/news/units?labelSelector=a%3Db", "anna", StatusCode::OK),
        ("/namespaces/news/units?watch=true", "anna", StatusCode::METHOD_NOT_ALLOWED),
        ("/namespaces/news/units?state=pending", "anna", StatusCode::BAD_REQUEST),
        ("/namespaces/news/documents", "anna", StatusCode::BAD_REQUEST),
        ("/namespaces/news/documents/a%2Fraw", "anna", StatusCode::NOT_FOUND),
        ("/namespaces/news//documents/a/raw", "anna", StatusCode::NOT_FOUND),
        ("/namespaces/news/documents/a/raw/", "anna", StatusCode::NOT_FOUND),
        ("/namespaces/news%2Fsport/units", "anna", StatusCode::NOT_FOUND),
        ("/namespaces/news/units", "", StatusCode::UNAUTHORIZED),
    ] {
        assert_eq!(get(&format!("{BASE}{path}"), user).await.0, expected, "{path} for {user:?}");
    }
    let (status, _) =
        ask(&proxy, Method::DELETE, address, &format!("{BASE}/namespaces/news/units"), "anna").await.unwrap();
    assert_eq!(status, StatusCode::METHOD_NOT_ALLOWED);
}

#[tokio::test]
async fn whoever_is_not_the_api_server_is_not_heard_whatever_its_headers_say() {
    let authority = Authority::new();
    let address = served(&authority).await;
    let path = format!("{BASE}/namespaces/news/units");
    let (status, _) = ask(&authority.client("kubelet"), Method::GET, address, &path, "anna").await.unwrap();
    assert_eq!(status, StatusCode::UNAUTHORIZED, "signed by the authority, for another purpose");
    for stranger in [client(None), Authority::new().client("front-proxy-client")] {
        assert!(ask(&stranger, Method::GET, address, &path, "anna").await.is_err());
    }
}

/// Asks again and again, and returns the certificates that the server had.
async fn load(authority: &Authority, url: &str) -> BTreeSet<Vec<u8>> {
    let mut seen = BTreeSet::new();
    for connection in 0..CONNECTIONS {
        let client = authority.client("front-proxy-client");
        for request in 0..REQUESTS {
            let response = client.get(url).header("x-remote-user", "anna").send().await.unwrap();
            assert_eq!(response.status(), StatusCode::OK, "request {request} of connection {connection}");
            let info = response.extensions().get::<TlsInfo>();
            seen.extend(info.and_then(TlsInfo::peer_certificate).map(<[u8]>::to_vec));
            let list: Value = serde_json::from_slice(&response.bytes().await.unwrap()).unwrap();
            assert_eq!(list["kind"], "UnitList");
        }
    }
    seen
}

#[tokio::test]
async fn the_certificate_rotates_under_load_without_a_failed_request() {
    let (authority, tls) = (Authority::new(), TlsSettings::default());
    let address = served_with(&authority, tls.clone()).await;
    let url = format!("https://{address}{BASE}/namespaces/news/units?labelSelector=a%3Db");
    let loads = join_all((0..CLIENTS).map(|_| load(&authority, &url)));
    let rotating = async {
        for _ in 0..ROTATIONS {
            tls.set_certificate(certificate());
            tokio::time::sleep(IN_USE).await;
        }
    };
    let (seen, ()) = join(loads, rotating).await;
    let seen: BTreeSet<_> = seen.into_iter().flatten().collect();
    assert!(seen.len() > 1, "the requests saw {} certificate(s)", seen.len());
}
