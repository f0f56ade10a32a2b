//! Documents of one file with the same id: a source would store the last of them.

use std::collections::HashSet;
use std::hash::{BuildHasher as _, RandomState};

use docmill_convert::{Addressing, Document};
use docmill_crds::records::units::{DocumentAddress, MAX_OVERWRITTEN_IDS};
use docmill_crds::template::{Template, TemplateError};

/// Any name of an index: ids alone are of interest.
const INDEX: &str = "documents";

/// How documents get their ids.
#[derive(Debug)]
pub(super) struct Ids(Addressing);

/// The ids of one file so far, as hashes: 64 bits each.
#[derive(Debug)]
pub(super) struct FileIds<'i> {
    ids: &'i Ids,
    hash: RandomState,
    seen: HashSet<u64>,
    overwritten: u64,
    /// The first of those that came again.
    named: Vec<String>,
}

impl Ids {
    /// By a template as in `index.id` of a source.
    pub(super) fn by(template: &str) -> Result<Self, TemplateError> {
        Ok(Self(Addressing::by(Template::parse(INDEX)?, Template::parse(template)?)))
    }

    /// For a file.
    pub(super) fn of_file(&self) -> FileIds<'_> {
        FileIds {
            ids: self,
            hash: RandomState::new(),
            seen: HashSet::new(),
            overwritten: 0,
            named: Vec::new(),
        }
    }
}

impl FileIds<'_> {
    /// Takes the id of the next document, if it has one; returns whether an earlier one of the file has it too.
    pub(super) fn take(&mut self, document: &Document) -> bool {
        let Ok(DocumentAddress { id, .. }) = self.ids.0.of(document) else { return false };
        if self.seen.insert(self.hash.hash_one(&id)) {
            return false;
        }
        self.overwritten += 1;
        if self.named.len() < MAX_OVERWRITTEN_IDS && !self.named.contains(&id) {
            self.named.push(id);
        }
        true
    }

    /// What a person is told at the end of the file; nothing if each id came once.
    pub(super) fn for_people(&self, path: &str) -> Option<String> {
        let ids: Vec<String> = self.named.iter().map(|id| format!("{id:?}")).collect();
        (self.overwritten > 0).then(|| {
            format!(
                "{path}: DuplicateId\n  documents with the id of a later one in this file, which alone is stored: {}, \
                 with ids such as {}\n\n",
                self.overwritten,
                ids.join(", ")
            )
        })
    }
}
