use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use docmill_crds::api::credentials::SecretRef;
use docmill_crds::api::elasticsearch::{AwsService, AwsSigning, ElasticsearchCluster};
use elasticsearch::http::Method;
use elasticsearch::http::headers::HeaderValue;

use super::{Signer, ToSign, digest, sign};
use crate::secrets::Secrets;

/// The key of AWS's published examples.
const KEY: (&str, &str) = ("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY");
/// 2015-08-30T12:36:00Z, their time.
const TIME: u64 = 1_440_938_160;

fn authorization(method: Method, url: &str, service: AwsService, token: Option<&str>) -> (String, usize) {
    let credentials = Credentials::new(KEY.0, KEY.1, token.map(str::to_owned), None, "test");
    let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855".to_owned();
    let aws = AwsSigning { region: "us-east-1".into(), service };
    let time = SystemTime::UNIX_EPOCH + Duration::from_secs(TIME);
    let headers = sign(&ToSign { method, url, body_digest: empty.clone() }, &aws, credentials, time).unwrap();
    assert_eq!(headers["x-amz-content-sha256"].to_str().unwrap(), empty);
    assert_eq!(headers["x-amz-date"].to_str().unwrap(), "20150830T123600Z");
    assert!(headers.values().all(HeaderValue::is_sensitive), "what signs is not to be logged");
    (headers["authorization"].to_str().unwrap().to_owned(), headers.len())
}

#[test]
fn what_is_signed_is_named() {
    let url = "https://search-x.us-east-1.es.amazonaws.com/articles-*,b/_search?a=1";
    let (authorization_header, headers) = authorization(Method::Post, url, AwsService::Es, None);
    let scope = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/es/aws4_request, \
                 SignedHeaders=host;x-amz-content-sha256;x-amz-date, Signature=";
    assert!(authorization_header.starts_with(scope), "{authorization_header}");
    assert_eq!(headers, 3);
    let (serverless, headers) = authorization(Method::Post, url, AwsService::Aoss, Some("token"));
    assert!(serverless.contains("/us-east-1/aoss/aws4_request"), "{serverless}");
    assert!(serverless.contains("x-amz-security-token"), "{serverless}");
    assert_eq!(headers, 4);
    assert_ne!(authorization_header, authorization(Method::Put, url, AwsService::Es, None).0);
}

#[tokio::test]
async fn small_and_large_bodies_have_the_digest_of_their_bytes() {
    let nothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    assert_eq!(digest(bytes::Bytes::new()).await, nothing);
    // The million times `a` of FIPS 180-2.
    let million = bytes::Bytes::from(vec![b'a'; 1_000_000]);
    assert_eq!(digest(million).await, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

#[test]
fn one_endpoint_and_both_halves_of_a_key_are_needed() {
    let aws = AwsSigning { region: "r".into(), service: AwsService::Es };
    let mut cluster = ElasticsearchCluster {
        urls: vec!["https://a".into(), "https://b".into()],
        secret_ref: Some(SecretRef { name: "s".into() }),
        aws: Some(aws.clone()),
        ..ElasticsearchCluster::default()
    };
    let error = |cluster: &ElasticsearchCluster| {
        Signer::new(cluster, &aws, &Secrets::default()).err().expect("an error").to_string()
    };
    assert!(error(&cluster).contains("one endpoint"));
    cluster.urls.pop();
    assert!(error(&cluster).contains("AWS_ACCESS_KEY_ID"));
}
