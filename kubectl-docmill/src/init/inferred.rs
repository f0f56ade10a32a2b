//! A model for samples that no preset reads.

use std::fmt::Write as _;
use std::io::{self, Cursor};

use docmill_crds::conversion::{Conversion, Field};
use docmill_infer::{MOST_FIELDS, Nothing, Pattern, Samples, yaml};

/// The field with the key of the object, where documents have no id of their own.
const OBJECT_KEY: &str = "objectKey";

/// The name of the index where no field is the date of publication.
const UNDATED: &str = "articles";

/// A model that was made from samples.
#[derive(Clone, Debug, PartialEq)]
pub struct Inferred {
    /// The model.
    pub conversion: Conversion,
    /// The same as YAML, with comments that say how often a field is there, and show a value of it.
    pub yaml: String,
    /// The id of a document, a template; `None` if nothing tells the documents of an object apart.
    pub id: Option<String>,
    /// The name of the index, a template.
    pub index: String,
    /// Comments on samples that the model is not made from.
    pub about: String,
}

/// Why there is no model.
#[derive(Debug, thiserror::Error)]
pub enum InferError {
    /// A sample cannot be read.
    #[error("failed to read {name}: {error}")]
    Read {
        /// The sample.
        name: String,
        /// What went wrong.
        error: io::Error,
    },
    /// The samples have nothing to make a model of.
    #[error(transparent)]
    Nothing(#[from] Nothing),
}

/// The model of these samples, each with its name. `record` is the path of records, if a person gave it.
pub fn infer(samples: &[(String, Vec<u8>)], record: Option<Pattern>) -> Result<Inferred, InferError> {
    let (mut taken, mut about) = (Samples::new(record), String::new());
    for (name, bytes) in samples {
        let refusals = taken.add_object(name, &mut Cursor::new(bytes.as_slice()));
        for refusal in refusals.map_err(|error| InferError::Read { name: name.clone(), error })? {
            let member = refusal.member.map_or_else(String::new, |member| format!(" in {:?}", member.name));
            let (name, reason) = (name.escape_debug(), refusal.reason.as_str());
            let place = refusal.faults.first().map(|fault| (fault.line, fault.column));
            let place = place.map_or_else(String::new, |(line, column)| format!(" at {line}:{column}"));
            // Writing to a text does not fail.
            let _ = writeln!(about, "# Passed over: {name}{member}, {reason}{place}.");
        }
    }
    let (proposal, without) = taken.propose()?;
    let (record, mut conversion, mut yaml) = (proposal.record(), proposal.conversion(), yaml(&proposal));
    for (root, objects) in without {
        let root = root.escape_debug();
        let _ = writeln!(about, "# Passed over: {objects} with the root element {root}, without {record}.");
    }
    let mut id = proposal.id_template();
    if id.is_none() && proposal.has_one_document_each() {
        id = by_key(&mut conversion, &mut yaml);
    }
    let index = proposal.index_template().unwrap_or_else(|| UNDATED.to_owned());
    Ok(Inferred { conversion, yaml, id, index, about })
}

/// Adds a field with the key of the object, by which an object that comes again is the same document, if there is room.
fn by_key(conversion: &mut Conversion, yaml: &mut String) -> Option<String> {
    let is_taken = conversion.fields.iter().any(|field| field.name == OBJECT_KEY);
    if is_taken || conversion.fields.len() >= MOST_FIELDS {
        return None;
    }
    let template = "{_unit.key}";
    let _ = writeln!(
        yaml,
        "  - {{name: {OBJECT_KEY}, template: \"{template}\"}} # the id: samples have none of their own"
    );
    let (name, template) = (OBJECT_KEY.to_owned(), Some(template.to_owned()));
    conversion.fields.push(Field { name, template, ..Field::default() });
    Some(format!("{{{OBJECT_KEY}}}"))
}

/// The YAML of a source with its conversion as `model` writes it: with comments.
pub fn commented(source: &str, model: &str) -> String {
    const HEAD: &str = "\n  conversion:\n";
    let Some((before, rest)) = source.split_once(HEAD) else { return source.to_owned() };
    let mut text = format!("{before}{HEAD}");
    for line in model.lines() {
        let _ = writeln!(text, "    {line}");
    }
    // What is below the conversion is further in than the conversion itself.
    for line in rest.lines().skip_while(|line| line.starts_with("   ")) {
        let _ = writeln!(text, "{line}");
    }
    text
}

#[cfg(test)]
mod tests {
    use docmill_crds::conversion::{Conversion, Repair};
    use docmill_infer::Pattern;
    use serde_json::{Value, json};

    use super::{commented, infer};

    fn samples(objects: &[&str]) -> Vec<(String, Vec<u8>)> {
        objects.iter().map(|object| ("a.xml".to_owned(), object.as_bytes().to_vec())).collect()
    }

    #[test]
    fn a_model_and_an_index_are_made_from_samples() {
        let items = samples(&[
            "<item id='1'><title>One</title><published>2026-01-02</published></item>",
            "<item id='2'><title>Two</title><published>2026-01-03</published></item>",
            "<item></a>",
        ]);
        let inferred = infer(&items, None).unwrap();
        assert_eq!(inferred.id.as_deref(), Some("{id}"));
        assert_eq!(inferred.index, "articles-{published:%Y.%m}");
        assert_eq!(inferred.about, "# Passed over: a.xml, MalformedXml at 1:7.\n");
        assert!(
            inferred.yaml.contains("# the headline, in all of 2 documents: \"One\""),
            "{}",
            inferred.yaml
        );
        let mended = infer(&samples(&["<item><t>Arts & Crafts</t></item>"]), None).unwrap();
        assert_eq!(mended.conversion.repairs, [Repair::BareAmpersand]);
        assert!(mended.yaml.contains("first at a.xml:1:"), "{}", mended.yaml);
    }

    #[test]
    fn documents_without_an_id_have_that_of_their_object() {
        let inferred = infer(&samples(&["<a><t>x</t></a>", "<a><t>x</t></a>"]), None).unwrap();
        assert_eq!((inferred.id.as_deref(), &*inferred.index), (Some("{objectKey}"), "articles"));
        let read: Conversion = serde_saphyr::from_str(&inferred.yaml).unwrap();
        assert_eq!(read, inferred.conversion);
        inferred.conversion.resolve().unwrap();
        let several = samples(&["<l><d><t>x</t></d><d><t>x</t></d></l>"]);
        assert_eq!(infer(&several, None).unwrap().id, None, "an object has several");
    }

    #[test]
    fn a_person_can_say_what_a_record_is() {
        let record = Pattern::parse("//d").unwrap();
        let inferred = infer(&samples(&["<l><m><d><t>x</t></d></m></l>"]), Some(record)).unwrap();
        assert_eq!(inferred.conversion.record.as_deref(), Some("//d"));
        assert!(infer(&samples(&["<l/>"]), None).is_err());
    }

    #[test]
    fn the_comments_of_a_model_are_kept_in_the_source() {
        let inferred = infer(&samples(&["<a id='1'><t>x</t><k>p</k><k>q</k></a>"]), None).unwrap();
        let manifest = json!({"kind": "IngestSource", "spec": {
            "trigger": {"poll": {"intervalSeconds": 60}},
            "conversion": json!(inferred.conversion),
            "index": {"id": "{id}"},
        }});
        let text = commented(&serde_saphyr::to_string(&manifest).unwrap(), &inferred.yaml);
        assert!(text.contains("    # Proposed from 1 document in 1 object"), "{text}");
        let read: Value = serde_saphyr::from_str(&text).unwrap();
        let conversion: Conversion = serde_json::from_value(read["spec"]["conversion"].clone()).unwrap();
        assert_eq!(conversion, inferred.conversion, "{text}");
        assert_eq!(read["spec"]["index"], manifest["spec"]["index"]);
    }
}
