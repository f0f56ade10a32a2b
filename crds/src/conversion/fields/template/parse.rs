//! Parses templates of values.
//!
//! ```text
//! template = { literal | "{" choice "}" }
//! choice   = operand { "|" operand }
//! operand  = quoted | "_unit.key" | "_unit.digest" | "sha256(" choice { "," choice } ")" | field [ ":" format ] | path
//! field    = name { "." name }
//! ```
//!
//! What is no field by its letters is a path; one that would look like a field is written with `./` before it. A
//! format is that of strftime, and has a `%`.

use crate::conversion::path::PathFault;
use crate::template::is_date_format;

/// A parsed template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValueTemplate {
    /// Its parts, in their order; at least one is a value.
    pub parts: Vec<TemplatePart>,
}

/// A part of a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TemplatePart {
    /// Text that stands for itself.
    Literal(String),
    /// The first of these that has a value.
    Choice(Vec<Operand>),
}

/// A value in a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Operand {
    /// Text in quotes.
    Constant(String),
    /// A field.
    Field {
        /// The names of the field and of those in it that lead to the value; never empty.
        names: Vec<String>,
        /// How a date is written (strftime).
        format: Option<String>,
    },
    /// What a path finds, as written.
    Path(String),
    /// The key of the object.
    UnitKey,
    /// The SHA-256 of the object's bytes, in hexadecimal digits.
    UnitDigest,
    /// The SHA-256 of these.
    Sha256(Vec<Vec<Operand>>),
}

impl ValueTemplate {
    /// Parses a template.
    pub fn parse(template: &str) -> Result<Self, PathFault> {
        let mut parser = Parser { template, rest: template, in_list: false };
        let mut parts = Vec::new();
        while !parser.rest.is_empty() {
            let end = parser.rest.find(['{', '}']).unwrap_or(parser.rest.len());
            let (literal, rest) = parser.rest.split_at(end);
            parser.rest = rest;
            if !literal.is_empty() {
                parts.push(TemplatePart::Literal(literal.to_owned()));
            }
            if !rest.is_empty() {
                parser.expect("{")?;
                parts.push(TemplatePart::Choice(parser.choice()?));
                parser.expect("}")?;
            }
        }
        if parts.iter().any(|part| matches!(part, TemplatePart::Choice(_))) {
            return Ok(Self { parts });
        }
        // It is more often a field without its braces than meant, and an id that all documents have loses documents.
        let quote = if template.contains('\'') { '"' } else { '\'' };
        Err(parser.fault(&format!(
            "expected a value in braces, as in {{headline}}; a text that is the same in all documents is written {{{quote}{template}{quote}}}"
        )))
    }

    /// Calls `take` with every operand that is no digest of others.
    pub fn each_operand(&self, mut take: impl FnMut(&Operand)) {
        for part in &self.parts {
            if let TemplatePart::Choice(choice) = part {
                each(choice, &mut take);
            }
        }
    }
}

fn each(choice: &[Operand], take: &mut impl FnMut(&Operand)) {
    for operand in choice {
        match operand {
            Operand::Sha256(list) => {
                for choice in list {
                    each(choice, take);
                }
            }
            operand => take(operand),
        }
    }
}

struct Parser<'t> {
    template: &'t str,
    rest: &'t str,
    /// Within the parentheses of a digest, where commas separate.
    in_list: bool,
}

impl Parser<'_> {
    fn choice(&mut self) -> Result<Vec<Operand>, PathFault> {
        let mut choice = Vec::new();
        loop {
            self.blank();
            choice.push(self.operand()?);
            self.blank();
            if !self.take("|") {
                return Ok(choice);
            }
        }
    }

    fn operand(&mut self) -> Result<Operand, PathFault> {
        if let Some(quote) = self.rest.chars().next().filter(|c| matches!(c, '\'' | '"')) {
            return self.constant(quote);
        }
        if !self.in_list && self.take("sha256(") {
            return self.digest();
        }
        let end = self.end_of_operand();
        let (token, rest) = self.rest.split_at(end);
        let operand = self.named(token.trim_end())?;
        self.rest = rest;
        Ok(operand)
    }

    fn constant(&mut self, quote: char) -> Result<Operand, PathFault> {
        let Some((value, rest)) = self.rest.get(1..).and_then(|rest| rest.split_once(quote)) else {
            return Err(self.fault("the quote is not closed"));
        };
        self.rest = rest;
        Ok(Operand::Constant(value.to_owned()))
    }

    fn digest(&mut self) -> Result<Operand, PathFault> {
        self.in_list = true;
        let mut list = vec![self.choice()?];
        while self.take(",") {
            list.push(self.choice()?);
        }
        self.in_list = false;
        self.expect(")")?;
        Ok(Operand::Sha256(list))
    }

    /// What stands in the braces, up to what ends an operand outside of brackets and quotes.
    fn named(&self, token: &str) -> Result<Operand, PathFault> {
        match token {
            "" => return Err(self.fault("expected a field, a path or a text in quotes")),
            "_unit.key" => return Ok(Operand::UnitKey),
            "_unit.digest" => return Ok(Operand::UnitDigest),
            _ if token.starts_with("_unit") => return Err(self.fault("expected _unit.key or _unit.digest")),
            _ if token.starts_with("sha256(") => {
                return Err(self.fault("a digest is of values, not of another digest"));
            }
            _ => {}
        }
        if let Some((field, format)) = token.split_once(':')
            && is_field(field)
            && format.contains('%')
        {
            if !is_date_format(format) {
                return Err(self.fault("expected a format of strftime after the colon, such as %Y-%m-%d"));
            }
            return Ok(Operand::Field { names: names(field), format: Some(format.to_owned()) });
        }
        if is_field(token) {
            return Ok(Operand::Field { names: names(token), format: None });
        }
        Ok(Operand::Path(token.strip_prefix("./").unwrap_or(token).to_owned()))
    }

    fn end_of_operand(&self) -> usize {
        let (mut depth, mut quote) = (0_usize, None);
        for (at, c) in self.rest.char_indices() {
            match (c, quote) {
                (c, Some(open)) => quote = (c != open).then_some(open),
                ('\'' | '"', None) => quote = Some(c),
                ('(' | '[', None) => depth += 1,
                (')' | ']', None) if depth > 0 => depth -= 1,
                ('}' | '|', None) if depth == 0 => return at,
                (',' | ')', None) if depth == 0 && self.in_list => return at,
                _ => {}
            }
        }
        self.rest.len()
    }

    fn take(&mut self, token: &str) -> bool {
        let rest = self.rest.strip_prefix(token);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn expect(&mut self, token: &str) -> Result<(), PathFault> {
        if self.take(token) { Ok(()) } else { Err(self.fault(&format!("expected {token}"))) }
    }

    fn blank(&mut self) {
        self.rest = self.rest.trim_start_matches(' ');
    }

    fn fault(&self, problem: &str) -> PathFault {
        PathFault::before(self.template, self.rest, problem)
    }
}

/// Whether a text is the name of a field, perhaps of one within others.
fn is_field(text: &str) -> bool {
    text.split('.').all(|name| {
        name.starts_with(|c: char| c.is_ascii_alphabetic())
            && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'))
    })
}

fn names(field: &str) -> Vec<String> {
    field.split('.').map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(names: &[&str], format: Option<&str>) -> Operand {
        let names = names.iter().map(|name| (*name).to_owned()).collect();
        Operand::Field { names, format: format.map(str::to_owned) }
    }

    fn only(template: &str) -> Vec<Operand> {
        match ValueTemplate::parse(template).unwrap().parts.remove(0) {
            TemplatePart::Choice(choice) => choice,
            TemplatePart::Literal(literal) => panic!("{literal}"),
        }
    }

    #[test]
    fn fields_paths_and_constants_are_told_apart() {
        let path = |path: &str| Operand::Path(path.to_owned());
        for (template, expected) in [
            ("{headline}", vec![field(&["headline"], None)]),
            ("{provider.name}", vec![field(&["provider", "name"], None)]),
            ("{publishedAt:%Y-%m}", vec![field(&["publishedAt"], Some("%Y-%m"))]),
            ("{dc:date}", vec![path("dc:date")]),
            ("{./title}", vec![path("title")]),
            ("{name()}", vec![path("name()")]),
            ("{a/b[@c='}|']/@d}", vec![path("a/b[@c='}|']/@d")]),
            ("{ a | ./b | 'c d' }", vec![field(&["a"], None), path("b"), Operand::Constant("c d".into())]),
            ("{_unit.key}", vec![Operand::UnitKey]),
            (
                "{sha256(a, @b|'', _unit.digest)}",
                vec![Operand::Sha256(vec![
                    vec![field(&["a"], None)],
                    vec![path("@b"), Operand::Constant(String::new())],
                    vec![Operand::UnitDigest],
                ])],
            ),
        ] {
            assert_eq!(only(template), expected, "{template}");
        }
        let parts = ValueTemplate::parse("urn:x:{a}-{b}").unwrap().parts;
        assert_eq!(parts.len(), 4);
        assert_eq!(parts[0], TemplatePart::Literal("urn:x:".into()));
        assert_eq!(only("{\"it's\"}"), [Operand::Constant("it's".into())]);
    }

    #[test]
    fn a_wrong_template_is_named_by_its_character() {
        for (template, column, problem) in [
            (
                "a",
                2,
                "expected a value in braces, as in {headline}; a text that is the same in all documents is written {'a'}",
            ),
            ("it's", 5, "is written {\"it's\"}"),
            ("a}", 2, "expected {"),
            ("{a", 3, "expected }"),
            ("{}", 2, "expected a field"),
            ("{'a}", 2, "the quote is not closed"),
            ("{_unit.size}", 2, "expected _unit.key or _unit.digest"),
            ("{a:%!}", 2, "expected a format of strftime"),
            ("{sha256(a}", 10, "expected )"),
            ("{sha256(sha256(a))}", 9, "a digest is of values"),
        ] {
            let fault = ValueTemplate::parse(template).unwrap_err();
            assert_eq!(fault.column, column, "{fault}");
            assert!(fault.problem.contains(problem), "{fault}");
        }
    }
}
