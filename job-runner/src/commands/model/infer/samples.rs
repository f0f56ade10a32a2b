//! Takes in samples one by one, and proposes a model for them. Memory is bounded, however many and large they
//! are.

use std::collections::BTreeMap;
use std::io::{self, Read};

use docmill_convert::{Refusal, visit};

use super::namespaces::Namespaces;
use super::observe::{Named, Observer};
use super::pattern::Pattern;
use super::propose::{Proposal, propose};
use super::record::{self, Records};
use super::tree::{TOP, Tree};

/// Kinds of root elements that are distinguished.
const MOST_ROOTS: usize = 100;

/// Why nothing can be proposed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Nothing {
    /// There is no object without a fault.
    #[error("expected samples to propose a model from, found none that is well-formed")]
    Samples,
    /// None of them has a record.
    #[error("expected a record in the samples, found none; their root elements are {0}")]
    Record(String),
    /// Records are empty.
    #[error("expected records with values, found nothing but empty elements: {0}")]
    Values(String),
}

/// What a model is proposed from.
#[derive(Debug)]
pub(crate) struct Samples {
    pattern: Option<Pattern>,
    namespaces: Namespaces,
    tree: Tree,
    named: Named,
    /// Objects by the name of their root element.
    roots: BTreeMap<String, u64>,
    /// An object has several root elements.
    concatenated: bool,
}

impl Samples {
    /// Without a pattern, the samples decide what a record is.
    pub(crate) fn new(pattern: Option<Pattern>) -> Self {
        let (namespaces, tree) = (Namespaces::new(), Tree::new());
        let (named, roots) = (Named::default(), BTreeMap::new());
        Self { pattern, namespaces, tree, named, roots, concatenated: false }
    }

    /// Examines an object. One that is not well-formed is refused, and does not count.
    pub(crate) fn add(&mut self, object: impl Read) -> io::Result<Result<(), Refusal>> {
        let mut observer = Observer::new(&mut self.namespaces, self.pattern.as_ref());
        if let Err(refusal) = visit(object, &mut observer)? {
            return Ok(Err(refusal));
        }
        let Observer { tree, root, roots, named, .. } = observer;
        self.concatenated |= roots > 1;
        self.tree.add(&tree, TOP, |namespace| namespace);
        self.named.add(named);
        if self.roots.len() < MOST_ROOTS || self.roots.contains_key(&root) {
            *self.roots.entry(root).or_default() += 1;
        }
        Ok(Ok(()))
    }

    /// A model, and the objects that have no record by it, by the name of their root element.
    pub(crate) fn propose(&self) -> Result<(Proposal, BTreeMap<String, u64>), Nothing> {
        if self.roots.is_empty() {
            return Err(Nothing::Samples);
        }
        let records = match &self.pattern {
            Some(pattern) => record::named(&self.tree, &self.named, pattern, &self.roots),
            None => record::suggested(&self.tree),
        };
        let none = || Nothing::Record(self.roots.keys().cloned().collect::<Vec<_>>().join(", "));
        let records: Records = records.ok_or_else(none)?;
        let proposal = propose(&records, &self.namespaces, self.concatenated);
        if proposal.fields.is_empty() {
            return Err(Nothing::Values(proposal.record));
        }
        Ok((proposal, records.without))
    }
}
