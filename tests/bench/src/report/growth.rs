//! What an article costs in ledgers of different sizes.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::Result;
use serde_json::{Value, json};

use super::json::{cost, describe};
use super::machine::Machine;
use crate::files::write;
use crate::growth::Step;
use crate::measure::Side;

/// How far the costs of the sizes may be apart.
const FLAT: f64 = 0.15;

/// Prints the table and writes it, and JSON, into a folder.
pub fn growth(steps: &[Step], machine: &Machine, folder: &Path) -> Result<()> {
    let text = table(steps);
    println!("{text}");
    write(&folder.join("growth.md"), &text)?;
    let list: Vec<Value> = steps.iter().map(as_json).collect();
    let all = json!({"machine": describe(machine), "steps": list});
    write(&folder.join("growth.json"), &format!("{all:#}\n"))?;
    eprintln!("table and JSON are in {}", folder.display());
    Ok(())
}

fn as_json(step: &Step) -> Value {
    json!({
        "units": step.units, "records": step.records, "cost": cost(&step.cost),
        "indexedMillis": step.latency.indexed_millis, "searchableMillis": step.latency.searchable_millis,
    })
}

fn table(steps: &[Step]) -> String {
    let mut text = "CPU milliseconds for each article, by the size of the ledger\n\n\
                    | units | records | client | Elasticsearch | all | articles/s | PUT to indexed (ms) | \
                    PUT to searchable (ms) |\n\
                    |---|---|---|---|---|---|---|---|\n"
        .to_owned();
    for Step { units, records, cost, latency } in steps {
        let (client, elastic) = (cost.millis(Side::Client), cost.millis(Side::Elasticsearch));
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "| {units} | {records} | {client:.2} | {elastic:.2} | {:.2} | {:.0} | {:.0} | {:.0} |",
            cost.all_millis(),
            cost.rate(),
            latency.indexed_millis,
            latency.searchable_millis
        );
    }
    let apart = [
        ("CPU of all sides", apart(steps, |step| step.cost.all_millis())),
        ("PUT to searchable", apart(steps, |step| step.latency.searchable_millis)),
    ];
    for (what, apart) in apart {
        let mark = if apart > FLAT { ": NOT FLAT" } else { "" };
        let _ = writeln!(text, "\n{what}: the most is {:.0} % above the least{mark}", 100.0 * apart);
    }
    text
}

/// How far the greatest is above the least.
fn apart(steps: &[Step], of: impl Fn(&Step) -> f64) -> f64 {
    let least = steps.iter().map(&of).fold(f64::INFINITY, f64::min);
    let most = steps.iter().map(&of).fold(0.0, f64::max);
    if least > 0.0 && least.is_finite() { most / least - 1.0 } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::{Side, Step, table};
    use crate::growth::latency::Latency;
    use crate::measure::Cost;

    fn step(units: u32, seconds: f64) -> Step {
        let cpu_seconds = [(Side::Client, seconds)].into();
        let cost = Cost { articles: 1_000, wall_seconds: 1.0, cpu_seconds, peak_kibibytes: 1 };
        let latency = Latency { indexed_millis: 50.0, searchable_millis: 500.0 };
        Step { units, records: 3, cost, latency }
    }

    #[test]
    fn growth_that_costs_is_marked() {
        let text = table(&[step(1_000, 1.0), step(10_000, 1.2)]);
        assert!(text.contains("the most is 20 % above the least: NOT FLAT"), "{text}");
        assert!(text.contains("PUT to searchable: the most is 0 % above the least\n"), "{text}");
    }
}
