//! Attacks that others wrote, where the data is there.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use docmill_convert::{Converter, Verdict};
use serde_json::json;

use super::{alone, converter, data, greedy, nitf};

fn files(folder: PathBuf) -> Vec<(PathBuf, Vec<u8>)> {
    let mut paths: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.into_iter().map(|path| (path.clone(), fs::read(path).unwrap())).collect()
}

fn verdicts(converter: &Converter, bytes: &[u8]) -> Vec<Verdict> {
    converter.documents(bytes).map(Result::unwrap).collect()
}

#[test]
fn what_fuzzers_found_elsewhere_is_judged() {
    let _alone = alone();
    let Some(folder) = data::folder("security") else { return };
    let converters = [nitf(), converter(greedy()), converter(json!({"preset": "rss"}))];
    for (path, bytes) in files(folder.join("go-fuzz-xml")) {
        for converter in &converters {
            assert!(!verdicts(converter, &bytes).is_empty(), "{}", path.display());
        }
    }
}

/// The documents of defusedxml: all that name an entity are refused; two are harmless, and two are stylesheets.
#[test]
fn documents_of_defusedxml_do_no_harm() {
    let _alone = alone();
    let Some(folder) = data::folder("security") else { return };
    let converter = converter(json!({"record": "/*", "fields": [{"name": "text", "path": ["."]}]}));
    let mut accepted = Vec::new();
    for (path, bytes) in files(folder.join("defusedxml")) {
        let verdicts = verdicts(&converter, &bytes);
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        match &verdicts[..] {
            [Ok(_)] => accepted.push(name),
            [Err(refusal)] => assert_eq!(refusal.reason.to_string(), "EntityRefused", "{name}: {refusal}"),
            _ => panic!("{name}: {verdicts:?}"),
        }
    }
    assert_eq!(accepted, ["dtd.xml", "simple-ns.xml", "simple.xml", "xalan_exec.xsl", "xalan_write.xsl"]);
}

/// The attacks that the generator of benchmarks writes: all are refused but its control, and the one that is an article
/// in gzip.
#[test]
fn hostile_articles_of_the_generator_are_refused() {
    let _alone = alone();
    let Some(folder) = data::folder("../bench") else { return };
    let out = std::env::temp_dir().join(format!("docmill-hostile-{}", std::process::id()));
    let made =
        Command::new("python3").arg(folder.join("gen_articles.py")).arg("--hostile").arg(&out).status();
    if !made.is_ok_and(|status| status.success()) {
        eprintln!("skipped: python3 is not there");
        return;
    }
    let converter = nitf();
    let mut accepted = Vec::new();
    for (path, bytes) in files(out.clone()) {
        let verdicts = verdicts(&converter, &bytes);
        if verdicts.iter().all(Result::is_ok) {
            accepted.push(path.file_name().unwrap().to_str().unwrap().to_owned());
        }
    }
    fs::remove_dir_all(out).unwrap();
    assert_eq!(accepted, ["control.xml", "gzip_bytes.xml"]);
}
