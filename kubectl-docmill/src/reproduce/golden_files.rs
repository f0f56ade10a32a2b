//! The object and what becomes of it, as `job-runner model test` reads them. Pure.

use docmill_convert::golden;
use docmill_crds::conversion::Conversion;

use super::local::LocalOutcome;

/// The model of a folder.
pub const MODEL_FILE: &str = "model.yaml";

/// A file of a test.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TestFile {
    /// Its name.
    pub name: String,
    /// Its content.
    pub content: Vec<u8>,
}

/// The files of a test: the object under its own name, the model, and what is expected.
pub fn files(
    key: &str,
    object: &[u8],
    conversion: &Conversion,
    outcome: &LocalOutcome,
) -> Result<Vec<TestFile>, String> {
    let input = name(key);
    let stem = input.rsplit_once('.').map_or(input.as_str(), |(stem, _)| stem).to_owned();
    let model = serde_saphyr::to_string(conversion).map_err(|error| error.to_string())?;
    let file = |name: String, content: Vec<u8>| TestFile { name, content };
    let expected = golden(outcome.documents.clone(), outcome.model_refusals.clone());
    let expected = expected.iter().filter_map(|content| Some((content.suffix, content.text()?)));
    let expected = expected.map(|(suffix, text)| file(format!("{stem}{suffix}"), text.into_bytes()));
    let first = [file(input.clone(), object.to_vec()), file(MODEL_FILE.to_owned(), model.into_bytes())];
    Ok(first.into_iter().chain(expected).collect())
}

/// The last part of a key, as the name of a file: letters, digits, `-`, `_` and `.`; never hidden, and never the model.
fn name(key: &str) -> String {
    let last = key.rsplit('/').next().unwrap_or_default();
    let plain = |c: char| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '_' };
    let name: String = last.trim_start_matches('.').chars().map(plain).collect();
    let is_taken = [".yaml", ".yml", ".md"].iter().any(|ending| name.ends_with(ending));
    if name.is_empty() || is_taken { format!("object-{name}.xml") } else { name }
}

#[cfg(test)]
mod tests {
    use docmill_crds::conversion::Conversion;
    use serde_json::json;

    use super::{files, name};
    use crate::reproduce::LocalOutcome;

    #[test]
    fn a_test_has_the_object_the_model_and_what_is_expected() {
        let conversion: Conversion = serde_json::from_value(json!({"preset": "nitf"})).unwrap();
        let outcome = LocalOutcome { documents: vec![json!({"id": "1"})], ..LocalOutcome::default() };
        let files = files("wire/2026/a b.xml", b"<nitf/>", &conversion, &outcome).unwrap();
        let names: Vec<&str> = files.iter().map(|file| file.name.as_str()).collect();
        assert_eq!(names, ["a_b.xml", "model.yaml", "a_b.expected.json"]);
        assert_eq!(files[0].content, b"<nitf/>");
        assert!(String::from_utf8_lossy(&files[1].content).contains("preset: nitf"));
    }

    #[test]
    fn a_key_cannot_name_another_file() {
        assert_eq!(name("../../.bashrc"), "bashrc");
        assert_eq!(name("wire/"), "object-.xml");
        assert_eq!(name("model.yaml"), "object-model.yaml.xml");
        assert_eq!(name("a\\..\\b.xml"), "a_.._b.xml");
    }
}
