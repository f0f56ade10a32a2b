//! Names of elements as small numbers. The names that a model mentions are known when it is compiled; every
//! other name of a document is [`UNKNOWN`], so that what a model does not mention costs only one look-up.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use docmill_crds::conversion::NameTest;

use super::gap::Gap;

/// An element's name or namespace that the model does not mention.
pub(crate) const UNKNOWN: u32 = u32::MAX;

/// The namespace of names without one.
pub(crate) const NO_NAMESPACE: u32 = 0;

/// The names of a model.
#[derive(Debug)]
pub(crate) struct Names {
    namespaces: Vec<String>,
    locals: HashMap<Box<str>, Local, BuildHasherDefault<NameHasher>>,
    count: u32,
}

#[derive(Debug)]
struct Local {
    /// This local name in any namespace.
    any: u32,
    /// This local name in one namespace each.
    qualified: Vec<(u32, u32)>,
    gap: Gap,
    /// Namespaces in which its gap is another one.
    gaps: Vec<(u32, Gap)>,
}

/// Whether text is set apart from what is before and after an element of this namespace and name, without a model that says
/// so.
pub fn sets_text_apart(uri: &str, local: &str) -> bool {
    let names = Names::new();
    names.resolve(names.namespace(uri), local).gap != Gap::None
}

/// What a model knows of an element's name.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Name {
    pub(crate) namespace: u32,
    /// The number of this name in its namespace.
    pub(crate) exact: u32,
    /// The number of this local name in any namespace.
    pub(crate) any: u32,
    /// How it separates the text around it.
    pub(crate) gap: Gap,
}

impl Names {
    pub(crate) fn new() -> Self {
        let mut names = Self { namespaces: vec![String::new()], locals: HashMap::default(), count: 0 };
        for (local, gap) in Gap::elements() {
            names.local(local).gap = gap;
        }
        for (uri, local, gap) in Gap::elements_of_one() {
            names.set_gap_in(uri, local, gap);
        }
        names
    }

    pub(crate) fn intern_namespace(&mut self, uri: &str) -> u32 {
        let known = self.namespace(uri);
        if known != UNKNOWN {
            return known;
        }
        self.namespaces.push(uri.to_owned());
        number(self.namespaces.len() - 1)
    }

    /// The number of a name in one namespace.
    pub(crate) fn intern(&mut self, uri: &str, local: &str) -> u32 {
        let namespace = self.intern_namespace(uri);
        let next = self.count;
        let qualified = &mut self.local(local).qualified;
        if let Some((_, known)) = qualified.iter().find(|(ns, _)| *ns == namespace) {
            return *known;
        }
        qualified.push((namespace, next));
        self.count += 1;
        next
    }

    /// The number of a local name in any namespace.
    pub(crate) fn intern_any(&mut self, local: &str) -> u32 {
        let next = self.count;
        let any = &mut self.local(local).any;
        if *any == UNKNOWN {
            *any = next;
            self.count += 1;
            return next;
        }
        *any
    }

    /// Has the elements of this name separate text so, whatever was known of them before, in any namespace of the test.
    pub(crate) fn set_gap(&mut self, test: &NameTest, gap: Gap) {
        match test {
            NameTest::AnyNamespace(local) => {
                let known = self.local(local);
                known.gap = gap;
                known.gaps.clear();
            }
            NameTest::Named { namespaces, local } => {
                for uri in namespaces {
                    self.set_gap_in(uri, local, gap);
                }
            }
            NameTest::Any | NameTest::InNamespace(_) => {}
        }
    }

    fn set_gap_in(&mut self, uri: &str, local: &str, gap: Gap) {
        let namespace = self.intern_namespace(uri);
        let gaps = &mut self.local(local).gaps;
        gaps.retain(|(known, _)| *known != namespace);
        gaps.push((namespace, gap));
    }

    /// The number of a namespace, or [`UNKNOWN`].
    pub(crate) fn namespace(&self, uri: &str) -> u32 {
        self.namespaces.iter().position(|known| known == uri).map_or(UNKNOWN, number)
    }

    pub(crate) fn resolve(&self, namespace: u32, local: &str) -> Name {
        let Some(known) = self.locals.get(local) else {
            return Name { namespace, exact: UNKNOWN, any: UNKNOWN, gap: Gap::None };
        };
        let exact = known.qualified.iter().find(|(ns, _)| *ns == namespace).map_or(UNKNOWN, |(_, id)| *id);
        let gap = known.gaps.iter().find(|(ns, _)| *ns == namespace).map_or(known.gap, |(_, gap)| *gap);
        Name { namespace, exact, any: known.any, gap }
    }

    fn local(&mut self, local: &str) -> &mut Local {
        self.locals.entry(local.into()).or_insert(Local {
            any: UNKNOWN,
            qualified: Vec::new(),
            gap: Gap::None,
            gaps: Vec::new(),
        })
    }
}

/// A model has far fewer parts than 2³²: it is a Kubernetes object, and those are limited to about a
/// megabyte.
pub(crate) fn number(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(UNKNOWN)
}

/// A hash of a path, from that of its parent and a name as it is written.
pub(crate) fn hash_name(parent: u64, prefix: &str, local: &str) -> u64 {
    let mut hasher = NameHasher(parent);
    hasher.write(prefix.as_bytes());
    hasher.write(local.as_bytes());
    hasher.0
}

/// Eight bytes at a time, by multiplication: names are short, and the table's keys come from the model, not
/// from the documents.
#[derive(Debug, Default)]
pub(crate) struct NameHasher(u64);

impl NameHasher {
    const fn mix(&mut self, word: u64) {
        self.0 = (self.0.rotate_left(5) ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }
}

impl Hasher for NameHasher {
    fn write(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks::<8>();
        for word in words {
            self.mix(u64::from_le_bytes(*word));
        }
        let rest = rest.iter().fold(0, |word, byte| (word << 8) | u64::from(*byte));
        self.mix(rest);
    }

    fn write_u8(&mut self, _: u8) {
        // The end mark of a string: a key has only one.
    }

    fn finish(&self) -> u64 {
        self.0 ^ (self.0 >> 32)
    }
}
