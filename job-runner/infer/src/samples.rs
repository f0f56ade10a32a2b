//! Takes in samples one by one, and proposes a model for them. Memory is bounded, however many and large they
//! are.

mod again;
mod members;
mod mended;
mod mending;

use std::collections::BTreeMap;
use std::io::{self, Cursor, Read};

use docmill_convert::{Fault, Object, Refusal, unpack};
use docmill_crds::conversion::{Entities, Format, Repair};
use docmill_crds::reason::Reason;

use super::json;
use super::namespaces::Namespaces;
use super::observe::{Named, Observed, Observer};
use super::pattern::Pattern;
use super::proposal::{Proposal, SampleForm};
use super::propose::propose;
use super::record::{self, Records};
use super::tree::{TOP, Tree};
use again::Again;
use members::Members;
pub(super) use mended::Mended;
use mending::{Mending, SampleRead};

/// Kinds of root elements that are distinguished.
const MOST_ROOTS: usize = 100;

/// Bytes at the start of an object that tell its format.
const HEAD: u64 = 512;

/// Why nothing can be proposed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Nothing {
    /// There is no object that can be read.
    #[error("expected samples to propose a model from, found none that can be read, also with repairs")]
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
    /// What objects have that end as they should.
    whole: Evidence,
    /// What objects have that were cut off. What they lack says nothing, so that they count if there are no others.
    cut_off: Evidence,
    /// The format of the first object.
    format: Option<Format>,
    /// Members of archives, if objects are archives.
    members: Members,
    /// The repairs without which objects cannot be read.
    mended: Mended,
    /// What the objects use.
    entities: Entities,
}

/// What objects have.
#[derive(Debug)]
struct Evidence {
    tree: Tree,
    named: Named,
    /// Objects by the name of their root element.
    roots: BTreeMap<String, u64>,
    /// An object is several XML documents, or has what only those may have between them.
    concatenated: bool,
}

impl Evidence {
    fn new() -> Self {
        Self { tree: Tree::new(), named: Named::default(), roots: BTreeMap::new(), concatenated: false }
    }

    /// Adds an object.
    fn add(&mut self, observed: Observed, concatenated: bool) {
        let Observed { tree, root, named } = observed;
        self.concatenated |= concatenated;
        self.tree.add(&tree, TOP, |namespace| namespace);
        self.named.add(named);
        if self.roots.len() < MOST_ROOTS || self.roots.contains_key(&root) {
            *self.roots.entry(root).or_default() += 1;
        }
    }
}

impl Samples {
    /// Without a pattern, the samples decide what a record is.
    pub fn new(pattern: Option<Pattern>) -> Self {
        Self {
            pattern,
            namespaces: Namespaces::new(),
            whole: Evidence::new(),
            cut_off: Evidence::new(),
            format: None,
            members: Members::default(),
            mended: Mended::default(),
            entities: Entities::default(),
        }
    }

    /// Examines an object, or if it is an archive each of its members. Returns what is refused, and does not count.
    /// `name` is what comments call it.
    pub fn add_object(&mut self, name: &str, object: &mut dyn Object) -> io::Result<Vec<Refusal>> {
        let mut refusals = Vec::new();
        let unread = unpack(object, &mut |member, content| {
            let within = member.map(|member| format!("{name}/{}", member.name));
            match self.add_named(within.as_deref().unwrap_or(name), content)? {
                Ok(()) => self.members.extend(member),
                Err(refusal) => refusals.push(Refusal { member: member.cloned(), ..refusal }),
            }
            Ok(())
        })?;
        refusals.extend(unread);
        Ok(refusals)
    }

    /// Examines an object. One that cannot be read, also with repairs, is refused, and does not count; nor does one of
    /// another format than the first.
    pub fn add(&mut self, object: impl Read) -> io::Result<Result<(), Refusal>> {
        self.add_named("", object)
    }

    /// The same with its name.
    fn add_named(&mut self, name: &str, mut object: impl Read) -> io::Result<Result<(), Refusal>> {
        let mut head = Vec::new();
        object.by_ref().take(HEAD).read_to_end(&mut head)?;
        let format = if json::is_json(&head) { Format::Json } else { Format::Xml };
        let expected = if self.pattern.is_some() { Some(Format::Xml) } else { self.format };
        if expected.is_some_and(|expected| expected != format) {
            return Ok(Err(of_another_format(format)));
        }
        let object = Cursor::new(head).chain(object);
        let (namespaces, pattern) = (&mut self.namespaces, self.pattern.as_ref());
        let read = match format {
            Format::Json => {
                let mut observer = Observer::new(namespaces, pattern);
                let read = json::read(object, &mut observer)?;
                let (entities, concatenated, mended) = (Entities::Refuse, false, Vec::new());
                read.map(|()| SampleRead { observed: observer.observed(), entities, concatenated, mended })
            }
            Format::Xml | Format::Binary => mending::read(&mut Again::new(object), namespaces, pattern)?,
        };
        let SampleRead { observed, entities, concatenated, mended } = match read {
            Ok(read) => read,
            Err(refusal) => return Ok(Err(refusal)),
        };
        self.format = Some(format);
        if entities != Entities::Refuse {
            self.entities = entities;
        }
        self.mended.add(name, &mended);
        let is_cut_off = |mending: &Mending| mending.repair == Repair::UnclosedAtEnd;
        let evidence = if mended.iter().any(is_cut_off) { &mut self.cut_off } else { &mut self.whole };
        evidence.add(observed, concatenated);
        Ok(Ok(()))
    }

    /// A model, and the objects that have no record by it, by the name of their root element.
    pub fn propose(&self) -> Result<(Proposal, BTreeMap<String, u64>), Nothing> {
        let evidence = if self.whole.roots.is_empty() { &self.cut_off } else { &self.whole };
        let Evidence { tree, named, roots, .. } = evidence;
        if roots.is_empty() {
            return Err(Nothing::Samples);
        }
        let records = match &self.pattern {
            Some(pattern) => record::named(tree, named, pattern, roots),
            None => record::suggested(tree),
        };
        let none = || Nothing::Record(roots.keys().cloned().collect::<Vec<_>>().join(", "));
        let records: Records = records.ok_or_else(none)?;
        let (format, archive) = (self.format.unwrap_or_default(), self.members.archive());
        let concatenated = self.whole.concatenated || self.cut_off.concatenated;
        let (entities, mended) = (self.entities, self.mended.clone());
        let form = SampleForm { format, archive, concatenated, entities, mended };
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
