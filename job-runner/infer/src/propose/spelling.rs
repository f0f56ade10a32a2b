//! How names of elements and attributes are written in paths, with prefixes that are made for the model.

use docmill_crds::conversion::Format;

use super::super::json;
use super::super::namespaces::NONE;
use super::super::record::Part;
use super::super::tree::{Namespace, PathNode};
use super::{MOST_NAMESPACES, Proposer};

impl Proposer<'_> {
    /// The path of records, as it is written.
    pub(super) fn record(&mut self, path: &[Part]) -> String {
        match self.format {
            Format::Json => json_record(path),
            Format::Xml | Format::Binary => path.iter().map(|part| self.part(part)).collect(),
        }
    }

    /// A part of the path of records, as it is written.
    fn part(&mut self, part: &Part) -> String {
        match part {
            Part::Text(text) => text.clone(),
            Part::Name(namespace, local) => {
                self.named(*namespace, local).unwrap_or_else(|| format!("*:{local}"))
            }
            Part::Attribute(namespace, local) => {
                self.attribute(*namespace, local).unwrap_or_else(|| format!("@*:{local}"))
            }
        }
    }

    /// The step of a path to this element or attribute.
    pub(super) fn step(&mut self, node: &PathNode) -> Option<String> {
        if !node.attribute {
            return self.named(node.namespace, &node.local);
        }
        self.attribute(node.namespace, &node.local)
    }

    fn attribute(&mut self, namespace: Namespace, local: &str) -> Option<String> {
        if namespace == NONE {
            return Some(format!("@{local}"));
        }
        Some(format!("@{}:{local}", self.prefix(namespace)?))
    }

    fn named(&mut self, namespace: Namespace, local: &str) -> Option<String> {
        let uri = self.namespaces.get(namespace).0;
        if namespace == self.plain || self.uris.iter().any(|plain| plain == uri) {
            return Some(local.to_owned());
        }
        Some(format!("{}:{local}", self.prefix(namespace)?))
    }

    /// The prefix of a namespace, as samples have it if it is free.
    fn prefix(&mut self, namespace: Namespace) -> Option<String> {
        if self.namespaces.is_xml(namespace) {
            return Some("xml".to_owned());
        }
        if let Some(known) = self.prefixes.get(&namespace) {
            return Some(known.clone());
        }
        if self.prefixes.len() == MOST_NAMESPACES {
            return None;
        }
        let wanted = self.namespaces.get(namespace).1;
        let plain = wanted.starts_with(|c: char| c.is_ascii_alphabetic())
            && wanted.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'));
        let start = if plain { wanted } else { "ns" };
        let free = |prefix: &String| prefix != "xml" && self.prefixes.values().all(|known| known != prefix);
        let numbered = (2..).map(|number| format!("{start}{number}"));
        let prefix = std::iter::once(start.to_owned()).chain(numbered).find(free)?;
        self.prefixes.insert(namespace, prefix.clone());
        Some(prefix)
    }
}

/// The path of records in JSON.
fn json_record(path: &[Part]) -> String {
    path.iter().fold(String::new(), |record, part| match part {
        // The first name of each path of a union.
        Part::Name(_, local) if local == json::TOP_VALUE && is_start(&record) => record + json::TOP_VALUE,
        Part::Name(_, local) | Part::Attribute(_, local) => json::join(&record, local),
        // At any depth, or one step below the last name.
        Part::Text(text) if text == "//" => record + json::TOP_VALUE + "..",
        Part::Text(text) if text == "/" => record,
        Part::Text(text) => record + text,
    })
}

fn is_start(record: &str) -> bool {
    record.is_empty() || record.ends_with(' ')
}
