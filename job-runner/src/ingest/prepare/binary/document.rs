//! The document of an object: what its bytes tell, and what the store says of it. Pure, except for the reader
//! of [`of_reader`].

use std::collections::BTreeMap;
use std::io::{self, Read};

use docmill_convert::Document;
use docmill_crds::digest::sha256;
use serde_json::{Value, json};

use super::content::{ContentFacts, Intake};
use super::encoded_word::decode;
use crate::ingest::source::object::ObjectHeaders;

/// Maximum characters of an extension; anything longer is part of a name.
const MAX_EXTENSION: usize = 16;
/// Bytes per read.
const READ_BYTES: usize = 64 * 1024;

/// What the store knows of an object apart from its bytes.
#[derive(Clone, Debug, Default)]
pub(crate) struct ObjectFacts {
    /// When it landed, RFC 3339.
    pub(crate) last_modified: Option<String>,
    /// The headers of the response that returned it.
    pub(crate) headers: ObjectHeaders,
    /// Its tags.
    pub(crate) tags: BTreeMap<String, String>,
}

/// The document of an object that is read to its end here, and of which nothing is known except its name and
/// bytes.
pub fn of_reader(key: &str, mut object: impl Read) -> io::Result<Document> {
    let mut intake = Intake::default();
    let mut buffer = vec![0; READ_BYTES];
    loop {
        match object.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => intake.push(&buffer[..count]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(document(key, &intake.finish(), ObjectFacts::default()))
}

/// The document of an object. Empty and unknown values are left out.
pub(crate) fn document(key: &str, content: &ContentFacts, facts: ObjectFacts) -> Document {
    let ObjectFacts { last_modified, headers, tags } = facts;
    let name = name(key);
    let metadata = headers.metadata.into_iter().map(|(name, value)| (name, decode(&value))).collect();
    Document::of_values([
        ("key", key.into()),
        ("keyDigest", sha256(key.as_bytes()).into()),
        ("name", Some(name).filter(|name| !name.is_empty()).into()),
        ("extension", extension(name).into()),
        ("size", content.size.into()),
        ("contentType", content.media_type.as_ref().into()),
        ("declaredContentType", headers.content_type.into()),
        ("digest", content.digest.as_str().into()),
        ("lastModified", last_modified.into()),
        ("metadata", object(&metadata)),
        ("tags", object(&tags)),
    ])
}

/// The names in sorted order, so that equal objects have equal documents, byte by byte.
fn object(values: &BTreeMap<String, String>) -> Value {
    if values.is_empty() { Value::Null } else { json!(values) }
}

/// The last part of a key; for the key of a folder, the folder's name.
fn name(key: &str) -> &str {
    let key = key.trim_end_matches('/');
    key.rsplit('/').next().unwrap_or(key)
}

/// What follows the last dot of a name, in lower case, if that looks like an extension.
fn extension(name: &str) -> Option<String> {
    let (stem, extension) = name.rsplit_once('.')?;
    let fits = (1..=MAX_EXTENSION).contains(&extension.len())
        && extension.bytes().all(|byte| byte.is_ascii_alphanumeric());
    (fits && !stem.is_empty()).then(|| extension.to_ascii_lowercase())
}

#[cfg(test)]
mod tests;
