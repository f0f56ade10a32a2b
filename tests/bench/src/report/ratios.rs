//! Ratios of contenders within one run, which another run has to give again: figures by themselves depend on the machine and
//! on what else it does.

use std::fmt::Write as _;

use serde_json::Value;

use super::statistics::Spread;
use crate::contenders::Contender;
use crate::float::float;
use crate::measure::{Cost, Side};
use crate::run::Rounds;

/// A ratio of two contenders.
#[derive(Clone, Debug, PartialEq)]
pub struct Ratio {
    /// What it is called in JSON.
    pub name: &'static str,
    /// What it is called in tables.
    pub label: &'static str,
    /// Of the medians of all turns.
    pub medians: f64,
    /// Of the best turn of each. What else a machine does makes a turn dearer and never cheaper, so these are what a
    /// machine that is not quiet can tell, and what another run has to give again.
    pub best: f64,
}

/// Which of its turns stand for a contender.
#[derive(Clone, Copy, Debug)]
struct Turns {
    /// By their costs.
    cost: fn(Spread) -> f64,
    /// By their speeds.
    rate: fn(Spread) -> f64,
}

const MEDIANS: Turns = Turns { cost: |spread| spread.median, rate: |spread| spread.median };
const BEST: Turns = Turns { cost: |spread| spread.minimum, rate: |spread| spread.maximum };

/// How far the ratios of the best turns of two runs may be apart.
const TOLERANCE: f64 = 0.1;

/// The ratios that can be told of what was measured.
pub fn of(rounds: &Rounds) -> Vec<Ratio> {
    let all = ratios(rounds, MEDIANS).into_iter().zip(ratios(rounds, BEST));
    all.filter_map(|((name, label, medians), (_, _, best))| {
        Some(Ratio { name, label, medians: medians?, best: best? })
    })
    .collect()
}

/// Name, label and value of each; no value where something was not measured.
fn ratios(rounds: &Rounds, turns: Turns) -> [(&'static str, &'static str, Option<f64>); 11] {
    use Contender::{Bulk, Messages, Objects, Packed, PerUnit, Python};
    let spread = |contender: Contender, of: fn(&Cost) -> f64| {
        rounds.costs.get(&contender).map(|costs| Spread::of(costs.iter().map(of)))
    };
    let cost = |contender, of| spread(contender, of).map(turns.cost);
    let rate = |contender| spread(contender, Cost::rate).map(turns.rate);
    let client: fn(&Cost) -> f64 = |cost| cost.millis(Side::Client);
    let elastic: fn(&Cost) -> f64 = |cost| cost.millis(Side::Elasticsearch);
    let limits: Option<Vec<f64>> = [Bulk, Objects, Messages].into_iter().map(rate).collect();
    let slowest = limits.iter().flatten().copied().reduce(f64::min);
    // They share the machine's cores, as the parts of a worker's work do.
    let in_turn = limits.map(|rates| rates.iter().map(|rate| rate.recip()).sum::<f64>().recip());
    let by = |value: Option<f64>, of: Option<f64>| Some(value? / of.filter(|of| *of > 0.0)?);
    let python = cost(Python, client);
    [
        ("pythonByPerUnit", "client CPU: Python by `PerUnit`", by(python, cost(PerUnit, client))),
        ("pythonByPacked", "client CPU: Python by `Packed`", by(python, cost(Packed, client))),
        (
            "perUnitByBulk",
            "Elasticsearch CPU: `PerUnit` by bare bulk",
            by(cost(PerUnit, elastic), cost(Bulk, elastic)),
        ),
        (
            "packedByBulk",
            "Elasticsearch CPU: `Packed` by bare bulk",
            by(cost(Packed, elastic), cost(Bulk, elastic)),
        ),
        (
            "pythonByPackedInAll",
            "CPU of all sides: Python by `Packed`",
            by(cost(Python, Cost::all_millis), cost(Packed, Cost::all_millis)),
        ),
        ("perUnitByLimit", "articles/s: `PerUnit` by the slowest limit", by(rate(PerUnit), slowest)),
        ("packedByLimit", "articles/s: `Packed` by the slowest limit", by(rate(Packed), slowest)),
        (
            "perUnitByLimits",
            "articles/s: `PerUnit` by the limits one after the other",
            by(rate(PerUnit), in_turn),
        ),
        (
            "packedByLimits",
            "articles/s: `Packed` by the limits one after the other",
            by(rate(Packed), in_turn),
        ),
        ("perUnitRecords", "bytes on disk: records by articles, `PerUnit`", records(rounds, PerUnit)),
        ("packedRecords", "bytes on disk: records by articles, `Packed`", records(rounds, Packed)),
    ]
}

/// Bytes of all that is not articles, for each byte of articles.
fn records(rounds: &Rounds, contender: Contender) -> Option<f64> {
    let sizes = rounds.sizes.get(&contender)?;
    let articles = sizes.get("articles")?.bytes;
    let all: u64 = sizes.values().map(|size| size.bytes).sum();
    Some(float(all - articles) / float(articles.max(1)))
}

/// The ratios, those of the best turns beside those of the run before.
pub fn table(ratios: &[Ratio], earlier: Option<&Value>) -> String {
    let mut text = "Ratios\n\n| | of medians | of the best turns | of the best turns, the run before |\n\
                    |---|---|---|---|\n"
        .to_owned();
    for Ratio { name, label, medians, best } in ratios {
        let before = earlier.and_then(|run| run["bestRatios"][*name].as_f64());
        let before = before.map_or_else(|| "–".to_owned(), |before| compared(*best, before));
        // Writing to a String cannot fail.
        let _ = writeln!(text, "| {label} | {medians:.2} | {best:.2} | {before} |");
    }
    text
}

fn compared(value: f64, before: f64) -> String {
    let apart = (value / before - 1.0).abs();
    let mark = if apart > TOLERANCE { ", MORE THAN 10 % APART" } else { "" };
    format!("{before:.2}{mark}")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Contender, Cost, Rounds, Side, of, table};

    fn rounds() -> Rounds {
        let cost = |client: f64, elastic: f64, wall_seconds: f64| Cost {
            articles: 1_000,
            wall_seconds,
            cpu_seconds: [(Side::Client, client), (Side::Elasticsearch, elastic)].into(),
            peak_kibibytes: 1,
        };
        let mut rounds = Rounds::default();
        let turns = vec![cost(1.0, 1.5, 2.0), cost(0.8, 1.2, 1.0), cost(1.6, 1.6, 4.0)];
        rounds.costs.insert(Contender::PerUnit, turns);
        rounds.costs.insert(Contender::Python, vec![cost(6.0, 1.0, 8.0)]);
        rounds.costs.insert(Contender::Bulk, vec![cost(0.1, 1.0, 1.0)]);
        rounds
    }

    #[test]
    fn only_what_was_measured_has_ratios() {
        let ratios = of(&rounds());
        let told: Vec<String> =
            ratios.iter().map(|it| format!("{} {:.1} {:.1}", it.name, it.medians, it.best)).collect();
        assert_eq!(told, ["pythonByPerUnit 6.0 7.5", "perUnitByBulk 1.5 1.2"]);
    }

    #[test]
    fn a_run_that_is_far_from_the_one_before_is_marked() {
        let earlier = json!({"bestRatios": {"pythonByPerUnit": 6.0, "perUnitByBulk": 1.15}});
        let text = table(&of(&rounds()), Some(&earlier));
        assert!(text.contains("| 6.00 | 7.50 | 6.00, MORE THAN 10 % APART |"), "{text}");
        assert!(text.contains("| 1.50 | 1.20 | 1.15 |"), "{text}");
    }
}
