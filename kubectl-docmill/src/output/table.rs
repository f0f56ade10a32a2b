//! Tables as kubectl prints them: columns of the width of their widest cell, three spaces apart.

use unicode_width::UnicodeWidthStr as _;

use super::palette::{Palette, Tone};
use super::untrusted::one_line;

/// Spaces between columns.
const GAP: usize = 3;

/// A cell of a table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cell {
    text: String,
    tone: Tone,
}

impl Cell {
    /// A cell with a tone. Control characters of the text are replaced.
    pub fn new(tone: Tone, text: impl AsRef<str>) -> Self {
        Self { text: one_line(text.as_ref()), tone }
    }

    /// Its text, on one line.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What it means.
    pub const fn tone(&self) -> Tone {
        self.tone
    }
}

impl<T: AsRef<str>> From<T> for Cell {
    fn from(text: T) -> Self {
        Self::new(Tone::Plain, text)
    }
}

/// A table. Rows that are shorter than the headings end early.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Table {
    rows: Vec<Vec<Cell>>,
}

impl Table {
    /// A table with these headings; without any, it has none.
    pub fn new(headings: &[&str]) -> Self {
        let cells: Vec<Cell> = headings.iter().map(|heading| Cell::new(Tone::Bold, heading)).collect();
        Self { rows: if cells.is_empty() { Vec::new() } else { vec![cells] } }
    }

    /// Adds a row.
    pub fn row(&mut self, cells: impl IntoIterator<Item = Cell>) {
        self.rows.push(cells.into_iter().collect());
    }

    /// Its rows; of a table with headings these are the first.
    pub fn rows(&self) -> &[Vec<Cell>] {
        &self.rows
    }

    /// The table as lines. An empty cell shows nothing, and no line ends with a space.
    pub fn render(&self, palette: Palette) -> String {
        let widths = self.widths();
        let mut text = String::new();
        for row in &self.rows {
            let mut spaces = 0;
            for (cell, width) in row.iter().zip(&widths) {
                if !cell.text.is_empty() {
                    text.extend(std::iter::repeat_n(' ', spaces));
                    text.push_str(&palette.paint(cell.tone, &cell.text));
                    spaces = 0;
                }
                spaces += width + GAP - cell.text.width();
            }
            text.push('\n');
        }
        text
    }

    fn widths(&self) -> Vec<usize> {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or_default();
        let width = |column: usize| {
            let cells = self.rows.iter().filter_map(|row| row.get(column));
            cells.map(|cell| cell.text.width()).max().unwrap_or_default()
        };
        (0..columns).map(width).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::{Cell, Table};
    use crate::output::palette::{Palette, Tone};

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let mut table = Table::new(&["NAME", "STATE", "N"]);
        table.row([Cell::from("a"), Cell::new(Tone::Bad, "Failed"), Cell::from("1")]);
        table.row([Cell::from("中文"), Cell::default(), Cell::from("2")]);
        table.row([Cell::from("b")]);
        let expected = "NAME   STATE    N\na      Failed   1\n中文            2\nb\n";
        assert_eq!(table.render(Palette::default()), expected);
        assert!(table.render(Palette { is_on: true }).contains("a      \u{1b}[31mFailed\u{1b}[0m   1\n"));
    }

    #[test]
    fn a_cell_cannot_break_its_line_or_the_terminal() {
        let mut table = Table::new(&[]);
        table.row([Cell::from("a\nb\u{1b}[2J")]);
        assert_eq!(table.render(Palette::default()), "a b\u{fffd}[2J\n");
    }
}
