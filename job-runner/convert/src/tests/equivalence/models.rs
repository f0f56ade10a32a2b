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
    let late = prop::option::weighted(0.3, (any::<prop::sample::Index>(), late_predicate()));
    (vec(step(), 0..4), target, prop::bool::weighted(0.25), late).prop_map(
        move |(mut steps, target, absolute, late)| {
            let absolute = absolute && may_be_absolute && !steps.is_empty();
            if absolute {
                steps[0].descend = false;
            } else if let Some((index, predicate)) = late.filter(|_| !steps.is_empty()) {
                let at = index.index(steps.len());
                let is_place = |predicate: &Predicate| {
                    matches!(predicate, Predicate::Place(_) | Predicate::PlaceFromEnd(_))
                };
                // A step has one position.
                if !is_place(&predicate) || !steps[at].predicates.iter().any(is_place) {
                    steps[at].predicates.push(predicate);
                }
            }
            Path { absolute, steps, target }
        },
    )
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
        Test::StartsWith("1"),
        Test::Equals(""),
    ]);
    combined((attribute(), test).prop_map(|(attribute, test)| Predicate::Attribute(attribute, test)).boxed())
}

/// A predicate that is known only when the element, or its parent, has ended; or a position.
fn late_predicate() -> impl Strategy<Value = Predicate> {
    let test = select(vec![
        Test::Present,
        Test::Absent,
        Test::Equals("x"),
        Test::Differs("x"),
        Test::Contains("y"),
        Test::StartsWith("x"),
    ]);
    let name = select(vec![Some("a"), Some("b"), Some("c"), None]);
    let child = combined((name, test).prop_map(|(name, test)| Predicate::Child(name, test)).boxed());
    let place = (1_usize..4).prop_map(Predicate::Place);
    let from_end = (1_usize..3).prop_map(Predicate::PlaceFromEnd);
    prop_oneof![2 => child, 1 => place, 1 => from_end]
}

/// One of these, or several with not, and, or.
fn combined(one: BoxedStrategy<Predicate>) -> impl Strategy<Value = Predicate> {
    let negated = one.clone().prop_map(|predicate| Predicate::Not(Box::new(predicate)));
    let all = vec(one.clone(), 2..4).prop_map(Predicate::All);
    let any = vec(one.clone(), 2..4).prop_map(Predicate::Any);
    prop_oneof![6 => one, 1 => negated, 1 => all, 1 => any]
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
        self.predicates.iter().try_for_each(|predicate| write!(f, "[{predicate}]"))
    }
}

impl Display for Predicate {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let several = |predicates: &[Self], word: &str| {
            predicates.iter().map(|predicate| format!("({predicate})")).collect::<Vec<_>>().join(word)
        };
        match self {
            Self::Attribute(attribute, test) => f.write_str(&written(&format!("@{attribute}"), *test)),
            Self::Child(name, test) => f.write_str(&written(name.unwrap_or("*"), *test)),
            Self::Not(predicate) => write!(f, "not({predicate})"),
            Self::All(predicates) => f.write_str(&several(predicates, " and ")),
            Self::Any(predicates) => f.write_str(&several(predicates, " or ")),
            Self::Place(place) => write!(f, "{place}"),
            Self::PlaceFromEnd(1) => f.write_str("last()"),
            Self::PlaceFromEnd(place) => write!(f, "last()-{}", place - 1),
        }
    }
}

fn written(operand: &str, test: Test) -> String {
    match test {
        Test::Present => operand.to_owned(),
        Test::Absent => format!("not({operand})"),
        Test::Equals(value) => format!("{operand}='{value}'"),
        Test::Differs(value) => format!("{operand}!='{value}'"),
        Test::Contains(part) => format!("contains({operand},'{part}')"),
        Test::StartsWith(start) => format!("starts-with({operand},'{start}')"),
    }
}

impl Display for Attribute {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", prefix(self.namespace), self.local)
    }
}
