//! Parses the predicates of XML paths.

use super::location::{Condition, Path, PathFault, Place, Predicate, Target, Test};
use super::xpath::{XPathParser, is_name_char};

/// How a value is compared with the one that a condition has.
type Compared = fn(String) -> Test;

/// The greatest places. Those from the end are remembered until there are more.
const MOST: u32 = 1_000_000;
const MOST_FROM_END: u32 = 1000;

const FUNCTIONS: [(&str, Compared); 2] = [("contains(", Test::Contains), ("starts-with(", Test::StartsWith)];

impl XPathParser<'_> {
    pub(super) fn predicates(&mut self) -> Result<Vec<Predicate>, PathFault> {
        let mut predicates = Vec::new();
        while self.take("[") {
            self.blank();
            let predicate = match self.place()? {
                Some(_) if predicates.iter().any(|p| matches!(p, Predicate::Place(_))) => {
                    return Err(self.fault("a step has one position, before the ]"));
                }
                Some(place) => Predicate::Place(place),
                None => Predicate::Holds(self.any()?),
            };
            predicates.push(predicate);
            self.blank();
            self.expect("]")?;
        }
        Ok(predicates)
    }

    /// A position, if the predicate is one.
    fn place(&mut self) -> Result<Option<Place>, PathFault> {
        if self.take("last()") {
            self.blank();
            if !self.take("-") {
                return Ok(Some(Place::FromEnd(1)));
            }
            self.blank();
            return Ok(Some(Place::FromEnd(self.number(MOST_FROM_END)?.saturating_add(1))));
        }
        if self.rest.starts_with(|c: char| c.is_ascii_digit()) {
            return Ok(Some(Place::FromStart(self.number(MOST)?)));
        }
        Ok(None)
    }

    fn number(&mut self, most: u32) -> Result<u32, PathFault> {
        let end = self.rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(self.rest.len());
        let (digits, rest) = self.rest.split_at(end);
        match digits.parse::<u32>() {
            Ok(number) if (1..=most).contains(&number) => {
                self.rest = rest;
                Ok(number)
            }
            _ => Err(self.fault(&format!("expected a number from 1 to {most}: the first element is 1"))),
        }
    }

    fn any(&mut self) -> Result<Condition, PathFault> {
        let mut conditions = vec![self.all()?];
        while self.word("or") {
            conditions.push(self.all()?);
        }
        Ok(one_or(conditions, Condition::Any))
    }

    fn all(&mut self) -> Result<Condition, PathFault> {
        let mut conditions = vec![self.condition()?];
        while self.word("and") {
            conditions.push(self.condition()?);
        }
        Ok(one_or(conditions, Condition::All))
    }

    fn condition(&mut self) -> Result<Condition, PathFault> {
        self.blank();
        let negated = self.take("not(");
        if negated || self.take("(") {
            let condition = self.any()?;
            self.blank();
            self.expect(")")?;
            return Ok(if negated { not(condition) } else { condition });
        }
        for (function, test) in FUNCTIONS {
            if self.take(function) {
                self.blank();
                let operand = self.operand()?;
                self.blank();
                self.expect(",")?;
                let condition = self.compared(operand, test)?;
                self.blank();
                self.expect(")")?;
                return Ok(condition);
            }
        }
        let operand = self.operand()?;
        self.blank();
        if self.take("!=") {
            return self.compared(operand, Test::Differs);
        }
        if self.take("=") {
            return self.compared(operand, Test::Equals);
        }
        Ok(of(operand, Test::Present))
    }

    /// What a condition is about: an attribute, or something in the element.
    fn operand(&mut self) -> Result<Path, PathFault> {
        const EXPECTED: &str = "a predicate is a position like 2 or last(), or a condition like @name, @name='value', \
                                @name!='value', name='value', contains(@name,'value'), starts-with(@name,'value'), \
                                with not(), and, or";
        let start = self.rest;
        let operand = self
            .location()
            .map_err(|fault| if self.rest.len() == start.len() { self.fault(EXPECTED) } else { fault })?;
        let is_text = matches!(operand.target, Target::Element | Target::Text | Target::Attribute(_));
        let problem = if !is_text {
            "a condition is on an attribute or on the text of an element, before this"
        } else if operand.absolute {
            "a condition is on what is in the element: it does not start with /, before this"
        } else if operand.steps.iter().any(|step| !is_simple(&step.predicates)) {
            "within a condition, elements have conditions on their attributes alone, before this"
        } else {
            return Ok(operand);
        };
        Err(self.fault(problem))
    }

    fn compared(&mut self, operand: Path, test: Compared) -> Result<Condition, PathFault> {
        let value = self.literal()?;
        let is_attribute = operand.steps.is_empty() && matches!(operand.target, Target::Attribute(_));
        if value.is_empty() && !is_attribute {
            return Err(self.fault("an empty text is none: not(name) is for what is not there, before this"));
        }
        Ok(of(operand, test(value)))
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

    /// Takes a word that is not the start of a longer name.
    fn word(&mut self, word: &str) -> bool {
        self.blank();
        let rest = self.rest.strip_prefix(word).filter(|rest| !rest.starts_with(is_name_char));
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }
}

/// Whether these are conditions on attributes alone.
fn is_simple(predicates: &[Predicate]) -> bool {
    predicates.iter().all(|predicate| matches!(predicate, Predicate::Holds(_)) && !predicate.is_late())
}

fn of(operand: Path, test: Test) -> Condition {
    match operand {
        Path { steps, target: Target::Attribute(attribute), .. } if steps.is_empty() => {
            Condition::Attribute(attribute, test)
        }
        operand => Condition::Content(Box::new(operand), test),
    }
}

fn not(condition: Condition) -> Condition {
    match condition {
        Condition::Attribute(attribute, Test::Present) => Condition::Attribute(attribute, Test::Absent),
        condition => Condition::Not(Box::new(condition)),
    }
}

fn one_or(mut conditions: Vec<Condition>, several: fn(Vec<Condition>) -> Condition) -> Condition {
    match conditions.pop() {
        Some(only) if conditions.is_empty() => only,
        last => {
            conditions.extend(last);
            several(conditions)
        }
    }
}
