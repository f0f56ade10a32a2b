//! What a store says of an object, and its bytes.

use std::collections::HashMap;

use aws_sdk_s3::operation::get_object::GetObjectOutput;
use aws_sdk_s3::primitives::{ByteStream, DateTime, DateTimeFormat, SdkBody};
use reqwest::header::{HeaderMap, ToStrError};

/// What user metadata begin with.
const METADATA: &str = "x-amz-meta-";

/// An object whose content has not been read yet.
#[derive(Debug)]
pub struct ObjectResponse {
    /// `ETag`, as it was sent.
    pub etag: Option<String>,
    /// Version id, if the bucket has versions.
    pub version_id: Option<String>,
    /// `LastModified` in milliseconds since 1970; zero if the store does not say.
    pub last_modified_millis: i64,
    /// Bytes of the content.
    pub length: i64,
    /// The type that the writer declared.
    pub content_type: Option<String>,
    /// User metadata, by names without their prefix.
    pub metadata: HashMap<String, String>,
    /// How many tags it has, if the store says so.
    pub tag_count: Option<i32>,
    /// The content.
    pub body: ByteStream,
}

impl ObjectResponse {
    /// Reads the head of a successful response. `None` if it is not one that the store promises.
    pub(super) fn read(response: reqwest::Response) -> Option<Self> {
        let head = read_head(response.headers())?;
        let body = http::Response::<reqwest::Body>::from(response).into_body();
        Some(Self { body: ByteStream::new(SdkBody::from_body_1_x(body)), ..head })
    }
}

impl From<GetObjectOutput> for ObjectResponse {
    fn from(object: GetObjectOutput) -> Self {
        Self {
            last_modified_millis: object.last_modified.as_ref().map_or(0, millis),
            etag: object.e_tag,
            version_id: object.version_id,
            length: object.content_length.unwrap_or(0),
            content_type: object.content_type,
            metadata: object.metadata.unwrap_or_default(),
            tag_count: object.tag_count,
            body: object.body,
        }
    }
}

fn millis(time: &DateTime) -> i64 {
    time.to_millis().unwrap_or(0)
}

/// Reads the headers of an object; the content is empty.
fn read_head(headers: &HeaderMap) -> Option<ObjectResponse> {
    let last_modified = text(headers, "last-modified").ok()?;
    let last_modified =
        last_modified.and_then(|time| DateTime::from_str(&time, DateTimeFormat::HttpDate).ok());
    let metadata =
        headers.iter().filter_map(|(name, value)| Some((name.as_str().strip_prefix(METADATA)?, value)));
    let metadata = metadata.map(|(name, value)| Ok((name.to_owned(), value.to_str()?.to_owned())));
    Some(ObjectResponse {
        etag: text(headers, "etag").ok()?,
        version_id: text(headers, "x-amz-version-id").ok()?,
        last_modified_millis: last_modified.as_ref().map_or(0, millis),
        length: text(headers, "content-length").ok()??.parse().ok()?,
        content_type: text(headers, "content-type").ok()?,
        metadata: metadata.collect::<Result<_, ToStrError>>().ok()?,
        tag_count: text(headers, "x-amz-tagging-count").ok()?.and_then(|count| count.parse().ok()),
        body: ByteStream::default(),
    })
}

fn text(headers: &HeaderMap, name: &str) -> Result<Option<String>, ToStrError> {
    headers.get(name).map(|value| value.to_str().map(str::to_owned)).transpose()
}

#[cfg(test)]
mod tests {
    use reqwest::header::{HeaderMap, HeaderName, HeaderValue};

    use super::read_head;

    fn headers(pairs: &[(&'static str, &'static [u8])]) -> HeaderMap {
        let pair = |(name, value): &(&'static str, &'static [u8])| {
            (HeaderName::from_static(name), HeaderValue::from_bytes(value).unwrap())
        };
        pairs.iter().map(pair).collect()
    }

    #[test]
    fn the_headers_of_an_object_say_which_one_it_is() {
        let head = read_head(&headers(&[
            ("content-length", b"5120"),
            ("content-type", b"text/xml"),
            ("etag", b"\"abc\""),
            ("last-modified", b"Fri, 24 May 2013 00:00:00 GMT"),
            ("x-amz-version-id", b"v1"),
            ("x-amz-meta-desk", b"sport"),
            ("x-amz-tagging-count", b"2"),
        ]));
        let head = head.unwrap();
        assert_eq!((head.length, head.last_modified_millis), (5120, 1_369_353_600_000));
        assert_eq!((head.etag.as_deref(), head.version_id.as_deref()), (Some("\"abc\""), Some("v1")));
        assert_eq!((head.content_type.as_deref(), head.tag_count), (Some("text/xml"), Some(2)));
        assert_eq!(head.metadata.into_iter().collect::<Vec<_>>(), [("desk".to_owned(), "sport".to_owned())]);
    }

    #[test]
    fn a_head_without_a_length_or_with_bytes_that_are_no_text_is_left_to_the_sdk() {
        assert!(read_head(&headers(&[("etag", b"\"abc\"")])).is_none());
        assert!(read_head(&headers(&[("content-length", b"1"), ("x-amz-meta-a", b"\xff")])).is_none());
        assert!(read_head(&headers(&[("content-length", b"1")])).is_some());
    }
}
