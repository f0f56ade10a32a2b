//! Attacks by markup: entities, floods and depths, and what is not well-formed.

use docmill_crds::reason::Reason::{EmptyObject, EntityRefused, LimitExceeded, MalformedXml, NoRecord};

use super::stream::Attack;

const MIB: u64 = 1 << 20;

/// So much is read of a token without an end: the cap on it, and the portion that goes beyond.
const TOKEN: u64 = 40 * MIB;

/// The parts of an article around the text of its body; `root` is put into its first tag.
pub fn article(root: &str) -> (String, &'static str) {
    let start = format!(
        "<nitf xml:lang='en'{root}><head><docdata><doc-id id-string='urn:x:1'/><date.issue norm='2024-01-01T00:00:00Z'/>\
         </docdata></head><body><body.head><hedline><hl1>h</hl1></hedline></body.head><body.content><p>"
    );
    (start, "</p></body.content></body></nitf>")
}

/// An article with this text in its body, after a prolog.
pub fn with_text(prolog: &str, text: &str) -> String {
    let (start, end) = article("");
    format!("{prolog}{start}{text}{end}")
}

/// Articles that ask for something to be read from elsewhere.
pub fn requests() -> Vec<String> {
    let include =
        "<xi:include xmlns:xi='http://www.w3.org/2001/XInclude' parse='text' href='file:///etc/passwd'/>";
    let schema = " xmlns:s='http://www.w3.org/2001/XMLSchema-instance' s:schemaLocation='urn:x http://127.0.0.1:9/x.xsd'";
    let (start, end) = article(schema);
    vec![
        with_text("<!DOCTYPE nitf SYSTEM 'http://127.0.0.1:9/x.dtd'>", "plain"),
        with_text("<!DOCTYPE nitf PUBLIC '-//X//Y' 'file:///dev/zero'>", "plain"),
        with_text("<!DOCTYPE nitf SYSTEM '/dev/zero' [<!NOTATION n SYSTEM 'file:///etc/passwd'>]>", "plain"),
        with_text(
            "<!DOCTYPE nitf [<!NOTATION n SYSTEM 'n'><!ENTITY x SYSTEM '/dev/zero' NDATA n>]>",
            "plain",
        ),
        with_text("<!DOCTYPE nitf [<!ATTLIST nitf xml:lang CDATA 'de' more CDATA #FIXED 'x'>]>", "plain"),
        with_text("<?xml-stylesheet type='text/xsl' href='http://127.0.0.1:9/x.xsl'?>", "plain"),
        with_text("<?xml-model href='http://127.0.0.1:9/x.rng'?>", "plain"),
        with_text("", &format!("plain{include}")),
        format!("{start}plain{end}"),
    ]
}

pub fn attacks() -> Vec<Attack> {
    [entities(), endless(), floods(), broken()].into_iter().flatten().collect()
}

fn entities() -> Vec<Attack> {
    let levels = (1..10).map(|n| format!("<!ENTITY e{n} '{}'>", format!("&e{};", n - 1).repeat(10)));
    let laughs = format!("<!DOCTYPE nitf [<!ENTITY e0 'lol'>{}]>", levels.collect::<Vec<_>>().concat());
    let long = format!("<!DOCTYPE nitf [<!ENTITY a '{}'>]>", "x".repeat(50_000));
    let declared = "declarations of entities";
    [
        ("billion laughs", declared, with_text(&laughs, "&e9;")),
        ("quadratic blowup", declared, with_text(&long, &"&a;".repeat(50_000))),
        ("a file", declared, with_text("<!DOCTYPE n [<!ENTITY x SYSTEM 'file:///etc/passwd'>]>", "&x;")),
        (
            "an address",
            declared,
            with_text("<!DOCTYPE n [<!ENTITY x SYSTEM 'http://169.254.169.254/'>]>", "&x;"),
        ),
        ("itself", declared, with_text("<!DOCTYPE n [<!ENTITY x '&x;'>]>", "&x;")),
        (
            "parameter",
            declared,
            with_text("<!DOCTYPE n [<!ENTITY % p SYSTEM 'http://127.0.0.1:9/'> %p;]>", ""),
        ),
        ("parameter alone", declared, with_text("<!DOCTYPE n SYSTEM 'x.dtd' [%p;]>", "")),
        ("after a decoy", declared, with_text("<!DOCTYPE n [<!-- ]> --><?a ]>?><!ENTITY x 'y'>]>", "")),
        ("of a default", "one of the entities", with_text("<!DOCTYPE n [<!ATTLIST n a CDATA '&x;'>]>", "")),
        ("of an external DTD", "one of the entities", with_text("<!DOCTYPE n SYSTEM 'x.dtd'>", "&wire;")),
        (
            "unparsed, and used",
            "one of the entities",
            with_text("<!DOCTYPE n [<!ENTITY x SYSTEM '/dev/zero' NDATA n>]>", "&x;"),
        ),
    ]
    .map(|(name, expected, xml)| Attack::new(name, EntityRefused, expected).part(xml, 1))
    .into()
}

/// What never ends.
fn endless() -> Vec<Attack> {
    let (start, _) = article("");
    let token = "at most 16777216 bytes";
    [
        ("endless depth", "levels of elements", start.as_str(), "<a>", MIB),
        ("endless elements", "at most 5000000 nodes", &start, "<p/>", TOKEN),
        ("endless text", token, &start, "A", TOKEN),
        ("endless blanks", token, &start, " ", TOKEN),
        ("endless comment", token, &start, "<!-- x", TOKEN),
        ("endless comments", "at most 5000000 nodes", &start, "<!---->", TOKEN),
        ("endless CDATA", token, &start, "<![CDATA[x", TOKEN),
        ("endless CDATAs", "at most 5000000 nodes", &start, "<![CDATA[x]]>", 64 * MIB),
        ("endless instruction", token, &start, "<?x y", TOKEN),
        ("endless tag", token, "<nitf ", "a", TOKEN),
        ("endless value", token, "<nitf a='", "A", TOKEN),
        ("endless attributes", token, "<nitf", " a='1'", TOKEN),
        ("endless end", token, "<nitf></nitf", " ", TOKEN),
        ("endless number", token, "<nitf>&#", "1", TOKEN),
        ("endless references", "at most 5000000 nodes", &start, "&amp;", TOKEN),
        ("endless space before", token, "", " ", TOKEN),
        ("endless DOCTYPE", "at most 1048576 bytes", "<!DOCTYPE nitf [", "<!ELEMENT a ANY>", 4 * MIB),
        ("endless address", "at most 1048576 bytes", "<!DOCTYPE nitf SYSTEM '", "x", 4 * MIB),
        ("endless groups", "groups in each other", "<!DOCTYPE nitf [<!ELEMENT a ", "(", MIB),
        ("endless choice", "at most 1048576 bytes", "<!DOCTYPE n [<!ELEMENT a (b", "|b", 4 * MIB),
    ]
    .map(|(name, expected, before, again, most)| {
        Attack::new(name, LimitExceeded, expected).part(before, 1).part(again, u64::MAX).reads(most)
    })
    .into()
}

/// What ends, but is too much.
fn floods() -> Vec<Attack> {
    let list = |count: u32, of: fn(u32) -> String| (0..count).map(of).collect::<Vec<_>>().concat();
    let attributes = list(100_000, |n| format!(" a{n}='1'"));
    let namespaces = list(20_000, |n| format!(" xmlns:n{n}='urn:{n}'"));
    let nested = |level: u32| format!("<a xmlns:p{level}='{}'>", "u".repeat(100_000));
    let root = |root: &str| article(root).0;
    [
        ("attributes", "at most 256 attributes", root(&attributes), 4 * MIB),
        ("namespaces", "at most 256 attributes", root(&namespaces), 4 * MIB),
        ("namespaces in depth", "namespaces of at most", root("") + &list(100, nested), 4 * MIB),
        (
            "a value",
            "an attribute of at most 1048576 bytes",
            root(&format!(" a='{}'", "A".repeat(2 << 20))),
            8 * MIB,
        ),
        ("a name", "a name of at most 1000 bytes", root("") + &format!("<{}/>", "n".repeat(5000)), MIB),
        (
            "a name of an attribute",
            "a name of at most 1000 bytes",
            root(&format!(" {}='1'", "n".repeat(5000))),
            MIB,
        ),
        ("a prefix", "a name of at most 1000 bytes", root(&format!(" xmlns:{}='1'", "n".repeat(5000))), MIB),
    ]
    .map(|(name, expected, xml, most)| {
        let article_end = article("").1;
        Attack::new(name, LimitExceeded, expected).part(xml, 1).part(article_end, 1).reads(most)
    })
    .into()
}

/// What is no XML with namespaces, or not of this model.
fn broken() -> Vec<Attack> {
    let (start, end) = article("");
    let tagged = |root: &str| format!("{}{end}", article(root).0);
    let malformed = [
        ("twice", tagged(" a='1' a='2'")),
        ("twice by namespace", tagged(" xmlns:p='u' xmlns:q='u' p:a='1' q:a='2'")),
        ("< in a value", tagged(" a='<b>'")),
        ("no prefix", with_text("", "<zz:a/>")),
        ("xml for another", tagged(" xmlns:xml='u'")),
        ("xmlns as a prefix", tagged(" xmlns:xmlns='u'")),
        ("xml by another", tagged(" xmlns:p='http://www.w3.org/XML/1998/namespace'")),
        ("prefix taken back", tagged(" xmlns:p=''")),
        ("a digit first", with_text("", "<1a/>")),
        ("two colons", with_text("", "<a:b:c/>")),
        ("]]>", with_text("", "]]>")),
        ("--", with_text("", "<!-- a -- b -->")),
        ("--->", with_text("", "<!-- a --->")),
        ("CDATA in CDATA", with_text("", "<![CDATA[<![CDATA[]]>]]>")),
        ("CDATA without end", format!("{start}<![CDATA[{}", "x".repeat(100_000))),
        ("comment without end", format!("{start}<!--{}", "- ".repeat(50_000))),
        ("cut off", format!("{start}plain")),
        ("crossed", with_text("", "<a><b></a></b>")),
        ("two roots", with_text("", "") + &with_text("", "")),
        ("text after the root", with_text("", "") + "trailing"),
        ("reference after the root", with_text("", "") + "&amp;"),
        ("HTTP before", with_text("HTTP/1.1 200 OK\r\n\r\n", "")),
        ("late declaration", with_text("\n<?xml version='1.0'?>", "")),
        ("second declaration", with_text("<?xml version='1.0'?><?xml version='1.0'?>", "")),
        ("declaration within", with_text("", "<?xml version='1.0'?>")),
        ("version 2", with_text("<?xml version='2.0'?>", "")),
        ("second DOCTYPE", with_text("<!DOCTYPE nitf><!DOCTYPE nitf>", "")),
        ("DOCTYPE within", with_text("", "<!DOCTYPE nitf [<!ENTITY a 'b'>]>")),
        ("SGML", with_text("<!doctype nitf>", "")),
        ("conditional section", with_text("<!DOCTYPE n [<![INCLUDE[<!ELEMENT a ANY>]]>]>", "")),
        ("bare &", with_text("", "AT&T")),
        ("JSON", "{\"nitf\": 1}".to_owned()),
    ];
    let others = [
        ("nothing", EmptyObject, "", String::new()),
        ("white space", EmptyObject, "", " \n".repeat(1000)),
        ("another root", NoRecord, "", "<newsItem xmlns='urn:evil' guid='x'/>".to_owned()),
        ("root of another namespace", NoRecord, "", format!("{}{end}", article(" xmlns='urn:evil'").0)),
    ];
    malformed
        .map(|(name, xml)| (name, MalformedXml, "", xml))
        .into_iter()
        .chain(others)
        .map(|(name, reason, expected, xml)| Attack::new(name, reason, expected).part(xml, 1))
        .collect()
}
