//! A path with its names resolved: the common result of both path languages.

/// A path with its names resolved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path {
    /// It starts at the root of the object, not at the record.
    pub absolute: bool,
    /// The elements on the way, outermost first.
    pub steps: Vec<Step>,
    /// What the path selects of the last element.
    pub target: Target,
}

/// One step down.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Step {
    /// Any number of levels may lie between (`//`).
    pub descend: bool,
    /// The elements that match.
    pub test: NameTest,
    /// Conditions on their attributes.
    pub predicates: Vec<Predicate>,
}

/// Which elements a step matches. Namespaces are URIs; an empty one stands for no namespace.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum NameTest {
    /// `*`
    Any,
    /// `prefix:*`
    InNamespace(String),
    /// `*:name`
    AnyNamespace(String),
    /// `name` or `prefix:name`: this local name in one of these namespaces.
    Named {
        /// The namespaces; an element must be in one of them.
        namespaces: Vec<String>,
        /// The name without its prefix.
        local: String,
    },
}

/// What a path selects of an element.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Target {
    /// The element with all that it contains.
    Element,
    /// The element's own text, without that of its children.
    Text,
    /// One of its attributes.
    Attribute(Attribute),
    /// One of its attributes, or that of the nearest element around it that has it.
    Inherited(Attribute),
    /// The number of such elements.
    Count,
}

/// The name of an attribute; without a prefix it is in no namespace.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Attribute {
    /// URI, or empty.
    pub namespace: String,
    /// The name without its prefix.
    pub local: String,
}

/// A condition on an attribute.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Predicate {
    /// The attribute to check.
    pub attribute: Attribute,
    /// The condition on it.
    pub test: Test,
}

/// A condition on an attribute's value.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Test {
    /// `[@a]`
    Present,
    /// `[not(@a)]`
    Absent,
    /// `[@a='x']`
    Equals(String),
    /// `[@a!='x']`: present, and another value.
    Differs(String),
    /// `[contains(@a,'x')]`
    Contains(String),
}

impl Test {
    /// Whether it holds for an attribute with this value; `None` means that the attribute is absent.
    pub fn holds(&self, value: Option<&str>) -> bool {
        match (self, value) {
            (Self::Present, value) => value.is_some(),
            (Self::Absent, value) => value.is_none(),
            (Self::Equals(wanted), Some(value)) => value == wanted,
            (Self::Differs(unwanted), Some(value)) => value != unwanted,
            (Self::Contains(part), Some(value)) => value.contains(part),
            (_, None) => false,
        }
    }
}

/// Why a path cannot be read, and at which character of it (from 1).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{problem} at character {column} of {path:?}")]
pub struct PathFault {
    /// The path as written.
    pub path: String,
    /// The character, from 1.
    pub column: usize,
    /// What is wrong there.
    pub problem: String,
}

/// Parses locations separated by `|`, each with `location`, which returns it and the rest of the text. `end`
/// is the error message if something else follows.
pub(crate) fn union<'p>(
    path: &'p str,
    end: &str,
    location: impl Fn(&'p str) -> Result<(Path, &'p str), PathFault>,
) -> Result<Vec<(Path, String)>, PathFault> {
    let mut paths = Vec::new();
    let mut rest = path;
    loop {
        rest = rest.trim_start_matches(' ');
        let (location, after) = location(rest)?;
        paths.push((location, rest[..rest.len() - after.len()].to_owned()));
        rest = after.trim_start_matches(' ');
        match rest.strip_prefix('|') {
            Some(next) => rest = next,
            None if rest.is_empty() => return Ok(paths),
            None => return Err(PathFault::before(path, rest, end)),
        }
    }
}

impl PathFault {
    /// What is wrong with a path where this rest of it starts.
    pub(crate) fn before(path: &str, rest: &str, problem: &str) -> Self {
        let column = path[..path.len() - rest.len()].chars().count() + 1;
        Self { path: path.to_owned(), column, problem: problem.to_owned() }
    }
}
