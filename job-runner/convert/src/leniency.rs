//! How far an object may depart from well-formed XML.

pub(crate) mod entities;
pub(crate) mod repairs;

use docmill_crds::conversion::{Entities, Model};

use self::repairs::Repairs;

/// What a model allows. By default nothing.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Leniency {
    pub(crate) entities: Entities,
    pub(crate) repairs: Repairs,
    /// The encoding that the model names.
    pub(crate) encoding: Option<&'static str>,
    /// An object may be several XML documents.
    pub(crate) concatenated: bool,
}

/// How the bytes of an object become text. An object is read as it says itself, unless that failed and its model has the
/// repair `Encoding`; then in the other ways, in this order: see [`Converter::reading_after`](crate::Converter::reading_after).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reading {
    /// By the object's byte order mark or declaration, or in the one encoding that the model names.
    #[default]
    AsDeclared,
    /// As far as the object's bytes do not exist in that: as it declares where it was taken for UTF-8, as UTF-8 where it
    /// could be that, and else in the encoding that the model names for such objects.
    InFallback,
    /// In the encoding that the model names for such objects, whatever the object says or looks like.
    InNamed,
}

impl Leniency {
    pub(crate) fn of(model: &Model) -> Self {
        let Model { entities, repairs, encoding, concatenated, .. } = model;
        let (entities, encoding, concatenated) = (*entities, *encoding, *concatenated);
        Self { entities, repairs: Repairs::of(repairs), encoding, concatenated }
    }
}
