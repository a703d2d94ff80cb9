//! Information Elements: a few in full, many as a table; or as JSON, the schema `ipfix-inspect/elements/1` of the [module](super).

use serde::Serialize;

use crate::element::{Element, Elements, Status};

use super::escape::escape;
use super::grid::{Grid, numbers, words};
use super::json::pretty;
use super::style::{Paint, Style};
use super::width::wrap;

/// Up to so many are shown in full.
const IN_FULL: usize = 3;

/// Elements for people.
pub fn elements_text(list: &[&Element], elements: &Elements, style: &Style) -> String {
    if list.len() <= IN_FULL {
        return list.iter().map(|e| in_full(e, elements, style)).collect::<Vec<_>>().join("\n");
    }
    let mut grid = Grid::new(vec![
        numbers("number", 0),
        words("column", 0),
        words("v9 name", 2),
        words("type", 1),
        words("units", 4),
        words("semantics", 5),
        words("status", 3),
        words("vendor", 6),
        words("description", 7),
    ]);
    for e in list {
        let plain = |text: &str| (escape(text).into_owned(), Paint::Plain);
        let status = if e.status == Status::Current { "" } else { status(e.status) };
        grid.row(vec![
            plain(&e.id.to_string()),
            plain(&e.column),
            plain(e.v9_name.unwrap_or_default()),
            plain(type_name(e).unwrap_or_default()),
            plain(e.units),
            plain(e.semantics),
            plain(status),
            plain(e.vendor.unwrap_or_default()),
            plain(e.description),
        ]);
    }
    let mut grid = grid.without_empty();
    grid.fit(style.width);
    grid.render(style)
}

fn in_full(e: &Element, elements: &Elements, style: &Style) -> String {
    let heading = style.paint(Paint::Heading, &format!("{} {}", e.id, escape(&e.column)));
    let lines = [
        ("name", if e.name == e.column { "" } else { e.name }),
        ("v9 name", e.v9_name.unwrap_or_default()),
        ("type", type_name(e).unwrap_or("not known")),
        ("units", e.units),
        ("semantics", e.semantics),
        ("status", status(e.status)),
        ("vendor", e.vendor.unwrap_or(if e.id.pen == 0 { "IANA" } else { "" })),
        ("says", e.description),
        ("source", elements.source(e)),
    ];
    let mut out = format!("{heading}\n");
    for (title, text) in lines.iter().filter(|(_, text)| !text.is_empty()) {
        out.push_str(&wrap(&format!("{}{}", format!("{title:<10}").replace(' ', "\u{a0}"), escape(text)), style.width, 2, 12));
    }
    out
}

#[derive(Serialize)]
struct Report<'a> {
    schema: &'static str,
    elements: Vec<Line<'a>>,
}

#[derive(Serialize)]
struct Line<'a> {
    number: String,
    pen: u32,
    id: u16,
    name: &'a str,
    column: &'a str,
    v9_name: Option<&'a str>,
    r#type: Option<&'a str>,
    units: Option<&'a str>,
    semantics: Option<&'a str>,
    status: &'static str,
    vendor: Option<&'a str>,
    description: Option<&'a str>,
    source: &'static str,
}

/// Elements for programs.
pub fn elements_json(list: &[&Element], elements: &Elements) -> String {
    fn stated(text: &str) -> Option<&str> {
        (!text.is_empty()).then_some(text)
    }
    let lines = list
        .iter()
        .map(|e| Line {
            number: e.id.to_string(),
            pen: e.id.pen,
            id: e.id.id,
            name: e.name,
            column: &e.column,
            v9_name: e.v9_name,
            r#type: type_name(e),
            units: stated(e.units),
            semantics: stated(e.semantics),
            status: status(e.status),
            vendor: e.vendor,
            description: stated(e.description),
            source: elements.source(e),
        })
        .collect();
    pretty(&Report { schema: "ipfix-inspect/elements/1", elements: lines })
}

fn type_name(e: &Element) -> Option<&'static str> {
    e.data_type.map(|t| t.name())
}

fn status(status: Status) -> &'static str {
    match status {
        Status::Current => "current",
        Status::Deprecated => "deprecated",
        Status::Obsolete => "obsolete",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::element::search;

    #[test]
    fn a_few_in_full_and_many_as_a_table() {
        let elements = Elements::default();
        let one = elements_text(&search(&elements, Some("9/12235")), &elements, &Style::default());
        assert!(one.starts_with("9/12235 cisco_applicationHttpHost\n  name      applicationHttpHost\n"), "{one}");
        let many = elements_text(&search(&elements, Some("deltaCount")), &elements, &Style { width: 250, color: false });
        assert!(many.trim_start().starts_with("number") && many.contains("  IN_BYTES  "), "{many}");
    }

    #[test]
    fn as_json() {
        let elements = Elements::default();
        let json: serde_json::Value = serde_json::from_str(&elements_json(&search(&elements, Some("1")), &elements)).unwrap();
        assert_eq!(json["schema"], "ipfix-inspect/elements/1");
        let first = &json["elements"][0];
        assert_eq!((&first["number"], &first["v9_name"], &first["type"]), (&"1".into(), &"IN_BYTES".into(), &"unsigned64".into()));
        assert_eq!(first["source"], "built-in");
    }
}
