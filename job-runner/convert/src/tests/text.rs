use serde_json::{Value, json};

use super::{converter, document, x};

#[test]
fn a_string_is_one_line_of_all_text_in_order() {
    for (xml, expected) in [
        ("<r> a  <b>b</b>c\n<i/>d </r>", "a bc d"),
        ("<r>a<!-- x -->b<?y?>c</r>", "abc"),
        ("<r>a<![CDATA[<b> & ]]>c</r>", "a<b> & c"),
        ("<r>&lt;&#65;&#x1F4F0;&#10;&amp;&quot;&apos;</r>", "<A📰 &\"'"),
        ("<r>a<br/>b<p>c</p>d</r>", "a b c d"),
        ("<r>\u{a0}a\r\nb\u{a0}</r>", "\u{a0}a b\u{a0}"),
    ] {
        assert_eq!(x("string", ".", xml), expected, "{xml}");
    }
    assert_eq!(x("string", ".", "<r> \n<b> </b></r>"), Value::Null, "an empty value is none");
}

#[test]
fn a_text_keeps_paragraphs_lines_and_words_apart() {
    for (xml, expected) in [
        ("<r><p>one <b>two</b> three</p>\n<p>four</p></r>", "one two three\n\nfour"),
        ("<r>a<br/>b</r>", "a\nb"),
        ("<r><ul><li>a</li> <li>b</li></ul>c</r>", "a\nb\n\nc"),
        ("<r><table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table></r>", "a b\nc"),
        ("<r>un<b>break</b>able</r>", "unbreakable"),
        ("<r><p/><p> </p><p>a</p><p/></r>", "a"),
        ("<r xmlns:h='urn:h'><h:p>a</h:p><h:p>b</h:p></r>", "a\n\nb"),
    ] {
        assert_eq!(x("text", ".", xml), expected, "{xml}");
    }
}

#[test]
fn the_own_text_of_an_element_is_without_that_of_its_children() {
    assert_eq!(x("string", "a/text()", "<r><a>x <b>y</b> z&amp;</a></r>"), "x z&");
    assert_eq!(x("string", "text()", "<r>x<b>y</b></r>"), "x");
}

#[test]
fn markup_is_well_formed_by_itself() {
    for (xml, expected) in [
        ("<r> a<b c='&quot;&lt;'>x</b><i></i> </r>", "a<b c=\"&quot;&lt;\">x</b><i/>"),
        ("<r>a<![CDATA[<&>]]>&#13;<!-- x --></r>", "a&lt;&amp;&gt;&#13;"),
        ("<r>a\r\nb\rc</r>", "a\nb\nc"),
        (
            "<r xmlns:p='urn:p' xmlns:u='urn:unused'><p:a p:b='1'><p:c/></p:a><p:d/></r>",
            "<p:a xmlns:p=\"urn:p\" p:b=\"1\"><p:c/></p:a><p:d xmlns:p=\"urn:p\"/>",
        ),
        ("<r><a xmlns='urn:a'><b xmlns=''/></a></r>", "<a xmlns=\"urn:a\"><b xmlns=\"\"/></a>"),
        ("<r><a xml:lang='en' t='a&#10;b'/></r>", "<a xml:lang=\"en\" t=\"a&#10;b\"/>"),
    ] {
        assert_eq!(x("markup", ".", xml), expected, "{xml}");
    }
}

#[test]
fn excluded_elements_are_left_out_of_every_form_of_text() {
    let field = |kind: &str| json!({"name": kind, "path": ["body"], "type": kind, "exclude": [".//aside", "note[@x]"]});
    let converter =
        converter(json!({"record": "/r", "fields": [field("string"), field("text"), field("markup")]}));
    let xml = "<r><body><p>a<aside>1<p>2</p></aside>b</p><note x=''>3</note><note>c</note></body></r>";
    assert_eq!(
        document(&converter, xml),
        json!({"string": "a b c", "text": "a\n\nb\n\nc", "markup": "<p>ab</p><note>c</note>"})
    );
}

/// XML 1.0, section 2.10; a string is one line all the same.
#[test]
fn white_space_is_kept_where_xml_space_says_so() {
    for (xml, expected) in [
        (
            "<r><p>a  b</p><p xml:space='preserve'>  c\r\n\td&#10;</p><p>e  f</p></r>",
            "a b\n\n  c\n\td\n\ne f",
        ),
        ("<r xml:space='preserve'>a<b>  b</b><b xml:space='default'>  c</b></r>", "a  b c"),
        ("<r xml:space='preserve'>\n  a\n</r>", "  a"),
    ] {
        assert_eq!(x("text", ".", xml), expected, "{xml}");
    }
    assert_eq!(x("text", ".", "<r xml:space='preserve'> \n </r>"), Value::Null);
    assert_eq!(x("string", ".", "<r xml:space='preserve'> a\n b </r>"), "a b");
}

/// An element that is left out sets text apart as it would if it were there; what is within it does nothing.
#[test]
fn what_is_within_an_excluded_element_does_not_set_text_apart() {
    let field = |kind: &str| json!({"name": kind, "path": ["."], "type": kind, "exclude": ["x", "figure"]});
    let converter = converter(json!({"record": "/r", "fields": [field("string"), field("text")]}));
    let of = |xml: &str| document(&converter, xml);
    assert_eq!(of("<r>un<x><p>hidden</p></x>able</r>"), json!({"string": "unable", "text": "unable"}));
    assert_eq!(of("<r>a<figure><i/></figure>b</r>"), json!({"string": "a b", "text": "a\n\nb"}));
}

/// Names are compared by case and by namespace, and what a model says counts more than what is known of all documents.
#[test]
fn a_model_names_the_elements_that_set_text_apart() {
    let field = |kind: &str| json!({"name": kind, "path": ["."], "type": kind});
    let converter = converter(json!({
        "record": "/r", "namespaces": {"t": "urn:t"},
        "blocks": ["Para", "t:ab"], "lines": ["t:lb"], "cells": ["*:ENT", "t:p"], "inline": ["title"],
        "fields": [field("string"), field("text")],
    }));
    let of = |xml: &str| document(&converter, xml);
    for (xml, text) in [
        ("<r><Para>a</Para><Para>b</Para></r>", "a\n\nb"),
        ("<r xmlns:t='urn:t'>a<t:ab>b</t:ab>c<t:lb/>d</r>", "a\n\nb\n\nc\nd"),
        ("<r xmlns:t='urn:t'>a<ENT>b</ENT><t:ENT>c</t:ENT><t:p>d</t:p></r>", "a b c d"),
        ("<r>a<p>b</p>c</r>", "a\n\nb\n\nc"),
    ] {
        assert_eq!(
            of(xml),
            json!({"string": text.split_whitespace().collect::<Vec<_>>().join(" "), "text": text})
        );
    }
    for xml in ["<r>a<ab/>b<lb/>c<Title/>d</r>", "<r xmlns:t='urn:t'>a<t:Para/>b<t:LB/>c<title/>d</r>"] {
        assert_eq!(of(xml), json!({"string": "abcd", "text": "abcd"}), "{xml}");
    }
    let known = "<r xmlns:t='urn:t'>a<t:title>b</t:title></r>";
    assert_eq!(of(known), json!({"string": "a b", "text": "a\n\nb"}));
}

/// Also of the elements of TEI and of MathML, of which more is known than their names.
#[test]
fn what_a_model_says_of_any_namespace_counts_in_those_that_are_known() {
    let of = |names: &[&str], xml: &str| {
        let converter = converter(json!({
            "record": "/r", "namespaces": {"t": "http://www.tei-c.org/ns/1.0"}, "lines": names, "inline": ["*:lb"],
            "fields": [{"name": "x", "path": ["."], "type": "text"}],
        }));
        document(&converter, xml)["x"].clone()
    };
    let tei = "<r><t xmlns='http://www.tei-c.org/ns/1.0'>a<ab>b</ab>c<lb/>d<title>e</title></t></r>";
    assert_eq!(of(&["t:item"], tei), "a\n\nb\n\ncde");
    assert_eq!(of(&["*:ab", "*:title"], tei), "a\nb\ncd\ne");
    assert_eq!(of(&["t:lb"], tei), "a\n\nb\n\nc\nde", "its own namespace counts more");
    let half =
        "<r>x<m xmlns='http://www.w3.org/1998/Math/MathML'><mfrac><mn>1</mn><mn>2</mn></mfrac></m></r>";
    assert_eq!((of(&["ab"], half), of(&["*:mfrac"], half)), (json!("x 1 2"), json!("x\n12")));
}

#[test]
fn a_name_in_one_namespace_counts_more_than_in_several() {
    let converter = converter(json!({
        "record": "/r", "namespaces": {"t": "urn:t"}, "defaultNamespaces": ["urn:t", ""],
        "blocks": ["t:ab"], "inline": ["ab"], "fields": [{"name": "x", "path": ["."], "type": "text"}],
    }));
    assert_eq!(document(&converter, "<r xmlns='urn:t'>a<ab>b</ab></r>"), json!({"x": "a\n\nb"}));
    assert_eq!(document(&converter, "<r>a<ab>b</ab></r>"), json!({"x": "ab"}));
}

/// What runs together where no space is missing, since punctuation belongs to one side.
#[test]
fn a_cell_of_a_model_does_not_part_a_word_from_its_punctuation() {
    let converter = converter(json!({
        "record": "/r", "cells": ["i", "c"], "fields": [{"name": "x", "path": ["."]}],
    }));
    for (xml, expected) in [
        ("<r><i>Dept of Trees</i><c>Oslo</c><c>Norway</c></r>", "Dept of Trees Oslo Norway"),
        ("<r><i>Dept</i>, <c>Oslo</c>; <c>Norway</c>.</r>", "Dept, Oslo; Norway."),
        ("<r>see (<i>Dept</i>) <c>12</c>\u{2013}<c>15</c></r>", "see (Dept) 12\u{2013}15"),
        ("<r><c>a</c><td>.5</td></r>", "a .5"),
    ] {
        assert_eq!(document(&converter, xml), json!({"x": expected}), "{xml}");
    }
}

/// Federal Register and TEI, which need no model to name their elements.
#[test]
fn paragraphs_and_lines_of_other_vocabularies_are_known() {
    let register = "<r><HD SOURCE='HED'>Background</HD><P>First ends.</P><P>Second starts.</P></r>";
    assert_eq!(x("text", ".", register), "Background\n\nFirst ends.\n\nSecond starts.");
    let tei = "<r xmlns:t='http://www.tei-c.org/ns/1.0'><t:lg><t:l>First line</t:l><t:l>Second line</t:l></t:lg>\
        <t:p>one<t:lb/>two of <t:title>Moby</t:title>s</t:p></r>";
    assert_eq!(x("text", ".", tei), "First line\nSecond line\n\none\ntwo of Mobys");
    assert_eq!(x("text", ".", "<r>a<l>b</l></r>"), "ab", "of no other namespace");
}

#[test]
fn a_break_of_tei_may_be_within_a_word() {
    for (xml, text, string) in [
        ("Vater<lb break='no'/>land", "Vaterland", "Vaterland"),
        ("Vater\n  <lb n='2' break='no'/>\n land ho", "Vaterland ho", "Vaterland ho"),
        ("Vater-<pb break='no'/><cb break='no'/><lb break='no'/>land", "Vater-land", "Vater-land"),
        ("mein<lb break='yes'/>Land<pb break='maybe'/>ist", "mein\nLand ist", "mein Land ist"),
        ("<p>a<lb/>b</p><p>c<pb/>d</p>", "a\nb\n\nc d", "a b c d"),
    ] {
        let xml = format!("<r xmlns='http://www.tei-c.org/ns/1.0'>{xml}</r>");
        let model = |kind: &str| {
            converter(json!({"record": "/*:r", "fields": [{"name": "x", "path": ["."], "type": kind}]}))
        };
        assert_eq!(document(&model("text"), &xml), json!({"x": text}), "{xml}");
        assert_eq!(document(&model("string"), &xml), json!({"x": string}), "{xml}");
    }
    assert_eq!(x("text", ".", "<r>a<br break='no'/>b</r>"), "a\nb", "of no other vocabulary");
}

#[test]
fn fractions_and_matrices_of_mathml_are_no_longer_numbers() {
    for (math, expected) in [
        ("<m:mn>2</m:mn><m:mfrac><m:mn>1</m:mn><m:mn>4</m:mn></m:mfrac>", "2 1 4"),
        (
            "<m:mfrac><m:mrow><m:mi>a</m:mi><m:mo>+</m:mo><m:mi>b</m:mi></m:mrow><m:mi>c</m:mi></m:mfrac>",
            "a+b c",
        ),
        (
            "<m:mi>x</m:mi><m:mo>=</m:mo><m:mfrac> <m:mi>a</m:mi> <m:mi>b</m:mi> </m:mfrac><m:mo>;</m:mo>",
            "x= a b ;",
        ),
        ("<m:mo>(</m:mo><m:mfrac><m:mi>a</m:mi><m:mi>b</m:mi></m:mfrac><m:mo>)</m:mo>", "(a b)"),
        ("<m:mtable><m:mtr><m:mtd>1</m:mtd><m:mtd>0</m:mtd></m:mtr></m:mtable>", "1 0"),
        ("<m:msup><m:mi>x</m:mi><m:mn>2</m:mn></m:msup>", "x2"),
    ] {
        let xml = format!("<r xmlns:m='http://www.w3.org/1998/Math/MathML'>{math}</r>");
        assert_eq!(x("text", ".", &xml), expected, "{xml}");
    }
}

#[test]
fn html_that_is_written_as_text_becomes_plain() {
    let field = |name: &str, html: &str| json!({"name": name, "path": [name], "type": "text", "html": html});
    let converter = converter(json!({"record": "/r", "blocks": ["*:x-note"], "fields": [
        field("a", "Text"),
        field("b", "ByType"),
        {"name": "c", "path": ["@c", "c"], "html": "Text", "repeated": true},
    ]}));
    let of = |xml: &str| document(&converter, xml);
    for (xml, expected) in [
        ("<r><a>&lt;p>One&lt;/p>&lt;p>two &amp;amp; three</a></r>", json!({"a": "One\n\ntwo & three"})),
        ("<r><a><![CDATA[x<br>y<x-note>z]]></a></r>", json!({"a": "x\ny\n\nz"})),
        ("<r><a>x <p>1 &amp;lt; 2</p></a></r>", json!({"a": "x\n\n1 &lt; 2"})),
        ("<r><b type='html'>Smith &amp;amp; Sons</b></r>", json!({"b": "Smith & Sons"})),
        ("<r><b type='text'>Smith &amp;amp; Sons</b></r>", json!({"b": "Smith &amp; Sons"})),
        ("<r><b>&lt;b></b></r>", json!({"b": "<b>"})),
        ("<r><b contenttype='text/html'>&lt;p>a&lt;p>b</b></r>", json!({"b": "a\n\nb"})),
        ("<r><b contenttype='text/plain'>&lt;p>a</b></r>", json!({"b": "<p>a"})),
        ("<r><b type='xhtml'><div>a<p>&amp;amp;</p></div></b></r>", json!({"b": "a\n\n&amp;"})),
        ("<r c='&lt;b>1&lt;/b>'/>", json!({"c": ["1"]})),
        ("<r c='&lt;p>'><c>&lt;i></c><c>2</c></r>", json!({"c": ["2"]})),
    ] {
        assert_eq!(of(xml), expected, "{xml}");
    }
}

#[test]
fn attributes_are_normalised() {
    assert_eq!(x("string", "@a", "<r a='&#9;x&amp;\r\n  y&#233; '/>"), "x& yé");
}

/// Text is taken in pieces: no border of one may show, wherever it falls.
#[test]
fn long_texts_are_collapsed_like_short_ones() {
    for blank in [" ", "  ", "\n", " \r\n\t"] {
        for word in ["w", "é", "日本", "📈"] {
            for shift in 0..5 {
                let words =
                    std::iter::once("x".repeat(shift + 1)).chain(std::iter::repeat_n(word.to_owned(), 3000));
                let words: Vec<_> = words.collect();
                let xml = format!("<r>{}{blank}</r>", words.join(blank));
                assert_eq!(x("string", ".", &xml), words.join(" "), "{word:?} {blank:?} {shift}");
            }
        }
    }
    let word = "é".repeat(5000);
    assert_eq!(x("text", ".", &format!("<r> {word}</r>")), word);
}
