//! A line over the last hour, as SVG. Pure.

use super::markup::{Markup, all, element, tag};
use super::samples::KEPT_SECONDS;

/// Units of the drawing; it is scaled to the page.
const WIDTH: i64 = 600;
const HEIGHT: i64 = 120;

/// A chart of points, by seconds since 1970. `words` writes a value for people. The caption says the same as the drawing,
/// for those who do not see it.
pub fn chart(name: &str, points: &[(i64, i64)], now: i64, words: impl Fn(i64) -> String) -> Markup {
    let highest = points.iter().map(|(_, value)| *value).max();
    let (Some((_, last)), Some(highest)) = (points.last(), highest) else {
        return figure(name, "", element("p", "Nothing yet: the console draws what it sees while it runs."));
    };
    let summary = format!("now {}, at most {} within the last hour", words(*last), words(highest));
    let label = format!("{name}: {summary}");
    let view = format!("0 0 {WIDTH} {HEIGHT}");
    let line = tag("polyline").attribute("points", line(points, now, highest)).with("");
    let drawing = tag("svg")
        .attribute("viewBox", view)
        .attribute("role", "img")
        .attribute("aria-label", label)
        .attribute("preserveAspectRatio", "none")
        .with(line);
    let ends = all([element("span", "an hour ago"), element("span", "now")]);
    let axis = tag("p").class("axis").attribute("aria-hidden", "true").with(ends);
    figure(name, &summary, all([drawing, axis]))
}

fn figure(name: &str, summary: &str, content: Markup) -> Markup {
    let summary = tag("span").class("dim").with(format!(" {summary}"));
    let caption = element("figcaption", all([element("strong", name), summary]));
    tag("figure").class("chart").with(all([caption, content]))
}

/// The points of the line: at the right the present, at the top the highest value.
fn line(points: &[(i64, i64)], now: i64, highest: i64) -> String {
    let coordinates = points.iter().map(|(time, value)| {
        let x = WIDTH - now.saturating_sub(*time).clamp(0, KEPT_SECONDS) * WIDTH / KEPT_SECONDS;
        let y = HEIGHT - value.max(&0).saturating_mul(HEIGHT) / highest.max(1);
        format!("{x},{y}")
    });
    coordinates.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::{chart, line};

    #[test]
    fn the_present_is_at_the_right_and_the_highest_value_at_the_top() {
        assert_eq!(line(&[(0, 0), (1800, 40), (3600, 20)], 3600, 40), "0,120 300,0 600,60");
        assert_eq!(line(&[(0, 0)], 3600, 0), "0,120");
        assert_eq!(line(&[(9000, -5)], 3600, i64::MAX), "600,120");
    }

    #[test]
    fn a_chart_says_in_words_what_it_draws() {
        let shown = chart("Lag", &[(1, 7), (2, 5)], 3, |value| format!("{value}s"));
        let label = r#"role="img" aria-label="Lag: now 5s, at most 7s within the last hour""#;
        assert!(shown.as_str().contains(label), "{}", shown.as_str());
        assert!(!chart("Lag", &[], 3, |value| value.to_string()).as_str().contains("<svg"));
    }
}
