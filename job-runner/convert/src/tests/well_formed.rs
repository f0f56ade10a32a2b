use docmill_crds::conversion::Conversion;
use docmill_crds::reason::Reason;
use serde_json::json;

use super::{Converter, Limits, Verdict, document, one, refusal, verdicts_in_chunks};
use crate::text::declaration::SNIFFED;

/// Hands over the one verdict on an object, for each size of the portions in which it may come. The object starts on its
/// second line: what is always read at once is filled by a comment.
fn for_all_portions(converter: &Converter, xml: &str, check: impl Fn(Verdict)) {
    let xml = format!("<!--{}-->\n{xml}", " ".repeat(SNIFFED));
    for chunk in (1..60).chain([1 << 16]) {
        let mut verdicts = verdicts_in_chunks(converter, xml.as_bytes(), chunk);
        assert_eq!(verdicts.len(), 1, "{verdicts:?}");
        check(verdicts.remove(0));
    }
}

/// Objects that are not well-formed, each with the place of its fault.
#[test]
fn what_is_not_well_formed_is_refused_with_its_place() {
    for (xml, line, column) in [
        ("<r>", 1, 4),
        ("<r></s>", 1, 4),
        ("<r></r></r>", 1, 8),
        ("<r><a></r></a>", 1, 7),
        ("<r/><r/>", 1, 5),
        ("x<r/>", 1, 1),
        ("<r/>x", 1, 5),
        ("<r/><![CDATA[x]]>", 1, 5),
        ("&amp;<r/>", 1, 1),
        ("\n<?xml version='1.0'?><r/>", 2, 1),
        ("<?xml version='1.0'?><?xml version='1.0'?><r/>", 1, 22),
        ("<?xml version='2.0'?><r/>", 1, 6),
        ("<?xml encoding='utf-8'?><r/>", 1, 6),
        ("<?xml version='1.0' standalone='maybe'?><r/>", 1, 6),
        ("<?xml version='1.0'encoding='utf-8'?><r/>", 1, 20),
        ("<?xml version='1.0' <r/>", 1, 1),
        ("<r><?XML x?></r>", 1, 4),
        ("<r><?a:b x?></r>", 1, 4),
        ("<r>\n<1a/></r>", 2, 2),
        ("<r>\r<a>\r</b></r>", 3, 1),
        ("<r><a:/></r>", 1, 5),
        ("<r><a:b:c xmlns:a='u'/></r>", 1, 5),
        ("<r><p:a/></r>", 1, 4),
        ("<r p:a=''/>", 1, 9),
        ("<r xmlns:p='u'><a/></r><!-- a - b -- c -->", 1, 24),
        ("<r><!-- a ---></r>", 1, 4),
        ("<r a='1' a='2'/>", 1, 10),
        ("<r xmlns:p='u' xmlns:q='u' p:a='1' q:a='2'/>", 1, 41),
        ("<r xmlns:p=''/>", 1, 13),
        ("<r xmlns:xml='u'/>", 1, 15),
        ("<r xmlns:xmlns='u'/>", 1, 17),
        ("<r a='1'b='2'/>", 1, 9),
        ("<r a=1/>", 1, 6),
        ("<r a/>", 1, 5),
        ("<r a='<'/>", 1, 7),
        ("<r a='&'/>", 1, 7),
        ("<r a='&#0;'/>", 1, 7),
        ("<r>&#xD800;</r>", 1, 4),
        ("<r>&#x110000;</r>", 1, 4),
        ("<r>&#X41;</r>", 1, 4),
        ("<r>&#;</r>", 1, 4),
        ("<r>&;</r>", 1, 4),
        ("<r>a & b</r>", 1, 6),
        ("<r>AT&T</r>", 1, 6),
        ("<r>]]></r>", 1, 4),
        ("<r><![cdata[x]]></r>", 1, 4),
        ("<r><![CDATA[x]]</r>", 1, 4),
        ("<r>\u{1}</r>", 1, 4),
        ("<r>\u{fffe}</r>", 1, 4),
        ("<r", 1, 1),
        ("<r a='", 1, 1),
        ("<>", 1, 2),
        ("< r/>", 1, 2),
        ("<!DOCTYPE r><!DOCTYPE r><r/>", 1, 13),
        ("<r/><!DOCTYPE r>", 1, 5),
        ("<!doctype r><r/>", 1, 1),
        ("<!DOCTYPE r SYSTEM><r/>", 1, 19),
        ("<!DOCTYPE r PUBLIC 'a'><r/>", 1, 23),
        ("<!DOCTYPE r PUBLIC 'a{' 'b'><r/>", 1, 20),
        ("<!DOCTYPE r [<!FOO x>]><r/>", 1, 14),
        ("<!DOCTYPE r []", 1, 1),
        ("<!-- no root -->", 1, 17),
    ] {
        let refusal = refusal(&one("string", &["."]), xml.as_bytes());
        assert_eq!(refusal.reason, Reason::MalformedXml, "{xml:?}: {refusal}");
        let fault = &refusal.faults[0];
        assert_eq!((fault.line, fault.column), (line, column), "{xml:?}: {refusal}");
    }
}

/// What was never closed may begin far from where the object ends.
#[test]
fn what_the_end_of_the_object_cuts_off_is_named() {
    for (xml, expected) in [
        ("<!DOCTYPE r [ <!-- ]><r/>", "> at the end of the document type declaration"),
        ("<r><!-- </r>", "--> at the end of the comment"),
        ("<r><![CDATA[ </r>", "]]> at the end of CDATA"),
        ("<r><?a </r>", "?> at the end of the processing instruction"),
        ("<r a='></r>", "> at the end of the markup"),
    ] {
        let refusal = refusal(&one("string", &["."]), xml.as_bytes());
        assert_eq!(refusal.faults[0].expected, expected, "{xml:?}");
    }
}

/// More attributes and namespaces than are looked through one by one.
#[test]
fn many_attributes_and_namespaces_are_checked_like_few() {
    let list = |of: fn(u32) -> String| (0..100).map(of).collect::<Vec<_>>().concat();
    let plain = list(|n| format!(" a{n}=''"));
    let declared = list(|n| format!(" xmlns:p{n}='u{n}'"));
    let prefixed = list(|n| format!(" p{n}:a=''"));
    let inner = format!("<r{declared}><s xmlns:p7='u'{prefixed}/><s{prefixed}>x</s></r>");
    assert_eq!(document(&one("string", &["."]), &inner)["x"], "x");
    for (xml, expected) in [
        (format!("<r{plain} a7=''/>"), "each attribute once"),
        (format!("<r{declared}><s xmlns:q='u7'{prefixed} q:a=''/></r>"), "each attribute once"),
        (format!("<r{declared}><s{prefixed} q:a=''/></r>"), "a prefix that is declared"),
        (format!("<r><s{declared}/><s{prefixed}/></r>"), "a prefix that is declared"),
    ] {
        let refusal = refusal(&one("string", &["."]), xml.as_bytes());
        assert!(refusal.message().contains(expected), "{refusal}");
    }
}

/// Declarations of an internal subset, each in a document of its own, with the column of its fault.
#[test]
fn the_declarations_of_an_internal_subset_are_well_formed() {
    for (declaration, column) in [
        ("<!ELEMENT r>", 12),
        ("<!ELEMENT r any>", 13),
        ("<!ELEMENT r EMPTY ANY>", 19),
        ("<!ELEMENT r ()>", 14),
        ("<!ELEMENT r (a,b|c)>", 17),
        ("<!ELEMENT r (a b)>", 16),
        ("<!ELEMENT r ((a|b),(c,d)*>", 26),
        ("<!ELEMENT r (a ?)>", 16),
        ("<!ELEMENT r (#PCDATA|a)>", 24),
        ("<!ELEMENT r (a|#PCDATA)*>", 16),
        ("<!ELEMENT a:b:c ANY>", 11),
        ("<!ATTLIST r a CDATA>", 20),
        ("<!ATTLIST r a TEXT #IMPLIED>", 15),
        ("<!ATTLIST r a CDATA #implied>", 21),
        ("<!ATTLIST r a CDATA '<'>", 22),
        ("<!ATTLIST r a CDATA '&#0;'>", 22),
        ("<!ATTLIST r a (b|c,d) #IMPLIED>", 19),
        ("<!ATTLIST r a NOTATION (b:c) #IMPLIED>", 25),
        ("<!ATTLIST r a CDATA #FIXED'x'>", 27),
        ("<!ATTLIST r a CDATA ''b CDATA ''>", 23),
        ("<!NOTATION n>", 13),
        ("<!NOTATION n:o SYSTEM 'x'>", 12),
        ("<!NOTATION n PUBLIC 'x' y>", 25),
        ("<?xml version='1.0'?>", 1),
        ("<?a+?>", 1),
        ("<!-- a -- b -->", 10),
    ] {
        let xml = format!("<!DOCTYPE r [\n{declaration}\n]><r/>");
        for_all_portions(&one("string", &["."]), &xml, |verdict| {
            let refusal = verdict.unwrap_err();
            assert_eq!(refusal.reason, Reason::MalformedXml, "{xml:?}: {refusal}");
            let fault = &refusal.faults[0];
            assert_eq!((fault.line, fault.column), (3, column), "{xml:?}: {refusal}");
        });
    }
}

#[test]
fn what_an_internal_subset_may_declare_is_accepted() {
    let subset = "<!ELEMENT r (#PCDATA)><!ELEMENT a EMPTY ><!ELEMENT b ANY>
        <!ELEMENT c ( #PCDATA | a | b )* ><!ELEMENT d (#PCDATA)*> <!ELEMENT e (a)> <!ELEMENT f (a?,(b|c)+ , d*)*>
        <!ELEMENT p:g ((((a))))>
        <!ATTLIST r> <!ATTLIST r a CDATA #REQUIRED b ID #IMPLIED c NMTOKENS #FIXED 'x' p:d (1|-x | :y) \"'>&amp;&#65;\">
        <!ATTLIST r n NOTATION (m | n) 'm'>
        <!NOTATION m PUBLIC 'http://example.org/?a=1;b,(c)'><!NOTATION n PUBLIC \"it's\" '>' > <!NOTATION o SYSTEM '<&'>
        <!-- ]> <!ENTITY --> <?target ]> <!ENTITY ?>";
    let xml = format!("<!DOCTYPE r PUBLIC '-//X//DTD' 'x.dtd' [{subset}] ><r>x</r>");
    assert_eq!(document(&one("string", &["."]), &xml)["x"], "x");
    for_all_portions(&one("string", &["."]), &xml, |verdict| drop(verdict.unwrap()));
}

/// A DOCTYPE in a wrong place may also be wrong in itself, and the window may hold only a part of it.
#[test]
fn the_place_of_a_doctype_is_judged_before_what_is_in_it() {
    for (xml, line) in [
        ("<r>\n<!DOCTYPE r [\n<!ENTITY a 'b'>]></r>", 3),
        ("<r>\n<!DOCTYPE r [\n<!ELEMENT r>]></r>", 3),
        ("<r>\n<!DOCTYPE r [\n]></r>", 3),
        ("<r/>\n<!DOCTYPE r [\n%p;]>", 3),
        ("<!DOCTYPE r>\n<!DOCTYPE r [\n<!ENTITY a 'b'>]><r/>", 3),
    ] {
        for_all_portions(&one("string", &["."]), xml, |verdict| {
            let refusal = verdict.unwrap_err();
            assert_eq!(refusal.reason, Reason::MalformedXml, "{xml:?}: {refusal}");
            assert!(refusal.message().contains("at most one DOCTYPE"), "{xml:?}: {refusal}");
            let fault = &refusal.faults[0];
            assert_eq!((fault.line, fault.column), (line, 1), "{xml:?}: {refusal}");
        });
    }
}

/// Of a DOCTYPE that is too long and not well-formed either, what comes first decides.
#[test]
fn the_cap_on_a_doctype_does_not_depend_on_how_much_of_it_is_there() {
    let model = json!({"record": "/r", "fields": [{"name": "x", "path": ["."]}]});
    let model = serde_json::from_value::<Conversion>(model).unwrap().resolve().unwrap();
    let limits = Limits { doctype_bytes: 60, ..Limits::default() };
    let converter = Converter::with_limits(&model, limits).unwrap();
    let doctype = |before: usize, after: usize| {
        format!("<!DOCTYPE r [{}<!FOO>{}]><r/>", " ".repeat(before), " ".repeat(after))
    };
    for (xml, expected) in [(doctype(10, 100), Reason::MalformedXml), (doctype(60, 0), Reason::LimitExceeded)]
    {
        for_all_portions(&converter, &xml, |verdict| {
            assert_eq!(verdict.unwrap_err().reason, expected, "{xml}");
        });
    }
    let just = format!("<!DOCTYPE r [{}]><r/>", " ".repeat(60 - "<!DOCTYPE r []>".len()));
    for_all_portions(&converter, &just, |verdict| drop(verdict.unwrap()));
}

#[test]
fn entities_are_neither_declared_nor_used() {
    for xml in [
        "<!DOCTYPE r [<!ENTITY a 'x'>]><r>&a;</r>",
        "<!DOCTYPE r [<!ENTITY a SYSTEM 'file:///etc/passwd'>]><r/>",
        "<!DOCTYPE r [<!-- x --> <?x?> <!ENTITY % p SYSTEM 'http://127.0.0.1:9/'> %p;]><r/>",
        "<!DOCTYPE r [%p;]><r/>",
        "<!DOCTYPE r SYSTEM 'x.dtd' [ <!ELEMENT r ANY> <!ENTITY a '>'> ]><r/>",
        "<!DOCTYPE r SYSTEM 'x.dtd'><r>&nbsp;</r>",
        "<r a='&eacute;'/>",
        "<!DOCTYPE r [<!ATTLIST r a CDATA '&e;'>]><r/>",
    ] {
        let refusal = refusal(&one("string", &["."]), xml.as_bytes());
        assert_eq!(refusal.reason, Reason::EntityRefused, "{xml:?}: {refusal}");
    }
}

#[test]
fn what_is_well_formed_is_accepted() {
    for xml in [
        "<?xml version=\"1.0\" encoding='UTF-8' standalone = 'yes' ?>\n<!-- - -- --><r>x</r>"
            .replace(" -- ", " - ")
            .as_str(),
        "<?xml version='1.1'?><r>x</r>",
        "<?xml-stylesheet href='a'?><r>x</r>",
        "<!DOCTYPE r><r>x</r>",
        "<!DOCTYPE r SYSTEM 'a>b.dtd'><r>x</r>",
        "<!DOCTYPE r PUBLIC \"-//IPTC//DTD NITF 3.4//EN\" 'nitf-3-4.dtd' ><r>x</r>",
        "<!DOCTYPE r [<!ELEMENT r (#PCDATA)> <!ATTLIST r a CDATA '>'>\n<!-- ]> --> ]><r>x</r>",
        "<r >x</r\n>",
        "<r a = '1'\n\tb=\"it's > fine\" xml:lang='en'>x</r>",
        "<r xmlns='' xmlns:p='u'><p:a xmlns:p='v' p:b='' b=''/>x</r>",
        "<r><été ö='1'/><日本 />x</r>",
        "<r><![CDATA[x]]><!----></r>",
        "<r>&#x78;<?pi?></r>",
    ] {
        assert_eq!(document(&one("string", &["."]), xml)["x"], "x", "{xml}");
    }
}
