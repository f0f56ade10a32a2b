//! Writes a proposal as YAML with comments. Pure.

use std::fmt::Write;

use super::propose::{Proposal, Proposed};

/// Maximum number of things that are listed as left out.
const LISTED: usize = 40;

/// Words that YAML readers interpret as something other than text.
const WORDS: [&str; 10] = ["true", "false", "yes", "no", "on", "off", "null", "y", "n", "nan"];

/// The YAML of a `conversion`.
pub(crate) fn yaml(proposal: &Proposal) -> String {
    let Proposal { record, namespaces, default_namespaces, fields, documents, objects, left_out } = proposal;
    let mut text = format!(
        "# Proposed from {} in {}: read it, and amend it.\n\
         # Required is what all of them have; a type is one that every value fits.\n\
         record: {}\n",
        counted(*documents, "document"),
        counted(*objects, "object"),
        scalar(record)
    );
    // Writing to a `String` cannot fail.
    if !namespaces.is_empty() {
        text.push_str("namespaces:\n");
        for (prefix, uri) in namespaces {
            let _ = writeln!(text, "  {}: {}", scalar(prefix), scalar(uri));
        }
    }
    if let Some(uris) = default_namespaces {
        let uris: Vec<_> = uris.iter().map(|uri| scalar(uri)).collect();
        let _ = writeln!(text, "defaultNamespaces: [{}]", uris.join(", "));
    }
    text.push_str("fields:\n");
    for proposed in fields {
        field(&mut text, proposed, 1);
    }
    if !left_out.is_empty() {
        text.push_str("# Left out:\n");
        for line in left_out.iter().take(LISTED) {
            let _ = writeln!(text, "#   {}", line.escape_debug());
        }
        if left_out.len() > LISTED {
            let _ = writeln!(text, "#   and {} more", left_out.len() - LISTED);
        }
    }
    text
}

fn field(text: &mut String, proposed: &Proposed, level: usize) {
    let Proposed { field: model, nested, .. } = proposed;
    let paths: Vec<_> = model.path.iter().map(|path| scalar(path)).collect();
    let mut parts = vec![format!("name: {}", scalar(&model.name)), format!("path: [{}]", paths.join(", "))];
    if model.kind != docmill_crds::conversion::FieldType::default() {
        parts.push(format!("type: {}", model.kind.as_str()));
    }
    if model.repeated {
        parts.push("repeated: true".to_owned());
    }
    if model.required {
        parts.push("required: true".to_owned());
    }
    let (indent, comment) = ("  ".repeat(level), comment(proposed, level));
    if nested.is_empty() {
        let _ = writeln!(text, "{indent}- {{{}}} # {comment}", parts.join(", "));
        return;
    }
    let _ = writeln!(text, "{indent}# {comment}\n{indent}- {}", parts.join(&format!("\n{indent}  ")));
    let _ = writeln!(text, "{indent}  fields:");
    for proposed in nested {
        field(text, proposed, level + 2);
    }
}

fn comment(proposed: &Proposed, level: usize) -> String {
    let Proposed { count, of, example, .. } = proposed;
    let what = if level == 1 { "document" } else { "object" };
    let what = counted(*of, what);
    let mut comment = if count == of { format!("in all of {what}") } else { format!("in {count} of {what}") };
    if !example.is_empty() {
        let _ = write!(comment, ": {example:?}");
    }
    comment
}

fn counted(count: u64, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

/// A text in YAML, with quotes if it could be interpreted as something else.
fn scalar(text: &str) -> String {
    let plain = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '/' | '.' | '-' | '_'))
        && !WORDS.iter().any(|word| text.eq_ignore_ascii_case(word));
    if plain { text.to_owned() } else { serde_json::Value::from(text).to_string() }
}
