//! What decides about the encoding of an object beside its own bytes.

use crate::repairs::Repairs;

/// How the bytes of an object become text. By default, as they and their declaration say.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Decoding {
    pub(crate) imposed: Option<Imposed>,
    pub(crate) repairs: Repairs,
}

/// An encoding that counts more than the declaration.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Imposed {
    /// Its name, one of [`ENCODINGS`](docmill_crds::conversion::ENCODINGS).
    pub(crate) label: &'static str,
    /// It also counts more than a byte order mark of UTF-8: the object has bytes that UTF-8 does not have.
    pub(crate) over_mark: bool,
}
