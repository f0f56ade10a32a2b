//! Why a conversion cannot work.

use super::path::PathFault;
use super::preset::Preset;
use crate::error_class::{Classify, ErrorClass};

/// Why a conversion cannot work. `place` says where in it: `fields[3].path[0]`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ModelError {
    /// Neither a preset nor fields.
    #[error("fields: name a preset, or say which fields a document has")]
    NoFields,
    /// Neither a preset nor a record.
    #[error("record: name a preset, or say which elements are one document each")]
    NoRecord,
    /// A path does not select elements, as it must.
    #[error(
        "{place}: {path:?} is not an element: there is neither @attribute nor text() at its end, and it is not ."
    )]
    NotElement {
        /// Where in the model.
        place: String,
        /// The path as written.
        path: String,
    },
    /// A path of elements is known only when these have ended.
    #[error(
        "{place}: {path:?} has a condition on what is in an element, or last(): which elements these are is known only \
         when they have ended, so that the conditions here are on attributes alone"
    )]
    LateElement {
        /// Where in the model.
        place: String,
        /// The path as written.
        path: String,
    },
    /// A path is none of a base.
    #[error(
        "{place}: expected the path of a text from the root of the object, such as /rss/channel/link, with conditions on \
         attributes alone, found {path:?}"
    )]
    Base {
        /// Where in the model.
        place: String,
        /// The path as written.
        path: String,
    },
    /// A path cannot be parsed.
    #[error("{place}: {fault}")]
    Path {
        /// Where in the model.
        place: String,
        /// What is wrong.
        fault: PathFault,
    },
    /// A field is invalid.
    #[error("{place} ({name}): {problem}")]
    Field {
        /// Where in the model.
        place: String,
        /// The name of the field.
        name: String,
        /// What is wrong.
        problem: String,
    },
    /// A time zone does not exist.
    #[error("{place}: expected a time zone such as Europe/Berlin, UTC or +01:00, found {name:?}")]
    Zone {
        /// Where in the model.
        place: String,
        /// As written.
        name: String,
    },
    /// An encoding is not known.
    #[error(
        "encoding: expected the name of an encoding such as windows-1252, iso-8859-2 or utf-16le, found {name:?}"
    )]
    Encoding {
        /// As written.
        name: String,
    },
    /// What names an element does not.
    #[error("{place}: expected the name of an element, such as P, tei:lb or *:lb, found {name:?}")]
    NotName {
        /// Where in the model.
        place: String,
        /// As written.
        name: String,
    },
    /// An element is in two lists, or twice in one.
    #[error("{place}: {name:?} is named before, in this list or another one: leave it out of one of them")]
    NamedTwice {
        /// Where in the model.
        place: String,
        /// As written.
        name: String,
    },
    /// A pattern of members is empty.
    #[error("archive.members: a pattern has at least one character, such as *.xml")]
    MemberPattern,
    /// A limit is out of its range.
    #[error("{place}: expected a number from {min} to {max}, found {value}")]
    Limit {
        /// Where in the model.
        place: String,
        /// As written.
        value: i64,
        /// The minimum.
        min: i64,
        /// The maximum.
        max: i64,
    },
    /// A path of a Json model that is not about records does not start at the top.
    #[error("{place}: {path:?} does not start with $, the value at the top of the object")]
    NotFromTop {
        /// Where in the model.
        place: String,
        /// The path as written.
        path: String,
    },
    /// A setting that does not apply to objects of JSON.
    #[error("{place}: {problem}")]
    NotOfJson {
        /// Where in the model.
        place: String,
        /// What is wrong.
        problem: &'static str,
    },
    /// A setting that does not apply to a Binary model.
    #[error(
        "{place}: objects of format Binary are not read as anything, so there is nothing for it: leave it out"
    )]
    NotOfBinary {
        /// Where in the model.
        place: String,
    },
    /// A model without a syntax is asked to find documents in objects.
    #[error("format: there are no documents to find in objects of this format")]
    NothingToRead,
    /// The model is that of a `ConversionModel`.
    #[error(
        "modelRef: the model itself is in the ConversionModel {name:?}: name that one, or the file that it is in"
    )]
    Reference {
        /// The name of the `ConversionModel`.
        name: String,
    },
    /// A setting beside a reference.
    #[error("{place}: modelRef stands for the whole model of a ConversionModel: leave out this, or modelRef")]
    BesideReference {
        /// Where in the model.
        place: &'static str,
    },
    /// A preset's own file is broken.
    #[error("failed to read the preset {}: {problem}", preset.as_str())]
    Preset {
        /// Which one.
        preset: Preset,
        /// The message of its parser.
        problem: String,
    },
}

impl Classify for ModelError {
    fn class(&self) -> ErrorClass {
        ErrorClass::User
    }
}
