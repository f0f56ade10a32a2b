//! Each repair: what it takes, what a careful reader of the bytes would say, and what it leaves refused.

use docmill_crds::conversion::Repair;
use docmill_crds::reason::Reason;
use serde_json::{Value, json};

use super::super::refusal;
use super::{lenient, mending, read, text, with_record};

/// What each repair makes of objects, and how often it is counted.
const MENDED: [(Repair, &str, &str, u64); 45] = [
    (Repair::LeadingSpace, "\n\n<?xml version=\"1.0\"?><r>One</r>", "One", 1),
    (Repair::LeadingSpace, " \u{feff}\r\n<?xml version='1.0'?><r>One</r>", "One", 1),
    (Repair::LeadingSpace, "\u{feff}\u{feff}<?xml version='1.0'?><r>One</r>", "One", 1),
    (Repair::LeadingSpace, "\u{feff} <?xml version='1.0' encoding='utf-8'?><r>é</r>", "é", 1),
    (Repair::LeadingSpace, "\u{feff}\u{feff}<r>One</r>", "One", 1),
    (Repair::LeadingSpace, "\n\u{feff}<!-- --><r>One</r>", "One", 1),
    (Repair::LeadingSpace, "\t\t<?xml version='1.0'?>\n<!DOCTYPE r><r>One</r>", "One", 1),
    (Repair::TrailingData, "<r>One</r>\n\0\0", "One", 1),
    (Repair::TrailingData, "<r>One</r>\0 old block \0", "One", 1),
    (Repair::TrailingData, "<r>One</r>EOF", "One", 1),
    (Repair::TrailingData, "<r>One</r>\n]]>\n", "One", 1),
    (Repair::TrailingData, "<r>One</r>AT&T", "One", 3),
    (Repair::TrailingData, "<r>One</r>&a\u{1}b;", "One", 1),
    (Repair::TrailingData, "<r>One</r><!-- \u{2014} -->&amp;\u{1a}", "One", 2),
    (Repair::ControlCharacters, "<r>O\u{b}n\0e</r>", "One", 2),
    (Repair::ControlCharacters, "<r>O&#11;n&#x0;e</r>", "One", 2),
    (Repair::ControlCharacters, "<r>One\u{fffe}</r>", "One", 1),
    (Repair::ControlCharacters, "<r><!-- \u{1} --><?a \u{2}?><![CDATA[On\u{3}e]]></r>", "One", 3),
    (Repair::ControlCharacters, "<r a='\u{1f}&#1;x'>One</r\u{8}>", "One", 3),
    (Repair::ControlCharacters, "<r>One</r\n\0>", "One", 1),
    (Repair::BareAmpersand, "<r>AT&T</r>", "AT&T", 1),
    (Repair::BareAmpersand, "<r>a & b && c</r>", "a & b && c", 3),
    (Repair::BareAmpersand, "<r>a & b; &amp; c</r>", "a & b; & c", 1),
    (Repair::BareAmpersand, "<r a='?x=1&y=2;&z'>&;</r>", "&;", 3),
    (Repair::BareAmpersand, "<r>one &<b>two</b></r>", "one &two", 1),
    (Repair::UndeclaredPrefix, "<r><dc:b>One</dc:b></r>", "One", 1),
    (Repair::UndeclaredPrefix, "<r x:y='1' x:z='2' w:y='3'>One</r>", "One", 2),
    (Repair::UndeclaredPrefix, "<r><x:b x:c=''><x:d>One</x:d></x:b><x:e/></r>", "One", 2),
    (Repair::UndeclaredPrefix, "<r xlink:href='a'><a xlink:href='b'/>One</r>", "One", 1),
    (Repair::UndeclaredPrefix, "<r><q:a/><q:b/>One</r>", "One", 2),
    (Repair::DuplicateAttributes, "<r a='1' a='2'>One</r>", "One", 1),
    (Repair::DuplicateAttributes, "<r a='1' b='' a='2' b='' a=''>One</r>", "One", 3),
    (Repair::DuplicateAttributes, "<r xmlns:p='u' xmlns:q='u' p:b='1' q:b='2'>One</r>", "One", 1),
    (
        Repair::DuplicateAttributes,
        "<r xmlns:p='u' xmlns:q='u' xmlns:s='u' p:b='1' q:b='2' s:b='3'>One</r>",
        "One",
        2,
    ),
    (Repair::DuplicateAttributes, "<r xmlns='' xmlns='u'>One</r>", "One", 1),
    (Repair::DuplicateAttributes, "<r a='&amp;' a='>'>One</r>", "One", 1),
    (Repair::UnclosedAtEnd, "<r>One", "One", 1),
    (Repair::UnclosedAtEnd, "<r>One<b> two", "One two", 1),
    (Repair::UnclosedAtEnd, "<r>One</", "One", 1),
    (Repair::UnclosedAtEnd, "<r>One<b a='", "One", 1),
    (Repair::UnclosedAtEnd, "<r>One<![CDATA[ & two]", "One & two", 1),
    (Repair::UnclosedAtEnd, "<r>One<!-- two", "One", 1),
    (Repair::UnclosedAtEnd, "<r>One</r>\n<!-- two", "One", 1),
    (Repair::UnclosedAtEnd, "<r>One &am", "One", 1),
    (Repair::UnclosedAtEnd, "<r>One</b", "One", 1),
];

#[test]
fn a_repair_mends_what_it_is_for_and_is_counted() {
    for (repair, xml, expected, times) in MENDED {
        let (found, mended) = text(&mending(repair), xml.as_bytes());
        assert_eq!(found, expected, "{repair:?}: {xml:?}");
        assert_eq!(mended, json!({repair.as_str(): times}), "{xml:?}");
    }
}

/// Without the repair the object is refused, and so it is with all others: none does the work of another.
#[test]
fn without_its_repair_an_object_is_refused() {
    for (repair, xml, ..) in MENDED {
        let others: Vec<_> = Repair::ALL.into_iter().filter(|other| *other != repair).collect();
        let converter = lenient(json!({ "repairs": others }));
        let strict = refusal(&lenient(json!({})), xml.as_bytes());
        assert_eq!(strict.reason, Reason::MalformedXml, "{xml:?}");
        let (verdicts, _) = read(&converter, xml.as_bytes());
        let stands = verdicts.last().is_some_and(Result::is_ok);
        // A control character is one after the root, too, and an ampersand is.
        let shared = repair == Repair::TrailingData && (xml.contains('\0') || xml.contains('\u{1a}'));
        assert!(!stands || shared, "{repair:?}: {xml:?}");
    }
}

#[test]
fn what_a_repair_is_not_for_stays_refused() {
    for (repair, xml) in [
        (Repair::LeadingSpace, "x<?xml version='1.0'?><r/>"),
        (Repair::LeadingSpace, "<!-- --><?xml version='1.0'?><r/>"),
        (Repair::TrailingData, "<r/><r/>"),
        (Repair::TrailingData, "<r/>\0</r>"),
        (Repair::TrailingData, "<r/><![CDATA[x]]>"),
        (Repair::TrailingData, "<r>\0</r>"),
        (Repair::TrailingData, "x<r/>"),
        (Repair::ControlCharacters, "<r>&#xD800;</r>"),
        (Repair::ControlCharacters, "<r a='&#+1;'>&#x+b;</r>"),
        (Repair::ControlCharacters, "<\u{1}!-- --><r/>"),
        (Repair::BareAmpersand, "<r>&<</r>"),
        (Repair::BareAmpersand, "<r a='<&'/>"),
        (Repair::BareAmpersand, "& <r/>"),
        (Repair::UndeclaredPrefix, "<r><xmlns:a/></r>"),
        (Repair::UndeclaredPrefix, "<r><a:b:c/></r>"),
        (Repair::UndeclaredPrefix, "<r p:a='1' p:a='2'/>"),
        (Repair::DuplicateAttributes, "<r a='1'a='2'/>"),
        (Repair::UnclosedAtEnd, "<r><b></r>"),
        (Repair::UnclosedAtEnd, "<r"),
        (Repair::UnclosedAtEnd, "<!-- "),
        (Repair::UnclosedAtEnd, "<r/><r"),
        (Repair::UnclosedAtEnd, "<r/><![CDATA[x"),
        (Repair::UnclosedAtEnd, "<r><b a=\"1>One</b><b>Two</b></r>"),
        (Repair::UnclosedAtEnd, "<r>I <3 you"),
        (Repair::UnclosedAtEnd, "<r><!-- one <b>Two</b></r>"),
        (Repair::UnclosedAtEnd, "<r><![CDATA[One</b><b>Two</b></r >"),
        (Repair::UnclosedAtEnd, "<r><?one <b>Two</b></r>"),
        (Repair::UnclosedAtEnd, "<r/><!-- one <r></r>"),
    ] {
        let refusal = refusal(&mending(repair), xml.as_bytes());
        assert_eq!((refusal.reason, refusal.document), (Reason::MalformedXml, None), "{repair:?}: {xml:?}");
    }
}

#[test]
fn an_unknown_entity_is_no_bare_ampersand() {
    let refusal = refusal(&mending(Repair::BareAmpersand), b"<r>&wire;</r>");
    assert_eq!(refusal.reason, Reason::EntityRefused);
}

#[test]
fn attributes_are_mended_like_text() {
    let a = |settings: Value, xml: &str| {
        let (verdicts, _) = read(&lenient(settings), xml.as_bytes());
        super::super::json(verdicts[0].as_ref().unwrap())["a"].clone()
    };
    let all = || json!({"repairs": Repair::ALL, "entities": "Named"});
    assert_eq!(a(all(), "<r a='AT&T'/>"), "AT&T");
    assert_eq!(a(all(), "<r a='x&#1;&mdash;&quot;\" &amp; &nbsp;&lt;y'/>"), "x—\"\" & \u{a0}<y");
    assert_eq!(a(all(), "<r a='1&2' a='3'/>"), "1&2", "the first one counts");
    assert_eq!(a(all(), "<r b='&;' a='?b=2&c=3;d'/>"), "?b=2&c=3;d");
}

/// A prefix that is known gets its namespace; one that is not, a namespace that is named like it.
#[test]
fn undeclared_prefixes_can_be_named_in_paths() {
    let fields = json!([
        {"name": "creator", "path": ["dc:creator"]},
        {"name": "desk", "path": ["x:desk"]},
        {"name": "plain", "path": ["desk"]},
        {"name": "any", "path": ["*:desk/@x:id"]},
    ]);
    let namespaces = json!({"dc": "http://purl.org/dc/elements/1.1/", "x": "x"});
    let repairs = ["UndeclaredPrefix"];
    let model = json!({"record": "/r", "fields": fields, "namespaces": namespaces, "repairs": repairs});
    let (verdicts, _) = read(
        &super::super::converter(model),
        b"<r><dc:creator>Ada</dc:creator><x:desk x:id='7'>City</x:desk></r>",
    );
    let document = super::super::json(verdicts[0].as_ref().unwrap());
    assert_eq!(document, json!({"creator": "Ada", "desk": "City", "any": "7"}));
}

/// What is left out is nowhere: markup that had both would not be well-formed.
#[test]
fn an_attribute_that_is_left_out_is_not_in_markup() {
    let fields = json!([{"name": "m", "path": ["."], "type": "markup"}]);
    let model = json!({"record": "/r", "fields": fields, "repairs": ["DuplicateAttributes"]});
    let (verdicts, mended) = read(
        &super::super::converter(model),
        b"<r><b xmlns:p='u' xmlns:q='u' p:c='1' d='2' q:c='3' e='4' d='5'/></r>",
    );
    let document = super::super::json(verdicts[0].as_ref().unwrap());
    assert_eq!(document["m"], "<b xmlns:p=\"u\" p:c=\"1\" d=\"2\" e=\"4\"/>");
    assert_eq!(mended, json!({"DuplicateAttributes": 2}));
}

/// Repairs of a document are told with it, and those of the object after it with the object alone.
#[test]
fn what_was_mended_is_told_where_it_was() {
    let converter = with_record("//i", json!({"repairs": Repair::ALL}));
    let object = "\n<?xml version='1.0'?><l><i>1 & 2</i>&<i>3</i><i>4\u{1}</i></l>\0";
    let (verdicts, all) = read(&converter, object.as_bytes());
    let mended: Vec<_> =
        verdicts.iter().map(|verdict| super::counts(verdict.as_ref().unwrap().repairs())).collect();
    let expected = [
        json!({"LeadingSpace": 1, "BareAmpersand": 1}),
        json!({"BareAmpersand": 1}),
        json!({"ControlCharacters": 1}),
    ];
    assert_eq!(mended, expected);
    assert_eq!(all, json!({"LeadingSpace": 1, "ControlCharacters": 2, "BareAmpersand": 2}));
}

/// An ampersand that is none of a reference is followed by text, which is read once.
#[test]
fn what_is_left_out_is_counted_once() {
    let converter = lenient(json!({"repairs": ["BareAmpersand", "ControlCharacters"]}));
    let mended = json!({"BareAmpersand": 1, "ControlCharacters": 2});
    assert_eq!(text(&converter, b"<r>a & \x01b\x02;</r>"), (json!("a & b;"), mended));
    let mended = json!({"ControlCharacters": 1});
    assert_eq!(text(&converter, b"<r>&am\x01p;</r>"), (json!("&"), mended));
}

/// Faults are where they are in the object, mended or not.
#[test]
fn places_are_those_of_the_object() {
    let converter = with_record("//i", json!({"repairs": Repair::ALL, "limits": {"maxDepth": 2}}));
    let object = "\n\n <?xml version='1.0'?><l>\u{1}&\n<i b='&' a='x'>\0</i>\n&& <i><b/></i></l>";
    let (verdicts, _) = read(&converter, object.as_bytes());
    let limit = verdicts.last().unwrap().as_ref().unwrap_err();
    assert_eq!((limit.faults[0].line, limit.faults[0].column), (5, 7), "{limit}");

    let typed = json!({"record": "/r", "repairs": Repair::ALL, "entities": "Named", "fields": [
        {"name": "n", "path": ["@n"], "type": "integer"},
    ]});
    let converter = super::super::converter(typed);
    let refusal = refusal(&converter, b"<r a='&mdash;&' b='&x' n='no'/>");
    assert_eq!((refusal.faults[0].line, refusal.faults[0].column), (1, 27), "{refusal}");
    for (xml, column) in [
        ("<r a='\u{1}&mdash;\u{2}&' n='no'/>", 22),
        ("<r a='\u{1}\u{fffe}' n='no'>\u{3}</r>", 14),
        ("<r a='\u{1}' b='<'/>", 13),
        ("<r a='\u{1}&' \u{2}=''/>", 12),
    ] {
        let refusal = super::super::refusal(&converter, xml.as_bytes());
        assert_eq!((refusal.faults[0].line, refusal.faults[0].column), (1, column), "{xml:?}: {refusal}");
    }
}

#[test]
fn an_object_that_is_cut_off_within_a_character_ends_before_it() {
    for bytes in ["<r>One é".as_bytes(), "<r>One 📈".as_bytes()] {
        let (found, mended) = text(&mending(Repair::UnclosedAtEnd), &bytes[..bytes.len() - 1]);
        assert_eq!((found, mended), (json!("One"), json!({"UnclosedAtEnd": 1})));
    }
}

/// Two bytes of a pair, half a unit, and the first of two bytes of `Shift_JIS`.
#[test]
fn and_so_it_is_in_other_encodings() {
    let units = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>();
    let wide = [b"\xff\xfe".to_vec(), units("<r>One 📈")].concat();
    let closed = [b"\xff\xfe".to_vec(), units("<r>One</r>"), b"\n".to_vec()].concat();
    let japanese = b"<?xml version='1.0' encoding='shift_jis'?><r>One \x93".to_vec();
    let last = wide.len();
    for bytes in [&wide[..last - 1], &wide[..last - 2], &wide[..last - 3], &closed, &japanese] {
        let (found, mended) = text(&mending(Repair::UnclosedAtEnd), bytes);
        assert_eq!((found, mended), (json!("One"), json!({"UnclosedAtEnd": 1})), "{}", bytes.escape_ascii());
        assert_eq!(refusal(&lenient(json!({})), bytes).reason, Reason::InvalidBytes);
    }
}
