//! A tar archive of 100,000 members and a ZIP archive of more than 4 GiB, and the verdict on what became of them. Pure.

use std::collections::BTreeSet;

use anyhow::{Result, bail, ensure};
use serde_json::{Value, json};

use super::{TarGz, Zip};
use crate::auditor::{self, Evidence};
use crate::diagnosis::shown;

const MEMBERS: usize = 100_000;
/// Every so many members of the tar archive one is faulty.
const FAULTY_EVERY: usize = 1000;
const FAULTY: usize = MEMBERS / FAULTY_EVERY;
/// Documents in the tar archive.
pub const IN_TAR: usize = MEMBERS - FAULTY;
/// Files of the ZIP archive that nobody asks for, and the bytes of each.
const PHOTOS: usize = 66;
const PHOTO_BYTES: usize = 64 << 20;
/// Members before each of them, and after the last: so many that storing them takes several seconds.
const BETWEEN: usize = 300;
/// Documents in the ZIP archive.
pub const IN_ZIP: usize = (PHOTOS + 1) * BETWEEN;

/// Changes the spec of a source into one for archives whose keys end so.
pub fn read_archives(spec: &mut Value, suffix: &str) {
    spec["raw"]["suffixes"] = json!([suffix]);
    spec["conversion"] = json!({
        "record": "//item",
        "archive": {"members": ["*.xml"]},
        "fields": [
            {"name": "guid", "path": ["@id"], "required": true},
            {"name": "publishedAt", "path": ["@at"], "type": "dateTime", "required": true},
            {"name": "title", "path": ["t"]},
        ],
        "limits": {"maxObjectBytes": 5_i64 << 30},
    });
}

/// The compressed tar archive. The ids of its documents begin with `series`.
pub fn tar(series: &str) -> Result<Vec<u8>> {
    let mut tar = TarGz::new();
    for number in 0..MEMBERS {
        let content = if is_faulty(number) { b"<r><item".to_vec() } else { item(series, number) };
        tar.add(&format!("{}/{number}.xml", number / 1000), &content)?;
    }
    tar.end()
}

/// The ZIP archive, in parts of 64 MiB. The ids of its documents begin with `series`.
pub fn zip(series: &str) -> impl Iterator<Item = Vec<u8>> {
    let (mut zip, photo) = (Zip::default(), vec![7_u8; PHOTO_BYTES]);
    (0..=PHOTOS).map(move |part| {
        let mut bytes = Vec::new();
        for number in part * BETWEEN..(part + 1) * BETWEEN {
            bytes.extend(zip.add(&format!("{number}.xml"), &item(series, number)));
        }
        if part < PHOTOS {
            bytes.extend(zip.add(&format!("{part}.jpg"), &photo));
        } else {
            bytes.extend(std::mem::take(&mut zip).end());
        }
        bytes
    })
}

const fn is_faulty(number: usize) -> bool {
    number.is_multiple_of(FAULTY_EVERY)
}

fn id(series: &str, number: usize) -> String {
    format!("{series}-{number}")
}

fn item(series: &str, number: usize) -> Vec<u8> {
    let id = id(series, number);
    format!("<r><item id=\"{id}\" at=\"2026-01-02T03:04:05Z\"><t>Title</t></item></r>").into_bytes()
}

/// Checks that every sound member of the tar archive is a document, once, and that every faulty one is kept by itself.
pub fn judge_tar(evidence: &Evidence, series: &str) -> Result<()> {
    let sound = (0..MEMBERS).filter(|number| !is_faulty(*number));
    has_each_once(evidence, &sound.map(|number| id(series, number)).collect())?;
    has_record(evidence, "Failed", Some("MalformedXml"), IN_TAR)?;
    let kept = evidence.errors.keys().filter(|key| key.contains(".members/")).count();
    ensure!(kept == 2 * FAULTY, "{kept} objects of {FAULTY} refused members, which have two each");
    Ok(())
}

/// Checks that every member of the ZIP archive is a document, once, but for the photos.
pub fn judge_zip(evidence: &Evidence, series: &str) -> Result<()> {
    has_each_once(evidence, &(0..IN_ZIP).map(|number| id(series, number)).collect())?;
    has_record(evidence, "Indexed", None, IN_ZIP)
}

/// The auditor is content, and the documents have these ids and no others.
fn has_each_once(evidence: &Evidence, expected: &BTreeSet<String>) -> Result<()> {
    let faults = auditor::judge(evidence).faults;
    ensure!(faults.is_empty(), "the auditor found {} faults:\n  {}", faults.len(), shown(&faults));
    let found: BTreeSet<&str> = evidence.articles.iter().map(|article| article.id.as_str()).collect();
    let missing: Vec<_> = expected.iter().filter(|id| !found.contains(id.as_str())).take(5).collect();
    let (documents, expected) = (evidence.articles.len(), expected.len());
    let is_complete = missing.is_empty() && documents == expected;
    ensure!(is_complete, "{documents} documents of {expected}; the first that are missing: {missing:?}");
    Ok(())
}

fn has_record(evidence: &Evidence, state: &str, reason: Option<&str>, documents: usize) -> Result<()> {
    let records = &evidence.ledger;
    let [record] = records.as_slice() else { bail!("{} records of one object", records.len()) };
    let told = ["state", "reason", "documentCount"].map(|field| record.source[field].clone());
    let expected = [json!(state), json!(reason), json!(documents)];
    ensure!(told == expected, "the record says {told:?}, and not {expected:?}");
    Ok(())
}
