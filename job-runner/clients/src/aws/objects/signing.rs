//! Signs requests for objects by AWS Signature Version 4
//! (<https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html>): each with its method, path, query,
//! headers, time and the SHA-256 of its body, which the store checks. Pure.

use std::time::SystemTime;

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{
    PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SigningSettings,
    UriPathNormalizationMode, sign,
};
use aws_sigv4::sign::v4;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};

/// A request that is to be signed.
pub(super) struct Unsigned<'a> {
    pub(super) method: &'a str,
    /// Escaped.
    pub(super) url: &'a str,
    /// Names in lower case.
    pub(super) headers: &'a [(String, String)],
    /// SHA-256 of the body, in hex.
    pub(super) body_digest: String,
}

/// All headers of the request. `None`: it cannot be signed, for example because a header has characters that headers
/// cannot have.
pub(super) fn signed(
    request: Unsigned<'_>,
    region: &str,
    credentials: Credentials,
    time: SystemTime,
) -> Option<HeaderMap> {
    let mut settings = SigningSettings::default();
    // Unlike other services, S3 takes paths as they are.
    settings.percent_encoding_mode = PercentEncodingMode::Single;
    settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
    settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
    let identity = credentials.into();
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region(region)
        .name("s3")
        .time(time)
        .settings(settings)
        .build()
        .ok()?;
    let Unsigned { method, url, headers, body_digest } = request;
    let named = headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let signable = SignableRequest::new(method, url, named, SignableBody::Precomputed(body_digest)).ok()?;
    let signature = sign(signable, &params.into()).ok()?;
    let mut all = HeaderMap::with_capacity(headers.len() + 4);
    for (name, value) in headers {
        all.insert(HeaderName::from_bytes(name.as_bytes()).ok()?, HeaderValue::from_str(value).ok()?);
    }
    for (name, value) in signature.output().headers() {
        let mut value = HeaderValue::from_str(value).ok()?;
        value.set_sensitive(true);
        all.insert(HeaderName::from_bytes(name.as_bytes()).ok()?, value);
    }
    Some(all)
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use aws_credential_types::Credentials;
    use docmill_crds::digest::sha256;

    use super::{Unsigned, signed};

    /// 2013-05-24T00:00:00Z, the time of AWS's published examples.
    const TIME: u64 = 1_369_353_600;

    fn signature(method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> String {
        let key = ("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY");
        let credentials = Credentials::new(key.0, key.1, None, None, "test");
        let headers: Vec<(String, String)> =
            headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let url = format!("https://examplebucket.s3.amazonaws.com{path}");
        let body_digest = sha256(body);
        let request = Unsigned { method, url: &url, headers: &headers, body_digest };
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(TIME);
        let all = signed(request, "us-east-1", credentials, time).unwrap();
        for (name, value) in &headers {
            assert_eq!(all[name.as_str()], value.as_str());
        }
        let authorization = all["authorization"].to_str().unwrap();
        authorization.split_once("Signature=").unwrap().1.to_owned()
    }

    /// The signatures of <https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html>.
    #[test]
    fn signatures_are_those_of_the_published_examples() {
        assert_eq!(
            signature("GET", "/test.txt", &[("range", "bytes=0-9")], b""),
            "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"
        );
        let headers =
            [("date", "Fri, 24 May 2013 00:00:00 GMT"), ("x-amz-storage-class", "REDUCED_REDUNDANCY")];
        assert_eq!(
            signature("PUT", "/test%24file.text", &headers, b"Welcome to Amazon S3."),
            "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"
        );
    }

    #[test]
    fn a_header_that_cannot_be_sent_is_not_signed() {
        let headers = [("x-amz-meta-a".to_owned(), "a\nb".to_owned())];
        let request =
            Unsigned { method: "GET", url: "http://s/b/k", headers: &headers, body_digest: String::new() };
        let credentials = Credentials::new("a", "b", None, None, "test");
        assert!(signed(request, "us-east-1", credentials, SystemTime::UNIX_EPOCH).is_none());
    }
}
