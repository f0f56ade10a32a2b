//! Reads packs, frame by frame from their start, as RFC 8878 and the documentation have them. Pure.

use std::collections::BTreeMap;

use serde_json::Value;
use zstd::zstd_safe::find_frame_compressed_size;

/// Magic numbers of skippable frames, but for their last four bits (RFC 8878, 3.1.2).
const SKIPPABLE: u32 = 0x184D_2A50;
/// Bytes before the content of a skippable frame.
const HEAD: usize = 8;
/// Bytes at the end of the index that are no line of it.
const FOOT: usize = 8;

/// All packs of a bucket, by key.
#[derive(Debug, Default)]
pub struct Packs(BTreeMap<String, Result<Pack, String>>);

/// The units of one pack, by offset and length.
type Pack = BTreeMap<(usize, usize), Unit>;

/// A unit of a pack.
#[derive(Debug)]
struct Unit {
    told: Value,
    lines: Vec<u8>,
}

/// The folder of packs, below the prefix of all snapshots.
fn folder(prefix: &str) -> String {
    format!("{prefix}.docmill/packs/")
}

/// Key, offset and length of a reference such as `<key>#<offset>+<length>`.
pub fn place(reference: &str) -> Option<(&str, usize, usize)> {
    let (key, place) = reference.rsplit_once(".json.zst#")?;
    let (offset, length) = place.split_once('+')?;
    Some((&reference[..key.len() + ".json.zst".len()], offset.parse().ok()?, length.parse().ok()?))
}

impl Packs {
    /// Reads all packs among the objects of a snapshot bucket.
    pub fn read(prefix: &str, objects: &BTreeMap<String, Vec<u8>>) -> Self {
        let folder = folder(prefix);
        let packs = objects.iter().filter(|(key, _)| key.starts_with(&folder));
        Self(packs.map(|(key, bytes)| (key.clone(), read(bytes))).collect())
    }

    /// Whether an object is a pack.
    pub fn contains(&self, key: &str) -> bool {
        self.0.contains_key(key)
    }

    /// The documents of a unit at a place, each with the reference that it is indexed with.
    pub fn documents(
        &self,
        reference: &str,
        unit: &str,
        revision: Option<&str>,
    ) -> Result<Vec<Value>, String> {
        let (key, offset, length) = place(reference).ok_or("it is no place in a pack")?;
        let pack = self.0.get(key).ok_or_else(|| format!("there is no pack {key:?}"))?.as_ref()?;
        let kept =
            pack.get(&(offset, length)).ok_or_else(|| format!("nothing begins and ends at {reference:?}"))?;
        if kept.told["unit"] != unit || revision.is_some_and(|revision| kept.told["revision"] != revision) {
            return Err(format!("at {reference:?} is {}", kept.told));
        }
        let lines = kept.lines.split_inclusive(|byte| *byte == b'\n');
        lines.map(|line| document(line, reference)).collect()
    }

    /// What is wrong with packs as such: those that cannot be read, and those none of whose units is known.
    pub fn faults(&self, is_known: impl Fn(&str) -> bool) -> Vec<String> {
        let known = |unit: &Unit| unit.told["unit"].as_str().is_some_and(&is_known);
        let faults = self.0.iter().filter_map(|(key, pack)| match pack {
            Err(fault) => Some(format!("the pack {key:?} cannot be read: {fault}")),
            Ok(pack) if !pack.values().any(known) => Some(format!("{key:?} is a pack that nobody names")),
            Ok(_) => None,
        });
        faults.collect()
    }
}

fn document(line: &[u8], reference: &str) -> Result<Value, String> {
    let mut document: Value =
        serde_json::from_slice(line).map_err(|error| format!("a line is no JSON: {error}"))?;
    let docmill = document["_docmill"].as_object_mut().ok_or("a document without _docmill")?;
    if docmill.insert("snapshot".into(), reference.into()).is_some() {
        return Err(
            "a packed document names its snapshot, which nobody could know when it was written".into()
        );
    }
    Ok(document)
}

fn read(bytes: &[u8]) -> Result<Pack, String> {
    let (mut frames, mut at) = (Vec::new(), 0);
    while at < bytes.len() && !is_skippable(&bytes[at..]) {
        let length = find_frame_compressed_size(&bytes[at..]);
        let length = length.map_err(|_| format!("no frame begins at {at}, or it does not end"))?;
        let lines =
            zstd::decode_all(&bytes[at..at + length]).map_err(|error| format!("frame at {at}: {error}"))?;
        frames.push(((at, length), lines));
        at += length;
    }
    let told = index(&bytes[at..])?;
    if told.len() != frames.len() {
        return Err(format!("{} units are told of, and {} are there", told.len(), frames.len()));
    }
    let whole = zstd::decode_all(bytes).map_err(|error| format!("as a whole: {error}"))?;
    if whole != frames.iter().flat_map(|(_, lines)| lines.clone()).collect::<Vec<_>>() {
        return Err("as a whole it is not what its frames are".into());
    }
    let units = frames.into_iter().zip(told).map(|((place, lines), told)| {
        if told["offset"] != place.0 || told["length"] != place.1 {
            return Err(format!("the index says {told} of the frame at {place:?}"));
        }
        Ok((place, Unit { told, lines }))
    });
    units.collect()
}

fn is_skippable(bytes: &[u8]) -> bool {
    bytes.first_chunk().is_some_and(|magic| u32::from_le_bytes(*magic) & !0xF == SKIPPABLE)
}

/// The lines of the skippable frame that these bytes are.
fn index(bytes: &[u8]) -> Result<Vec<Value>, String> {
    let length = bytes.get(4..HEAD).and_then(<[u8]>::first_chunk).map(|length| u32::from_le_bytes(*length));
    let length = length.ok_or("there is no index")? as usize;
    if bytes.len() != HEAD + length || length < FOOT {
        return Err(format!(
            "the index should have {length} bytes of content, and {} are there",
            bytes.len()
        ));
    }
    let lines = serde_json::Deserializer::from_slice(&bytes[HEAD..HEAD + length - FOOT]).into_iter();
    lines.collect::<Result<_, _>>().map_err(|error| format!("the index is no JSON: {error}"))
}

#[cfg(test)]
mod tests;
