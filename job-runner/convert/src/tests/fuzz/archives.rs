//! Archives of damaged objects: each is judged as it is alone, and an archive that is damaged itself ends well, too.

use std::io::Cursor;
use std::ops::ControlFlow;

use super::super::{Converter, Reading, Verdict};
use super::mutate::{self, Case, Random};
use crate::ObjectInfo;
use crate::input::archive::tests::build::{ZipFile, gzip, tar, zip};

/// A verdict as far as it does not depend on how many bytes were there when it was made.
type Told = (Option<u32>, Result<String, String>);

/// Packs damaged objects in an archive, and reads it whole and damaged.
pub(crate) fn check(converter: &Converter, corpus: &[Vec<u8>], random: &mut Random) {
    let cases: Vec<_> = (0..=random.below(4)).map(|_| mutate::case(corpus, random)).collect();
    let mut archive = packed(&cases, random);
    let verdicts = read(converter, &archive);
    // What the members have together may be too much.
    let is_whole = verdicts.last().is_none_or(|last| member(last).is_some());
    for (number, case) in (0..).zip(&cases).filter(|(_, case)| is_whole && !case.torn) {
        let of_member = verdicts.iter().filter(|verdict| member(verdict) == Some(number));
        let found: Vec<_> = of_member.map(told).collect();
        assert_eq!(found, alone(converter, case), "member {number}: {}", case.bytes.escape_ascii());
    }
    mutate::damage(&mut archive, corpus, random);
    read(converter, &archive);
}

fn packed(cases: &[Case], random: &mut Random) -> Vec<u8> {
    let names: Vec<_> = (0..cases.len()).map(|number| format!("folder/{number}.xml")).collect();
    let files: Vec<_> = names.iter().map(String::as_str).zip(cases.iter().map(|case| &*case.bytes)).collect();
    match random.below(4) {
        0 => tar(&files),
        1 => gzip(&tar(&files)),
        _ => {
            let file = |(name, content): (&str, &[u8])| {
                let method = *random.choose(&[0, 8]);
                let (described_later, large) = (random.chance(2), random.chance(2));
                ZipFile { method, described_later, large, ..ZipFile::new(name, content) }
            };
            let files: Vec<_> = files.into_iter().map(file).collect();
            zip(&files, random.chance(2))
        }
    }
}

/// The verdicts on an archive.
fn read(converter: &Converter, archive: &[u8]) -> Vec<Verdict> {
    let mut verdicts = Vec::new();
    let (reading, info) = (Reading::default(), ObjectInfo::default());
    let read = converter.each_document(reading, &info, &mut Cursor::new(archive), &mut |verdict| {
        verdicts.push(verdict);
        ControlFlow::<()>::Continue(())
    });
    assert!(read.unwrap().is_continue());
    verdicts
}

/// What is told of an object that is no member of anything, which is read again if that is due.
fn alone(converter: &Converter, case: &Case) -> Vec<Told> {
    let reading = converter.reading_of(&converter.limits, &mut Cursor::new(&case.bytes)).unwrap();
    converter.documents_in(reading, case.bytes.as_slice()).map(|verdict| told(&verdict.unwrap())).collect()
}

fn member(verdict: &Verdict) -> Option<u32> {
    let member = match verdict {
        Ok(document) => &document.member,
        Err(refusal) => &refusal.member,
    };
    member.as_ref().map(|member| member.number)
}

fn told(verdict: &Verdict) -> Told {
    match verdict {
        Ok(document) => (Some(document.index_in_object), Ok(document.json().to_owned())),
        Err(refusal) => (refusal.document, Err(refusal.reason.to_string())),
    }
}
