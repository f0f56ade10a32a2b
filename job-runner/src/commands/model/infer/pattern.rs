//! The path of `--record`, matched against the elements of samples as they stream by. Pure.

use std::collections::BTreeMap;
use std::fmt::Write;

use docmill_crds::conversion::{Format, NameTest, Path, PathFault, Predicate, Scope, Step, Target, Test};

use docmill_convert::Visited;

/// Why there is no such record.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PatternFault {
    /// It is not a path.
    #[error("--record: {0}; a name in a namespace is written *:name or just name")]
    Path(#[from] PathFault),
    /// It is a path of something else.
    #[error("--record: expected the path of an element like /feed/entry or //item, found {0:?}")]
    NotElement(String),
}

/// Which elements are records. A name without a prefix is in any namespace.
#[derive(Clone, Debug)]
pub(crate) struct Pattern {
    /// The steps of each of its paths.
    paths: Vec<Vec<Step>>,
}

impl Pattern {
    pub(crate) fn parse(text: &str) -> Result<Self, PatternFault> {
        let (format, namespaces, none) = (Format::Xml, BTreeMap::new(), [String::new()]);
        let scope = Scope { format, namespaces: &namespaces, default_namespaces: &none };
        let paths = Path::parse_union(text, &scope)?;
        if paths.iter().any(|(path, _)| path.target != Target::Element || path.steps.is_empty()) {
            return Err(PatternFault::NotElement(text.to_owned()));
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
    step.predicates.iter().for_each(|predicate| text.push_str(&written(predicate)));
    text
}

fn written(predicate: &Predicate) -> String {
    let Predicate { attribute, test } = predicate;
    let prefix = if attribute.namespace.is_empty() { "" } else { "xml:" };
    let name = format!("@{prefix}{}", attribute.local);
    let quoted =
        |value: &str| if value.contains('\'') { format!("\"{value}\"") } else { format!("'{value}'") };
    match test {
        Test::Present => format!("[{name}]"),
        Test::Absent => format!("[not({name})]"),
        Test::Equals(value) => format!("[{name}={}]", quoted(value)),
        Test::Differs(value) => format!("[{name}!={}]", quoted(value)),
        Test::Contains(value) => format!("[contains({name},{})]", quoted(value)),
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
    named && step.predicates.iter().all(|predicate| holds(predicate, element))
}

fn holds(predicate: &Predicate, element: &Visited<'_>) -> bool {
    let Predicate { attribute, test } = predicate;
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
        for (text, expected) in
            [("/a/@b", "found \"/a/@b\""), (".", "found \".\""), ("a:b", "the prefix \"a\"")]
        {
            let fault = Pattern::parse(text).unwrap_err().to_string();
            assert!(fault.contains(expected), "{fault}");
        }
    }
}
