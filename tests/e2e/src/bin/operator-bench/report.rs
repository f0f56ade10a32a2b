//! The figures for people, for programs, and for docs/operations/scaling.md.

use serde_json::{Value, json};

use crate::measure::Cost;

/// The figures of one measurement.
pub fn table(cost: &Cost) {
    println!("\n{} sources, nine of ten suspended", cost.sources);
    println!("  CPU at rest             {:>8.2} % of a core", cost.cpu_percent);
    println!("  resident memory         {:>8.1} MiB", cost.memory_mebibytes);
    println!("  requests at rest        {:>8.2} a second", cost.all_requests());
    for (target, rate) in &cost.requests {
        println!("    {target:<22}{rate:>8.2}");
    }
    println!("  restart to last look    {:>8.1} s", cost.restart_seconds);
    println!("  new source to Ready     {:>8.1} s\n", cost.ready_seconds);
}

/// All figures as JSON, and as rows of the table in the documentation.
pub fn all(costs: &[Cost]) {
    let list: Vec<Value> = costs.iter().map(as_json).collect();
    println!("{}\n", Value::from(list));
    for cost in costs {
        println!(
            "| {} | {:.1} % | {:.0} MiB | {:.1} | {:.0} s | {:.1} s |",
            cost.sources,
            cost.cpu_percent,
            cost.memory_mebibytes,
            cost.all_requests(),
            cost.restart_seconds,
            cost.ready_seconds
        );
    }
}

fn as_json(cost: &Cost) -> Value {
    json!({
        "sources": cost.sources,
        "cpuPercent": cost.cpu_percent,
        "memoryMebibytes": cost.memory_mebibytes,
        "requestsPerSecond": cost.requests,
        "restartSeconds": cost.restart_seconds,
        "readySeconds": cost.ready_seconds,
    })
}
