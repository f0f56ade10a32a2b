//! Random models, in the form that the naive converter takes and written in the language of models.

use std::fmt::{self, Display, Formatter};

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

use super::trees::TREE_NAMES;
use crate::tests::naive::{Attribute, Field, Kind, Path, Predicate, Step, Target, Test};

/// The path of records and the fields of a model.
pub(crate) fn model() -> impl Strategy<Value = (Path, Vec<Field>)> {
    (record(), fields(3, 2, true))
}

fn record() -> impl Strategy<Value = Path> {
    let root = Step { descend: false, namespace: None, local: None, predicates: Vec::new() };
    let below = prop_oneof![
        2 => Just(Vec::new()),
        3 => vec(step(), 1..3),
    ];
    let of_root = below.prop_map(move |below| [vec![root.clone()], below].concat());
    let anywhere = step().prop_map(|step| vec![Step { descend: true, ..step }]);
    prop_oneof![of_root, anywhere].prop_map(|steps| Path {
        absolute: !steps[0].descend,
        steps,
        target: Target::Element,
    })
}

/// Up to so many fields, with objects in them up to so deep.
fn fields(most: usize, depth: u32, document: bool) -> BoxedStrategy<Vec<Field>> {
    let text = (select(vec![Kind::String, Kind::String, Kind::Text]), vec(path(document), 1..4));
    let markup = (Just(Kind::Markup), vec(path(document).prop_map(of_element), 1..3));
    let mut field = prop_oneof![4 => text, 2 => markup].boxed();
    if depth > 0 {
        let object = (
            fields(2, depth - 1, false).prop_map(Kind::Object),
            path(false).prop_map(of_element).prop_map(|path| vec![path]),
        );
        field = prop_oneof![3 => field, 2 => object].boxed();
    }
    let exclude = prop_oneof![3 => Just(Vec::new()), 1 => vec(vec(step(), 1..3), 1..3)];
    vec((field, any::<bool>(), exclude), 1..=most)
        .prop_map(|drafts| {
            let field = |(index, ((kind, paths), repeated, exclude)): (usize, ((Kind, _), bool, Vec<_>))| {
                let of = |steps| Path { absolute: false, steps, target: Target::Element };
                let takes_exclude = !matches!(kind, Kind::Object(_));
                let exclude = exclude.into_iter().filter(|_| takes_exclude).map(of).collect();
                // Whether an object that turns out empty hides the next one is not for this test to say.
                let repeated = repeated || !takes_exclude;
                Field { name: format!("f{index}"), kind, paths, repeated, exclude }
            };
            drafts.into_iter().enumerate().map(field).collect()
        })
        .boxed()
}

fn path(may_be_absolute: bool) -> impl Strategy<Value = Path> {
    let target = prop_oneof![
        4 => Just(Target::Element),
        1 => Just(Target::Text),
        2 => attribute().prop_map(Target::Attribute),
        1 => attribute().prop_map(Target::Inherited),
    ];
    (vec(step(), 0..4), target, prop::bool::weighted(0.25)).prop_map(move |(mut steps, target, absolute)| {
        let absolute = absolute && may_be_absolute && !steps.is_empty();
        if absolute {
            steps[0].descend = false;
        }
        Path { absolute, steps, target }
    })
}

fn of_element(path: Path) -> Path {
    Path { target: Target::Element, ..path }
}

fn step() -> impl Strategy<Value = Step> {
    let name = select(vec![
        (Some(""), Some("a")),
        (Some(""), Some("b")),
        (Some(""), Some("c")),
        (Some(""), Some("p")),
        (Some("urn:u"), Some("a")),
        (Some("urn:v"), Some("b")),
        (Some("urn:u"), None),
        (None, Some("a")),
        (None, None),
    ]);
    let predicates = prop_oneof![3 => Just(Vec::new()), 1 => vec(predicate(), 1..3)];
    (prop::bool::weighted(0.35), name, predicates)
        .prop_map(|(descend, (namespace, local), predicates)| Step { descend, namespace, local, predicates })
}

fn predicate() -> impl Strategy<Value = Predicate> {
    let test = select(vec![
        Test::Present,
        Test::Absent,
        Test::Equals("1"),
        Test::Differs("1"),
        Test::Contains("2"),
        Test::Equals(""),
    ]);
    (attribute(), test).prop_map(|(attribute, test)| Predicate { attribute, test })
}

fn attribute() -> impl Strategy<Value = Attribute> {
    select(vec![("", "k"), ("", "l"), ("urn:u", "k"), ("urn:v", "k")])
        .prop_map(|(namespace, local)| Attribute { namespace, local })
}

impl Field {
    /// As a model has it.
    pub(crate) fn to_json(&self) -> Value {
        let texts = |paths: &[Path]| paths.iter().map(ToString::to_string).collect::<Vec<_>>();
        let (kind, fields) = match &self.kind {
            Kind::String => ("string", Vec::new()),
            Kind::Text => ("text", Vec::new()),
            Kind::Markup => ("markup", Vec::new()),
            Kind::Object(fields) => ("object", fields.iter().map(Self::to_json).collect()),
        };
        json!({
            "name": self.name, "path": texts(&self.paths), "type": kind, "repeated": self.repeated,
            "exclude": texts(&self.exclude), "fields": fields,
        })
    }
}

/// The prefix that a model has for a namespace, with its colon.
fn prefix(namespace: &str) -> String {
    let known = TREE_NAMES.iter().find(|(_, uri)| *uri == namespace);
    known.map(|(prefix, _)| format!("{prefix}:")).unwrap_or_default()
}

impl Display for Path {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let mut start = if self.absolute { "/" } else { "" };
        if self.steps.is_empty() && matches!(self.target, Target::Element) {
            return f.write_str(".");
        }
        for step in &self.steps {
            write!(f, "{}{step}", if step.descend { "//" } else { start })?;
            start = "/";
        }
        match self.target {
            Target::Element => Ok(()),
            Target::Text => write!(f, "{start}text()"),
            Target::Attribute(name) => write!(f, "{start}@{name}"),
            Target::Inherited(name) => write!(f, "{start}inherited(@{name})"),
        }
    }
}

impl Display for Step {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match (self.namespace, self.local) {
            (None, None) => f.write_str("*")?,
            (None, Some(local)) => write!(f, "*:{local}")?,
            (Some(uri), local) => write!(f, "{}{}", prefix(uri), local.unwrap_or("*"))?,
        }
        self.predicates.iter().try_for_each(|Predicate { attribute, test }| match test {
            Test::Present => write!(f, "[@{attribute}]"),
            Test::Absent => write!(f, "[not(@{attribute})]"),
            Test::Equals(value) => write!(f, "[@{attribute}='{value}']"),
            Test::Differs(value) => write!(f, "[@{attribute}!='{value}']"),
            Test::Contains(part) => write!(f, "[contains(@{attribute},'{part}')]"),
        })
    }
}

impl Display for Attribute {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", prefix(self.namespace), self.local)
    }
}
