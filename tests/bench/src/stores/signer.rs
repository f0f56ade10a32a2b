//! AWS Signature Version 4 for requests without a query, with the key of a day made once.

use docmill_crds::digest::hex;
use hyper::Request;
use hyper::http::request::Builder;
use jiff::Timestamp;

use super::hash::{hmac, sha256};

const SERVICE: &str = "s3";
const SIGNED: &str = "host;x-amz-content-sha256;x-amz-date";

/// What requests are signed with. It holds a secret, hence no `Debug`.
#[derive(Clone)]
pub struct Keys {
    /// Access key.
    pub access_key_id: String,
    /// Its secret half.
    pub secret_access_key: String,
    /// Region of the store.
    pub region: String,
}

/// Signs requests.
pub struct Signer {
    keys: Keys,
    host: String,
    day: String,
    day_key: [u8; 32],
}

impl Signer {
    /// Signs requests to this `host:port`.
    pub fn new(keys: Keys, host: &str) -> Self {
        Self { keys, host: host.to_owned(), day: String::new(), day_key: [0; 32] }
    }

    /// A request with this method, path and payload. The path consists of characters that are not escaped.
    pub fn sign(&mut self, method: &str, path: &str, payload: &[u8]) -> Builder {
        let time = Timestamp::now().strftime("%Y%m%dT%H%M%SZ").to_string();
        self.sign_at(&time, method, path, payload)
    }

    fn sign_at(&mut self, time: &str, method: &str, path: &str, payload: &[u8]) -> Builder {
        let day = time.get(..8).unwrap_or_default();
        if day != self.day {
            self.day_key = self.key_of(day);
            day.clone_into(&mut self.day);
        }
        let payload = hex(&sha256(payload));
        let (keys, host) = (&self.keys, &self.host);
        let headers = format!("host:{host}\nx-amz-content-sha256:{payload}\nx-amz-date:{time}\n");
        let canonical = format!("{method}\n{path}\n\n{headers}\n{SIGNED}\n{payload}");
        let scope = format!("{day}/{}/{SERVICE}/aws4_request", keys.region);
        let digest = hex(&sha256(canonical.as_bytes()));
        let text = format!("AWS4-HMAC-SHA256\n{time}\n{scope}\n{digest}");
        let signature = hex(&hmac(&self.day_key, text.as_bytes()));
        let credential = &keys.access_key_id;
        let authorization = format!(
            "AWS4-HMAC-SHA256 Credential={credential}/{scope}, SignedHeaders={SIGNED}, Signature={signature}"
        );
        Request::builder()
            .method(method)
            .uri(path)
            .header("x-amz-content-sha256", payload)
            .header("x-amz-date", time)
            .header("authorization", authorization)
    }

    fn key_of(&self, day: &str) -> [u8; 32] {
        let secret = format!("AWS4{}", self.keys.secret_access_key);
        let parts = [day, self.keys.region.as_str(), SERVICE, "aws4_request"];
        let mut key = secret.into_bytes();
        for part in parts {
            key = hmac(&key, part.as_bytes()).to_vec();
        }
        let mut day_key = [0; 32];
        day_key.iter_mut().zip(key).for_each(|(place, byte)| *place = byte);
        day_key
    }
}

#[cfg(test)]
mod tests {
    use super::{Keys, Signer};
    use docmill_crds::digest::hex;

    fn signer() -> Signer {
        let keys = Keys {
            access_key_id: "AKIDEXAMPLE".into(),
            secret_access_key: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".into(),
            region: "us-east-1".into(),
        };
        Signer::new(keys, "example.amazonaws.com")
    }

    #[test]
    fn the_key_of_a_day_depends_on_the_day() {
        let key = |day: &str| hex(&signer().key_of(day));
        assert_ne!(key("20150830"), key("20150831"));
    }

    #[test]
    fn a_request_carries_what_the_signature_covers() {
        let request = signer().sign_at("20150830T123600Z", "GET", "/bucket/key", b"");
        let request = request.body(()).expect("a request");
        let header = |name: &str| request.headers()[name].to_str().expect("text").to_owned();
        assert_eq!(header("x-amz-date"), "20150830T123600Z");
        // SHA-256 of nothing.
        assert!(header("x-amz-content-sha256").starts_with("e3b0c44298fc1c14"));
        let authorization = header("authorization");
        assert!(authorization.contains("Credential=AKIDEXAMPLE/20150830/us-east-1/s3/aws4_request,"));
        let (_, signature) = authorization.split_once("Signature=").expect("a signature");
        assert_eq!(signature.len(), 64);
    }
}
