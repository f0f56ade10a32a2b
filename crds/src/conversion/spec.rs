//! `spec.conversion` as users write it.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::extra::Extra;
use super::fields::field::Field;
use super::fields::schema;
use super::format::{Format, binary_rules};
use super::limits::Limits;
use super::model_ref::{self, ModelRef};
use super::on_fault::OnFault;
use super::preset::Preset;
use super::reading::archive::Archive;
use super::reading::entities::Entities;
use super::reading::repair::Repair;
use crate::serialization::is_default;

/// How objects become documents.
#[allow(
    rustdoc::broken_intra_doc_links,
    reason = "the texts are for kubectl explain; their brackets are paths"
)]
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(extend("x-kubernetes-validations" = [{
    "rule": model_ref::stated_rule(),
    "message": model_ref::stated_message()
}, {
    "rule": model_ref::ALONE_RULE,
    "message": model_ref::ALONE_MESSAGE
}, {
    "rule": binary_rules::MODEL_RULE,
    "message": binary_rules::MODEL_MESSAGE
}, {
    "rule": binary_rules::limits_rule(),
    "message": binary_rules::LIMITS_MESSAGE
}, {
    "rule": "self.format != 'Json' || !(has(self.preset) || has(self.namespaces) || has(self.defaultNamespaces))",
    "message": "preset, namespaces and defaultNamespaces are for Xml"
}, {
    "rule": "self.format != 'Json' || !(has(self.entities) || has(self.repairs) || has(self.encoding) || \
        (has(self.concatenated) && self.concatenated))",
    "message": "entities, repairs, encoding and concatenated are for Xml"
}, {
    "rule": "self.format != 'Json' || !(has(self.blocks) || has(self.lines) || has(self.cells) || has(self.inline))",
    "message": "blocks, lines, cells and inline are for Xml"
}, {
    "rule": "self.format != 'Json' || !has(self.fields) || self.fields.all(f, f.type != 'markup' && !has(f.exclude))",
    "message": "the type markup and exclude are for Xml"
}]))]
pub struct Conversion {
    /// The model of a ConversionModel in the same namespace, instead of one that is stated here: no other
    /// field goes with it. A change of the ConversionModel applies as a change of this conversion would.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model_ref: Option<ModelRef>,

    /// Format of the objects in the bucket. Xml: well-formed XML 1.0 with namespaces, one or many documents
    /// in each object. Json: JSON (RFC 8259), a single value, one value per line (NDJSON) or several values
    /// one after the other. Binary: bytes of any kind, which are not parsed: an object becomes one document
    /// that describes it, with the fields key, keyDigest, name, extension, size, contentType (by its first
    /// bytes), declaredContentType, digest (SHA-256), lastModified, metadata and tags. The only other setting
    /// is then limits.maxObjectBytes.
    #[serde(default)]
    pub format: Format,

    /// A ready-made model to start from: nitf (NITF 3.x), newsml-g2 (NewsML-G2 items, alone or several in a news message),
    /// rss (RSS 0.9x, 1.0 and 2.0), atom (Atom 1.0 and 0.3), jats (journal articles, NLM 2.x to JATS 1.x), pubmed (PubMed
    /// and MEDLINE), crossref (Crossref deposits and answers), sitemap-news (news sitemaps), uspto-grant (patents of the
    /// USPTO since 2001), tei (TEI P5) or oai-dc (Dublin Core of OAI-PMH). Your own `fields` are added to it, or replace
    /// its field of the same name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preset: Option<Preset>,

    /// The path of the elements that are one document each, from the root of the object: /nitf, //item,
    /// /feed/entry; or several paths with | between: //item | //entry. Required without a preset; with one,
    /// it replaces the preset's. For Json: the path of the values: $ (each value at the top: the one of the
    /// object, or each line of NDJSON), $.items[*].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 512))]
    pub record: Option<String>,

    /// Paths of elements, from the root of the object. An object with one of them may have no records: a feed
    /// without news is ingested with no documents. Any other object without a record is refused with
    /// NoRecord. With a preset, it replaces the preset's.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 8), inner(length(min = 1, max = 512)))]
    pub empty_if: Vec<String>,

    /// Namespace prefixes for use in paths, each with its URI. Elements are matched by URI, whatever prefix the object
    /// itself uses. The prefix xml is always known.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(schema_with = "crate::serialization::uris")]
    pub namespaces: BTreeMap<String, String>,

    /// The namespace URIs of elements that a path names without a prefix. The empty string stands for no
    /// namespace, and is the default. With a preset, it replaces the preset's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 8), inner(length(max = 2048)))]
    pub default_namespaces: Option<Vec<String>>,

    /// The fields of a document, in the order in which they appear in it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "schema::fields")]
    pub fields: Vec<Field>,

    /// What happens to elements, attributes and members that no field names. Drop: they are left out, and
    /// counted. Keep: they are kept in the field `extra` as a tree of nodes {name, attributes, content}; it
    /// is stored and not searchable. Flattened: they are kept in `extra` as lists of values by path, which
    /// one flattened field makes searchable without a mapping of their own. With a preset, it replaces the
    /// preset's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extra: Option<Extra>,

    /// The time zone of dates without one: a name such as Europe/Berlin, or an offset such as +01:00. Without
    /// it, a dateTime without a zone is refused. A field may set its own. With a preset, it replaces the
    /// preset's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 64))]
    pub time_zone: Option<String>,

    /// Paths from the root of the object to a URI, such as the link of a feed. The first that finds one gives the
    /// base of fields with `resolve`, for what is still relative after xml:base. With a preset, the list
    /// replaces the preset's.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 8), inner(length(min = 1, max = 512)))]
    pub base: Vec<String>,

    /// What happens to a value that is not of its field's type or violates its constraints. Refuse: its
    /// document is refused. Drop: it is left out, and told in _docmill.dropped; its field's next value or path
    /// has its turn, and a required field without another value still refuses the document. A field may set
    /// its own. Refuse without a preset; with one, it replaces the preset's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_fault: Option<OnFault>,

    /// Which entities objects may use beyond XML's own five. Refuse: none, and an object that declares or uses one is
    /// refused with EntityRefused. Named: the names of HTML 5 and of the ISO and MathML sets, such as nbsp, mdash
    /// and eacute; no DTD is read. Declared: those, and the ones that the object's own DOCTYPE declares as text.
    /// External and parameter entities are always refused. Refuse if not set; all presets set Named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entities: Option<Entities>,

    /// What is mended in objects that are not well-formed, and counted in `_docmill.repairs`, in the records of units
    /// and in the metrics of workers. Nothing if not set. LeadingSpace: white space or a byte order mark before
    /// the XML declaration is left out. TrailingData: NULs and text after the root element are left out.
    /// ControlCharacters: characters that XML does not allow are left out. BareAmpersand: an ampersand that
    /// begins no reference is an ampersand. UndeclaredPrefix: a prefix without a declaration gets its well-known
    /// namespace, or one that is named like the prefix. Encoding: a declaration that the bytes contradict is
    /// ignored, and an object with bytes that do not exist in its encoding is read again in `encoding`.
    /// DuplicateAttributes: the first attribute of a name counts. UnclosedAtEnd: elements that are open at the
    /// end of the object end there. With a preset, the list replaces the preset's.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 8))]
    pub repairs: Vec<Repair>,

    /// The encoding of the objects, whatever they declare: a name such as windows-1252, iso-8859-2 or utf-16le. A byte
    /// order mark counts more. With the repair Encoding, the encoding of those objects alone that have bytes which
    /// do not exist in their own encoding; it is then windows-1252 if not set. With a preset, it replaces the
    /// preset's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 40))]
    pub encoding: Option<String>,

    /// An object may be several XML documents one after the other, each with its own declaration, DOCTYPE, root element
    /// and namespaces.
    #[serde(default, skip_serializing_if = "is_default")]
    pub concatenated: bool,

    /// Elements whose text is a paragraph of its own in a text, and set apart by a space in a string, beside the ones
    /// that docs/reference/model-language.md lists: P, `tei:ab`, `*:ab`. Names are as in paths, and case counts.
    /// These lists are added to those of a preset; of an element that both name, this one counts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 100), inner(length(min = 1, max = 128)))]
    pub blocks: Vec<String>,

    /// Elements whose text is a line of its own, written like `blocks`. An empty one ends a line.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 100), inner(length(min = 1, max = 128)))]
    pub lines: Vec<String>,

    /// Elements whose text is set apart by a space, written like `blocks`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 100), inner(length(min = 1, max = 128)))]
    pub cells: Vec<String>,

    /// Elements that are part of their line although documents of other kinds set them apart, written like `blocks`:
    /// title and term of TEI.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 100), inner(length(min = 1, max = 128)))]
    pub inline: Vec<String>,

    /// An object may be an archive: ZIP, tar, or tar compressed with gzip or zstd. Each of its members is read as an
    /// object would be, and named in documents (`_docmill.unit.member`), in refusals and in the errors bucket. An
    /// object that is no archive is read as without this field. With a preset, it replaces the preset's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub archive: Option<Archive>,

    /// Limits on the resources that one object may use in a worker. The defaults are well above what real
    /// news documents need.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limits: Option<Limits>,
}

impl Conversion {
    /// The settings that say what is in objects, each with whether it is set.
    pub(super) fn content_settings(&self) -> [(&'static str, bool); 19] {
        [
            ("preset", self.preset.is_some()),
            ("record", self.record.is_some()),
            ("emptyIf", !self.empty_if.is_empty()),
            ("namespaces", !self.namespaces.is_empty()),
            ("defaultNamespaces", self.default_namespaces.is_some()),
            ("fields", !self.fields.is_empty()),
            ("extra", self.extra.is_some()),
            ("timeZone", self.time_zone.is_some()),
            ("base", !self.base.is_empty()),
            ("onFault", self.on_fault.is_some()),
            ("entities", self.entities.is_some()),
            ("repairs", !self.repairs.is_empty()),
            ("encoding", self.encoding.is_some()),
            ("concatenated", self.concatenated),
            ("blocks", !self.blocks.is_empty()),
            ("lines", !self.lines.is_empty()),
            ("cells", !self.cells.is_empty()),
            ("inline", !self.inline.is_empty()),
            ("archive", self.archive.is_some()),
        ]
    }
}
