//! What decides about the encoding of an object beside its own bytes.

use docmill_crds::conversion::{DEFAULT_ENCODING, Repair};

use crate::leniency::repairs::Repairs;
use crate::leniency::{Leniency, Reading};

/// How the bytes of an object become text. By default, as they and their declaration say.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Decoding {
    pub(crate) imposed: Option<Imposed>,
    pub(crate) repairs: Repairs,
}

impl Decoding {
    /// What a model's leniency makes of a reading.
    pub(crate) fn of(leniency: &Leniency, reading: Reading) -> Self {
        let Leniency { encoding, repairs, .. } = *leniency;
        let imposed = match reading {
            Reading::AsDeclared if repairs.has(Repair::Encoding) => None,
            Reading::AsDeclared => encoding.map(|label| Imposed { label, over: Over::Declaration }),
            Reading::InFallback => {
                Some(Imposed { label: encoding.unwrap_or(DEFAULT_ENCODING), over: Over::Mark })
            }
            Reading::InNamed => {
                Some(Imposed { label: encoding.unwrap_or(DEFAULT_ENCODING), over: Over::All })
            }
        };
        Self { imposed, repairs }
    }
}

/// An encoding that counts more than the declaration.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Imposed {
    /// Its name, one of [`ENCODINGS`](docmill_crds::conversion::ENCODINGS).
    pub(crate) label: &'static str,
    pub(crate) over: Over,
}

/// What an encoding counts more than; each includes those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Over {
    Declaration,
    /// A byte order mark of UTF-8: the object has bytes that UTF-8 does not have.
    Mark,
    /// What else the object may be by its declaration or its first bytes: it turned out not to be that either.
    All,
}
