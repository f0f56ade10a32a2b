//! Hard links in a tar archive: more names of a file whose content stands once, before them.

use std::collections::HashSet;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher as _;

use super::content::unsupported;
use super::name::{Name, relative};
use crate::fault::shorten;
use crate::input::decode::Garbled;

/// Names that are known at most: they take 5 MB, however many an archive has.
pub(crate) const MOST: usize = 400_000;

/// The names so far of what links may lead to: files that are read or whose refusal was told, and what has no content.
#[derive(Debug)]
pub(crate) struct Links {
    /// Their digests: names may be long.
    known: HashSet<u64>,
    digests: RandomState,
    most: usize,
}

impl Links {
    /// Knows so many names at most. A link to a later one is refused, which is better than lost.
    pub(crate) fn new(most: usize) -> Self {
        Self { known: HashSet::new(), digests: RandomState::new(), most }
    }

    /// Notes a name that a link may lead to without adding anything.
    pub(crate) fn note(&mut self, name: &[u8]) {
        if self.known.len() < self.most {
            self.known.insert(self.digest(name));
        }
    }

    /// Whether a link to this name adds nothing to what was told.
    pub(crate) fn knows(&self, name: &[u8]) -> bool {
        self.known.contains(&self.digest(name))
    }

    /// Why a link is refused whose target is not known; `is_named`: whether the model names files that are called like
    /// this.
    pub(crate) fn unread(&self, target: &[u8], is_named: impl Fn(&str) -> bool) -> Garbled {
        let Name { text, .. } = Name::of(target);
        let expected = if !is_named(&text) {
            "a hard link to a file that archive.members names as well".to_owned()
        } else if self.known.len() < self.most {
            "a hard link to a file that stands before it in the archive".to_owned()
        } else {
            format!("a hard link to one of the first {} names in the archive", self.most)
        };
        unsupported(&expected, format!("one to {}", shorten(&text)))
    }

    fn digest(&self, name: &[u8]) -> u64 {
        self.digests.hash_one(relative(name))
    }
}

#[cfg(test)]
mod tests {
    use super::Links;

    #[test]
    fn a_link_to_a_name_beyond_those_that_are_known_is_refused_with_the_reason() {
        let mut links = Links::new(2);
        let expected = |links: &Links| links.unread(b"c.xml", |_| true).expected;
        links.note(b"./a.xml");
        assert!(expected(&links).contains("stands before it"));
        links.note(b"b.xml");
        links.note(b"c.xml");
        assert!(links.knows(b"a.xml") && links.knows(b"b.xml") && !links.knows(b"c.xml"));
        assert!(expected(&links).contains("one of the first 2 names"));
        assert!(links.unread(b"c.xml", |_| false).expected.contains("archive.members"));
    }
}
