//! Objects that are refused, each for another fault: texts that are not sound, articles that their model or their index
//! does not take, and objects of several articles of which not all are sound.

use std::io::Write as _;

use anyhow::Result;
use e2e::archives::Zip;
use e2e::articles::{Article, Fault, Form};
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};

const FORM: Form = Form::NewsMlG2;
/// Bytes of an object that are read at most.
const MOST_BYTES: usize = 20_000;
/// More bytes than the Records API answers.
const UNANSWERED_BYTES: usize = 9 << 20;

/// An object that is refused.
pub struct RefusedObject {
    /// Its key.
    pub key: String,
    /// The reason of its first refusal.
    pub reason: &'static str,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// The conversion that refuses them.
pub fn conversion() -> Value {
    json!({
        "preset": "newsml-g2",
        "archive": {"members": ["*.xml"]},
        "concatenated": true,
        "limits": {"maxObjectBytes": MOST_BYTES, "maxDepth": 40},
        "fields": [{
            "name": "urgency", "path": ["contentMeta/urgency"], "type": "integer",
            "minimum": 1, "maximum": 8, "onFault": "Refuse",
        }],
    })
}

/// All of them, with articles of a series.
pub fn all(series: &str) -> Result<Vec<RefusedObject>> {
    let article = Article::generated(series, 1);
    let objects = [texts(&article), articles(&article), sizes(), containers(series)?].concat();
    let named = |(name, reason, bytes): Named| RefusedObject { key: format!("wire/{name}"), reason, bytes };
    Ok(objects.into_iter().map(named).collect())
}

/// The last part of the key, the reason, and the bytes.
type Named = (&'static str, &'static str, Vec<u8>);

/// What cannot be read to its end.
fn texts(article: &Article) -> Vec<Named> {
    let edited = |from: &str, to: &str| text(article).replacen(from, to, 1).into_bytes();
    let doctype = "<!DOCTYPE newsItem [<!ENTITY a \"b\">]>\n<newsItem";
    vec![
        ("malformed.xml", Fault::Malformed.reason(), article.write_broken(FORM, Fault::Malformed)),
        ("text.xml", "MalformedXml", b"This is no XML.\n".to_vec()),
        ("json.xml", "MalformedXml", b"{\"a\": 1}".to_vec()),
        ("empty.xml", "EmptyObject", Vec::new()),
        ("blank.xml", "EmptyObject", b" \n".to_vec()),
        ("other.xml", "NoRecord", b"<other/>".to_vec()),
        ("bytes.xml", "InvalidBytes", b"<?xml version='1.0'?><newsItem>caf\xe9</newsItem>".to_vec()),
        ("encoding.xml", "UnsupportedEncoding", edited("UTF-8", "x-nonesuch")),
        ("entity.xml", "EntityRefused", edited("<headline>", "<headline>&nonesuch; ")),
        ("declared.xml", "EntityRefused", edited("<newsItem", doctype)),
        ("deep.xml", "LimitExceeded", edited("<p>", &"<div>".repeat(60))),
    ]
}

/// What the model, its limits on dates, or the index does not take.
fn articles(article: &Article) -> Vec<Named> {
    let broken = |fault| article.write_broken(FORM, fault);
    let urgent = Article { urgency: "9".into(), ..article.clone() };
    let long = Article { guid: "x".repeat(600), ..article.clone() };
    vec![
        ("headline.xml", Fault::NoHeadline.reason(), broken(Fault::NoHeadline)),
        ("date.xml", Fault::WordAsDate.reason(), broken(Fault::WordAsDate)),
        ("urgency.xml", "OutOfRange", urgent.write(FORM)),
        ("future.xml", "OutOfRange", published(article, "2199-01-01T00:00:00Z").write(FORM)),
        ("old.xml", "DateOutOfWindow", old(article).write(FORM)),
        ("id.xml", "NotAddressable", long.write(FORM)),
    ]
}

/// What is refused unread.
fn sizes() -> Vec<Named> {
    [("large.xml", MOST_BYTES + 1), ("huge.xml", UNANSWERED_BYTES)]
        .map(|(name, bytes)| (name, "LimitExceeded", vec![b' '; bytes]))
        .into()
}

/// Objects of several articles, and damaged ones.
fn containers(series: &str) -> Result<Vec<Named>> {
    let [first, second, third] = [2, 3, 4].map(|number| Article::generated(series, number));
    let malformed = second.write_broken(FORM, Fault::Malformed);
    let items = [
        item(&first.write(FORM)),
        item(&second.write_broken(FORM, Fault::NoHeadline)),
        item(&third.write_broken(FORM, Fault::WordAsDate)),
    ];
    let message = format!(
        "<newsMessage xmlns=\"http://iptc.org/std/nar/2006-10-01/\"><itemSet>\n{}</itemSet></newsMessage>\n",
        items.concat()
    );
    let mut zip = Zip::default();
    let files = [
        zip.add("a.xml", &third.write(FORM)),
        zip.add("README", b"Hello"),
        zip.add("b/bad.xml", &malformed),
        zip.add("c.xml", &old(&first).write(FORM)),
    ];
    let archive = [files.concat(), zip.end()].concat();
    let cut = archive[..archive.len() - 40].to_vec();
    let mut compressed = GzEncoder::new(Vec::new(), Compression::fast());
    compressed.write_all(&first.write(FORM))?;
    let mut compressed = compressed.finish()?;
    compressed.truncate(compressed.len() - 20);
    Ok(vec![
        ("several.xml", "MissingField", message.into_bytes()),
        ("joined.xml", "MalformedXml", [second.write(FORM), malformed].concat()),
        ("archive.zip", "MalformedXml", archive),
        ("cut.zip", "MalformedArchive", cut),
        ("cut.xml.gz", "CorruptCompression", compressed),
    ])
}

fn text(article: &Article) -> String {
    String::from_utf8_lossy(&article.write(FORM)).into_owned()
}

/// An article as an element, without the declaration in the first line.
fn item(article: &[u8]) -> String {
    let text = String::from_utf8_lossy(article);
    text.split_once('\n').map(|(_, rest)| rest.to_owned()).unwrap_or_default()
}

fn published(article: &Article, date: &str) -> Article {
    Article { published: date.into(), ..article.clone() }
}

/// Published on a day that the preset takes, and that may not name an index.
fn old(article: &Article) -> Article {
    published(article, "1700-01-01T00:00:00Z")
}
