//! What the last word of a command line can become. Pure.

use clap::{Arg, Command};

use crate::cluster::ClusterArgs;

/// Names of IngestSources.
pub const SOURCES: &str = "source";
/// Names of IngestRuns.
pub const INGEST_RUNS: &str = "ingestrun";
/// Names of EnrichmentRuns.
pub const ENRICHMENT_RUNS: &str = "enrichmentrun";
/// Names of IngestSchedules.
pub const INGEST_SCHEDULES: &str = "ingestschedule";
/// Names of EnrichmentSchedules.
pub const ENRICHMENT_SCHEDULES: &str = "enrichmentschedule";

/// Directives of the protocol, which is that of cobra: what the shell does beside the candidates.
const COMPLETE_FILES: u8 = 0;
const NO_FILES: u8 = 4;

/// What a word can become.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Candidate {
    /// The word.
    pub word: String,
    /// What it means.
    pub help: String,
}

impl Candidate {
    /// A word without a description.
    pub fn bare(word: &str) -> Self {
        Self { word: word.to_owned(), help: String::new() }
    }
}

/// Where the candidates come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Values {
    /// From the definition of the command line.
    Words(Vec<Candidate>),
    /// Names of resources of this kind.
    Resources(String),
    /// Reason codes.
    Reasons,
    /// Files, which the shell knows.
    Files,
}

/// What is to be completed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// Where the candidates come from.
    pub values: Values,
    /// How they have to start.
    pub start: String,
}

/// What the last of these words can become. `command` is built, so that its commands know the global flags.
pub fn wanted(command: &Command, words: &[String]) -> Wanted {
    let (last, before) = words.split_last().map_or(("", words), |(last, before)| (last.as_str(), before));
    let (mut at, mut positionals, mut pending) = (command, Vec::new(), None);
    for word in before {
        if pending.take().is_some() {
            continue;
        }
        if word.starts_with('-') {
            pending = option(at, word).filter(|_| !word.contains('='));
        } else if let Some(inner) = at.find_subcommand(word) {
            at = inner;
        } else {
            positionals.push(word.as_str());
        }
    }
    let values = match pending {
        Some(option) => of_arg(option, &positionals),
        None if last.starts_with('-') => Values::Words(flags(at)),
        None if at.has_subcommands() => Values::Words(commands(at)),
        None => positional(at, &positionals),
    };
    Wanted { values, start: last.to_owned() }
}

/// The option of a word such as `--source` or `-s`, if it takes a value.
fn option<'a>(command: &'a Command, word: &str) -> Option<&'a Arg> {
    let is_it = |arg: &&Arg| match word.strip_prefix("--") {
        Some(long) => arg.get_long() == Some(long),
        None => arg.get_short().is_some_and(|short| word == format!("-{short}")),
    };
    command.get_arguments().find(is_it).filter(|arg| arg.get_action().takes_values())
}

fn positional(command: &Command, given: &[&str]) -> Values {
    match command.get_positionals().nth(given.len()) {
        Some(arg) => of_arg(arg, given),
        None => Values::Words(Vec::new()),
    }
}

/// The values of an argument, by its possible values or by the name of its value.
fn of_arg(arg: &Arg, positionals: &[&str]) -> Values {
    let possible: Vec<Candidate> = arg
        .get_possible_values()
        .iter()
        .map(|value| Candidate {
            word: value.get_name().to_owned(),
            help: value.get_help().map(ToString::to_string).unwrap_or_default(),
        })
        .collect();
    if !possible.is_empty() {
        return Values::Words(possible);
    }
    let name = arg.get_value_names().and_then(|names| names.first()).map_or("", |name| name.as_str());
    match (name, positionals) {
        ("SOURCE", _) => Values::Resources(SOURCES.to_owned()),
        ("RUN", _) => Values::Resources(ENRICHMENT_RUNS.to_owned()),
        ("SCHEDULE", _) => Values::Resources(ENRICHMENT_SCHEDULES.to_owned()),
        ("REASON", _) => Values::Reasons,
        ("FILE", _) => Values::Files,
        // `suspend KIND NAME`
        ("NAME", [kind]) => Values::Resources((*kind).to_owned()),
        _ => Values::Words(Vec::new()),
    }
}

fn commands(command: &Command) -> Vec<Candidate> {
    let visible = command.get_subcommands().filter(|command| !command.is_hide_set());
    let about = |command: &Command| command.get_about().map(ToString::to_string).unwrap_or_default();
    visible.map(|command| Candidate { word: command.get_name().to_owned(), help: about(command) }).collect()
}

fn flags(command: &Command) -> Vec<Candidate> {
    let visible = command.get_arguments().filter(|arg| !arg.is_hide_set());
    let flag = |arg: &Arg| {
        let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
        Some(Candidate { word: format!("--{}", arg.get_long()?), help })
    };
    visible.filter_map(flag).collect()
}

/// The flags among these words that say which cluster.
pub fn cluster_args(words: &[String]) -> ClusterArgs {
    let value = |names: &[&str]| {
        let at = words.iter().position(|word| names.contains(&word.as_str()));
        let next = at.and_then(|at| words.get(at + 1)).cloned();
        let joined = || {
            let of = |name: &&str| words.iter().find_map(|word| word.strip_prefix(*name)?.strip_prefix('='));
            names.iter().find_map(of).map(str::to_owned)
        };
        next.or_else(joined)
    };
    ClusterArgs {
        namespace: value(&["-n", "--namespace"]),
        context: value(&["--context"]),
        kubeconfig: value(&["--kubeconfig"]).map(Into::into),
    }
}

/// The answer in the protocol: candidates with their descriptions, and a directive.
pub fn answer(wanted: &Wanted, candidates: &[Candidate]) -> String {
    let fitting = candidates.iter().filter(|candidate| candidate.word.starts_with(&wanted.start));
    let lines: Vec<String> = fitting
        .map(|candidate| match candidate.help.lines().next() {
            Some(help) => format!("{}\t{help}\n", candidate.word),
            None => format!("{}\n", candidate.word),
        })
        .collect();
    let directive = if wanted.values == Values::Files { COMPLETE_FILES } else { NO_FILES };
    format!("{}:{directive}\n", lines.concat())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::{Candidate, Values, answer, cluster_args, wanted};
    use crate::cli::Cli;

    fn words(line: &str) -> Vec<String> {
        line.split(' ').map(str::to_owned).collect()
    }

    fn values(line: &str) -> Values {
        let mut command = Cli::command();
        command.build();
        wanted(&command, &words(line)).values
    }

    fn offered(line: &str) -> Vec<String> {
        let Values::Words(candidates) = values(line) else { panic!("words: {line}") };
        candidates.into_iter().map(|candidate| candidate.word).collect()
    }

    #[test]
    fn commands_flags_and_possible_values_are_those_of_the_command_line() {
        let offers = |line: &str, word: &str| offered(line).iter().any(|offer| offer == word);
        assert!(offers("", "trace") && offers("-n news tr", "trace") && !offers("", "man"));
        assert!(offers("replay wire --", "--reason") && offers("replay wire --", "--namespace"));
        assert_eq!(offered("cat a --stage "), ["raw", "snapshot", "indexed", "enriched"]);
    }

    #[test]
    fn names_and_reasons_are_looked_up() {
        let sources = Values::Resources("source".to_owned());
        for line in ["failures ", "replay -n news w", "trace a --source ", "trace a -s w", "top ", "search w"]
        {
            assert_eq!(values(line), sources, "{line}");
        }
        assert_eq!(values("replay wire --reason Mi"), Values::Reasons);
        assert_eq!(values("shadow wire -f "), Values::Files);
        assert_eq!(values("suspend ingestrun b"), Values::Resources("ingestrun".to_owned()));
        assert_eq!(values("enrich --schedule n"), Values::Resources("enrichmentschedule".to_owned()));
    }

    #[test]
    fn the_namespace_of_the_line_counts() {
        let args = cluster_args(&words("replay -n news --context=prod w"));
        assert_eq!((args.namespace.as_deref(), args.context.as_deref()), (Some("news"), Some("prod")));
    }

    #[test]
    fn an_answer_has_fitting_words_and_a_directive() {
        let mut command = Cli::command();
        command.build();
        let wanted = wanted(&command, &words("failures wi"));
        let candidates = ["wire", "feed"].map(Candidate::bare);
        assert_eq!(answer(&wanted, &candidates), "wire\n:4\n");
    }
}
