//! What a user means by the argument of `trace`: an id, a key, a URL or a digest. Pure.

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
}

impl Target {
    /// Reads an argument. A URL may be the id of a document or the place of an object: of `https://host/bucket/key` both
    /// `bucket/key` (the bucket is part of the host) and `key` are keys to look for.
    pub fn parse(text: &str) -> Self {
        if let Some(rest) = text.strip_prefix("s3://") {
            let key = rest.split_once('/').map(|(_, key)| key.to_owned());
            return Self { keys: key.into_iter().collect(), ..Self::default() };
        }
        let id = Some(text.to_owned());
        if let Some(path) = path_of_url(text) {
            let key = decoded(path);
            let below = key.split_once('/').map(|(_, key)| key.to_owned());
            let keys = std::iter::once(key).chain(below).filter(|key| !key.is_empty()).collect();
            return Self { digest: None, id, keys };
        }
        let digest = is_digest(text).then(|| text.to_owned());
        Self { digest, id, keys: vec![text.to_owned()] }
    }
}

/// Whether a text has the form of the digest of a unit.
pub fn is_digest(text: &str) -> bool {
    text.len() == DIGEST_DIGITS && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
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
    use super::Target;

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
}
