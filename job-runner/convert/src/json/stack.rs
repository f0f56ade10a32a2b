//! The open objects and lists of JSON, outermost first.

use std::collections::HashSet;
use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, BuildHasherDefault};

use docmill_crds::conversion::{TOP, push_member};

use crate::losses::Identity;

/// Up to this many names of an object are compared one by one. More are hashed, so that a flood of them costs
/// no more than its bytes.
const FEW: usize = 32;

/// The open objects and lists, and the names that lead there.
#[derive(Debug, Default)]
pub(crate) struct Stack {
    frames: Vec<OpenValue>,
    /// Names of the members that are being read, concatenated.
    names: String,
    starts: Vec<usize>,
    /// Hashes of the names of the open objects, as long as they have few. Whoever writes objects does not
    /// know the hash key.
    few: Vec<u64>,
    hasher: RandomState,
}

#[derive(Debug)]
enum OpenValue {
    Object {
        /// Where in `few` its names start.
        first: usize,
        many: Option<HashSet<u64, BuildHasherDefault<Identity>>>,
    },
    Array {
        /// The number of the item that is being read.
        index: u64,
    },
}

impl Stack {
    pub(crate) const fn depth(&self) -> usize {
        self.frames.len()
    }

    pub(crate) fn clear(&mut self) {
        self.frames.clear();
        self.names.clear();
        self.starts.clear();
        self.few.clear();
    }

    pub(crate) fn open_object(&mut self) {
        self.frames.push(OpenValue::Object { first: self.few.len(), many: None });
    }

    pub(crate) fn open_array(&mut self) {
        self.frames.push(OpenValue::Array { index: 0 });
    }

    pub(crate) fn close(&mut self) {
        if let Some(OpenValue::Object { first, .. }) = self.frames.pop() {
            self.few.truncate(first);
        }
    }

    /// The byte that ends the innermost object or list; `None` at the top level.
    pub(crate) fn end(&self) -> Option<u8> {
        self.frames.last().map(|frame| if matches!(frame, OpenValue::Object { .. }) { b'}' } else { b']' })
    }

    /// Moves on after a comma.
    pub(crate) fn next_item(&mut self) {
        if let Some(OpenValue::Array { index }) = self.frames.last_mut() {
            *index += 1;
        }
    }

    /// The name of the value that is being read, or comes next. Items have the name of their list.
    pub(crate) fn name(&self) -> &str {
        self.starts.last().map_or(TOP, |start| &self.names[*start..])
    }

    /// A member starts, whose name `write` appends. Returns whether the object has no member with that name
    /// yet.
    pub(crate) fn start_member(&mut self, write: impl FnOnce(&mut String)) -> bool {
        let start = self.names.len();
        self.starts.push(start);
        write(&mut self.names);
        let hash = self.hasher.hash_one(&self.names[start..]);
        let Some(OpenValue::Object { first, many }) = self.frames.last_mut() else { return true };
        if let Some(many) = many {
            return many.insert(hash);
        }
        let known = &self.few[*first..];
        if known.contains(&hash) {
            return false;
        }
        self.few.push(hash);
        if self.few.len() - *first > FEW {
            *many = Some(self.few.drain(*first..).collect());
        }
        true
    }

    /// The value is complete, and with it its member, if it belongs to one.
    pub(crate) fn end_value(&mut self) {
        if let Some(OpenValue::Object { .. }) = self.frames.last()
            && let Some(start) = self.starts.pop()
        {
            self.names.truncate(start);
        }
    }

    /// The path to the current value: `$.items[3].title`.
    pub(crate) fn place(&self) -> String {
        let ends = self.starts.iter().skip(1).copied().chain([self.names.len()]);
        let mut names = self.starts.iter().zip(ends).map(|(start, end)| &self.names[*start..end]);
        let mut path = TOP.to_owned();
        for frame in &self.frames {
            match frame {
                OpenValue::Array { index } => path.extend(["[", &index.to_string(), "]"]),
                OpenValue::Object { .. } => {
                    if let Some(name) = names.next() {
                        push_member(&mut path, name);
                    }
                }
            }
        }
        path
    }
}
