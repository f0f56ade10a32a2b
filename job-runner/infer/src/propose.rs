//! Derives a model from the statistics of records. Pure.

mod cells;
mod element;
mod guids;
mod hint;
mod labels;
mod measures;
mod spelling;
mod split_date;
mod typing;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashSet};

use docmill_crds::conversion::{DateParts, Field, FieldType, Format, Html, Path, Scope};

use super::html::Tags;
use super::json;
use super::names::unique;
use super::namespaces::{NONE, Namespaces};
use super::proposal::{Proposal, Proposed, SampleForm, is_many};
use super::record::Records;
use super::roles::{self, Candidate, Role};
use super::tree::{LabelFacts, Namespace, NodeId, TOP, Tree};
use typing::Typed;

/// Fields of a model at most, as the definition of the resource has it.
pub const MOST_FIELDS: usize = 200;
/// The same of an object in it, and of other things.
const MOST_NESTED: usize = 50;
const MOST_LEVELS: usize = 3;
const MOST_NAMESPACES: usize = 32;
const LONGEST_PATH: usize = 512;

/// The name of a field for an object's or a record's own text.
const OWN: &str = "value";
/// The name of a field for the year, month and day of an object or a record.
const OWN_DATE: &str = "date";

/// The model of these records.
pub(super) fn propose(records: &Records, namespaces: &Namespaces, form: SampleForm) -> Proposal {
    let Records { path, shape, kinds, objects, .. } = records;
    let top = &shape.node(TOP).facts;
    let mut proposer = Proposer::new(shape, records, namespaces, form.format);
    let record = proposer.record(path);
    let mut fields = proposer.scope(TOP, 1, "");
    if fields.iter().all(|proposed| proposed.role != Some(Role::Guid)) {
        let guid = |kind| Proposer::new(kind, records, namespaces, form.format).guid();
        let guids: Option<Vec<_>> = kinds.iter().map(guid).collect();
        guids::join(&mut fields, guids.unwrap_or_default(), top.elements);
    }
    if records.mixed && form.format == Format::Xml {
        element::add(&mut fields, top.elements);
    }
    let beside = records.beside.iter().map(|(path, count)| (proposer.record(path), *count)).collect();
    for (path, example) in &records.around {
        let path = proposer.record(path);
        let example = if example.is_empty() { String::new() } else { format!(" ({example})") };
        let note = format!("{path}: around the documents{example}; a field with this path takes it");
        proposer.left_out.push(note);
    }
    if top.own_text && top.children && !top.both && form.format != Format::Json {
        proposer.left_out.insert(0, "text of records that have nothing but text".to_owned());
    }
    if shape.beyond_limit > 0 {
        let note = format!("{} elements and attributes at paths beyond the first 2,000", shape.beyond_limit);
        proposer.left_out.insert(0, note);
    }
    let Proposer { prefixes, uris, cells, left_out, .. } = proposer;
    let used = prefixes.into_iter().map(|(number, prefix)| (prefix, namespaces.get(number).0.to_owned()));
    Proposal {
        form,
        record,
        namespaces: used.collect(),
        default_namespaces: (uris != [""]).then_some(uris),
        cells: cells.into_iter().collect(),
        fields,
        documents: top.elements,
        objects: *objects,
        beside,
        left_out,
    }
}

struct Proposer<'t> {
    tree: &'t Tree,
    format: Format,
    namespaces: &'t Namespaces,
    /// The namespace of names without a prefix.
    plain: Namespace,
    /// There are so many samples that what all of them have is required.
    many: bool,
    prefixes: BTreeMap<Namespace, String>,
    uris: Vec<String>,
    /// Elements whose text is set apart by a space.
    cells: BTreeSet<String>,
    left_out: Vec<String>,
}

/// A field that has no name yet.
struct Draft<'t> {
    node: NodeId,
    /// The values of it that this is about, if it is not all.
    label: Option<&'t LabelFacts>,
    typed: Typed,
    /// Where year, month and day are, if it is a date in parts.
    parts: Option<DateParts>,
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
    /// For these records, or for one kind of them, whose tree this is.
    fn new(tree: &'t Tree, records: &Records, namespaces: &'t Namespaces, format: Format) -> Self {
        let Records { defaults, objects, .. } = records;
        Self {
            tree,
            format,
            namespaces,
            plain: defaults.first().copied().unwrap_or(NONE),
            many: is_many(tree.node(TOP).facts.elements, *objects),
            prefixes: BTreeMap::new(),
            uris: defaults.iter().map(|number| namespaces.get(*number).0.to_owned()).collect(),
            cells: BTreeSet::new(),
            left_out: Vec::new(),
        }
    }

    /// The path of the guid.
    fn guid(mut self) -> Option<String> {
        let fields = self.scope(TOP, 1, "");
        let guid = fields.into_iter().find(|proposed| proposed.role == Some(Role::Guid))?;
        guid.field.path.into_iter().next()
    }

    /// The fields of a record or an object. `full` is its path from the record.
    fn scope(&mut self, scope: NodeId, level: usize, full: &str) -> Vec<Proposed> {
        let mut drafts = Vec::new();
        self.gather(scope, "", &mut Vec::new(), Within { scope, full, level }, &mut drafts);
        self.cap(&mut drafts, if level == 1 { MOST_FIELDS } else { MOST_NESTED }, full);
        let (mut taken, mut fields) = (HashSet::new(), Vec::new());
        let facts = &self.tree.node(scope).facts;
        let none = || roles::Roles { of: vec![None; drafts.len()], shared: None };
        let roles::Roles { of: roles, shared } = if level == 1 { self.roles(&drafts) } else { none() };
        let tree: &'t Tree = self.tree;
        let facts_of = |node: NodeId| &tree.node(node).facts;
        for (index, (draft, role)) in drafts.into_iter().zip(roles).enumerate() {
            let Draft { node, label, typed: (kind, format), parts, path, words, count, repeated } = draft;
            // An id is a name, whatever the samples look like.
            let kind = if role == Some(Role::Guid) { FieldType::String } else { kind };
            let below = format!("{full}{path}/");
            let nested =
                if kind == FieldType::Object { self.scope(node, level + 1, &below) } else { Vec::new() };
            if kind == FieldType::Object && nested.is_empty() {
                continue;
            }
            if kind == FieldType::Text {
                self.note_cells(node);
            }
            let name = unique(&words, &mut taken);
            let is_sure = role == Some(Role::Guid) || (level == 1 && self.many);
            let required = is_sure && count == facts.elements;
            let formats = format.map(str::to_owned).into_iter().collect();
            let path = vec![path];
            // In JSON, a number is a string only if something is computed.
            let trim = kind == FieldType::String && facts_of(node).literal;
            let is_html =
                facts_of(node).tags > Tags::None && matches!(kind, FieldType::String | FieldType::Text);
            let html = is_html.then_some(Html::Text);
            let base = Field { required, repeated, html, trim, formats, parts, ..Field::default() };
            let field = Field { name, path, kind, ..base };
            let example = match label {
                Some(facts) => facts.example.clone(),
                None if kind == FieldType::Object => String::new(),
                None => self.example(node),
            };
            let kinds = facts_of(node).kinds;
            let hint = hint::shared_id(shared == Some(index))
                .or_else(|| hint::date(kind, kinds))
                .or_else(|| words.last().and_then(|word| hint::name(word)));
            fields.push(Proposed { field, nested, role, hint, count, of: facts.elements, example });
        }
        fields
    }

    /// The roles of the fields of a record.
    fn roles(&self, drafts: &[Draft<'_>]) -> roles::Roles {
        let documents = self.tree.node(TOP).facts.elements;
        let candidate = |draft: &Draft<'_>| {
            let (node, named) = (self.tree.node(draft.node), self.named_as(draft.node));
            let (kinds, distinct) = match draft.label {
                Some(facts) => (facts.kinds, &facts.distinct),
                None => (node.facts.kinds, &node.facts.distinct),
            };
            Candidate {
                name: &named.local,
                around: self.name_around(named),
                of_party: self.is_of_party(node),
                labelled: draft.label.is_some(),
                depth: named.depth,
                kind: draft.typed.0,
                kinds,
                distinct: distinct.holds(),
                everywhere: draft.count == documents,
                repeated: draft.repeated,
                bytes: self.bytes(draft.node),
            }
        };
        roles::assign(&drafts.iter().map(candidate).collect::<Vec<_>>(), documents)
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
        let date = if whole { None } else { self.split_date(at) };
        if let Some(date) = &date {
            let (path, words) =
                if is_scope { (".", vec![Cow::Borrowed(OWN_DATE)]) } else { (path, words.clone()) };
            self.date(at, date, path, words, within, drafts);
        }
        for child in tree.children(at) {
            if date.as_ref().is_some_and(|date| date.nodes.contains(&child)) {
                continue;
            }
            let node = tree.node(child);
            let Some(step) = self.step(node) else {
                self.left_out.push(format!("{}{path}: its namespace is one too many", within.full));
                continue;
            };
            let path = match self.format {
                Format::Json => json::join(if is_scope { "" } else { path }, &step),
                _ if is_scope => step,
                _ => format!("{path}/{step}"),
            };
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
        let repeats = facts.may_repeat(level);
        if leaves == 1 || !(repeats || self.is_either(at)) {
            return self.gather(at, path, words, within, drafts);
        }
        if within.level >= MOST_LEVELS {
            self.left_out.push(format!("{}{path}: objects nest {MOST_LEVELS} deep", within.full));
            return;
        }
        let (words, count) = (words.clone(), facts.exists.count(level));
        let (typed, path) = ((FieldType::Object, None), path.to_owned());
        self.labelled(at, &path, &words, within, drafts);
        let repeated = repeats || self.is_in_list(at, within.scope);
        let draft = Draft { node: at, label: None, typed, parts: None, path, words, count, repeated };
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
        let repeated = facts.value.is_repeated(level) || self.is_in_list(at, within.scope);
        let typed = self.typed(at);
        let path = path.to_owned();
        let draft = Draft { node: at, label: None, typed, parts: None, path, words, count, repeated };
        self.keep(draft, within, drafts);
    }

    /// Whether a model can express this path.
    fn is_path(&self, path: &str) -> bool {
        let spelled = |(number, prefix): (&Namespace, &String)| {
            (prefix.clone(), self.namespaces.get(*number).0.to_owned())
        };
        let namespaces = self.prefixes.iter().map(spelled).collect();
        let scope = Scope { format: self.format, namespaces: &namespaces, default_namespaces: &self.uris };
        path.chars().count() <= LONGEST_PATH && Path::parse(path, &scope).is_ok()
    }

    /// Keeps a draft if a model can express its path.
    fn keep(&mut self, draft: Draft<'t>, within: Within<'_>, drafts: &mut Vec<Draft<'t>>) {
        if !self.is_path(&draft.path) {
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
}
