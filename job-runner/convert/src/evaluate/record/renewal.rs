//! Values outside of documents come and go while the object streams by.

use super::{Content, Found, Head, Record};
use crate::events::names::{UNKNOWN, number};

/// Memory that is not worth a look.
const LITTLE: usize = 4096;

/// The values of a slot, set aside while others stand in their place.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Aside(Head);

impl Record {
    /// Whether a value of a document's slot is still being collected; `open` says so of objects.
    pub(crate) fn collects(&self, slot: u32, open: impl Fn(u32) -> bool) -> bool {
        let head = self.heads[slot as usize];
        self.list(head).any(|id| matches!(self.found[id as usize].content, Content::Empty) || open(id))
    }

    /// Leaves a document's slot without values.
    pub(crate) fn set_aside(&mut self, slot: u32) -> Aside {
        Aside(std::mem::replace(&mut self.heads[slot as usize], Head::EMPTY))
    }

    /// Drops the values of a document's slot, and puts back what was set aside.
    pub(crate) fn put_back(&mut self, slot: u32, Aside(head): Aside) {
        self.drop_values(slot);
        self.heads[slot as usize] = head;
    }

    /// Drops the values of a document's slot.
    pub(crate) fn drop_values(&mut self, slot: u32) {
        let Aside(head) = self.set_aside(slot);
        if head.first != UNKNOWN {
            self.dropped += self.size_of_list(head);
        }
    }

    /// Frees the memory of what was dropped, once that is more than what is left. Nothing is being collected.
    pub(crate) fn compact<'a>(&mut self, aside: impl Iterator<Item = (u32, &'a mut Aside)>) {
        if self.dropped < self.size().max(LITTLE) {
            return;
        }
        let old = std::mem::take(self);
        self.open_frame(old.slots(0), old.frames[0].place);
        for (slot, Aside(head)) in aside {
            self.copy(&old, *head, 0, slot);
            *head = std::mem::replace(&mut self.heads[slot as usize], Head::EMPTY);
        }
        self.copy_frame(&old, 0, 0);
        self.bytes = self.text.len();
    }

    fn copy_frame(&mut self, old: &Self, from: u32, to: u32) {
        for slot in 0..old.slots(from) {
            let head = old.heads[(old.frames[from as usize].heads + slot) as usize];
            self.copy(old, head, to, slot);
        }
    }

    fn copy(&mut self, old: &Self, head: Head, frame: u32, slot: u32) {
        for id in old.list(head) {
            let Found { place, content, .. } = old.found[id as usize];
            let copied = self.append(frame, slot, place);
            match content {
                // Guards are within documents alone.
                Content::Empty | Content::Guard(_) => {}
                Content::Text { start, end } => self.fill_text(copied, old.text(start, end)),
                Content::Html { start, end } => self.fill_html(copied, old.text(start, end)),
                Content::Json { kind, start, end } => {
                    let start_here = self.text.len();
                    self.text.push_str(old.text(start, end));
                    self.put(copied, Content::Json { kind, start: start_here, end: self.text.len() });
                }
                Content::Count(_) => self.put(copied, content),
                Content::Object(inner) => {
                    let before = &old.frames[inner as usize];
                    let opened = self.open_frame(old.slots(inner), before.place);
                    self.open_object(copied, opened, before.slot, before.counts);
                    self.copy_frame(old, inner, opened);
                }
            }
        }
    }

    /// The number of slots of a frame.
    fn slots(&self, frame: u32) -> u32 {
        let start = self.frames[frame as usize].heads as usize;
        let next = self.frames.get(frame as usize + 1).map(|next| next.heads as usize);
        number(next.unwrap_or(self.heads.len()) - start)
    }

    /// The values of a list, in their order.
    fn list(&self, head: Head) -> impl Iterator<Item = u32> {
        let known = |id: u32| (id != UNKNOWN).then_some(id);
        std::iter::successors(known(head.first), move |id| known(self.found[*id as usize].next))
    }

    fn size_of_list(&self, head: Head) -> usize {
        self.list(head).map(|id| self.size_of_value(id)).sum()
    }

    fn size_of_value(&self, id: u32) -> usize {
        let content = match self.found[id as usize].content {
            Content::Text { start, end }
            | Content::Html { start, end }
            | Content::Json { start, end, .. } => end - start,
            Content::Empty | Content::Count(_) | Content::Guard(_) => 0,
            Content::Object(frame) => {
                let start = self.frames[frame as usize].heads as usize;
                let heads = &self.heads[start..start + self.slots(frame) as usize];
                size_of_val(heads) + heads.iter().map(|head| self.size_of_list(*head)).sum::<usize>()
            }
        };
        size_of::<Found>() + content
    }
}
