//! Where a document belongs: index and id. Pure functions of the document, so that a document that comes
//! twice is stored once, and nobody has to remember where it went.
//!
//! [`Addressing::of_new`] gives a new document its index name (`spec.index.name`) and id (`spec.index.id`),
//! and checks the window of dates; [`Addressing::of`] computes them for a document that was addressed before.

pub(crate) mod date_window;

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;

use docmill_crds::api::ingest_source::Index;
use docmill_crds::reason::Reason;
use docmill_crds::records::units::DocumentAddress;
use docmill_crds::template::{RenderError, Template};
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::{Map, Value};

use self::date_window::{IndexWindow, OutOfWindow};
use super::documents::Document;

/// Elasticsearch's limit for an index name, in bytes
/// (<https://www.elastic.co/guide/en/elasticsearch/reference/current/indices-create-index.html>).
const MAX_INDEX_BYTES: usize = 255;
/// Elasticsearch's limit for an `_id`, in bytes.
const MAX_ID_BYTES: usize = 512;

/// How the documents of a source are addressed. Documents of a source without an index have no address: their
/// index and id are empty.
#[derive(Clone, Debug)]
pub struct Addressing(Option<Templates>);

/// The templates of an address.
#[derive(Clone, Debug)]
pub struct Templates {
    /// Template of the index name.
    pub index: Template,
    /// Template of the id.
    pub id: Template,
    /// Which dates may name an index; `None` allows all.
    window: Option<IndexWindow>,
}

/// A field of the resource that cannot be used to build addresses.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {problem}")]
pub struct InvalidTemplate {
    /// Which field of the resource.
    pub field: &'static str,
    /// What is wrong with it.
    pub problem: String,
}

/// Why a document cannot be addressed. Such a document is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// The index name cannot be rendered.
    #[error("index.name cannot be filled: {0}")]
    Index(RenderError),
    /// The id cannot be rendered.
    #[error("index.id cannot be filled: {0}")]
    Id(RenderError),
    /// Elasticsearch would reject the name.
    #[error(
        "{0:?} cannot be the name of an index: at most 255 bytes, lower case, none of \\ / * ? \" < > | , # : or space"
    )]
    IndexName(String),
    /// Elasticsearch would reject the id.
    #[error("the id has {0} bytes, and at most 512 are allowed")]
    IdTooLong(usize),
    /// A date may not name an index.
    #[error("{}; if it is right, change spec.index.window.{} of the source and replay the object", .0, .0.bound)]
    OutOfWindow(OutOfWindow),
}

impl AddressError {
    /// The reason of the refusal.
    pub const fn reason(&self) -> Reason {
        match self {
            Self::Index(_) | Self::Id(_) | Self::IndexName(_) | Self::IdTooLong(_) => Reason::NotAddressable,
            Self::OutOfWindow(_) => Reason::DateOutOfWindow,
        }
    }
}

impl Addressing {
    /// The addressing of a source by its `spec.index`.
    pub fn of_index(index: Option<&Index>) -> Result<Self, InvalidTemplate> {
        let parse = |field, text: &str| {
            Template::parse(text).map_err(|error| InvalidTemplate { field, problem: error.to_string() })
        };
        let templates = |index: &Index| {
            let id = parse("spec.index.id", &index.id)?;
            let window = IndexWindow::of(&index.window).map_err(|error| InvalidTemplate {
                field: "spec.index.window.from",
                problem: error.to_string(),
            })?;
            Ok(Templates { index: parse("spec.index.name", &index.name)?, id, window: Some(window) })
        };
        Ok(Self(index.map(templates).transpose()?))
    }

    /// The addressing by these templates, without a window of dates.
    pub const fn by(index: Template, id: Template) -> Self {
        Self(Some(Templates { index, id, window: None }))
    }

    /// A pattern that matches the indices; `None` if there are none.
    pub fn pattern(&self) -> Option<String> {
        Some(self.0.as_ref()?.index.wildcard())
    }

    /// Where a document belongs that is new at this time; the window of dates is relative to this time.
    pub fn of_new(&self, document: &Document, now_millis: i64) -> Result<DocumentAddress, AddressError> {
        let fields = self.named_fields(document);
        let address = self.of_fields(&fields)?;
        if let Some(Templates { index, window: Some(window), .. }) = &self.0 {
            window.check(index, &fields, now_millis).map_err(AddressError::OutOfWindow)?;
        }
        Ok(address)
    }

    /// Where a document belongs.
    pub fn of(&self, document: &Document) -> Result<DocumentAddress, AddressError> {
        self.of_fields(&self.named_fields(document))
    }

    /// Where a document with these fields belongs; fields that the templates do not name may be left out.
    pub fn of_fields(&self, fields: &Map<String, Value>) -> Result<DocumentAddress, AddressError> {
        let Some(templates) = &self.0 else {
            return Ok(DocumentAddress { index: String::new(), id: String::new() });
        };
        let index = templates.index.render(fields).map_err(AddressError::Index)?;
        if !is_index_name(&index) {
            return Err(AddressError::IndexName(index));
        }
        let id = templates.id.render(fields).map_err(AddressError::Id)?;
        if id.len() > MAX_ID_BYTES {
            return Err(AddressError::IdTooLong(id.len()));
        }
        Ok(DocumentAddress { index, id })
    }

    /// Where the document of a snapshot belongs, from its line. Fields that the templates do not name are
    /// skipped unread.
    pub fn of_line(&self, line: &[u8]) -> Result<DocumentAddress, LineError> {
        let names = Names(self.names().collect());
        let fields = names.deserialize(&mut serde_json::Deserializer::from_slice(line))?;
        Ok(self.of_fields(&fields)?)
    }

    /// Names of the top-level fields that the templates need.
    fn names(&self) -> impl Iterator<Item = &str> {
        let templates = self.0.iter();
        let paths = templates.flat_map(|templates| templates.index.fields().chain(templates.id.fields()));
        paths.map(|path| path.split('.').next().unwrap_or(path))
    }

    /// The fields that the templates name; no others are read.
    fn named_fields(&self, document: &Document) -> Map<String, Value> {
        let mut fields = Map::new();
        for name in self.names() {
            if let Some(json) = document.field(name)
                && let Ok(value) = serde_json::from_str(json)
            {
                fields.insert(name.to_owned(), value);
            }
        }
        fields
    }
}

/// Why the document of a line cannot be addressed.
#[derive(Debug, thiserror::Error)]
pub enum LineError {
    /// The line is not a JSON object.
    #[error("failed to read a line of a snapshot: {0}")]
    NotJson(#[from] serde_json::Error),
    /// The document has no address with the current templates.
    #[error(transparent)]
    Address(#[from] AddressError),
}

/// Reads the fields of an object that have one of these names.
struct Names<'a>(BTreeSet<&'a str>);

impl<'de> DeserializeSeed<'de> for Names<'_> {
    type Value = Map<String, Value>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Names<'_> {
    type Value = Map<String, Value>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut fields = Map::new();
        while let Some(name) = map.next_key::<Cow<'de, str>>()? {
            if self.0.contains(name.as_ref()) {
                fields.insert(name.into_owned(), map.next_value()?);
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(fields)
    }
}

/// Whether Elasticsearch would accept this as the name of an index.
pub fn is_index_name(name: &str) -> bool {
    const FORBIDDEN: &[char] = &['\\', '/', '*', '?', '"', '<', '>', '|', ' ', ',', '#', ':'];
    !name.is_empty()
        && name.len() <= MAX_INDEX_BYTES
        && !name.starts_with(['-', '_', '+', '.'])
        && !name.contains(FORBIDDEN)
        && !name.chars().any(char::is_control)
        // Not the same as having no capital letters: `ǅ` is none.
        && name.to_lowercase() == name
}

#[cfg(test)]
mod tests {
    use docmill_crds::conversion::Conversion;
    use docmill_crds::template::Template;
    use serde_json::json;

    use super::{AddressError, Addressing};
    use crate::{Converter, Document};

    fn addressing() -> Addressing {
        Addressing::by(
            Template::parse("articles-{publishedAt:%Y.%m.%d}{desk}").unwrap(),
            Template::parse("{guid}").unwrap(),
        )
    }

    fn document(desk: &str, guid: &str) -> Document {
        let field = |name: &str| json!({"name": name, "path": [format!("@{name}")]});
        let model = json!({"record": "/d", "fields": [field("publishedAt"), field("other"), field("desk"), field("guid")]});
        let model = serde_json::from_value::<Conversion>(model).unwrap().resolve().unwrap();
        let xml = format!("<d publishedAt='2026-01-02T00:00:00Z' desk='{desk}' guid='{guid}'/>");
        let converter = Converter::new(&model).unwrap();
        let mut documents = converter.documents(xml.as_bytes());
        documents.next().unwrap().unwrap().unwrap()
    }

    #[test]
    fn a_document_tells_its_own_address() {
        let address = addressing().of(&document("-de", "tag:1")).unwrap();
        assert_eq!((address.index.as_str(), address.id.as_str()), ("articles-2026.01.02-de", "tag:1"));
        let line = document("-de", "tag:1").into_json();
        assert_eq!(addressing().of_line(line.as_bytes()).unwrap(), address);
        assert!(addressing().of_line(b"[]").is_err());
    }

    #[test]
    fn without_an_index_no_document_has_an_address_and_none_is_refused_for_it() {
        let addressing = Addressing::of_index(None).unwrap();
        let address = addressing.of(&document("DE", "")).unwrap();
        assert_eq!((address.index.as_str(), address.id.as_str()), ("", ""));
        assert_eq!(addressing.of_line(b"{\"headline\":\"x\"}").unwrap(), address);
        assert_eq!(addressing.pattern(), None);
    }

    #[test]
    fn what_elasticsearch_would_refuse_is_refused_here() {
        assert!(matches!(addressing().of(&document("DE", "1")), Err(AddressError::IndexName(_))));
        for odd in ["a b", "\u{1c5}", "\u{7f}", &"x".repeat(240)] {
            assert!(matches!(addressing().of(&document(odd, "1")), Err(AddressError::IndexName(_))), "{odd}");
        }
        for first in ["-a", "_a", "+a", ".a", ""] {
            assert!(!super::is_index_name(first), "{first}");
        }
        assert!(matches!(addressing().of(&document("-de", "")), Err(AddressError::Id(_))));
        assert_eq!(addressing().of(&document("-de", &"x".repeat(513))), Err(AddressError::IdTooLong(513)));
    }
}
