//! What documents did not take, counted by path: so that somebody can see that a feed has started to carry
//! something new.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::{BuildHasherDefault, Hasher};

use serde::Serialize;

use super::fault::shorten;

/// How many paths are distinguished. A feed that makes up element names must not fill the memory.
pub(crate) const MOST_PATHS: usize = 1000;

/// What was neither mapped nor kept.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Losses {
    /// Documents that were examined.
    pub documents: u64,
    /// Sorted by how many documents have it, most first.
    pub paths: Vec<Loss>,
    /// Occurrences at paths beyond those that are distinguished.
    pub uncounted: u64,
}

/// A path whose content no field of the model takes: none leads there, or the field has another value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Loss {
    /// From the root of the object, with names as the object writes them: `/nitf/head/meta/@name`.
    pub path: String,
    /// What kind of content it is.
    pub kind: LossKind,
    /// Documents that have it.
    pub documents: u64,
    /// Number of occurrences.
    pub occurrences: u64,
    /// The first value found, shortened; empty for an element without text.
    pub example: String,
}

/// What is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LossKind {
    /// An element's own text, or the element itself if it has nothing else.
    Element,
    /// An attribute.
    Attribute,
}

/// Counts while objects stream by. Paths are identified by a hash, and written out when they are met for the
/// first time.
#[derive(Debug, Default)]
pub(crate) struct LossCounter {
    document: u64,
    paths: HashMap<u64, Counted, BuildHasherDefault<Identity>>,
    uncounted: u64,
}

#[derive(Debug)]
struct Counted {
    loss: Loss,
    last_document: u64,
}

impl Counted {
    const fn count(&mut self, document: u64) {
        self.loss.occurrences += 1;
        if self.last_document != document {
            self.last_document = document;
            self.loss.documents += 1;
        }
    }
}

impl LossCounter {
    /// Another document starts.
    pub(crate) const fn next_document(&mut self) {
        self.document += 1;
    }

    pub(crate) fn count(&mut self, hash: u64, kind: LossKind, path: impl FnOnce() -> String, example: &str) {
        match self.paths.get_mut(&hash) {
            Some(counted) => counted.count(self.document),
            None => self.count_first(hash, kind, path, example),
        }
    }

    /// Counts the first occurrence at a path.
    #[cold]
    fn count_first(&mut self, hash: u64, kind: LossKind, path: impl FnOnce() -> String, example: &str) {
        if self.paths.len() >= MOST_PATHS {
            return self.count_without_path();
        }
        let (path, example) = (path(), shorten(example));
        let loss = Loss { path, kind, documents: 1, occurrences: 1, example };
        self.paths.insert(hash, Counted { loss, last_document: self.document });
    }

    /// Counts an occurrence at a path that is not distinguished.
    pub(crate) const fn count_without_path(&mut self) {
        self.uncounted += 1;
    }

    /// Adds the counts of another counter, from other documents.
    pub(crate) fn merge(&mut self, other: Self) {
        self.document += other.document;
        self.uncounted += other.uncounted;
        for (hash, Counted { loss, .. }) in other.paths {
            let full = self.paths.len() >= MOST_PATHS;
            match self.paths.entry(hash) {
                Entry::Occupied(mut known) => {
                    let known = &mut known.get_mut().loss;
                    known.documents += loss.documents;
                    known.occurrences += loss.occurrences;
                }
                Entry::Vacant(_) if full => self.uncounted += loss.occurrences,
                Entry::Vacant(place) => {
                    place.insert(Counted { loss, last_document: u64::MAX });
                }
            }
        }
    }

    pub(crate) fn into_losses(self) -> Losses {
        let mut paths: Vec<_> = self.paths.into_values().map(|counted| counted.loss).collect();
        paths.sort_by(|a, b| b.documents.cmp(&a.documents).then_with(|| a.path.cmp(&b.path)));
        Losses { documents: self.document, paths, uncounted: self.uncounted }
    }
}

/// A hasher for keys that are hashes already.
#[derive(Debug, Default)]
pub(crate) struct Identity(u64);

impl Hasher for Identity {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, key: u64) {
        self.0 = key;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}
