//! The tables, in Markdown.

use std::fmt::Write as _;

use super::statistics::Spread;
use crate::float::float;
use crate::measure::{Cost, Side};
use crate::run::Rounds;

/// CPU time of each side, articles a second and memory, by contenders.
pub fn costs(rounds: &Rounds) -> String {
    let mut text = "CPU milliseconds for each article: median (minimum–maximum)\n\n|".to_owned();
    let heads = Side::ALL.iter().map(|side| side.label()).chain(["all", "articles/s", "memory (MiB)"]);
    text.extend(heads.map(|head| format!(" | {head}")));
    text.push_str(" |\n|---|");
    text.push_str(&"---|".repeat(Side::ALL.len() + 3));
    text.push('\n');
    for (contender, costs) in &rounds.costs {
        let spread = |of: &dyn Fn(&Cost) -> f64| Spread::of(costs.iter().map(of));
        let sides = Side::ALL.iter().map(|side| spread(&|cost: &Cost| cost.millis(*side)).shown(2));
        let others = [
            spread(&Cost::all_millis).shown(2),
            spread(&Cost::rate).shown(0),
            spread(&Cost::peak_mebibytes).shown(0),
        ];
        let cells: Vec<String> = sides.chain(others).collect();
        // Writing to a String cannot fail.
        let _ = writeln!(text, "| {} | {} |", contender.label(), cells.join(" | "));
    }
    text
}

/// Requests of each kind.
pub fn requests(rounds: &Rounds) -> String {
    let mut text = "Requests for a thousand articles, and bytes that they send for each\n\n\
                    | | server | request | for 1,000 articles | bytes for each article |\n|---|---|---|---|---|\n"
        .to_owned();
    for (contender, counted) in &rounds.counted {
        let articles = f64::from(counted.articles);
        for (store, kinds) in &counted.requests {
            for (kind, count) in kinds {
                let _ = writeln!(
                    text,
                    "| {} | {store} | {kind} | {:.1} | {:.0} |",
                    contender.label(),
                    1_000.0 * float(count.requests) / articles,
                    float(count.bytes) / articles
                );
            }
        }
    }
    text
}

/// Documents and bytes on disk by what indices hold.
pub fn sizes(rounds: &Rounds) -> String {
    let mut text = "Indices, merged into one segment\n\n\
                    | | index | documents for each article | bytes on disk for each article |\n|---|---|---|---|\n"
        .to_owned();
    for (contender, sizes) in &rounds.sizes {
        let articles = articles(rounds.costs.get(contender));
        for (content, size) in sizes {
            let _ = writeln!(
                text,
                "| {} | `{content}` | {:.3} | {:.0} |",
                contender.label(),
                float(size.documents) / articles,
                float(size.bytes) / articles
            );
        }
    }
    text
}

/// Articles of a turn.
fn articles(costs: Option<&Vec<Cost>>) -> f64 {
    costs.and_then(|costs| costs.first()).map_or(1.0, |cost| f64::from(cost.articles))
}

#[cfg(test)]
mod tests {
    use super::{Rounds, Side, costs};
    use crate::contenders::Contender;
    use crate::measure::Cost;

    #[test]
    fn every_contender_has_a_row_with_a_cell_for_each_column() {
        let cost = Cost {
            articles: 1_000,
            wall_seconds: 2.0,
            cpu_seconds: [(Side::Client, 1.0)].into(),
            peak_kibibytes: 51_200,
        };
        let mut rounds = Rounds::default();
        rounds.costs.insert(Contender::Packed, vec![cost]);
        let text = costs(&rounds);
        let lines: Vec<&str> = text.lines().skip(2).collect();
        let cells = |line: &str| line.matches('|').count();
        assert!(lines.iter().all(|line| cells(line) == cells(lines[0])), "{text}");
        let row = "| Docmill, `Packed` | 1.00 | 0.00 | 0.00 | 0.00 | 0.00 | 1.00 | 500 | 50 |";
        assert_eq!(lines.last(), Some(&row));
    }
}
