//! Keeps the refused members of an archive, each by itself beside a JSON that says why: nobody has to look for one bad file
//! in an archive of thousands.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Read};
use std::sync::Arc;

use docmill_clients::aws::{StoreError, StoreFault, listing};
use docmill_convert::{Converter, Member};
use docmill_crds::api::storage::BucketLocation;
use docmill_crds::records::units::UnitId;
use tokio::sync::{Semaphore, mpsc};

use super::errors_bucket::{self, ErrorRecord};
use crate::ingest::bucket::locations::EvidenceKeys;
use crate::ingest::source::object::{self, ObjectFound};
use crate::ingest::source::range_reader::RangeReader;
use crate::ingest::unit::Unit;
use crate::ingest::unit::object_ref::ObjectRef;
use crate::ingest::unit::refusal::RefusedPart;

/// The largest member that is copied. For a larger one, the archive is.
const MOST_BYTES: usize = 8 * 1024 * 1024;

/// Copies members of archives.
#[derive(Debug)]
pub struct MemberEvidence {
    converter: Arc<Converter>,
    /// Archives are read again one at a time.
    turn: Semaphore,
}

/// A refused member, and what was refused of it.
type RefusedMember<'a> = (&'a Member, Vec<&'a RefusedPart>);

impl MemberEvidence {
    /// For archives that this converter reads.
    pub fn new(converter: Arc<Converter>) -> Self {
        Self { converter, turn: Semaphore::new(1) }
    }

    /// Copies the refused members, and writes a record beside each. Returns whether that is the whole evidence, so that
    /// the archive itself needs no copy.
    pub async fn keep(
        &self,
        client: &aws_sdk_s3::Client,
        location: &BucketLocation,
        (unit, refusals): (&Unit, &[RefusedPart]),
        record: &ErrorRecord,
    ) -> Result<bool, StoreError> {
        let members = by_member(refusals);
        if members.is_empty() || !record.copied {
            return Ok(false);
        }
        let _turn = self.turn.acquire().await.ok();
        let Some(reader) = open(client, unit).await? else { return Ok(false) };
        let (sender, mut copies) = mpsc::channel(1);
        let converter = Arc::clone(&self.converter);
        let numbers: BTreeSet<u32> = members.keys().copied().collect();
        let copying =
            tokio::task::spawn_blocking(move || copy_members(&converter, reader, &numbers, &sender));
        let mut kept = 0;
        while let Some((number, bytes)) = copies.recv().await {
            let Some((member, refused)) = members.get(&number) else { continue };
            let keys = EvidenceKeys::of_member(location, &unit.id, number, &member.name);
            errors_bucket::write_copy(client, location, &keys.copy, bytes).await?;
            let record = of_member(record, member, refused);
            errors_bucket::write_record(client, location, &keys.record, &record).await?;
            kept += 1;
        }
        let outcome = copying.await.map_err(io::Error::from).flatten();
        let action = format!("read s3://{}/{}", unit.id.bucket, unit.id.key);
        outcome.map_err(|error| StoreError::unavailable(action, &error))?;
        Ok(kept == members.len() && refusals.iter().all(|refused| refused.member.is_some()))
    }
}

/// Removes what was kept of the members of a unit. Succeeds if nothing is there, or nothing may be listed.
pub async fn remove(
    client: &aws_sdk_s3::Client,
    location: &BucketLocation,
    unit: &UnitId,
) -> Result<(), StoreError> {
    let prefix = EvidenceKeys::members_of(location, unit);
    loop {
        let list = client.list_objects_v2().bucket(&location.bucket).prefix(&prefix);
        let listed = match list.encoding_type(listing::ENCODED).send().await {
            Ok(listed) => listed,
            Err(error) => {
                let error = StoreError::from_sdk(format!("list s3://{}/{prefix}", location.bucket), &error);
                let is_denied = matches!(error.fault(), Some(StoreFault::AccessDenied | StoreFault::Refused));
                return if is_denied { Ok(()) } else { Err(error) };
            }
        };
        for key in listed.contents().iter().filter_map(|found| found.key()) {
            let key = listing::key(listed.encoding_type(), key);
            if !errors_bucket::delete(client, location, &key).await? {
                return Ok(());
            }
        }
        if listed.contents().is_empty() || !listed.is_truncated().unwrap_or(false) {
            return Ok(());
        }
    }
}

/// The refused members by their numbers.
fn by_member(refusals: &[RefusedPart]) -> BTreeMap<u32, RefusedMember<'_>> {
    let mut members: BTreeMap<u32, RefusedMember<'_>> = BTreeMap::new();
    for refused in refusals {
        if let Some(member) = &refused.member {
            members.entry(member.number).or_insert_with(|| (member, Vec::new())).1.push(refused);
        }
    }
    members
}

/// The record of a member, made of that of its unit.
fn of_member(unit: &ErrorRecord, member: &Member, refused: &[&RefusedPart]) -> ErrorRecord {
    let mut record = ErrorRecord { member: Some(member.name.to_string()), ..unit.clone() };
    if let Some(first) = refused.first() {
        record.stage = first.stage;
        record.reason = first.reason.to_string();
        record.message.clone_from(&first.message);
    }
    record.refusals = refused.iter().map(|refused| refused.detail.clone()).collect();
    record
}

/// Opens the unit's object; `None` if it is no longer there, or may not be read.
async fn open(client: &aws_sdk_s3::Client, unit: &Unit) -> Result<Option<RangeReader>, StoreError> {
    let landed = ObjectRef {
        bucket: unit.id.bucket.clone(),
        key: unit.id.key.clone(),
        version_id: unit.version_id.clone(),
        etag: unit.version_id.is_none().then(|| unit.id.version.clone()),
    };
    match object::open(client, &landed).await {
        Ok(ObjectFound::Object(opened)) => Ok(Some(RangeReader::start(client, *opened))),
        Ok(ObjectFound::Gone | ObjectFound::Replaced) => Ok(None),
        Err(error) => match error.fault() {
            Some(StoreFault::AccessDenied | StoreFault::Refused | StoreFault::Archived) => Ok(None),
            _ => Err(error),
        },
    }
}

/// Reads members, and sends those that are small enough. Ends early if nobody receives them.
fn copy_members(
    converter: &Converter,
    mut object: RangeReader,
    numbers: &BTreeSet<u32>,
    copies: &mpsc::Sender<(u32, Vec<u8>)>,
) -> io::Result<()> {
    converter.copy_members(&mut object, numbers, &mut |member, content| {
        let mut bytes = Vec::new();
        content.take(MOST_BYTES as u64 + 1).read_to_end(&mut bytes)?;
        if bytes.len() > MOST_BYTES {
            return Ok(());
        }
        let sent = copies.blocking_send((member.number, bytes));
        sent.map_err(|_| io::ErrorKind::BrokenPipe.into())
    })
}
