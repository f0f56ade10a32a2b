//! What a document does not take: counted as a loss, and kept as the document's `extra` if the model asks
//! for it.
//!
//! A path of the model claims what it leads to, unless its field has a value already; a value also claims all
//! text within it, but attributes only if it keeps markup. What a field excludes was a decision, and is not a
//! loss. A value that may yet lose to an earlier path is a matter of [`Doubts`]: it is never in `extra`.

use docmill_crds::conversion::Extra;

use super::doubts::{Doubts, OutsideTexts};
use super::extra::ExtraBuffer;
use super::text::TextBuffer;
use crate::automaton::{SlotId, bit};
use crate::events::Element;
use crate::events::names::hash_name;
use crate::events::open_elements::OpenElements;
use crate::fault::SHOWN_BYTES;
use crate::losses::{LossCounter, LossKind};

/// What is known of an open element.
#[derive(Clone, Copy, Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each says something of its own")]
struct Standing {
    /// Hash of its path.
    path: u64,
    /// What is claimed of it: see [`Claim`].
    text: bool,
    content: bool,
    markup: bool,
    presence: bool,
    /// It has attributes, children or text: it is not lost for being empty.
    filled: bool,
    /// Its text was counted.
    counted: bool,
    /// Its text belongs to values alone that may not be taken.
    doubtful: bool,
    /// How many such values were being collected once it had started.
    claimers: usize,
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

impl Claim {
    /// The attribute with this number is a value, or decides about one.
    pub(crate) fn attribute(&mut self, index: usize) {
        self.attributes |= bit(index);
    }
}

#[derive(Debug, Default)]
pub(crate) struct Unclaimed {
    open: Vec<Standing>,
    /// Unclaimed own text of the innermost element.
    pending: TextBuffer,
    losses: LossCounter,
    pub(crate) doubts: Doubts,
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
        self.doubts.start_object();
        self.extra.start(extra);
        self.keep = false;
    }

    /// The element that starts next is a document.
    pub(crate) fn start_document(&mut self, open: &OpenElements) {
        // What is around it does not wait for it.
        self.settle(open, open.depth() - 1);
        self.losses.next_document();
        self.doubts.start_document();
        self.record = self.open.len();
        self.keep = self.extra.is_wanted();
        self.extra.clear();
    }

    pub(crate) const fn end_document(&mut self) {
        self.doubts.end_document();
        self.keep = false;
        self.record = 0;
    }

    /// The document is complete: what it does not take is lost.
    pub(crate) fn resolve(&mut self, takes: impl Fn(u32, SlotId) -> bool) {
        self.doubts.resolve(&mut self.losses, takes);
    }

    /// What was found outside of documents is out of reach for those that follow: for this slot.
    pub(crate) fn drop_outside(&mut self, slot: u32) {
        self.doubts.drop_outside(slot, &mut self.losses);
    }

    /// The same for all slots.
    pub(crate) fn drop_all_outside(&mut self) {
        self.doubts.drop_all_outside(&mut self.losses);
    }

    /// Puts what was set aside in the place of what is there for this slot.
    pub(crate) fn put_back(&mut self, slot: u32, texts: OutsideTexts) {
        self.drop_outside(slot);
        self.doubts.put_back(slot, texts);
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
    pub(crate) fn start(&mut self, element: &Element<'_>, claim: Claim) {
        self.settle(element.open, element.open.depth() - 1);
        let Some(parent) = self.open.last_mut() else { return };
        parent.filled = true;
        let parent = *parent;
        let Claim { text, content, markup, presence, attributes: claimed } = claim;
        let content = content || parent.content;
        let text = text || content;
        let path = hash_name(parent.path, element.prefix, element.local);
        let attributes = element.attributes.len();
        // A document without any content is still a document.
        let filled = attributes > 0 || element.open.depth() == self.record;
        let doubtful = !text && self.doubts.claim_text(self.open.len() + 1);
        let claimers = self.doubts.len();
        self.open.push(Standing {
            path,
            text,
            content,
            markup: markup || parent.markup,
            presence,
            filled,
            counted: false,
            doubtful,
            claimers,
        });
        if attributes > 0 {
            if !parent.markup {
                self.attributes(element, claimed, path, parent.claimers);
            }
            self.doubts.attributes_end();
        }
    }

    /// Counts the attributes of an element that are not claimed; `around` values are being collected around
    /// it.
    fn attributes(&mut self, element: &Element<'_>, claimed: u128, path: u64, around: usize) {
        let count = element.attributes.len().min(128);
        for index in (0..count).filter(|index| claimed & (1 << index) == 0) {
            let attribute = element.attributes.get(index);
            if attribute.is_declaration() {
                continue;
            }
            let hash = hash_name(path ^ 1, attribute.prefix, attribute.local);
            let value = attribute.value();
            let written = || format!("{}/@{}", element.open.path(element.open.depth()), attribute.name());
            if self.doubts.take_attribute(index, around, hash, written, &value) {
                continue;
            }
            self.losses.count(hash, LossKind::Attribute, written, &value);
            if self.keep {
                self.extra.attribute(element.open, self.record, &attribute.name(), &value);
            }
        }
    }

    pub(crate) fn text(&mut self, text: &str) {
        let Some(Standing { text: false, doubtful, counted, .. }) = self.open.last() else { return };
        if *doubtful {
            if !counted && self.pending.text().is_empty() {
                self.pending.push(Doubts::example(text));
            }
        } else if self.keep || (!counted && self.pending.len() <= SHOWN_BYTES) {
            self.pending.push(text);
        }
    }

    /// The innermost of the open elements ends.
    pub(crate) fn end(&mut self, open: &OpenElements) {
        let depth = open.depth();
        self.settle(open, depth);
        let Some(standing) = self.open.pop() else { return };
        self.doubts.close(self.open.last().map_or(0, |around| around.claimers));
        if !standing.filled && !standing.text && !standing.presence && !standing.doubtful {
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
        if !self.pending.text().is_empty() {
            self.settle_text(open, depth);
        }
    }

    fn settle_text(&mut self, open: &OpenElements, depth: usize) {
        let level = self.open.len();
        if let Some(standing) = self.open.last_mut() {
            standing.filled = true;
            if !standing.counted {
                standing.counted = true;
                let (hash, path) = (standing.path, || open.path(depth));
                if standing.doubtful {
                    self.doubts.text(hash, (level, standing.claimers), path, self.pending.text());
                } else {
                    self.losses.count(hash, LossKind::Element, path, self.pending.text());
                }
            }
            if self.keep && !standing.doubtful && depth >= self.record {
                self.extra.text(open, self.record, depth, self.pending.text());
            }
        }
        self.pending.start(false);
    }
}
