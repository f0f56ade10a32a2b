//! Finds the conversion in a YAML file, which may have several documents: a `Secret` and the `IngestSource`
//! that uses it, or a `ConversionModel` and the `IngestSource` that refers to it.

use super::fault::{Fault, yaml_fault};
use super::tree::{PlacedNode, YamlNode};

/// The kind of resource that has a conversion.
const SOURCE: &str = "IngestSource";
/// The kind of resource that is one.
const MODEL: &str = "ConversionModel";
/// What is wrong with a file of two conversions.
const SECOND: &str = "a second conversion in one file: put each into a file of its own";

/// Where in a document its conversion is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ModelForm {
    /// Under `spec.conversion`.
    Source,
    /// Under `spec`.
    Model,
    /// Under `conversion`.
    Keyed,
    /// It is the document.
    Bare,
}

impl ModelForm {
    /// The form of a document; `None` for a resource of another kind.
    fn of(node: &YamlNode) -> Option<Self> {
        let kind = node.get("kind").and_then(|kind| kind.value.text());
        match kind {
            Some(SOURCE) => Some(Self::Source),
            Some(MODEL) => Some(Self::Model),
            Some(_) => None,
            None if node.get("spec").is_some() => Some(Self::Source),
            None if node.get("conversion").is_some() => Some(Self::Keyed),
            None => Some(Self::Bare),
        }
    }

    /// The conversion in a document of this form.
    pub(super) fn conversion(self, document: &PlacedNode) -> &PlacedNode {
        let keys: &[&str] = match self {
            Self::Source => &["spec", "conversion"],
            Self::Model => &["spec"],
            Self::Keyed => &["conversion"],
            Self::Bare => &[],
        };
        keys.iter().try_fold(document, |node, key| node.value.get(key)).unwrap_or(document)
    }
}

/// A document with a conversion: its text, whose lines have the numbers that they have in the file, its tree
/// and its form.
type Found = (String, PlacedNode, ModelForm);

/// The only document of the file with a conversion. Where a source refers to a `ConversionModel`, that is the
/// one of this name.
pub(super) fn find(text: &str) -> Result<Found, Fault> {
    let mut found: Vec<Found> = Vec::new();
    let mut reference = None;
    let mut others = None;
    for yaml in split(text) {
        let node: PlacedNode = serde_saphyr::from_str(&yaml).map_err(|error| yaml_fault(&error))?;
        match ModelForm::of(&node.value) {
            None => others = others.or(Some(place(&node))),
            // Nothing between two separators.
            Some(ModelForm::Bare) if node.value.is_nothing() => {}
            Some(ModelForm::Source) if reference_of(&node).is_some() => {
                reference = reference.or_else(|| reference_of(&node));
            }
            Some(form) => found.push((yaml, node, form)),
        }
    }
    if let Some((name, _)) = &reference {
        found.retain(|(_, node, form)| *form != ModelForm::Model || name_of(node) == Some(name.as_str()));
    }
    let mut found = found.into_iter();
    match (found.next(), found.next()) {
        (Some(one), None) => Ok(one),
        (_, Some((_, second, _))) => Err(fault(place(&second), SECOND.to_owned())),
        (None, None) => Err(match reference {
            Some((name, place)) => fault(place, lacking(&name)),
            None => fault(others.unwrap_or((1, 1)), nothing()),
        }),
    }
}

/// The name of the `ConversionModel` that a source refers to, and the place of the reference.
fn reference_of(source: &PlacedNode) -> Option<(String, (u64, u64))> {
    let conversion = source.value.get("spec")?.value.get("conversion")?;
    let reference = conversion.value.get("modelRef")?;
    let name = reference.value.get("name")?.value.text()?;
    Some((name.to_owned(), place(reference)))
}

/// `metadata.name`.
fn name_of(resource: &PlacedNode) -> Option<&str> {
    resource.value.get("metadata")?.value.get("name")?.value.text()
}

fn place(node: &PlacedNode) -> (u64, u64) {
    (node.referenced.line(), node.referenced.column())
}

fn fault((line, column): (u64, u64), problem: String) -> Fault {
    Fault { problem, line, column }
}

fn lacking(name: &str) -> String {
    format!(
        "the conversion is that of the {MODEL} {name:?}, which is not in this file: add it, or name the file \
         that it is in"
    )
}

fn nothing() -> String {
    format!(
        "there is no conversion: expected a {MODEL}, an {SOURCE}, a document with the key conversion, or one \
         with the keys of a conversion (preset, record, namespaces, fields)"
    )
}

/// The documents of a file. Each has empty lines in place of those before it. A line that starts with `---`
/// or `...` ends a document wherever it is (YAML 1.2.2, section 9.1.2: no content can have such a line).
fn split(text: &str) -> Vec<String> {
    let mut documents = vec![String::new()];
    let is_marker = |line: &str, marker: &str| {
        line.strip_prefix(marker).is_some_and(|rest| rest.is_empty() || rest.starts_with(char::is_whitespace))
    };
    for (number, line) in text.split_inclusive('\n').enumerate() {
        let starts = is_marker(line, "---");
        if starts || is_marker(line, "...") {
            documents.push("\n".repeat(number));
        }
        if let Some(document) = documents.last_mut() {
            // A directive defines how to read what follows, and this reader knows only one way.
            let directive = line.starts_with('%') && document.trim().is_empty();
            document.push_str(if directive || is_marker(line, "...") { "\n" } else { line });
        }
    }
    documents.retain(|document| document.lines().any(has_content));
    documents
}

fn has_content(line: &str) -> bool {
    let line = line.strip_prefix("---").unwrap_or(line).trim();
    !line.is_empty() && !line.starts_with('#')
}

#[cfg(test)]
mod tests {
    use super::split;

    #[test]
    fn documents_keep_the_numbers_of_their_lines() {
        let text = "# first\n---\na: |\n  --- not this\nb: 1\n--- {c: 1}\n...\n%YAML 1.2\n---\nd: 1\n---\n# nothing\n";
        assert_eq!(
            split(text),
            ["\n---\na: |\n  --- not this\nb: 1\n", "\n\n\n\n\n--- {c: 1}\n", "\n\n\n\n\n\n\n\n---\nd: 1\n",]
        );
    }

    #[test]
    fn a_file_without_content_has_no_documents() {
        assert!(split("").is_empty());
        assert!(split("---\n# only a comment\n").is_empty());
    }
}
