//! Options data as tables, one for each options template of an exporter's domain: text, JSON, CSV.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};

use serde::Serialize;

use crate::collector::{Digest, Flow, Sink};
use crate::column::FlowBatch;
use crate::element::Elements;
use crate::message::Role;
use crate::plan::{self, Schema};
use crate::template::Definition;
use crate::write::{Format, RowWriter, TextPart};

use super::flow_table::{FlowTable, FlowTableSink, TablePart};
use super::style::{Paint, Style};
use super::width::wrap;

/// The rows of a batch, which holds one options Set.
#[derive(Debug)]
pub enum TableRows {
    /// Cells of a table for people.
    Cells(TablePart),
    /// Lines of CSV or JSON.
    Lines(TextPart),
}

/// What becomes of a batch.
#[derive(Debug)]
pub struct TableDigest {
    form: Form,
    /// The last schema with its writer: sets of one template often follow each other.
    last: Mutex<Option<(Arc<Schema>, RowWriter)>>,
}

#[derive(Debug)]
enum Form {
    Table(Style),
    Text(Format),
}

impl TableDigest {
    /// Into cells for people.
    pub fn table(style: Style) -> Self {
        Self { form: Form::Table(style), last: Mutex::new(None) }
    }

    /// Into lines.
    pub fn text(format: Format) -> Self {
        Self { form: Form::Text(format), last: Mutex::new(None) }
    }

    fn writer(&self, schema: &Arc<Schema>, format: Format) -> RowWriter {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        match &*last {
            Some((known, writer)) if Arc::ptr_eq(known, schema) => writer.clone(),
            _ => last.insert((Arc::clone(schema), RowWriter::new(Arc::clone(schema), format))).1.clone(),
        }
    }
}

/// The rows of one Set, and the collector's number of their layout.
#[derive(Debug)]
pub struct SetPart {
    layout: Option<u32>,
    records: usize,
    rows: TableRows,
}

impl Digest for TableDigest {
    type Part = SetPart;

    fn digest(&self, batch: &FlowBatch) -> SetPart {
        let schema = batch.schema();
        let rows = match &self.form {
            Form::Table(style) => TableRows::Cells(FlowTable::new(Arc::clone(schema), style.clone()).digest(batch)),
            Form::Text(format) => TableRows::Lines(self.writer(schema, *format).digest(batch)),
        };
        SetPart { layout: batch.runs().first().map(|run| run.context.layout), records: batch.rows(), rows }
    }
}

/// Gathers the Sets of each layout.
#[derive(Debug)]
pub struct OptionsTables {
    limit: u64,
    by_layout: BTreeMap<u32, Gathered>,
}

#[derive(Debug, Default)]
struct Gathered {
    records: u64,
    kept: u64,
    parts: Vec<TableRows>,
}

impl OptionsTables {
    /// At most so many records of each table are kept, a Set more or less.
    pub fn new(limit: u64) -> Self {
        Self { limit, by_layout: BTreeMap::new() }
    }

    /// The tables by exporter, domain, version and id. `definition` finds the template of a layout.
    pub fn into_tables(self, elements: &Arc<Elements>, definition: impl Fn(u32) -> Option<Definition>) -> Vec<OptionsTable> {
        let mut tables: Vec<OptionsTable> = Vec::new();
        for (layout, gathered) in self.by_layout {
            let Some(definition) = definition(layout) else { continue };
            let same = |t: &&mut OptionsTable| {
                let (a, b) = (&t.definition.key, &definition.key);
                (a.exporter.addr, a.domain, a.version) == (b.exporter.addr, b.domain, b.version)
                    && t.definition.template == definition.template
            };
            match tables.iter_mut().find(same) {
                Some(table) => {
                    table.records += gathered.records;
                    table.kept += gathered.kept;
                    table.parts.extend(gathered.parts);
                }
                None => tables.push(OptionsTable {
                    definition,
                    elements: Arc::clone(elements),
                    records: gathered.records,
                    kept: gathered.kept,
                    parts: gathered.parts,
                }),
            }
        }
        tables.sort_by_key(|t| (t.definition.key, t.definition.template.id, t.definition.version));
        tables
    }
}

impl Sink<SetPart> for OptionsTables {
    type Error = Infallible;

    fn absorb(&mut self, part: SetPart) -> Result<Flow, Infallible> {
        if let Some(layout) = part.layout {
            let table = self.by_layout.entry(layout).or_default();
            table.records += part.records as u64;
            if table.kept < self.limit {
                table.kept += part.records as u64;
                table.parts.push(part.rows);
            }
        }
        Ok(Flow::Continue)
    }
}

/// The records of one options template.
#[derive(Debug)]
pub struct OptionsTable {
    /// The options template, and whose it is.
    pub definition: Definition,
    elements: Arc<Elements>,
    /// Records.
    pub records: u64,
    /// Those that are here.
    pub kept: u64,
    parts: Vec<TableRows>,
}

impl OptionsTable {
    fn schema(&self) -> Schema {
        plan::record_schema(self.definition.key.version, &self.definition.template.fields, &self.elements)
    }

    /// The columns of its scope fields.
    fn scopes(&self) -> Vec<String> {
        let fields = &self.definition.template.fields;
        let columns = plan::field_columns(self.definition.key.version, fields, &self.elements);
        fields.iter().zip(columns).filter(|(f, _)| f.role != Role::Field).filter_map(|(_, column)| column).collect()
    }

    fn lines(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().filter_map(|part| match part {
            TableRows::Lines(lines) => std::str::from_utf8(lines.text()).ok(),
            TableRows::Cells(_) => None,
        })
    }
}

/// The tables for people, each under a line that says whose it is.
pub fn options_text(tables: &[OptionsTable], style: &Style) -> String {
    let mut sections = Vec::new();
    for table in tables {
        let (key, template) = (&table.definition.key, &table.definition.template);
        let s = if table.records == 1 { "" } else { "s" };
        let head = format!(
            "{}, {} {} domain {}: {} record{s}",
            style.paint(Paint::Heading, &format!("options template {}", template.id)),
            key.exporter.addr,
            key.version,
            key.domain,
            table.records
        );
        let mut out = wrap(&head, style.width, 0, 2).into_bytes();
        let scopes = table.scopes();
        if !scopes.is_empty() {
            out.extend_from_slice(wrap(&style.paint(Paint::Aside, &format!("scope: {}", scopes.join(", "))), style.width, 2, 4).as_bytes());
        }
        let shape = FlowTable::new(Arc::new(table.schema()), style.clone());
        let mut sink = FlowTableSink::new(&shape, &mut out, None);
        let parts = table.parts.iter().filter_map(|part| match part {
            TableRows::Cells(cells) => Some(cells.clone()),
            TableRows::Lines(_) => None,
        });
        // Writing to memory does not fail.
        let all = TablePart::joined(parts);
        let _ = sink.absorb(all);
        let _ = sink.finish();
        sections.push(String::from_utf8_lossy(&out).into_owned());
    }
    sections.join("\n")
}

#[derive(Serialize)]
struct Head<'a> {
    exporter: String,
    version: String,
    domain: u32,
    template_id: u16,
    definition: u32,
    scopes: &'a [String],
    columns: Vec<&'a str>,
    count: u64,
}

/// The tables for programs: the schema `ipfix-inspect/options/1`, described in the [module](super).
pub fn options_json(tables: &[OptionsTable]) -> String {
    let mut out = String::from("{\n  \"schema\": \"ipfix-inspect/options/1\",\n  \"tables\": [");
    for (number, table) in tables.iter().enumerate() {
        let (definition, schema, scopes) = (&table.definition, table.schema(), table.scopes());
        let head = Head {
            exporter: definition.key.exporter.addr.to_string(),
            version: definition.key.version.to_string(),
            domain: definition.key.domain,
            template_id: definition.template.id,
            definition: definition.version,
            scopes: &scopes,
            columns: schema.columns().iter().map(|c| c.name.as_str()).collect(),
            count: table.records,
        };
        let head = serde_json::to_string(&head).unwrap_or_default();
        out.push_str(if number == 0 { "\n    " } else { ",\n    " });
        out.push_str(head.strip_suffix('}').unwrap_or(&head));
        out.push_str(",\"records\":[");
        for (row, line) in table.lines().flat_map(str::lines).enumerate() {
            out.push_str(if row == 0 { "\n      " } else { ",\n      " });
            out.push_str(line);
        }
        out.push_str("\n    ]}");
    }
    out.push_str("\n  ]\n}\n");
    out
}

/// The tables as CSV, each with its header row, an empty line between them.
pub fn options_csv(tables: &[OptionsTable]) -> String {
    let mut out = String::new();
    for (number, table) in tables.iter().enumerate() {
        if number > 0 {
            out.push('\n');
        }
        out.push_str(&String::from_utf8_lossy(&RowWriter::new(Arc::new(table.schema()), Format::Csv).header()));
        table.lines().for_each(|lines| out.push_str(lines));
    }
    out
}
