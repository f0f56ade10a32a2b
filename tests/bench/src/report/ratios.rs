//! Ratios of contenders within one run, which another run has to give again: figures by themselves depend on the machine and
//! on what else it does.

use std::fmt::Write as _;

use serde_json::Value;

use super::statistics::Spread;
use crate::contenders::Contender;
use crate::float::float;
use crate::measure::{Cost, Side};
use crate::run::Rounds;

/// A ratio of two contenders' medians.
#[derive(Clone, Debug, PartialEq)]
pub struct Ratio {
    /// What it is called in JSON.
    pub name: &'static str,
    /// What it is called in tables.
    pub label: &'static str,
    /// The ratio.
    pub value: f64,
}

/// How far the ratios of two runs may be apart.
const TOLERANCE: f64 = 0.1;

/// The ratios that can be told of what was measured.
pub fn of(rounds: &Rounds) -> Vec<Ratio> {
    use Contender::{Bulk, Messages, Objects, Packed, PerUnit, Python};
    let median = |contender: Contender, of: fn(&Cost) -> f64| {
        let costs = rounds.costs.get(&contender)?;
        Some(Spread::of(costs.iter().map(of)).median)
    };
    let client: fn(&Cost) -> f64 = |cost| cost.millis(Side::Client);
    let elastic: fn(&Cost) -> f64 = |cost| cost.millis(Side::Elasticsearch);
    let slowest = |contenders: [Contender; 3]| {
        let rates: Option<Vec<f64>> =
            contenders.iter().map(|contender| median(*contender, Cost::rate)).collect();
        rates?.into_iter().reduce(f64::min)
    };
    let limit = slowest([Bulk, Objects, Messages]);
    let ratios = [
        (
            "pythonByPerUnit",
            "client CPU: Python by `PerUnit`",
            median(Python, client),
            median(PerUnit, client),
        ),
        ("pythonByPacked", "client CPU: Python by `Packed`", median(Python, client), median(Packed, client)),
        (
            "perUnitByBulk",
            "Elasticsearch CPU: `PerUnit` by bare bulk",
            median(PerUnit, elastic),
            median(Bulk, elastic),
        ),
        (
            "packedByBulk",
            "Elasticsearch CPU: `Packed` by bare bulk",
            median(Packed, elastic),
            median(Bulk, elastic),
        ),
        (
            "pythonByPackedInAll",
            "CPU of all sides: Python by `Packed`",
            median(Python, Cost::all_millis),
            median(Packed, Cost::all_millis),
        ),
        ("perUnitByLimit", "articles/s: `PerUnit` by the slowest limit", median(PerUnit, Cost::rate), limit),
        ("packedByLimit", "articles/s: `Packed` by the slowest limit", median(Packed, Cost::rate), limit),
        (
            "perUnitRecords",
            "bytes on disk: records by articles, `PerUnit`",
            records(rounds, PerUnit),
            Some(1.0),
        ),
        ("packedRecords", "bytes on disk: records by articles, `Packed`", records(rounds, Packed), Some(1.0)),
    ];
    let ratios = ratios.into_iter().filter_map(|(name, label, value, of)| {
        let value = value? / of.filter(|of| *of > 0.0)?;
        Some(Ratio { name, label, value })
    });
    ratios.collect()
}

/// Bytes of all that is not articles, for each byte of articles.
fn records(rounds: &Rounds, contender: Contender) -> Option<f64> {
    let sizes = rounds.sizes.get(&contender)?;
    let articles = sizes.get("articles")?.bytes;
    let all: u64 = sizes.values().map(|size| size.bytes).sum();
    Some(float(all - articles) / float(articles.max(1)))
}

/// The ratios, beside those of the run before.
pub fn table(ratios: &[Ratio], earlier: Option<&Value>) -> String {
    let mut text = "Ratios of medians\n\n| | this run | the run before |\n|---|---|---|\n".to_owned();
    for Ratio { name, label, value } in ratios {
        let before = earlier.and_then(|run| run["ratios"][*name].as_f64());
        let before = before.map_or_else(|| "–".to_owned(), |before| compared(*value, before));
        // Writing to a String cannot fail.
        let _ = writeln!(text, "| {label} | {value:.2} | {before} |");
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
        rounds.costs.insert(Contender::PerUnit, vec![cost(1.0, 1.5, 2.0)]);
        rounds.costs.insert(Contender::Python, vec![cost(6.0, 1.0, 8.0)]);
        rounds.costs.insert(Contender::Bulk, vec![cost(0.1, 1.0, 1.0)]);
        rounds
    }

    #[test]
    fn only_what_was_measured_has_ratios() {
        let ratios = of(&rounds());
        let told: Vec<String> =
            ratios.iter().map(|ratio| format!("{} {:.1}", ratio.name, ratio.value)).collect();
        assert_eq!(told, ["pythonByPerUnit 6.0", "perUnitByBulk 1.5"]);
    }

    #[test]
    fn a_run_that_is_far_from_the_one_before_is_marked() {
        let earlier = json!({"ratios": {"pythonByPerUnit": 5.0, "perUnitByBulk": 1.45}});
        let text = table(&of(&rounds()), Some(&earlier));
        assert!(text.contains("| 6.00 | 5.00, MORE THAN 10 % APART |"), "{text}");
        assert!(text.contains("| 1.50 | 1.45 |"), "{text}");
    }
}
