//! What a user means by the argument of `trace`: an id, a key, a URL, an ARN or a digest. Pure.

use percent_encoding::percent_decode_str;

/// Hex digits of the digest of a unit.
const DIGEST_DIGITS: usize = 32;

/// What an argument can mean. It is looked up in this order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Target {
    /// Digest of a unit.
    pub digest: Option<String>,
    /// Id of a document.
    pub id: Option<String>,
    /// Keys of objects, the likeliest first.
    pub keys: Vec<String>,
    /// The bucket that they are in, if the argument names it.
    pub bucket: Option<String>,
}

impl Target {
    /// Reads an argument. A URL may be the id of a document or the place of an object: of `https://host/bucket/key` both
    /// `bucket/key` (the bucket is part of the host) and `key` are keys to look for.
    pub fn parse(text: &str) -> Self {
        if let Some(place) = text.strip_prefix("s3://").or_else(|| object_of_arn(text)) {
            let (bucket, key) = place.split_once('/').unwrap_or((place, ""));
            let keys = Some(key.to_owned()).filter(|key| !key.is_empty()).into_iter().collect();
            return Self { keys, bucket: Some(bucket.to_owned()), ..Self::default() };
        }
        let id = Some(text.to_owned());
        if let Some(path) = path_of_url(text) {
            let key = decoded(path);
            let below = key.split_once('/').map(|(_, key)| key.to_owned());
            let keys = std::iter::once(key).chain(below).filter(|key| !key.is_empty()).collect();
            return Self { id, keys, ..Self::default() };
        }
        let digest = is_digest(text).then(|| text.to_owned());
        Self { digest, id, keys: vec![text.to_owned()], bucket: None }
    }
}

/// What else may have been meant by a text that nothing knows: the key, if it was encoded as notifications and URLs of S3
/// encode it, and the digest that the key of a snapshot or of a refusal's evidence ends with.
pub fn other_readings(text: &str) -> (Option<String>, Option<&str>) {
    let key = percent_decode_str(&text.replace('+', " ")).decode_utf8().map(String::from);
    let mut stems = text.rsplit('/').map(|segment| segment.split('.').next().unwrap_or_default());
    let digest = stems.find(|stem| is_digest(stem) && *stem != text);
    (key.ok().filter(|key| key != text), digest)
}

/// Whether a text has the form of the digest of a unit.
pub fn is_digest(text: &str) -> bool {
    text.len() == DIGEST_DIGITS && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// Bucket and key of `arn:aws:s3:::bucket/key`, whatever the partition. Other ARNs of S3 have an account.
fn object_of_arn(text: &str) -> Option<&str> {
    let (_, place) = text.strip_prefix("arn:aws")?.split_once(":s3:::")?;
    Some(place)
}

/// The path of a URL over HTTP, without the query.
fn path_of_url(text: &str) -> Option<&str> {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"))?;
    let (_, path) = rest.split_once('/')?;
    path.split(['?', '#']).next()
}

fn decoded(path: &str) -> String {
    percent_decode_str(path).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::{Target, other_readings};

    fn parsed(text: &str) -> (bool, bool, Vec<String>) {
        let target = Target::parse(text);
        (target.digest.is_some(), target.id.is_some(), target.keys)
    }

    #[test]
    fn an_argument_is_looked_up_as_all_that_it_can_be() {
        let key = "wire/a b.xml".to_owned();
        assert_eq!(parsed(&key), (false, true, vec![key.clone()]));
        assert_eq!(parsed("s3://raw/wire/a b.xml"), (false, false, vec![key.clone()]));
        let of_path = vec!["raw/wire/a b.xml".to_owned(), key];
        assert_eq!(parsed("https://s3.example.com/raw/wire/a%20b.xml?versionId=1"), (false, true, of_path));
        let digest = "0123456789abcdef0123456789abcdef";
        assert_eq!(parsed(digest), (true, true, vec![digest.to_owned()]));
        assert!(!parsed("0123456789ABCDEF0123456789ABCDEF").0);
        assert!(parsed("https://example.com").2 == ["https://example.com"]);
    }

    #[test]
    fn a_place_in_s3_names_its_bucket() {
        for text in
            ["s3://raw/wire/a b.xml", "arn:aws:s3:::raw/wire/a b.xml", "arn:aws-cn:s3:::raw/wire/a b.xml"]
        {
            let target = Target::parse(text);
            assert_eq!(target.bucket.as_deref(), Some("raw"), "{text}");
            assert_eq!((target.keys, target.id), (vec!["wire/a b.xml".to_owned()], None), "{text}");
        }
        assert!(Target::parse("s3://raw").keys.is_empty() && Target::parse("s3://raw/").keys.is_empty());
        assert_eq!(Target::parse("urn:a:s3:::raw/a").bucket, None);
    }

    #[test]
    fn a_key_may_be_encoded_or_that_of_a_derived_object() {
        assert_eq!(other_readings("wire/a+b%C3%A4.xml"), (Some("wire/a bä.xml".to_owned()), None));
        assert_eq!(other_readings("wire/a b.xml"), (None, None));
        assert_eq!(other_readings("wire/%ff.xml"), (None, None));
        let digest = "0123456789abcdef0123456789abcdef";
        assert_eq!(other_readings(digest), (None, None));
        for end in ["", ".error.json", "/5f2c.json", ".members/00007-b.xml"] {
            let key = format!("s3://errors/e/news/wire/objects/a.xml/{digest}{end}");
            assert_eq!(other_readings(&key).1, Some(digest), "{key}");
        }
    }
}
