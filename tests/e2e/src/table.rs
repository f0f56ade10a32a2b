//! Reads the tables that `kubectl get` prints.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};

/// The rows of a table, each by column. A cell may be empty, so columns are found by where their heads stand.
pub fn rows(text: &str) -> Result<Vec<BTreeMap<String, String>>> {
    let mut lines = text.lines().filter(|line| !line.trim().is_empty());
    let head = lines.next().context("kubectl printed no table")?;
    let columns = columns(head);
    Ok(lines.map(|line| row(&columns, line)).collect())
}

/// Name of each column and the place where it begins.
fn columns(head: &str) -> Vec<(String, usize)> {
    let mut columns = Vec::new();
    let mut before = ' ';
    for (at, c) in head.char_indices() {
        if before == ' ' && c != ' ' {
            let name = head[at..].split_whitespace().next().unwrap_or_default();
            columns.push((name.to_owned(), at));
        }
        before = c;
    }
    columns
}

fn row(columns: &[(String, usize)], line: &str) -> BTreeMap<String, String> {
    let end = |place: usize| columns.get(place + 1).map_or(line.len(), |(_, start)| *start);
    columns
        .iter()
        .enumerate()
        .map(|(place, (name, start))| {
            let cell = line.get(*start..end(place).min(line.len())).unwrap_or_default();
            (name.clone(), cell.trim().to_owned())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::rows;

    #[test]
    fn empty_cells_stay_empty() {
        let text = "NAME   READY   LAG   AGE\nwire   True          5s\nb      False   12    1m\n";
        let rows = rows(text).expect("a table");
        assert_eq!(rows[0]["LAG"], "");
        assert_eq!((rows[0]["READY"].as_str(), rows[0]["AGE"].as_str()), ("True", "5s"));
        assert_eq!(rows[1]["LAG"], "12");
    }
}
