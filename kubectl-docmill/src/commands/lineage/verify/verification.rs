//! The verdict on a manifest, and how it is shown. Pure.

use std::fmt::Write as _;

use docmill_crds::records::lineage::ManifestLink;
use docmill_crds::records::lineage::merkle::MerkleTree;
use docmill_crds::records_api::manifest::Manifest;
use serde::Serialize;

use super::comparison::{Comparison, Difference, NAMED};
use super::content::ContentSummary;
use crate::output::amounts::{count, moment};
use crate::output::untrusted::one_line;
use crate::output::{Cell, Show, Table, Tone, View};

/// The verdict.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Verification {
    /// Whether nothing is wrong.
    pub holds: bool,
    /// The source.
    pub source: String,
    /// The day.
    pub day: String,
    /// The generation of the manifest.
    pub generation: i64,
    /// When it was written.
    pub created_time: String,
    /// The root that it states.
    pub root: String,
    /// The root of its lines, if it is another.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub root_of_lines: Option<String>,
    /// The root that a manifest of now would have.
    pub root_of_records: String,
    /// Manifests that it names and that are not as it names them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub chain_faults: Vec<ChainFault>,
    /// Units that are the same.
    pub same: i64,
    /// Units that the records lack.
    pub missing: i64,
    /// Units that the records tell otherwise.
    pub changed: i64,
    /// Units that the manifest lacks.
    pub extra: i64,
    /// Units whose content is another.
    pub other_content: i64,
    /// Of all of these, those that were recorded after the manifest was written.
    pub later: i64,
    /// The content that was read, if any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content: Option<ContentSummary>,
    /// The first [`NAMED`] of the units that differ, by key.
    pub differences: Vec<Difference>,
}

/// A manifest that is not as another one names it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ChainFault {
    /// Its day.
    pub day: String,
    /// Its generation.
    pub generation: i64,
    /// The digest that it should have.
    pub expected: String,
    /// The digest that it has; left out if it is not there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub found: Option<String>,
}

impl ChainFault {
    /// A manifest that has another digest, or is not there.
    pub fn new(link: &ManifestLink, found: Option<String>) -> Self {
        Self { day: link.day.clone(), generation: link.generation, expected: link.digest.clone(), found }
    }
}

impl Verification {
    /// The verdict, by the trees over the lines and over the records.
    pub fn of(
        manifest: &Manifest,
        chain_faults: Vec<ChainFault>,
        (lines, records): (&MerkleTree, &MerkleTree),
        comparison: Comparison,
        content: Option<ContentSummary>,
    ) -> Self {
        let stated = &manifest.statement;
        let is_intact = lines.root() == stated.root && i64::try_from(lines.count()) == Ok(stated.count);
        Self {
            holds: is_intact && chain_faults.is_empty() && comparison.total() == 0,
            source: manifest.source.clone(),
            day: stated.day.clone(),
            generation: stated.generation,
            created_time: stated.created_time.clone(),
            root: stated.root.clone(),
            root_of_lines: (!is_intact).then(|| lines.root()),
            root_of_records: records.root(),
            chain_faults,
            same: comparison.same,
            missing: comparison.missing,
            changed: comparison.changed,
            extra: comparison.extra,
            other_content: comparison.content,
            later: comparison.later,
            content,
            differences: comparison.differences,
        }
    }

    fn findings(&self) -> Vec<String> {
        let mut findings = Vec::new();
        if let Some(root) = &self.root_of_lines {
            findings.push(format!("the lines were changed: their root is {root}"));
        }
        findings.extend(self.chain_faults.iter().map(|fault| {
            let (day, generation) = (&fault.day, fault.generation);
            let what = if fault.found.is_some() { "was changed" } else { "is gone" };
            format!("generation {generation} of {day}, which this manifest names, {what}")
        }));
        let total = self.missing + self.changed + self.extra + self.other_content;
        if total > 0 {
            findings.push(format!(
                "{} missing, {} changed, {} extra, {} with other content; {} of these {} were processed again later",
                count(self.missing),
                count(self.changed),
                count(self.extra),
                count(self.other_content),
                count(self.later),
                count(total),
            ));
        }
        findings
    }

    fn table(&self, view: View) -> String {
        let mut table = Table::new(&["DIFFERENCE", "KEY", "WHAT", "RECORDED", "UNIT"]);
        for one in &self.differences {
            let tone = if one.is_later { Tone::Warn } else { Tone::Bad };
            let recorded = one.recorded_time.as_deref().map(|time| moment(time, view.now));
            table.row([
                Cell::new(tone, <&str>::from(one.kind)),
                Cell::from(&one.key),
                Cell::from(one.what.join(", ")),
                Cell::from(recorded.unwrap_or_default()),
                Cell::from(&one.unit),
            ]);
        }
        table.render(view.palette)
    }
}

impl Show for Verification {
    fn human(&self, view: View) -> String {
        let (day, source, generation) = (&self.day, &self.source, self.generation);
        let verdict = if self.holds { (Tone::Good, "holds") } else { (Tone::Bad, "does not hold") };
        let mut text = format!(
            "The manifest of {source} of {day}, generation {generation}, {}: {} units are as it says.\n",
            view.palette.paint(verdict.0, verdict.1),
            count(self.same)
        );
        // Writing to a text does not fail.
        let _ = writeln!(
            text,
            "Root {}, written {}",
            one_line(&self.root),
            one_line(&moment(&self.created_time, view.now))
        );
        if let Some(ContentSummary { read, too_large }) = self.content {
            let (read, too_large) = (count(read), count(too_large));
            let _ =
                writeln!(text, "Content: {read} objects and snapshots read, {too_large} too large to read.");
        }
        for finding in self.findings() {
            text.push_str(&view.palette.paint(Tone::Bad, &one_line(&finding)));
            text.push('\n');
        }
        if !self.differences.is_empty() {
            text.push_str(&self.table(view));
        }
        if self.differences.len() == NAMED {
            text.push_str(
                &view.palette.paint(Tone::Dim, "note: further differences are counted and not named"),
            );
            text.push('\n');
        }
        text
    }

    fn names(&self) -> Vec<String> {
        self.differences.iter().map(|one| format!("unit/{}", one.unit)).collect()
    }
}

#[cfg(test)]
mod tests {
    use docmill_crds::records::lineage::merkle::MerkleTree;
    use docmill_crds::records::lineage::{ManifestLink, UnitEntry};
    use docmill_crds::records_api::manifest::Manifest;
    use serde_json::json;

    use super::{ChainFault, Comparison, Verification};
    use crate::commands::lineage::verify::units::FoundUnit;
    use crate::output::{Palette, Show as _, View};

    fn entry(state: &str) -> UnitEntry {
        serde_json::from_value(json!({"key": "wire/a.xml", "version": "1", "unit": "0a", "state": state,
            "revision": "5f", "documentCount": 1}))
        .unwrap()
    }

    fn tree(entry: &UnitEntry) -> MerkleTree {
        let mut tree = MerkleTree::default();
        tree.push(&entry.line());
        tree
    }

    fn manifest() -> Manifest {
        serde_json::from_value(json!({"apiVersion": "records.docmill.io/v1alpha1", "kind": "Manifest",
            "metadata": {"name": "2026-11-29"}, "source": "wire", "digest": "00", "linesSize": 9,
            "statement": {"format": 1, "source": "news/wire", "bucket": "raw", "day": "2026-11-29",
                "generation": 2, "createdTime": "2026-11-30T01:00:00Z", "count": 1, "states": {"Indexed": 1},
                "root": tree(&entry("Indexed")).root(), "lines": "l", "run": "u"}}))
        .unwrap()
    }

    fn verified(told: &UnitEntry, found: &UnitEntry, chain: Vec<ChainFault>) -> Verification {
        let mut comparison = Comparison::new("2026-11-30T01:00:00Z");
        let unit = FoundUnit { entry: found.clone(), recorded_time: "2026-11-29T10:00:00Z".into() };
        comparison.step(Some(told), Some(&unit));
        Verification::of(&manifest(), chain, (&tree(told), &tree(found)), comparison, None)
    }

    fn shown(verification: &Verification) -> String {
        let now = "2026-11-30T01:01:00Z".parse().unwrap();
        verification.human(View { palette: Palette::default(), is_wide: false, now })
    }

    #[test]
    fn a_manifest_holds_if_everything_is_as_it_says() {
        let verification = verified(&entry("Indexed"), &entry("Indexed"), Vec::new());
        assert!(verification.holds);
        assert_eq!(verification.root, verification.root_of_records);
        let shown = shown(&verification);
        assert!(
            shown.starts_with("The manifest of wire of 2026-11-29, generation 2, holds: 1 units"),
            "{shown}"
        );
    }

    #[test]
    fn a_record_that_was_altered_is_named() {
        let verification = verified(&entry("Indexed"), &entry("Failed"), Vec::new());
        assert!(!verification.holds);
        assert_ne!(verification.root, verification.root_of_records);
        let shown = shown(&verification);
        assert!(shown.contains("0 missing, 1 changed, 0 extra"), "{shown}");
        assert!(shown.contains("Changed      wire/a.xml   state"), "{shown}");
        assert_eq!(verification.names(), ["unit/0a"]);
    }

    #[test]
    fn lines_that_were_altered_with_the_record_have_another_root() {
        let verification = verified(&entry("Failed"), &entry("Failed"), Vec::new());
        assert!(!verification.holds && verification.root_of_lines.is_some());
        assert!(shown(&verification).contains("the lines were changed"));
    }

    #[test]
    fn a_broken_chain_is_a_finding() {
        let day = "2026-11-28\u{1b}[2J".into();
        let link = ManifestLink { day, generation: 1, ..ManifestLink::default() };
        let verification = verified(&entry("Indexed"), &entry("Indexed"), vec![ChainFault::new(&link, None)]);
        assert!(!verification.holds);
        assert!(
            shown(&verification)
                .contains("generation 1 of 2026-11-28\u{fffd}[2J, which this manifest names, is gone")
        );
    }
}
