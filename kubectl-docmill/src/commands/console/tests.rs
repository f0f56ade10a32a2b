//! The console against an API server that answers as one has answered: what pages show, and who is not answered.

pub mod recorded;

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, Response, StatusCode};
use jiff::Timestamp;
use kube::Client;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use super::links::Place;
use super::server::opening::Opening;
use super::session::{BrowserSession, FormToken};
use super::state::Console;
use super::{server, top};
use crate::cluster::Cluster;
use crate::output::{Format, OutputArgs, Screen};

const PORT: u16 = 8001;
const HOST: &str = "127.0.0.1:8001";
const RECORDS: &str = "/apis/records.docmill.io/v1alpha1/namespaces/news";
const RESOURCES: &str = "/apis/docmill.io/v1beta1/namespaces/news";

/// What was sent to the API server to create something.
pub type Created = Arc<Mutex<Vec<Value>>>;

fn answer(path: &str, query: &str, may_create: bool) -> Option<Value> {
    if let Some(resource) = path.strip_prefix(RESOURCES) {
        return Some(match resource {
            "/ingestsources" => recorded::list("IngestSource", &[recorded::source()]),
            "/ingestruns" => recorded::list("IngestRun", &[recorded::run("replay-1")]),
            "/enrichmentruns" => recorded::list("EnrichmentRun", &[]),
            "/ingestruns/replay-1" => recorded::run("replay-1"),
            _ => return None,
        });
    }
    if path.ends_with("/selfsubjectaccessreviews") {
        return Some(json!({"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview",
            "metadata": {}, "spec": {}, "status": {"allowed": may_create}}));
    }
    Some(match path.strip_prefix(RECORDS)? {
        "/documents" if query.contains("id=a%261") => recorded::list("Document", &[recorded::document()]),
        "/documents" if query.contains("text=two%20words") => {
            recorded::list("Document", &[recorded::document()])
        }
        "/documents" if query.contains("text=hidden%20words") => recorded::forbidden(),
        "/documents" => recorded::list("Document", &[]),
        "/documents/a_261/history" => recorded::history(),
        "/documents/a_261/snapshot" => json!({"guid": "a&1", "title": "<old>"}),
        "/documents/a_261/indexed" => json!({"guid": "a&1", "title": "new", "_docmill": {}}),
        "/units" if query.contains("key=wire%2Fno") || query.contains("words") => recorded::list("Unit", &[]),
        "/units" => recorded::list("Unit", &[recorded::unit()]),
        "/units/0123456789abcdef0123456789abcdef" => recorded::unit(),
        "/units/0123456789abcdef0123456789abcdef/error" => recorded::unit_error(),
        _ => return None,
    })
}

/// An API server that lets its user look, and perhaps create runs.
pub fn cluster(may_create: bool) -> (Cluster, Created) {
    let created = Created::default();
    let noted = Arc::clone(&created);
    let service = tower::service_fn(move |request: Request<kube::client::Body>| {
        let noted = Arc::clone(&noted);
        async move {
            let (parts, body) = request.into_parts();
            let sent = body.collect_bytes().await?;
            let path = parts.uri.path();
            let found = if parts.method == "POST" && path.ends_with("/ingestruns") {
                noted.lock().unwrap().push(serde_json::from_slice(&sent).unwrap());
                Some(recorded::run("replay-2"))
            } else {
                answer(path, parts.uri.query().unwrap_or_default(), may_create)
            };
            let missing = json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": 404,
                "reason": "NotFound", "message": format!("there is no {path}")});
            let content = found.unwrap_or(missing);
            // What was not answered says its status itself.
            let code = content["code"].as_u64().map_or(200, |code| u16::try_from(code).unwrap());
            let content = kube::client::Body::from(serde_json::to_vec(&content).unwrap());
            Ok::<_, kube::Error>(Response::builder().status(code).body(content).unwrap())
        }
    });
    (Cluster::of_test(Client::new(service, "news"), "news"), created)
}

/// A console, a browser that has opened its link, and what it creates.
struct Opened {
    routes: Router,
    console: Arc<Console>,
    cookie: String,
    created: Created,
}

impl Opened {
    async fn new(may_create: bool) -> Self {
        let (cluster, created) = cluster(may_create);
        let found = top::look(&cluster, None).await.unwrap();
        let screen = Screen::new(&OutputArgs { output: Format::Table, no_color: true });
        let session = Arc::new(BrowserSession::new(PORT).unwrap());
        let link = session.link();
        let token = FormToken::random().unwrap();
        let console = Arc::new(Console::new(cluster, Place::alone("news"), token));
        console.observe(|seen| seen.take(Ok(found), Timestamp::now()));
        let routes = server::routes(&console, Opening { session, screen });
        let mut opened = Self { routes, console, cookie: String::new(), created };
        let path = link.strip_prefix("http://127.0.0.1:8001").unwrap();
        let (status, headers, _) = opened.send("GET", path, &[("host", HOST)], "").await;
        assert_eq!(status, StatusCode::OK);
        let cookie = headers["set-cookie"].to_str().unwrap();
        cookie.split(';').next().unwrap().clone_into(&mut opened.cookie);
        opened
    }

    async fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> (StatusCode, HeaderMap, String) {
        let start = Request::builder().method(method).uri(path);
        let request = headers.iter().fold(start, |request, (name, value)| request.header(*name, *value));
        let answer = self.routes.clone().oneshot(request.body(Body::from(body.to_owned())).unwrap()).await;
        let (parts, body) = answer.unwrap().into_parts();
        let text = to_bytes(body, usize::MAX).await.unwrap();
        (parts.status, parts.headers, String::from_utf8(text.to_vec()).unwrap())
    }

    async fn get(&self, path: &str) -> (StatusCode, String) {
        let headers = [("host", HOST), ("cookie", self.cookie.as_str())];
        let (status, _, text) = self.send("GET", path, &headers, "").await;
        (status, text)
    }

    async fn shows(&self, path: &str, parts: &[&str]) {
        let (status, text) = self.get(path).await;
        assert_eq!(status, StatusCode::OK, "{path}: {text}");
        for part in parts {
            assert!(text.contains(part), "{path}: no {part} in {text}");
        }
        assert!(!text.contains("<script>") && !text.contains("<old>"), "{path}: {text}");
    }

    async fn create(&self, form_token: &str) -> (StatusCode, HeaderMap, String) {
        let origin = format!("http://{HOST}");
        let headers = [("host", HOST), ("cookie", self.cookie.as_str()), ("origin", origin.as_str())];
        let body = format!("form={form_token}&mode=replay&reason=MissingField");
        self.send("POST", "/sources/wire/runs", &headers, &body).await
    }
}

#[tokio::test]
async fn sources_and_runs_have_their_numbers() {
    let opened = Opened::new(true).await;
    let parts = ["wire</a>", "<strong>1,200</strong>", "3 of 4", "42s", "replay-1", r#"value="44""#];
    opened.shows("/", &parts).await;
    let parts = ["7 failed", "AllReachable", "stores &lt;answer&gt;", "Reconvert…", "<figure"];
    opened.shows("/sources/wire", &parts).await;
    opened.shows("/runs", &["1 runs, 1 at work", "1,203 of 2,700"]).await;
    let parts = ["1,203 of 2,700 units  3 failed", "wire</a>"];
    opened.shows("/runs/ingestrun.docmill.io/replay-1", &parts).await;
}

#[tokio::test]
async fn failures_and_traces_show_the_fault_in_its_line() {
    let opened = Opened::new(true).await;
    let fault = "&lt;doc-id id-string=<mark>&quot;</mark>&quot;/&gt;&lt;script&gt;";
    opened.shows("/sources/wire/failures", &["MissingField", "1 unit", fault, "Replay these…"]).await;
    let parts = ["Refused at stage Convert", fault, "docmill replay wire"];
    opened.shows("/trace?target=wire%2Fb.xml", &parts).await;
    let similar = ["Nothing is known of wire/no", "Objects whose keys start with it", "wire/b.xml</a>"];
    opened.shows("/trace?target=wire%2Fno", &similar).await;
}

#[tokio::test]
async fn what_nothing_is_called_is_searched_for_in_documents() {
    let opened = Opened::new(true).await;
    let parts = ["Nothing is known of two words", "Documents with these words", "a&amp;1</a>"];
    opened.shows("/trace?target=two+words", &parts).await;
    opened.shows("/trace?target=two+words", &[r#"href="trace?target=a%261&amp;source=wire""#]).await;
    opened.shows("/trace?target=hidden+words", &["those who have the role docmill-content-view"]).await;
    let (_, text) = opened.get("/trace?target=other+words").await;
    assert!(!text.contains("with these words") && !text.contains("content-view"), "{text}");
}

#[tokio::test]
async fn a_document_has_its_stages_versions_and_differences() {
    let opened = Opened::new(true).await;
    let parts = ["a&amp;1", "articles", "snapshot → indexed", "from=snapshot%400a0a", "the current one"];
    opened.shows("/trace?target=a%261", &parts).await;
    let parts = ["1 fields differ", "<del>&quot;&lt;old&gt;&quot;</del>", "<ins>&quot;new&quot;</ins>"];
    opened.shows("/diff?id=a%261&source=wire", &parts).await;
    let (status, text) = opened.get("/diff?id=a%261&source=wire&from=raw").await;
    assert!(status == StatusCode::BAD_REQUEST && text.contains("write snapshot"), "{text}");
}

#[tokio::test]
async fn a_run_is_created_by_a_form_of_the_console_alone() {
    let opened = Opened::new(true).await;
    let parts = ["Create the run", "sourceRef", r#"method="post""#];
    opened.shows("/sources/wire/runs/new?mode=replay", &parts).await;
    let (status, _, _) = opened.create("").await;
    assert_eq!((status, opened.created.lock().unwrap().len()), (StatusCode::FORBIDDEN, 0));
    let (status, headers, text) = opened.create(opened.console.form_token.as_str()).await;
    assert_eq!(status, StatusCode::SEE_OTHER, "{text}");
    assert_eq!(headers["location"], "/runs/ingestrun.docmill.io/replay-2");
    let created = opened.created.lock().unwrap().clone();
    assert_eq!(created[0]["metadata"]["generateName"], "replay-wire-");
    assert_eq!(created[0]["spec"]["select"], json!({"failed": {"reasons": ["MissingField"]}}));
}

#[tokio::test]
async fn whoever_may_not_create_runs_is_not_offered_them() {
    let opened = Opened::new(false).await;
    let (_, text) = opened.get("/sources/wire").await;
    assert!(text.contains("takes the role edit") && !text.contains("Reconvert…"), "{text}");
    let (_, text) = opened.get("/sources/wire/runs/new?mode=audit").await;
    assert!(text.contains("You may not create runs here") && !text.contains("<form method"), "{text}");
}

#[tokio::test]
async fn what_does_not_exist_is_said() {
    let opened = Opened::new(true).await;
    for path in [
        "/nothing",
        "/sources/other",
        "/sources/other/failures",
        "/runs/pod/a",
        "/runs/ingestrun.docmill.io/..",
        "/sources/wire/runs/new?mode=delete",
        "/assets/other",
    ] {
        assert_eq!(opened.get(path).await.0, StatusCode::NOT_FOUND, "{path}");
    }
    let (status, text) = opened.get("/runs/ingestrun.docmill.io/gone").await;
    assert!(status == StatusCode::BAD_GATEWAY && text.contains("failed to read IngestRun gone"), "{text}");
}

#[tokio::test]
async fn every_answer_is_for_this_browser_alone() {
    let opened = Opened::new(true).await;
    let paths = ["/", "/sources/wire", "/runs", "/trace?target=a", "/assets/console.js", "/nothing"];
    for path in paths {
        let (status, headers, text) = opened.send("GET", path, &[("host", HOST)], "").await;
        assert_eq!(status, StatusCode::FORBIDDEN, "{path}");
        assert!(!text.contains("wire"), "{path}: {text}");
        let policy = headers["content-security-policy"].to_str().unwrap();
        for part in ["default-src 'none'", "script-src 'self'", "frame-ancestors 'none'"] {
            assert!(policy.contains(part), "no {part} in {policy}");
        }
        assert!(!policy.contains("unsafe") && headers["x-content-type-options"] == "nosniff", "{policy}");
        assert_eq!(headers["cache-control"], "no-store");
        let foreign = [("host", "evil.example:8001"), ("cookie", opened.cookie.as_str())];
        assert_eq!(opened.send("GET", path, &foreign, "").await.0, StatusCode::FORBIDDEN, "{path}");
    }
    let used = format!("/open?token={}", "0".repeat(64));
    assert_eq!(opened.send("GET", &used, &[("host", HOST)], "").await.0, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn assets_have_their_types() {
    let opened = Opened::new(true).await;
    let files = [("console.css", "text/css"), ("console.js", "text/javascript"), ("icon.svg", "image/svg")];
    for (file, of) in files {
        let headers = [("host", HOST), ("cookie", opened.cookie.as_str())];
        let (status, headers, text) = opened.send("GET", &format!("/assets/{file}"), &headers, "").await;
        assert_eq!(status, StatusCode::OK, "{file}");
        assert!(headers["content-type"].to_str().unwrap().starts_with(of) && !text.is_empty(), "{file}");
    }
}
