//! Every template with its history, named by the registries.

use crate::element::{self, ElementId, Elements};
use crate::message::{FieldSpecifier, Role, Version};
use crate::plan;
use crate::template::{Definition, Kind};

/// One field of a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldLine {
    /// Element id; v9 field type; v9 scope type.
    pub id: u16,
    /// Private enterprise number, 0 for IANA.
    pub pen: u32,
    /// The element's name, if a registry has it.
    pub name: Option<String>,
    /// The column that its values make, `None` for padding.
    pub column: Option<String>,
    /// Its name in v9 documents.
    pub v9_name: Option<&'static str>,
    /// The vendor of a private element.
    pub vendor: Option<&'static str>,
    /// Octets; `None` where each record says.
    pub length: Option<u16>,
    /// True for a scope field.
    pub scope: bool,
}

/// One definition of a template.
#[derive(Clone, Debug)]
pub struct TemplateLine {
    /// The definition as the store has it.
    pub definition: Definition,
    /// Its fields.
    pub fields: Vec<FieldLine>,
}

impl TemplateLine {
    /// True for an options template.
    pub fn is_options(&self) -> bool {
        self.definition.template.kind == Kind::Options
    }
}

/// All definitions, by exporter, domain, version and id.
pub fn template_lines(definitions: &[Definition], elements: &Elements) -> Vec<TemplateLine> {
    let mut lines: Vec<TemplateLine> = definitions
        .iter()
        .filter(|d| d.template.was_sent())
        .map(|d| {
            let fields = &d.template.fields;
            let columns = plan::field_columns(d.key.version, fields, elements);
            let lines = fields.iter().zip(columns).map(|(f, column)| FieldLine { column, ..field_line(d.key.version, f, elements) });
            TemplateLine { definition: d.clone(), fields: lines.collect() }
        })
        .collect();
    lines.sort_by_key(|l| (l.definition.key, l.definition.template.id, l.definition.version));
    lines
}

/// The name of a field: its element's, or the scope type's in v9; `None` if no registry has it.
pub fn field_name(version: Version, field: &FieldSpecifier, elements: &Elements) -> Option<String> {
    field_line(version, field, elements).name
}

fn field_line(version: Version, field: &FieldSpecifier, elements: &Elements) -> FieldLine {
    let length = (!field.is_variable()).then_some(field.length);
    let scope = field.role != Role::Field;
    if field.role == Role::V9Scope {
        let name = element::v9_scope_name(field.id).map(str::to_owned);
        return FieldLine { id: field.id, pen: 0, name, column: None, v9_name: None, vendor: None, length, scope };
    }
    let known = match version {
        Version::Ipfix => elements.element(ElementId { pen: field.pen, id: field.id }),
        _ => elements.v9_element(field.id, field.length),
    };
    FieldLine {
        id: field.id,
        pen: field.pen,
        name: known.map(|e| e.name.to_owned()),
        column: None,
        v9_name: known.and_then(|e| e.v9_name),
        vendor: known.and_then(|e| e.vendor).or_else(|| if field.pen == 0 { None } else { element::vendor(field.pen) }),
        length,
        scope,
    }
}
