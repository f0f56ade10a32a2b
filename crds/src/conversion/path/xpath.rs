//! Parses paths of XML.

use super::location::{Attribute, NameTest, Path, PathFault, Step, Target};
use super::scope::Scope;

/// The namespace that the prefix `xml` always stands for.
const XML_NAMESPACE: &str = "http://www.w3.org/XML/1998/namespace";

/// What must end a path that does not continue.
pub(crate) const END: &str = "expected the end of the path, / or [";

pub(crate) struct XPathParser<'a> {
    pub(super) path: &'a str,
    pub(super) rest: &'a str,
    pub(super) scope: &'a Scope<'a>,
}

impl<'a> XPathParser<'a> {
    pub(super) fn path(&mut self) -> Result<Path, PathFault> {
        if self.take("position()") {
            return Ok(Path { absolute: false, steps: Vec::new(), target: Target::Position });
        }
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

    pub(super) fn location(&mut self) -> Result<Path, PathFault> {
        // A dot alone: the path ends, or the next one of a union follows, or the rest of a condition.
        if let Some(rest) = self.rest.strip_prefix('.')
            && (rest.is_empty() || rest.starts_with([' ', '|', '=', '!', ',', ')', ']']))
        {
            self.rest = rest;
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

    pub(super) fn end_of_path(&self) -> Result<(), PathFault> {
        if self.rest.is_empty() { Ok(()) } else { Err(self.fault(END)) }
    }

    fn end(&mut self, descend: bool) -> Result<Option<Target>, PathFault> {
        const ENDS: [&str; 5] = ["@", "text()", "name()", "local-name()", "inherited("];
        if descend && ENDS.iter().any(|end| self.rest.starts_with(end)) {
            return Err(
                self.fault("expected an element between // and the attribute or text(), as in .//*/@name")
            );
        }
        if self.take("inherited(") {
            let attribute = self.attribute()?;
            self.expect(")")?;
            return Ok(Some(Target::Inherited(attribute)));
        }
        if self.take("text()") {
            return Ok(Some(Target::Text));
        }
        for (function, local) in [("name()", false), ("local-name()", true)] {
            if self.take(function) {
                return Ok(Some(Target::Name { local }));
            }
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
        if let Some(advice) = self.dots() {
            return Err(self.fault(advice));
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

    /// What to write in place of dots, if they come next.
    fn dots(&self) -> Option<&'static str> {
        if self.rest.starts_with("..") {
            return Some(
                "the parent .. is not part of the path language (a path from the root, /a/b, finds what is nearest \
                 to the record, and inherited(@a) an attribute of the nearest element that has it), before this",
            );
        }
        let is_here = self.rest.starts_with("./");
        is_here.then_some("a path needs no ./: it starts at the record or the object, before this")
    }

    fn namespace(&self, prefix: &str) -> Result<String, PathFault> {
        if self.rest.starts_with(':') {
            return Err(self.fault(&format!(
                "axes such as {prefix}:: are not part of the path language (a path from the root, /a/b, finds what is \
                 nearest to the record, and inherited(@a) an attribute of the nearest element that has it), before the \
                 second colon"
            )));
        }
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

    pub(super) fn take(&mut self, token: &str) -> bool {
        match self.rest.strip_prefix(token) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    pub(super) fn expect(&mut self, token: &str) -> Result<(), PathFault> {
        if self.take(token) { Ok(()) } else { Err(self.fault(&format!("expected {token}"))) }
    }

    pub(super) fn blank(&mut self) {
        self.rest = self.rest.trim_start_matches(' ');
    }

    pub(super) fn fault(&self, problem: &str) -> PathFault {
        PathFault::before(self.path, self.rest, problem)
    }
}

/// Characters of an XML name without the colon, loosely: what the parser of documents accepts is stricter, so that a
/// name with other characters matches nothing.
pub(super) fn is_name_char(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '\u{b7}') || is_sign(c)
}

/// Signs that belong to the letter before them, as accents and the vowels of Indic scripts do.
const fn is_sign(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}' | '\u{483}'..='\u{1fff}' | '\u{200c}'..='\u{200d}' | '\u{203f}'..='\u{2040}'
        | '\u{a66f}'..='\u{abff}')
}
