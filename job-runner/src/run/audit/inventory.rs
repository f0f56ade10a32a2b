//! What the stores hold of a range of keys, and which look-ups that leaves open. Pure.
//!
//! Listings of a range answer nearly everything, except where a thing lies outside of the range in its own
//! store: the keys of snapshots and errors are not ordered as those of raw objects are, and long ones are
//! truncated. Only such single things are looked up one by one.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use docmill_crds::api::storage::{BucketLocation, RawLocation};
use docmill_crds::reason::SkipReason;
use docmill_crds::records::units::{UnitId, UnitState};
use serde::Deserialize;

use super::keys::{self, EvidenceName};
use crate::ingest::bucket::locations::{self, EvidenceKeys};
use crate::ingest::snapshot::packed::Reference;
use crate::ingest::unit::object_version::ObjectVersion;

/// The locations of a source, and what is known before anything is examined.
#[derive(Clone, Debug)]
pub struct AuditScope {
    /// Which objects are ingested.
    pub raw: RawLocation,
    /// The source's own location for snapshots.
    pub snapshots: BucketLocation,
    /// The source's own location for refusals.
    pub errors: BucketLocation,
    /// Name of the ledger's index.
    pub ledger_index: String,
    /// `<namespace>/<name>` of the source.
    pub source: String,
    /// The state of units that succeed.
    pub success_state: UnitState,
    /// When the run was created, in milliseconds since 1970. What landed later is still in flight.
    pub created_millis: i64,
    /// Whether retention removes, or has removed, records of units that were replaced or whose objects were removed: then
    /// a unit without a record may be one of those.
    pub has_expired_records: bool,
}

/// The fields of a ledger record that an audit needs.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Record {
    /// The unit.
    pub unit: UnitId,
    /// Where it ended.
    pub state: UnitState,
    /// Why, if it failed or was skipped.
    #[serde(default)]
    pub reason: Option<String>,
    /// Reference of its snapshot.
    #[serde(default)]
    pub snapshot: Option<String>,
    /// How many of its documents are stored.
    #[serde(default)]
    pub document_count: i64,
    /// When its object landed, RFC 3339.
    #[serde(default)]
    pub last_modified: Option<String>,
}

impl Record {
    /// Whether its object may exist and produces nothing: it only marks a folder, or was forgotten.
    pub fn produces_nothing(&self) -> bool {
        let reasons = [SkipReason::FolderMarker, SkipReason::Forgotten].map(SkipReason::as_str);
        self.reason.as_deref().is_some_and(|reason| reasons.contains(&reason))
    }

    /// Whether it has documents, a snapshot or evidence that have to exist.
    pub fn counts(&self) -> bool {
        self.state != UnitState::Skipped
    }
}

/// What the stores hold of a range of keys.
#[derive(Clone, Debug, Default)]
pub struct Inventory {
    /// Objects of the raw bucket, by key.
    pub raw: BTreeMap<String, ObjectVersion>,
    /// Records of the ledger with their ids.
    pub records: Vec<(String, Record)>,
    /// Keys of the snapshot bucket, without the prefix.
    pub snapshots: BTreeSet<String>,
    /// Keys of refused objects in the errors bucket, without their common prefix.
    pub errors: BTreeSet<String>,
    /// What was looked up one by one.
    pub lookup_results: LookupResults,
}

/// What was looked up one by one.
#[derive(Clone, Debug, Default)]
pub struct LookupResults {
    /// Objects of the raw bucket, by key.
    pub raw: HashMap<String, Option<ObjectVersion>>,
    /// Records, by the digests of their units.
    pub records: HashMap<String, Option<Record>>,
    /// Whether an object of the snapshot bucket exists, by its key.
    pub snapshots: HashMap<String, bool>,
    /// The digest of the unit whose snapshot is where a reference into a pack points, by that reference.
    pub packed: HashMap<String, Option<String>>,
    /// Whether an object of the errors bucket exists, by its key.
    pub errors: HashMap<String, bool>,
    /// The source that a snapshot names, by its key without the prefix.
    pub snapshot_owners: HashMap<String, Option<String>>,
    /// Whether an error record says that there is no copy, since its object could not be copied; by its key.
    pub uncopied: HashMap<String, bool>,
}

/// What has to be looked up one by one; see [`LookupResults`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LookupKeys {
    /// Keys of the raw bucket.
    pub raw: BTreeSet<String>,
    /// Digests of units.
    pub records: BTreeSet<String>,
    /// Keys of the snapshot bucket.
    pub snapshots: BTreeSet<String>,
    /// References into packs.
    pub packed: BTreeSet<String>,
    /// Keys of the errors bucket.
    pub errors: BTreeSet<String>,
    /// Keys of the snapshot bucket, without the prefix.
    pub snapshot_owners: BTreeSet<String>,
    /// Keys of error records without a copy.
    pub uncopied: BTreeSet<String>,
}

impl LookupKeys {
    /// Whether everything was looked up.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl Inventory {
    /// The object of a key, if it was listed or looked up. The outer `None`: it was not.
    #[allow(clippy::option_option, reason = "no answer and no object are two things")]
    pub fn object(&self, key: &str) -> Option<Option<&ObjectVersion>> {
        match self.raw.get(key) {
            Some(object) => Some(Some(object)),
            None => self.lookup_results.raw.get(key).map(Option::as_ref),
        }
    }

    /// What has to be looked up before this can be judged. Results can require further look-ups.
    pub fn open_lookups(&self, scope: &AuditScope) -> LookupKeys {
        let mut lookup_keys = LookupKeys::default();
        for (_, record) in self.proper().filter(|(_, record)| record.counts()) {
            self.ask_for_snapshot(scope, record, &mut lookup_keys);
            self.ask_for_evidence(scope, record, &mut lookup_keys);
        }
        let index = self.index();
        for key in self.snapshots.iter().filter(|_| !scope.has_expired_records) {
            self.ask_about_snapshot(scope, &index, key, &mut lookup_keys);
        }
        for named in self.errors.iter().filter_map(|key| EvidenceName::parse(key)) {
            self.ask_about_evidence(&index, named, &mut lookup_keys);
        }
        lookup_keys
    }

    /// Records stored under the ids of their units.
    pub fn proper(&self) -> impl Iterator<Item = (&str, &Record)> {
        let filed_correctly = self.records.iter().filter(|(id, record)| *id == record.unit.digest());
        filed_correctly.map(|(id, record)| (id.as_str(), record))
    }

    /// The records of this range, by digest.
    pub fn index(&self) -> RecordsByDigest<'_> {
        let mut index = RecordsByDigest::default();
        for (id, record) in self.proper() {
            index.by_digest.insert(id, record);
        }
        index
    }

    /// Whether a record is known under a digest; `None` if that was not looked up.
    pub fn is_known(&self, index: &RecordsByDigest<'_>, digest: &str) -> Option<bool> {
        if index.by_digest.contains_key(digest) {
            return Some(true);
        }
        self.lookup_results.records.get(digest).map(Option::is_some)
    }

    fn ask_for_snapshot(&self, scope: &AuditScope, record: &Record, lookup_keys: &mut LookupKeys) {
        let Some(reference) = &record.snapshot else { return };
        match Reference::parse(reference) {
            Reference::Object(key) => {
                if !self.is_listed(scope, key) && !self.lookup_results.snapshots.contains_key(key) {
                    lookup_keys.snapshots.insert(key.to_owned());
                }
            }
            Reference::Packed(_) => {
                if !self.lookup_results.packed.contains_key(reference) {
                    lookup_keys.packed.insert(reference.clone());
                }
            }
        }
    }

    fn is_listed(&self, scope: &AuditScope, key: &str) -> bool {
        key.strip_prefix(&scope.snapshots.prefix).is_some_and(|key| self.snapshots.contains(key))
    }

    /// Whether the snapshot of a unit is where its record says.
    pub fn has_snapshot(&self, scope: &AuditScope, digest: &str, reference: &str) -> bool {
        match Reference::parse(reference) {
            Reference::Object(key) => {
                self.is_listed(scope, key) || self.lookup_results.snapshots.get(key).copied().unwrap_or(false)
            }
            Reference::Packed(_) => {
                self.lookup_results.packed.get(reference).and_then(Option::as_deref) == Some(digest)
            }
        }
    }

    fn ask_for_evidence(&self, scope: &AuditScope, record: &Record, lookup_keys: &mut LookupKeys) {
        if record.state != UnitState::Failed {
            return;
        }
        let EvidenceKeys { copy, record } = EvidenceKeys::of_object(&scope.errors, &record.unit);
        for key in [&copy, &record] {
            if self.has_evidence(scope, key).is_none() {
                lookup_keys.errors.insert(key.clone());
            }
        }
        let has_record_only =
            self.has_evidence(scope, &copy) == Some(false) && self.has_evidence(scope, &record) == Some(true);
        if has_record_only && !self.lookup_results.uncopied.contains_key(&record) {
            lookup_keys.uncopied.insert(record);
        }
    }

    /// Whether an object of the errors bucket exists; `None` if it was neither listed nor looked up.
    pub fn has_evidence(&self, scope: &AuditScope, key: &str) -> Option<bool> {
        let listed = key.strip_prefix(&locations::objects(&scope.errors));
        if listed.is_some_and(|key| self.errors.contains(key)) {
            return Some(true);
        }
        self.lookup_results.errors.get(key).copied()
    }

    /// A snapshot is orphaned if neither ledger nor raw bucket knows its unit, and it says that it belongs to
    /// this source.
    fn ask_about_snapshot(
        &self,
        scope: &AuditScope,
        index: &RecordsByDigest<'_>,
        key: &str,
        lookup_keys: &mut LookupKeys,
    ) {
        let Some(named) = keys::SnapshotName::parse(key) else { return };
        match self.is_known(index, named.digest) {
            None => drop(lookup_keys.records.insert(named.digest.to_owned())),
            Some(true) => {}
            Some(false) => match self.object(named.raw_key) {
                None => drop(lookup_keys.raw.insert(named.raw_key.to_owned())),
                Some(object) if Self::is_object(scope, object, &named) => {}
                Some(_) if self.lookup_results.snapshot_owners.contains_key(key) => {}
                Some(_) => drop(lookup_keys.snapshot_owners.insert(key.to_owned())),
            },
        }
    }

    /// Whether a snapshot belongs to the object that the bucket holds.
    pub fn is_object(
        scope: &AuditScope,
        object: Option<&ObjectVersion>,
        named: &keys::SnapshotName<'_>,
    ) -> bool {
        object.is_some_and(|object| object.unit_id(&scope.raw.bucket, named.raw_key).digest() == named.digest)
    }

    /// Evidence is orphaned if neither the record of its unit, nor, without one, the raw bucket accounts for
    /// it.
    fn ask_about_evidence(
        &self,
        index: &RecordsByDigest<'_>,
        named: EvidenceName<'_>,
        lookup_keys: &mut LookupKeys,
    ) {
        match self.is_known(index, named.digest) {
            None => drop(lookup_keys.records.insert(named.digest.to_owned())),
            Some(_) if self.record(index, named.digest).is_some_and(Record::counts) || named.is_cut() => {}
            Some(_) if self.object(named.raw_key).is_none() => {
                lookup_keys.raw.insert(named.raw_key.to_owned());
            }
            Some(_) => {}
        }
    }

    /// The record of a unit, as far as it is known.
    pub fn record<'a>(&'a self, index: &RecordsByDigest<'a>, digest: &str) -> Option<&'a Record> {
        let listed = index.by_digest.get(digest).copied();
        listed.or_else(|| self.lookup_results.records.get(digest)?.as_ref())
    }
}

/// Records by digest.
#[derive(Debug, Default)]
pub struct RecordsByDigest<'a> {
    /// By the digests of their units.
    pub by_digest: HashMap<&'a str, &'a Record>,
}
