//! The templates as JSON: the schema `ipfix-inspect/templates/1`, described in the [module](super).

use serde::{Serialize, Serializer};

use crate::summary::{FieldLine, TemplateLine};

use super::json::pretty;

#[derive(Serialize)]
struct Report<'a> {
    schema: &'static str,
    files: &'a [String],
    kept_from: Option<&'a str>,
    templates: Vec<Template<'a>>,
}

#[derive(Serialize)]
struct Template<'a> {
    exporter: Option<String>,
    port: Option<u16>,
    version: String,
    domain: u32,
    id: u16,
    kind: &'static str,
    definition: u32,
    first_seen: Option<String>,
    first_file: Option<&'a str>,
    first_frame: Option<u64>,
    last_seen: Option<String>,
    times_sent: u64,
    sets: u64,
    records: u64,
    list_uses: u64,
    kept: Option<Kept>,
    fields: Vec<Field<'a>>,
}

#[derive(Serialize)]
struct Kept {
    first_seen: String,
    last_seen: String,
    times_sent: u64,
}

#[derive(Serialize)]
struct Field<'a> {
    id: u16,
    pen: u32,
    name: Option<&'a str>,
    column: Option<&'a str>,
    v9_name: Option<&'a str>,
    vendor: Option<&'a str>,
    #[serde(serialize_with = "length")]
    length: Option<u16>,
    scope: bool,
}

fn length<S: Serializer>(length: &Option<u16>, serializer: S) -> Result<S::Ok, S::Error> {
    match length {
        Some(octets) => serializer.serialize_u16(*octets),
        None => serializer.serialize_str("variable"),
    }
}

/// The templates for programs; `files` are the inputs' names by number, `kept_from` is the file of templates that an earlier run kept.
pub fn templates_json(lines: &[TemplateLine], files: &[String], kept_from: Option<&str>) -> String {
    let templates = lines.iter().map(|line| template(line, files)).collect();
    pretty(&Report { schema: "ipfix-inspect/templates/1", files, kept_from, templates })
}

fn template<'a>(line: &'a TemplateLine, files: &'a [String]) -> Template<'a> {
    let d = &line.definition;
    let first = d.first_seen.map(|s| s.origin);
    Template {
        exporter: d.key.exporter.known_addr().map(|a| a.to_string()),
        port: d.key.exporter.known_addr().map(|_| d.key.exporter.port),
        version: d.key.version.to_string(),
        domain: d.key.domain,
        id: d.template.id,
        kind: if line.is_options() { "options" } else { "data" },
        definition: d.version,
        first_seen: d.first_seen.map(|s| s.time.to_string()),
        first_file: first.and_then(|o| files.get(o.file as usize)).map(String::as_str),
        first_frame: first.map(|o| o.frame).filter(|f| *f > 0),
        last_seen: d.last_seen.map(|s| s.time.to_string()),
        times_sent: d.times_sent,
        sets: d.sets,
        records: d.records,
        list_uses: d.list_uses,
        kept: d.kept.map(|k| Kept { first_seen: k.first_seen.to_string(), last_seen: k.last_seen.to_string(), times_sent: k.times_sent }),
        fields: line.fields.iter().map(field).collect(),
    }
}

fn field(f: &FieldLine) -> Field<'_> {
    Field {
        id: f.id,
        pen: f.pen,
        name: f.name.as_deref(),
        column: f.column.as_deref(),
        v9_name: f.v9_name,
        vendor: f.vendor,
        length: f.length,
        scope: f.scope,
    }
}
