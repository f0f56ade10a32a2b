//! What people see of a trace. Pure.

use docmill_crds::records_api::document::Document;
use docmill_crds::records_api::unit::Unit;

use super::lookup::Trace;
use super::{advice, faults, stages};
use crate::output::untrusted::one_line;
use crate::output::{Cell, Show, Table, Tone, View};

impl Show for Trace {
    fn human(&self, view: View) -> String {
        let documents = self.documents.iter().map(|document| self.document(document, view));
        let units = self.units.iter().map(|unit| self.unit(unit, view));
        let parts: Vec<String> = documents.chain(units).collect();
        let mut text = if parts.is_empty() { self.not_found(view) } else { parts.join("\n") };
        for note in &self.notes {
            text.push_str(&view.palette.paint(Tone::Dim, &format!("note: {}", one_line(note))));
            text.push('\n');
        }
        text
    }

    fn names(&self) -> Vec<String> {
        let name = |kind: &str, name: Option<&String>| format!("{kind}/{}", name.map_or("", String::as_str));
        let documents =
            self.documents.iter().map(|document| name("document", document.metadata.name.as_ref()));
        let units = self.units.iter().map(|unit| name("unit", unit.metadata.name.as_ref()));
        documents.chain(units).collect()
    }
}

impl Trace {
    fn document(&self, document: &Document, view: View) -> String {
        let state = Cell::new(stages::tone(document.state), document.state.as_str());
        let (id, source) = (document.id.as_str().into(), document.source.as_str().into());
        let mut text = head(&[("Document", id), ("Source", source), ("State", state)], view);
        text.push('\n');
        text.push_str(&stages::of_document(document, view).render(view.palette));
        if let Some(unit) = &document.unit {
            text.push_str(&self.faults(unit, view));
            let superseded_by = unit.superseded_by.as_deref();
            let lines = advice::of_unit(document.state, &document.source, &unit.raw, superseded_by);
            text.push_str(&next(&lines, view));
        }
        for warning in &document.warnings {
            text.push_str(&view.palette.paint(Tone::Warn, &format!("warning: {}", one_line(warning))));
            text.push('\n');
        }
        text
    }

    fn unit(&self, unit: &Unit, view: View) -> String {
        let digest = unit.metadata.name.as_deref().unwrap_or("?");
        let state = Cell::new(stages::tone(unit.state), unit.state.as_str());
        let mut text = head(
            &[
                ("Object", unit.raw.key.as_str().into()),
                ("Unit", digest.into()),
                ("Source", unit.source.as_str().into()),
                ("State", state),
            ],
            view,
        );
        text.push('\n');
        text.push_str(&stages::of_unit(unit, view).render(view.palette));
        text.push_str(&self.faults(unit, view));
        let superseded_by = unit.superseded_by.as_deref();
        text.push_str(&next(&advice::of_unit(unit.state, &unit.source, &unit.raw, superseded_by), view));
        text
    }

    fn faults(&self, unit: &Unit, view: View) -> String {
        let error = self.errors.iter().find(|error| error.metadata.name == unit.metadata.name);
        let text = faults::faults(unit, error, view);
        if text.is_empty() { text } else { format!("\n{text}") }
    }

    fn not_found(&self, view: View) -> String {
        let words = view.palette.paint(Tone::Warn, &self.unknown());
        format!("{words}\n{}", next(&advice::of_unknown(self), view))
    }
}

fn head(rows: &[(&str, Cell)], view: View) -> String {
    let mut table = Table::new(&[]);
    for (name, value) in rows {
        table.row([Cell::new(Tone::Bold, name), value.clone()]);
    }
    table.render(view.palette)
}

fn next(lines: &[String], view: View) -> String {
    if lines.is_empty() {
        return String::new();
    }
    let head = view.palette.paint(Tone::Bold, "Next");
    let lines: Vec<String> = lines.iter().map(|line| format!("  {}\n", one_line(line))).collect();
    format!("\n{head}\n{}", lines.concat())
}
