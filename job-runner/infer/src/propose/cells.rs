//! Elements whose text a model sets apart by `cells`: the parts of what is a mere text in other samples. Pure.

use docmill_convert::sets_text_apart;
use docmill_crds::conversion::Format;

use super::Proposer;
use crate::tree::{NodeId, PathNode};

/// Names of a model's list, and characters of each, as the definition of the resource has it.
const MOST: usize = 100;
const LONGEST: usize = 128;

/// Elements that mark words up, or part of a word (`H<sub>2</sub>`): they are no parts of their own.
const MARKUP: [&str; 22] = [
    "a", "b", "i", "q", "s", "u", "em", "hi", "sc", "sub", "sup", "big", "abbr", "bold", "code", "emph",
    "font", "mark", "span", "small", "italic", "strong",
];

impl Proposer<'_> {
    /// Notes the parts of elements that become a text because some are mere text: `<by>Ada</by>` beside
    /// `<by><name>Bob</name><mail>b@x</mail></by>`, which would become `Bobb@x`.
    pub(super) fn note_cells(&mut self, at: NodeId) {
        let facts = &self.tree.node(at).facts;
        // Where text and elements stand in one element, the text tells what is apart.
        if self.format != Format::Json && !facts.prose && !facts.both {
            self.note_parts(at);
        }
    }

    /// Notes what is in these elements if it is several things, and what is in those.
    fn note_parts(&mut self, at: NodeId) {
        let tree = self.tree;
        let depth = tree.node(at).depth;
        let has_text = |node: &PathNode| !node.attribute && node.facts.value.count(0) > 0;
        let parts: Vec<_> = tree
            .children(at)
            .into_iter()
            .map(|id| (id, tree.node(id)))
            .filter(|(_, n)| has_text(n))
            .collect();
        let are_several = parts.len() > 1 || parts.iter().any(|(_, part)| part.facts.may_repeat(depth));
        let is_markup = |part: &PathNode| MARKUP.iter().any(|name| part.local.eq_ignore_ascii_case(name));
        if are_several && !parts.iter().any(|(_, part)| is_markup(part)) {
            for (_, part) in &parts {
                self.note_cell(part);
            }
        }
        for (id, part) in parts {
            if part.facts.children && !part.facts.is_text() {
                self.note_parts(id);
            }
        }
    }

    fn note_cell(&mut self, part: &PathNode) {
        let uri = self.namespaces.get(part.namespace).0;
        if self.cells.len() == MOST || sets_text_apart(uri, &part.local) {
            return;
        }
        let name = self.step(part).filter(|name| name.chars().count() <= LONGEST && self.is_path(name));
        self.cells.extend(name);
    }
}
