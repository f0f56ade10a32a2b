//! Checks AWS signatures of version 4, by the description
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html> and nothing of the product.
//! Pure.

use std::time::Duration;

use hyper::http::request::Parts;
use k8s_openapi::jiff::Timestamp;
use k8s_openapi::jiff::civil::DateTime;
use k8s_openapi::jiff::tz::TimeZone;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use sha2::{Digest as _, Sha256};

/// What AWS leaves as it is: the unreserved characters of RFC 3986.
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');
/// The block of SHA-256, in bytes.
const BLOCK: usize = 64;
/// How far apart the clocks may be.
const SKEW_SECONDS: i64 = 300;

/// Whose signatures are taken, and what for.
#[derive(Clone, Debug)]
pub struct Keys {
    /// Id of the access key.
    pub id: String,
    /// The secret half of it.
    pub secret: String,
    /// `<region>/<service>`.
    pub scope: String,
    /// How far the checker's clock is ahead of the machine's.
    pub ahead: Duration,
}

impl Keys {
    /// Checks a request; the error is what AWS would say.
    pub fn check(&self, head: &Parts, body: &[u8]) -> Result<(), String> {
        let header =
            |name: &str| head.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let (given, time) = (header("authorization"), header("x-amz-date"));
        let part = |name: &str| {
            let (_, rest) = given.split_once(name)?;
            rest.split([',', ' ']).next()
        };
        let (Some(credential), Some(signed), Some(signature)) =
            (part("Credential="), part("SignedHeaders="), part("Signature="))
        else {
            return Err("Missing Authentication Token".into());
        };
        let scope = format!("{}/{}/aws4_request", time.get(..8).unwrap_or_default(), self.scope);
        if credential != format!("{}/{scope}", self.id) {
            return Err(format!("Credential should be scoped to {scope}"));
        }
        self.is_of_now(time)?;
        let digest = hexadecimal(&Sha256::digest(body));
        if header("x-amz-content-sha256") != digest {
            return Err("The body is not the one that was signed".into());
        }
        let headers: Vec<_> = signed.split(';').map(|name| (name, header(name))).collect();
        let request = Canonical {
            method: head.method.as_str(),
            path: head.uri.path(),
            query: head.uri.query().unwrap_or_default(),
            headers: &headers,
            digest: &digest,
        };
        if signature == request.signature(&self.secret, &scope, time) {
            Ok(())
        } else {
            Err("The request signature we calculated does not match the signature you provided.".into())
        }
    }

    fn is_of_now(&self, time: &str) -> Result<(), String> {
        let signed = DateTime::strptime("%Y%m%dT%H%M%SZ", time).map_err(|_| format!("{time} is no time"))?;
        let signed = signed.to_zoned(TimeZone::UTC).map_err(|_| format!("{time} is no time"))?.timestamp();
        let now = Timestamp::now().as_second() + i64::try_from(self.ahead.as_secs()).unwrap_or(i64::MAX);
        if now - signed.as_second() > SKEW_SECONDS {
            return Err(format!("Signature expired: {time} is now earlier than {now}"));
        }
        Ok(())
    }
}

/// What is signed of a request, in its canonical form.
struct Canonical<'a> {
    method: &'a str,
    path: &'a str,
    query: &'a str,
    headers: &'a [(&'a str, &'a str)],
    digest: &'a str,
}

impl Canonical<'_> {
    fn signature(&self, secret: &str, scope: &str, time: &str) -> String {
        let request = hexadecimal(&Sha256::digest(self.text().as_bytes()));
        let text = format!("AWS4-HMAC-SHA256\n{time}\n{scope}\n{request}");
        let first = format!("AWS4{secret}").into_bytes();
        let key = scope.split('/').fold(first, |key, part| hmac(&key, part.as_bytes()));
        hexadecimal(&hmac(&key, text.as_bytes()))
    }

    fn text(&self) -> String {
        let Self { method, path, query, headers, digest } = self;
        let path: Vec<_> =
            path.split('/').map(|part| utf8_percent_encode(part, UNRESERVED).to_string()).collect();
        let lines: Vec<_> =
            headers.iter().map(|(name, value)| format!("{name}:{}\n", value.trim())).collect();
        let lines = lines.concat();
        let names: Vec<_> = headers.iter().map(|(name, _)| *name).collect();
        format!("{method}\n{}\n{}\n{lines}\n{}\n{digest}", path.join("/"), canonical(query), names.join(";"))
    }
}

fn canonical(query: &str) -> String {
    let encoded = |text: &str| {
        let decoded = percent_decode_str(text).decode_utf8_lossy().into_owned();
        utf8_percent_encode(&decoded, UNRESERVED).to_string()
    };
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    let pairs = pairs.map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    let mut pairs: Vec<_> = pairs.map(|(name, value)| (encoded(name), encoded(value))).collect();
    pairs.sort();
    pairs.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&")
}

/// RFC 2104 with SHA-256.
fn hmac(key: &[u8], text: &[u8]) -> Vec<u8> {
    let mut block = if key.len() > BLOCK { Sha256::digest(key).to_vec() } else { key.to_vec() };
    block.resize(BLOCK, 0);
    let pad = |with: u8| block.iter().map(|byte| byte ^ with).collect::<Vec<u8>>();
    let inner = Sha256::digest([pad(0x36), text.to_vec()].concat());
    Sha256::digest([pad(0x5c), inner.to_vec()].concat()).to_vec()
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat()
}

#[cfg(test)]
mod tests {
    use super::Canonical;

    const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
    const SCOPE: &str = "20150830/us-east-1/service/aws4_request";
    const TIME: &str = "20150830T123600Z";
    const NOTHING: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    /// Requests of AWS's published test suite, with the signatures that it gives.
    #[test]
    fn published_requests_have_their_published_signatures() {
        let headers = [("host", "example.amazonaws.com"), ("x-amz-date", TIME)];
        for (method, path, query, signature) in [
            ("GET", "/", "", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
            ("POST", "/", "", "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"),
            (
                "GET",
                "/",
                "Param2=value2&Param1=value1",
                "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
            ),
        ] {
            let request = Canonical { method, path, query, headers: &headers, digest: NOTHING };
            assert_eq!(request.signature(SECRET, SCOPE, TIME), signature, "{method} {path} {query}");
        }
    }
}
