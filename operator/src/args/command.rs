//! The commands of the program: without a word it is an operator, `check` looks for one, and `completions` helps with typing.

use std::io::{self, Write as _};
use std::time::Duration;

use clap::{ArgMatches, Args as _, CommandFactory as _, FromArgMatches as _};
use clap_complete::Shell;

use super::{Args, LeaseArgs};

const COMPLETIONS: &str = "completions";

/// What the program is called for.
#[derive(Clone, Debug)]
pub enum Command {
    /// Lead, or wait to lead.
    Run(Box<Args>),
    /// Say whether an operator leads.
    Check(CheckArgs),
    /// Help a shell.
    Completions(CompletionsArgs),
}

/// Prints a script by which a shell completes this command line.
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct CompletionsArgs {
    /// The shell.
    shell: Shell,
}

impl CompletionsArgs {
    /// Prints the script.
    pub fn print(self) -> io::Result<()> {
        io::stdout().write_all(&self.script())
    }

    fn script(self) -> Vec<u8> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut command(), "operator", &mut script);
        script
    }
}

/// Waits until an operator renews the leader election Lease, and says which one: what `helm test` runs.
#[derive(Clone, Debug, clap::Args)]
pub struct CheckArgs {
    /// The leader election Lease.
    #[command(flatten)]
    pub lease: LeaseArgs,

    /// How long to wait, in seconds. The leader renews every five seconds.
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub timeout_seconds: u64,
}

impl Command {
    /// Reads the command line. If it is wrong, or asks for help, the process ends.
    pub fn parse() -> Self {
        Self::read(&command().get_matches()).unwrap_or_else(|error| error.exit())
    }

    fn read(matches: &ArgMatches) -> Result<Self, clap::Error> {
        match matches.subcommand() {
            Some((COMPLETIONS, matches)) => CompletionsArgs::from_arg_matches(matches).map(Self::Completions),
            Some((_, matches)) => CheckArgs::from_arg_matches(matches).map(Self::Check),
            None => Args::from_arg_matches(matches).map(|args| Self::Run(Box::new(args))),
        }
    }
}

impl CheckArgs {
    /// How long to wait.
    pub fn timeout(&self) -> Duration {
        Duration::from_secs(self.timeout_seconds)
    }
}

fn command() -> clap::Command {
    let check = CheckArgs::augment_args(clap::Command::new("check"));
    let completions = CompletionsArgs::augment_args(clap::Command::new(COMPLETIONS));
    Args::command().subcommand_negates_reqs(true).subcommands([check, completions])
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use clap::Arg;

    use super::{Command, command};

    fn parse(words: &[&str]) -> Option<Command> {
        Command::read(&command().try_get_matches_from(words).ok()?).ok()
    }

    #[test]
    fn the_command_line_is_consistent() {
        command().debug_assert();
    }

    #[test]
    fn without_a_command_it_is_an_operator() {
        let Some(Command::Run(args)) = parse(&["operator", "--worker-image", "w", "--lease-name", "l"])
        else {
            panic!("no operator")
        };
        assert_eq!((args.worker_image.as_str(), args.lease.name.as_str()), ("w", "l"));
    }

    #[test]
    fn a_shell_completes_flags_and_commands() {
        let Some(Command::Completions(args)) = parse(&["operator", "completions", "bash"]) else {
            panic!("no completions")
        };
        let script = String::from_utf8(args.script()).unwrap();
        assert!(script.contains("--worker-image") && script.contains("check"), "{script}");
        assert!(parse(&["operator", "completions", "csh"]).is_none());
    }

    #[test]
    fn a_check_needs_a_lease_alone() {
        let words = ["operator", "check", "--namespace", "n", "--lease-name", "l", "--timeout-seconds", "5"];
        let Some(Command::Check(args)) = parse(&words) else { panic!("no check") };
        assert_eq!((args.lease.namespace.as_str(), args.lease.name.as_str()), ("n", "l"));
        assert_eq!(args.timeout().as_secs(), 5);
        assert!(parse(&["operator", "check", "--timeout-seconds", "0"]).is_none());
    }

    #[test]
    fn the_page_on_the_command_line_has_every_flag_with_its_variable_and_default() {
        let page = include_str!("../../../docs/reference/cli.md");
        let (_, page) = page.split_once("\n## operator\n").unwrap();
        let (of_operator, of_check) = page.split_once("\n### operator check\n").unwrap();
        let operator = command();
        let check = operator.find_subcommand("check").unwrap();
        for (part, command) in [(of_operator, &operator), (of_check, check)] {
            let rows =
                part.lines().filter_map(|row| Some((row.strip_prefix("| `--")?.split('`').next()?, row)));
            let rows: BTreeMap<&str, &str> = rows.collect();
            let flags = command.get_arguments().filter_map(|arg| Some((arg.get_long()?, arg)));
            let flags: BTreeMap<&str, &Arg> = flags.collect();
            assert!(rows.keys().eq(flags.keys()), "{:?}\nand not\n{:?}", rows.keys(), flags.keys());
            for (flag, arg) in flags {
                let defaults =
                    arg.get_default_values().iter().map(|value| value.to_string_lossy().into_owned());
                let variable = arg.get_env().map(|name| name.to_string_lossy().into_owned());
                for word in defaults.chain(variable).filter(|word| !word.is_empty()) {
                    assert!(rows[flag].contains(&format!("`{word}`")), "--{flag}: {word}");
                }
            }
        }
    }
}
