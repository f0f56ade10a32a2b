//! Encodings that the model decides on, or that are not what the object says.

use docmill_crds::conversion::{ENCODINGS, Repair};
use docmill_crds::reason::Reason;
use encoding_rs::Encoding;
use serde_json::json;

use super::super::refusal;
use super::{Reading, lenient, mending, read, reading_of, text, with_record};
use crate::leniency::repairs::encoding::ASKED;

fn utf16(text: &str, unit: fn(u16) -> [u8; 2]) -> Vec<u8> {
    text.encode_utf16().flat_map(unit).collect()
}

#[test]
fn every_encoding_that_a_model_may_name_is_known() {
    for name in ENCODINGS {
        assert!(Encoding::for_label_no_replacement(name.as_bytes()).is_some(), "{name}");
    }
}

#[test]
fn a_model_can_name_the_encoding() {
    for (encoding, bytes, expected) in [
        ("windows-1252", b"<r>caf\xe9 \x80</r>".to_vec(), "café €"),
        ("windows-1252", b"<?xml version='1.0' encoding='utf-8'?><r>caf\xe9</r>".to_vec(), "café"),
        ("iso-8859-2", b"<?xml version='1.0' encoding='x-nope'?><r>\xb3</r>".to_vec(), "ł"),
        ("iso-8859-1", b"<r>\x85</r>".to_vec(), "\u{85}"),
        ("utf-16le", utf16("<r>é</r>", u16::to_le_bytes), "é"),
        ("utf-8", b"<?xml version='1.0' encoding='iso-8859-1'?><r>\xc3\xa9</r>".to_vec(), "é"),
        // A mark counts more.
        ("windows-1252", "\u{feff}<r>é</r>".as_bytes().to_vec(), "é"),
    ] {
        let converter = lenient(json!({ "encoding": encoding }));
        assert_eq!(text(&converter, &bytes), (json!(expected), json!({})), "{}", bytes.escape_ascii());
    }
    let strict = refusal(&lenient(json!({"encoding": "shift_jis"})), b"<r>\x93</r>");
    assert_eq!(strict.reason, Reason::InvalidBytes);
}

#[test]
fn an_encoding_is_mended_by_what_the_bytes_say() {
    let declared = |label: &str, content: &[u8]| {
        [format!("<?xml version='1.0' encoding='{label}'?><r>").as_bytes(), content, b"</r>"].concat()
    };
    let wide = "<?xml version=\"1.0\" encoding=\"UTF-16\"?><r>x é</r>";
    for (bytes, expected) in [
        (declared("utf-8", b"caf\xe9"), "café"),
        (b"<r>caf\xe9</r>".to_vec(), "café"),
        (declared("us-ascii", b"caf\xe9"), "café"),
        (declared("us-ascii", "café".as_bytes()), "café"),
        (declared("ANSI_X3.4-1968", "café €".as_bytes()), "café €"),
        (utf16(wide, u16::to_le_bytes), "x é"),
        (utf16(wide, u16::to_be_bytes), "x é"),
        (declared("utf-16", "é".as_bytes()), "é"),
        (declared("x-nope", "é".as_bytes()), "é"),
        (declared("x-nope", b"caf\xe9"), "café"),
        ([b"\xef\xbb\xbf".as_slice(), &declared("iso-8859-1", "é".as_bytes())].concat(), "é"),
        ([b"\xef\xbb\xbf".as_slice(), &declared("utf-8", b"caf\xe9")].concat(), "café"),
    ] {
        let mended = json!({"Encoding": 1});
        let found = text(&mending(Repair::Encoding), &bytes);
        assert_eq!(found, (json!(expected), mended), "{}", bytes.escape_ascii());
        let strict = refusal(&lenient(json!({})), &bytes);
        assert!(matches!(strict.reason, Reason::InvalidBytes | Reason::UnsupportedEncoding), "{strict}");
    }
    let ascii = text(&mending(Repair::Encoding), &declared("us-ascii", b"plain"));
    assert_eq!(ascii, (json!("plain"), json!({})), "what is ASCII is not mended");
    let polish = lenient(json!({"repairs": ["Encoding"], "encoding": "windows-1250"}));
    assert_eq!(text(&polish, b"<r>\xb3</r>").0, "ł");
    assert_eq!(text(&polish, "<r>ł</r>".as_bytes()), (json!("ł"), json!({})), "its own encoding comes first");
}

/// The documents before the byte are read again, too, and all say so.
#[test]
fn an_object_is_read_again_as_a_whole() {
    let converter = with_record("//i", json!({"repairs": ["Encoding"]}));
    let items = format!("<i>é</i>{}", "<i>plain</i>".repeat(20_000));
    let object = [b"<l>".as_slice(), items.as_bytes(), b"<i>caf\xe9</i></l>"].concat();
    assert_eq!(reading_of(&converter, &object), Reading::InFallback);
    assert_eq!(reading_of(&converter, b"<l>\xc3\xa9</l>"), Reading::AsDeclared);
    let (verdicts, mended) = read(&converter, &object);
    let document = |number: usize| super::super::json(verdicts[number].as_ref().unwrap())["x"].clone();
    assert_eq!((document(0), document(20_001)), (json!("Ã©"), json!("café")));
    assert_eq!(mended, json!({"Encoding": 1}));
    assert!(verdicts.iter().all(|verdict| super::counts(verdict.as_ref().unwrap().repairs()) == mended));
}

#[test]
fn what_no_encoding_explains_is_refused_in_the_end() {
    let japanese = lenient(json!({"repairs": ["Encoding"], "encoding": "shift_jis"}));
    let (verdicts, _) = read(&japanese, b"<r>\x93</r>");
    assert_eq!(verdicts[0].as_ref().unwrap_err().reason, Reason::InvalidBytes);
    let utf32 = b"<\0\0\0r\0\0\0/\0\0\0>\0\0\0";
    assert_eq!(refusal(&mending(Repair::Encoding), utf32).reason, Reason::UnsupportedEncoding);
}

/// ASCII is a part of UTF-8: where the mark says UTF-8, a declaration of ASCII is no contradiction.
#[test]
fn ascii_with_a_mark_is_utf_8() {
    let object = "\u{feff}<?xml version='1.0' encoding='us-ascii'?><r>é</r>";
    assert_eq!(text(&lenient(json!({})), object.as_bytes()), (json!("é"), json!({})));
}

/// What is UTF-8 beyond doubt is not read as it declares, and what turns out not to be what it was taken for, as what is
/// left.
#[test]
fn a_declaration_counts_less_than_bytes_that_contradict_it() {
    let declared = |label: &str, content: &[u8]| {
        [format!("<?xml version='1.0' encoding='{label}'?><r>").as_bytes(), content, b"</r>"].concat()
    };
    let text_of = |bytes: &[u8]| text(&mending(Repair::Encoding), bytes);
    let mended = json!({"Encoding": 1});
    let news = "中文新闻报道";
    for label in ["gb2312", "GBK", "gb18030", "shift_jis", "big5", "euc-jp", "euc-kr"] {
        assert_eq!(text_of(&declared(label, news.as_bytes())), (json!(news), mended.clone()), "{label}");
        // Two characters prove little, but three bytes are not of whole pairs.
        let found = text_of(&declared(label, "。".as_bytes()));
        assert_eq!(found, (json!("。"), mended.clone()), "{label}");
    }
    for label in ["iso-8859-1", "windows-1251", "iso-8859-9"] {
        assert_eq!(text_of(&declared(label, "“é”, “ö”".as_bytes())), (json!("“é”, “ö”"), mended.clone()));
    }
    // Text in the declared encoding is what it was, whatever it looks like for a character or two.
    for (label, bytes, expected) in [
        ("gbk", b"\xd6\xd0\xce\xc4\xd0\xc2\xce\xc5".as_slice(), "中文新闻"),
        ("gbk", b"\xc2\xb7", "路"),
        ("shift_jis", b"\x93\xfa\x96\x7b", "日本"),
        ("big5", b"\xa4\xa4\xa4\xe5", "中文"),
        ("iso-8859-1", b"\xc3\xa9", "Ã©"),
    ] {
        assert_eq!(text_of(&declared(label, bytes)), (json!(expected), json!({})), "{label}");
    }
    // The beginning was UTF-8 by chance, or neither is right.
    let late = [news.as_bytes(), &b"x".repeat(ASKED), b"\xd6\xd0"].concat();
    let (found, counted) = text_of(&declared("gbk", &late));
    assert!(found.as_str().is_some_and(|text| text.ends_with("x中")), "{counted}");
    assert_eq!(counted, json!({}));
    assert_eq!(text_of(&declared("shift_jis", b"caf\xe9")), (json!("café"), mended));
    // Without the repair, a declaration is taken at its word.
    let strict = text(&lenient(json!({})), &declared("iso-8859-1", "“é”, “ö”".as_bytes()));
    assert_eq!(strict.1, json!({}));
    assert_ne!(strict.0, "“é”, “ö”");
}

/// Whatever an object declares, and looks like in its beginning.
#[test]
fn what_the_model_names_is_tried_in_the_end() {
    let filler = "x".repeat(ASKED);
    let late = |label: &str, start: &[u8]| {
        let declaration = format!("<?xml version='1.0' encoding='{label}'?><r>");
        [declaration.as_bytes(), start, filler.as_bytes(), b"\xff</r>"].concat()
    };
    let mended = json!({"Encoding": 1});
    let converter = mending(Repair::Encoding);
    let polish = lenient(json!({"repairs": ["Encoding"], "encoding": "iso-8859-2"}));
    for label in ["gb2312", "gbk", "gb18030", "shift_jis", "big5", "euc-jp", "euc-kr"] {
        // A character of UTF-8 and of the declared encoding, and in the end a byte that neither has.
        let object = late(label, b"\xc2\xb7");
        assert_eq!(text(&converter, &object), (json!(format!("Â·{filler}ÿ")), mended.clone()), "{label}");
        assert_eq!(text(&polish, &object), (json!(format!("Âˇ{filler}˙")), mended.clone()), "{label}");
        assert_eq!(reading_of(&converter, &object), Reading::InNamed, "{label}");
        // What is taken for UTF-8 at first.
        let (found, counted) = text(&converter, &late(label, "中文新闻报道".as_bytes()));
        assert!(found.as_str().is_some_and(|text| text.ends_with("xÿ")), "{label}");
        assert_eq!(counted, mended, "{label}");
    }
}

/// Who finds out first how to read an object finds what one does who makes its documents at once.
#[test]
fn an_object_that_is_refused_before_the_byte_is_not_read_again() {
    let settings = json!({"repairs": ["Encoding"], "limits": {"maxDocuments": 2}});
    let converter = with_record("//i", settings);
    for (object, expected) in [
        (b"<l><i>a</i><i>b</i><i>c</i>\xe9</l>".as_slice(), Reason::LimitExceeded),
        (b"<l><i>a</i></x>\xe9</l>", Reason::MalformedXml),
    ] {
        let (verdicts, mended) = read(&converter, object);
        assert_eq!((verdicts.last().unwrap().as_ref().unwrap_err().reason, mended), (expected, json!({})));
        assert_eq!(reading_of(&converter, object), Reading::AsDeclared, "{expected}");
    }
    assert_eq!(reading_of(&converter, b"<l><i>a</i>\xe9<i>b</i></l>"), Reading::InFallback);
}

/// As Latin-1, half of it would be NULs, which another repair leaves out.
#[test]
fn what_shows_itself_as_utf_16_is_read_as_nothing_else() {
    let object = [utf16("<r>x", u16::to_le_bytes), vec![0, 0xd8], utf16("y</r>", u16::to_le_bytes)].concat();
    let all = lenient(json!({"repairs": ["Encoding", "ControlCharacters"]}));
    assert_eq!(read(&all, &object).0[0].as_ref().unwrap_err().reason, Reason::InvalidBytes);
}

#[test]
fn space_before_a_declaration_does_not_hide_its_encoding() {
    let object = b"\r\n<?xml version='1.0' encoding='iso-8859-1'?><r>caf\xe9</r>";
    assert_eq!(text(&mending(Repair::LeadingSpace), object), (json!("café"), json!({"LeadingSpace": 1})));
    let wide = utf16("\u{feff}\n<?xml version='1.0' encoding='utf-16'?><r>é</r>", u16::to_le_bytes);
    assert_eq!(text(&mending(Repair::LeadingSpace), &wide), (json!("é"), json!({"LeadingSpace": 1})));
}

/// Nor do marks that are not at the very start, in whatever encoding the rest is.
#[test]
fn marks_before_a_declaration_are_utf_8() {
    let both = lenient(json!({"repairs": ["Encoding", "LeadingSpace"]}));
    let mended = json!({"LeadingSpace": 1, "Encoding": 1});
    for leading in ["\n\u{feff}", "\u{feff}\u{feff}", "\u{feff}\n \u{feff}"] {
        for declaration in ["<?xml version='1.0' encoding='utf-8'?>", ""] {
            let object = [leading.as_bytes(), declaration.as_bytes(), b"<r>caf\xe9</r>"].concat();
            assert_eq!(text(&both, &object), (json!("café"), mended.clone()), "{}", object.escape_ascii());
        }
        let named = lenient(json!({"repairs": ["LeadingSpace"], "encoding": "windows-1252"}));
        let object = format!("{leading}<r>é</r>");
        assert_eq!(text(&named, object.as_bytes()), (json!("é"), json!({"LeadingSpace": 1})), "{object:?}");
    }
}

/// White space before the first tag says no less of the order of bytes than the tag does.
#[test]
fn space_does_not_hide_that_each_character_has_two_bytes() {
    let converter = lenient(json!({"repairs": ["Encoding", "LeadingSpace"]}));
    for unit in [u16::to_le_bytes, u16::to_be_bytes] {
        let plain = utf16("\r\n<r>é €</r>", unit);
        assert_eq!(text(&mending(Repair::Encoding), &plain), (json!("é €"), json!({"Encoding": 1})));
        for leading in ["\n\t", "\n\u{feff}"] {
            let xml = format!("{leading}<?xml version='1.0' encoding='utf-16'?><r>é €</r>");
            let declared = utf16(&xml, unit);
            let mended = json!({"LeadingSpace": 1, "Encoding": 1});
            assert_eq!(text(&converter, &declared), (json!("é €"), mended));
            let strict = refusal(&lenient(json!({})), &declared);
            assert_eq!(strict.reason, Reason::UnsupportedEncoding, "{strict}");
        }
    }
}

/// With the zeros left out it would look like text, and beyond U+FFFF be another one.
#[test]
fn utf_32_is_refused_whatever_is_mended() {
    let all = lenient(json!({"repairs": Repair::ALL}));
    for unit in [u32::to_le_bytes, u32::to_be_bytes] {
        for object in ["<r>€ 📈</r>", "\u{feff}<r>€ 📈</r>", "<r/>", "\n <r>中</r>", "\n\u{feff}<r>中</r>"]
        {
            let bytes: Vec<_> = object.chars().flat_map(|c| unit(u32::from(c))).collect();
            for converter in [&all, &lenient(json!({}))] {
                let refusal = refusal(converter, &bytes);
                assert_eq!(refusal.reason, Reason::UnsupportedEncoding, "{refusal}");
                assert_eq!(refusal.faults[0].found.as_deref(), Some("UTF-32"));
            }
        }
    }
}

/// Read as anything else, it would be text without any markup.
#[test]
fn ebcdic_is_refused_by_its_name() {
    let object = b"\x4c\x6f\xa7\x94\x93\x40\xa5\x85\x99\xa2\x89\x96\x95\x7e\x7f\xf1\x4b\xf0\x7f\x6f\x6e";
    for converter in [lenient(json!({"repairs": Repair::ALL})), lenient(json!({}))] {
        let refusal = refusal(&converter, object);
        assert_eq!(refusal.reason, Reason::UnsupportedEncoding, "{refusal}");
        assert_eq!(refusal.faults[0].found.as_deref(), Some("EBCDIC"));
    }
}

/// In UTF-16, 中 has the bytes of "-N", and with the zeros left out the tags look like tags.
#[test]
fn two_bytes_a_character_are_never_read_one_by_one() {
    let bytes = utf16("<r>中 a</r>", u16::to_le_bytes);
    let half = &[0x00, 0xd8];
    let [start, end] = ["<r>中", " a</r>"].map(|part| utf16(part, u16::to_le_bytes));
    let broken = [start.as_slice(), half, &end].concat();
    let repairs = json!(["Encoding", "ControlCharacters", "TrailingData"]);
    let mends = lenient(json!({ "repairs": repairs, "encoding": "windows-1252" }));
    assert_eq!(text(&mends, &bytes), (json!("中 a"), json!({"Encoding": 1})));
    let (verdicts, _) = read(&mends, &broken);
    assert_eq!(verdicts[0].as_ref().unwrap_err().reason, Reason::InvalidBytes);
    for encoding in ["utf-8", "windows-1252", "shift_jis"] {
        let imposed = lenient(json!({"repairs": ["ControlCharacters"], "encoding": encoding}));
        let refusal = refusal(&imposed, &bytes);
        assert_eq!(refusal.reason, Reason::UnsupportedEncoding, "{refusal}");
        let expected = format!("{encoding}, as the model says");
        let fault = &refusal.faults[0];
        assert_eq!((fault.expected.as_str(), fault.found.as_deref()), (expected.as_str(), Some("UTF-16")));
    }
    let named = lenient(json!({"repairs": ["ControlCharacters"], "encoding": "utf-16le"}));
    assert_eq!(text(&named, &bytes).0, "中 a");
}

/// Each byte means something in Latin-1: nothing says that a later document is wrong about itself.
#[test]
fn a_later_document_is_not_read_against_its_own_word() {
    let latin = "<?xml version='1.0' encoding='iso-8859-1'?>";
    let utf8 = "<?xml version='1.0' encoding='utf-8'?>";
    let object = |first: &str, second: &str, cafe: &[u8]| {
        [first.as_bytes(), b"<r>", cafe, b"</r>", second.as_bytes(), b"<r>", cafe, b"</r>"].concat()
    };
    let mends = lenient(json!({"concatenated": true, "repairs": ["Encoding"]}));
    let (verdicts, mended) = read(&mends, &object(latin, utf8, "café".as_bytes()));
    assert_eq!((verdicts.len(), mended), (2, json!({})));
    let refusal = verdicts[1].as_ref().unwrap_err();
    let message = "expected the encoding of the documents before, found \"utf-8\" at line 1, column 56";
    assert_eq!(refusal.message(), message);
    let (verdicts, mended) = read(&mends, &object(utf8, latin, "café".as_bytes()));
    assert_eq!((verdicts.len(), mended), (2, json!({"Encoding": 1})));
    assert_eq!(super::super::json(verdicts[1].as_ref().unwrap())["x"], "café");
}
