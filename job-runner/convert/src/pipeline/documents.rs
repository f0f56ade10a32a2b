//! Reads an object from start to end and returns its documents one by one.

use std::io::{self, Read};
use std::sync::Arc;

use docmill_crds::conversion::{Repair, RepairCounts, Syntax};
use docmill_crds::reason::Reason;
use serde::Serialize;
use serde_json::Value;

use super::converter::Converter;
use super::scratch::Scratch;
use super::source::Source;
use crate::automaton::Automaton;
use crate::evaluate::record::PassedOver;
use crate::evaluate::{Evaluator, Memory};
use crate::events::{Pause, Sink};
use crate::fault::member::Member;
use crate::fault::position::Position;
use crate::fault::{Fault, Flaw, Refusal};
use crate::input::decoding::Decoding;
use crate::input::decompress::Input;
use crate::input::object_info::ObjectInfo;
use crate::input::window::{CHUNK, Trouble, Window};
use crate::leniency::Reading;
use crate::limits::Limits;
use crate::text::json_writer::JsonWriter;
use crate::validate::{self, Accepted, Judged, Values};

/// A JSON document that its model accepts.
#[derive(Clone, Debug, PartialEq)]
pub struct Document {
    /// Which document of the object it is, or of the member of an archive, from 0. Refused ones count.
    pub index_in_object: u32,
    /// The member that it is of, if the object is an archive.
    pub member: Option<Member>,
    json: String,
    names: Arc<[String]>,
    values: Values,
    dropped: Vec<Dropped>,
    repairs: RepairCounts,
}

/// A value that was left out of a document, because it is wrong and its field says so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Dropped {
    /// The field, for example `subjects[2].code`.
    pub field: String,
    /// What is wrong with the value.
    pub reason: Reason,
    /// The value, shortened.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub found: Option<String>,
}

impl Dropped {
    fn of(fault: Fault) -> Self {
        Self { field: fault.field.unwrap_or_default(), reason: fault.reason, found: fault.found }
    }
}

impl Document {
    /// A document with these values; null values are left out. It is the only document of its object.
    pub fn of_values(fields: impl IntoIterator<Item = (&'static str, Value)>) -> Self {
        let (mut json, mut names, mut values) = (JsonWriter::default(), Vec::new(), Values::new());
        json.raw("{");
        for (name, value) in fields.into_iter().filter(|(_, value)| !value.is_null()) {
            json.separate();
            json.raw(&format!("\"{name}\":"));
            let start = json.len();
            json.raw(&value.to_string());
            values.push(start..json.len());
            names.push(name.to_owned());
        }
        json.raw("}");
        let (json, names) = (json.as_str().to_owned(), names.into());
        Self {
            index_in_object: 0,
            member: None,
            json,
            names,
            values,
            dropped: Vec::new(),
            repairs: RepairCounts::default(),
        }
    }

    /// What was mended for it: in its element and before it, after the document before; and the encoding of the
    /// object, which concerns all documents.
    pub const fn repairs(&self) -> &RepairCounts {
        &self.repairs
    }

    /// The document as one line of JSON, with its fields in the order of the model. A field without a value
    /// is left out.
    pub fn json(&self) -> &str {
        &self.json
    }

    /// The same, as an owned string.
    pub fn into_json(self) -> String {
        self.json
    }

    /// The values that were left out of it, in the order of the model.
    pub fn dropped(&self) -> &[Dropped] {
        &self.dropped
    }

    /// The value of a field, as JSON.
    pub fn field(&self, name: &str) -> Option<&str> {
        let index = self.names.iter().position(|known| known == name)?;
        self.json.get(self.values.get(index)?.clone()).filter(|json| !json.is_empty())
    }
}

/// How much was read of an object, and what became of it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Volume {
    pub(crate) documents: u64,
    /// Bytes after decompression.
    pub(crate) bytes: u64,
    /// Bytes of documents, the refused ones included.
    pub(crate) written: u64,
}

impl Volume {
    pub(crate) const fn add(&mut self, other: Self) {
        self.documents += other.documents;
        self.bytes += other.bytes;
        self.written += other.written;
    }
}

/// The result for a document, or for the object from some point on.
pub type Verdict = Result<Document, Refusal>;

/// The documents of an object, in their order. Each has its own verdict. A fault of the object itself ends
/// the iteration with a [`Refusal`] whose `document` is `None`: earlier documents are complete, and none
/// follows. An iterator that ends without one has read a well-formed object to its end, or a JSON object
/// whose lines are well-formed except for those that were refused. A document that is the root element of XML
/// is returned only once it is known that nothing but the end follows. An error means that the object could
/// not be read; that says nothing about the object, and also ends the iteration.
#[derive(Debug)]
pub struct Documents<'a> {
    converter: &'a Converter,
    limits: Limits,
    info: ObjectInfo,
    /// `None` if the object could not even be opened.
    scanner: Option<Source<'a>>,
    evaluator: Evaluator<'a>,
    json: JsonWriter,
    count: u32,
    /// Bytes of all documents so far.
    written: u64,
    done: bool,
    /// What was mended until the end of the last document.
    repairs_told: RepairCounts,
    /// The verdict on a document that is the whole object. It is returned once the object turns out to end
    /// there.
    held: Option<Verdict>,
    /// What ends the iteration.
    trouble: Option<Trouble>,
}

impl Converter {
    /// The documents of an object, read lazily. The object may be compressed.
    pub fn documents<'a>(&'a self, reader: impl Read + 'a) -> Documents<'a> {
        self.documents_in(Reading::default(), reader)
    }

    /// The documents of an object that is read in this way.
    pub fn documents_in<'a>(&'a self, reading: Reading, reader: impl Read + 'a) -> Documents<'a> {
        Documents::in_chunks(self, reading, reader, CHUNK)
    }

    /// The documents of an object that is read in this way, with limits of its own.
    pub(crate) fn documents_within<'a>(
        &'a self,
        limits: &Limits,
        reading: Reading,
        reader: impl Read + 'a,
    ) -> Documents<'a> {
        Documents::open(self, limits, reading, reader, CHUNK)
    }

    /// Converts a whole object: calls `verdict` for each document in order, and last for a fault of the
    /// object itself, if there is one (see [`Documents`]). An error means that the object could not be read.
    pub fn convert(&self, reader: impl Read, mut verdict: impl FnMut(Verdict)) -> io::Result<()> {
        self.documents(reader).try_for_each(|document| document.map(&mut verdict))
    }
}

impl<'a> Documents<'a> {
    /// Reads the object in chunks of `chunk` bytes.
    pub(crate) fn in_chunks(
        converter: &'a Converter,
        reading: Reading,
        reader: impl Read + 'a,
        chunk: usize,
    ) -> Self {
        Self::open(converter, &converter.limits, reading, reader, chunk)
    }

    fn open(
        converter: &'a Converter,
        limits: &Limits,
        reading: Reading,
        reader: impl Read + 'a,
        chunk: usize,
    ) -> Self {
        let leniency = &converter.leniency;
        let Scratch { raw, text, elements, memory, json } = converter.scratches.take();
        let input = Input::new(Box::new(reader), limits);
        let automaton = &converter.automaton;
        let decoded = (automaton.syntax, Decoding::of(leniency, reading));
        let (scanner, trouble) = match Window::open(input, decoded, limits, chunk, raw, text) {
            Ok(window) => (Some(Source::new(window, automaton, limits, leniency, elements)), None),
            Err(trouble) => (None, Some(trouble)),
        };
        Self {
            converter,
            limits: *limits,
            info: ObjectInfo::default(),
            scanner,
            evaluator: Evaluator::new(automaton, limits, memory),
            json,
            count: 0,
            written: 0,
            done: false,
            repairs_told: RepairCounts::default(),
            held: None,
            trouble,
        }
    }

    /// Says what is known of the object, for templates and bounds of dates.
    #[must_use]
    pub fn of_object(mut self, info: ObjectInfo) -> Self {
        self.info = info;
        self
    }

    /// What was mended in the object so far.
    pub fn repairs(&self) -> RepairCounts {
        self.scanner.as_ref().and_then(Source::repairs).cloned().unwrap_or_default()
    }

    /// How much was read, and what became of it.
    pub(crate) fn volume(&self) -> Volume {
        let bytes = self.scanner.as_ref().map_or(0, |scanner| scanner.window().bytes_read());
        Volume { documents: u64::from(self.count), bytes, written: self.written }
    }

    /// Reads to the end, and returns the last verdict if it is a refusal. What the model does not name is not counted, for
    /// documents are made of the object another time.
    pub(crate) fn last_refusal(mut self) -> io::Result<Option<Refusal>> {
        let apart = Evaluator::new(&self.converter.automaton, &self.limits, Memory::default());
        let own = std::mem::replace(&mut self.evaluator, apart);
        let last = self.by_ref().try_fold(None, |_, verdict| verdict.map(Verdict::err));
        self.evaluator = own;
        last
    }

    /// What was mended since the last document.
    fn new_repairs(&mut self) -> RepairCounts {
        let all = self.repairs();
        let mut new = all.since(&self.repairs_told);
        if new.get(Repair::Encoding) == 0 {
            new.add(Repair::Encoding, all.get(Repair::Encoding));
        }
        self.repairs_told = all;
        new
    }

    /// Reads to the end of the next document; `None` at the end of the object.
    fn advance(&mut self) -> Result<Option<Verdict>, Trouble> {
        loop {
            if let Some(trouble) = self.trouble.take() {
                return Err(trouble);
            }
            let Some(scanner) = &mut self.scanner else { return Ok(None) };
            match scanner.run(&mut self.evaluator)? {
                Pause::Document => {
                    let whole = scanner.at_end_of_root();
                    let verdict = self.judge();
                    self.check_written()?;
                    if !whole {
                        return Ok(Some(verdict));
                    }
                    self.held = Some(verdict);
                }
                Pause::Line(fault) => return self.pass_over(*fault).map(Some),
                Pause::Object if self.count == 0 && !self.evaluator.may_be_empty() => {
                    return Err(self.no_record());
                }
                Pause::Object => {
                    self.done = true;
                    let repairs = self.repairs();
                    if let Some(Ok(document)) = &mut self.held {
                        document.repairs = repairs;
                    }
                    return Ok(self.held.take());
                }
            }
        }
    }

    fn judge(&mut self) -> Verdict {
        let index_in_object = self.count;
        self.count += 1;
        let mut judged = self.validate();
        self.evaluator.resolve_doubts(&judged.passed);
        if judged.verdict.is_err()
            && let Some(scanner) = &self.scanner
        {
            // Positions matter only now.
            self.evaluator.settle(scanner.window());
            judged = self.validate();
        }
        self.written += self.json.len() as u64;
        let repairs = self.new_repairs();
        match judged.verdict {
            Ok(Accepted { values, dropped }) => {
                let (json, names) = (self.json.as_str().to_owned(), Arc::clone(&self.converter.names));
                let dropped = dropped.into_iter().map(Dropped::of).collect();
                Ok(Document { index_in_object, member: None, json, names, values, dropped, repairs })
            }
            Err(faults) => Err(Refusal::document(index_in_object, faults)),
        }
    }

    fn validate(&mut self) -> Judged {
        self.json.clear();
        let Self { converter, evaluator, info, json, .. } = self;
        validate::document(&converter.automaton, evaluator.found(), info, json)
    }

    /// Values that documents share are written with each of them: a small object must not become terabytes.
    fn check_written(&self) -> Result<(), Trouble> {
        let Some(scanner) = &self.scanner else { return Ok(()) };
        let limits = &self.limits;
        if self.written <= limits.expansion(scanner.window().bytes_read()) {
            return Ok(());
        }
        let most = limits.expansion_ratio;
        let expected = format!("documents of at most {most} times as many bytes as the object");
        Err(scanner.refuse(|offset| Flaw::limit(offset, expected)))
    }

    /// The verdict on a line that is not JSON. It counts as a document.
    #[cold]
    fn pass_over(&mut self, fault: Fault) -> Result<Verdict, Trouble> {
        let most = self.limits.documents;
        if self.count >= most {
            let (position, at) = (Position { line: fault.line, column: fault.column }, fault.at);
            let flaw = Flaw::limit(0, format!("at most {most} documents in an object"));
            return Err(Trouble::refused(flaw.place(at, position)));
        }
        self.evaluator.resolve_doubts(&PassedOver::default());
        let index_in_object = self.count;
        self.count += 1;
        Ok(Err(Refusal::document(index_in_object, vec![fault])))
    }

    /// The refusal, which names the object if it is no XML but something that is known.
    #[cold]
    fn named(&self, refusal: Refusal) -> Refusal {
        let Some(scanner) = &self.scanner else { return refusal };
        let kind = scanner.window().foreign().filter(|_| self.count == 0);
        let named = |kind| Flaw::malformed(0, "an XML document").found(kind).place(None, Position::START);
        match (kind, refusal.reason) {
            // Where the bytes stop being text says nothing about what is not text.
            (Some(kind), Reason::InvalidBytes) => Refusal::object(named(kind)),
            (Some(kind), Reason::MalformedXml) => {
                let mut whole = Refusal::object(named(kind));
                whole.faults.extend(refusal.faults);
                whole
            }
            _ => refusal,
        }
    }

    #[cold]
    fn no_record(&self) -> Trouble {
        let root = self.scanner.as_ref().and_then(Source::root);
        let (root, position) = root.cloned().unwrap_or((String::new(), Position::START));
        let Automaton { syntax, record, .. } = &self.converter.automaton;
        let what = match syntax {
            Syntax::Xml => "an element",
            Syntax::Json => "a value",
        };
        let expected = format!("{what} that the model's record {record} names");
        let flaw = Flaw::malformed(0, expected).because(Reason::NoRecord).found(&root);
        Trouble::refused(flaw.place(None, position))
    }
}

impl Iterator for Documents<'_> {
    type Item = io::Result<Verdict>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.done {
            return None;
        }
        match self.advance() {
            Ok(verdict) => verdict.map(Ok),
            Err(trouble) => {
                self.done = true;
                Some(match trouble {
                    Trouble::Io(error) => Err(error),
                    Trouble::Refused(refusal) => Ok(Err(self.named(refusal))),
                })
            }
        }
    }
}

impl Drop for Documents<'_> {
    fn drop(&mut self) {
        let ((raw, text), elements) = self.scanner.take().map(Source::into_buffers).unwrap_or_default();
        let (memory, json) = (self.evaluator.take_memory(), std::mem::take(&mut self.json));
        self.converter.scratches.put_back(Scratch { raw, text, elements, memory, json });
    }
}
