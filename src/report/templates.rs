//! The templates as text: a heading for each, its history, its fields as a table.

use crate::summary::{FieldLine, TemplateLine};

use super::escape::escape;
use super::exporters::UNKNOWN_EXPORTER;
use super::grid::{Grid, numbers, words};
use super::number::{Clock, counted};
use super::style::{Paint, Style};
use super::width::wrap;

/// The templates for people; `kept_from` is the file of those that an earlier run kept.
pub fn templates_text(lines: &[TemplateLine], kept_from: Option<&str>, style: &Style) -> String {
    let style = &Style { width: style.width.max(40), ..style.clone() };
    if lines.is_empty() {
        let text = "No templates: v1, v5 and v7 have none, and no v9 or IPFIX template was seen.";
        return wrap(text, style.width, 0, 0);
    }
    let sections: Vec<String> = lines.iter().map(|line| template(line, kept_from.unwrap_or_default(), style)).collect();
    sections.join("\n")
}

fn template(line: &TemplateLine, kept_from: &str, style: &Style) -> String {
    let d = &line.definition;
    let kind = if line.is_options() { "options template" } else { "template" };
    let again = if d.version > 1 { format!(", definition\u{a0}{}", d.version) } else { String::new() };
    let heading = format!("{kind} {}{again}", d.template.id);
    let exporter = d.key.exporter.known_addr().map_or_else(|| UNKNOWN_EXPORTER.to_owned(), |_| d.key.exporter.to_string());
    let from = format!("{exporter} {} domain\u{a0}{}", d.key.version, d.key.domain);
    let mut out = wrap(&format!("{}, {from}", style.paint(Paint::Heading, &heading)), style.width, 0, 2);
    out.push_str(&wrap(&history(line, kept_from), style.width, 2, 4));
    let mut grid =
        Grid::new(vec![numbers("id", 0), words("name", 0), numbers("length", 0), words("", 0), words("v9 name", 1), words("vendor", 2)]);
    for field in &line.fields {
        grid.row(field_cells(field));
    }
    let mut grid = grid.indent(2).without_empty();
    grid.fit(style.width);
    out.push_str(&grid.render(style));
    out
}

fn history(line: &TemplateLine, kept_from: &str) -> String {
    let d = &line.definition;
    let fields = counted(line.fields.len() as u64, "field");
    let octets = if line.fields.iter().any(|f| f.length.is_none()) {
        "records of variable length".to_owned()
    } else {
        format!("{}\u{a0}octets a record", line.fields.iter().filter_map(|f| f.length).map(u64::from).sum::<u64>())
    };
    let mut text = format!("{fields}, {octets}");
    match (d.first_seen, d.last_seen) {
        (Some(first), Some(last)) => {
            text.push_str(&format!("; sent {}, first {}", times(d.times_sent), Clock::of(first.time).full()));
            if first.origin.frame > 0 {
                // A flow log does not tell the exporter, and has messages instead of frames.
                let unit = if d.key.exporter.known_addr().is_some() { "frame" } else { "message" };
                text.push_str(&format!(" ({unit}\u{a0}{})", first.origin.frame));
            }
            if d.times_sent > 1 {
                text.push_str(&format!(", last {}", Clock::of(last.time).full()));
            }
        }
        _ => text.push_str("; never sent in what was read"),
    }
    if let Some(kept) = d.kept {
        let last = Clock::of(kept.last_seen).full();
        text.push_str(&format!("; from {}, sent {} until {last}", escape(kept_from), times(kept.times_sent)));
    }
    match (d.records, d.list_uses) {
        (0, 0) => text.push_str("; no record came with it"),
        // RFC 6313: its records stand in those of other templates.
        (0, lists) => text.push_str(&format!("; used in {}", counted(lists, "list"))),
        (records, lists) => {
            text.push_str(&format!("; {} in {}", counted(records, "record"), counted(d.sets, "Set")));
            if lists > 0 {
                text.push_str(&format!(", and used in {}", counted(lists, "list")));
            }
        }
    }
    if d.sets_before > 0 {
        text.push_str(&format!(", {} of them before the template", d.sets_before));
    }
    text
}

fn times(count: u64) -> String {
    match count {
        1 => "once".to_owned(),
        n => counted(n, "time"),
    }
}

fn field_cells(field: &FieldLine) -> Vec<(String, Paint)> {
    let plain = |text: String| (text, Paint::Plain);
    let id = if field.pen == 0 { field.id.to_string() } else { format!("{}/{}", field.pen, field.id) };
    let name = match &field.name {
        // The column's name says the vendor, and it is what `--columns` takes.
        Some(name) => plain(escape(field.column.as_deref().unwrap_or(name)).into_owned()),
        None => ("not in any registry".to_owned(), Paint::Doubtful),
    };
    let length = field.length.map_or_else(|| "variable".to_owned(), |l| l.to_string());
    vec![
        plain(id),
        name,
        plain(length),
        plain(if field.scope { "scope".to_owned() } else { String::new() }),
        plain(field.v9_name.unwrap_or_default().to_owned()),
        plain(field.vendor.map(|v| escape(v).into_owned()).unwrap_or_default()),
    ]
}
