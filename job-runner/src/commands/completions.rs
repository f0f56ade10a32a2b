//! `job-runner completions`: a script by which a shell completes the command line.

use std::io::{self, Write as _};
use std::process::ExitCode;

use clap_complete::Shell;

/// Print a script by which a shell completes this command line.
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct CompletionsArgs {
    /// The shell.
    shell: Shell,
}

/// Prints the script for this command line.
pub fn run(args: CompletionsArgs, command: clap::Command) -> ExitCode {
    match io::stdout().write_all(&script(args.shell, command)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("failed to print the completions: {error}");
            ExitCode::FAILURE
        }
    }
}

fn script(shell: Shell, mut command: clap::Command) -> Vec<u8> {
    let (name, mut script) = (command.get_name().to_owned(), Vec::new());
    clap_complete::generate(shell, &mut command, name, &mut script);
    script
}

#[cfg(test)]
mod tests {
    use clap_complete::Shell;

    use super::script;

    #[test]
    fn each_shell_gets_a_script_with_the_commands() {
        for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
            let command = clap::Command::new("job-runner").subcommand(clap::Command::new("convert"));
            let script = String::from_utf8(script(shell, command)).unwrap();
            assert!(script.contains("job-runner") && script.contains("convert"), "{shell}: {script}");
        }
    }
}
