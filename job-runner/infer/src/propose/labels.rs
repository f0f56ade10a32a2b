//! Ids that several elements of one name hold, told apart by an attribute: `article-id[@pub-id-type='doi']`.

use std::borrow::Cow;

use docmill_crds::conversion::FieldType;

use super::super::tree::{NodeId, TOP, Tree};
use super::{Draft, Proposer, Within};

impl<'t> Proposer<'t> {
    /// Fields for the values of a repeated element of a record, by the attribute that tells them apart: those that half of
    /// the records have, and none has twice.
    pub(super) fn labelled(
        &mut self,
        at: NodeId,
        path: &str,
        words: &[Cow<'t, str>],
        within: Within<'_>,
        drafts: &mut Vec<Draft<'t>>,
    ) {
        let tree: &'t Tree = self.tree;
        let facts = &tree.node(at).facts;
        if within.scope != TOP || facts.children {
            return;
        }
        let records = tree.node(TOP).facts.elements;
        for (label, facts) in facts.labels.iter() {
            let count = facts.value.count(0);
            if facts.value.is_repeated(0) || count * 2 < records {
                continue;
            }
            let path = format!("{path}[@{}='{}']", label.attribute, label.value);
            let mut words = words.to_vec();
            words.push(Cow::Borrowed(&*label.value));
            let (typed, label) = ((FieldType::String, None), Some(facts));
            self.keep(
                Draft { node: at, label, typed, parts: None, path, words, count, repeated: false },
                within,
                drafts,
            );
        }
    }
}
