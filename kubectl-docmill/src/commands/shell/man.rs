//! The man page, from the definition of the command line. Pure.

use clap::{Arg, Command};

/// The page of a command and all commands below it, as roff. `command` is built.
pub fn page(command: &Command) -> String {
    let name = command.get_name();
    let about = command.get_about().map(ToString::to_string).unwrap_or_default();
    let about_long = command.get_long_about().map(ToString::to_string).unwrap_or_default();
    let mut lines = vec![
        format!(".TH {} 1", escaped(&name.to_uppercase())),
        ".SH NAME".to_owned(),
        format!("{} \\- {}", escaped(name), escaped(about.trim_end_matches('.'))),
        ".SH DESCRIPTION".to_owned(),
        text(&about_long),
        ".SH OPTIONS".to_owned(),
    ];
    lines.extend(command.get_arguments().filter(|arg| !arg.is_hide_set()).map(option));
    lines.push(".SH COMMANDS".to_owned());
    lines.extend(command.get_subcommands().filter(|command| !command.is_hide_set()).map(section));
    lines.retain(|line| !line.is_empty());
    lines.join("\n") + "\n"
}

/// The section of one command.
fn section(command: &Command) -> String {
    let positionals: Vec<String> = command.get_positionals().map(value_name).collect();
    let mut lines = vec![
        format!(".SS {} {}", escaped(command.get_name()), escaped(&positionals.join(" "))),
        text(&command.get_about().map(ToString::to_string).unwrap_or_default()),
    ];
    let own = command.get_arguments().filter(|arg| !arg.is_global_set() && !arg.is_hide_set());
    lines.extend(own.filter(|arg| arg.get_id() != "help").map(option));
    if let Some(more) = command.get_after_help() {
        lines.extend([".PP".to_owned(), ".nf".to_owned(), text(&more.to_string()), ".fi".to_owned()]);
    }
    lines.retain(|line| !line.is_empty());
    lines.join("\n")
}

fn option(arg: &Arg) -> String {
    let short = arg.get_short().map(|short| format!("-{short}"));
    let long = arg.get_long().map(|long| format!("--{long}"));
    let mut names = short.into_iter().chain(long).collect::<Vec<_>>().join(", ");
    if arg.get_action().takes_values() {
        names = format!("{names} {}", value_name(arg)).trim().to_owned();
    }
    let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
    format!(".TP\n.B {}\n{}", escaped(&names), text(&help))
}

fn value_name(arg: &Arg) -> String {
    arg.get_value_names().and_then(|names| names.first()).map_or("", |name| name.as_str()).to_owned()
}

/// Lines of text. A line that starts with a dot or a quote would be a request.
fn text(text: &str) -> String {
    let line = |line: &str| match line.chars().next() {
        Some('.' | '\'') => format!("\\&{}", escaped(line)),
        _ => escaped(line),
    };
    text.lines().map(line).collect::<Vec<_>>().join("\n")
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\e").replace('-', "\\-")
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::page;
    use crate::cli::Cli;

    #[test]
    fn the_page_has_every_command_and_its_flags() {
        let mut command = Cli::command();
        command.build();
        let page = page(&command);
        assert!(page.starts_with(".TH KUBECTL\\-DOCMILL 1\n.SH NAME\n"), "{page}");
        for command in Cli::command().get_subcommands().filter(|command| !command.is_hide_set()) {
            assert!(page.contains(&format!(".SS {} ", command.get_name())), "{}", command.get_name());
        }
        assert!(page.contains(".B \\-\\-reason REASON\n"), "{page}");
        let requests = [".TH", ".SH", ".SS", ".TP", ".B ", ".PP", ".nf", ".fi"];
        let is_request = |line: &str| requests.iter().any(|request| line.starts_with(request));
        assert!(page.lines().filter(|line| line.starts_with('.')).all(is_request), "{page}");
    }
}
