//! A picture: CPU time of each article by contenders, a bar each, a colour for each side.

use std::fmt::Write as _;

use super::statistics::Spread;
use crate::measure::{Cost, Side};
use crate::run::Rounds;

const WIDTH: f64 = 860.0;
const LABELS: f64 = 190.0;
const BAR: f64 = 22.0;
const ROW: f64 = 34.0;
const TOP: f64 = 56.0;
const VALUES: f64 = 60.0;

/// Distinguishable by people who do not see all colours (Okabe and Ito).
const fn colour(side: Side) -> &'static str {
    match side {
        Side::Client => "#0072B2",
        Side::Elasticsearch => "#E69F00",
        Side::S3 => "#009E73",
        Side::Queue => "#CC79A7",
        Side::Bridge => "#999999",
    }
}

/// CPU time of each article, by contenders and sides: medians.
pub fn cpu(rounds: &Rounds) -> String {
    let rows: Vec<(String, Vec<(Side, f64)>)> = rounds
        .costs
        .iter()
        .map(|(contender, costs)| (contender.label().replace('`', ""), medians(costs)))
        .collect();
    let total = |parts: &[(Side, f64)]| parts.iter().map(|(_, millis)| millis).sum::<f64>();
    let most = rows.iter().map(|(_, parts)| total(parts)).fold(f64::MIN_POSITIVE, f64::max);
    let scale = (WIDTH - LABELS - VALUES) / most;
    let height = rows.iter().fold(TOP, |height, _| height + ROW);
    let mut svg = format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-family="sans-serif" font-size="13"><rect width="100%" height="100%" fill="#fff"/><text x="8" y="20" font-weight="bold">CPU milliseconds for each article (median)</text>"##
    );
    legend(&mut svg);
    let mut y = TOP;
    for (label, parts) in &rows {
        let middle = y + BAR / 2.0 + 5.0;
        // Writing to a String cannot fail.
        let _ = write!(svg, r#"<text x="8" y="{middle:.1}">{label}</text>"#);
        let mut x = LABELS;
        for (side, millis) in parts {
            let (width, fill, name) = (millis * scale, colour(*side), side.label());
            let _ = write!(
                svg,
                r#"<rect x="{x:.1}" y="{y:.1}" width="{width:.1}" height="{BAR}" fill="{fill}"><title>{name}: {millis:.2} ms</title></rect>"#
            );
            x += width;
        }
        let _ = write!(svg, r#"<text x="{:.1}" y="{middle:.1}">{:.2}</text>"#, x + 6.0, total(parts));
        y += ROW;
    }
    svg + "</svg>\n"
}

fn medians(costs: &[Cost]) -> Vec<(Side, f64)> {
    let median = |side: Side| Spread::of(costs.iter().map(|cost| cost.millis(side))).median;
    Side::ALL.into_iter().map(|side| (side, median(side))).collect()
}

fn legend(svg: &mut String) {
    let mut x = LABELS;
    for side in Side::ALL {
        let (fill, name, text) = (colour(side), side.label(), x + 16.0);
        let _ = write!(
            svg,
            r#"<rect x="{x:.1}" y="32" width="12" height="12" fill="{fill}"/><text x="{text:.1}" y="43">{name}</text>"#
        );
        x += 120.0;
    }
}

#[cfg(test)]
mod tests {
    use super::{Cost, Rounds, Side, cpu};
    use crate::contenders::Contender;

    #[test]
    fn bars_are_as_long_as_their_shares() {
        let cost = Cost {
            articles: 1_000,
            wall_seconds: 1.0,
            cpu_seconds: [(Side::Client, 1.0), (Side::S3, 3.0)].into(),
            peak_kibibytes: 1,
        };
        let mut rounds = Rounds::default();
        rounds.costs.insert(Contender::PerUnit, vec![cost]);
        let svg = cpu(&rounds);
        // 610 of the width are for bars.
        assert!(svg.contains(r#"width="152.5""#) && svg.contains(r#"width="457.5""#), "{svg}");
        assert!(svg.ends_with("</svg>\n") && svg.contains("S3: 3.00 ms"), "{svg}");
    }
}
