//! Where the objects of a bucket are, and in which region requests for them are signed, as the SDK's rules for endpoints
//! say. Pure.

use percent_encoding::{percent_decode_str, utf8_percent_encode};
use reqwest::Url;

use crate::escaping::{PATH, UNRESERVED};

/// The address of a bucket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct BucketUrl {
    /// Ends with a slash; the escaped key follows.
    base: String,
    /// Region of signatures.
    pub(super) region: String,
}

impl BucketUrl {
    /// Reads a presigned URL of this key. `None` if requests are not signed by Signature Version 4 for S3 itself, as those
    /// to access points in many regions or to directory buckets.
    pub(super) fn of_presigned(url: &str, key: &str) -> Option<Self> {
        let (address, query) = url.split_once('?')?;
        let parameter = |name: &str| {
            query.split('&').find_map(|parameter| parameter.strip_prefix(name)?.strip_prefix('='))
        };
        if parameter("X-Amz-Algorithm")? != "AWS4-HMAC-SHA256" {
            return None;
        }
        // <id of the access key>/<day>/<region>/<service>/aws4_request
        let credential = percent_decode_str(parameter("X-Amz-Credential")?).decode_utf8().ok()?;
        let mut parts = credential.rsplit('/').skip(1);
        let (service, region) = (parts.next()?, parts.next()?.to_owned());
        let base = Url::parse(address.strip_suffix(key)?).ok()?;
        (service == "s3" && base.path().ends_with('/')).then(|| Self { base: base.into(), region })
    }

    /// The URL of an object, or of one version of it.
    pub(super) fn of_object(&self, key: &str, version_id: Option<&str>) -> String {
        let key = utf8_percent_encode(key, PATH);
        match version_id {
            None => format!("{}{key}", self.base),
            Some(id) => format!("{}{key}?versionId={}", self.base, utf8_percent_encode(id, UNRESERVED)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::BucketUrl;

    const SIGNED: &str = "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AK%2FID%2F20260101%2Feu-west-1%2Fs3%2Faws4_request&x-id=GetObject";

    fn place(address: &str) -> Option<BucketUrl> {
        BucketUrl::of_presigned(&format!("{address}?{SIGNED}"), "key")
    }

    #[test]
    fn the_sdk_says_where_objects_are_and_for_which_region_requests_are_signed() {
        for (address, expected) in [
            ("http://store:7070/raw/key", "http://store:7070/raw/wire/a.xml"),
            ("http://store:80/raw/key", "http://store/raw/wire/a.xml"),
            (
                "https://raw.s3.eu-west-1.amazonaws.com/key",
                "https://raw.s3.eu-west-1.amazonaws.com/wire/a.xml",
            ),
        ] {
            let place = place(address).unwrap();
            assert_eq!(place.region, "eu-west-1");
            assert_eq!(place.of_object("wire/a.xml", None), expected);
        }
    }

    #[test]
    fn keys_and_versions_are_escaped_but_for_slashes_of_keys() {
        let place = place("http://s/raw/key").unwrap();
        assert_eq!(
            place.of_object("a b+ü/$%?#.x", Some("v/=")),
            "http://s/raw/a%20b%2B%C3%BC/%24%25%3F%23.x?versionId=v%2F%3D"
        );
        assert_eq!(place.of_object("/a//b", None), "http://s/raw//a//b");
    }

    #[test]
    fn other_signatures_and_addresses_are_left_to_the_sdk() {
        assert!(place("http://s/raw/other").is_none());
        for (from, to) in
            [("Fs3%2F", "Fs3express%2F"), ("HMAC", "ECDSA-P256"), ("X-Amz-Credential", "X-Other")]
        {
            let query = SIGNED.replace(from, to);
            assert_eq!(BucketUrl::of_presigned(&format!("http://s/raw/key?{query}"), "key"), None, "{to}");
        }
        assert_eq!(BucketUrl::of_presigned("http://s/raw/key", "key"), None);
    }
}
