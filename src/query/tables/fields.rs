//! `fields`: one row a field of a template, in wire order.

use polars::prelude::{DataFrame, PolarsResult};

use super::build::Build;
use super::templates::{sent, whose};
use crate::collector::Collector;
use crate::element::Elements;
use crate::plan::{self, Canonical};
use crate::summary::{FieldLine, template_lines};
use crate::template::Definition;

struct Row<'a> {
    definition: &'a Definition,
    position: u32,
    field: FieldLine,
    /// The canonical column that it feeds, else its own.
    feeds: Option<String>,
}

pub(super) fn frame(collector: &Collector) -> PolarsResult<DataFrame> {
    let elements = collector.elements();
    let mut rows = Vec::new();
    for (_, definition) in sent(collector) {
        let feeds = feeds(definition, elements);
        let lines = template_lines(std::slice::from_ref(definition), elements);
        let fields = lines.into_iter().flat_map(|line| line.fields).zip(feeds);
        rows.extend((1..).zip(fields).map(|(position, (field, fed))| {
            let feeds = fed.map(|c| c.name().to_owned()).or_else(|| field.column.clone());
            Row { definition, position, field, feeds }
        }));
    }
    whose(Build::new(&rows), |row| row.definition)
        .u32("position", |r| Some(r.position))
        .u16("id", |r| Some(r.field.id))
        .u32("pen", |r| Some(r.field.pen))
        .text("name", |r| r.field.name.as_deref())
        .text("v9_name", |r| r.field.v9_name)
        .text("vendor", |r| r.field.vendor)
        .u16("length", |r| r.field.length)
        .bool("scope", |r| r.field.scope)
        .text("column", |r| r.field.column.as_deref())
        .text("feeds", |r| r.feeds.as_deref())
        .frame()
}

/// The canonical column that each field feeds: of those that it could, one that no other field of the template feeds comes first.
fn feeds(definition: &Definition, elements: &Elements) -> Vec<Option<Canonical>> {
    let fields = &definition.template.fields;
    let alone = |field| {
        let mut columns = plan::fed_columns(definition.key.version, std::slice::from_ref(field), elements);
        columns.retain(|c| *c != Canonical::DurationMs);
        columns
    };
    let could: Vec<Vec<Canonical>> = fields.iter().map(alone).collect();
    let once = |column: &Canonical| could.iter().filter(|columns| columns.contains(column)).count() == 1;
    could.iter().map(|columns| columns.iter().find(|c| once(c)).or(columns.first()).copied()).collect()
}
