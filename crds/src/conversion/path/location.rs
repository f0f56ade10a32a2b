//! A path with its names resolved: the common result of both path languages.

/// A path with its names resolved.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
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
    /// What else they must be, in this order; at most one of these is a position.
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
    /// The name of the element.
    Name {
        /// Without its prefix.
        local: bool,
    },
    /// The number of the object in its list, from 1.
    Position,
}

/// The name of an attribute; without a prefix it is in no namespace.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Attribute {
    /// URI, or empty.
    pub namespace: String,
    /// The name without its prefix.
    pub local: String,
}

/// What stands in brackets after a step.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Predicate {
    /// The element fulfils this.
    Holds(Condition),
    /// The element has this place among those that its parent has, and that fulfil the predicates before this one.
    Place(Place),
}

/// A condition on an element.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Condition {
    /// On one of its attributes.
    Attribute(Attribute, Test),
    /// On what is in it: one of the values that a path finds there passes the test. The value is read as a string is.
    Content(Box<Path>, Test),
    /// `not(…)`
    Not(Box<Condition>),
    /// `… and …`
    All(Vec<Condition>),
    /// `… or …`
    Any(Vec<Condition>),
}

/// A place in a list, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Place {
    /// `[2]`
    FromStart(u32),
    /// `[last()]` is 1, `[last()-1]` is 2.
    FromEnd(u32),
}

/// A condition on a value.
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
    /// `[starts-with(@a,'x')]`
    StartsWith(String),
}

impl Test {
    /// Whether it holds for this value; `None` means that there is none.
    pub fn holds(&self, value: Option<&str>) -> bool {
        match (self, value) {
            (Self::Present, value) => value.is_some(),
            (Self::Absent, value) => value.is_none(),
            (Self::Equals(wanted), Some(value)) => value == wanted,
            (Self::Differs(unwanted), Some(value)) => value != unwanted,
            (Self::Contains(part), Some(value)) => value.contains(part),
            (Self::StartsWith(start), Some(value)) => value.starts_with(start),
            (_, None) => false,
        }
    }
}

impl Predicate {
    /// Whether it is known only when the element, or its parent, has ended.
    pub fn is_late(&self) -> bool {
        match self {
            Self::Holds(condition) => condition.is_late(),
            Self::Place(place) => matches!(place, Place::FromEnd(_)),
        }
    }
}

impl Condition {
    fn is_late(&self) -> bool {
        match self {
            Self::Attribute(..) => false,
            Self::Content(..) => true,
            Self::Not(condition) => condition.is_late(),
            Self::All(conditions) | Self::Any(conditions) => conditions.iter().any(Self::is_late),
        }
    }
}

impl Step {
    /// Whether it is known only when the element, or its parent, has ended that it leads there.
    pub fn is_late(&self) -> bool {
        self.predicates.iter().any(Predicate::is_late)
    }

    /// The predicates that are known when an element starts, and the others. What comes after a position stays
    /// after it.
    pub fn by_time(&self) -> (Vec<&Predicate>, Vec<&Predicate>) {
        let is_place = |predicate: &Predicate| matches!(predicate, Predicate::Place(_));
        let at = self.predicates.iter().position(is_place).unwrap_or(self.predicates.len());
        let (before, after) = self.predicates.split_at(at);
        let (mut late, mut early): (Vec<_>, Vec<_>) = before.iter().partition(|p| p.is_late());
        if !late.is_empty() || after.first().is_some_and(Predicate::is_late) {
            late.extend(after);
            return (early, late);
        }
        let (after_late, after_early): (Vec<_>, Vec<_>) = after.iter().partition(|p| p.is_late());
        early.extend(after_early);
        (early, after_late)
    }
}

impl Path {
    /// Whether it is known only in the end which elements it leads to.
    pub fn is_late(&self) -> bool {
        self.steps.iter().any(Step::is_late)
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
