//! Finds the conversion in a YAML file, which may have several documents: a `Secret` and the `IngestSource`
//! that uses it.

use super::fault::{Fault, yaml_fault};
use super::tree::{PlacedNode, YamlNode};

/// The kind of resource that has a conversion.
const KIND: &str = "IngestSource";

/// Where in a document its conversion is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ModelForm {
    /// Under `spec.conversion`.
    Resource,
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
            Some(KIND) => Some(Self::Resource),
            Some(_) => None,
            None if node.get("spec").is_some() => Some(Self::Resource),
            None if node.get("conversion").is_some() => Some(Self::Keyed),
            None => Some(Self::Bare),
        }
    }

    /// The conversion in a document of this form.
    pub(super) fn conversion(self, document: &PlacedNode) -> &PlacedNode {
        let spec = match self {
            Self::Resource => document.value.get("spec"),
            Self::Keyed | Self::Bare => Some(document),
        };
        let conversion = match self {
            Self::Bare => spec,
            Self::Resource | Self::Keyed => spec.and_then(|spec| spec.value.get("conversion")),
        };
        conversion.unwrap_or(document)
    }
}

/// The only document of the file with a conversion: its text, whose lines have the numbers that they have in
/// the file, its tree and its form.
pub(super) fn find(text: &str) -> Result<(String, PlacedNode, ModelForm), Fault> {
    let mut found = None;
    let mut others = None;
    for yaml in split(text) {
        let node: PlacedNode = serde_saphyr::from_str(&yaml).map_err(|error| yaml_fault(&error))?;
        let (line, column) = (node.referenced.line(), node.referenced.column());
        match ModelForm::of(&node.value) {
            None => others = others.or(Some((line, column))),
            // Nothing between two separators.
            Some(ModelForm::Bare) if node.value.is_nothing() => {}
            Some(_) if found.is_some() => {
                let problem = "a second conversion in one file: put each into a file of its own".to_owned();
                return Err(Fault { problem, line, column });
            }
            Some(form) => found = Some((yaml, node, form)),
        }
    }
    found.ok_or_else(|| {
        let (line, column) = others.unwrap_or((1, 1));
        let problem = format!(
            "there is no conversion: expected an {KIND}, a document with the key conversion, or one with the keys of a \
             conversion (preset, record, namespaces, fields)"
        );
        Fault { problem, line, column }
    })
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
