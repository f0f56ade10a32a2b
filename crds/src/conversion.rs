//! `spec.conversion`: what a document is and which of its parts become which fields.
//!
//! A conversion is data, not code. What a user writes is a [`Conversion`]; [`Conversion::resolve`] expands
//! its preset and checks every path, and returns the [`Model`] that the worker compiles. Presets are files in
//! the same language.

mod extra;
mod fields;
mod format;
mod limits;
mod model;
mod model_error;
mod model_ref;
mod on_fault;
mod path;
mod preset;
mod reading;
mod reference;
mod resolve;
mod spec;
mod text {
    pub(super) mod elements;
    pub(super) mod html;
}
#[cfg(test)]
mod tests;

pub use extra::{EXTRA_FIELD, Extra};
pub use fields::bound::Bound;
pub use fields::computed::{Computed, TooLong};
pub use fields::constraints::date_bounds::DateBounds;
pub use fields::constraints::{ConstraintFault, Constraints};
pub use fields::date_format::{DateFormat, DatePart};
pub use fields::edits::{LetterCase, Replace};
pub use fields::field::Field;
pub use fields::field_type::FieldType;
pub use fields::parts::DateParts;
pub use fields::search::Search;
pub use fields::template::order::template_order;
pub use fields::template::parse::{Operand, TemplatePart, ValueTemplate};
pub use fields::zone::Zone;
pub use format::{Format, Syntax};
pub use limits::{Limits, ResolvedLimits};
pub use model::{BINARY_FORMAT, CONVERTER_FORMAT, Model, is_revision};
pub use model_error::ModelError;
pub use model_ref::ModelRef;
pub(crate) use model_ref::without_reference;
pub use on_fault::OnFault;
pub use path::{
    Attribute, Condition, NameTest, Path, PathFault, Place, Predicate, Scope, Step, TOP, Target, Test,
    push_member,
};
pub use preset::Preset;
pub use reading::archive::{Archive, ResolvedArchive};
pub use reading::encoding::{DEFAULT_ENCODING, ENCODINGS, encoding_named};
pub use reading::entities::Entities;
pub use reading::repair::Repair;
pub use reading::repair_counts::RepairCounts;
pub use spec::Conversion;
pub use text::elements::{TextBreak, TextElements};
pub use text::html::Html;
