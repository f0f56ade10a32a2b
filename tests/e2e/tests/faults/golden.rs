//! What a source leaves in its stores stays as it is, byte for byte: documents, mappings, records, snapshots and evidence of a
//! fixed corpus are compared with `golden/ingest.json`. What differs from run to run (the rig's name, times, and the
//! digests that are made of them) has a placeholder.
//!
//! `DOCMILL_WRITE_GOLDEN=1` writes the file anew, for a change of the formats that is meant.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use e2e::articles::{Article, Fault, Form};
use e2e::corpus::Corpus;
use e2e::resources::SOURCE;
use e2e::rig::{Rig, run};
use regex::Regex;
use reqwest::Method;
use serde_json::{Map, Value, json};

const GOLDEN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/golden/ingest.json");
/// A larger number is a time in milliseconds.
const THIS_CENTURY: u64 = 1_000_000_000_000;
/// Fields whose values are times, or made of names that differ from run to run.
const PLACEHOLDERS: [&str; 12] = [
    "lastModified",
    "landedTime",
    "convertedTime",
    "indexedTime",
    "recordedTime",
    "updatedTime",
    "failedTime",
    "runner",
    "lagMillis",
    "lastModifiedMillis",
    "time",
    "hour",
];

#[tokio::test]
async fn the_formats_in_the_stores_stay() -> Result<()> {
    run("golden", Form::Nitf, async |rig| {
        rig.land(&corpus()).await?;
        rig.drain().await?;
        let found = serde_json::to_string_pretty(&stores(rig).await?)? + "\n";
        if std::env::var_os("DOCMILL_WRITE_GOLDEN").is_some() {
            std::fs::create_dir_all(Path::new(GOLDEN).parent().context("a folder")?)?;
            std::fs::write(GOLDEN, &found)?;
        }
        let golden = std::fs::read_to_string(GOLDEN)?;
        let differing = golden.lines().zip(found.lines()).enumerate().find(|(_, (old, new))| old != new);
        if let Some((line, (old, new))) = differing {
            anyhow::bail!("{GOLDEN}:{}: was {old}, is {new}", line + 1);
        }
        ensure!(golden == found, "{} lines were {}", found.lines().count(), golden.lines().count());
        Ok(())
    })
    .await
}

fn corpus() -> Corpus {
    let mut corpus = Corpus::default();
    for number in 0..4 {
        corpus.add(format!("wire/a b/{number}.xml"), &Article::generated("golden", number), Form::Nitf);
    }
    for (number, fault) in Fault::ALL.into_iter().enumerate() {
        let article = Article::generated("golden", 10 + number);
        corpus.add_broken(format!("wire/broken/{number}.xml"), &article, Form::Nitf, fault);
    }
    corpus
}

/// Everything that the source has left, with placeholders.
async fn stores(rig: &Rig) -> Result<Value> {
    let mut names = Names::of(rig)?;
    let indices = format!("{},docmill-*-{}.{SOURCE}", rig.articles(), rig.name);
    rig.elastic.refresh(&indices).await?;
    for record in rig.elastic.all(&rig.ledger()).await? {
        let key = record.source["unit"]["key"].as_str().context("a key")?.to_owned();
        names.units.insert(record.id.clone(), key);
    }
    for head in rig.elastic.all(&rig.heads()).await? {
        if let (true, Some(key)) = (head.id.starts_with("key-"), head.source["unit"]["key"].as_str()) {
            names.heads.insert(head.id.clone(), format!("key-UNIT({key})"));
        }
    }
    let mut documents = BTreeMap::new();
    for index in rig.elastic.indices(&indices).await? {
        for document in rig.elastic.all(&index).await? {
            let id = names.heads.get(&document.id).unwrap_or(&document.id);
            let place = names.text(&format!("{index}/{id}"));
            ensure!(documents.insert(place, names.value(document.source)).is_none(), "{} twice", document.id);
        }
    }
    let mappings = rig.elastic.expect(Method::GET, &format!("{indices}/_mapping"), None).await?;
    let mut objects = BTreeMap::new();
    for bucket in [rig.snapshots_bucket(), rig.errors_bucket()] {
        for (key, bytes) in rig.s3.get_all(&bucket).await? {
            let text = String::from_utf8(bytes)?;
            let values =
                serde_json::Deserializer::from_str(&text).into_iter().collect::<Result<Vec<Value>, _>>();
            let content =
                values.map_or_else(|_| names.text(&text).into(), |values| names.value(values.into()));
            objects.insert(names.text(&format!("{bucket}/{key}")), content);
        }
    }
    Ok(json!({"documents": documents, "mappings": names.sorted(mappings), "objects": objects}))
}

/// What stands for what differs from run to run.
struct Names {
    rig: String,
    /// Keys of objects by the digests of their units.
    units: BTreeMap<String, String>,
    /// What stands for the heads of keys, by their ids.
    heads: BTreeMap<String, String>,
    time: Regex,
    digest: Regex,
}

impl Names {
    fn of(rig: &Rig) -> Result<Self> {
        let time = Regex::new(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?Z")?;
        let digest = Regex::new(r"\b[0-9a-f]{32}(?:[0-9a-f]{8})?\b")?;
        Ok(Self { rig: rig.name.clone(), units: BTreeMap::new(), heads: BTreeMap::new(), time, digest })
    }

    fn text(&self, text: &str) -> String {
        let text = text.replace(&self.rig, "RIG");
        let unit = |found: &regex::Captures<'_>| match self.units.get(&found[0]) {
            Some(key) => format!("UNIT({key})"),
            None => found[0].to_owned(),
        };
        self.digest.replace_all(&text, unit).into_owned()
    }

    fn value(&self, value: Value) -> Value {
        match value {
            Value::String(text) => self.text(&text).into(),
            Value::Array(items) => items.into_iter().map(|item| self.value(item)).collect(),
            Value::Object(members) => {
                let member = |(name, value): (String, Value)| {
                    let differs = PLACEHOLDERS.contains(&name.as_str()) && !value.is_object();
                    let value = if differs { self.placeholder(&value) } else { self.value(value) };
                    (self.text(&name), value)
                };
                Value::Object(members.into_iter().map(member).collect::<Map<_, _>>())
            }
            Value::Number(millis) if millis.as_u64().is_some_and(|millis| millis > THIS_CENTURY) => {
                "MILLIS".into()
            }
            other => other,
        }
    }

    /// With the members in the order of their names, which Elasticsearch gives in any.
    fn sorted(&self, value: Value) -> BTreeMap<String, Value> {
        let Value::Object(members) = self.value(value) else { return BTreeMap::new() };
        members.into_iter().collect()
    }

    /// Its form: a time is still one.
    fn placeholder(&self, value: &Value) -> Value {
        match value {
            Value::String(text) if self.time.is_match(text) => self.time.replace_all(text, "TIME").into(),
            Value::String(_) => "TEXT".into(),
            Value::Number(_) => "NUMBER".into(),
            other => other.clone(),
        }
    }
}
