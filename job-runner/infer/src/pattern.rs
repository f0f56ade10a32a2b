//! The path of `--record`, matched against the elements of samples as they stream by. Pure.

use std::collections::BTreeMap;
use std::fmt::Write;

use docmill_convert::Visited;
use docmill_crds::conversion::{
    Attribute, Condition, Format, NameTest, Path, PathFault, Predicate, Scope, Step, Target, Test,
};

/// Why there is no such record.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PatternFault {
    /// It is not a path.
    #[error("--record: {0}; a name in a namespace is written *:name or just name")]
    Path(#[from] PathFault),
    /// It is a path of something else.
    #[error("--record: expected the path of an element like /feed/entry or //item, found {0:?}")]
    NotElement(String),
    /// It has a position, or a condition on what is in an element.
    #[error("--record: expected conditions on attributes alone, such as //item[@type='news'], found {0:?}")]
    NotOfAttributes(String),
}

/// Which elements are records. A name without a prefix is in any namespace.
#[derive(Clone, Debug)]
pub struct Pattern {
    /// The steps of each of its paths.
    paths: Vec<Vec<Step>>,
}

impl Pattern {
    /// Parses the path of elements, with conditions on attributes alone.
    pub fn parse(text: &str) -> Result<Self, PatternFault> {
        let (format, namespaces, none) = (Format::Xml, BTreeMap::new(), [String::new()]);
        let scope = Scope { format, namespaces: &namespaces, default_namespaces: &none };
        let paths = Path::parse_union(text, &scope)?;
        if paths.iter().any(|(path, _)| path.target != Target::Element || path.steps.is_empty()) {
            return Err(PatternFault::NotElement(text.to_owned()));
        }
        let mut predicates = paths.iter().flat_map(|(path, _)| &path.steps).flat_map(|step| &step.predicates);
        if predicates.any(|predicate| predicate.is_late() || matches!(predicate, Predicate::Place(_))) {
            return Err(PatternFault::NotOfAttributes(text.to_owned()));
        }
        Ok(Self { paths: paths.into_iter().map(|(path, _)| path.steps).collect() })
    }

    /// As a path of a model. Names are in none of its namespaces but `plain`, or in any.
    pub(super) fn written(&self, plain: bool) -> String {
        let paths =
            self.paths.iter().map(|steps| steps.iter().map(|step| step_written(step, plain)).collect());
        paths.collect::<Vec<String>>().join(" | ")
    }
}

fn step_written(step: &Step, plain: bool) -> String {
    let mut text = String::from(if step.descend { "//" } else { "/" });
    // Writing to a `String` cannot fail.
    let _ = match &step.test {
        NameTest::Named { local, .. } if plain => write!(text, "{local}"),
        NameTest::Named { local, .. } | NameTest::AnyNamespace(local) => write!(text, "*:{local}"),
        NameTest::Any | NameTest::InNamespace(_) => write!(text, "*"),
    };
    for condition in conditions(step) {
        let _ = write!(text, "[{}]", written(condition));
    }
    text
}

/// The conditions of a step. Patterns have no other predicates.
fn conditions(step: &Step) -> impl Iterator<Item = &Condition> {
    step.predicates.iter().filter_map(|predicate| match predicate {
        Predicate::Holds(condition) => Some(condition),
        Predicate::Place(_) => None,
    })
}

fn written(condition: &Condition) -> String {
    let several = |conditions: &[Condition], word: &str| {
        conditions.iter().map(|part| format!("({})", written(part))).collect::<Vec<_>>().join(word)
    };
    match condition {
        Condition::Attribute(attribute, test) => written_test(attribute, test),
        Condition::Not(condition) => format!("not({})", written(condition)),
        Condition::All(conditions) => several(conditions, " and "),
        Condition::Any(conditions) => several(conditions, " or "),
        // Patterns have none.
        Condition::Content(..) => String::new(),
    }
}

fn written_test(attribute: &Attribute, test: &Test) -> String {
    let prefix = if attribute.namespace.is_empty() { "" } else { "xml:" };
    let name = format!("@{prefix}{}", attribute.local);
    let quoted =
        |value: &str| if value.contains('\'') { format!("\"{value}\"") } else { format!("'{value}'") };
    match test {
        Test::Present => name,
        Test::Absent => format!("not({name})"),
        Test::Equals(value) => format!("{name}={}", quoted(value)),
        Test::Differs(value) => format!("{name}!={}", quoted(value)),
        Test::Contains(value) => format!("contains({name},{})", quoted(value)),
        Test::StartsWith(value) => format!("starts-with({name},{})", quoted(value)),
    }
}

/// Follows the elements that are open.
#[derive(Debug)]
pub(super) struct Matcher<'p> {
    /// For each open element, the steps that remain from it, the innermost last; and first, those at the
    /// start of an object.
    ahead: Vec<Vec<&'p [Step]>>,
}

impl<'p> Matcher<'p> {
    pub(super) fn new(pattern: &'p Pattern) -> Self {
        Self { ahead: vec![pattern.paths.iter().map(Vec::as_slice).collect()] }
    }

    /// An element starts; returns whether it matches the pattern.
    pub(super) fn start(&mut self, element: &Visited<'_>) -> bool {
        let mut next: Vec<&[Step]> = Vec::new();
        let mut found = false;
        for steps in self.ahead.last().into_iter().flatten() {
            let Some((step, rest)) = steps.split_first() else { continue };
            let matched = matches(step, element);
            found |= matched && rest.is_empty();
            for steps in [step.descend.then_some(*steps), matched.then_some(rest)].into_iter().flatten() {
                // Equal ends of two paths are the same way on only if they are at the same place.
                if !next.iter().any(|known| std::ptr::eq(*known, steps)) {
                    next.push(steps);
                }
            }
        }
        self.ahead.push(next);
        found
    }

    pub(super) fn end(&mut self) {
        self.ahead.pop();
    }
}

fn matches(step: &Step, element: &Visited<'_>) -> bool {
    let named = match &step.test {
        NameTest::Any | NameTest::InNamespace(_) => true,
        NameTest::AnyNamespace(local) | NameTest::Named { local, .. } => element.name().local == local,
    };
    named && conditions(step).all(|condition| holds(condition, element))
}

fn holds(condition: &Condition, element: &Visited<'_>) -> bool {
    match condition {
        Condition::Attribute(attribute, test) => passes(attribute, test, element),
        Condition::Not(condition) => !holds(condition, element),
        Condition::All(conditions) => conditions.iter().all(|condition| holds(condition, element)),
        Condition::Any(conditions) => conditions.iter().any(|condition| holds(condition, element)),
        Condition::Content(..) => false,
    }
}

fn passes(attribute: &Attribute, test: &Test, element: &Visited<'_>) -> bool {
    let mut found = None;
    element.attributes(|name, value| {
        if name.local == attribute.local && name.namespace == attribute.namespace {
            found = Some(value.to_owned());
        }
    });
    test.holds(found.as_deref())
}

#[cfg(test)]
mod tests {
    use super::Pattern;

    #[test]
    fn a_pattern_is_written_as_a_path_of_a_model() {
        for (text, plain, any) in [
            ("/feed/entry", "/feed/entry", "/*:feed/*:entry"),
            ("item", "/item", "/*:item"),
            ("/a | //b", "/a | //b", "/*:a | //*:b"),
            (
                "//b[starts-with(@a,'x') and not(@b or @c!='y')]",
                "//b[(starts-with(@a,'x')) and (not((@b) or (@c!='y')))]",
                "//*:b[(starts-with(@a,'x')) and (not((@b) or (@c!='y')))]",
            ),
            ("//*:item[@a='x'][not(@b)]", "//*:item[@a='x'][not(@b)]", "//*:item[@a='x'][not(@b)]"),
            (
                "/*//d[contains(@xml:lang,\"e'\")]",
                "/*//d[contains(@xml:lang,\"e'\")]",
                "/*//*:d[contains(@xml:lang,\"e'\")]",
            ),
        ] {
            let pattern = Pattern::parse(text).unwrap();
            assert_eq!(pattern.written(true), plain);
            assert_eq!(pattern.written(false), any);
        }
    }

    #[test]
    fn what_is_no_element_is_no_record() {
        for (text, expected) in [
            ("/a/@b", "found \"/a/@b\""),
            (".", "found \".\""),
            ("a:b", "the prefix \"a\""),
            ("//a[2]", "conditions on attributes alone"),
            ("//a[b='x']", "conditions on attributes alone"),
        ] {
            let fault = Pattern::parse(text).unwrap_err().to_string();
            assert!(fault.contains(expected), "{fault}");
        }
    }
}
