use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use docmill_crds::api::credentials::SecretRef;
use docmill_crds::api::storage::Storage;
use docmill_crds::digest::sha256;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::{NO_BODY, ObjectVersion, Objects};
use crate::aws::credential_key::{ACCESS_KEY_ID, SECRET_ACCESS_KEY};
use crate::secrets::Secrets;

/// A store that answers each request in the same way, and keeps what was asked last.
struct Store {
    objects: Objects,
    requests: Arc<AtomicUsize>,
    last: Arc<Mutex<String>>,
}

impl Store {
    async fn start(answer: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let (requests, last) = (Arc::new(AtomicUsize::new(0)), Arc::new(Mutex::new(String::new())));
        tokio::spawn({
            let (requests, last) = (Arc::clone(&requests), Arc::clone(&last));
            async move {
                while let Ok((mut stream, _)) = listener.accept().await {
                    let request = receive(&mut stream).await;
                    requests.fetch_add(1, Ordering::SeqCst);
                    *last.lock().unwrap() = request;
                    stream.write_all(answer.as_bytes()).await.unwrap();
                    stream.shutdown().await.unwrap();
                }
            }
        });
        let keys = [(ACCESS_KEY_ID, "id"), (SECRET_ACCESS_KEY, "key")];
        let keys: BTreeMap<_, _> =
            keys.map(|(name, value)| (name.to_owned(), value.as_bytes().to_vec())).into();
        let objects = Objects::connect(&storage(endpoint), &Secrets::new(keys)).await.unwrap();
        Self { objects, requests, last }
    }

    fn last(&self) -> String {
        self.last.lock().unwrap().clone()
    }

    fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }
}

fn storage(endpoint: String) -> Storage {
    Storage {
        region: "eu-west-1".into(),
        connection_ref: None,
        endpoint: Some(endpoint),
        force_path_style: true,
        credentials_secret_ref: Some(SecretRef { name: "keys".into() }),
        tls: None,
        bucket: None,
        prefix: String::new(),
    }
}

/// A request with its body.
async fn receive(stream: &mut TcpStream) -> String {
    let (mut request, mut piece) = (String::new(), [0; 4096]);
    while !is_complete(&request) {
        let read = stream.read(&mut piece).await.unwrap();
        assert_ne!(read, 0, "{request}");
        request.push_str(str::from_utf8(&piece[..read]).unwrap());
    }
    request
}

fn is_complete(request: &str) -> bool {
    let Some((head, body)) = request.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    body.len() >= length.map_or(0, |length| length.parse().unwrap())
}

#[test]
fn a_request_without_a_body_has_the_digest_of_nothing() {
    assert_eq!(NO_BODY, sha256(b""));
}

#[tokio::test]
async fn an_object_is_read_by_one_request_of_its_own() {
    let store = Store::start(
        "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 4\r\netag: \"e\"\r\ncontent-encoding: gzip\r\n\r\n<a/>",
    )
    .await;
    let object = store.objects.get("raw", "wire/a b.xml", ObjectVersion::ETag("e")).await.unwrap();
    assert_eq!((object.length, object.etag.as_deref()), (4, Some("\"e\"")));
    assert_eq!(object.body.collect().await.unwrap().into_bytes(), "<a/>", "as it is stored, not decoded");
    let request = store.last();
    assert!(request.starts_with("GET /raw/wire/a%20b.xml HTTP/1.1\r\n"), "{request}");
    assert!(request.contains("if-match: \"e\"\r\n"), "{request}");
    assert!(request.contains("/eu-west-1/s3/aws4_request, SignedHeaders=host;if-match;"), "{request}");
    assert_eq!(store.requests(), 1);
}

#[tokio::test]
async fn an_object_is_written_with_its_checksum_and_metadata() {
    let store = Store::start("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n").await;
    let metadata = [("docmill-unit", "u")];
    let body = Bytes::from_static(b"lines");
    assert!(store.objects.put("snapshots", "a.json", "application/json", &metadata, body).await);
    let request = store.last();
    assert!(request.starts_with("PUT /snapshots/a.json HTTP/1.1\r\n"), "{request}");
    for header in ["content-length: 5\r\n", "x-amz-meta-docmill-unit: u\r\n", "x-amz-checksum-sha256: "] {
        assert!(request.contains(header), "{request}");
    }
    assert!(request.ends_with("\r\n\r\nlines"), "{request}");
}

#[tokio::test]
async fn a_store_in_trouble_is_left_to_the_sdk_for_a_while_and_a_missing_object_is_none() {
    let missing =
        Store::start("HTTP/1.1 404 Not Found\r\nconnection: close\r\ncontent-length: 0\r\n\r\n").await;
    let busy = Store::start("HTTP/1.1 503 Slow Down\r\nconnection: close\r\ncontent-length: 0\r\n\r\n").await;
    for (store, requests) in [(missing, 3), (busy, 1)] {
        for _ in 0..3 {
            assert!(store.objects.get("raw", "a.xml", ObjectVersion::Newest).await.is_none());
        }
        assert_eq!(store.requests(), requests);
    }
}

#[tokio::test]
async fn a_key_that_the_client_would_change_is_left_to_the_sdk() {
    let store = Store::start("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n").await;
    for key in ["a/../b", "./a", "a/.."] {
        assert!(store.objects.get("raw", key, ObjectVersion::Newest).await.is_none(), "{key}");
    }
    assert_eq!(store.requests(), 0);
}
