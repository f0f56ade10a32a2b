use docmill_crds::conversion::Field;

use super::super::print::yaml;
use super::super::samples::Nothing;
use super::{fields, proposal, read, record, refusals, samples, shown};

#[test]
fn records_are_the_roots_or_what_repeats_in_them() {
    assert_eq!(record(&["<a><b>x</b><c>y</c></a>"]), "/a");
    let feed = "<rss><channel><title>t</title><item><x>some text</x></item><item><x>more text</x></item></channel></rss>";
    assert_eq!(record(&[feed]), "/rss/channel/item");
    assert_eq!(record(&["<l><d n='1'/><d n='2'/></l>"]), "/l/d");
    assert_eq!(
        record(&["<a><keyword>much longer than the rest</keyword><keyword>x</keyword><t>y</t></a>"]),
        "/a"
    );
    assert_eq!(record(&["<a><h>x</h><p>Much longer</p><p>than the rest.</p></a>"]), "/a");
    let alone = "<item><x>a third</x></item>";
    assert_eq!(record(&[feed, alone]), "//item");
}

#[test]
fn records_are_three_levels_down_or_the_single_one_of_a_collection() {
    let item = "<item><id>1</id><x>some text</x></item><item><id>2</id><x>more text</x></item>";
    let envelope = format!("<env><head/><body><items>{item}</items></body></env>");
    assert_eq!(record(&[&envelope]), "/env/body/items/item");
    let play = "<text><body><div><head>I</head><sp>one</sp></div><div><head>II</head><sp>two</sp></div></body></text>";
    assert_eq!(record(&[&format!("<TEI>{play}</TEI>")]), "/TEI", "parts of a document are no records");
    let article = "<PubmedArticle><PMID>1</PMID><t>x</t></PubmedArticle>";
    assert_eq!(
        record(&[&format!("<PubmedArticleSet>{article}</PubmedArticleSet>")]),
        "/PubmedArticleSet/PubmedArticle"
    );
    let item = "<newsItem guid='1'><t>x</t></newsItem>";
    assert_eq!(
        record(&[&format!("<message><itemSet>{item}</itemSet></message>")]),
        "/message/itemSet/newsItem"
    );
}

#[test]
fn documents_one_after_the_other_are_records() {
    let object = "<?xml version='1.0'?><a id='1'><t>x</t></a>\n<?xml version='1.0'?><a id='2'><t>y</t></a>";
    let proposal = proposal(&[object]);
    let conversion = read(&proposal);
    assert_eq!((conversion.concatenated, conversion.record.as_deref()), (true, Some("/a")));
    assert_eq!((proposal.documents, proposal.objects), (2, 1));
    assert_eq!(refusals(&conversion, [object.as_bytes()]), [""; 0]);
    assert!(!read(&self::proposal(&["<a id='1'/>\n<!-- end -->\n"])).concatenated);
    // The mark of a file that was appended, and had nothing in it.
    let marked = "<a id='1'/>\n\u{feff}\n";
    let conversion = read(&self::proposal(&[marked]));
    assert!(conversion.concatenated);
    assert_eq!(refusals(&conversion, [marked.as_bytes()]), [""; 0]);
}

#[test]
fn samples_of_another_kind_are_passed_over() {
    let (proposal, without) =
        samples(None, &["<a><t>1</t></a>", "<b><t>1</t></b>", "<a><t>2</t></a>"]).propose().unwrap();
    assert_eq!(proposal.record(), "/a");
    assert_eq!(without.into_iter().collect::<Vec<_>>(), [("b".to_owned(), 1)]);
}

#[test]
fn records_of_several_kinds_that_are_kin_have_one_model_and_one_guid() {
    let rss = "<rss><channel><item><guid>1</guid><title>t</title><link>l</link></item>\
         <item><guid>2</guid><title>u</title><link>m</link></item></channel></rss>";
    let atom = "<feed xmlns='urn:atom'><entry><id>a</id><title>v</title><link>n</link></entry>\
         <entry><id>b</id><title>w</title><link>o</link></entry></feed>";
    assert_eq!(record(&[rss, atom]), "/rss/channel/item | /feed/entry");
    assert_eq!(fields(&[rss, atom]), ["guid guid|id string!", "title title string", "link link string"]);
    let same = "<feed xmlns='urn:atom'><entry><guid>1</guid><title>t</title><link>l</link></entry>\
         <entry><guid>2</guid><title>u</title><link>m</link></entry></feed>";
    assert_eq!(fields(&[rss, same])[0], "guid guid string", "two kinds have the same ids");
    let page = "<html><body>x</body><title>y</title></html>";
    let (proposal, without) = samples(None, &[rss, page]).propose().unwrap();
    assert_eq!((proposal.record(), without.len()), ("/rss/channel/item", 1));
    let often = record(&[rss, rss, page, page]);
    assert_eq!(often, "/rss/channel/item | /html", "pages are not there by chance");
}

#[test]
fn a_person_can_say_what_a_record_is() {
    let objects = ["<f xmlns='urn:f'><e k='1'><t>x</t></e><g><e k='2'/></g><e/></f>"];
    for (pattern, expected) in [("/f/e", "/*:f/*:e"), ("//e[@k]", "//*:e[@k]"), ("e", "")] {
        match samples(Some(pattern), &objects).propose() {
            Ok((proposal, _)) => {
                let conversion = read(&proposal);
                assert_eq!(conversion.record.as_deref(), Some(expected));
                assert_eq!(conversion.default_namespaces.as_deref(), Some(&["urn:f".to_owned()][..]));
                assert_eq!(refusals(&conversion, [objects[0].as_bytes()]), [""; 0]);
            }
            Err(nothing) => assert_eq!((nothing, expected), (Nothing::Record("f".into()), "")),
        }
    }
    let (proposal, _) = samples(Some("//e[@k]"), &objects).propose().unwrap();
    assert_eq!(shown(&proposal.conversion().fields), ["k @k integer", "t t string"]);
}

#[test]
fn values_around_the_records_are_listed_with_the_path_that_takes_them() {
    let item = "<item><x>some text of an item</x></item>".repeat(2);
    let feed = format!(
        "<rss version='2.0' xmlns:s='urn:s'><channel s:k='v'><title>Wire</title>{item}\
         <note><p>One</p></note><none/></channel></rss>"
    );
    let page = r#"{"feed": {"title": "Wire"}, "items": [{"t": "Rates rise again"}, {"t": "Oil is cheap"}]}"#;
    for (object, around) in [
        (
            feed.as_str(),
            &[
                ("/rss/@version", " (2.0)"),
                ("/rss/channel/@s:k", " (v)"),
                ("/rss/channel/title", " (Wire)"),
                ("/rss/channel/note", ""),
            ][..],
        ),
        (page, &[("$.feed.title", " (Wire)")][..]),
    ] {
        let proposal = proposal(&[object]);
        let (text, mut conversion) = (yaml(&proposal), read(&proposal));
        for (number, (path, example)) in around.iter().enumerate() {
            let note = format!("{path}: around the documents{example}; a field with this path");
            assert!(text.contains(&note), "{note}: {text}");
            let (name, path) = (format!("around{number}"), vec![(*path).to_owned()]);
            conversion.fields.push(Field { name, path, required: true, ..Field::default() });
        }
        assert_eq!(text.matches("around the documents").count(), around.len(), "{text}");
        // The note comes after the items.
        let behind = conversion.fields.iter_mut().filter(|field| field.path == ["/rss/channel/note"]);
        behind.for_each(|field| field.required = false);
        assert_eq!(refusals(&conversion, [object.as_bytes()]), [""; 0]);
    }
    assert!(!yaml(&proposal(&["<a><b>x</b></a>"])).contains("around the documents"));
}

#[test]
fn what_repeats_elsewhere_is_told_with_the_record_that_takes_it() {
    let dump = "<dump><users><user><name>Ada</name></user><user><name>Bob</name></user></users>\
         <orders><order no='0012'><total>a text that is most of it</total></order>\
         <order no='0013'><total>a text that is most of it</total></order></orders></dump>";
    let proposal = proposal(&[dump]);
    assert_eq!(proposal.record(), "/dump/orders/order");
    let beside: Vec<_> = proposal.beside().collect();
    assert_eq!(
        beside,
        [
            "/dump/users/user: 2 beside the records; to take them too, write /dump/orders/order | /dump/users/user"
        ]
    );
}
