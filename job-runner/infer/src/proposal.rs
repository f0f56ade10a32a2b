//! A model that fits samples, and the reasons for it.

use std::collections::BTreeMap;

use docmill_crds::conversion::{Archive, Conversion, Entities, Field, FieldType, Format, OnFault};

use super::roles::Role;
use super::samples::Mended;

/// What all of so many documents have, from so many objects, is required: of documents like them, one in a
/// hundred lacks it at most (the rule of three, with 95 % confidence). Of fewer samples nothing but the id is
/// required.
const MANY_DOCUMENTS: u64 = 300;
const MANY_OBJECTS: u64 = 30;

/// What the samples are.
#[derive(Clone, Debug, Default)]
pub(super) struct SampleForm {
    pub(super) format: Format,
    /// Objects are archives, with such members.
    pub(super) archive: Option<Archive>,
    /// Objects are several XML documents, one after the other.
    pub(super) concatenated: bool,
    /// What they use beyond XML's own.
    pub(super) entities: Entities,
    /// What has to be mended in them.
    pub(super) mended: Mended,
}

/// A model, and the reasons for it.
#[derive(Debug)]
pub struct Proposal {
    pub(super) form: SampleForm,
    pub(super) record: String,
    pub(super) namespaces: BTreeMap<String, String>,
    pub(super) default_namespaces: Option<Vec<String>>,
    /// Elements whose text is set apart by a space.
    pub(super) cells: Vec<String>,
    pub(super) fields: Vec<Proposed>,
    /// Number of records and objects.
    pub(super) documents: u64,
    pub(super) objects: u64,
    /// What repeats beside the records: its path, and how many there are.
    pub(super) beside: Vec<(String, u64)>,
    /// What has no field, and why.
    pub(super) left_out: Vec<String>,
}

/// A field, and how often it occurs.
#[derive(Debug)]
pub(super) struct Proposed {
    /// Without nested fields.
    pub(super) field: Field,
    pub(super) nested: Vec<Self>,
    pub(super) role: Option<Role>,
    /// What a person should know about its values.
    pub(super) hint: Option<&'static str>,
    /// Records, or objects, that have it, and all of them.
    pub(super) count: u64,
    pub(super) of: u64,
    pub(super) example: String,
}

impl Proposal {
    /// The path of the records.
    pub fn record(&self) -> &str {
        &self.record
    }

    /// What repeats beside the records and becomes no document, with what to do about it, one line each.
    pub fn beside(&self) -> impl Iterator<Item = String> {
        self.beside.iter().map(|(path, count)| {
            format!("{path}: {count} beside the records; to take them too, write {} | {path}", self.record)
        })
    }

    /// What has to be mended in samples, and in which, one line each.
    pub fn mended(&self) -> impl Iterator<Item = String> {
        self.form.mended.iter().map(|(repair, about)| format!("{}, {about}", repair.as_str()))
    }

    /// The model as it is written in an `IngestSource`.
    pub fn conversion(&self) -> Conversion {
        Conversion {
            format: self.form.format,
            record: Some(self.record.clone()),
            namespaces: self.namespaces.clone(),
            default_namespaces: self.default_namespaces.clone(),
            entities: Some(self.form.entities).filter(|entities| *entities != Entities::Refuse),
            repairs: self.form.mended.repairs(),
            archive: self.form.archive.clone(),
            concatenated: self.form.concatenated,
            on_fault: self.on_fault(),
            cells: self.cells.clone(),
            fields: self.fields.iter().map(Proposed::field).collect(),
            ..Conversion::default()
        }
    }

    /// Whether each object was one document, so that its key is an id.
    pub const fn has_one_document_each(&self) -> bool {
        self.documents == self.objects && self.form.archive.is_none()
    }

    /// The id of a document in an index, as a template; `None` if no field is the guid.
    pub fn id_template(&self) -> Option<String> {
        self.role(Role::Guid).map(|guid| format!("{{{guid}}}"))
    }

    /// The name of an index for each month, as a template; `None` if no field is the date of publication.
    pub fn index_template(&self) -> Option<String> {
        self.role(Role::PublishedAt).map(|date| format!("articles-{{{date}:%Y.%m}}"))
    }

    /// A value that its type does not fit is left out: the next ones may be other than those of the samples.
    pub(super) fn on_fault(&self) -> Option<OnFault> {
        self.fields.iter().any(Proposed::is_typed).then_some(OnFault::Drop)
    }

    /// Whether what all documents have is required.
    pub(super) const fn is_from_many(&self) -> bool {
        is_many(self.documents, self.objects)
    }

    /// The name of the field with this role.
    fn role(&self, role: Role) -> Option<&str> {
        let field = self.fields.iter().find(|proposed| proposed.role == Some(role))?;
        Some(&field.field.name)
    }
}

/// Whether what so many documents of so many objects all have is required.
pub(super) const fn is_many(documents: u64, objects: u64) -> bool {
    documents >= MANY_DOCUMENTS && objects >= MANY_OBJECTS
}

impl Proposed {
    /// Whether it, or a field in it, has a type that not every text fits.
    fn is_typed(&self) -> bool {
        let fits_all = matches!(self.field.kind, FieldType::String | FieldType::Text | FieldType::Object);
        !fits_all || self.nested.iter().any(Self::is_typed)
    }

    fn field(&self) -> Field {
        Field { fields: self.nested.iter().map(Self::field).collect(), ..self.field.clone() }
    }
}
