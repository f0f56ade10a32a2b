//! The specs of runs, from flags. Pure, but that a shadow's conversion is given as the text of a file.

use docmill_crds::IngestRunSpec;
use docmill_crds::api::ingest_run::{FailedSelector, IngestMode, RevisionNot, UnitSelector};
use docmill_crds::api::time_range::TimeRange;
use docmill_crds::conversion::Conversion;
use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use serde_json::Value;

use super::args::{AuditArgs, ObjectArgs, ProcessArgs, ReconvertArgs, ReplayArgs, ShadowArgs, WriteArgs};
use crate::failure::Failure;

/// Longest name of a run, less the five characters that the API server adds to a prefix.
const PREFIX_CHARS: usize = 47;

/// The start of the name of a run.
pub fn name_prefix(mode: IngestMode, source: &str) -> String {
    let mode = format!("{mode:?}").to_lowercase();
    let name: String = format!("{mode}-{source}").chars().take(PREFIX_CHARS - 1).collect();
    // A dot before a hyphen is no name.
    format!("{}-", name.trim_end_matches(['.', '-']))
}

/// The spec of a replay.
pub fn replay(args: &ReplayArgs, now: Timestamp) -> IngestRunSpec {
    let since = args.since.map(|since| Time(since.time(now)));
    let failed = FailedSelector { reasons: args.reasons.clone(), since };
    let failed = (failed != FailedSelector::default()).then_some(failed);
    let select = UnitSelector { failed, ..objects(&args.objects) };
    let spec = of(IngestMode::Replay, &args.source, select, args.write);
    IngestRunSpec { parallelism: args.run.parallelism, ..spec }
}

/// The spec of a backfill.
pub fn process(args: &ProcessArgs, now: Timestamp) -> IngestRunSpec {
    let range = |since: Timestamp| TimeRange { from: Some(Time(since)), until: None };
    let modified_time = args.since.map(|since| range(since.time(now)));
    let select = UnitSelector { modified_time, ..objects(&args.objects) };
    let spec = of(IngestMode::Process, &args.source, select, args.write);
    IngestRunSpec { parallelism: args.run.parallelism, ..spec }
}

/// The spec of a reconversion.
pub fn reconvert(args: &ReconvertArgs) -> IngestRunSpec {
    let revision_not = (!args.all).then_some(RevisionNot::Current);
    let select = UnitSelector { revision_not, ..objects(&args.objects) };
    let spec = of(IngestMode::Reconvert, &args.source, select, args.write);
    IngestRunSpec { parallelism: args.run.parallelism, ..spec }
}

/// The spec of a rehearsal of the conversion in a file with this text.
pub fn shadow(args: &ShadowArgs, text: &str) -> Result<IngestRunSpec, Failure> {
    let conversion = conversion(text).map_err(|error| {
        Failure::new(format!("failed to read a conversion from {}: {error}", args.file.display()))
            .advice("`job-runner model check FILE` shows the line of the mistake")
    })?;
    let spec = of(IngestMode::Shadow, &args.source, objects(&args.objects), WriteArgs::default());
    Ok(IngestRunSpec { conversion: Some(conversion), parallelism: args.run.parallelism, ..spec })
}

/// The spec of an audit.
pub fn audit(args: &AuditArgs) -> IngestRunSpec {
    let spec = IngestRunSpec::of(args.source.clone(), IngestMode::Audit);
    let (repair, max_deleted_units) = (args.repair, args.max_deleted_units);
    IngestRunSpec { repair, max_deleted_units, parallelism: args.run.parallelism, ..spec }
}

fn of(mode: IngestMode, source: &str, select: UnitSelector, write: WriteArgs) -> IngestRunSpec {
    IngestRunSpec {
        select: (select != UnitSelector::default()).then_some(select),
        dry_run: write.dry_run,
        max_units_per_second: write.max_units_per_second,
        ..IngestRunSpec::of(source.to_owned(), mode)
    }
}

fn objects(args: &ObjectArgs) -> UnitSelector {
    let keys = (!args.keys.is_empty()).then(|| args.keys.clone());
    UnitSelector { keys, prefix: args.prefix.clone(), ..UnitSelector::default() }
}

/// The conversion of a file: that of its ConversionModel or IngestSource, or the file itself, with or without the key
/// `conversion`.
pub fn conversion(text: &str) -> Result<Conversion, String> {
    let whole: Value = serde_saphyr::from_str(text).map_err(|error| error.to_string())?;
    let spec = whole.get("spec").unwrap_or(&whole);
    let conversion = spec.get("conversion").unwrap_or(spec);
    serde_json::from_value(conversion.clone()).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;
    use jiff::Timestamp;
    use serde_json::{Value, json};

    use super::{conversion, name_prefix};
    use crate::cli::{Cli, Command};
    use docmill_crds::api::ingest_run::IngestMode;

    fn spec(line: &str) -> Value {
        let words = std::iter::once("kubectl-docmill").chain(line.split(' '));
        let now: Timestamp = "2026-01-03T00:00:00Z".parse().unwrap();
        json!(match Cli::try_parse_from(words).unwrap().command {
            Command::Replay(args) => super::replay(&args, now),
            Command::Process(args) => super::process(&args, now),
            Command::Reconvert(args) => super::reconvert(&args),
            Command::Audit(args) => super::audit(&args),
            other => panic!("{other:?}"),
        })
    }

    #[test]
    fn flags_become_the_selection_of_a_run() {
        let replay = spec("replay wire --reason MissingField --since 2h --parallelism 2");
        let failed = json!({"reasons": ["MissingField"], "since": "2026-01-02T22:00:00Z"});
        assert_eq!(replay["select"], json!({"failed": failed}));
        assert_eq!((&replay["mode"], &replay["parallelism"]), (&json!("Replay"), &json!(2)));
        let process = spec("process wire --key a.xml --key b.xml --dry-run --max-units-per-second 5");
        assert_eq!(process["select"], json!({"keys": ["a.xml", "b.xml"]}));
        assert_eq!((&process["dryRun"], &process["maxUnitsPerSecond"]), (&json!(true), &json!(5)));
        let process = spec("process wire --since 1d --prefix w/");
        let modified = json!({"from": "2026-01-02T00:00:00Z"});
        assert_eq!(process["select"], json!({"prefix": "w/", "modifiedTime": modified}));
    }

    #[test]
    fn without_flags_a_run_takes_all_that_its_mode_applies_to() {
        assert!(spec("replay wire").get("select").is_none());
        assert_eq!(spec("reconvert wire")["select"], json!({"revisionNot": "Current"}));
        assert!(spec("reconvert wire --all").get("select").is_none());
        assert_eq!(spec("audit wire --repair")["repair"], true);
        assert_eq!(spec("audit wire --repair --max-deleted-units 500")["maxDeletedUnits"], 500);
    }

    #[test]
    fn flags_that_exclude_each_other_and_unknown_reasons_are_refused() {
        for line in [
            "replay wire --reason Missing",
            "process wire --key a --prefix b",
            "process wire --since 1d --key a",
        ] {
            let words = std::iter::once("kubectl-docmill").chain(line.split(' '));
            assert!(Cli::try_parse_from(words).is_err(), "{line}");
        }
    }

    #[test]
    fn a_conversion_is_found_in_each_kind_of_file() {
        let bare = "record: /a\nfields:\n- {name: id, path: [\"@id\"]}\n";
        let indented = bare.replace('\n', "\n  ");
        let deeper = bare.replace('\n', "\n    ");
        let found = |text: &str| conversion(text).unwrap();
        assert_eq!(found(bare), found(&format!("conversion:\n  {indented}")));
        assert_eq!(found(bare), found(&format!("kind: ConversionModel\nspec:\n  {indented}")));
        assert_eq!(found(bare), found(&format!("kind: IngestSource\nspec:\n  conversion:\n    {deeper}")));
        assert!(conversion("recrod: /a").is_err());
    }

    #[test]
    fn the_name_of_a_run_fits() {
        assert_eq!(name_prefix(IngestMode::Replay, "wire"), "replay-wire-");
        let long = name_prefix(IngestMode::Reconvert, &"x".repeat(52));
        assert_eq!((long.len(), long.ends_with("x-")), (47, true));
        let dotted = name_prefix(IngestMode::Replay, &format!("{}.b", "x".repeat(38)));
        assert!(dotted.ends_with("x-"), "{dotted}");
    }
}
