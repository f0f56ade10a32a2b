//! The flags that say how results are shown.

use clap::{Args, ValueEnum};

/// How results are shown.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Global options")]
pub struct OutputArgs {
    /// Form of the output.
    #[arg(short, long, global = true, value_enum, default_value_t = Format::Table)]
    pub output: Format,

    /// No colour, even on a terminal. The environment variable `NO_COLOR` does the same.
    #[arg(long, global = true)]
    pub no_color: bool,
}

/// Form of the output.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people.
    #[default]
    Table,
    /// For people, with more columns.
    Wide,
    /// JSON.
    Json,
    /// YAML.
    Yaml,
    /// Names alone, one a line.
    Name,
}
