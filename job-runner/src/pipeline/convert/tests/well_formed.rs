use docmill_crds::reason::Reason;

use super::{document, one, refusal};

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
        ("<!DOCTYPE r SYSTEM><r/>", 1, 1),
        ("<!DOCTYPE r PUBLIC 'a'><r/>", 1, 1),
        ("<!DOCTYPE r [<!FOO x>]><r/>", 1, 1),
        ("<!-- no root -->", 1, 17),
    ] {
        let refusal = refusal(&one("string", &["."]), xml.as_bytes());
        assert_eq!(refusal.reason, Reason::MalformedXml, "{xml:?}: {refusal}");
        let fault = &refusal.faults[0];
        assert_eq!((fault.line, fault.column), (line, column), "{xml:?}: {refusal}");
    }
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
