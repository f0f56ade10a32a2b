//! Reads the tables of a page in Markdown.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, ensure};

/// What arithmetic with floating-point numbers may add to an error of rounding.
const ROUNDING: f64 = 1e-6;

/// A table: its cells by row, which is named by its first cell, and column.
#[derive(Debug)]
pub(super) struct PageTable {
    head: String,
    cells: BTreeMap<(String, String), String>,
}

impl PageTable {
    /// The first table of a page whose first column has this head.
    pub(super) fn find(page: &str, head: &str) -> Result<Self> {
        let mut lines = page.lines().skip_while(|line| cells(line).first().map(String::as_str) != Some(head));
        let columns = cells(lines.next().with_context(|| format!("no table `{head}`"))?);
        let rows = lines.skip(1).take_while(|line| line.starts_with('|')).map(cells);
        let mut table = Self { head: head.to_owned(), cells: BTreeMap::new() };
        for row in rows {
            ensure!(row.len() == columns.len(), "`{head}`: {row:?} has not the columns {columns:?}");
            let name = row.first().cloned().unwrap_or_default();
            for (column, cell) in columns.iter().zip(row).skip(1) {
                table.cells.insert((name.clone(), column.clone()), cell);
            }
        }
        Ok(table)
    }

    /// The number in a cell, which may have commas between thousands.
    pub(super) fn number(&self, row: &str, column: &str) -> Result<f64> {
        let cell = self.cells.get(&(row.to_owned(), column.to_owned()));
        let cell = cell.with_context(|| format!("`{}` has no cell `{row}`, `{column}`", self.head))?;
        cell.replace(',', "").parse().with_context(|| format!("`{row}`, `{column}`: {cell} is no number"))
    }

    /// Checks that a cell has this number, rounded to a multiple of `unit`.
    pub(super) fn expect(&self, row: &str, column: &str, number: f64, unit: f64) -> Result<()> {
        let told = self.number(row, column)?;
        let is_right = (told - number).abs() <= unit / 2.0 + ROUNDING;
        ensure!(is_right, "`{}`: `{row}`, `{column}` is {number} and not {told}", self.head);
        Ok(())
    }
}

/// The cells of a line, without marks of code.
fn cells(line: &str) -> Vec<String> {
    let inner = line.strip_prefix('|').and_then(|line| line.strip_suffix('|'));
    let cells = inner.into_iter().flat_map(|inner| inner.split('|'));
    cells.map(|cell| cell.trim().replace('`', "")).collect()
}

#[cfg(test)]
mod tests {
    use super::PageTable;

    #[test]
    fn a_table_is_found_by_its_first_head_and_ends_with_its_lines() {
        let page = "# A\n\n| a | b |\n|---|---|\n| x | 1 |\n\n| n | one | |\n|---|---|---|\n| `x`, y | 1,234.5 | z |\n\ntext";
        let table = PageTable::find(page, "n").expect("a table");
        assert_eq!(table.number("x, y", "one").expect("a number").to_string(), "1234.5");
        assert!(table.number("x, y", "").is_err() && table.number("x", "one").is_err());
        assert!(PageTable::find(page, "b").is_err());
        assert!(PageTable::find("| a | b |\n|---|---|\n| 1 |\n", "a").is_err());
    }
}
