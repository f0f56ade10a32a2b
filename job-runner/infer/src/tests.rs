mod archives;
mod items;
mod json_lists;
mod mending;
mod records;
mod values;

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use docmill_convert::Converter;
use docmill_crds::conversion::{Conversion, Entities, Field};

use super::pattern::Pattern;
use super::print::yaml;
use super::proposal::Proposal;
use super::samples::{Nothing, Samples};

fn samples(record: Option<&str>, objects: &[&str]) -> Samples {
    let mut samples = Samples::new(record.map(|record| Pattern::parse(record).unwrap()));
    for object in objects {
        samples.add(object.as_bytes()).unwrap().unwrap();
    }
    samples
}

fn proposal(objects: &[&str]) -> Proposal {
    samples(None, objects).propose().unwrap().0
}

/// The model as a user would read it from the output.
fn read(proposal: &Proposal) -> Conversion {
    let yaml = yaml(proposal);
    let conversion: Conversion =
        serde_saphyr::from_str(&yaml).unwrap_or_else(|error| panic!("{error}\n{yaml}"));
    assert_eq!(conversion, proposal.conversion(), "{yaml}");
    conversion.resolve().unwrap_or_else(|error| panic!("{error}\n{yaml}"));
    conversion
}

/// What the model of these objects refuses of them.
fn refusals<'o>(conversion: &Conversion, objects: impl IntoIterator<Item = &'o [u8]>) -> Vec<String> {
    let converter = Converter::new(&conversion.resolve().unwrap()).unwrap();
    let mut refusals = Vec::new();
    for object in objects {
        converter.convert(object, |verdict| refusals.extend(verdict.err().map(|r| r.to_string()))).unwrap();
    }
    refusals
}

/// A field as `name path type`, with `*` when it is repeated and `!` when it is required.
fn shown(fields: &[Field]) -> Vec<String> {
    fields
        .iter()
        .map(|field| {
            let mut text = format!("{} {} {}", field.name, field.path.join("|"), field.kind.as_str());
            text.push_str(if field.repeated { "*" } else { "" });
            text.push_str(if field.required { "!" } else { "" });
            if !field.fields.is_empty() {
                let _ = write!(text, " {{{}}}", shown(&field.fields).join(", "));
            }
            text
        })
        .collect()
}

/// The fields of the model of these objects, after it was checked against them.
fn fields(objects: &[&str]) -> Vec<String> {
    let conversion = read(&proposal(objects));
    assert_eq!(refusals(&conversion, objects.iter().map(|object| object.as_bytes())), [""; 0]);
    shown(&conversion.fields)
}

fn record(objects: &[&str]) -> String {
    let conversion = read(&proposal(objects));
    assert_eq!(refusals(&conversion, objects.iter().map(|object| object.as_bytes())), [""; 0]);
    conversion.record.unwrap()
}

#[test]
fn an_id_that_every_record_has_is_required_and_what_one_has_twice_is_repeated() {
    let objects = [
        "<a id='1'><head><title>One</title></head><tag>x</tag><tag>y</tag><note/></a>",
        "<a id='2'><head><title>Two</title><by>Ada</by></head><tag>z</tag><note>n</note></a>",
        "<a id='3'><head><title>Three</title><by> </by></head></a>",
    ];
    assert_eq!(
        fields(&objects),
        [
            "id @id string!",
            "title head/title string",
            "by head/by string",
            "tag tag string*",
            "note note string",
        ]
    );
    let proposal = proposal(&objects);
    let text = yaml(&proposal);
    assert!(text.contains("name: by, path: [head/by]} # in 1 of 3 documents: \"Ada\""), "{text}");
    assert!(text.contains("required: true} # the guid, in all of 3 documents: \"1\""), "{text}");
    assert!(text.contains("# the headline, in all of 3 documents: \"One\""), "{text}");
    assert!(text.contains("\n# For spec.index of an IngestSource: {id: \"{id}\"}\n"), "{text}");
}

#[test]
fn a_type_is_one_that_every_value_fits() {
    let one = "<a n='1' f='1.5' b='true' t='2026-01-02T10:11:12+01:00' d='2026-01-02' date='20260102' u='https://a/' xml:lang='en' word='en' code='12' z='007'/>";
    let two = "<a n='-2' f='2' b='false' t='Fri, 02 Jan 2026 10:11:12 GMT' d='2026-02-03' date='20260203' u='urn:x:1' xml:lang='de-AT' word='or' code='13' z='1'/>";
    assert_eq!(
        fields(&[one, two]),
        [
            "n @n integer",
            "f @f number",
            "b @b boolean",
            "t @t dateTime",
            "d @d date",
            "date @date date",
            "u @u uri",
            "lang @xml:lang language",
            "word @word string",
            "code @code string",
            "z @z string",
        ]
    );
    let not = "<a n='x' f='x' b='1' t='2026-01-02' d='soon' date='x' u='x' xml:lang='en_US' word='.' code='-' z='-'/>";
    assert!(fields(&[one, not]).iter().all(|field| field.ends_with(" string")));
}

#[test]
fn repeated_elements_with_several_parts_are_objects() {
    let object = "<a><author id='x'><name>Ada</name><mail>a@b</mail></author><author id='y'><name>Bob</name></author>\
         <tags><tag key='p'/><tag key='q'/></tags><link href='urn:x:1' rel='self'/></a>";
    assert_eq!(
        fields(&[object]),
        [
            "author author object* {id @id string, name name string, mail mail string}",
            "tag tags/tag/@key string*",
            "linkHref link/@href uri",
            "linkRel link/@rel string",
        ]
    );
    let names = |fields: Vec<String>| fields.concat();
    assert!(names(fields(&["<a><kwd kwd-type='x' other='y'>z</kwd></a>"])).contains("kwdType kwd/@kwd-type"));
}

#[test]
fn mixed_content_and_paragraphs_are_text() {
    let object =
        "<a><title>Rates <em>rise</em></title><body><p>One</p><p>Two</p></body><c>\n<x>plain</x>\n</c></a>";
    assert_eq!(fields(&[object]), ["title title text", "body body text", "x c/x string"]);
    let text = yaml(&proposal(&[object]));
    assert!(text.contains("# the body, in all of 1 document: \"One\""), "{text}");
}

#[test]
fn the_own_text_of_an_object_and_of_a_record_are_values() {
    assert_eq!(fields(&["<a>7</a>", "<a>8</a>"]), ["value . integer"]);
    assert_eq!(
        fields(&["<a><h>of more bytes</h><c t='x'>One</c><c>Two</c></a>"]),
        ["h h string", "c c object* {value . string, t @t string}"]
    );
}

#[test]
fn a_record_with_text_alone_does_not_hide_what_others_have() {
    assert_eq!(fields(&["<a><b>1</b></a>", "<a>...</a>"]), ["b b integer"]);
    let text = yaml(&proposal(&["<a><b>1</b></a>", "<a>...</a>"]));
    assert!(text.contains("# Left out:\n#   text of records that have nothing but text"), "{text}");
    assert_eq!(fields(&["<a>x <b>1</b></a>", "<a>...</a>"]), ["value . text"]);
}

#[test]
fn names_of_characters_are_read_and_allowed() {
    let object = "<!DOCTYPE a SYSTEM 'a.dtd'><a id='1' k='&eacute;'><t>x&nbsp;&mdash;</t></a>";
    let conversion = read(&proposal(&[object]));
    assert_eq!(conversion.entities, Some(Entities::Named));
    assert_eq!(refusals(&conversion, [object.as_bytes()]), [""; 0]);
    assert_eq!(read(&proposal(&["<a id='1'><t>x&amp;y</t></a>"])).entities, None);
    assert!(Samples::new(None).add("<a>&wire;</a>".as_bytes()).unwrap().is_err());
}

#[test]
fn members_of_json_are_fields_and_items_of_lists_are_records() {
    let feed = r#"{"feed": {"title": "Wire"}, "items": [
        {"id": 1, "head": {"title": "Rates rise", "word count": 412}, "keywords": ["bank", "money"],
         "authors": [{"name": "Ada", "mail": "a@b"}, {"name": "Bob", "mail": null}]},
        {"id": 2, "head": {"title": "Rates fall"}, "sent": 1767312000, "keywords": []}]}"#;
    assert_eq!(
        fields(&[feed]),
        [
            "id id string!",
            "title head.title string",
            "wordCount head['word count'] integer",
            "keywords keywords string*",
            "authors authors object* {name name string, mail mail string}",
            "sent sent dateTime",
        ]
    );
    assert_eq!(record(&[feed]), "$.items");
    let text = yaml(&proposal(&[feed]));
    for part in ["format: Json\n", "path: [id], trim: true, required: true}", "formats: [epochSeconds]"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert_eq!(record(&["{\"a\": \"x\"}\n{\"a\": \"y\"}\n"]), "$");
    assert_eq!(record(&["[{\"a\": \"x\"}, {\"a\": \"y\"}]"]), "$");
    assert_eq!(record(&["{\"a\": {\"p\": \"one\", \"q\": [1, 2.5, true]}}"]), "$");
}

#[test]
fn samples_of_another_format_or_that_are_no_json_do_not_count() {
    let mut samples = samples(None, &["{\"a\": \"x\"}"]);
    for (other, line, reason) in [("<a/>", 1, "MalformedJson"), ("{\"a\":\n x}", 2, "MalformedJson")] {
        let refusal = samples.add(other.as_bytes()).unwrap().unwrap_err();
        assert_eq!((refusal.reason.as_str(), refusal.faults[0].line), (reason, line), "{other}");
    }
    assert_eq!(samples.propose().unwrap().0.documents, 1);
    let mut of_elements = self::samples(Some("/a"), &["<a><b>1</b></a>"]);
    assert_eq!(of_elements.add(&b"{}"[..]).unwrap().unwrap_err().reason.as_str(), "MalformedXml");
}

#[test]
fn what_samples_have_by_chance_is_not_demanded_of_others() {
    let objects = [
        "<a id='1'><t>x</t><note>n</note><lang>en</lang><words>7</words></a>",
        "<a id='2'><t>y</t><note>m</note><lang>de</lang><words>8</words></a>",
    ];
    let conversion = read(&proposal(&objects));
    assert_eq!(refusals(&conversion, [&b"<a id='3'><t>z</t><lang>fr</lang></a>"[..]]), [""; 0]);
    let odd = b"<a id='4'><lang>?</lang><words>many</words></a>";
    assert_eq!(refusals(&conversion, [&odd[..]]), [""; 0], "a value of another type is left out");
    assert_eq!(refusals(&conversion, [&b"<a><t>z</t></a>"[..]]).len(), 1, "an index needs an id");
}

#[test]
fn what_all_of_many_documents_have_is_required() {
    let object = |number: usize| {
        let documents: Vec<_> = (0..10).map(|n| format!("<d n='{n}'><t>x</t><u>y</u></d>")).collect();
        let last = if number == 0 { "<d n='10'><t>x</t></d>" } else { "" };
        format!("<r>{}{last}</r>", documents.concat())
    };
    let objects: Vec<_> = (0..30).map(object).collect();
    let all: Vec<_> = objects.iter().map(String::as_str).collect();
    assert_eq!(fields(&all), ["n @n integer!", "t t string!", "u u string"]);
    assert_eq!(fields(&all[1..]), ["n @n integer", "t t string", "u u string"], "too few objects");
}

#[test]
fn dates_in_parts_are_dates_and_others_have_their_format() {
    let objects = [
        "<a><pub><year>2026</year><month>Jan</month><day>2</day><season>s</season></pub><printed>02.01.2026</printed><v><volume>12</volume></v></a>",
        "<a><pub><year>2025</year><month>12</month></pub><printed>31.12.2025</printed><at>2025-12-31T10:00:00</at></a>",
    ];
    assert_eq!(
        fields(&objects),
        [
            "pub pub date",
            "season pub/season string",
            "printed printed date",
            "volume v/volume string",
            "at at string",
        ]
    );
    let text = yaml(&proposal(&objects));
    assert!(text.contains("type: date, parts: {year: year, month: month, day: day}}"), "{text}");
    assert!(text.contains("type: date, formats: [\"%d.%m.%Y\"]}"), "{text}");
    assert!(text.contains("in 1 of 2 documents, a dateTime, if you say its timeZone"), "{text}");
    let dates =
        "<d k='x'><year>2026</year><month>1</month></d><d k='y'><year>2025</year><month>2</month></d>";
    let object = format!("<a><t>a text that is most of the record by far</t>{dates}</a>");
    assert_eq!(fields(&[&object])[1], "d d object* {date . date, k @k string}");
}

#[test]
fn one_of_several_ids_is_told_by_its_attribute() {
    let object = |number: u8, more: &str| {
        let text = "a text that is most of it ".repeat(4);
        format!(
            "<article><front><article-id pub-id-type='pmid'>{number}</article-id>\
             <article-id pub-id-type='doi'>10.1/{number}</article-id>{more}</front><p>{text}</p></article>"
        )
    };
    let objects = [object(7, ""), object(8, "<article-id pub-id-type='other'>x</article-id>"), object(9, "")];
    assert_eq!(
        fields(&objects.each_ref().map(String::as_str))[..3],
        [
            "doi front/article-id[@pub-id-type='doi'] string!",
            "pmid front/article-id[@pub-id-type='pmid'] string",
            "articleId front/article-id object* {value . string, pubIdType @pub-id-type string}",
        ]
    );
}

#[test]
fn an_id_is_a_string_whatever_the_samples_look_like() {
    let objects = ["<a guid='urn:x:1'><t>x</t></a>", "<a guid='urn:x:2'><t>y</t></a>"];
    assert_eq!(fields(&objects), ["guid @guid string!", "t t string"]);
    let conversion = read(&proposal(&objects));
    assert_eq!(refusals(&conversion, [&b"<a guid='no uri'><t>z</t></a>"[..]]), [""; 0]);
}

#[test]
fn namespaces_get_the_prefixes_of_the_samples() {
    let objects = [
        "<feed xmlns='urn:f' xmlns:m='urn:m'><entry><t>one</t><m:i m:href='x'/></entry><entry><t>two</t></entry></feed>",
        "<f:feed xmlns:f='urn:f' xmlns:m='urn:other'><f:entry><f:t>three</f:t><m:i>x</m:i></f:entry><f:entry><f:t>four</f:t></f:entry></f:feed>",
    ];
    let conversion = read(&proposal(&objects));
    assert_eq!(conversion.record.as_deref(), Some("/feed/entry"));
    assert_eq!(conversion.default_namespaces, Some(vec!["urn:f".to_owned()]));
    let namespaces: Vec<_> = conversion.namespaces.iter().map(|(p, u)| format!("{p}={u}")).collect();
    assert_eq!(namespaces, ["m=urn:m", "m2=urn:other"]);
    assert_eq!(fields(&objects), ["t t string", "i m:i/@m:href string", "i2 m2:i string"]);
}

#[test]
fn what_is_beyond_the_caps_is_left_out_and_said_so() {
    let many: String = (0..250).fold(String::new(), |mut text, n| {
        let _ = write!(text, "<f{n}>x</f{n}>");
        text
    });
    let deep = "<o k='1'><o k='2'><o k='3'><o k='4'/><o k='4'/></o><o k='3'/></o><o k='2'/></o><o k='1'/>";
    let object = format!("<a>{many}{deep}</a>");
    let proposal = proposal(&[&object, "<a><f249>x</f249></a>"]);
    let conversion = read(&proposal);
    assert_eq!(conversion.fields.len(), 200);
    assert!(conversion.fields.iter().any(|field| field.name == "f249"), "the most frequent ones are kept");
    let text = yaml(&proposal);
    assert!(text.contains("#   f199: more than 200 fields"), "{text}");
    assert!(text.contains("#   and "), "{text}");

    let proposal = self::proposal(&[&format!("<a><t>long enough to be the most of all</t>{deep}</a>")]);
    let text = yaml(&proposal);
    assert!(text.contains("#   o/o/o: objects nest 3 deep"), "{text}");
}

#[test]
fn a_flood_of_names_is_bounded_and_said() {
    let mut flood = String::from("<a>");
    for n in 0..5000 {
        let _ = write!(flood, "<f{n} a='1'/>");
    }
    flood.push_str("</a>");
    let proposal = proposal(&[&flood]);
    read(&proposal);
    assert!(yaml(&proposal).contains("paths beyond the first 2,000"));
}

#[test]
fn one_that_is_not_well_formed_does_not_count() {
    let mut samples = samples(None, &["<a><b>1</b></a>"]);
    let refusal = samples.add(&b"<a><b>x</b><c>1</c>\n</b>"[..]).unwrap().unwrap_err();
    assert_eq!(refusal.faults[0].line, 2);
    let (proposal, _) = samples.propose().unwrap();
    assert_eq!(shown(&proposal.conversion().fields), ["b b integer"]);
}

#[test]
fn without_samples_or_values_nothing_is_proposed() {
    let nothing = |objects: &[&str]| samples(None, objects).propose().map(|_| ()).unwrap_err();
    assert_eq!(nothing(&[]), Nothing::Samples);
    assert_eq!(nothing(&["<a/>"]), Nothing::Values("/a".into()));
}

#[test]
fn values_and_names_that_look_like_yaml_are_quoted() {
    let object = "<a><no x='\u{85} # \" \u{2028}'/><true>: [</true></a>";
    assert_eq!(fields(&[object]), ["no no/@x string", "true true string"]);
}

fn testdata() -> Vec<(PathBuf, Vec<PathBuf>)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../testdata");
    let mut folders = Vec::new();
    for folder in ["atom", "jats", "newsml-g2", "nitf", "rss"] {
        let files = fs::read_dir(root.join(folder)).unwrap().map(|entry| entry.unwrap().path());
        let mut files: Vec<_> = files.filter(|path| path.extension().is_some_and(|e| e == "xml")).collect();
        files.sort();
        folders.push((PathBuf::from(folder), files));
    }
    folders
}

/// The model of these files, and what it refuses of those that it is made of.
fn check(files: &[PathBuf]) -> (Proposal, Vec<String>, usize) {
    let mut samples = Samples::new(None);
    let mut good = Vec::new();
    for file in files {
        let bytes = fs::read(file).unwrap();
        if samples.add(&bytes[..]).unwrap().is_ok() {
            good.push(bytes);
        }
    }
    let (proposal, without) = samples.propose().unwrap();
    let mut refusals = refusals(&read(&proposal), good.iter().map(Vec::as_slice));
    let without = without.values().sum::<u64>();
    let mut expected = without;
    refusals.retain(|refusal| {
        let is_expected = expected > 0 && refusal.starts_with("NoRecord");
        expected -= u64::from(is_expected);
        !is_expected
    });
    (proposal, refusals, usize::try_from(without).unwrap())
}

#[test]
fn the_model_of_samples_refuses_none_of_them() {
    let mut checked = 0;
    for (folder, files) in testdata() {
        let (proposal, refused, without) = check(&files);
        if std::env::var_os("SHOW_INFERRED").is_some() {
            println!("=== {} ({without} without)\n{}", folder.display(), yaml(&proposal));
        }
        assert_eq!(refused, [""; 0], "{}", folder.display());
        for file in &files {
            let mut samples = Samples::new(None);
            let bytes = fs::read(file).unwrap();
            if samples.add(&bytes[..]).unwrap().is_err() {
                continue;
            }
            let (_, refused, without) = check(std::slice::from_ref(file));
            assert_eq!((refused, without), (Vec::new(), 0), "{}", file.display());
            checked += 1;
        }
    }
    assert!(checked >= 20, "only {checked} files were checked");
}
