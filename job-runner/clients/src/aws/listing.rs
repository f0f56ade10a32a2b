//! Keys in listings. A key may hold characters that XML cannot, and one such key would make the whole listing unreadable.
//! So every listing of foreign keys is asked for with [`ENCODED`], and its keys are read by [`key`]. A store that does not know
//! the parameter answers with the keys as they are, and does not say that it encoded them. Pure.

use std::borrow::Cow;

use aws_sdk_s3::types::EncodingType;
use percent_encoding::percent_decode_str;

/// The encoding of keys that listings are asked for with.
pub const ENCODED: EncodingType = EncodingType::Url;

/// A key, or a marker that is one, out of a listing that says that its keys are encoded in this way. Stores write a space as
/// `+` or `%20`, and a plus sign as `%2B`. What is not UTF-8 then stays as it is.
pub fn key(encoding: Option<&EncodingType>, listed: &str) -> String {
    if encoding != Some(&EncodingType::Url) {
        return listed.to_owned();
    }
    let spaced = listed.replace('+', " ");
    percent_decode_str(&spaced).decode_utf8().map_or_else(|_| listed.to_owned(), Cow::into_owned)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use docmill_crds::api::storage::Storage;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    use super::{ENCODED, EncodingType, key};
    use crate::aws::credential_key::{ACCESS_KEY_ID, SECRET_ACCESS_KEY};
    use crate::secrets::Secrets;

    #[test]
    fn keys_are_decoded_if_the_store_says_that_they_are_encoded() {
        for (listed, expected) in [
            ("wire/a%01b.xml", "wire/a\u{1}b.xml"),
            ("wire/a+b%20c%2Bd.xml", "wire/a b c+d.xml"),
            ("wire/%C3%BC%25.xml", "wire/ü%.xml"),
            ("wire/a.xml", "wire/a.xml"),
            ("wire/%FF.xml", "wire/%FF.xml"),
        ] {
            assert_eq!(key(Some(&EncodingType::Url), listed), expected);
            assert_eq!(key(None, listed), listed, "a store that does not encode");
        }
    }

    /// A store that has a key with a control character, and writes it as the request wants it.
    async fn store() -> aws_sdk_s3::Client {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut request = vec![0; 8192];
                let read = stream.read(&mut request).await.unwrap();
                let is_encoded = String::from_utf8_lossy(&request[..read]).contains("encoding-type=url");
                let (said, key) = if is_encoded {
                    ("<EncodingType>url</EncodingType>", "a%01b.xml")
                } else {
                    ("", "a\u{1}b.xml")
                };
                let body = format!(
                    "<?xml version=\"1.0\"?><ListBucketResult>{said}<Contents><Key>{key}</Key></Contents></ListBucketResult>"
                );
                let head = format!(
                    "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-type: application/xml\r\ncontent-length: {}\r\n\r\n",
                    body.len()
                );
                stream.write_all((head + &body).as_bytes()).await.unwrap();
                stream.shutdown().await.unwrap();
            }
        });
        let storage: Storage = serde_json::from_value(serde_json::json!({
            "region": "eu-west-1", "endpoint": endpoint, "forcePathStyle": true,
            "credentialsSecretRef": {"name": "keys"},
        }))
        .unwrap();
        let keys = [(ACCESS_KEY_ID, "id"), (SECRET_ACCESS_KEY, "key")];
        let keys: BTreeMap<_, _> =
            keys.map(|(name, value)| (name.to_owned(), value.as_bytes().to_vec())).into();
        crate::aws::s3_client(&storage, &Secrets::new(keys)).await.unwrap()
    }

    #[tokio::test]
    async fn a_key_with_a_control_character_is_listed() {
        let s3 = store().await;
        let listed = s3.list_objects_v2().bucket("raw").encoding_type(ENCODED).send().await.unwrap();
        let keys: Vec<_> = listed.contents().iter().filter_map(|object| object.key()).collect();
        assert_eq!(keys.len(), 1);
        assert_eq!(key(listed.encoding_type(), keys[0]), "a\u{1}b.xml");
    }
}
