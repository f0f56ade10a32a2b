//! Archives as they are written by other systems and programs than most.

use serde_json::json;

use super::build::{ZipFile, gzip, pax, sign, tar, tar_link, tar_member, zip};
use super::{converter, item, read, told, verdicts};

/// A member of a tar archive, as Unix version 7 has it.
fn version_7(name: &str, content: &[u8]) -> Vec<u8> {
    let mut member = tar_member(name.as_bytes(), 0, content);
    member[257..512].fill(0);
    sign(&mut member[..512]);
    member
}

/// Overwrites bytes of each entry of a directory.
fn patch_entries(archive: &mut [u8], at: usize, bytes: &[u8]) {
    let places: Vec<_> = memchr::memmem::find_iter(archive, b"PK\x01\x02").collect();
    for place in places {
        archive[place + at..place + at + bytes.len()].copy_from_slice(bytes);
    }
}

#[test]
fn what_systems_add_is_left_out() {
    let (one, two) = (item("1"), [item("2"), vec![b'\n'; 200]].concat());
    let files: [(&str, &[u8]); 8] = [
        ("._a.xml", b"\x00\x05\x16\x07\x00\x02\x00\x00Mac OS X"),
        ("a.xml", &one),
        ("__MACOSX/._a.xml", b"\x00\x05\x16\x07"),
        ("x/.DS_Store", b"\x00\x00\x00\x01Bud1"),
        ("Thumbs.db", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"),
        ("desktop.ini", b"[.ShellClassInfo]\r\n"),
        // What is meant by its sender in spite of its name.
        ("._b.xml", &two),
        ("._c.xml", b"<bad"),
    ];
    let zipped = |files: &[(&str, &[u8])]| {
        let files: Vec<_> = files.iter().map(|(name, content)| ZipFile::new(name, content)).collect();
        zip(&files, false)
    };
    let expected = ["a.xml 0 \"1\"", "._b.xml 0 \"2\"", "._c.xml MalformedXml"];
    for object in [tar(&files), gzip(&tar(&files)), zipped(&files)] {
        assert_eq!(read(&json!({}), &object), expected);
        assert_eq!(read(&json!({"archive": {"members": ["*.xml"]}}), &object), expected);
    }
    for object in [tar(&files[2..6]), zipped(&files[2..6])] {
        assert_eq!(read(&json!({}), &object), ["- NoRecord"]);
    }
}

#[test]
fn tar_archives_that_do_not_name_their_format_are_known_by_their_checksum() {
    let object = [version_7("a.xml", &item("1")), version_7("b.xml", &item("2")), vec![0; 1024]].concat();
    for object in [gzip(&object), object] {
        assert_eq!(read(&json!({}), &object), ["a.xml 0 \"1\"", "b.xml 0 \"2\""]);
    }
}

#[test]
fn zeros_are_a_tar_archive_without_members() {
    for length in [1024, 10_240, 512 * 1024] {
        let object = vec![0; length];
        let verdicts = verdicts(&converter(&json!({})), &object);
        assert_eq!(told(&verdicts), ["- NoRecord"], "{length}");
        let message = verdicts[0].as_ref().unwrap_err().message();
        assert!(message.contains("nothing but zeros"), "{message}");
        assert_eq!(read(&json!({}), &gzip(&object)), ["- NoRecord"], "{length}");
    }
    for object in [vec![0; 512], vec![0; 1025], vec![0; 2 << 20], [vec![0; 1024], item("1")].concat()] {
        assert!(!read(&json!({}), &object).contains(&"- NoRecord".to_owned()), "{}", object.len());
    }
}

#[test]
fn a_sparse_file_does_not_touch_the_others() {
    let good = item("1");
    let mut sparse = tar_member(b"sparse.xml", b'S', &good);
    sparse[482] = 1;
    sign(&mut sparse[..512]);
    // Its map goes on in two more blocks.
    let mut map = vec![1; 1024];
    map[1016] = 0;
    let object = [
        [&sparse[..512], &map, &sparse[512..]].concat(),
        tar_member(b"PaxHeaders/x", b'x', pax("GNU.sparse.name", "x/s.xml").as_bytes()),
        tar_member(b"x/GNUSparseFile.0/s.xml", b'0', &good),
        tar_member(b"good.xml", b'0', &good),
        vec![0; 1024],
    ]
    .concat();
    let expected = ["sparse.xml UnsupportedMember", "x/s.xml UnsupportedMember", "good.xml 0 \"1\""];
    assert_eq!(read(&json!({}), &object), expected);
    let rules = json!({"archive": {"members": ["x/?.xml"]}});
    assert_eq!(read(&rules, &object), ["x/s.xml UnsupportedMember"]);
}

/// Its content stands once, under the name that came first, which may not be the one that a model asks for.
#[test]
fn a_hard_link_is_left_out_only_if_its_file_was_told() {
    let long = format!("{}/a.xml", "folder/".repeat(40));
    let object = [
        tar_member(b"./a.xml", b'0', &item("1")),
        tar_link(b"again.xml", b"a.xml"),
        tar_member(b"PaxHeaders/x", b'x', pax("linkpath", "./a.xml").as_bytes()),
        tar_link(b"again2.xml", b"cut"),
        tar_member(b"././@LongLink", b'K', b"a.xml\0"),
        tar_link(b"again3.xml", b"cut"),
        tar_link(b"again4.xml", b"again.xml"),
        tar_member(b"raw/1.dat", b'0', &item("2")),
        tar_link(b"b.xml", b"raw/1.dat"),
        tar_link(b"raw/2.dat", b"raw/1.dat"),
        tar_member(b"symbolic", b'2', b""),
        tar_link(b"c.xml", b"symbolic"),
        tar_link(b"early.xml", b"late.xml"),
        tar_member(b"late.xml", b'0', b"<bad"),
        tar_link(b"refused.xml", b"late.xml"),
        tar_member(b"././@LongLink", b'K', long.as_bytes()),
        tar_link(b"../up.xml", b"cut"),
        tar_member(b"d.xml", b'0', &item("3")),
        vec![0; 1024],
    ]
    .concat();
    let verdicts = verdicts(&converter(&json!({"archive": {"members": ["*.xml"]}})), &object);
    let expected = [
        "a.xml 0 \"1\"",
        "b.xml UnsupportedMember",
        "early.xml UnsupportedMember",
        "late.xml MalformedXml",
        "../up.xml UnsupportedMember",
        "d.xml 0 \"3\"",
    ];
    assert_eq!(told(&verdicts), expected);
    let message = |number: usize| verdicts[number].as_ref().unwrap_err().message();
    let excluded =
        "expected a hard link to a file that archive.members names as well, found \"one to raw/1.dat\"";
    assert!(message(1).contains(excluded), "{}", message(1));
    assert!(message(2).contains("a file that stands before it in the archive"), "{}", message(2));
    let all = ["a.xml 0 \"1\"", "raw/1.dat 0 \"2\"", "early.xml UnsupportedMember", "late.xml MalformedXml"];
    assert_eq!(read(&json!({}), &object)[..4], all);
}

#[test]
fn no_file_of_a_tar_archive_is_lost_for_its_kind() {
    let object = [
        tar_member(b"Label", b'V', b""),
        tar_member(b"folder/", b'D', b"Ya.xml\0\0"),
        tar_member(b"c.xml", b'M', b"</item></r>"),
        tar_member(b"PaxHeader/a.xml", b'X', pax("path", "long/a.xml").as_bytes()),
        tar_member(b"a.xml", b'0', &item("1")),
        tar_member(b"b.xml", b'7', &item("2")),
        tar_member(b"d.xml", b'?', &item("3")),
        vec![0; 1024],
    ]
    .concat();
    let expected = ["c.xml UnsupportedMember", "long/a.xml 0 \"1\"", "b.xml 0 \"2\"", "d.xml 0 \"3\""];
    assert_eq!(read(&json!({}), &object), expected);
}

#[test]
fn zip_archives_of_windows_have_folders() {
    let content = item("1");
    let files = [ZipFile::new("2026\\a.xml", &content), ZipFile { method: 0, ..ZipFile::new("2026\\", b"") }];
    let mut object = zip(&files, false);
    assert_eq!(read(&json!({}), &object), ["2026\\a.xml 0 \"1\"", "2026\\ EmptyObject"]);
    patch_entries(&mut object, 5, &[0]);
    assert_eq!(read(&json!({"archive": {"members": ["2026/*"]}}), &object), ["2026/a.xml 0 \"1\""]);
    // The second byte of a letter of Shift_JIS, in a name that says nothing of its encoding.
    let mut object = zip(&[ZipFile::new("a\\", &content)], false);
    patch_entries(&mut object, 5, &[0]);
    assert_eq!(read(&json!({}), &object), ["a/ 0 \"1\""]);
    // Told by an attribute.
    let files = [ZipFile::new("2026/a.xml", &content), ZipFile { method: 0, ..ZipFile::new("2026", b"") }];
    let mut object = zip(&files, false);
    patch_entries(&mut object, 38, &[0x10, 0, 0, 0]);
    assert_eq!(read(&json!({}), &object), ["2026/a.xml 0 \"1\""]);
}

#[test]
fn what_has_a_content_is_a_file_whatever_its_type_says() {
    let content = item("1");
    let typed = |file_type: u16, content: &[u8]| {
        let mut object = zip(&[ZipFile { method: 0, ..ZipFile::new("a.xml", content) }], false);
        patch_entries(&mut object, 40, &file_type.to_le_bytes());
        read(&json!({}), &object)
    };
    for (file_type, is_read) in [(0o100_644, true), (0o040_755, true), (0o010_644, true), (0o120_777, false)]
    {
        let expected = if is_read { "a.xml 0 \"1\"" } else { "- NoRecord" };
        assert_eq!(typed(file_type, &content), [expected], "{file_type:o}");
    }
    for file_type in [0o040_755, 0o010_644, 0o120_777] {
        assert_eq!(typed(file_type, b""), ["- NoRecord"], "{file_type:o}");
    }
    let object = [tar_member(b"a/", b'0', &content), tar_member(b"b/", b'0', b""), vec![0; 1024]].concat();
    assert_eq!(read(&json!({}), &object), ["a/ 0 \"1\""]);
}

#[test]
fn zip_archives_may_be_filled_up_and_begin_with_a_mark() {
    let plain = zip(&[ZipFile::new("a.xml", &item("1"))], false);
    let expected = ["a.xml 0 \"1\""];
    for zeros in [1, 512, 60_000] {
        assert_eq!(read(&json!({}), &[plain.clone(), vec![0; zeros]].concat()), expected, "{zeros}");
    }
    assert_eq!(read(&json!({}), &[plain.clone(), b"more".to_vec()].concat()), ["- MalformedArchive"]);
    for mark in [b"PK00", b"PK\x07\x08"] {
        let mut marked = [&mark[..], &plain].concat();
        patch_entries(&mut marked, 42, &[4]);
        let end = memchr::memmem::rfind(&marked, b"PK\x05\x06").unwrap();
        marked[end + 16] += 4;
        assert_eq!(read(&json!({}), &marked), expected);
    }
}

#[test]
fn a_method_that_is_not_read_is_named() {
    for (method, name) in [(9, "Deflate64"), (12, "bzip2"), (14, "LZMA"), (93, "Zstandard")] {
        let object = zip(&[ZipFile { method, ..ZipFile::new("a.xml", &item("1")) }], false);
        let verdicts = verdicts(&converter(&json!({})), &object);
        let message = verdicts[0].as_ref().unwrap_err().message();
        assert!(message.contains(&format!("{name} (method {method})")), "{message}");
    }
}
