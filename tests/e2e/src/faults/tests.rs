//! The proxy in front of a store that counts: a fault that the proxy did not make would prove nothing.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use reqwest::Client;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::{Action, Answer, Match, Point, Proxy, Throttled};

const LIMIT: Duration = Duration::from_secs(5);

/// A store that answers a bulk with 201 for each item, and everything else with its `Host`, a space and the body.
struct Store {
    asked: Arc<AtomicUsize>,
    proxy: Proxy,
    client: Client,
}

impl Store {
    async fn start() -> Self {
        Self::start_on("127.0.0.1").await
    }

    /// A store and its proxy on an address of this machine.
    async fn start_on(address: &str) -> Self {
        let listener = TcpListener::bind((address, 0)).await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let asked = Arc::<AtomicUsize>::default();
        tokio::spawn(listen(listener, Arc::clone(&asked)));
        let proxy = Proxy::start(address, &url).await.expect("a proxy");
        Self { asked, proxy, client: Client::new() }
    }

    async fn put(&self, path: &str, body: &str) -> reqwest::Result<(u16, String)> {
        let url = format!("{}{path}", self.proxy.url());
        let answer = self.client.put(url).body(body.to_owned()).send().await?;
        Ok((answer.status().as_u16(), answer.text().await?))
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

async fn listen(listener: TcpListener, asked: Arc<AtomicUsize>) {
    while let Ok((stream, _)) = listener.accept().await {
        let asked = Arc::clone(&asked);
        let service = service_fn(move |request| answer(request, Arc::clone(&asked)));
        tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
    }
}

async fn answer(
    request: Request<Incoming>,
    asked: Arc<AtomicUsize>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    asked.fetch_add(1, Ordering::SeqCst);
    let (head, body) = request.into_parts();
    let body = body.collect().await.expect("a body").to_bytes();
    if head.uri.path() == "/_bulk" {
        let lines = body.split(|byte| *byte == b'\n').filter(|line| line.starts_with(b"{\"index\""));
        let items: Vec<Value> = lines.map(|_| json!({"index": {"status": 201}})).collect();
        let answer = json!({"took": 1, "errors": false, "items": items});
        return Ok(Response::new(answer.to_string().into()));
    }
    let host = head.headers["host"].to_str().expect("text").to_owned();
    Ok(Response::new(format!("{host} {}", String::from_utf8_lossy(&body)).into()))
}

#[tokio::test]
async fn without_a_rule_requests_pass_with_their_host_header_as_it_came() {
    let store = Store::start().await;
    let seen = store.proxy.count(Match::any().path("/a"));
    let host = store.proxy.url().replace("http://", "");
    assert_eq!(store.put("/a", "body").await.expect("an answer"), (200, format!("{host} body")));
    assert_eq!((store.asked(), seen.hits()), (1, 1));
}

#[tokio::test]
async fn a_proxy_and_its_store_may_have_addresses_of_ipv6() {
    if TcpListener::bind(("::1", 0)).await.is_err() {
        eprintln!("passed over: this machine has no IPv6");
        return;
    }
    let store = Store::start_on("::1").await;
    let host = store.proxy.url().replace("http://", "");
    assert!(host.starts_with("[::1]:"), "{host}");
    assert_eq!(store.put("/a", "body").await.expect("an answer"), (200, format!("{host} body")));
}

#[tokio::test]
async fn an_answer_of_the_rule_never_reaches_the_store_and_ends_with_its_number() {
    let store = Store::start().await;
    let rule =
        store.proxy.rule_for(2, Match::any().method("PUT"), Action::Answer(Answer::s3(503, "SlowDown")));
    for _ in 0..2 {
        let (status, body) = store.put("/a", "").await.expect("an answer");
        assert!(status == 503 && body.contains("<Code>SlowDown</Code>"), "{status} {body}");
    }
    assert_eq!(store.put("/a", "").await.expect("an answer").0, 200);
    assert_eq!((store.asked(), rule.hits()), (1, 2));
}

#[tokio::test]
async fn a_lost_answer_leaves_the_request_applied_and_a_closed_one_does_not() {
    let store = Store::start().await;
    store.proxy.rule(Match::any().path("/lost"), Action::LoseAnswer);
    store.proxy.rule(Match::any().path("/closed"), Action::Close);
    assert!(store.put("/lost", "x").await.is_err());
    assert_eq!(store.asked(), 1);
    assert!(store.put("/closed", "x").await.is_err());
    assert_eq!(store.asked(), 1);
}

#[tokio::test]
async fn a_cut_body_breaks_off_below_the_length_that_was_told() {
    let store = Store::start().await;
    store.proxy.rule(Match::any(), Action::Cut(9));
    let url = format!("{}/a", store.proxy.url());
    let mut answer = store.client.put(url).body("long enough").send().await.expect("a head");
    assert!(answer.content_length().expect("a length") > 9);
    assert_eq!(answer.chunk().await.expect("a piece").expect("a piece").len(), 9);
    assert!(answer.chunk().await.is_err());
}

#[tokio::test]
async fn a_reply_is_made_of_the_request_and_never_reaches_the_store() {
    let store = Store::start().await;
    let length = |body: &[u8]| Answer::text(201, body.len().to_string());
    store.proxy.rule(Match::any(), Action::Reply(Duration::from_millis(50), length));
    let started = Instant::now();
    assert_eq!(store.put("/a", "four").await.expect("an answer"), (201, "4".to_owned()));
    assert!(started.elapsed() >= Duration::from_millis(50) && store.asked() == 0);
}

#[tokio::test]
async fn an_edited_answer_is_the_stores_own_with_another_length() {
    let store = Store::start().await;
    store.proxy.rule(Match::any(), Action::Edit(|answer| answer["items"] = json!(["longer than before"])));
    let (status, body) = store.put("/_bulk", "").await.expect("an answer");
    assert_eq!((status, store.asked()), (200, 1));
    let answer: Value = serde_json::from_str(&body).expect("JSON");
    assert_eq!(answer, json!({"took": 1, "errors": false, "items": ["longer than before"]}));
}

#[tokio::test]
async fn a_trickling_body_arrives_whole_and_late() {
    let store = Store::start().await;
    store.proxy.rule(Match::any(), Action::Trickle(5, Duration::from_millis(40)));
    let started = Instant::now();
    let (_, body) = store.put("/a", "abcdefghij").await.expect("an answer");
    assert!(body.ends_with(" abcdefghij") && started.elapsed() >= Duration::from_millis(150), "{body}");
}

#[tokio::test]
async fn a_held_request_waits_before_or_behind_the_store_until_the_test_says_a_word() {
    for (point, asked) in [(Point::Before, 0), (Point::After, 1)] {
        let store = Store::start().await;
        let gate = store.proxy.hold(1, Match::any(), point);
        let (answer, ()) = tokio::join!(store.put("/a", ""), async {
            let held = gate.next(LIMIT).await.expect("a held request");
            assert_eq!(store.asked(), asked, "{point:?}");
            held.go();
        });
        assert_eq!((answer.expect("an answer").0, store.asked()), (200, 1));
    }
}

#[tokio::test]
async fn a_held_request_that_is_dropped_ends_without_an_answer() {
    let store = Store::start().await;
    let gate = store.proxy.hold(1, Match::any(), Point::Before);
    let (answer, ()) = tokio::join!(store.put("/a", ""), async {
        gate.next(LIMIT).await.expect("a held request").drop_it();
    });
    assert!(answer.is_err());
    assert_eq!(store.asked(), 0);
}

#[tokio::test]
async fn a_held_request_reaches_the_store_even_if_its_sender_has_died() {
    let store = Store::start().await;
    let gate = store.proxy.hold(1, Match::any(), Point::Before);
    let impatient = tokio::time::timeout(Duration::from_millis(300), store.put("/a", ""));
    assert!(impatient.await.is_err(), "it was answered");
    gate.next(LIMIT).await.expect("a held request").go();
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(store.asked(), 1);
}

#[tokio::test]
async fn every_second_item_of_a_bulk_is_throttled_and_those_that_come_in_vain_are_counted() {
    let store = Store::start().await;
    let seen = Throttled::default();
    store.proxy.rule(Match::any().path("_bulk"), Action::ThrottleItems(seen.clone()));
    let items: String = (0..4)
        .flat_map(|id| [json!({"index": {"_index": "a", "_id": id}}), json!({})])
        .fold(String::new(), |text, line| text + &line.to_string() + "\n");
    for (throttled, in_vain) in [(2, 0), (4, 2)] {
        let (_, body) = store.put("/_bulk", &items).await.expect("an answer");
        let body: Value = serde_json::from_str(&body).expect("JSON");
        let statuses: Vec<_> = (0..4).map(|at| body["items"][at]["index"]["status"].clone()).collect();
        assert_eq!(statuses, [201, 429, 201, 429]);
        assert_eq!((seen.count(), seen.sent_in_vain()), (throttled, in_vain));
    }
}

#[tokio::test]
async fn a_shut_proxy_refuses_connections_until_it_opens_again() {
    let store = Store::start().await;
    assert!(store.put("/a", "").await.is_ok());
    store.proxy.shut();
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(store.put("/a", "").await.expect_err("an error").is_connect());
    store.proxy.open();
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(store.put("/a", "").await.is_ok());
}
