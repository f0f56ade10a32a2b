//! `kubectl docmill forget`: erases documents with the objects that they come from, and prints a report for the file.

pub mod report;
pub mod targets;

use std::io::{self, IsTerminal as _};

use clap::Args;
use docmill_crds::api::ingest_run::{Forget, IngestMode};
use docmill_crds::{IngestRun, IngestRunSpec};

use super::spec::name_prefix;
use crate::cluster::Cluster;
use crate::commands::Session;
use crate::commands::trace::lookup;
use crate::exit_status::ExitStatus;
use crate::failure::Failure;
use crate::output::notice;
use crate::runs::follow::{RunReport, follow};
use crate::runs::run_state::Run as _;
use targets::Targets;

const EXAMPLES: &str = "Examples:
  kubectl docmill forget urn:newsml:example.com:20261125:1
  kubectl docmill forget wire/2026/11/25/a.xml --source wire --raw
  kubectl docmill forget --key wire/2026/11/25/a.xml --source wire --yes -o json

An object is forgotten as a whole, with every version and every document of it, and stays out from then on. The raw object \
stays, unless --raw is given. docs/guides/forget.md says what is erased, what is kept, and which permissions that takes.";

/// What to forget.
#[derive(Args, Clone, Debug)]
#[command(after_help = EXAMPLES)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag")]
pub struct ForgetArgs {
    /// Ids of documents, keys or URLs of objects. They are looked up first.
    #[arg(value_name = "ID|KEY|URL", required_unless_present_any = ["keys", "documents"])]
    targets: Vec<String>,

    /// Name of the IngestSource. Left out: the one that knows what is to be forgotten.
    #[arg(short, long, value_name = "SOURCE")]
    source: Option<String>,

    /// Key of an object, without looking it up; may be repeated.
    #[arg(long = "key", value_name = "KEY", requires = "source")]
    keys: Vec<String>,

    /// Id of a document, without looking it up; may be repeated.
    #[arg(long = "document", value_name = "ID", requires = "source")]
    documents: Vec<String>,

    /// Also delete the raw objects, in all their versions.
    #[arg(long)]
    raw: bool,

    /// Only select: erase nothing.
    #[arg(long)]
    dry_run: bool,

    /// Do not ask whether to go on.
    #[arg(long)]
    yes: bool,

    /// Name of the run. Left out: made from mode and source.
    #[arg(long, value_name = "NAME")]
    name: Option<String>,

    /// Create the run, and do not wait for it.
    #[arg(long)]
    detach: bool,
}

/// Looks up what is meant, asks, creates the run, follows it, and prints the report.
pub async fn run(args: &ForgetArgs, session: &Session) -> Result<ExitStatus, Failure> {
    let cluster = session.cluster().await?;
    let targets = find(&cluster, args).await?;
    if !args.dry_run && !args.yes {
        confirm(&targets, args.raw)?;
    }
    let run: IngestRun = cluster.create(&new_run(&targets, args)).await?;
    let state = run.state();
    let name = run.metadata.name.clone().unwrap_or_default();
    if args.detach {
        if session.screen.is_for_people() {
            session.screen.print(&format!("{} created\n", state.name))?;
        } else {
            session.screen.show(&RunReport(run))?;
        }
        return Ok(ExitStatus::Success);
    }
    notice::tell(&format!("{} created\n", state.name));
    let status = follow::<IngestRun>(&cluster, session.screen, &name).await?;
    if session.screen.is_for_people() && status == ExitStatus::Success && !args.dry_run {
        let ended: IngestRun = cluster.get(&name).await?;
        session.screen.print(&report::text(&ended, cluster.namespace()))?;
    }
    Ok(status)
}

/// What the arguments mean, by what the records say.
async fn find(cluster: &Cluster, args: &ForgetArgs) -> Result<Targets, Failure> {
    let mut targets = Targets::default();
    targets.source.clone_from(&args.source);
    targets.forget.keys.clone_from(&args.keys);
    targets.forget.documents.clone_from(&args.documents);
    targets.forget.raw = args.raw;
    for text in &args.targets {
        targets.add(&lookup::find(cluster, text, args.source.as_deref()).await?)?;
    }
    Ok(targets)
}

/// Asks whether to go on. What is erased cannot be brought back.
fn confirm(targets: &Targets, raw: bool) -> Result<(), Failure> {
    let source = targets.source.as_deref().unwrap_or_default();
    if !io::stdin().is_terminal() {
        return Err(Failure::new("failed to ask whether to forget: standard input is no terminal")
            .advice("look at what would be forgotten with --dry-run, then pass --yes"));
    }
    let words = targets.in_words(raw);
    notice::tell(&format!("{words}This cannot be undone. Type the name of the source ({source}) to go on: "));
    let mut answer = String::new();
    let read = io::stdin().read_line(&mut answer);
    read.map_err(|error| Failure::new(format!("failed to read the answer: {error}")))?;
    if answer.trim() == source {
        return Ok(());
    }
    Err(Failure::new("nothing was forgotten: the answer is not the name of the source"))
}

fn new_run(targets: &Targets, args: &ForgetArgs) -> IngestRun {
    let source = targets.source.clone().unwrap_or_default();
    let mut run = IngestRun::new("", spec(&source, &targets.forget, args.dry_run));
    run.metadata.generate_name = args.name.is_none().then(|| name_prefix(IngestMode::Forget, &source));
    run.metadata.name.clone_from(&args.name);
    run
}

/// The spec of the run.
fn spec(source: &str, forget: &Forget, dry_run: bool) -> IngestRunSpec {
    IngestRunSpec {
        forget: Some(forget.clone()),
        dry_run,
        ..IngestRunSpec::of(source.to_owned(), IngestMode::Forget)
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;
    use serde_json::json;

    use super::spec;
    use crate::cli::Cli;
    use docmill_crds::api::ingest_run::Forget;

    #[test]
    fn something_has_to_be_named_and_what_is_not_looked_up_needs_its_source() {
        let parses = |line: &str| Cli::try_parse_from(line.split(' ')).is_ok();
        assert!(parses("kubectl-docmill forget urn:a wire/b.xml --raw --yes"));
        assert!(parses("kubectl-docmill forget --key wire/b.xml --document urn:a --source wire"));
        assert!(!parses("kubectl-docmill forget"));
        assert!(!parses("kubectl-docmill forget --key wire/b.xml"));
    }

    #[test]
    fn the_run_names_what_is_forgotten_and_nothing_else() {
        let forget = Forget { documents: vec!["urn:a".into()], raw: true, ..Forget::default() };
        let spec = json!(spec("wire", &forget, true));
        assert_eq!(spec["forget"], json!({"documents": ["urn:a"], "keys": [], "raw": true}));
        assert_eq!((&spec["mode"], &spec["dryRun"]), (&json!("Forget"), &json!(true)));
    }
}
