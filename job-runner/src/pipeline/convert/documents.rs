//! Reads an object from start to end and gives its documents one by one.

use docmill_crds::reason::Reason;
use serde_json::{Map, Value};

use super::Converter;
use super::decode::Source;
use super::evaluate::Evaluator;
use super::fault::{Flaw, Positions, Refusal};
use super::scanner::{Scanner, Token};
use crate::pipeline::validate;

/// A JSON document that its model accepts.
#[derive(Clone, Debug, PartialEq)]
pub struct Document {
    /// Which document of the object it is, from 0. Refused ones count.
    pub index_in_object: u32,
    /// Its fields, in the order of the model. A field without a value is left out.
    pub json: Map<String, Value>,
}

/// The documents of an object, in its order. Each has its own verdict. What is wrong with the object as such ends the
/// iteration with a [`Refusal`] whose `document` is `None`: documents that came before are complete, none follows. An
/// iterator that ends without one has read a well-formed object to its end. A document that is the object's root
/// element is given only when nothing but the end follows it.
#[derive(Debug)]
pub struct Documents<'a> {
    converter: &'a Converter,
    scanner: Scanner<'a>,
    evaluator: Evaluator<'a>,
    positions: Positions<'a>,
    count: u32,
    /// The verdict on a document that is the whole object. It is given when the object turned out to end there.
    held: Option<Result<Document, Refusal>>,
    done: bool,
}

impl<'a> Documents<'a> {
    pub(super) fn new(converter: &'a Converter, source: &'a Source<'_>) -> Self {
        Self {
            converter,
            scanner: Scanner::new(source, &converter.automaton.names),
            evaluator: Evaluator::new(&converter.automaton, source.limits()),
            positions: Positions::new(source.text()),
            count: 0,
            held: None,
            done: false,
        }
    }

    /// Reads on to the end of the next document; `None` at the end of the object.
    fn advance(&mut self) -> Result<Option<Result<Document, Refusal>>, Flaw> {
        loop {
            match self.scanner.next()? {
                Token::Start => {
                    let starts = self.evaluator.start(&self.scanner.element())?;
                    if starts {
                        self.check_count()?;
                        self.scanner.restart_count();
                    }
                }
                Token::End => {
                    if self.evaluator.end() {
                        self.scanner.restart_count();
                        let verdict = self.judge();
                        if !self.scanner.at_end_of_root() {
                            return Ok(Some(verdict));
                        }
                        self.held = Some(verdict);
                    }
                }
                Token::Text(text) => self.evaluator.text(text, self.scanner.offset())?,
                Token::Character(c) => self.evaluator.character(c, self.scanner.offset())?,
                Token::Other => {}
                Token::Eof if self.count == 0 => return Err(self.no_record()),
                Token::Eof => return Ok(self.held.take()),
            }
        }
    }

    fn check_count(&self) -> Result<(), Flaw> {
        let most = self.converter.limits.documents;
        if self.count < most {
            return Ok(());
        }
        Err(Flaw::limit(self.scanner.offset(), format!("at most {most} documents in an object")))
    }

    fn judge(&mut self) -> Result<Document, Refusal> {
        let index_in_object = self.count;
        self.count += 1;
        let (document, shared) = self.evaluator.found();
        match validate::document(&self.converter.automaton, document, shared) {
            Ok(json) => Ok(Document { index_in_object, json }),
            Err(flaws) => Err(self.refuse_document(index_in_object, flaws)),
        }
    }

    fn refuse_document(&mut self, index: u32, flaws: Vec<validate::FieldFlaw>) -> Refusal {
        let reason = flaws.first().map_or(Reason::MissingField, |flaw| flaw.flaw.reason);
        let place = |flaw: validate::FieldFlaw| {
            let position = self.positions.of(flaw.flaw.offset);
            let mut fault = flaw.flaw.place(Some(flaw.at), position);
            fault.field = Some(flaw.field);
            fault
        };
        Refusal { reason, document: Some(index), faults: flaws.into_iter().map(place).collect() }
    }

    fn no_record(&self) -> Flaw {
        let (root, offset) = self.scanner.root().cloned().unwrap_or_default();
        let expected =
            format!("an element that the model's record {} names", self.converter.automaton.record);
        Flaw::malformed(offset, expected).because(Reason::NoRecord).found(&root)
    }
}

impl Iterator for Documents<'_> {
    type Item = Result<Document, Refusal>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.done {
            return None;
        }
        match self.advance() {
            Ok(verdict) => {
                self.done = verdict.is_none() || self.scanner.at_end_of_root();
                verdict
            }
            Err(flaw) => {
                self.done = true;
                let position = self.positions.of(flaw.offset);
                Some(Err(Refusal::object(flaw.place(self.scanner.path(), position))))
            }
        }
    }
}
