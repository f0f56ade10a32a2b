//! Attacks on models that allow entities and repairs.

use docmill_convert::{Converter, Limits};
use docmill_crds::conversion::Repair;
use docmill_crds::reason::Reason::{EntityRefused, LimitExceeded, MalformedXml};
use serde_json::{Map, Value, json};

use super::stream::Attack;
use super::with_limits;

const MIB: u64 = 1 << 20;

/// Models that allow everything, everything but declarations, and nothing but entities.
pub fn converters() -> [Converter; 3] {
    let limits = Limits { nodes: 100_000, ..Limits::default() };
    [
        json!({"repairs": Repair::ALL, "entities": "Declared", "concatenated": true}),
        json!({"repairs": Repair::ALL, "entities": "Named"}),
        json!({"entities": "Declared"}),
    ]
    .map(|settings| {
        let fields = json!([{"name": "text", "path": ["."], "type": "text"}, {"name": "a", "path": ["@a"]}]);
        converter(&fields, settings.as_object().unwrap(), limits)
    })
}

/// A model of these fields that keeps what they do not name, with these settings.
pub fn converter(fields: &Value, settings: &Map<String, Value>, limits: Limits) -> Converter {
    let mut model = json!({"record": "/*", "fields": fields, "extra": "Keep"});
    model.as_object_mut().unwrap().extend(settings.clone());
    with_limits(model, limits)
}

/// Attacks that the most lenient model refuses.
pub fn attacks() -> Vec<Attack> {
    let laughs = |last: &str, levels: u32| {
        let level = |n: u32| format!("<!ENTITY e{n} '{}'>", format!("&e{};", n + 1).repeat(10));
        let inner: String = (0..levels).map(level).collect();
        format!("<!DOCTYPE r [{inner}<!ENTITY e{levels} '{last}'>]>")
    };
    let long = format!("<!DOCTYPE r [<!ENTITY a '{}'>]>", "x".repeat(50_000));
    let links = (0..20_000).map(|n| format!("<!ENTITY c{n} '&c{};'>", n + 1));
    let chain = links.collect::<Vec<_>>().concat();
    let growth = "entities that add at most 1048576 bytes";
    let finite = [
        ("many laughs", EntityRefused, "levels of entities", laughs("lol", 9) + "<r>&e0;</r>"),
        ("fewer laughs", LimitExceeded, growth, laughs("lol", 7) + "<r>&e0;</r>"),
        ("silent laughs", LimitExceeded, growth, laughs("", 7) + "<r>&e0;</r>"),
        ("laughs in a value", LimitExceeded, growth, laughs("lol", 7) + "<r a='&e0;'/>"),
        ("quadratic", LimitExceeded, growth, format!("{long}<r>{}</r>", "&a;".repeat(1000))),
        ("quadratic values", LimitExceeded, growth, format!("{long}<r>{}</r>", "<b a='&a;'/>".repeat(1000))),
        ("a long value", LimitExceeded, growth, format!("{long}<r a='{}'/>", "&a;".repeat(1000))),
        ("a chain", EntityRefused, "levels of entities", format!("<!DOCTYPE r [{chain}]><r>&c0;</r>")),
        (
            "a file",
            EntityRefused,
            "declarations of entities",
            "<!DOCTYPE r [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><r>&x;</r>".to_owned(),
        ),
        (
            "a parameter",
            EntityRefused,
            "declarations of entities",
            "<!DOCTYPE r [<!ENTITY % p SYSTEM 'http://127.0.0.1:9/'> %p;]><r/>".to_owned(),
        ),
        ("markup", EntityRefused, "not for markup", "<!DOCTYPE r [<!ENTITY x '<b>'>]><r>&x;</r>".to_owned()),
        ("ampersands in a tag", MalformedXml, "", format!("<r a='{}'/>", "&".repeat(1_000_000))),
    ]
    .map(|(name, reason, expected, xml)| Attack::new(name, reason, expected).part(xml, 1).reads(17 * MIB));
    // Each document grows by almost as much as one may, to almost 300 times its size.
    let grown = format!("<!DOCTYPE r [<!ENTITY a '{}'>]><r>{}</r>", "x".repeat(2000), "&a;".repeat(520));
    let ratio = "documents of at most 200 times as many bytes as the object";
    let nodes = "at most 100000 nodes";
    let endless = [
        ("endless ampersands", "<r>", "& ", nodes),
        ("endless trailing text", "<r/>", "x&", nodes),
        ("endless NULs", "<r/>", "\0", "at most 16777216 bytes"),
        ("endless control characters", "<r>", "\u{1}", "at most 16777216 bytes"),
        ("endless prefixes", "<r>", "<p:a q:b=''/>", nodes),
        ("endless duplicates", "<r>", "<a b='' b='' b=''/>", nodes),
        ("endless documents", "", "<r/>", "at most 100000 documents"),
        ("endless declarations", "<r/>", "<?xml version='1.0'?><r/>", "at most 100000 documents"),
        ("laughs in every document", "", grown.as_str(), ratio),
    ]
    .map(|(name, before, again, expected)| {
        let attack = Attack::new(name, LimitExceeded, expected).part(before, 1);
        attack.part(again, u64::MAX).reads(40 * MIB)
    });
    finite.into_iter().chain(endless).collect()
}
