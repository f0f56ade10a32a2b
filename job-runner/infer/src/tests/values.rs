use docmill_convert::{Converter, Document};
use serde_json::{Value, json};

use super::super::print::yaml;
use super::{fields, proposal, read, record};

#[test]
fn html_that_is_written_as_text_becomes_plain() {
    let objects = [
        "<a><t>Rates &lt;em&gt;rise&lt;/em&gt;</t><b><![CDATA[<p>One</p><p>Two</p>]]></b><c>1 &lt; 2</c></a>",
        "<a><t>Rates fall</t><b>None</b></a>",
    ];
    assert_eq!(fields(&objects), ["t t string", "b b text", "c c string"]);
    let text = yaml(&proposal(&objects));
    for part in ["path: [t], html: Text}", "path: [b], type: text, html: Text}", "path: [c]}"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let json = r#"{"id": "urn:a:1", "body": "<p>One</p>"}"#;
    assert_eq!(fields(&[json]), ["id id string!", "body body text"]);
}

#[test]
fn what_a_collection_holds_is_repeated_even_if_there_is_one_in_each() {
    let object = "<a><t>Rates rise again</t><authors><author><name>Ada</name><mail>a@b</mail></author></authors>\
         <keywordList><keyword>x</keyword></keywordList><ids><id>7</id></ids><set><name>n</name></set></a>";
    assert_eq!(
        fields(&[object, object]),
        [
            "t t string",
            "author authors/author object* {name name string, mail mail string}",
            "keyword keywordList/keyword string*",
            "id ids/id string",
            "name set/name string",
        ]
    );
}

#[test]
fn dates_of_several_forms_and_ids_that_are_shared_are_pointed_out() {
    let dates = ["2026-01-02T10:11:12Z", "2026-01-02", "02.01.2026", "2 Jan 2026", "2026-01-02 10:11"];
    let objects = dates.map(|date| format!("<a id='1'><sent>{date}</sent><t>Rates rise</t></a>"));
    let objects = objects.each_ref().map(String::as_str);
    assert_eq!(fields(&objects), ["id @id string", "sent sent string", "t t string"]);
    let text = yaml(&proposal(&objects));
    for part in [
        "# No field is an id:",
        "in all of 5 documents, which some share: the guid, if a later document replaces an earlier one: \"1\"",
        "in all of 5 documents, dates, if you say their formats and timeZone: \"2026-01-02T10:11:12Z\"",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    read(&proposal(&objects));
}

#[test]
fn attributes_for_validators_are_no_fields() {
    let object = "<a xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance' xsi:schemaLocation='urn:a a.xsd'>\
         <b xsi:nil='true'/><c xsi:type='x'>1</c></a>";
    assert_eq!(fields(&[object]), ["c c integer", "cType c/@xsi:type string"]);
}

#[test]
fn items_deep_in_envelopes_are_records_if_they_look_like_some() {
    let item = |n: u8| format!("<Item id='{n}'><title>Rates rise again</title></Item>");
    let within =
        |items: String| format!("<E><Body><Answer><Result><L>{items}</L></Result></Answer></Body></E>");
    assert_eq!(record(&[&within(item(1) + &item(2))]), "/E/Body/Answer/Result/L/Item");
    let plain = "<x><y>Rates rise again</y></x>".repeat(2);
    assert_eq!(record(&[&within(plain)]), "/E");
}

#[test]
fn names_in_any_letters_make_fields() {
    let object = "<a><Überschrift>Rates</Überschrift><заголовок>Ставки</заголовок><標題>利率</標題><शीर्षक>दर</शीर्षक></a>";
    let fields = fields(&[object]);
    let expected = [
        "uberschrift Überschrift string",
        "field заголовок string",
        "field2 標題 string",
        "field3 शीर्षक string",
    ];
    assert_eq!(fields, expected);
    let text = yaml(&proposal(&[object]));
    assert_eq!(text.matches("to be named by you, in letters from A to Z").count(), 3, "{text}");
}

#[test]
fn parts_of_what_is_a_mere_text_elsewhere_are_set_apart() {
    let of = |by: &str| {
        let article =
            |by: &str| format!("<a xmlns:x='urn:x'><t>Rates rise for the first time in years</t>{by}</a>");
        let object = article("<by>Ada</by>") + &article(by);
        let conversion = read(&proposal(&[&object]));
        let converter = Converter::new(&conversion.resolve().unwrap()).unwrap();
        let mut texts = Vec::new();
        let mut note =
            |document: Document| texts.push(serde_json::from_str::<Value>(document.json()).unwrap());
        converter.convert(object.as_bytes(), |verdict| note(verdict.unwrap())).unwrap();
        (conversion.cells, texts.pop().unwrap()["by"].clone())
    };
    let cases: [(&str, &[&str], &str); 7] = [
        ("<by><name>Bob</name><mail>b@x</mail></by>", &["mail", "name"], "Bob b@x"),
        ("<by><who><name>Bob</name><x:mail>b@x</x:mail></who></by>", &["name", "x:mail"], "Bob b@x"),
        ("<by><name>Bob</name><name>Cy</name></by>", &["name"], "Bob Cy"),
        // Known to be apart, or not to be.
        ("<by><p>Bob</p><p>Cy</p></by>", &[], "Bob\n\nCy"),
        ("<by><em>H</em><sub>2</sub></by>", &[], "H2"),
        ("<by><name>Bob</name></by>", &[], "Bob"),
        ("<by>von <name>Bob</name><mail>b@x</mail></by>", &[], "von Bobb@x"),
    ];
    for (by, cells, text) in cases {
        assert_eq!(of(by), (cells.iter().map(|name| (*name).to_owned()).collect(), json!(text)), "{by}");
    }
}
