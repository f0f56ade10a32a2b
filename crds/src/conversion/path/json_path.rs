//! Paths of JSON: the part of `JSONPath` (RFC 9535) that can be answered while a document streams by.
//!
//! ```text
//! record   = path { "|" path }
//! field    = path { "|" path } | "count(" path ")" | "name()" | "position()"
//! path     = ("$" | "@") { segment } | "." | name { segment } | "[" quoted "]" { segment } | ".." member { segment }
//! segment  = "." member | "[" quoted "]" | "[*]" | "[" index "]" | ".." member
//! member   = name | "*" | "[" quoted "]"
//! quoted   = a name in ' or ", in which a backslash stands before a quote or a backslash
//! index    = a whole number; 0 is the first item, -1 the last one
//! ```
//!
//! A list stands for its items, with or without `[*]`, so that `[*]` is not a separate step. A path evaluates
//! to the same as for XML: members are elements in no namespace, the value at the top is the element [`TOP`],
//! and the value itself is the text of its element.

use super::location::{NameTest, Path, PathFault, Place, Predicate, Step, Target, union};

/// The name of a value at the top of an object: what `$` finds.
pub const TOP: &str = "$";

/// What must end a path that does not continue.
const END: &str = "expected the end of the path, a dot or [";

/// Parses a path.
pub(crate) fn parse(path: &str) -> Result<Path, PathFault> {
    for (function, target) in [("name()", Target::Name { local: false }), ("position()", Target::Position)] {
        if path == function {
            return Ok(Path { absolute: false, steps: Vec::new(), target });
        }
    }
    let mut parser = JsonPathParser { path, rest: path, steps: Vec::new() };
    let counts = parser.take("count(");
    let mut parsed = parser.location()?;
    if counts {
        if parsed.absolute || parsed.steps.is_empty() {
            return Err(parser.fault("count() is of values within the record or the object, before the )"));
        }
        if !parser.take(")") {
            return Err(parser.fault("expected ), a dot or ["));
        }
        parsed.target = Target::Count;
    }
    parser.end_of_path()?;
    Ok(parsed)
}

/// Parses one or more paths separated by `|`; returns each with its text.
pub(crate) fn parse_union(path: &str) -> Result<Vec<(Path, String)>, PathFault> {
    union(path, END, |rest| {
        let mut parser = JsonPathParser { path, rest, steps: Vec::new() };
        Ok((parser.location()?, parser.rest))
    })
}

struct JsonPathParser<'a> {
    path: &'a str,
    rest: &'a str,
    steps: Vec<Step>,
}

impl JsonPathParser<'_> {
    fn location(&mut self) -> Result<Path, PathFault> {
        let absolute = self.start()?;
        while self.rest.starts_with(['.', '[']) {
            self.segment()?;
        }
        let steps = std::mem::take(&mut self.steps);
        let target = if steps.is_empty() { Target::Text } else { Target::Element };
        Ok(Path { absolute, steps, target })
    }

    fn end_of_path(&self) -> Result<(), PathFault> {
        if self.rest.is_empty() { Ok(()) } else { Err(self.fault(END)) }
    }

    /// Parses the start of a path; returns whether that is the top of the object.
    fn start(&mut self) -> Result<bool, PathFault> {
        if self.take(TOP) {
            self.step(false, named(TOP.to_owned()));
            return Ok(true);
        }
        // A dot alone: the path ends, or the next one of a union follows.
        if let Some(rest) = self.rest.strip_prefix('.')
            && (rest.is_empty() || rest.starts_with([' ', '|']))
        {
            self.rest = rest;
        } else if !self.take("@") && !self.rest.starts_with("..") {
            if self.rest.starts_with('.') {
                return Err(self.fault("expected a name without a dot before it, or . for the value itself"));
            }
            self.member(false)?;
        }
        Ok(false)
    }

    fn segment(&mut self) -> Result<(), PathFault> {
        if self.take("..") {
            return self.member(true);
        }
        if self.rest.starts_with('[') {
            return if self.take("[*]") { Ok(()) } else { self.bracket(false) };
        }
        self.take(".");
        if self.rest.starts_with('[') {
            return Err(self.fault("expected a name or * after the dot"));
        }
        self.member(false)
    }

    fn member(&mut self, descend: bool) -> Result<(), PathFault> {
        if self.rest.starts_with('[') {
            return self.bracket(descend);
        }
        if self.take("*") {
            self.step(descend, NameTest::Any);
            return Ok(());
        }
        let end = self.rest.find(|c| !is_name_char(c)).unwrap_or(self.rest.len());
        let (name, rest) = self.rest.split_at(end);
        if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit() || c == '-') {
            return Err(self.fault("expected the name of a member, * or a name like ['a b']"));
        }
        self.step(descend, named(name.to_owned()));
        self.rest = rest;
        Ok(())
    }

    /// `['name']` or `[0]`
    fn bracket(&mut self, descend: bool) -> Result<(), PathFault> {
        self.take("[");
        if !descend && self.rest.starts_with(|c: char| c.is_ascii_digit() || c == '-') {
            return self.index();
        }
        let Some(quote) = self.rest.chars().next().filter(|c| matches!(c, '\'' | '"')) else {
            return Err(self.fault(match self.rest.chars().next() {
                Some('*') if descend => "expected ..* for what is at any depth",
                Some('?') => "expected [*] or a name like ['a b']: there are no filters",
                Some('0'..='9' | '-') => "expected an index after the name of its list, as in ..a[0]",
                Some(':') => "expected an index, such as 0 or -1: there are no slices",
                _ => "expected [*] or a name like ['a b']",
            }));
        };
        self.rest = &self.rest[1..];
        let name = self.quoted(quote)?;
        if self.rest.starts_with(',') {
            return Err(self.fault("expected ]: a field has a list of paths instead of names with commas"));
        }
        if !self.take("]") {
            return Err(self.fault("expected ]"));
        }
        self.step(descend, named(name));
        Ok(())
    }

    /// The index of an item in the list that the last step leads to.
    fn index(&mut self) -> Result<(), PathFault> {
        const WHERE: &str = "expected the name of a member before the index: the values at the top, and those that * \
                             finds, have none";
        let fault = self.fault(WHERE);
        let indexed = self.fault("a step has one index: nested lists are one list");
        let from_end = self.take("-");
        let end = self.rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(self.rest.len());
        let (digits, rest) = self.rest.split_at(end);
        let number = digits.parse::<u32>().ok().filter(|number| *number < 1_000_000);
        let place = match (from_end, number) {
            (true, Some(number)) if (1..=1000).contains(&number) => Place::FromEnd(number),
            (false, Some(number)) => Place::FromStart(number + 1),
            _ => return Err(self.fault("expected an index, such as 0 or -1")),
        };
        self.rest = rest;
        if !self.take("]") {
            return Err(self.fault("expected ]: an index is one number, such as 0 or -1"));
        }
        match self.steps.last_mut() {
            Some(step) if !step.predicates.is_empty() => return Err(indexed),
            Some(step) if step.test != NameTest::Any && step.test != named(TOP.to_owned()) => {
                step.predicates.push(Predicate::Place(place));
            }
            _ => return Err(fault),
        }
        Ok(())
    }

    fn quoted(&mut self, quote: char) -> Result<String, PathFault> {
        let mut name = String::new();
        loop {
            let mut characters = self.rest.chars();
            let c = match characters.next() {
                None => return Err(self.fault("the quote is not closed")),
                Some(c) if c == quote => {
                    self.rest = characters.as_str();
                    return Ok(name);
                }
                Some('\\') => match characters.next() {
                    Some(c @ ('\'' | '"' | '\\')) => c,
                    _ => return Err(self.fault("expected a quote or a backslash after the backslash")),
                },
                Some(c) => c,
            };
            name.push(c);
            self.rest = characters.as_str();
        }
    }

    fn step(&mut self, descend: bool, test: NameTest) {
        self.steps.push(Step { descend, test, predicates: Vec::new() });
    }

    fn take(&mut self, token: &str) -> bool {
        let rest = self.rest.strip_prefix(token);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn fault(&self, problem: &str) -> PathFault {
        PathFault::before(self.path, self.rest, problem)
    }
}

/// Appends the step to a member to a path.
pub fn push_member(path: &mut String, name: &str) {
    let plain = !name.is_empty() && !name.starts_with(|c: char| c.is_ascii_digit() || c == '-');
    if plain && name.chars().all(is_name_char) {
        path.push('.');
        path.push_str(name);
        return;
    }
    path.push_str("['");
    for c in name.chars() {
        if matches!(c, '\'' | '\\') {
            path.push('\\');
        }
        path.push(c);
    }
    path.push_str("']");
}

fn named(local: String) -> NameTest {
    NameTest::Named { namespaces: vec![String::new()], local }
}

/// Characters of a name that needs no quotes: those of RFC 9535, section 2.5.1.1, and the hyphen.
fn is_name_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '-') || !c.is_ascii()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The path in a form of its own: `/a` for a step, `//a` for one at any depth.
    fn read(path: &str) -> String {
        let Path { absolute, steps, target } = parse(path).unwrap();
        let mut read = if absolute { "absolute ".to_owned() } else { String::new() };
        for step in steps {
            read.push_str(if step.descend { "//" } else { "/" });
            match step.test {
                NameTest::Any => read.push('*'),
                NameTest::Named { namespaces, local } if namespaces == [""] => read.push_str(&local),
                test => panic!("{test:?}"),
            }
        }
        read + match target {
            Target::Text => "itself",
            Target::Count => " counted",
            _ => "",
        }
    }

    #[test]
    fn paths_of_json_are_steps_from_member_to_member() {
        for (path, expected) in [
            ("$", "absolute /$"),
            ("$[*]", "absolute /$"),
            ("$.a.b", "absolute /$/a/b"),
            ("$['a b'][\"c\"]", "absolute /$/a b/c"),
            ("$.items[*].title", "absolute /$/items/title"),
            ("$..name", "absolute /$//name"),
            ("$..['a b']..*", "absolute /$//a b//*"),
            ("$.*", "absolute /$/*"),
            ("title", "/title"),
            ("content-type", "/content-type"),
            ("head.title", "/head/title"),
            ("['a\\'b\\\\']", "/a'b\\"),
            ("authors[*].name", "/authors/name"),
            ("..name", "//name"),
            ("*", "/*"),
            ("größe", "/größe"),
            ("@", "itself"),
            (".", "itself"),
            ("@.a", "/a"),
            ("@['a']", "/a"),
            ("count(items[*].a)", "/items/a counted"),
            ("a[0].b[-2]", "/a/b"),
        ] {
            assert_eq!(read(path), expected, "{path}");
        }
    }

    #[test]
    fn an_index_is_a_place_among_the_items_of_a_list() {
        let steps = parse("a[0].b['c'][-2]").unwrap().steps;
        let places: Vec<_> = steps.into_iter().flat_map(|step| step.predicates).collect();
        assert_eq!(places, [Predicate::Place(Place::FromStart(1)), Predicate::Place(Place::FromEnd(2))]);
    }

    #[test]
    fn a_record_is_one_path_or_several() {
        let texts =
            |path| -> Vec<_> { parse_union(path).unwrap().into_iter().map(|(_, text)| text).collect() };
        assert_eq!(texts("$"), ["$"]);
        assert_eq!(texts(" $.a[*] |$['b|c'] "), ["$.a[*]", "$['b|c']"]);
        assert_eq!(parse_union("$.a | ").unwrap_err().column, 7);
        assert_eq!(parse_union("$.a $.b").unwrap_err().column, 5);
    }

    #[test]
    fn a_member_is_written_as_it_is_read() {
        for name in ["a", "a b", "", "1", "-", "it's", "back\\slash", "ü.x", "[*]", "$", "\"", "*"] {
            let mut path = TOP.to_owned();
            push_member(&mut path, name);
            assert_eq!(parse(&path).unwrap().steps[1].test, named(name.to_owned()), "{path}");
        }
    }

    #[test]
    fn a_path_that_is_none_of_json_is_named_by_its_character() {
        for (path, column, problem) in [
            ("", 1, "the name of a member"),
            ("$.", 3, "the name of a member"),
            ("$a", 2, "a dot or ["),
            ("a.[*]", 3, "a name or * after the dot"),
            ("$.items[1:2]", 10, "an index is one number"),
            ("$.items[:2]", 9, "there are no slices"),
            ("$.items[-0]", 10, "expected an index, such as 0 or -1"),
            ("$.items[0][1]", 12, "a step has one index"),
            ("$[-1]", 3, "expected the name of a member before the index"),
            ("a.*[0]", 5, "expected the name of a member before the index"),
            ("$.é[?@.a]", 5, "there are no filters"),
            ("$['a','b']", 6, "a list of paths"),
            ("$['a]", 6, "the quote is not closed"),
            ("$['a\\n']", 5, "a quote or a backslash"),
            ("$['a'", 6, "expected ]"),
            ("$..[*]", 5, "..*"),
            ("[*]", 2, "expected"),
            (".a", 1, "without a dot"),
            ("/a/b", 1, "the name of a member"),
            ("a/b", 2, "a dot or ["),
            ("a b", 2, "a dot or ["),
            ("2a", 1, "the name of a member"),
            ("@id", 2, "a dot or ["),
            ("count(a", 8, "expected )"),
            ("count($.a)", 10, "within the record"),
            ("count(@)", 8, "within the record"),
        ] {
            let fault = parse(path).unwrap_err();
            assert_eq!(fault.column, column, "{fault}");
            assert!(fault.problem.contains(problem), "{fault}");
        }
    }
}
