//! The auditor has to notice each kind of damage, or its silence would mean nothing.

use serde_json::{Value, json};

use super::super::heads::named;
use super::{Evidence, RawObject, derived, hexadecimal, judge};
use crate::elastic::Stored;

fn raw(key: &str, bytes: &str) -> RawObject {
    let sha256 = hexadecimal(bytes.as_bytes());
    RawObject { bucket: "raw".into(), key: key.into(), version: format!("v-{key}"), sha256 }
}

fn record(raw: &RawObject, state: &str, more: &Value) -> Stored {
    let mut source = json!({
        "unit": {"bucket": raw.bucket, "key": raw.key, "version": raw.version}, "state": state, "revision": "r1",
    });
    for (name, value) in more.as_object().expect("an object") {
        source[name] = value.clone();
    }
    Stored { index: "ledger".into(), id: raw.digest(), source }
}

fn key_head(raw: &RawObject, gone: bool) -> Stored {
    let unit = json!({"bucket": raw.bucket, "key": raw.key, "version": raw.version});
    Stored {
        index: "heads".into(),
        id: named("key", &[raw.bucket.as_str(), raw.key.as_str()]),
        source: json!({"unit": unit, "gone": gone}),
    }
}

/// One indexed and one failed unit, and a key that was removed, all as it should be.
fn sound() -> Evidence {
    let (good, bad) = (raw("a b.xml", "<a/>"), raw("bad.xml", "<a>"));
    let snapshot = format!("s/n/w/a b.xml/{}/r1.json", good.digest());
    let copy = format!("e/n/w/objects/bad.xml/{}", bad.digest());
    let document = json!({"guid": "g1", "_docmill": {
        "unit": {"key": "a b.xml", "version": "v-a b.xml"}, "rawDigest": hexadecimal(b"<a/>"), "convertedTime": "1",
    }});
    let mut indexed = document.clone();
    indexed["_docmill"]["indexedTime"] = "2".into();
    let error = json!({"unit": {"key": "bad.xml", "version": "v-bad.xml"}, "reason": "MalformedXml"});
    let heads = vec![
        key_head(&good, false),
        key_head(&bad, false),
        key_head(&raw("gone.xml", ""), true),
        Stored {
            index: "heads".into(),
            id: named("doc", &["g1"]),
            source: json!({"index": "i", "id": "g1", "key": "a b.xml", "unit": good.digest()}),
        },
    ];
    Evidence {
        heads,
        ledger: vec![
            record(
                &good,
                "Indexed",
                &json!({"snapshot": snapshot, "documents": [{"index": "i", "id": "g1"}]}),
            ),
            record(&bad, "Failed", &json!({"reason": "MalformedXml"})),
        ],
        articles: vec![Stored { index: "i".into(), id: "g1".into(), source: indexed }],
        snapshots: [(snapshot, format!("{document}\n").into_bytes())].into(),
        snapshots_prefix: "s/".into(),
        errors: [(format!("{copy}.error.json"), error.to_string().into_bytes()), (copy, b"<a>".to_vec())]
            .into(),
        errors_prefix: "e/".into(),
        source: "n/w".into(),
        raw: vec![good, bad],
        ..Evidence::default()
    }
}

#[test]
fn what_is_sound_passes() {
    let audit = judge(&sound());
    assert_eq!(audit.faults, [""; 0]);
    assert_eq!(
        (audit.indexed.len(), audit.failed["bad.xml"].as_str(), audit.documents),
        (1, "MalformedXml", 1)
    );
}

/// An earlier version of the indexed unit.
fn older() -> RawObject {
    RawObject { version: "v0".into(), ..raw("a b.xml", "<old/>") }
}

#[test]
fn earlier_versions_that_say_what_became_of_them_are_no_strangers() {
    let newer = raw("a b.xml", "<a/>").digest();
    for (state, more) in [
        ("Skipped", json!({"reason": "ObjectReplaced"})),
        ("Indexed", json!({"supersededBy": newer, "snapshot": "s"})),
    ] {
        let mut evidence = sound();
        evidence.ledger.push(record(&older(), state, &more));
        evidence.snapshots.insert(format!("s/n/w/a b.xml/{}/r1.json", older().digest()), vec![]);
        assert_eq!(judge(&evidence).faults, [""; 0], "{state}");
    }
}

#[test]
fn long_keys_are_cut_between_characters() {
    let long = raw(&"ü".repeat(510), "");
    let key = derived("errors/", &long, ".error.json");
    assert!(key.len() <= 1024 && key.ends_with(&format!("ü~{}.error.json", long.digest())), "{key}");
    assert_eq!(derived("e/", &raw("a b.xml", ""), ".error.json"), "e/a b.xml.error.json");
}

#[test]
fn a_record_may_say_why_it_is_alone() {
    let mut evidence = sound();
    let [copy, beside] = evidence.refused(&evidence.raw[1]);
    evidence.errors.remove(&copy);
    assert_eq!(judge(&evidence).faults.len(), 1);
    let mut told: Value = serde_json::from_slice(&evidence.errors[&beside]).expect("JSON");
    told["copied"] = false.into();
    told["notCopiedBecause"] = "InvalidRequest".into();
    evidence.errors.insert(beside, told.to_string().into_bytes());
    assert_eq!(judge(&evidence).faults, [""; 0]);
}

/// The indexed unit has one document more than its record names.
fn long() -> Evidence {
    let mut evidence = sound();
    let (unit, indexed) = (evidence.raw[0].digest(), evidence.articles[0].source.clone());
    let ids: Vec<String> = (0..1001).map(|number| format!("g{number}")).collect();
    let document = |id: &String| {
        let mut source = indexed.clone();
        source["guid"] = id.as_str().into();
        Stored { index: "i".into(), id: id.clone(), source }
    };
    evidence.articles = ids.iter().map(document).collect();
    let lines = evidence
        .articles
        .iter()
        .fold(String::new(), |lines, article| lines + &article.source.to_string() + "\n");
    for snapshot in evidence.snapshots.values_mut() {
        *snapshot = lines.clone().into_bytes();
    }
    let head = |id: &String| Stored {
        index: "heads".into(),
        id: named("doc", &[id.as_str()]),
        source: json!({"index": "i", "id": id, "key": "a b.xml", "unit": unit}),
    };
    evidence.heads.truncate(3);
    evidence.heads.extend(ids.iter().map(head));
    let record = &mut evidence.ledger[0].source;
    record["documents"] = ids.iter().take(1000).map(|id| json!({"index": "i", "id": id})).collect();
    record["documentCount"] = 1001.into();
    evidence
}

#[test]
fn documents_that_a_record_only_counts_are_looked_for_in_the_snapshot() {
    assert_eq!(judge(&long()).faults, [""; 0]);
    let told =
        |evidence: &Evidence, word: &str| judge(evidence).faults.iter().any(|fault| fault.contains(word));
    let mut lost = long();
    lost.articles.pop();
    assert!(told(&lost, "counts 1001 documents, and 1000 are there"));
    let mut changed = long();
    changed.articles[1000].source["guid"] = "other".into();
    assert!(told(&changed, "belongs to no unit"));
    let mut uncounted = long();
    uncounted.ledger[0].source["documentCount"] = 1000.into();
    assert!(told(&uncounted, "1001 documents in its snapshot and 1000 in its record"));
}

#[test]
fn every_kind_of_damage_is_noticed() {
    type Damage = fn(&mut Evidence);
    let damages: [(&str, Damage); 22] = [
        ("is not in the ledger", |e| drop(e.ledger.remove(0))),
        ("no object of the raw bucket", |e| {
            e.ledger.push(record(&raw("gone.xml", ""), "Indexed", &json!({})));
        }),
        ("no object of the raw bucket", |e| {
            e.ledger.push(record(&older(), "Indexed", &json!({"supersededBy": "nobody"})));
        }),
        ("twice", |e| e.ledger.push(e.ledger[0].clone())),
        ("about another unit", |e| e.ledger[0].source["unit"]["key"] = "x".into()),
        ("in the state", |e| e.ledger[1].source["reason"] = Value::Null),
        ("has no snapshot", |e| e.snapshots.clear()),
        ("that nobody names", |e| drop(e.snapshots.insert("s/x".into(), vec![]))),
        ("is not what the snapshot", |e| e.articles[0].source["guid"] = "other".into()),
        ("does not carry the digest", |e| e.raw[0].sha256 = hexadecimal(b"changed")),
        ("which is not there", |e| e.articles.clear()),
        ("is in \"i\" and in \"j\"", |e| {
            e.articles.push(Stored { index: "j".into(), ..e.articles[0].clone() });
        }),
        ("belongs to no unit", |e| e.articles[0].source["_docmill"]["unit"]["version"] = "old".into()),
        ("was changed", |e| {
            let [copy, _] = e.refused(&e.raw[1]);
            e.errors.insert(copy, b"<b>".to_vec());
        }),
        ("names another key", |e| e.ledger[1].source["reason"] = "MissingField".into()),
        ("its record says ObjectRemoved", |e| {
            e.ledger[1].source["state"] = "Skipped".into();
            e.ledger[1].source["reason"] = "ObjectRemoved".into();
        }),
        ("is a tombstone", |e| e.heads[0].source["gone"] = true.into()),
        ("has no object", |e| {
            let gone = raw("gone.xml", "");
            e.heads[2] = key_head(&gone, false);
            e.heads.push(key_head(&raw("other.xml", ""), true));
        }),
        ("has no head", |e| drop(e.heads.remove(3))),
        ("has a head that is another's", |e| e.heads[3].source["unit"] = "x".into()),
        ("has a head that says that it is gone", |e| e.heads[3].source["gone"] = true.into()),
        ("for no failed unit", |e| drop(e.errors.insert("e/good.xml".into(), vec![]))),
    ];
    for (word, damage) in damages {
        let mut evidence = sound();
        damage(&mut evidence);
        let faults = judge(&evidence).faults;
        assert!(faults.iter().any(|fault| fault.contains(word)), "{word}: {faults:?}");
    }
}
