//! Hard links in a tar archive: more names of a file whose content stands once, before them.

use std::collections::HashSet;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher as _;

use super::content::unsupported;
use super::name::{Name, relative};
use crate::fault::shorten;
use crate::input::decode::Garbled;

/// The names so far of what links may lead to: files that are read or whose refusal was told, and what has no content.
#[derive(Debug)]
pub(crate) struct Links {
    /// Their digests: there may be very many, and long ones.
    known: HashSet<u64>,
    digests: RandomState,
    /// How many there may be of what is not counted as a file.
    most: usize,
}

impl Links {
    /// `most_files`: how many files an archive may have.
    pub(crate) fn new(most_files: u64) -> Self {
        let most = usize::try_from(most_files).unwrap_or(usize::MAX);
        Self { known: HashSet::new(), digests: RandomState::new(), most }
    }

    /// Notes a file of this name.
    pub(crate) fn note(&mut self, name: &[u8]) {
        self.known.insert(self.digest(name));
    }

    /// Notes a symbolic link, a device or the like. Of very many, some are forgotten: a link to one of those is refused.
    pub(crate) fn note_special(&mut self, name: &[u8]) {
        if self.known.len() < self.most {
            self.note(name);
        }
    }

    /// Whether a link to this name adds nothing to what was told.
    pub(crate) fn knows(&self, name: &[u8]) -> bool {
        self.known.contains(&self.digest(name))
    }

    fn digest(&self, name: &[u8]) -> u64 {
        self.digests.hash_one(relative(name))
    }
}

/// Why a link is refused whose target was not read; `is_named`: whether the model names files that are called like this.
pub(crate) fn unread(target: &[u8], is_named: impl Fn(&str) -> bool) -> Garbled {
    let Name { text, .. } = Name::of(target);
    let expected = if is_named(&text) {
        "a hard link to a file that stands before it in the archive"
    } else {
        "a hard link to a file that archive.members names as well"
    };
    unsupported(expected, format!("one to {}", shorten(&text)))
}
