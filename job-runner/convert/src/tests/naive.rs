//! A second converter, as simple as can be: it has the whole object as a tree, and asks of each element whether a path
//! leads to it. It knows the types string, text, markup and object, and shares no code with the engine.

mod content;
mod outside;

use roxmltree::Node;
use serde_json::{Map, Value};

pub(crate) use content::{canonical, text_elements};
use outside::Outside;

/// A path, as a value.
#[derive(Clone, Debug)]
pub(crate) struct Path {
    pub(crate) absolute: bool,
    pub(crate) steps: Vec<Step>,
    pub(crate) target: Target,
}

#[derive(Clone, Debug)]
pub(crate) struct Step {
    pub(crate) descend: bool,
    /// In which namespace; none is any.
    pub(crate) namespace: Option<&'static str>,
    /// The local name; none is any.
    pub(crate) local: Option<&'static str>,
    pub(crate) predicates: Vec<Predicate>,
}

#[derive(Clone, Debug)]
pub(crate) enum Predicate {
    Attribute(Attribute, Test),
    /// On the text of children of this name; none is any.
    Child(Option<&'static str>, Test),
    Not(Box<Predicate>),
    All(Vec<Predicate>),
    Any(Vec<Predicate>),
    /// The number of the element among its siblings that fulfil what comes before.
    Place(usize),
    /// The same from the end, where the last one is 1.
    PlaceFromEnd(usize),
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Test {
    Present,
    Absent,
    Equals(&'static str),
    Differs(&'static str),
    Contains(&'static str),
    StartsWith(&'static str),
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Attribute {
    pub(crate) namespace: &'static str,
    pub(crate) local: &'static str,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Target {
    Element,
    Text,
    Attribute(Attribute),
    Inherited(Attribute),
}

impl Target {
    /// It is not the element's content.
    pub(crate) const fn is_attribute(self) -> bool {
        matches!(self, Self::Attribute(_) | Self::Inherited(_))
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Field {
    pub(crate) name: String,
    pub(crate) kind: Kind,
    pub(crate) paths: Vec<Path>,
    pub(crate) repeated: bool,
    pub(crate) exclude: Vec<Path>,
}

#[derive(Clone, Debug)]
pub(crate) enum Kind {
    String,
    Text,
    Markup,
    Object(Vec<Field>),
}

/// The documents of an object: the outermost elements to which the path of the record leads.
pub(crate) fn documents(tree: &roxmltree::Document<'_>, record: &Path, fields: &[Field]) -> Vec<Value> {
    let is_record = |element: Node<'_, '_>| leads(tree.root(), &record.steps, element);
    let is_outermost = |element: &Node<'_, '_>| {
        is_record(*element)
            && !element.ancestors().skip(1).any(|around| around.is_element() && is_record(around))
    };
    let records: Vec<_> = tree.descendants().filter(Node::is_element).filter(is_outermost).collect();
    let document = |record: &Node<'_, '_>| {
        let value = |field: &Field| value(field, |path| found(field, path, *record, &records));
        Value::Object(object(fields, value))
    };
    records.iter().map(document).collect()
}

fn object(fields: &[Field], value: impl Fn(&Field) -> Option<Value>) -> Map<String, Value> {
    fields.iter().filter_map(|field| Some((field.name.clone(), value(field)?))).collect()
}

/// The value of a field, where `elements` gives the elements to which a path leads: at first those of the document, then
/// those that it shares with others.
fn value<'t, 'i: 't>(field: &Field, elements: impl Fn(&Path) -> [Vec<Node<'t, 'i>>; 2]) -> Option<Value> {
    let lists = field.paths.iter().flat_map(|path| elements(path).map(|elements| (path, elements)));
    let mut lists = lists.map(|(path, elements)| {
        elements.into_iter().filter_map(|element| single(field, path.target, element)).collect::<Vec<_>>()
    });
    let values = lists.find(|values| !values.is_empty())?;
    if field.repeated { Some(Value::Array(values)) } else { values.into_iter().next() }
}

/// What a field makes of one element; an empty value is none.
fn single(field: &Field, target: Target, element: Node<'_, '_>) -> Option<Value> {
    let excluded = |inner: Node<'_, '_>| field.exclude.iter().any(|path| leads(element, &path.steps, inner));
    let text = match (&field.kind, target) {
        (Kind::Object(fields), _) => {
            let below = |path: &Path| [descendants(element, &path.steps), Vec::new()];
            let object = object(fields, |field| value(field, below));
            return Some(Value::Object(object))
                .filter(|object| object.as_object().is_some_and(|o| !o.is_empty()));
        }
        (kind, Target::Attribute(name)) => {
            content::plain(attribute(element, name)?, matches!(kind, Kind::Text))
        }
        (kind, Target::Inherited(name)) => {
            let nearest = element.ancestors().find_map(|around| attribute(around, name))?;
            content::plain(nearest, matches!(kind, Kind::Text))
        }
        (Kind::Markup, _) => canonical(element, &excluded),
        (kind, target) => {
            content::flat(element, matches!(target, Target::Text), matches!(kind, Kind::Text), &excluded)
        }
    };
    Some(text).filter(|text| !text.is_empty()).map(Value::String)
}

/// The elements to which a field's path leads, in the document and among what it shares.
fn found<'t, 'i>(
    field: &Field,
    path: &Path,
    record: Node<'t, 'i>,
    records: &[Node<'t, 'i>],
) -> [Vec<Node<'t, 'i>>; 2] {
    if !path.absolute {
        return [descendants(record, &path.steps), Vec::new()];
    }
    let root = record.document().root();
    let inside = descendants(root, &path.steps).into_iter();
    let inside = inside.filter(|element| element.ancestors().any(|around| around == record)).collect();
    [inside, Outside::new(field, path, record, records).found(root.first_element_child().unwrap())]
}

/// The elements to which these steps lead, in the order of the document.
fn descendants<'t, 'i>(from: Node<'t, 'i>, steps: &[Step]) -> Vec<Node<'t, 'i>> {
    from.descendants().filter(|element| leads(from, steps, *element)).collect()
}

/// Whether these steps lead from one node to the other.
fn leads(from: Node<'_, '_>, steps: &[Step], to: Node<'_, '_>) -> bool {
    let Some((last, before)) = steps.split_last() else { return from == to };
    let mut above = to.ancestors().skip(1);
    let starts = |above: Node<'_, '_>| leads(from, before, above);
    matches(last, to) && if last.descend { above.any(starts) } else { above.next().is_some_and(starts) }
}

fn matches(step: &Step, element: Node<'_, '_>) -> bool {
    fulfils(step, step.predicates.len(), element)
}

/// Whether an element has the name of a step and fulfils so many of its predicates.
fn fulfils(step: &Step, count: usize, element: Node<'_, '_>) -> bool {
    let named = element.is_element()
        && step.local.is_none_or(|local| element.tag_name().name() == local)
        && step.namespace.is_none_or(|uri| element.tag_name().namespace().unwrap_or_default() == uri);
    named && (0..count).all(|number| holds(step, number, &step.predicates[number], element))
}

/// Whether an element that fulfils the predicates before this one, which has this number, fulfils it as well.
fn holds(step: &Step, number: usize, predicate: &Predicate, element: Node<'_, '_>) -> bool {
    let siblings = || -> Vec<_> {
        let all = element.parent().into_iter().flat_map(|parent| parent.children());
        all.filter(|sibling| fulfils(step, number, *sibling)).collect()
    };
    match predicate {
        Predicate::Attribute(name, test) => {
            passes(*test, &attribute(element, *name).into_iter().collect::<Vec<_>>())
        }
        Predicate::Child(name, test) => child_passes(*name, *test, element),
        Predicate::Not(predicate) => !holds(step, number, predicate, element),
        Predicate::All(all) => all.iter().all(|predicate| holds(step, number, predicate, element)),
        Predicate::Any(any) => any.iter().any(|predicate| holds(step, number, predicate, element)),
        Predicate::Place(place) => {
            siblings().iter().position(|sibling| *sibling == element) == Some(place - 1)
        }
        Predicate::PlaceFromEnd(place) => {
            siblings().iter().rev().position(|sibling| *sibling == element) == Some(place - 1)
        }
    }
}

/// Whether there is a child of this name, or one whose text passes a test; an empty text is none.
fn child_passes(name: Option<&str>, test: Test, element: Node<'_, '_>) -> bool {
    let children = element.children().filter(Node::is_element);
    let children = children.filter(|child| name.is_none_or(|name| child.tag_name().name() == name));
    let children = children
        .filter(|child| name.is_none() || child.tag_name().namespace().unwrap_or_default().is_empty());
    let texts: Vec<_> = children.map(|child| content::flat(child, false, false, &|_| false)).collect();
    match test {
        Test::Present | Test::Absent => passes(test, &texts.iter().map(String::as_str).collect::<Vec<_>>()),
        test => passes(
            test,
            &texts.iter().map(String::as_str).filter(|text| !text.is_empty()).collect::<Vec<_>>(),
        ),
    }
}

/// Whether one of the values passes a test.
fn passes(test: Test, values: &[&str]) -> bool {
    let any = |holds: &dyn Fn(&str) -> bool| values.iter().any(|value| holds(value));
    match test {
        Test::Present => !values.is_empty(),
        Test::Absent => values.is_empty(),
        Test::Equals(expected) => any(&|value| value == expected),
        Test::Differs(other) => any(&|value| value != other),
        Test::Contains(part) => any(&|value| value.contains(part)),
        Test::StartsWith(start) => any(&|value| value.starts_with(start)),
    }
}

fn attribute<'t>(element: Node<'t, '_>, name: Attribute) -> Option<&'t str> {
    let is_it = |attribute: &roxmltree::Attribute<'_, '_>| {
        attribute.name() == name.local && attribute.namespace().unwrap_or_default() == name.namespace
    };
    element.attributes().find(is_it).map(|attribute| attribute.value())
}
