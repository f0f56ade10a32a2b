//! The documentation names only metrics and values of the charts that there are; fields of log lines have names of their
//! own.

use std::collections::BTreeSet;
use std::fs;

use anyhow::{Result, ensure};
use e2e::install::checkout;
use serde_json::Value;

use crate::chart::{is_registered, metric_sources, metrics_in};

/// Path and text of README.md, CHANGELOG.md, and all pages of docs/ and of the charts.
fn pages() -> Result<Vec<(String, String)>> {
    texts(&["README.md", "CHANGELOG.md", "docs", "charts"], "md")
}

/// Path and text of these files, and of all files in these folders whose names end so.
fn texts(paths: &[&str], ending: &str) -> Result<Vec<(String, String)>> {
    let mut paths: Vec<_> = paths.iter().map(|path| checkout(path)).collect();
    let mut pages = Vec::new();
    while let Some(path) = paths.pop() {
        if path.is_dir() {
            for entry in fs::read_dir(path)? {
                paths.push(entry?.path());
            }
        } else if path.extension().is_some_and(|end| end == ending) {
            pages.push((path.display().to_string(), fs::read_to_string(&path)?));
        }
    }
    Ok(pages)
}

/// The paths of all values: `worker`, `worker.max`.
fn paths(values: &Value, prefix: &str, found: &mut BTreeSet<String>) {
    for (name, value) in values.as_object().into_iter().flatten() {
        let path = format!("{prefix}{name}");
        paths(value, &format!("{path}."), found);
        found.insert(path);
    }
}

/// The values that a page calls those of the chart, and those that its commands set.
fn values_in(page: &str) -> Vec<String> {
    let text = page.split_whitespace().collect::<Vec<_>>().join(" ");
    let before = text.split("` of the chart").filter_map(|before| before.rsplit('`').next());
    // What follows the last one is in front of nothing.
    let before = before.take(text.matches("` of the chart").count());
    let after = text.split("the chart's `").skip(1);
    let named = before.chain(after).map(|word| word.split([':', '=', '`']).next().unwrap_or_default());
    let set = ["--set ", "--set-string "].into_iter().flat_map(|flag| text.split(flag).skip(1));
    let set = set.filter_map(|rest| rest.split(' ').next());
    // In a list of settings, each name stands before a =.
    let set = set.flat_map(|settings| settings.split(',')).filter_map(|setting| setting.split_once('='));
    let set = set.map(|(name, _)| name.trim_start_matches(['\'', '"']).split('[').next().unwrap_or_default());
    named.chain(set).filter(|name| is_path(name)).map(str::to_owned).collect()
}

/// Whether a word has the form of the path of a value: `worker.max`.
fn is_path(word: &str) -> bool {
    let is_name = |name: &str| {
        name.starts_with(|c: char| c.is_ascii_lowercase()) && name.chars().all(|c| c.is_ascii_alphanumeric())
    };
    word.split('.').all(is_name)
}

#[test]
fn the_documentation_names_only_metrics_that_there_are() -> Result<()> {
    let (sources, mut seen, mut unknown) = (metric_sources()?, 0, Vec::new());
    for (page, text) in pages()? {
        // A name that ends so is the beginning of several.
        for metric in metrics_in(&text).filter(|metric| !metric.ends_with('_')) {
            seen += 1;
            if !is_registered(metric, &sources) {
                unknown.push(format!("{page}: {metric}"));
            }
        }
    }
    ensure!(seen > 40, "{seen} metrics");
    ensure!(unknown.is_empty(), "named, and not registered: {unknown:#?}");
    Ok(())
}

#[test]
fn the_documentation_names_only_values_that_there_are() -> Result<()> {
    let mut known = BTreeSet::new();
    for chart in ["docmill", "docmill-sandbox"] {
        let values = fs::read_to_string(checkout(&format!("charts/{chart}/values.yaml")))?;
        paths(&serde_saphyr::from_str(&values)?, "", &mut known);
    }
    // A field of Chart.yaml.
    known.insert("kubeVersion".to_owned());
    let (mut seen, mut unknown) = (0, Vec::new());
    for (page, text) in pages()? {
        for value in values_in(&text) {
            seen += 1;
            if !known.contains(&value) {
                unknown.push(format!("{page}: {value}"));
            }
        }
    }
    ensure!(seen > 40, "{seen} values");
    ensure!(unknown.is_empty(), "named, and in no values.yaml: {unknown:#?}");
    Ok(())
}

#[test]
fn values_are_found_in_words_and_in_commands() {
    let page = "Raise `worker.max` of the\nchart, or the chart's `endpoints.allow: [a]`.\n\
                --set image.tag=1 --set 'a.b={c}' --set x.y=null,z[0].w=2 a=b";
    assert_eq!(values_in(page), ["worker.max", "endpoints.allow", "image.tag", "a.b", "x.y", "z"]);
}

/// The names of a log line's fields that are those of the line itself. JSON would have them twice, and most readers
/// refuse that, or keep one of the two.
fn taken_fields(source: &str) -> Vec<&str> {
    const TAKEN: [&str; 5] = ["level", "message", "span", "target", "timestamp"];
    let lines = source
        .split("tracing::")
        .skip(1)
        .filter(|rest| ["error!(", "warn!(", "info!(", "debug!("].iter().any(|call| rest.starts_with(call)));
    let calls = lines.filter_map(|rest| rest.split_once('(')?.1.split(");").next());
    let words = calls.flat_map(|call| {
        call.split(['(', ',', '\n']).filter_map(|part| part.split_once(" = ")).map(|(name, _)| name.trim())
    });
    words.filter(|name| TAKEN.contains(name)).collect()
}

#[test]
fn no_field_of_a_log_line_has_the_name_of_another() -> Result<()> {
    let line = "tracing::warn!(unit = ?unit.id, message = record.message, \"a unit is refused\");";
    ensure!(taken_fields(line) == ["message"], "it is not found");
    let sources = texts(&["operator/src", "job-runner/src", "job-runner/clients/src"], "rs")?;
    ensure!(sources.len() > 100, "{} files", sources.len());
    for (path, source) in sources {
        let taken = taken_fields(&source);
        ensure!(taken.is_empty(), "{path}: {taken:?}; \"told\" is free");
    }
    Ok(())
}
