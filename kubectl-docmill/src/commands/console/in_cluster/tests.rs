//! The consoles of a cluster behind a proxy, with an API server that knows some users: who sees what, and who is refused.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, Response, StatusCode};
use kube::Client;
use serde_json::json;
use tower::ServiceExt as _;

use super::gateway::{Connect, Gateway};
use super::routes::routes;
use crate::cluster::{Cluster, Identity};
use crate::commands::console::session::proxy::{ProxySession, Rights};
use crate::commands::console::tests::cluster;

const URL: &str = "https://docmill.example.com";
const HOST: &str = "docmill.example.com";
const OVERVIEW: &str = "/namespaces/news/";
const RUNS: &str = "/namespaces/news/sources/wire/runs";

/// A proxy that sends tokens along.
pub fn session() -> ProxySession {
    ProxySession { site: URL.parse().unwrap(), rights: Rights::User }
}

/// An API server that answers every request with this status.
pub fn refusing(code: u16) -> Cluster {
    let service = tower::service_fn(move |_: Request<kube::client::Body>| async move {
        let status = json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code,
            "reason": "Refused", "message": "the API server says no"});
        let content = kube::client::Body::from(serde_json::to_vec(&status).unwrap());
        Ok::<_, kube::Error>(Response::builder().status(code).body(content).unwrap())
    });
    Cluster::of_test(Client::new(service, "news"), "news")
}

/// Consoles of these namespaces. The API server knows the tokens `editor` and `viewer`, and `nobody` as one without a role.
fn consoles(namespaces: &[&str]) -> Router {
    let connect: Connect = Box::new(|identity, _| {
        Ok(match identity {
            Identity::Token(token) if token == "editor" => cluster(true).0,
            Identity::Token(token) if token == "viewer" => cluster(false).0,
            Identity::Token(token) if token == "nobody" => refusing(403),
            Identity::Token(_) | Identity::ServiceAccount => refusing(401),
        })
    });
    let namespaces = namespaces.iter().map(|namespace| (*namespace).to_owned()).collect();
    routes(&Arc::new(Gateway::new(session(), namespaces, connect).unwrap()))
}

async fn send(routes: &Router, request: Request<Body>) -> (StatusCode, HeaderMap, String) {
    let (parts, body) = routes.clone().oneshot(request).await.unwrap().into_parts();
    let text = to_bytes(body, usize::MAX).await.unwrap();
    (parts.status, parts.headers, String::from_utf8(text.to_vec()).unwrap())
}

async fn get(routes: &Router, path: &str, token: &str) -> (StatusCode, HeaderMap, String) {
    let request = Request::get(path).header("host", HOST).header("authorization", format!("Bearer {token}"));
    send(routes, request.body(Body::empty()).unwrap()).await
}

async fn create(routes: &Router, token: &str, origin: &str, form: &str) -> (StatusCode, HeaderMap, String) {
    let request = Request::post(RUNS).header("host", HOST).header("origin", origin);
    let request = request.header("authorization", format!("Bearer {token}"));
    send(routes, request.body(Body::from(format!("form={form}&mode=audit"))).unwrap()).await
}

/// The secret of the forms that a user is shown.
async fn form_token(routes: &Router, token: &str) -> String {
    let (_, _, page) = get(routes, &format!("{RUNS}/new?mode=audit"), token).await;
    let (_, after) = page.split_once("name=\"form\" value=\"").unwrap();
    after.split_once('"').unwrap().0.to_owned()
}

#[tokio::test]
async fn every_user_sees_what_the_api_server_lets_that_user_see() {
    let routes = consoles(&["news", "sport"]);
    let (status, headers, text) = get(&routes, OVERVIEW, "editor").await;
    assert_eq!(status, StatusCode::OK, "{text}");
    assert!(text.contains("<base href=\"/namespaces/news/\">") && text.contains("wire</a>"), "{text}");
    let policy = headers["content-security-policy"].to_str().unwrap();
    assert!(policy.contains("base-uri 'self'") && headers["cache-control"] == "no-store", "{policy}");
    let source = "/namespaces/news/sources/wire";
    assert!(get(&routes, source, "editor").await.2.contains("Reconvert…"));
    assert!(get(&routes, source, "viewer").await.2.contains("You may look and not create runs here"));
    assert_eq!(get(&routes, "/namespaces/news/assets/console.css", "viewer").await.0, StatusCode::OK);
}

#[tokio::test]
async fn whoever_the_api_server_refuses_sees_nothing() {
    let routes = consoles(&["news", "sport"]);
    for path in [OVERVIEW, "/namespaces/news/sources/wire", "/namespaces/sport/trace?target=a", "/"] {
        let request = Request::get(path).header("host", HOST).body(Body::empty()).unwrap();
        let (status, headers, text) = send(&routes, request).await;
        assert!(status == StatusCode::UNAUTHORIZED && headers["www-authenticate"] == "Bearer", "{status}");
        assert!(text.contains("not logged in") && headers["x-frame-options"] == "DENY", "{text}");
        let (status, headers, text) = get(&routes, path, "expired").await;
        assert!(status == StatusCode::UNAUTHORIZED && headers["www-authenticate"] == "Bearer", "{status}");
        assert!(text.contains("does not accept your login") && !text.contains("wire</a>"), "{text}");
        let (status, _, text) = get(&routes, path, "nobody").await;
        assert_eq!(status, StatusCode::FORBIDDEN, "{text}");
        assert!(text.contains("the API server says no") && !text.contains("wire</a>"), "{text}");
    }
}

#[tokio::test]
async fn the_first_page_lists_the_namespaces_that_a_user_may_see() {
    let routes = consoles(&["news", "sport"]);
    let (status, _, text) = get(&routes, "/", "editor").await;
    assert_eq!(status, StatusCode::OK, "{text}");
    for part in ["href=\"/namespaces/news/\">news</a>", "href=\"/namespaces/sport/\">sport</a>"] {
        assert!(text.contains(part), "no {part} in {text}");
    }
    let (_, _, text) = get(&routes, "/", "viewer").await;
    assert!(text.contains("There is no namespace here") && !text.contains("news"), "{text}");
    assert_eq!(get(&routes, "/assets/console.css", "editor").await.0, StatusCode::OK);
}

#[tokio::test]
async fn paths_lead_to_their_namespace() {
    let routes = consoles(&["news"]);
    for path in ["/", "/namespaces/news"] {
        let (status, headers, _) = get(&routes, path, "editor").await;
        assert_eq!(status, StatusCode::SEE_OTHER, "{path}");
        assert_eq!(headers["location"], OVERVIEW, "{path}");
    }
    let unknown = ["/namespaces/", "/namespaces/other/", "/sources/wire", "/open?token=0"];
    for path in unknown.into_iter().chain(["/namespaces/news/no"]) {
        assert_eq!(get(&routes, path, "editor").await.0, StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn a_run_is_created_by_a_page_of_this_console_and_this_user_alone() {
    let routes = consoles(&["news"]);
    let form = form_token(&routes, "editor").await;
    let (status, _, text) = create(&routes, "editor", "https://evil.example", &form).await;
    assert_eq!(status, StatusCode::FORBIDDEN, "{text}");
    let request = Request::post(RUNS).header("host", HOST).header("authorization", "Bearer editor");
    let (status, _, text) = send(&routes, request.body(Body::empty()).unwrap()).await;
    assert_eq!(status, StatusCode::FORBIDDEN, "{text}");
    let (status, _, text) = create(&routes, "viewer", URL, &form).await;
    assert!(status == StatusCode::FORBIDDEN && text.contains("Nothing was created"), "{text}");
    let (status, headers, text) = create(&routes, "editor", URL, &form).await;
    assert_eq!(status, StatusCode::SEE_OTHER, "{text}");
    assert_eq!(headers["location"], "/namespaces/news/runs/ingestrun.docmill.io/replay-2");
}
