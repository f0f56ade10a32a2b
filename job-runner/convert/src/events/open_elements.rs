//! The elements that are open, outermost first.

use docmill_crds::conversion::push_member;

use crate::fault::shorten;

/// Names of open elements, as they were written, concatenated in one string.
#[derive(Debug, Default)]
pub(crate) struct OpenElements {
    text: String,
    starts: Vec<usize>,
    /// Paths are written in the form of JSON.
    json: bool,
}

impl OpenElements {
    /// Another object starts. The elements of `json` are values with the names of their members.
    pub(crate) fn start_object(&mut self, json: bool) {
        self.text.clear();
        self.starts.clear();
        self.json = json;
    }

    /// Allocated bytes.
    pub(crate) const fn capacity(&self) -> usize {
        self.text.capacity() + self.starts.capacity() * size_of::<usize>()
    }

    pub(crate) fn push(&mut self, prefix: &str, local: &str) {
        self.starts.push(self.text.len());
        if !prefix.is_empty() {
            self.text.push_str(prefix);
            self.text.push(':');
        }
        self.text.push_str(local);
    }

    pub(crate) fn pop(&mut self) {
        if let Some(start) = self.starts.pop() {
            self.text.truncate(start);
        }
    }

    /// The name of the innermost element.
    pub(crate) fn innermost(&self) -> Option<&str> {
        self.starts.last().map(|start| &self.text[*start..])
    }

    pub(crate) const fn depth(&self) -> usize {
        self.starts.len()
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.starts.is_empty()
    }

    /// The names from this depth on, outermost first.
    pub(crate) fn names(&self, from: usize) -> impl Iterator<Item = &str> {
        let ends = self.starts.iter().skip(from + 1).copied().chain([self.text.len()]);
        self.starts.iter().skip(from).zip(ends).map(|(start, end)| &self.text[*start..end])
    }

    /// The outermost `depth` elements, as a path.
    pub(crate) fn path(&self, depth: usize) -> String {
        let mut names = self.names(0).take(depth);
        if !self.json {
            return names.flat_map(|name| ["/", name]).collect();
        }
        let mut path = names.next().unwrap_or_default().to_owned();
        names.for_each(|name| push_member(&mut path, name));
        path
    }

    /// All elements as a path, shortened; `None` when no element is open.
    pub(crate) fn place(&self) -> Option<String> {
        let path = self.path(self.depth());
        (!path.is_empty()).then(|| shorten(&path))
    }
}
