//! Paths: the part of `XPath` that can be answered while a document streams by, with every name resolved to a namespace.
//! Those of JSON, which come to the same, are read in [`json_path`].
//!
//! ```text
//! path      = location | "count(" location ")"
//! location  = "." | [ "/" | "//" | ".//" ] step { ("/" | "//") step } [ "/" end ] | end
//! end       = "@" name | "text()"
//! step      = test { "[" predicate "]" }
//! test      = "*" | name | prefix ":" "*" | "*:" name
//! predicate = "@" name [ ("=" | "!=") literal ] | "not(@" name ")" | "contains(@" name "," literal ")"
//! union     = location { "|" location }
//! ```

use super::model::Scope;
use super::{Format, json_path};

/// The namespace that the prefix `xml` always stands for.
const XML_NAMESPACE: &str = "http://www.w3.org/XML/1998/namespace";

/// A path with its names resolved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path {
    /// It starts at the root of the object, not at the record.
    pub absolute: bool,
    /// The elements on the way, outermost first.
    pub steps: Vec<Step>,
    /// What of the last element is meant.
    pub target: Target,
}

/// One step down.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Step {
    /// Any number of levels may lie between (`//`).
    pub descend: bool,
    /// The elements that match.
    pub test: NameTest,
    /// What their attributes have to be.
    pub predicates: Vec<Predicate>,
}

/// Which elements a step is about. Namespaces are URIs; the empty one is none.
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
        /// The namespaces, of which an element is in one.
        namespaces: Vec<String>,
        /// The name without its prefix.
        local: String,
    },
}

/// What of the element a value is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Target {
    /// The element with all that it contains.
    Element,
    /// The element's own text, without that of its children.
    Text,
    /// One of its attributes.
    Attribute(Attribute),
    /// How many such elements there are.
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
    /// The attribute that is looked at.
    pub attribute: Attribute,
    /// What has to hold for it.
    pub test: Test,
}

/// What has to hold for an attribute.
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
    /// Whether it holds for an attribute of this value; none: there is no such attribute.
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

impl Path {
    /// Reads `path`; prefixes and names without one are looked up in `scope`.
    pub fn parse(path: &str, scope: &Scope<'_>) -> Result<Self, PathFault> {
        if scope.format == Format::Json {
            return json_path::parse(path);
        }
        let mut parser = Parser { path, rest: path, scope };
        let parsed = parser.path()?;
        parser.end_of_path()?;
        Ok(parsed)
    }

    /// Reads one path or several with `|` between; gives each with its text.
    pub fn parse_union(path: &str, scope: &Scope<'_>) -> Result<Vec<(Self, String)>, PathFault> {
        if scope.format == Format::Json {
            return json_path::parse_union(path);
        }
        union(path, END, |rest| {
            let mut parser = Parser { path, rest, scope };
            Ok((parser.location()?, parser.rest))
        })
    }
}

/// What a path has to end with, when it does not go on.
const END: &str = "expected the end of the path, / or [";

/// Reads locations with `|` between, each by `location`, which gives it and what comes after it. `end` is what is told when
/// something else comes.
pub(super) fn union<'p>(
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
    pub(super) fn before(path: &str, rest: &str, problem: &str) -> Self {
        let column = path[..path.len() - rest.len()].chars().count() + 1;
        Self { path: path.to_owned(), column, problem: problem.to_owned() }
    }
}

struct Parser<'a> {
    path: &'a str,
    rest: &'a str,
    scope: &'a Scope<'a>,
}

impl<'a> Parser<'a> {
    fn path(&mut self) -> Result<Path, PathFault> {
        if !self.take("count(") {
            return self.location();
        }
        let counted = self.location()?;
        if counted.absolute || counted.steps.is_empty() || counted.target != Target::Element {
            return Err(self.fault("count() is of elements within the record or the object, before the )"));
        }
        self.expect(")")?;
        Ok(Path { target: Target::Count, ..counted })
    }

    fn location(&mut self) -> Result<Path, PathFault> {
        if self.rest == "." {
            self.rest = "";
            return Ok(Path { absolute: false, steps: Vec::new(), target: Target::Element });
        }
        let mut descend = self.take(".//") || self.take("//");
        let absolute = !descend && self.take("/");
        let mut steps = Vec::new();
        loop {
            if let Some(target) = self.end(descend)? {
                return self.location_of(absolute, steps, target);
            }
            steps.push(Step { descend, test: self.name_test()?, predicates: self.predicates()? });
            descend = self.take("//");
            if !descend && !self.take("/") {
                return self.location_of(absolute, steps, Target::Element);
            }
        }
    }

    fn location_of(&self, absolute: bool, steps: Vec<Step>, target: Target) -> Result<Path, PathFault> {
        if absolute && steps.is_empty() {
            return Err(self.fault("expected an element"));
        }
        Ok(Path { absolute, steps, target })
    }

    fn end_of_path(&self) -> Result<(), PathFault> {
        if self.rest.is_empty() { Ok(()) } else { Err(self.fault(END)) }
    }

    fn end(&mut self, descend: bool) -> Result<Option<Target>, PathFault> {
        if descend && (self.rest.starts_with('@') || self.rest.starts_with("text()")) {
            return Err(
                self.fault("expected an element between // and the attribute or text(), as in .//*/@name")
            );
        }
        if self.take("text()") {
            return Ok(Some(Target::Text));
        }
        if self.rest.starts_with('@') {
            return Ok(Some(Target::Attribute(self.attribute()?)));
        }
        Ok(None)
    }

    fn attribute(&mut self) -> Result<Attribute, PathFault> {
        self.expect("@")?;
        let first = self.name("the name of an attribute")?;
        if !self.take(":") {
            return Ok(Attribute { namespace: String::new(), local: first.to_owned() });
        }
        let namespace = self.namespace(first)?;
        Ok(Attribute { namespace, local: self.name("the name of an attribute")?.to_owned() })
    }

    fn name_test(&mut self) -> Result<NameTest, PathFault> {
        if self.take("*:") {
            return Ok(NameTest::AnyNamespace(self.name("the name of an element")?.to_owned()));
        }
        if self.take("*") {
            return Ok(NameTest::Any);
        }
        let first = self.name("the name of an element, *, @attribute or text()")?;
        if !self.take(":") {
            let namespaces = self.scope.default_namespaces.to_vec();
            return Ok(NameTest::Named { namespaces, local: first.to_owned() });
        }
        let namespace = self.namespace(first)?;
        if self.take("*") {
            return Ok(NameTest::InNamespace(namespace));
        }
        let local = self.name("the name of an element")?.to_owned();
        Ok(NameTest::Named { namespaces: vec![namespace], local })
    }

    fn predicates(&mut self) -> Result<Vec<Predicate>, PathFault> {
        let mut predicates = Vec::new();
        while self.take("[") {
            predicates.push(self.predicate()?);
            self.blank();
            self.expect("]")?;
        }
        Ok(predicates)
    }

    fn predicate(&mut self) -> Result<Predicate, PathFault> {
        self.blank();
        if self.take("not(") {
            let attribute = self.attribute()?;
            self.expect(")")?;
            return Ok(Predicate { attribute, test: Test::Absent });
        }
        if self.take("contains(") {
            let attribute = self.attribute()?;
            self.blank();
            self.expect(",")?;
            let test = Test::Contains(self.literal()?);
            self.expect(")")?;
            return Ok(Predicate { attribute, test });
        }
        if !self.rest.starts_with('@') {
            return Err(self.fault(
                "a predicate is @name, @name='value', @name!='value', not(@name) or contains(@name,'value')",
            ));
        }
        let attribute = self.attribute()?;
        self.blank();
        let test = if self.take("!=") {
            Test::Differs(self.literal()?)
        } else if self.take("=") {
            Test::Equals(self.literal()?)
        } else {
            Test::Present
        };
        Ok(Predicate { attribute, test })
    }

    fn literal(&mut self) -> Result<String, PathFault> {
        self.blank();
        let Some(quote) = self.rest.chars().next().filter(|c| matches!(c, '\'' | '"')) else {
            return Err(self.fault("expected a value in quotes"));
        };
        let Some((value, rest)) = self.rest[1..].split_once(quote) else {
            return Err(self.fault("the quote is not closed"));
        };
        self.rest = rest;
        Ok(value.to_owned())
    }

    fn namespace(&self, prefix: &str) -> Result<String, PathFault> {
        if prefix == "xml" {
            return Ok(XML_NAMESPACE.to_owned());
        }
        self.scope.namespaces.get(prefix).cloned().ok_or_else(|| {
            self.fault(&format!("the prefix {prefix:?} is not among the namespaces, before the name"))
        })
    }

    fn name(&mut self, expected: &str) -> Result<&'a str, PathFault> {
        let end = self.rest.find(|c: char| !is_name_char(c)).unwrap_or(self.rest.len());
        let (name, rest) = self.rest.split_at(end);
        if !name.chars().next().is_some_and(|c| c.is_alphabetic() || c == '_') {
            return Err(self.fault(&format!("expected {expected}")));
        }
        self.rest = rest;
        Ok(name)
    }

    fn take(&mut self, token: &str) -> bool {
        match self.rest.strip_prefix(token) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn expect(&mut self, token: &str) -> Result<(), PathFault> {
        if self.take(token) { Ok(()) } else { Err(self.fault(&format!("expected {token}"))) }
    }

    fn blank(&mut self) {
        self.rest = self.rest.trim_start_matches(' ');
    }

    fn fault(&self, problem: &str) -> PathFault {
        PathFault::before(self.path, self.rest, problem)
    }
}

/// Characters of an XML name without the colon, loosely: what the parser of documents accepts is stricter, so that a
/// name with other characters matches nothing.
fn is_name_char(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '\u{b7}')
}
