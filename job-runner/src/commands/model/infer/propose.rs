//! Derives a model from the statistics of records. Pure.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashSet};

use docmill_crds::conversion::{Conversion, Field, FieldType, Format, Path, Scope};

use super::names::unique;
use super::namespaces::{NONE, Namespaces};
use super::record::{Part, Records};
use super::tree::{Namespace, NodeId, PathFacts, PathNode, TOP, Tree};
use super::typing;

/// The maximum in the definition of the resource.
const MOST_FIELDS: usize = 200;
const MOST_NESTED: usize = 50;
const MOST_LEVELS: usize = 3;
const MOST_NAMESPACES: usize = 32;
const LONGEST_PATH: usize = 512;

/// The name of a field for an object's or a record's own text.
const OWN: &str = "value";

/// A model, and the reasons for it.
#[derive(Debug)]
pub(crate) struct Proposal {
    pub(super) record: String,
    pub(super) namespaces: BTreeMap<String, String>,
    pub(super) default_namespaces: Option<Vec<String>>,
    pub(super) fields: Vec<Proposed>,
    /// Number of records and objects.
    pub(super) documents: u64,
    pub(super) objects: u64,
    /// What has no field, and why.
    pub(super) left_out: Vec<String>,
}

/// A field, and how often it occurs.
#[derive(Debug)]
pub(super) struct Proposed {
    /// Without nested fields.
    pub(super) field: Field,
    pub(super) nested: Vec<Self>,
    /// Records, or objects, that have it, and all of them.
    pub(super) count: u64,
    pub(super) of: u64,
    pub(super) example: String,
}

impl Proposal {
    /// The path of the records.
    pub(crate) fn record(&self) -> &str {
        &self.record
    }

    /// The model as it is written in an `IngestSource`.
    pub(crate) fn conversion(&self) -> Conversion {
        Conversion {
            record: Some(self.record.clone()),
            namespaces: self.namespaces.clone(),
            default_namespaces: self.default_namespaces.clone(),
            fields: self.fields.iter().map(Proposed::field).collect(),
            ..Conversion::default()
        }
    }
}

impl Proposed {
    fn field(&self) -> Field {
        Field { fields: self.nested.iter().map(Self::field).collect(), ..self.field.clone() }
    }
}

/// The model of these records.
pub(super) fn propose(records: &Records, namespaces: &Namespaces) -> Proposal {
    let Records { path, shape, defaults, objects, .. } = records;
    let uris: Vec<_> = defaults.iter().map(|number| namespaces.get(*number).0.to_owned()).collect();
    let plain = defaults.first().copied().unwrap_or(NONE);
    let mut proposer =
        Proposer { tree: shape, namespaces, plain, prefixes: BTreeMap::new(), uris, left_out: Vec::new() };
    let record = path.iter().map(|part| proposer.part(part)).collect();
    let fields = proposer.scope(TOP, 1, "");
    let top = &shape.node(TOP).facts;
    if top.own_text && top.children && !top.both {
        proposer.left_out.insert(0, "text of records that have nothing but text".to_owned());
    }
    if shape.beyond_limit > 0 {
        let note = format!("{} elements and attributes at paths beyond the first 2,000", shape.beyond_limit);
        proposer.left_out.insert(0, note);
    }
    let Proposer { prefixes, uris, left_out, .. } = proposer;
    let used = prefixes.into_iter().map(|(number, prefix)| (prefix, namespaces.get(number).0.to_owned()));
    Proposal {
        record,
        namespaces: used.collect(),
        default_namespaces: (uris != [""]).then_some(uris),
        fields,
        documents: top.elements,
        objects: *objects,
        left_out,
    }
}

struct Proposer<'t> {
    tree: &'t Tree,
    namespaces: &'t Namespaces,
    /// The namespace of names without a prefix.
    plain: Namespace,
    prefixes: BTreeMap<Namespace, String>,
    uris: Vec<String>,
    left_out: Vec<String>,
}

/// A field that has no name yet.
struct Draft<'t> {
    node: NodeId,
    kind: FieldType,
    path: String,
    /// What its name is made of, the innermost last.
    words: Vec<Cow<'t, str>>,
    /// In how many elements of the scope it is.
    count: u64,
    repeated: bool,
}

/// Where fields are searched for.
#[derive(Clone, Copy)]
struct Within<'p> {
    /// The record or the object, and its path from the record.
    scope: NodeId,
    full: &'p str,
    level: usize,
}

impl<'t> Proposer<'t> {
    /// The fields of a record or an object. `full` is its path from the record.
    fn scope(&mut self, scope: NodeId, level: usize, full: &str) -> Vec<Proposed> {
        let mut drafts = Vec::new();
        self.gather(scope, "", &mut Vec::new(), Within { scope, full, level }, &mut drafts);
        self.cap(&mut drafts, if level == 1 { MOST_FIELDS } else { MOST_NESTED }, full);
        let (mut taken, mut fields) = (HashSet::new(), Vec::new());
        let facts = &self.tree.node(scope).facts;
        for draft in drafts {
            let Draft { node, kind, path, words, count, repeated } = draft;
            let below = format!("{full}{path}/");
            let nested =
                if kind == FieldType::Object { self.scope(node, level + 1, &below) } else { Vec::new() };
            if kind == FieldType::Object && nested.is_empty() {
                continue;
            }
            let name = unique(&words, &mut taken);
            let required = count == facts.elements;
            let field = Field { name, path: vec![path], kind, required, repeated, ..Field::default() };
            let example = if kind == FieldType::Object { String::new() } else { self.example(node) };
            fields.push(Proposed { field, nested, count, of: facts.elements, example });
        }
        fields
    }

    /// Collects what has values at a path and below it.
    fn gather(
        &mut self,
        at: NodeId,
        path: &str,
        words: &mut Vec<Cow<'t, str>>,
        within: Within<'_>,
        drafts: &mut Vec<Draft<'t>>,
    ) {
        let tree: &'t Tree = self.tree;
        let is_scope = at == within.scope;
        if self.is_value(at) {
            let (path, words) =
                if is_scope { (".", vec![Cow::Borrowed(OWN)]) } else { (path, words.clone()) };
            self.value(at, path, words, within, drafts);
        }
        let whole = self.is_whole(at);
        let only = !is_scope && self.leaves(at) == 1;
        for child in tree.children(at) {
            let node = tree.node(child);
            let Some(step) = self.step(node) else {
                self.left_out.push(format!("{}{path}: its namespace is one too many", within.full));
                continue;
            };
            let path = if is_scope { step } else { format!("{path}/{step}") };
            if node.attribute {
                let mut words = words.clone();
                match words.pop() {
                    Some(element) if only => words.push(element),
                    Some(element) if node.local.starts_with(&*element) => {
                        words.push(Cow::Borrowed(&*node.local));
                    }
                    // An attribute says little without its element.
                    Some(element) => words.push(Cow::Owned(format!("{element} {}", node.local))),
                    None => words.push(Cow::Borrowed(&*node.local)),
                }
                self.value(child, &path, words, within, drafts);
            } else if !whole {
                words.push(Cow::Borrowed(&*node.local));
                self.element(child, &path, words, within, drafts);
                words.pop();
            }
        }
    }

    fn element(
        &mut self,
        at: NodeId,
        path: &str,
        words: &mut Vec<Cow<'t, str>>,
        within: Within<'_>,
        drafts: &mut Vec<Draft<'t>>,
    ) {
        let facts = &self.tree.node(at).facts;
        let level = self.tree.node(within.scope).depth;
        let leaves = self.leaves(at);
        if leaves == 0 {
            if facts.elements > 0 {
                self.left_out.push(format!("{}{path}: always empty", within.full));
            }
            return;
        }
        if leaves == 1 || !facts.exists.is_repeated(level) {
            return self.gather(at, path, words, within, drafts);
        }
        if within.level >= MOST_LEVELS {
            self.left_out.push(format!("{}{path}: objects nest {MOST_LEVELS} deep", within.full));
            return;
        }
        let (words, count) = (words.clone(), facts.exists.count(level));
        let draft =
            Draft { node: at, kind: FieldType::Object, path: path.to_owned(), words, count, repeated: true };
        self.keep(draft, within, drafts);
    }

    fn value(
        &mut self,
        at: NodeId,
        path: &str,
        words: Vec<Cow<'t, str>>,
        within: Within<'_>,
        drafts: &mut Vec<Draft<'t>>,
    ) {
        let facts = &self.tree.node(at).facts;
        let level = self.tree.node(within.scope).depth;
        let count = facts.value.count(level);
        if count == 0 {
            return;
        }
        let (kind, repeated) = (self.kind(at), facts.value.is_repeated(level));
        self.keep(Draft { node: at, kind, path: path.to_owned(), words, count, repeated }, within, drafts);
    }

    /// Keeps a draft if a model can express its path.
    fn keep(&mut self, draft: Draft<'t>, within: Within<'_>, drafts: &mut Vec<Draft<'t>>) {
        let spelled = |(number, prefix): (&Namespace, &String)| {
            (prefix.clone(), self.namespaces.get(*number).0.to_owned())
        };
        let namespaces = self.prefixes.iter().map(spelled).collect();
        let scope = Scope { format: Format::Xml, namespaces: &namespaces, default_namespaces: &self.uris };
        if draft.path.chars().count() > LONGEST_PATH || Path::parse(&draft.path, &scope).is_err() {
            self.left_out.push(format!("{}{}: a model cannot say this path", within.full, draft.path));
            return;
        }
        drafts.push(draft);
    }

    /// Drops the rarest of too many fields.
    fn cap(&mut self, drafts: &mut Vec<Draft<'t>>, most: usize, full: &str) {
        if drafts.len() <= most {
            return;
        }
        let mut counts: Vec<_> = drafts.iter().map(|draft| draft.count).collect();
        counts.sort_unstable_by(|a, b| b.cmp(a));
        let rarest = counts.get(most - 1).copied().unwrap_or(0);
        let mut room = most - counts.iter().filter(|count| **count > rarest).count();
        let mut keep = |draft: &Draft<'_>| {
            let equal = draft.count == rarest && room > 0;
            room -= usize::from(equal);
            draft.count > rarest || equal
        };
        let (kept, dropped): (Vec<_>, Vec<_>) = drafts.drain(..).partition(|draft| keep(draft));
        *drafts = kept;
        self.left_out
            .extend(dropped.iter().map(|draft| format!("{full}{}: more than {most} fields", draft.path)));
    }

    /// Whether an element is taken with all its content. A record with paragraphs is not one text: it has
    /// other parts; nor is it one because others have text where it has elements.
    fn is_whole(&self, at: NodeId) -> bool {
        let facts = &self.tree.node(at).facts;
        if at == TOP { facts.both } else { facts.is_text() }
    }

    fn is_value(&self, at: NodeId) -> bool {
        !self.tree.node(at).facts.children || self.is_whole(at)
    }

    /// How many values an element holds at most, if what is in it is not repeated.
    fn leaves(&self, at: NodeId) -> usize {
        let node = self.tree.node(at);
        let has = |facts: &PathFacts| usize::from(facts.value.count(0) > 0);
        let own = if self.is_value(at) { has(&node.facts) } else { 0 };
        let below = self.tree.children(at).into_iter().map(|child| match self.tree.node(child) {
            node if node.attribute => has(&node.facts),
            _ if self.is_whole(at) => 0,
            _ => self.leaves(child),
        });
        own + below.sum::<usize>()
    }

    fn kind(&self, at: NodeId) -> FieldType {
        let node = self.tree.node(at);
        if !node.attribute && self.is_whole(at) {
            return FieldType::Text;
        }
        typing::scalar(
            &node.local,
            node.attribute && self.namespaces.is_xml(node.namespace),
            node.facts.kinds,
        )
    }

    /// The first value; for a text that consists of paragraphs, the first paragraph.
    fn example(&self, at: NodeId) -> String {
        let own = &self.tree.node(at).facts.example;
        if !own.is_empty() || self.tree.node(at).attribute {
            return own.clone();
        }
        let elements = self.tree.children(at).into_iter().filter(|id| !self.tree.node(*id).attribute);
        elements.map(|id| self.example(id)).find(|example| !example.is_empty()).unwrap_or_default()
    }

    fn part(&mut self, part: &Part) -> String {
        match part {
            Part::Text(text) => text.clone(),
            Part::Name(namespace, local) => {
                self.named(*namespace, local).unwrap_or_else(|| format!("*:{local}"))
            }
        }
    }

    /// The step of a path to this element or attribute.
    fn step(&mut self, node: &PathNode) -> Option<String> {
        if !node.attribute {
            return self.named(node.namespace, &node.local);
        }
        if node.namespace == NONE {
            return Some(format!("@{}", node.local));
        }
        Some(format!("@{}:{}", self.prefix(node.namespace)?, node.local))
    }

    fn named(&mut self, namespace: Namespace, local: &str) -> Option<String> {
        let uri = self.namespaces.get(namespace).0;
        if namespace == self.plain || self.uris.iter().any(|plain| plain == uri) {
            return Some(local.to_owned());
        }
        Some(format!("{}:{local}", self.prefix(namespace)?))
    }

    /// The prefix of a namespace, as samples have it if it is free.
    fn prefix(&mut self, namespace: Namespace) -> Option<String> {
        if self.namespaces.is_xml(namespace) {
            return Some("xml".to_owned());
        }
        if let Some(known) = self.prefixes.get(&namespace) {
            return Some(known.clone());
        }
        if self.prefixes.len() == MOST_NAMESPACES {
            return None;
        }
        let wanted = self.namespaces.get(namespace).1;
        let plain = wanted.starts_with(|c: char| c.is_ascii_alphabetic())
            && wanted.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'));
        let start = if plain { wanted } else { "ns" };
        let free = |prefix: &String| prefix != "xml" && self.prefixes.values().all(|known| known != prefix);
        let numbered = (2..).map(|number| format!("{start}{number}"));
        let prefix = std::iter::once(start.to_owned()).chain(numbered).find(free)?;
        self.prefixes.insert(namespace, prefix.clone());
        Some(prefix)
    }
}
