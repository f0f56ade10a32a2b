use std::io::Cursor;

use super::super::print::yaml;
use super::super::samples::Samples;
use super::read;

/// A tar archive of these files.
fn tar(files: &[(&str, &str)]) -> Vec<u8> {
    let members = files.iter().flat_map(|(name, content)| {
        let mut member = header(name, content.len());
        member.extend_from_slice(content.as_bytes());
        member.resize(member.len().next_multiple_of(512), 0);
        member
    });
    members.chain([0; 1024]).collect()
}

/// The header of a file, with its checksum (POSIX ustar).
fn header(name: &str, size: usize) -> Vec<u8> {
    let mut header = vec![0; 512];
    let size = format!("{size:011o}");
    // The checksum is taken with blanks in its own place; the kind after it is that of a file.
    let fields =
        [(0, name), (100, "0000644"), (124, size.as_str()), (148, "        0"), (257, "ustar\x0000")];
    for (at, field) in fields {
        header[at..at + field.len()].copy_from_slice(field.as_bytes());
    }
    let sum: u64 = header.iter().map(|byte| u64::from(*byte)).sum();
    header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    header
}

#[test]
fn members_of_an_archive_are_samples() {
    let archive = tar(&[
        ("wire/1.xml", "<a id='1'><t>x</t></a>"),
        ("wire/2.xml", "<a id='2'><t>y</t></a>"),
        ("wire/broken.xml", "<a id='3'><t>y</a>"),
        ("README.txt", "not XML"),
    ]);
    let mut samples = Samples::new(None);
    let refusals = samples.add_object("news.tar", &mut Cursor::new(archive)).unwrap();
    let names = |refusal: docmill_convert::Refusal| refusal.member.map(|member| member.name.to_string());
    let names: Vec<_> = refusals.into_iter().filter_map(names).collect();
    assert_eq!(names, ["wire/broken.xml", "README.txt"]);
    let (proposal, _) = samples.propose().unwrap();
    let conversion = read(&proposal);
    assert_eq!(conversion.archive.unwrap().members, ["*.xml"]);
    assert!(!proposal.has_one_document_each(), "its key is that of several documents");
    let text = yaml(&proposal);
    for part in ["# Proposed from 2 documents in 2 members", "archive: {members: [\"*.xml\"]}"] {
        assert!(text.contains(part), "{part}: {text}");
    }
}

#[test]
fn an_object_that_is_no_archive_is_one_sample() {
    let mut samples = Samples::new(None);
    assert!(samples.add_object("1.xml", &mut Cursor::new(b"<a id='1'/>")).unwrap().is_empty());
    assert_eq!(samples.add_object("2.xml", &mut Cursor::new(b"<a></b>")).unwrap().len(), 1);
    let (proposal, _) = samples.propose().unwrap();
    assert_eq!((proposal.conversion().archive, proposal.has_one_document_each()), (None, true));
}

#[test]
fn members_are_mended_and_named() {
    let archive = tar(&[("1.xml", "<a id='1'><t>x</t></a>"), ("2.xml", "<a id='2'>\n<t>x & y</t></a>")]);
    let mut samples = Samples::new(None);
    assert!(samples.add_object("news.tar", &mut Cursor::new(archive)).unwrap().is_empty());
    let text = yaml(&samples.propose().unwrap().0);
    assert!(text.contains("BareAmpersand # needed by 1 of 2, first at news.tar/2.xml:2:6\n"), "{text}");
}
