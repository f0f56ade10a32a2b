//! Entities by name and by declaration.

use docmill_crds::conversion::Repair;
use docmill_crds::reason::Reason;
use serde_json::json;

use super::super::{converter, document, refusal};
use super::{lenient, text};

#[test]
fn names_of_characters_are_known_without_a_dtd() {
    let named = lenient(json!({"entities": "Named"}));
    for (xml, expected) in [
        ("<r>Oaks&nbsp;grow &mdash; slowly.</r>", "Oaks\u{a0}grow — slowly."),
        ("<!DOCTYPE r SYSTEM 'nitf.dtd'><r>&eacute;&agr;&b.beta;</r>", "éα\u{1d6c3}"),
        ("<r>&LT;b&GT; &NotEqualTilde;</r>", "<b> \u{2242}\u{338}"),
        ("<r>&amp;nbsp;</r>", "&nbsp;"),
        ("<r>a&Tab;b&NewLine;c</r>", "a b c"),
    ] {
        assert_eq!(text(&named, xml.as_bytes()), (json!(expected), json!({})), "{xml}");
    }
    for xml in ["<r>&wire;</r>", "<r a='&wire;'/>", "<!DOCTYPE r [<!ENTITY wire 'x'>]><r>&wire;</r>"] {
        assert_eq!(refusal(&named, xml.as_bytes()).reason, Reason::EntityRefused, "{xml}");
    }
}

#[test]
fn entities_of_an_internal_subset_are_text() {
    let declared = lenient(json!({"entities": "Declared"}));
    let with = |subset: &str, content: &str| format!("<!DOCTYPE r [{subset}]><r>{content}</r>");
    for (xml, expected) in [
        (with("<!ENTITY nbsp \"&#160;\"><!ENTITY mdash '&#8212;'>", "A&nbsp;&mdash; b"), "A\u{a0}— b"),
        (with("<!ENTITY a '1&b;' ><!ENTITY b '2 &amp; 3'>", "&a;"), "12 & 3"),
        (with("<!ENTITY a 'A'><!ENTITY a 'B'>", "&a;&eacute;"), "Aé"),
        (with("<!ENTITY a ' one\n two '>", "-&a;-"), "- one two -"),
        (with("<!ENTITY a '&#38;lt;b&#38;gt;'>", "&a;"), "<b>"),
        (with("<!ENTITY unused '<b/>'>", "x"), "x"),
        (with("<!NOTATION TIF SYSTEM 'tif'><!ENTITY d SYSTEM 'd.TIF' NDATA TIF>", "x"), "x"),
    ] {
        assert_eq!(text(&declared, xml.as_bytes()), (json!(expected), json!({})), "{xml}");
    }
    let value = document(&declared, "<!DOCTYPE r [<!ENTITY mdash '--'>]><r a='&mdash;&amp;'>&ndash;</r>");
    assert_eq!(value, json!({"x": "–", "a": "--&"}));
    let value = document(&declared, "<!DOCTYPE r [<!ENTITY e 'x\n\"y'>]><r a='&e; &e;'>z</r>");
    assert_eq!(value["a"], "x \"y x \"y");
}

#[test]
fn what_is_not_text_stays_refused() {
    let declared = lenient(json!({"entities": "Declared"}));
    for xml in [
        "<!DOCTYPE r [<!ENTITY a SYSTEM 'file:///etc/passwd'>]><r/>",
        "<!DOCTYPE r [<!ENTITY a PUBLIC 'p' 'http://127.0.0.1:9/'>]><r>&a;</r>",
        "<!DOCTYPE r [<!ENTITY % p 'x'>]><r/>",
        "<!DOCTYPE r [<!ENTITY % p SYSTEM 'x'> %p;]><r/>",
        "<!DOCTYPE r [%p;]><r/>",
        "<!DOCTYPE r [<!ENTITY a '%p;'>]><r/>",
        "<!DOCTYPE r [<!ENTITY a '<b>x</b>'>]><r>&a;</r>",
        "<!DOCTYPE r [<!ENTITY a '<'>]><r a='&a;'/>",
        "<!DOCTYPE r [<!ENTITY a '&a;'>]><r>&a;</r>",
        "<!DOCTYPE r [<!ENTITY d SYSTEM 'd' NDATA n>]><r>&d;</r>",
        "<r>&wire;</r>",
    ] {
        assert_eq!(refusal(&declared, xml.as_bytes()).reason, Reason::EntityRefused, "{xml}");
    }
    for xml in [
        "<!DOCTYPE r [<!ENTITY a '&b'>]><r/>",
        "<!DOCTYPE r [<!ENTITY a:b 'x'>]><r/>",
        "<!DOCTYPE r [<!ENTITY a 'x' y>]><r/>",
        "<!DOCTYPE r [<!ENTITY d SYSTEM 'd' NDATA>]><r/>",
    ] {
        assert_eq!(refusal(&declared, xml.as_bytes()).reason, Reason::MalformedXml, "{xml}");
    }
}

/// What is wrong in a declaration is mended, and counted once for it; in what results from it, for each reference.
#[test]
fn values_of_entities_are_mended() {
    let repairs = [Repair::BareAmpersand, Repair::ControlCharacters];
    let mends = lenient(json!({"entities": "Declared", "repairs": repairs}));
    for (subset, expected, mended) in [
        ("<!ENTITY e 'AT&T & B'>", "AT&T & B, AT&T & B", json!({"BareAmpersand": 2})),
        ("<!ENTITY e 'A&#38;B'>", "A&B, A&B", json!({"BareAmpersand": 2})),
        ("<!ENTITY e 'A\u{1}&#2;B'>", "AB, AB", json!({"ControlCharacters": 2})),
        (
            "<!ENTITY e 'A'><!ATTLIST r b CDATA 'x & y &#3;'>",
            "A, A",
            json!({"BareAmpersand": 1, "ControlCharacters": 1}),
        ),
    ] {
        let xml = format!("<!DOCTYPE r [{subset}]><r>&e;, &e;</r>");
        assert_eq!(text(&mends, xml.as_bytes()), (json!(expected), mended), "{xml}");
        let strict = lenient(json!({"entities": "Declared"}));
        assert!(super::super::verdicts(&strict, xml.as_bytes()).iter().any(Result::is_err), "{xml}");
    }
    let value = document(&mends, "<!DOCTYPE r [<!ENTITY e 'A & B'>]><r a='&e;'>x</r>");
    assert_eq!(value["a"], "A & B");
    // A default is mended whatever entities are allowed.
    let plain = lenient(json!({ "repairs": repairs }));
    let found = text(&plain, b"<!DOCTYPE r [<!ATTLIST r b CDATA 'x & y'>]><r>z</r>");
    assert_eq!(found, (json!("z"), json!({"BareAmpersand": 1})));
    for xml in [
        "<!DOCTYPE r [<!ENTITY e '<b> & c'>]><r>&e;</r>",
        "<!DOCTYPE r [<!ENTITY e 'a & &e;'>]><r>&e;</r>",
        "<!DOCTYPE r [<!ENTITY e '50% & more'>]><r>&e;</r>",
    ] {
        assert_eq!(refusal(&mends, xml.as_bytes()).reason, Reason::EntityRefused, "{xml}");
    }
}

/// XML 1.0, section 4.1: a default names what is declared before it.
#[test]
fn a_default_may_have_entities_that_are_declared_before_it() {
    let declared = lenient(json!({"entities": "Declared"}));
    let with = |subset: &str| format!("<!DOCTYPE r [{subset}]><r>x</r>");
    for subset in [
        "<!ENTITY e 'x'><!ATTLIST r a CDATA '&e;'>",
        "<!ENTITY e 'x&f;'><!ENTITY f 'y'><!ATTLIST r a CDATA #FIXED '&lt;&e;&mdash;&#65;'>",
        "<!ENTITY e 'x]]>y'><!ATTLIST r a CDATA '&e;'>",
    ] {
        assert_eq!(text(&declared, with(subset).as_bytes()), (json!("x"), json!({})), "{subset}");
    }
    for (subset, expected) in [
        ("<!ATTLIST r a CDATA '&e;'><!ENTITY e 'x'>", "declared before this default"),
        ("<!ENTITY e 'x&f;'><!ATTLIST r a CDATA '&e;'><!ENTITY f 'y'>", "declared or well known"),
        ("<!ENTITY e '&#60;'><!ATTLIST r a CDATA '&e;'>", "text, not for markup"),
        ("<!ENTITY d SYSTEM 'd' NDATA n><!ATTLIST r a CDATA '&d;'>", "declared before this default"),
    ] {
        let refusal = refusal(&declared, with(subset).as_bytes());
        assert_eq!(refusal.reason, Reason::EntityRefused, "{subset}");
        assert!(refusal.faults[0].expected.contains(expected), "{refusal}");
    }
    let named = lenient(json!({"entities": "Named"}));
    assert_eq!(text(&named, with("<!ATTLIST r a CDATA '&nbsp;'>").as_bytes()).0, "x");
    let strict = refusal(&lenient(json!({})), with("<!ATTLIST r a CDATA '&nbsp;'>").as_bytes());
    assert_eq!(strict.reason, Reason::EntityRefused);
}

/// XML 1.0, production 14, which has to match what an entity stands for as well (section 4.3.2).
#[test]
fn the_end_of_cdata_is_refused_in_what_an_entity_stands_for() {
    let declared = lenient(json!({"entities": "Declared"}));
    let refused = refusal(&declared, b"<!DOCTYPE r [<!ENTITY e 'a]]>b'>]>\n<r>&e;</r>");
    assert_eq!((refused.reason, refused.faults[0].line), (Reason::MalformedXml, 2), "{refused}");
    let value = document(&declared, "<!DOCTYPE r [<!ENTITY e 'a]]>b'><!ENTITY f ']]'>]><r a='&e;'>&f;></r>");
    assert_eq!(value, json!({"x": "]]>", "a": "a]]>b"}));
}

#[test]
fn entities_that_are_not_parsed_are_no_danger() {
    for entities in ["Refuse", "Named", "Declared"] {
        let xml = "<!DOCTYPE r SYSTEM 'grant.dtd' [\n<!NOTATION TIF SYSTEM \"tif\">\n\
                   <!ENTITY D00001 SYSTEM \"D00001.TIF\" NDATA TIF>\n<!ENTITY e PUBLIC 'p' 's' NDATA TIF >]><r>One</r>";
        assert_eq!(text(&lenient(json!({ "entities": entities })), xml.as_bytes()).0, "One");
    }
}

#[test]
fn no_tag_is_put_together_of_references() {
    let all = lenient(json!({"entities": "Declared", "repairs": Repair::ALL}));
    for tag in
        ["<r&e;a='1'/>", "<r a&equals;'1'/>", "<r&eacute;/>", "<r a=&quot;1&quot;/>", "<r a='1'&e;b='2'/>"]
    {
        let xml = format!("<!DOCTYPE r [<!ENTITY e ' '>]>{tag}");
        assert_eq!(refusal(&all, xml.as_bytes()).reason, Reason::MalformedXml, "{tag}");
    }
    let value = document(&all, "<!DOCTYPE r [<!ENTITY e ' '>]><r b='\"' a=\"'&e;&apos;&\"/>");
    assert_eq!(value["a"], "' '&");
}

/// The NITF item that declares its characters itself, and the article whose DTD would.
#[test]
fn presets_take_items_with_named_characters() {
    let nitf = converter(json!({"preset": "nitf", "entities": "Declared", "timeZone": "UTC"}));
    let item = "<?xml version=\"1.0\"?>\n<!DOCTYPE nitf SYSTEM \"nitf.dtd\" [<!ENTITY nbsp \"&#160;\"><!ENTITY mdash \"&#8212;\">]>\n\
        <nitf><head><docdata><doc-id id-string=\"x2\"/><date.issue norm=\"20260102T101112\"/></docdata></head><body>\
        <body.head><hedline><hl1>A &mdash; b</hl1></hedline></body.head><body.content><p>It&nbsp;did.</p></body.content>\
        </body></nitf>";
    let value = document(&nitf, item);
    assert_eq!((&value["headline"], &value["body"]), (&json!("A — b"), &json!("It\u{a0}did.")));
    let jats = converter(json!({"preset": "jats"}));
    let article = "<!DOCTYPE article PUBLIC \"-//NLM//DTD JATS v1.0//EN\" \"JATS.dtd\"><article><front><article-meta>\
        <article-id pub-id-type=\"doi\">10.9999/x.1</article-id></article-meta></front>\
        <body><p>Oaks&nbsp;grow &mdash; slowly.</p></body></article>";
    assert_eq!(document(&jats, article)["body"], "Oaks\u{a0}grow — slowly.");
}
