//! Which repairs the samples need, and how many of them. Pure.

use std::collections::BTreeMap;

use docmill_crds::conversion::Repair;

use super::mending::Mending;

/// The repairs that samples need.
#[derive(Clone, Debug, Default)]
pub(crate) struct Mended {
    /// Objects that were read.
    objects: u64,
    repairs: BTreeMap<Repair, NeededBy>,
}

/// The samples that need a repair.
#[derive(Clone, Debug)]
struct NeededBy {
    objects: u64,
    /// The first of them, and the place in it.
    first: String,
    /// One was read in an encoding that makes no words of it.
    is_doubtful: bool,
}

impl Mended {
    /// Adds an object, with the repairs that it needs.
    pub(super) fn add(&mut self, name: &str, mended: &[Mending]) {
        self.objects += 1;
        for Mending { repair, place: (line, column), is_doubtful } in mended {
            let first = || format!("{}:{line}:{column}", name.escape_debug());
            let new = || NeededBy { objects: 0, first: first(), is_doubtful: false };
            let needed = self.repairs.entry(*repair).or_insert_with(new);
            needed.objects += 1;
            needed.is_doubtful |= is_doubtful;
        }
    }

    /// The repairs.
    pub(crate) fn repairs(&self) -> Vec<Repair> {
        self.repairs.keys().copied().collect()
    }

    /// Each repair, with how many samples need it and what to know about it.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (Repair, String)> {
        self.repairs.iter().map(|(repair, NeededBy { objects, first, is_doubtful })| {
            let note = match repair {
                Repair::Encoding if *is_doubtful => {
                    "; windows-1252 makes no words of them: name their own by encoding, such as windows-1251"
                }
                Repair::Encoding => {
                    "; what is not UTF-8 is read as windows-1252, unless encoding names another"
                }
                Repair::UnclosedAtEnd => "; what was cut off is not there",
                _ => "",
            };
            (*repair, format!("needed by {objects} of {}, first at {first}{note}", self.objects))
        })
    }
}
