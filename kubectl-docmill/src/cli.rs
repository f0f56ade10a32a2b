//! The command line: global flags and commands.

use clap::{Parser, Subcommand};

use crate::cluster::ClusterArgs;
use crate::commands::documents::search;
use crate::commands::ingest_runs::args::{AuditArgs, ProcessArgs, ReconvertArgs, ReplayArgs, ShadowArgs};
use crate::commands::ingest_runs::forget::ForgetArgs;
use crate::commands::lineage::verify;
use crate::commands::{
    cat, console, diff, doctor, enrich, estimate, failures, history, init, reproduce, suspend, top, trace,
};
use crate::output::OutputArgs;

const EXIT_STATUS: &str = "Exit status: 0 if all is well; 1 if the command could not do its work, or a run failed; 2 for a wrong \
                           command line; 3 for findings: refused units, differences, an unknown document; 130 after Ctrl-C \
                           while a run was followed, which continues.";

/// Where documents are, what failed and why, and runs that are followed to their end.
///
/// It uses the kubeconfig as kubectl does, and needs no other credentials.
#[derive(Debug, Parser)]
#[command(name = "kubectl-docmill", bin_name = "kubectl docmill", version, after_help = EXIT_STATUS)]
pub struct Cli {
    /// Which cluster.
    #[command(flatten)]
    pub cluster: ClusterArgs,
    /// How results are shown.
    #[command(flatten)]
    pub output: OutputArgs,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Show every stage of a document or an object, and where it is stuck.
    Trace(trace::TraceArgs),
    /// Find documents of a source by words of their content.
    Search(search::SearchArgs),
    /// Show what was refused of a source, by reason, with examples.
    Failures(failures::FailuresArgs),
    /// Print a document at one of its stages.
    Cat(cat::CatArgs),
    /// Show what differs between two stages of a document.
    Diff(diff::DiffArgs),
    /// Show the versions that a document came from.
    History(history::HistoryArgs),
    /// Show sources and runs: rate, backlog, lag, workers, failures.
    Top(top::TopArgs),
    /// Show sources, failures, runs and documents in the browser, from this machine.
    Console(console::ConsoleArgs),
    /// Retry refused units, and wait for the end.
    Replay(ReplayArgs),
    /// Ingest objects that were not ingested yet, and wait for the end.
    Process(ProcessArgs),
    /// Convert objects again with the conversion in force, and wait for the end.
    Reconvert(ReconvertArgs),
    /// Rehearse another conversion, and wait for the report.
    Shadow(ShadowArgs),
    /// Compare bucket, records, snapshots, index and errors, and wait for the report.
    Audit(AuditArgs),
    /// Erase documents and their objects from all stores, and wait for the proof.
    Forget(ForgetArgs),
    /// Enrich documents, and wait for the end.
    Enrich(enrich::EnrichArgs),
    /// Suspend a source, a run or a schedule.
    Suspend(suspend::SuspendArgs),
    /// Resume a source, a run or a schedule.
    Resume(suspend::SuspendArgs),
    /// Find what is wrong with the installation or a source, and what mends it.
    Doctor(doctor::DoctorArgs),
    /// Run the conversion of an object on this machine, and compare it with that of the cluster.
    Reproduce(reproduce::ReproduceArgs),
    /// Estimate requests, workers, calls of models and money, before anything is created.
    Estimate(estimate::EstimateArgs),
    /// Check the daily manifest of a source against the records, and against the content if asked to.
    Verify(verify::VerifyArgs),
    /// Write an IngestSource that fits, from samples and flags.
    Init(Box<init::InitArgs>),
    /// Print the man page.
    #[command(hide = true)]
    Man,
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use clap::{Arg, CommandFactory as _, Parser as _};

    use super::Cli;

    /// The page with a table of the commands.
    const PAGE: &str = "kubectl-plugin.md";

    /// All lines of the documentation, each with its place.
    fn lines() -> Vec<(String, String)> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let (mut paths, mut lines) = (vec![root.join("README.md"), root.join("docs")], Vec::new());
        while let Some(path) = paths.pop() {
            if path.is_dir() {
                paths.extend(fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()));
            } else if path.extension().is_some_and(|end| end == "md") {
                let (text, page) = (fs::read_to_string(&path).unwrap(), path.display());
                let numbered = (1..).zip(text.lines());
                lines.extend(numbered.map(|(number, line)| (format!("{page}:{number}"), line.to_owned())));
            }
        }
        lines
    }

    #[test]
    fn the_definitions_of_the_command_line_agree() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_console_in_a_cluster_has_an_address_and_namespaces() {
        let url = "--url=https://docmill.example.com";
        let parses = |words: &[&str]| {
            let words = ["kubectl-docmill", "console"].into_iter().chain(words.iter().copied());
            Cli::try_parse_from(words).is_ok()
        };
        assert!(parses(&[]) && parses(&["--in-cluster", url, "--namespaces=news,sport"]));
        assert!(parses(&["--in-cluster", url, "--namespaces=news", "--rights=service-account"]));
        for words in [
            &["--in-cluster"][..],
            &["--in-cluster", url],
            &["--in-cluster", "--namespaces=news"],
            &["--in-cluster", url, "--namespaces=news,"],
            &["--in-cluster", url, "--namespaces=News"],
            &["--in-cluster", "--url=https://docmill.example.com/console", "--namespaces=news"],
            &[url],
            &["--rights=user"],
        ] {
            assert!(!parses(words), "{words:?}");
        }
    }

    #[test]
    fn the_documentation_names_only_commands_and_flags_that_there_are() {
        let root = Cli::command();
        let (mut seen, mut wrong) = (0, Vec::new());
        for (place, line) in lines() {
            let row = line.strip_prefix("| `").filter(|_| place.contains(PAGE));
            for words in line.split("kubectl docmill ").skip(1).chain(row) {
                let words = words.split(['`', '#']).next().unwrap_or_default();
                let name = words.split(|c: char| !c.is_ascii_lowercase()).next().unwrap_or_default();
                if name.is_empty() {
                    continue;
                }
                seen += 1;
                let Some(command) = root.find_subcommand(name) else {
                    wrong.push(format!("{place}: {name}"));
                    continue;
                };
                let known = root.get_arguments().chain(command.get_arguments()).filter_map(Arg::get_long);
                let known: Vec<&str> = known.collect();
                let words = words.split(|c: char| !c.is_ascii_alphanumeric() && c != '-');
                let unknown =
                    words.filter_map(|word| word.strip_prefix("--")).filter(|flag| !known.contains(flag));
                wrong.extend(unknown.map(|flag| format!("{place}: {name} --{flag}")));
            }
        }
        assert!(seen > 40, "{seen} commands");
        assert!(wrong.is_empty(), "commands and flags that are not there:\n{}", wrong.join("\n"));
    }

    #[test]
    fn the_page_of_the_plugin_has_every_command() {
        let page = include_str!("../../docs/reference/kubectl-plugin.md");
        let root = Cli::command();
        let commands = root.get_subcommands().filter(|command| !command.is_hide_set());
        let names = commands.map(clap::Command::get_name);
        let missing: Vec<&str> = names.filter(|name| !page.contains(&format!("`{name}"))).collect();
        assert!(missing.is_empty(), "{missing:?}");
    }
}
