//! Writes a proposal as YAML with comments. Pure.

use std::fmt::Write;

use docmill_crds::conversion::{Entities, Format};

use super::proposal::{Proposal, Proposed};

/// Maximum number of things that are listed as left out.
const LISTED: usize = 40;

/// Words that YAML readers interpret as something other than text.
const WORDS: [&str; 10] = ["true", "false", "yes", "no", "on", "off", "null", "y", "n", "nan"];

/// The YAML of a `conversion`.
pub fn yaml(proposal: &Proposal) -> String {
    let Proposal { form, record, namespaces, default_namespaces, cells, fields, documents, objects, .. } =
        proposal;
    let left_out: Vec<_> = proposal.beside().chain(proposal.left_out.iter().cloned()).collect();
    let required = if proposal.is_from_many() {
        "what all of so many documents have"
    } else {
        "an id alone, since other documents may lack the rest"
    };
    let mut text = format!(
        "# Proposed from {} in {}: read it, and amend it.\n\
         # Required is {required}; a type is one that every value fits.\n\
         {}record: {}\n",
        counted(*documents, "document"),
        counted(*objects, if form.archive.is_some() { "member" } else { "object" }),
        index(proposal),
        scalar(record)
    );
    if form.format == Format::Json {
        text.push_str("format: Json\n");
    }
    if form.entities == Entities::Named {
        text.push_str("entities: Named # names of characters, as &nbsp; is one\n");
    }
    for (number, (repair, about)) in form.mended.iter().enumerate() {
        let key = if number == 0 { "repairs:\n" } else { "" };
        // Writing to a `String` cannot fail.
        let _ = writeln!(text, "{key}  - {} # {about}", repair.as_str());
    }
    if let Some(archive) = &form.archive {
        let members: Vec<_> = archive.members.iter().map(|member| scalar(member)).collect();
        let _ = writeln!(text, "archive: {{members: [{}]}}", members.join(", "));
    }
    if form.concatenated {
        text.push_str("concatenated: true\n");
    }
    if proposal.on_fault().is_some() {
        text.push_str("onFault: Drop # a value that its type does not fit is left out, and counted\n");
    }
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
    if !cells.is_empty() {
        let cells: Vec<_> = cells.iter().map(|name| scalar(name)).collect();
        let _ = writeln!(text, "cells: [{}] # parts of what is a text elsewhere", cells.join(", "));
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

/// What an index may be made of.
fn index(proposal: &Proposal) -> String {
    let Some(id) = proposal.id_template() else {
        return "# No field is an id: make one for spec.index of an IngestSource, by a template such as \
                {sha256(title,date)}.\n"
            .to_owned();
    };
    let name = proposal.index_template().map(|name| format!(", name: \"{name}\"")).unwrap_or_default();
    format!("# For spec.index of an IngestSource: {{id: \"{id}\"{name}}}\n")
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
    if model.html.is_some() {
        parts.push("html: Text".to_owned());
    }
    if model.trim {
        parts.push("trim: true".to_owned());
    }
    if !model.formats.is_empty() {
        let formats: Vec<_> = model.formats.iter().map(|format| scalar(format)).collect();
        parts.push(format!("formats: [{}]", formats.join(", ")));
    }
    if let Some(date) = &model.parts {
        let paths = [("year", Some(&date.year)), ("month", date.month.as_ref()), ("day", date.day.as_ref())];
        let paths = paths.iter().filter_map(|(name, path)| Some(format!("{name}: {}", scalar((*path)?))));
        parts.push(format!("parts: {{{}}}", paths.collect::<Vec<_>>().join(", ")));
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
    let Proposed { role, hint, count, of, example, .. } = proposed;
    let what = if level == 1 { "document" } else { "object" };
    let what = counted(*of, what);
    let mut comment = role.map_or_else(String::new, |role| format!("the {}, ", role.as_str()));
    let _ = if count == of {
        write!(comment, "in all of {what}")
    } else {
        write!(comment, "in {count} of {what}")
    };
    if let Some(hint) = hint {
        let _ = write!(comment, ", {hint}");
    }
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
