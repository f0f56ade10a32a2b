//! `kubectl docmill history`: the versions that a document came from.

use clap::Args;
use docmill_crds::records_api::history::DocumentHistory;

use super::Session;
use super::trace::stages;
use crate::exit_status::ExitStatus;
use crate::failure::Failure;
use crate::output::amounts::moment;
use crate::output::{Cell, Show, Table, Tone, View};

const EXAMPLES: &str = "Examples:
  kubectl docmill history urn:newsml:example.com:20261125:1
  kubectl docmill history urn:newsml:example.com:20261125:1 --source wire -o json";

/// Whose history.
#[derive(Args, Clone, Debug)]
#[command(after_help = EXAMPLES)]
pub struct HistoryArgs {
    /// Id of the document.
    #[arg(value_name = "ID")]
    id: String,

    /// Name of the IngestSource. It may be left out if the namespace has one alone.
    #[arg(short, long, value_name = "SOURCE")]
    source: Option<String>,
}

/// Shows the units that a document came from, the last recorded first.
pub async fn run(args: &HistoryArgs, session: &Session) -> Result<ExitStatus, Failure> {
    let history = session.cluster().await?.history(&args.id, args.source.as_deref()).await?;
    session.screen.show(&history)?;
    Ok(ExitStatus::Success)
}

impl Show for DocumentHistory {
    fn human(&self, view: View) -> String {
        let mut headings = vec!["", "STATE", "RECORDED", "REVISION", "DIGEST", "UNIT", "KEY"];
        if view.is_wide {
            headings.extend(["VERSION", "POD"]);
        }
        let mut table = Table::new(&headings);
        for entry in &self.entries {
            let state = entry.reason.as_deref().unwrap_or(entry.state.as_str());
            let mut cells = vec![
                Cell::new(Tone::Good, if entry.is_current { "*" } else { "" }),
                Cell::new(stages::tone(entry.state), state),
                Cell::from(moment(&entry.recorded_time, view.now)),
                Cell::from(stages::shown(&entry.revision, view)),
                Cell::from(stages::shown(entry.digest.as_deref().unwrap_or_default(), view)),
                Cell::from(&entry.unit),
                Cell::from(&entry.key),
            ];
            if view.is_wide {
                cells.extend([Cell::from(&entry.version), Cell::from(&entry.runner)]);
            }
            table.row(cells);
        }
        table.render(view.palette)
    }

    fn names(&self) -> Vec<String> {
        self.entries.iter().map(|entry| format!("unit/{}", entry.unit)).collect()
    }
}

#[cfg(test)]
mod tests {
    use docmill_crds::records_api::history::DocumentHistory;
    use serde_json::json;

    use crate::output::{Palette, Show as _, View};

    #[test]
    fn the_current_version_has_a_mark() {
        let entry = |unit: &str, state: &str, current: bool| {
            json!({"unit": unit, "key": "a.xml", "version": "1", "state": state, "revision": "5f2c0000000000aa",
                "recordedTime": "2026-01-03T00:00:00Z", "runner": "p", "isCurrent": current})
        };
        let history: DocumentHistory = serde_json::from_value(json!({
            "apiVersion": "records.docmill.io/v1alpha1", "kind": "DocumentHistory", "metadata": {}, "id": "a",
            "source": "wire", "entries": [entry("0b", "Indexed", true), entry("0a", "Superseded", false)]}))
        .unwrap();
        let now = "2026-01-03T00:00:30Z".parse().unwrap();
        let shown = history.human(View { palette: Palette::default(), is_wide: false, now });
        let expected = "    STATE        RECORDED                         REVISION       DIGEST   UNIT   KEY
*   Indexed      2026-01-03T00:00:00Z (30s ago)   5f2c00000000            0b     a.xml
    Superseded   2026-01-03T00:00:00Z (30s ago)   5f2c00000000            0a     a.xml
";
        assert_eq!(shown, expected);
        assert_eq!(history.names(), ["unit/0b", "unit/0a"]);
    }
}
