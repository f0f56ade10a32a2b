//! Everything as JSON.

use serde_json::{Map, Value, json};

use super::machine::Machine;
use super::ratios::Ratio;
use crate::contenders::Bulk;
use crate::measure::{Cost, Side};
use crate::run::{Counted, Rounds};

/// Everything as JSON.
pub fn of(rounds: &Rounds, machine: &Machine, bulk: &Bulk, ratios: &[Ratio]) -> Value {
    let mut contenders = Map::new();
    for (contender, costs) in &rounds.costs {
        let sizes = rounds.sizes.get(contender).into_iter().flatten().map(|(content, size)| {
            (content.clone(), json!({"documents": size.documents, "bytes": size.bytes}))
        });
        let sizes: Map<String, Value> = sizes.collect();
        let turns: Vec<Value> = costs.iter().map(cost).collect();
        let requests = rounds.counted.get(contender).map(counted);
        contenders.insert(
            contender.name().to_owned(),
            json!({"turns": turns, "requests": requests, "indices": sizes}),
        );
    }
    let named = |of: fn(&Ratio) -> f64| -> Map<String, Value> {
        ratios.iter().map(|ratio| (ratio.name.to_owned(), Value::from(of(ratio)))).collect()
    };
    json!({
        "machine": describe(machine),
        "bulk": {
            "batch": bulk.batch, "connections": bulk.connections, "refreshInterval": bulk.refresh_interval,
        },
        "contenders": contenders,
        "ratios": named(|ratio| ratio.medians),
        "bestRatios": named(|ratio| ratio.best),
    })
}

/// The machine as JSON.
pub fn describe(machine: &Machine) -> Value {
    let Machine { time, processor, processors, memory, kernel, versions } = machine;
    json!({
        "time": time, "processor": processor, "processors": processors, "memory": memory, "kernel": kernel,
        "versions": versions,
    })
}

/// A turn as JSON.
pub fn cost(cost: &Cost) -> Value {
    let sides = Side::ALL.iter().map(|side| (side.label().to_lowercase(), Value::from(cost.millis(*side))));
    let sides: Map<String, Value> = sides.collect();
    json!({
        "articles": cost.articles, "wallSeconds": cost.wall_seconds, "articlesPerSecond": cost.rate(),
        "cpuMillisPerArticle": sides, "allCpuMillisPerArticle": cost.all_millis(),
        "peakMebibytes": cost.peak_mebibytes(),
    })
}

fn counted(counted: &Counted) -> Value {
    let stores = counted.requests.iter().map(|(store, kinds)| {
        let kinds = kinds
            .iter()
            .map(|(kind, count)| (kind.clone(), json!({"requests": count.requests, "bytes": count.bytes})));
        ((*store).to_lowercase(), Value::Object(kinds.collect()))
    });
    json!({"articles": counted.articles, "byServer": Value::Object(stores.collect())})
}
