//! The rows of a query as a table for people that fits the terminal.
//!
//! Numbers, times and addresses are never cut; long texts are, and `…` says so. Where even that is too wide, each row becomes a block
//! of lines, a column each.

use crate::query::ShownColumn;

use super::escape::escape;
use super::style::{Paint, Style};
use super::width::{cut, width};

/// Blanks between columns.
const GAP: usize = 2;
/// The narrowest that a cut text gets.
const NARROWEST: usize = 10;

/// The table.
pub fn result_table(columns: &[ShownColumn], style: &Style) -> String {
    let columns: Vec<Shown> = columns.iter().map(Shown::new).collect();
    match widths(&columns, style.width) {
        Some(widths) => table(&columns, &widths, style),
        None => blocks(&columns, style),
    }
}

/// A column with its texts safe for a terminal.
struct Shown {
    name: String,
    number: bool,
    /// True for what may be cut.
    text: bool,
    cells: Vec<String>,
}

impl Shown {
    fn new(column: &ShownColumn) -> Self {
        let cell = |cell: &Option<String>| cell.as_deref().map(|text| escape(text).into_owned()).unwrap_or_default();
        let cells: Vec<String> = column.cells.iter().map(cell).collect();
        // Text of few characters is mostly an address or a code: it is worth its room.
        let long = cells.iter().any(|c| width(c) > 40);
        Self { name: escape(&column.name).into_owned(), number: column.number, text: column.text && long, cells }
    }

    fn width(&self) -> usize {
        self.cells.iter().map(|c| width(c)).fold(width(&self.name), usize::max)
    }
}

/// The width of each column so that a row fits; `None` if it can't.
fn widths(columns: &[Shown], room: usize) -> Option<Vec<usize>> {
    let mut widths: Vec<usize> = columns.iter().map(Shown::width).collect();
    let gaps = GAP * columns.len().saturating_sub(1);
    loop {
        let total: usize = widths.iter().sum::<usize>() + gaps;
        if total <= room {
            return Some(widths);
        }
        let cuttable = columns.iter().zip(&mut widths).filter(|(c, w)| c.text && **w > NARROWEST.max(width(&c.name)));
        let (column, widest) = cuttable.max_by_key(|(_, w)| **w)?;
        let least = NARROWEST.max(width(&column.name));
        *widest = least.max(widest.saturating_sub(total - room));
    }
}

fn table(columns: &[Shown], widths: &[usize], style: &Style) -> String {
    let mut out = String::new();
    let titles = columns.iter().map(|c| style.paint(Paint::Heading, &c.name)).collect::<Vec<_>>();
    line(&mut out, columns, widths, |index| titles.get(index).cloned().unwrap_or_default());
    let rows = columns.first().map_or(0, |c| c.cells.len());
    for row in 0..rows {
        let cell = |index: usize| {
            let cell = columns.get(index).and_then(|c| c.cells.get(row)).map_or("", String::as_str);
            cut(cell, widths.get(index).copied().unwrap_or(0))
        };
        line(&mut out, columns, widths, cell);
    }
    out
}

fn line(out: &mut String, columns: &[Shown], widths: &[usize], cell: impl Fn(usize) -> String) {
    let mut text = String::new();
    for (index, (column, own)) in columns.iter().zip(widths).enumerate() {
        let cell = cell(index);
        let blanks = " ".repeat(own.saturating_sub(width(&cell)));
        if index > 0 {
            text.push_str(&" ".repeat(GAP));
        }
        if column.number {
            text.push_str(&blanks);
        }
        text.push_str(&cell);
        if !column.number {
            text.push_str(&blanks);
        }
    }
    out.push_str(text.trim_end());
    out.push('\n');
}

/// A block for each row: a line for each column that has a value.
fn blocks(columns: &[Shown], style: &Style) -> String {
    let names = columns.iter().map(|c| width(&c.name)).max().unwrap_or(0);
    let room = style.width.saturating_sub(names + GAP).max(NARROWEST);
    let mut out = String::new();
    for row in 0..columns.first().map_or(0, |c| c.cells.len()) {
        out.push_str(&style.paint(Paint::Aside, &format!("row {}", row + 1)));
        out.push('\n');
        for column in columns {
            let cell = column.cells.get(row).map_or("", String::as_str);
            if !cell.is_empty() {
                let blanks = " ".repeat(names - width(&column.name) + GAP);
                let cell = if column.text { cut(cell, room) } else { cell.to_owned() };
                out.push_str(&format!("{}{blanks}{cell}\n", style.paint(Paint::Heading, &column.name)));
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(name: &str, number: bool, cells: &[&str]) -> ShownColumn {
        let cells = cells.iter().map(|c| Some((*c).to_owned())).collect();
        ShownColumn { name: name.to_owned(), number, text: !number, cells }
    }

    #[test]
    fn rows_that_fit() {
        let columns = [column("src_addr", false, &["10.0.0.1", "2001:db8::1"]), column("bytes", true, &["7", "123456"])];
        let text = result_table(&columns, &Style { width: 80, color: false });
        assert_eq!(text, "src_addr      bytes\n10.0.0.1          7\n2001:db8::1  123456\n");
    }

    #[test]
    fn a_long_text_is_cut_and_a_wide_row_becomes_a_block() {
        let long = "a datagram that is too short for anything that could be in it";
        let columns = [column("count", true, &["12"]), column("detail", false, &[long])];
        let text = result_table(&columns, &Style { width: 30, color: false });
        assert_eq!(text, "count  detail\n   12  a datagram that is too…\n");
        let columns: Vec<ShownColumn> = (0..4).map(|n| column(&format!("c{n}"), true, &["1234567890"])).collect();
        let text = result_table(&columns, &Style { width: 40, color: false });
        assert_eq!(text, "row 1\nc0  1234567890\nc1  1234567890\nc2  1234567890\nc3  1234567890\n");
    }

    #[test]
    fn nothing_from_the_wire_moves_the_cursor() {
        let text = result_table(&[column("name", false, &["a\x1b[2Jb"])], &Style { width: 80, color: false });
        assert!(!text.contains('\x1b'), "{text:?}");
    }
}
