//! `kubectl docmill search`: documents by words of their content.

use clap::Args;
use docmill_crds::records_api::document::{Document, DocumentList};
use docmill_crds::records_api::search::{DEFAULT_DOCUMENTS, SearchQuery};

use crate::commands::Session;
use crate::exit_status::ExitStatus;
use crate::failure::Failure;
use crate::output::quoting::{operand, quoted};
use crate::output::untrusted::one_line;
use crate::output::{Cell, Show, Table, Tone, View};

const EXAMPLES: &str = "Examples:
  kubectl docmill search wire interest rates
  kubectl docmill search wire '\"interest rates\" -mortgage'
  kubectl docmill search wire 'budget | deficit' --limit 100 -o name

A document has to have all words. Between two words, | asks for one of them; - before a word is for documents without it;
quotes keep words together. It needs the role docmill-content-view, as whoever searches content reads it.

Exit status: 0 if documents were found, 3 if none was.";

/// What to search for.
#[derive(Args, Clone, Debug)]
#[command(after_help = EXAMPLES)]
pub struct SearchArgs {
    /// Name of the IngestSource.
    #[arg(value_name = "SOURCE")]
    source: String,

    /// Words of the documents, at most 256 characters.
    #[arg(value_name = "WORDS", required = true)]
    words: Vec<String>,

    /// Documents at most.
    #[arg(long, value_name = "NUMBER", default_value_t = DEFAULT_DOCUMENTS)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=100))]
    limit: u32,
}

/// Shows the documents that have the words, the best match first.
pub async fn run(args: &SearchArgs, session: &Session) -> Result<ExitStatus, Failure> {
    let query = SearchQuery {
        source: Some(args.source.clone()),
        text: args.words.join(" "),
        limit: Some(args.limit),
    };
    let found = session.cluster().await?.search(&query).await?;
    session.screen.show(&found)?;
    Ok(if found.items.is_empty() { ExitStatus::Findings } else { ExitStatus::Success })
}

impl Show for DocumentList {
    fn human(&self, view: View) -> String {
        let mut text = match self.items.first() {
            None => format!("{}\n", view.palette.paint(Tone::Warn, "No document has these words.")),
            Some(first) => format!("{}{}", table(&self.items, view), next(first, view)),
        };
        for warning in &self.warnings {
            text.push_str(&view.palette.paint(Tone::Warn, &format!("warning: {}", one_line(warning))));
            text.push('\n');
        }
        text
    }

    fn names(&self) -> Vec<String> {
        let name = |document: &Document| {
            format!("document/{}", document.metadata.name.as_deref().unwrap_or_default())
        };
        self.items.iter().map(name).collect()
    }
}

fn table(documents: &[Document], view: View) -> String {
    let mut headings = vec!["ID", "KEY", "INDEX"];
    if view.is_wide {
        headings.extend(["INDEXED", "UNIT"]);
    }
    let mut table = Table::new(&headings);
    for document in documents {
        let (unit, indexed) = (document.unit.as_ref(), document.indexed.as_ref());
        let mut cells = vec![
            Cell::from(&document.id),
            Cell::from(unit.map_or("", |unit| unit.raw.key.as_str())),
            Cell::from(indexed.map_or("", |indexed| indexed.index.as_str())),
        ];
        if view.is_wide {
            cells.extend([
                Cell::from(indexed.and_then(|indexed| indexed.indexed_time.as_deref()).unwrap_or_default()),
                Cell::from(unit.and_then(|unit| unit.metadata.name.as_deref()).unwrap_or_default()),
            ]);
        }
        table.row(cells);
    }
    table.render(view.palette)
}

/// What shows more of the best match.
fn next(best: &Document, view: View) -> String {
    let (id, source) = (operand(&best.id), quoted(&best.source));
    let line = format!("kubectl docmill trace --source {source} {id}   # its stages");
    format!("\n{}\n  {}\n", view.palette.paint(Tone::Bold, "Next"), one_line(&line))
}

#[cfg(test)]
mod tests {
    use docmill_crds::records_api::document::DocumentList;
    use serde_json::{Value, json};

    use crate::output::{Palette, Show as _, View};

    fn list(items: &Value, warnings: &Value) -> DocumentList {
        serde_json::from_value(json!({"apiVersion": "records.docmill.io/v1alpha1", "kind": "DocumentList",
            "metadata": {}, "items": items, "warnings": warnings}))
        .unwrap()
    }

    fn shown(list: &DocumentList, is_wide: bool) -> String {
        let now = "2026-01-03T00:00:30Z".parse().unwrap();
        list.human(View { palette: Palette::default(), is_wide, now })
    }

    #[test]
    fn each_document_has_a_line_and_the_first_one_a_next_step() {
        let unit = json!({"apiVersion": "records.docmill.io/v1alpha1", "kind": "Unit",
            "metadata": {"name": "0a"}, "source": "wire", "state": "Indexed",
            "raw": {"bucket": "raw", "key": "a.xml", "version": "1"}});
        let indexed = json!({"index": "articles-2026", "indexedTime": "2026-01-03T00:00:00Z"});
        let whole = json!({"apiVersion": "records.docmill.io/v1alpha1", "kind": "Document",
            "metadata": {"name": "urn_3Aa"}, "id": "urn:a", "source": "wire", "state": "Indexed",
            "unit": unit, "indexed": indexed});
        let mut bare = whole.clone();
        (bare["id"], bare["metadata"]["name"], bare["unit"]) = (json!("b"), json!("b"), Value::Null);
        let found = list(&json!([whole, bare]), &json!([]));
        let expected = "ID      KEY     INDEX
urn:a   a.xml   articles-2026
b               articles-2026

Next
  kubectl docmill trace --source wire urn:a   # its stages
";
        assert_eq!(shown(&found, false), expected);
        assert!(shown(&found, true).contains("2026-01-03T00:00:00Z   0a\n"), "{}", shown(&found, true));
        assert_eq!(found.names(), ["document/urn_3Aa", "document/b"]);
    }

    #[test]
    fn that_nothing_was_found_and_what_was_not_asked_is_said() {
        let nothing = list(&json!([]), &json!(["the index: Elasticsearch cannot be reached"]));
        let expected = "No document has these words.\nwarning: the index: Elasticsearch cannot be reached\n";
        assert_eq!(shown(&nothing, false), expected);
    }
}
