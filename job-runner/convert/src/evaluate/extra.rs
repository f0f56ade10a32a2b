//! What a document has beyond its model, as JSON.
//!
//! `Keep` produces a tree of nodes, `{"name", "attributes", "content": [text or node, …]}`, which contains
//! everything that the model did not take. `Flattened` produces lists of values by path,
//! `{"head.meta.@name": ["provider"]}`.

use docmill_crds::conversion::Extra;

use crate::events::open_elements::OpenElements;
use crate::text::json_writer::JsonWriter;

#[derive(Debug, Default)]
pub(crate) struct ExtraBuffer {
    mode: Extra,
    /// Keep: the tree as written so far.
    tree: JsonWriter,
    nodes: Vec<ExtraNode>,
    /// Flattened: paths and values in the order of the document.
    values: Vec<(String, String)>,
    bytes: usize,
}

/// How far a node has been written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ExtraNode {
    Name,
    Attributes,
    Content,
}

impl ExtraBuffer {
    /// Another object starts.
    pub(crate) fn start(&mut self, mode: Extra) {
        self.mode = mode;
        self.clear();
    }

    pub(crate) fn is_wanted(&self) -> bool {
        self.mode != Extra::Drop
    }

    pub(crate) fn clear(&mut self) {
        self.tree.clear();
        self.nodes.clear();
        self.values.clear();
        self.bytes = 0;
    }

    /// Bytes of all values and paths so far.
    pub(crate) const fn bytes(&self) -> usize {
        self.bytes + self.tree.len()
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.bytes() == 0
    }

    /// Adds an attribute of the innermost element, which has just started. `record` is the depth of the
    /// document's element.
    pub(crate) fn attribute(&mut self, open: &OpenElements, record: usize, name: &str, value: &str) {
        if self.mode == Extra::Flattened {
            let path = open.names(record).chain([format!("@{name}").as_str()]).collect::<Vec<_>>().join(".");
            return self.push(path, value);
        }
        self.open_nodes(open, record, open.depth());
        if let Some(node) = self.nodes.last_mut()
            && *node == ExtraNode::Name
        {
            *node = ExtraNode::Attributes;
            self.tree.raw(",\"attributes\":{");
        }
        self.tree.separate();
        self.tree.string(name);
        self.tree.raw(":");
        self.tree.string(value);
    }

    /// Adds text of the element at this depth; none for the element as such.
    pub(crate) fn text(&mut self, open: &OpenElements, record: usize, depth: usize, text: &str) {
        if self.mode == Extra::Flattened {
            let path = open.names(record).take(depth.saturating_sub(record)).collect::<Vec<_>>().join(".");
            return self.push(if path.is_empty() { ".".to_owned() } else { path }, text);
        }
        self.open_nodes(open, record, depth);
        if !text.is_empty() {
            self.open_content();
            self.tree.separate();
            self.tree.string(text);
        }
    }

    /// The element at this depth ends.
    pub(crate) fn end(&mut self, depth: usize, record: usize) {
        if self.nodes.len() + record > depth
            && let Some(node) = self.nodes.pop()
        {
            self.tree.raw(match node {
                ExtraNode::Name => "}",
                ExtraNode::Attributes => "}}",
                ExtraNode::Content => "]}",
            });
        }
    }

    /// Writes everything as one JSON value.
    pub(crate) fn write(&self, json: &mut JsonWriter) {
        if self.mode == Extra::Keep {
            return json.raw(self.tree.as_str());
        }
        let mut paths: Vec<&str> = Vec::new();
        let mut order: Vec<(usize, usize)> = Vec::new();
        let mut known = std::collections::HashMap::new();
        for (index, (path, _)) in self.values.iter().enumerate() {
            let place = *known.entry(path.as_str()).or_insert_with(|| {
                paths.push(path);
                paths.len() - 1
            });
            order.push((place, index));
        }
        order.sort_unstable();
        json.raw("{");
        let mut last = None;
        for (place, index) in order {
            if last != Some(place) {
                if last.is_some() {
                    json.raw("]");
                }
                json.separate();
                json.string(paths[place]);
                json.raw(":[");
                last = Some(place);
            }
            json.separate();
            json.string(&self.values[index].1);
        }
        json.raw(if last.is_some() { "]}" } else { "}" });
    }

    fn push(&mut self, path: String, value: &str) {
        self.bytes += path.len() + value.len();
        self.values.push((path, value.to_owned()));
    }

    /// Writes the starts of all nodes from the document's element to the one at this depth.
    fn open_nodes(&mut self, open: &OpenElements, record: usize, depth: usize) {
        let from = (record + self.nodes.len()).saturating_sub(1);
        for name in open.names(from).take(depth.saturating_sub(from)) {
            if !self.nodes.is_empty() {
                self.open_content();
                self.tree.separate();
            }
            self.tree.raw("{\"name\":");
            self.tree.string(name);
            self.nodes.push(ExtraNode::Name);
        }
    }

    fn open_content(&mut self) {
        let Some(node) = self.nodes.last_mut() else { return };
        match std::mem::replace(node, ExtraNode::Content) {
            ExtraNode::Name => self.tree.raw(",\"content\":["),
            ExtraNode::Attributes => self.tree.raw("},\"content\":["),
            ExtraNode::Content => {}
        }
    }
}
