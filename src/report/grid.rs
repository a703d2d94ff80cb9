//! A table without lines that leaves out what matters least where the terminal is narrow.

use std::borrow::Cow;

use comfy_table::{Attribute, CellAlignment, Color, ContentArrangement, Table, presets};

use super::style::{Paint, Style};
use super::width::width;

/// A column: its title, which side its cells keep to, and how easily it is left out.
#[derive(Clone, Debug)]
pub(super) struct Column {
    title: Cow<'static, str>,
    right: bool,
    /// 0 always stays; of the others the greatest goes first.
    spare: u8,
}

/// A column of words.
pub(super) fn words(title: impl Into<Cow<'static, str>>, spare: u8) -> Column {
    Column { title: title.into(), right: false, spare }
}

/// A column of numbers.
pub(super) fn numbers(title: impl Into<Cow<'static, str>>, spare: u8) -> Column {
    Column { title: title.into(), right: true, spare }
}

/// A table's columns and rows.
#[derive(Clone, Debug)]
pub(super) struct Grid {
    columns: Vec<Column>,
    rows: Vec<Vec<(String, Paint)>>,
    gap: u16,
    indent: u16,
    titles: bool,
}

impl Grid {
    /// No rows yet.
    pub(super) fn new(columns: Vec<Column>) -> Self {
        Self { columns, rows: Vec::new(), gap: 2, indent: 0, titles: true }
    }

    /// Blanks between columns; two unless told.
    pub(super) fn gap(mut self, gap: u16) -> Self {
        self.gap = gap;
        self
    }

    /// Blanks before the first column.
    pub(super) fn indent(mut self, indent: u16) -> Self {
        self.indent = indent;
        self
    }

    /// Whether the columns have titles; they have unless told.
    pub(super) fn titles(mut self, titles: bool) -> Self {
        self.titles = titles;
        self
    }

    /// Adds a row: a cell for each column, already escaped.
    pub(super) fn row(&mut self, cells: Vec<(String, Paint)>) {
        self.rows.push(cells.into_iter().map(|(text, paint)| (text.replace('\u{a0}', " "), paint)).collect());
    }

    /// Takes the columns out in which no row says anything.
    pub(super) fn without_empty(mut self) -> Self {
        for index in (1..self.columns.len()).rev() {
            self.remove_if(index, &[""]);
        }
        self
    }

    /// Takes a column out if all its cells are one of `nothing`.
    pub(super) fn without(mut self, title: &str, nothing: &[&str]) -> Self {
        if let Some(index) = self.columns.iter().position(|c| c.title == title) {
            self.remove_if(index, nothing);
        }
        self
    }

    fn remove_if(&mut self, index: usize, nothing: &[&str]) {
        if self.rows.iter().all(|r| r.get(index).is_none_or(|(text, _)| nothing.contains(&text.as_str()))) {
            self.remove(index);
        }
    }

    fn remove(&mut self, index: usize) -> Cow<'static, str> {
        for row in &mut self.rows {
            if index < row.len() {
                row.remove(index);
            }
        }
        self.columns.remove(index).title
    }

    /// Columns of the terminal that the table takes.
    pub(super) fn width(&self) -> usize {
        let cells: usize = (0..self.columns.len()).map(|i| self.column_width(i)).sum();
        cells + usize::from(self.gap) * self.columns.len().saturating_sub(1) + usize::from(self.indent)
    }

    fn column_width(&self, index: usize) -> usize {
        let title = self.columns.get(index).filter(|_| self.titles).map_or(0, |c| width(&c.title));
        let cells = self.rows.iter().filter_map(|r| r.get(index)).flat_map(|(text, _)| text.lines()).map(width);
        cells.fold(title, usize::max)
    }

    /// Leaves columns out until the table is narrow enough; says which.
    pub(super) fn fit(&mut self, columns: usize) -> Vec<Cow<'static, str>> {
        let mut left_out = Vec::new();
        while self.width() > columns {
            let Some((index, column)) = self.columns.iter().enumerate().max_by_key(|(_, c)| c.spare) else { break };
            if column.spare == 0 {
                break;
            }
            left_out.push(self.remove(index));
        }
        left_out
    }

    /// The lines. Where even what must stay is too wide, long cells are wrapped.
    pub(super) fn render(&self, style: &Style) -> String {
        let mut table = Table::new();
        table.load_style(presets::NOTHING).force_no_tty();
        if style.color {
            table.enforce_styling().style_text_only();
        }
        if self.titles {
            table.set_header(self.columns.iter().map(|c| cell(&c.title, Paint::Heading)));
        }
        for row in &self.rows {
            table.add_row(row.iter().map(|(text, paint)| cell(text, *paint)));
        }
        if self.width() > style.width {
            table.set_content_arrangement(ContentArrangement::Dynamic);
            table.set_width(u16::try_from(style.width).unwrap_or(u16::MAX));
        } else {
            table.set_content_arrangement(ContentArrangement::Disabled);
        }
        let last = self.columns.len().saturating_sub(1);
        for (index, column) in self.columns.iter().enumerate() {
            if let Some(own) = table.column_mut(index) {
                own.set_padding((if index == 0 { self.indent } else { 0 }, if index == last { 0 } else { self.gap }));
                own.set_cell_alignment(if column.right { CellAlignment::Right } else { CellAlignment::Left });
            }
        }
        let mut out = String::new();
        for line in table.lines() {
            out.push_str(line.trim_end());
            out.push('\n');
        }
        out
    }
}

fn cell(text: &str, paint: Paint) -> comfy_table::Cell {
    let cell = comfy_table::Cell::new(text);
    match paint {
        Paint::Plain => cell,
        Paint::Heading => cell.add_attribute(Attribute::Bold),
        Paint::Bad => cell.fg(Color::DarkRed),
        Paint::Doubtful => cell.fg(Color::DarkYellow),
        Paint::Good => cell.fg(Color::DarkGreen),
        Paint::Aside => cell.add_attribute(Attribute::Dim),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Grid {
        let mut grid = Grid::new(vec![words("name", 0), numbers("bytes", 1), numbers("lost", 3), words("remark", 2)]);
        for (name, bytes, remark) in [("a", "1,024", "first"), ("bcdef", "7", "")] {
            grid.row([name, bytes, "0", remark].map(|t| (t.to_owned(), Paint::Plain)).to_vec());
        }
        grid
    }

    #[test]
    fn numbers_keep_to_the_right() {
        let text = sample().without("lost", &["0"]).render(&Style { width: 80, color: false });
        assert_eq!(text, "name   bytes  remark\na      1,024  first\nbcdef      7\n");
    }

    #[test]
    fn the_most_spare_goes_first() {
        let mut grid = sample();
        assert_eq!(grid.width(), 26);
        assert_eq!(grid.fit(19), ["lost", "remark"]);
        assert_eq!(grid.render(&Style { width: 19, color: false }), "name   bytes\na      1,024\nbcdef      7\n");
    }
}
