//! Turns what a user writes into what a worker compiles: the preset is expanded, every part is checked, and
//! the result gets a revision.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::extra::{EXTRA_FIELD, Extra};
use super::fields::computed::Computed;
use super::fields::constraints::date_bounds::DateBounds;
use super::fields::constraints::{ConstraintFault, Constraints};
use super::fields::field::Field;
use super::fields::field_type::FieldType;
use super::fields::parts::DateParts;
use super::fields::paths::{late, position};
use super::fields::schema::MAX_NESTING;
use super::fields::{dates, default, search_rules, template};
use super::format::Format;
use super::limits::ResolvedLimits;
use super::model_error::ModelError;
use super::on_fault::OnFault;
use super::path::{Path, Scope, Target};
use super::reading::archive::ResolvedArchive;
use super::reading::entities::Entities;
use super::reading::repair::Repair;
use super::text::elements::TextElements;
use crate::digest::hex;
use crate::serialization::is_default;

/// The version of how documents are written. It is part of every revision: raise it when the same model and
/// the same object give a different document than before.
pub const CONVERTER_FORMAT: u32 = 6;

/// The same for documents of format Binary, types of contents included.
pub const BINARY_FORMAT: u32 = 1;

/// Hexadecimal digits of a revision.
const REVISION_DIGITS: usize = 12;

/// Whether a text has the form of a revision.
pub fn is_revision(text: &str) -> bool {
    text.len() == REVISION_DIGITS && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// A fully resolved conversion: presets are expanded, and every path is valid.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Model {
    /// The format of objects.
    pub format: Format,
    /// The path of the elements that are one document each; empty if objects are not parsed.
    pub record: String,
    /// The paths of elements that may be without records.
    pub empty_if: Vec<String>,
    /// Prefix → URI.
    pub namespaces: BTreeMap<String, String>,
    /// The namespaces of names without a prefix; the empty string stands for no namespace.
    pub default_namespaces: Vec<String>,
    /// The fields, in the order of the document; empty if objects are not parsed.
    pub fields: Vec<Field>,
    /// What happens to parts that no field names.
    pub extra: Extra,
    /// The time zone of dates without one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time_zone: Option<String>,
    /// The paths of what relative URIs are resolved against.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub base: Vec<String>,
    /// What happens to values that are wrong, where a field does not say it.
    #[serde(skip_serializing_if = "is_refuse")]
    pub on_fault: OnFault,
    /// Which entities an object may use.
    #[serde(skip_serializing_if = "is_default")]
    pub entities: Entities,
    /// What is mended in an object, sorted.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub repairs: Vec<Repair>,
    /// The encoding of objects, or with [`Repair::Encoding`], of those whose own one does not fit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub encoding: Option<&'static str>,
    /// An object may be several XML documents, one after the other.
    #[serde(skip_serializing_if = "is_default")]
    pub concatenated: bool,
    /// How elements set their text apart, beside those that are known in every vocabulary.
    #[serde(skip_serializing_if = "is_default")]
    pub text: TextElements,
    /// An object may be an archive, of which these members are read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub archive: Option<ResolvedArchive>,
    /// Limits on the resources that an object may use.
    pub limits: ResolvedLimits,
}

impl Model {
    /// The name of this logic: hexadecimal digits of the SHA-256 of the model's JSON and the converter's format version.
    /// Equal models have equal revisions, whether a preset was named or written out. How fields are searched is left
    /// out, since it changes no document.
    pub fn revision(&self) -> String {
        let version = if self.format == Format::Binary { BINARY_FORMAT } else { CONVERTER_FORMAT };
        let (fields, limits) = (search_rules::without_search(&self.fields), self.limits.for_revision());
        let logic = Self { fields, limits, ..self.clone() };
        let canonical = serde_json::json!({"converterFormat": version, "model": logic}).to_string();
        hex(&Sha256::digest(canonical)[..REVISION_DIGITS / 2])
    }

    /// In which the names of this model's paths are looked up.
    pub fn scope(&self) -> Scope<'_> {
        let Self { format, namespaces, default_namespaces, .. } = self;
        Scope { format: *format, namespaces, default_namespaces }
    }

    /// The paths of records, each with its text; at least one.
    pub fn record_paths(&self) -> Result<Vec<(Path, String)>, ModelError> {
        let paths = Path::parse_union(&self.record, &self.scope())
            .map_err(|fault| ModelError::Path { place: "record".to_owned(), fault })?;
        if self.format == Format::Json && paths.iter().any(|(path, _)| !path.absolute) {
            return Err(ModelError::NotFromTop { place: "record".to_owned(), path: self.record.clone() });
        }
        if paths.iter().any(|(path, _)| path.target != Target::Element || path.steps.is_empty()) {
            return Err(ModelError::NotElement { place: "record".to_owned(), path: self.record.clone() });
        }
        if paths.iter().any(|(path, _)| path.is_late()) {
            return Err(ModelError::LateElement { place: "record".to_owned(), path: self.record.clone() });
        }
        Ok(paths)
    }

    /// The paths of elements that may be without records.
    pub fn empty_paths(&self) -> Result<Vec<Path>, ModelError> {
        let path = |(index, path): (usize, &String)| {
            let place = format!("emptyIf[{index}]");
            let parsed = parse(&place, path, &self.scope())?;
            if self.format == Format::Json && !parsed.absolute {
                return Err(ModelError::NotFromTop { place, path: path.clone() });
            }
            if parsed.is_late() {
                return Err(ModelError::LateElement { place, path: path.clone() });
            }
            if parsed.target == Target::Element && !parsed.steps.is_empty() {
                return Ok(parsed);
            }
            Err(ModelError::NotElement { place, path: path.clone() })
        };
        self.empty_if.iter().enumerate().map(path).collect()
    }

    /// The paths of what relative URIs are resolved against.
    pub fn base_paths(&self) -> Result<Vec<Path>, ModelError> {
        let path = |(index, path): (usize, &String)| {
            let place = format!("base[{index}]");
            let parsed = parse(&place, path, &self.scope())?;
            let is_text = matches!(parsed.target, Target::Element | Target::Text | Target::Attribute(_));
            if parsed.absolute && is_text && !parsed.is_late() {
                return Ok(parsed);
            }
            Err(ModelError::Base { place, path: path.clone() })
        };
        self.base.iter().enumerate().map(path).collect()
    }

    pub(crate) fn check(&self) -> Result<(), ModelError> {
        self.record_paths()?;
        self.empty_paths()?;
        self.base_paths()?;
        self.text.breaks(&self.scope())?;
        dates::check_zone("timeZone", self.time_zone.as_deref())?;
        check_fields("fields", &self.fields, &self.scope(), 1, None)?;
        late::check("fields", &self.fields, &self.scope(), false)?;
        match self.fields.iter().position(has_extra_name) {
            Some(index) if self.extra != Extra::Drop => Err(ModelError::Field {
                place: format!("fields[{index}].name"),
                name: EXTRA_FIELD.to_owned(),
                problem: "with extra kept, this name is taken by what no field names".to_owned(),
            }),
            _ => Ok(()),
        }
    }
}

fn has_extra_name(field: &Field) -> bool {
    field.name == EXTRA_FIELD || field.resolution.as_deref() == Some(EXTRA_FIELD)
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
const fn is_refuse(on_fault: &OnFault) -> bool {
    matches!(on_fault, OnFault::Refuse)
}

/// Checks the fields of a document, or of the object `around` them.
fn check_fields(
    place: &str,
    fields: &[Field],
    scope: &Scope<'_>,
    level: usize,
    around: Option<&Field>,
) -> Result<(), ModelError> {
    check_names(place, fields)?;
    template::check::check(place, fields, scope, level)?;
    for (index, field) in fields.iter().enumerate() {
        let place = format!("{place}[{index}]");
        check_shape(&place, field, level)?;
        dates::check(&place, field)?;
        dates::check_parts(&place, field)?;
        search_rules::check(&place, field)?;
        check_constraints(&place, field)?;
        check_paths(&place, field, scope, (level, around))?;
        check_fields(&format!("{place}.fields"), &field.fields, scope, level + 1, Some(field))?;
    }
    Ok(())
}

fn check_shape(place: &str, field: &Field, level: usize) -> Result<(), ModelError> {
    let fault = |part: &str, problem: String| {
        Err(ModelError::Field { place: format!("{place}{part}"), name: field.name.clone(), problem })
    };
    let object = field.kind == FieldType::Object;
    if field.path.is_empty() && field.template.is_none() {
        return fault(".path", "a field needs at least one path, or a template".into());
    }
    if object && level >= MAX_NESTING {
        return fault(".type", format!("objects nest at most {MAX_NESTING} deep"));
    }
    if object == field.fields.is_empty() {
        return fault(".fields", "an object, and nothing else, has fields".into());
    }
    if !field.exclude.is_empty() && !field.kind.is_textual() {
        return fault(".exclude", "exclude is for string, text and markup".into());
    }
    if field.resolve && (!matches!(field.kind, FieldType::String | FieldType::Uri) || field.parts.is_some()) {
        return fault(".resolve", "resolve is for string and uri".into());
    }
    if field.resolve && field.split.is_some() {
        return fault(
            ".resolve",
            "URIs that stand in one value are not resolved one by one: leave out split".into(),
        );
    }
    if field.required && !field.required_if.is_empty() {
        return fault(".requiredIf", "the field is required in any case".into());
    }
    let Some(value) = &field.default else { return Ok(()) };
    if !field.defaults_when_missing() && field.map.is_empty() {
        let problem = "a required or a repeated field has no default, except for values that its map has not";
        return fault(".default", problem.into());
    }
    match default::expected(field.kind, value) {
        Some(expected) => fault(".default", format!("expected {expected}, found {value:?}")),
        None => Ok(()),
    }
}

fn check_constraints(place: &str, field: &Field) -> Result<(), ModelError> {
    let fault = |fault: ConstraintFault| ModelError::Field {
        place: format!("{place}{}", fault.part),
        name: field.name.clone(),
        problem: fault.problem,
    };
    Computed::of(field).map_err(fault)?;
    DateBounds::of(field).map_err(fault)?;
    Constraints::of(field).map(|_| ()).map_err(fault)
}

fn check_paths(
    place: &str,
    field: &Field,
    scope: &Scope<'_>,
    (level, around): (usize, Option<&Field>),
) -> Result<(), ModelError> {
    for (index, path) in field.path.iter().enumerate() {
        let place = format!("{place}.path[{index}]");
        let locations = Path::parse_locations(path, scope)
            .map_err(|fault| ModelError::Path { place: place.clone(), fault })?;
        let mixed = locations.windows(2).any(|pair| pair[0].0.absolute != pair[1].0.absolute);
        let problem = locations.iter().find_map(|(location, _)| {
            let problem = path_problem(field, location, scope, level);
            problem.or_else(|| position::problem(field, location, around))
        });
        let mixed = mixed.then_some("the paths of a union all start at the record, or all at the root");
        if let Some(problem) = problem.or(mixed.map(str::to_owned)) {
            return Err(ModelError::Field { place, name: field.name.clone(), problem });
        }
    }
    for part in field.parts.iter().flat_map(DateParts::fields) {
        let place = format!("{place}.parts.{}", part.name);
        let parsed = parse(&place, &part.path[0], scope)?;
        if parsed.absolute || matches!(parsed.target, Target::Count | Target::Position) {
            let problem = "a part of a date is within the field's own element".to_owned();
            return Err(ModelError::Field { place, name: field.name.clone(), problem });
        }
    }
    for (index, path) in field.required_if.iter().enumerate() {
        let place = format!("{place}.requiredIf[{index}]");
        let parsed = parse(&place, path, scope)?;
        let is_there = matches!(parsed.target, Target::Element | Target::Attribute(_));
        if parsed.absolute || !is_there || parsed.steps.is_empty() && parsed.target == Target::Element {
            let problem = "only an element or an attribute of the record or the object decides".to_owned();
            return Err(ModelError::Field { place, name: field.name.clone(), problem });
        }
    }
    for (index, path) in field.exclude.iter().enumerate() {
        let place = format!("{place}.exclude[{index}]");
        let parsed = parse(&place, path, scope)?;
        if parsed.absolute || parsed.steps.is_empty() || parsed.target != Target::Element {
            let problem = "only elements within the field's own can be left out".to_owned();
            return Err(ModelError::Field { place, name: field.name.clone(), problem });
        }
    }
    Ok(())
}

/// Why a path is none for this field.
fn path_problem(field: &Field, path: &Path, scope: &Scope<'_>, level: usize) -> Option<String> {
    let json = scope.format == Format::Json;
    let element = path.target == Target::Element;
    let problem = if field.kind == FieldType::Object && !element && !json {
        "an object is an element, not an attribute or text()"
    } else if field.parts.is_some() && path.target == Target::Text && !json {
        "parts are within an element, and a whole date may be an attribute, but not text()"
    } else if field.kind == FieldType::Markup && !element {
        "markup is of an element, not of an attribute or text()"
    } else if path.absolute && level > 1 {
        let start = if json { "$" } else { "/" };
        return Some(format!("a nested field is within its object: its path does not start with {start}"));
    } else if path.target == Target::Count
        && (field.kind != FieldType::Integer || field.repeated || field.path.len() > 1)
    {
        "count() is the only path of an integer that is not repeated"
    } else {
        return None;
    };
    Some(problem.to_owned())
}

fn parse(place: &str, path: &str, scope: &Scope<'_>) -> Result<Path, ModelError> {
    Path::parse(path, scope).map_err(|fault| ModelError::Path { place: place.to_owned(), fault })
}

/// Checks the names of fields, and of those that say how much of a date is known.
pub(super) fn check_names(place: &str, fields: &[Field]) -> Result<(), ModelError> {
    let mut names = BTreeSet::new();
    for (index, field) in fields.iter().enumerate() {
        for (part, name) in [("name", Some(&field.name)), ("resolution", field.resolution.as_ref())] {
            let Some(name) = name else { continue };
            let fault = |problem: &str| ModelError::Field {
                place: format!("{place}[{index}].{part}"),
                name: field.name.clone(),
                problem: problem.to_owned(),
            };
            let mut characters = name.chars();
            let starts = characters.next().is_some_and(|c| c.is_ascii_alphabetic());
            if !starts || !characters.all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-')) {
                return Err(fault("a name starts with a letter; letters, digits, - and _ follow"));
            }
            if !names.insert(name.as_str()) {
                return Err(fault("another field has this name already"));
            }
        }
    }
    Ok(())
}
