//! What a person sees: steps with their times, and one article on its way.

use std::io::{IsTerminal as _, Write as _, stdout};
use std::sync::LazyLock;
use std::time::Instant;

use anyhow::{Context as _, Result};
use e2e::evidence::error_record;
use serde_json::{Map, Value, json};

use crate::documents::Documents;
use crate::stage::{NAMESPACE, Stage};

/// Lines of an example that are shown.
const LINES: usize = 24;
/// Characters of a long text or vector that are shown.
const WIDTH: usize = 100;

static STARTED: LazyLock<Instant> = LazyLock::new(Instant::now);

/// Runs a step and says how long it took.
pub async fn step<T>(what: &str, work: impl Future<Output = Result<T>>) -> Result<T> {
    let began = STARTED.elapsed();
    progress(what);
    let result = work.await.with_context(|| format!("failed to {what}"));
    let now = STARTED.elapsed();
    let took = now.saturating_sub(began);
    let verdict = if result.is_ok() { "done  " } else { "FAILED" };
    clear();
    println!("{:>6.1} s  {verdict} {what} ({:.1} s)", now.as_secs_f64(), took.as_secs_f64());
    result
}

/// Shows how far a step is, on a terminal, in a line that the next one replaces.
pub fn progress(text: &str) {
    if stdout().is_terminal() {
        clear();
        print!("{:>6.1} s  {text}", STARTED.elapsed().as_secs_f64());
        // A terminal that is gone is no reason to stop.
        let _ = stdout().flush();
    }
}

fn clear() {
    if stdout().is_terminal() {
        print!("\r\x1b[K");
    }
}

/// Shows a title and a text below it.
pub fn block(title: &str, text: &str) {
    println!("\n  $ {title}");
    for line in text.lines() {
        println!("  {line}");
    }
    println!();
}

/// Shows why the demo ended.
pub fn failure(error: &anyhow::Error) {
    clear();
    eprintln!("\nThe demo did not end well: {error:#}\n");
    eprintln!(
        "To look at it: eval \"$(cargo testbed env)\"; kubectl get isrc,erun,pods --namespace {NAMESPACE}"
    );
    eprintln!(
        "               kubectl logs --namespace docmill-system --selector app.kubernetes.io/name=docmill"
    );
}

/// One article: raw, as JSON, and enriched.
pub async fn article(stage: &Stage) -> Result<()> {
    let articles = stage.samples.articles()?;
    stage.articles.refresh(&articles).await?;
    let of_dpa = json!({"size": 1, "query": {"match_phrase": {"headline": "Grünen-Spitze tritt nach"}}});
    let hit =
        stage.articles.search(&articles, of_dpa).await?.pop().context("an article of dpa is not found")?;
    let unit = &hit["_source"]["_docmill"]["unit"];
    let (bucket, key) = (unit["bucket"].as_str(), unit["key"].as_str());
    let (bucket, key) = bucket.zip(key).context("an article does not say where it comes from")?;
    let raw = stage.s3.get(bucket, key).await?;
    block(&format!("raw: s3://{bucket}/{key}"), &head(&String::from_utf8_lossy(&raw)));
    block(&format!("as JSON: {}/{}", hit["_index"], hit["_id"]), &pretty(&hit["_source"]));

    let enriched = stage.samples.enriched()?;
    stage.enriched.refresh(&enriched).await?;
    let same = json!({"size": 1, "query": {"ids": {"values": [hit["_id"]]}}});
    let found = stage.enriched.search(&enriched, same).await?.pop().context("the article is not enriched")?;
    block(
        &format!("enriched: {}/{}, what is new", found["_index"], found["_id"]),
        &pretty(&added(&hit, &found)),
    );
    Ok(())
}

/// The fields that an enriched document has over its article.
fn added(article: &Value, enriched: &Value) -> Value {
    let all = enriched["_source"].as_object().cloned().unwrap_or_default();
    let new = all.into_iter().filter(|(name, _)| article["_source"].get(name).is_none());
    let mut new: Map<String, Value> = new.collect();
    new.insert("_docmill.enrichment".into(), enriched["_source"]["_docmill"]["enrichment"].clone());
    Value::Object(new)
}

/// One refused object, with its reason.
pub async fn refusal(stage: &Stage, documents: &Documents) -> Result<()> {
    let [.., errors] = stage.samples.buckets();
    let key = documents.a_faulty_key().context("nothing was refused")?;
    let raw_key = format!("{}{key}", stage.samples.raw_prefix());
    let (beside, record) = error_record(&stage.s3, errors, &raw_key).await?;
    block(&format!("refused: s3://{errors}/{beside}"), &pretty(&record));
    Ok(())
}

/// What a full-text search finds.
pub async fn search(stage: &Stage) -> Result<()> {
    let words = "interest rates";
    let query = json!({"size": 3, "query": {"match": {"body": {"query": words, "operator": "and"}}}});
    let hits = stage.articles.search(&stage.samples.articles()?, query).await?;
    let lines = hits.iter().map(|hit| {
        let document = &hit["_source"];
        format!(
            "{:.2}  {}  {}\n",
            hit["_score"].as_f64().unwrap_or_default(),
            document["publishedAt"],
            document["headline"]
        )
    });
    block(&format!("full-text search for {words:?}"), &lines.collect::<String>());
    Ok(())
}

/// What to try next.
pub fn what_next(stage: &Stage) {
    println!("Everything is left running. To try next:\n");
    if stage.env.context.is_none() {
        println!("  eval \"$(cargo testbed env)\"");
    }
    println!("  kubectl get isrc,erun --all-namespaces");
    println!("  kubectl describe isrc wire --namespace {NAMESPACE}");
    println!("  kubectl explain isrc.spec --recursive");
    println!(
        "  curl \"$ES_ENRICHED_URL/{}/_search?size=1&pretty\"",
        stage.samples.enriched().unwrap_or_default()
    );
    println!("  cargo testbed down");
}

/// The first lines of a text, none of them too long.
fn head(text: &str) -> String {
    let mut lines: Vec<String> = text.lines().take(LINES).map(|line| cut(line, WIDTH)).collect();
    if text.lines().count() > LINES {
        lines.push("…".into());
    }
    lines.join("\n")
}

fn cut(text: &str, width: usize) -> String {
    match text.char_indices().nth(width) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// JSON for a person, with long texts and vectors cut short.
pub fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(&shortened(value)).unwrap_or_default()
}

fn shortened(value: &Value) -> Value {
    match value {
        Value::String(text) => cut(text, WIDTH).into(),
        Value::Array(items) if items.len() > 8 => {
            let first: Vec<String> = items.iter().take(4).map(Value::to_string).collect();
            format!("[{}, … {} in all]", first.join(", "), items.len()).into()
        }
        Value::Array(items) => items.iter().map(shortened).collect(),
        Value::Object(fields) => {
            fields.iter().map(|(name, field)| (name.clone(), shortened(field))).collect::<Map<_, _>>().into()
        }
        other => other.clone(),
    }
}
