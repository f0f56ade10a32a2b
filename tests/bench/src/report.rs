//! What was measured, for people, for programs and for the documentation.

mod growth;
mod json;
mod machine;
mod ratios;
mod statistics;
mod svg;
mod table;

pub use growth::growth;
pub use machine::Machine;

use std::fs;
use std::path::Path;

use anyhow::Result;

use crate::contenders::Bulk;
use crate::files::write;
use crate::run::Rounds;

/// Name of the file with everything.
const RESULTS: &str = "pipeline.json";

/// Prints the tables, and writes them, everything as JSON, and pictures into a folder. What an earlier run left there is
/// compared with.
pub fn report(rounds: &Rounds, machine: &Machine, bulk: &Bulk, folder: &Path) -> Result<()> {
    let earlier = fs::read(folder.join(RESULTS)).ok();
    let earlier = earlier.and_then(|bytes| serde_json::from_slice(&bytes).ok());
    let ratios = ratios::of(rounds);
    let text = [
        machine.markdown(bulk),
        table::costs(rounds),
        table::requests(rounds),
        table::sizes(rounds),
        ratios::table(&ratios, earlier.as_ref()),
    ]
    .join("\n");
    println!("{text}");
    write(&folder.join("pipeline.md"), &text)?;
    write(&folder.join(RESULTS), &format!("{:#}\n", json::of(rounds, machine, bulk, &ratios)))?;
    write(&folder.join("pipeline-cpu.svg"), &svg::cpu(rounds))?;
    eprintln!("tables, JSON and a picture are in {}", folder.display());
    Ok(())
}
