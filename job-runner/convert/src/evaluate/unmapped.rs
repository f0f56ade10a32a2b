//! What a model does not name: counted as a loss, and kept as the document's `extra` if the model asks for
//! it.
//!
//! A path of the model claims what it leads to; a value also claims all text within it, but attributes only
//! if it keeps markup. What a field excludes was a decision, and is not a loss.

use docmill_crds::conversion::Extra;

use super::extra::ExtraBuffer;
use super::text::TextBuffer;
use crate::events::Element;
use crate::events::names::hash_name;
use crate::events::open_elements::OpenElements;
use crate::losses::{LossCounter, LossKind};

/// What is known of an open element.
#[derive(Clone, Copy, Debug, Default)]
struct Standing {
    /// Hash of its path.
    path: u64,
    claim: Claim,
    /// It has attributes, children or text: it is not lost for being empty.
    filled: bool,
    /// Its text was counted.
    counted: bool,
}

/// What the model claims of an element.
#[derive(Clone, Copy, Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each says something of its own")]
pub(crate) struct Claim {
    /// Its own text is a value, or a part of one.
    pub(crate) text: bool,
    /// So is all its content.
    pub(crate) content: bool,
    /// And the attributes within it are kept as well.
    pub(crate) markup: bool,
    /// Its mere presence is a value.
    pub(crate) presence: bool,
    /// Bit n: its attribute n is a value, or decides about one. Attributes beyond the number of bits count as
    /// claimed.
    pub(crate) attributes: u128,
}

#[derive(Debug, Default)]
pub(crate) struct Unclaimed {
    open: Vec<Standing>,
    /// Unclaimed own text of the innermost element.
    pending: TextBuffer,
    losses: LossCounter,
    extra: ExtraBuffer,
    /// How many elements are open around the document.
    record: usize,
    keep: bool,
}

impl Unclaimed {
    /// Another object starts.
    pub(crate) fn start_object(&mut self, extra: Extra) {
        self.open.clear();
        self.open.push(Standing::default());
        self.pending.start(false);
        self.extra.start(extra);
        self.keep = false;
    }

    /// The element that starts next is a document.
    pub(crate) fn start_document(&mut self) {
        self.losses.next_document();
        self.record = self.open.len();
        self.keep = self.extra.is_wanted();
        self.extra.clear();
    }

    pub(crate) const fn end_document(&mut self) {
        self.keep = false;
        self.record = 0;
    }

    /// What the last document has beyond its model.
    pub(crate) const fn extra(&self) -> &ExtraBuffer {
        &self.extra
    }

    pub(crate) fn take_losses(&mut self) -> LossCounter {
        std::mem::take(&mut self.losses)
    }

    pub(crate) fn put_losses(&mut self, losses: LossCounter) {
        self.losses = losses;
    }

    /// An element starts. Its claim may still lack what is claimed around it.
    pub(crate) fn start(&mut self, element: &Element<'_>, mut claim: Claim) {
        self.settle(element.open, element.open.depth() - 1);
        let Some(parent) = self.open.last_mut() else { return };
        parent.filled = true;
        let parent = *parent;
        let markup_around = parent.claim.markup;
        claim.content |= parent.claim.content;
        claim.markup |= markup_around;
        claim.text |= claim.content;
        let path = hash_name(parent.path, element.prefix, element.local);
        let attributes = element.attributes.len();
        // A document without any content is still a document.
        let filled = attributes > 0 || element.open.depth() == self.record;
        self.open.push(Standing { path, claim, filled, counted: false });
        if markup_around || attributes == 0 {
            return;
        }
        for index in (0..attributes.min(128)).filter(|index| claim.attributes & (1 << index) == 0) {
            let attribute = element.attributes.get(index);
            if attribute.is_declaration() {
                continue;
            }
            let hash = hash_name(path ^ 1, attribute.prefix, attribute.local);
            let value = attribute.value();
            let written = || format!("{}/@{}", element.open.path(element.open.depth()), attribute.name());
            self.losses.count(hash, LossKind::Attribute, written, &value);
            if self.keep {
                self.extra.attribute(element.open, self.record, &attribute.name(), &value);
            }
        }
    }

    pub(crate) fn text(&mut self, text: &str) {
        if self.open.last().is_some_and(|standing| !standing.claim.text) {
            self.pending.push(text);
        }
    }

    /// The innermost of the open elements ends.
    pub(crate) fn end(&mut self, open: &OpenElements) {
        let depth = open.depth();
        self.settle(open, depth);
        let Some(standing) = self.open.pop() else { return };
        if !standing.filled && !standing.claim.text && !standing.claim.presence {
            self.losses.count(standing.path, LossKind::Element, || open.path(depth), "");
            if self.keep {
                self.extra.text(open, self.record, depth, "");
            }
        }
        if self.keep {
            self.extra.end(depth, self.record);
        }
    }

    /// Own text of the element at this depth is complete, up to its next child.
    fn settle(&mut self, open: &OpenElements, depth: usize) {
        if self.pending.text().is_empty() {
            return;
        }
        if let Some(standing) = self.open.last_mut() {
            standing.filled = true;
            if !standing.counted {
                standing.counted = true;
                let path = || open.path(depth);
                self.losses.count(standing.path, LossKind::Element, path, self.pending.text());
            }
            // Text before the document's element settles when that element starts.
            if self.keep && depth >= self.record {
                self.extra.text(open, self.record, depth, self.pending.text());
            }
        }
        self.pending.start(false);
    }
}
