//! Takes in samples one by one, and proposes a model for them. Memory is bounded, however many and large they
//! are.

mod members;

use std::collections::BTreeMap;
use std::io::{self, Cursor, Read};

use docmill_convert::{Fault, Object, Refusal, unpack, visit};
use docmill_crds::conversion::{Entities, Format};
use docmill_crds::reason::Reason;

use super::json;
use super::namespaces::Namespaces;
use super::observe::{Named, Observer};
use super::pattern::Pattern;
use super::proposal::{Proposal, SampleForm};
use super::propose::propose;
use super::record::{self, Records};
use super::tree::{TOP, Tree};
use members::Members;

/// Kinds of root elements that are distinguished.
const MOST_ROOTS: usize = 100;

/// Bytes at the start of an object that tell its format.
const HEAD: u64 = 512;

/// Why nothing can be proposed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Nothing {
    /// There is no object without a fault.
    #[error("expected samples to propose a model from, found none that is well-formed")]
    Samples,
    /// None of them has a record.
    #[error("expected a record in the samples, found none; their root elements are {0}")]
    Record(String),
    /// Records are empty.
    #[error("expected records with values, found nothing but empty elements: {0}")]
    Values(String),
}

/// What a model is proposed from.
#[derive(Debug)]
pub struct Samples {
    pattern: Option<Pattern>,
    namespaces: Namespaces,
    tree: Tree,
    named: Named,
    /// Objects by the name of their root element.
    roots: BTreeMap<String, u64>,
    /// The format of the first object.
    format: Option<Format>,
    /// Members of archives, if objects are archives.
    members: Members,
    /// An object has several root elements.
    concatenated: bool,
    /// What the objects use.
    entities: Entities,
}

impl Samples {
    /// Without a pattern, the samples decide what a record is.
    pub fn new(pattern: Option<Pattern>) -> Self {
        let (namespaces, tree) = (Namespaces::new(), Tree::new());
        let (named, roots) = (Named::default(), BTreeMap::new());
        let (format, concatenated, entities) = (None, false, Entities::default());
        let members = Members::default();
        Self { pattern, namespaces, tree, named, roots, format, members, concatenated, entities }
    }

    /// Examines an object, or if it is an archive each of its members. Returns what is refused, and does not count.
    pub fn add_object(&mut self, object: &mut dyn Object) -> io::Result<Vec<Refusal>> {
        let mut refusals = Vec::new();
        let unread = unpack(object, &mut |member, content| {
            match self.add(content)? {
                Ok(()) => self.members.extend(member),
                Err(refusal) => refusals.push(Refusal { member: member.cloned(), ..refusal }),
            }
            Ok(())
        })?;
        refusals.extend(unread);
        Ok(refusals)
    }

    /// Examines an object. One that is not well-formed is refused, and does not count; nor does one of another
    /// format than the first.
    pub fn add(&mut self, mut object: impl Read) -> io::Result<Result<(), Refusal>> {
        let mut head = Vec::new();
        object.by_ref().take(HEAD).read_to_end(&mut head)?;
        let format = if json::is_json(&head) { Format::Json } else { Format::Xml };
        let expected = if self.pattern.is_some() { Some(Format::Xml) } else { self.format };
        if expected.is_some_and(|expected| expected != format) {
            return Ok(Err(of_another_format(format)));
        }
        let object = Cursor::new(head).chain(object);
        let mut observer = Observer::new(&mut self.namespaces, self.pattern.as_ref());
        let read = match format {
            Format::Json => json::read(object, &mut observer)?.map(|()| Entities::Refuse),
            Format::Xml | Format::Binary => visit(object, &mut observer)?,
        };
        match read {
            Ok(Entities::Refuse) => {}
            Ok(entities) => self.entities = entities,
            Err(refusal) => return Ok(Err(refusal)),
        }
        self.format = Some(format);
        let Observer { tree, root, roots, named, .. } = observer;
        self.concatenated |= roots > 1;
        self.tree.add(&tree, TOP, |namespace| namespace);
        self.named.add(named);
        if self.roots.len() < MOST_ROOTS || self.roots.contains_key(&root) {
            *self.roots.entry(root).or_default() += 1;
        }
        Ok(Ok(()))
    }

    /// A model, and the objects that have no record by it, by the name of their root element.
    pub fn propose(&self) -> Result<(Proposal, BTreeMap<String, u64>), Nothing> {
        if self.roots.is_empty() {
            return Err(Nothing::Samples);
        }
        let records = match &self.pattern {
            Some(pattern) => record::named(&self.tree, &self.named, pattern, &self.roots),
            None => record::suggested(&self.tree),
        };
        let none = || Nothing::Record(self.roots.keys().cloned().collect::<Vec<_>>().join(", "));
        let records: Records = records.ok_or_else(none)?;
        let Self { concatenated, entities, .. } = *self;
        let (format, archive) = (self.format.unwrap_or_default(), self.members.archive());
        let form = SampleForm { format, archive, concatenated, entities };
        let proposal = propose(&records, &self.namespaces, form);
        if proposal.fields.is_empty() {
            return Err(Nothing::Values(proposal.record));
        }
        Ok((proposal, records.without))
    }
}

/// A sample is JSON where others are XML, or a person named elements; or it is not JSON, as others are.
fn of_another_format(format: Format) -> Refusal {
    let (reason, expected) = match format {
        Format::Json => (Reason::MalformedXml, "XML, as in the samples before, or by --record"),
        Format::Xml | Format::Binary => (Reason::MalformedJson, "JSON, as in the samples before"),
    };
    let (line, column, expected) = (1, 1, expected.to_owned());
    Refusal::object(Fault { reason, field: None, at: None, line, column, expected, found: None })
}
