//! Collects the statistics of paths from the elements of an object. Memory is that of the tree and of one
//! value.

use std::borrow::Cow;

use docmill_convert::{Visited, VisitedName, Visitor};

use super::html::tags;
use super::kinds::Kinds;
use super::namespaces::{NONE, Namespaces};
use super::pattern::{Matcher, Pattern};
use super::roles;
use super::tree::{Key, Label, Namespace, NodeId, TOP, Tree};

/// Bytes of a value that are examined. A longer one is text, whatever it starts with.
const LONGEST: usize = 2048;

/// Elements that are parts of a text: an element that contains one of them is text as a whole.
const PROSE: [&str; 31] = [
    "p",
    "para",
    "div",
    "br",
    "hr",
    "li",
    "ul",
    "ol",
    "dl",
    "dt",
    "dd",
    "tr",
    "td",
    "th",
    "tbody",
    "blockquote",
    "bq",
    "pre",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "sec",
    "disp-quote",
    "disp-formula",
    "boxed-text",
    "verse-group",
    "list-item",
    "math",
];

/// The namespace of attributes that tell a validator about a document, and which of them say nothing of its content.
const INSTANCE: &str = "http://www.w3.org/2001/XMLSchema-instance";
const ABOUT_SCHEMAS: [&str; 3] = ["schemaLocation", "noNamespaceSchemaLocation", "nil"];

/// The key of every record, if a person said what a record is: their names may differ.
pub(super) const RECORD: Key<'static> = Key { attribute: false, namespace: NONE, local: "" };

/// The records of the samples, if a person said what a record is.
#[derive(Clone, Debug, Default)]
pub(super) struct Named {
    /// The namespaces of records.
    pub(super) namespaces: Vec<Namespace>,
    /// A record, or an element around one, is in a namespace.
    pub(super) qualified: bool,
}

impl Named {
    /// Adds those of another object.
    pub(super) fn add(&mut self, other: Self) {
        self.qualified |= other.qualified;
        let new = other.namespaces.into_iter().filter(|namespace| !self.namespaces.contains(namespace));
        let new: Vec<_> = new.collect();
        self.namespaces.extend(new);
    }
}

/// What is known of one object.
#[derive(Debug)]
pub(super) struct Observed {
    pub(super) tree: Tree,
    /// The name of the first root element.
    pub(super) root: String,
    pub(super) named: Named,
}

/// Examines one object.
pub(super) struct Observer<'s> {
    tree: Tree,
    pub(super) root: String,
    named: Named,
    namespaces: &'s mut Namespaces,
    matcher: Option<Matcher<'s>>,
    /// Elements whose paths are tracked, outermost first.
    open: Vec<Open>,
    /// The number of each of them, that of the object before.
    around: Vec<u64>,
    /// Elements that are open around the record, and how many of them are in a namespace.
    outside: Vec<bool>,
    elements: u64,
    /// Attributes of the element that started last, if its name is that of an id.
    labels: Vec<Label>,
    value: Value,
}

/// The role of an element that starts.
enum ElementRole {
    /// Not part of a record.
    Outside,
    /// On a path beyond the maximum number.
    BeyondLimit,
    Path(NodeId),
}

impl From<Option<NodeId>> for ElementRole {
    fn from(node: Option<NodeId>) -> Self {
        node.map_or(Self::BeyondLimit, Self::Path)
    }
}

/// An open element.
#[derive(Clone, Copy, Debug)]
struct Open {
    /// Unless there were too many paths.
    node: Option<NodeId>,
    children: bool,
    own_text: bool,
    filled: bool,
}

impl<'s> Observer<'s> {
    pub(super) fn new(namespaces: &'s mut Namespaces, pattern: Option<&'s Pattern>) -> Self {
        let mut tree = Tree::new();
        tree.facts(TOP).elements = 1;
        Self {
            tree,
            root: String::new(),
            named: Named::default(),
            namespaces,
            matcher: pattern.map(Matcher::new),
            open: Vec::new(),
            around: vec![1],
            outside: Vec::new(),
            elements: 1,
            labels: Vec::new(),
            value: Value::default(),
        }
    }

    /// What was seen.
    pub(super) fn observed(self) -> Observed {
        let Self { tree, root, named, .. } = self;
        Observed { tree, root, named }
    }

    /// The path of an element that starts.
    fn place(&mut self, element: &Visited<'_>) -> ElementRole {
        let name = element.name();
        let matched = self.matcher.as_mut().map(|matcher| matcher.start(element));
        let parent = match (self.open.last(), matched) {
            (Some(parent), _) => parent.node,
            (None, None) => Some(TOP),
            (None, Some(record)) => {
                self.outside.push(!name.namespace.is_empty());
                return if record { self.record(name) } else { ElementRole::Outside };
            }
        };
        let Some(parent) = parent else { return ElementRole::BeyondLimit };
        let Some(namespace) = self.namespaces.number(name.namespace, name.prefix) else {
            self.tree.beyond_limit += 1;
            return ElementRole::BeyondLimit;
        };
        self.tree.child(parent, Key { attribute: false, namespace, local: name.local }).into()
    }

    fn record(&mut self, name: VisitedName<'_>) -> ElementRole {
        self.named.qualified |= self.outside.contains(&true);
        let Some(namespace) = self.namespaces.number(name.namespace, name.prefix) else {
            return ElementRole::BeyondLimit;
        };
        if !self.named.namespaces.contains(&namespace) {
            self.named.namespaces.push(namespace);
        }
        self.tree.child(TOP, RECORD).into()
    }

    /// Opens an element on this path. `prose`: what is around it is a text.
    fn enter(&mut self, node: Option<NodeId>, prose: bool) {
        if let Some(parent) = self.open.last_mut() {
            parent.children = true;
            if let Some(parent) = parent.node {
                let facts = self.tree.facts(parent);
                facts.children = true;
                facts.prose |= prose;
            }
        }
        if let Some(node) = node {
            let facts = self.tree.facts(node);
            facts.elements += 1;
            facts.exists.note(&self.around);
        }
        self.open.push(Open { node, children: false, own_text: false, filled: false });
        self.around.push(self.elements);
    }

    /// A member of a JSON object starts, or an item of the list that a member is.
    pub(super) fn member(&mut self, name: &str) {
        self.elements += 1;
        let parent = self.open.last().map_or(Some(TOP), |parent| parent.node);
        let key = Key { attribute: false, namespace: NONE, local: name };
        let node = parent.and_then(|parent| self.tree.child(parent, key));
        self.enter(node, false);
    }

    /// The member of that name was a list with items.
    pub(super) fn list(&mut self, name: &str) {
        let parent = self.open.last().map_or(Some(TOP), |parent| parent.node);
        let key = Key { attribute: false, namespace: NONE, local: name };
        if let Some(node) = parent.and_then(|parent| self.tree.known_child(parent, key)) {
            self.tree.facts(node).listed = true;
        }
    }

    /// The member that started last is a number or a boolean.
    pub(super) fn literal(&mut self) {
        if let Some(node) = self.open.last().and_then(|open| open.node) {
            self.tree.facts(node).literal = true;
        }
    }

    /// Handles text of the innermost element before what comes now.
    fn settle(&mut self) {
        let Some(open) = self.open.last_mut().filter(|_| !self.value.is_empty()) else { return };
        open.filled = true;
        open.own_text = true;
        if let Some(node) = open.node {
            let facts = self.tree.facts(node);
            facts.own_text = true;
            facts.bytes += self.value.length;
            let value = self.value.collapsed();
            facts.exemplify(&value);
            facts.tags = facts.tags.max(tags(&value));
            if open.children || self.value.is_long() {
                facts.kinds = Kinds::NONE;
            } else {
                facts.kinds.narrow(&value);
                facts.distinct.note(&value);
                // Nothing has started in this element.
                for label in &self.labels {
                    facts.labels.note(label, &self.around, &value);
                }
            }
        }
        self.value.clear();
    }

    fn attribute(&mut self, node: NodeId, name: VisitedName<'_>, value: &str) {
        if name.namespace == INSTANCE && ABOUT_SCHEMAS.contains(&name.local) {
            return;
        }
        let namespace = self.namespaces.number(name.namespace, name.prefix);
        let key = namespace.map(|namespace| Key { attribute: true, namespace, local: name.local });
        let Some(attribute) = key.and_then(|key| self.tree.child(node, key)) else {
            self.tree.beyond_limit += u64::from(key.is_none());
            return;
        };
        let facts = self.tree.facts(attribute);
        facts.elements += 1;
        facts.exists.note(&self.around);
        let value = collapsed(value);
        if value.is_empty() {
            return;
        }
        facts.bytes += value.len() as u64;
        facts.value.note(&self.around);
        facts.exemplify(&value);
        facts.kinds.narrow(&value);
        facts.distinct.note(&value);
    }
}

impl Visitor for Observer<'_> {
    fn start(&mut self, element: &Visited<'_>) {
        if self.elements == 1 {
            element.name().local.clone_into(&mut self.root);
        }
        self.settle();
        self.labels.clear();
        self.elements += 1;
        let node = match self.place(element) {
            ElementRole::Outside => return,
            ElementRole::BeyondLimit => None,
            ElementRole::Path(node) => Some(node),
        };
        self.enter(node, PROSE.contains(&element.name().local));
        let Some(node) = node else { return };
        element.attributes(|name, value| {
            self.attribute(node, name, value);
            if name.namespace.is_empty() && roles::is_name_of_id(element.name().local) {
                self.labels.extend(Label::of(name.local, value));
            }
        });
    }

    fn text(&mut self, text: &str) {
        if !self.open.is_empty() {
            self.value.push(text);
        }
    }

    fn end(&mut self) {
        self.settle();
        if let Some(matcher) = &mut self.matcher {
            matcher.end();
        }
        if let Some(open) = self.open.pop() {
            // Also in itself, for objects and records whose own text is a field.
            if let Some(node) = open.node.filter(|_| open.filled) {
                let facts = self.tree.facts(node);
                facts.value.note(&self.around);
                facts.both |= open.own_text && open.children;
            }
            self.around.pop();
            if let Some(parent) = self.open.last_mut() {
                parent.filled |= open.filled;
            }
        }
        // The record itself, and what is around it.
        if self.open.is_empty() {
            self.outside.pop();
        }
    }
}

/// Text of one element as it comes, without white space at its start.
#[derive(Debug, Default)]
struct Value {
    text: String,
    length: u64,
}

impl Value {
    fn push(&mut self, text: &str) {
        let text = if self.text.is_empty() { text.trim_start_matches(is_blank) } else { text };
        self.length += text.len() as u64;
        if self.text.len() <= LONGEST {
            self.text.push_str(&text[..text.floor_char_boundary(LONGEST + 4)]);
        }
    }

    const fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    const fn is_long(&self) -> bool {
        self.length > LONGEST as u64
    }

    fn collapsed(&self) -> Cow<'_, str> {
        collapsed(&self.text)
    }

    fn clear(&mut self) {
        self.text.clear();
        self.length = 0;
    }
}

/// White space of XML.
const fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n')
}

/// The text with single spaces and none at its ends, as the converter takes values.
fn collapsed(text: &str) -> Cow<'_, str> {
    let text = text.trim_matches(is_blank);
    if !text.contains(['\t', '\r', '\n']) && !text.contains("  ") {
        return Cow::Borrowed(text);
    }
    let words = text.split(is_blank).filter(|word| !word.is_empty());
    Cow::Owned(words.collect::<Vec<_>>().join(" "))
}
