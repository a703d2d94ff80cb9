//! The whole file: its schema, its parts, its errors.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use thiserror::Error;

use crate::collector::{Kept, KeptFacts};
use crate::element::{Description, Elements};
use crate::report::pretty;
use crate::template::KeptTemplate;

use super::element::ElementEntry;
use super::facts::FactsEntry;
use super::lists::once;
use super::template::TemplateEntry;

/// The schema that is read and written.
const SCHEMA: &str = "ipfix-inspect/template-store/1";

/// Why a file can't be used.
#[derive(Debug, Error)]
pub enum StoreError {
    /// It is no JSON, or no object.
    #[error("no template store as --save-templates writes it: {0}")]
    Json(serde_json::Error),
    /// It is of another kind.
    #[error("its schema is {found}; expected \"{SCHEMA}\", which --save-templates writes")]
    Schema {
        /// The schema that stands there, as JSON.
        found: String,
    },
    /// Something in it can't be: what, and where.
    #[error("{0}")]
    Content(serde_json::Error),
}

#[derive(Serialize)]
struct Written {
    schema: &'static str,
    templates: Vec<TemplateEntry>,
    exporters: Vec<FactsEntry>,
    elements: Vec<ElementEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
struct Read {
    #[serde(rename = "schema")]
    _schema: String,
    #[serde(deserialize_with = "once::<_, TemplateEntry>")]
    templates: Vec<KeptTemplate>,
    #[serde(deserialize_with = "once::<_, FactsEntry>")]
    exporters: Vec<KeptFacts>,
    #[serde(deserialize_with = "once::<_, ElementEntry>")]
    elements: Vec<Description>,
}

/// What tells one schema from another.
#[derive(Deserialize)]
#[serde(expecting = "an object")]
struct Head {
    schema: Option<Value>,
}

/// The text of a store, with the names of fields as these elements have them.
pub fn store_text(kept: &Kept, elements: &Elements) -> String {
    pretty(&Written {
        schema: SCHEMA,
        templates: kept.templates.iter().map(|t| TemplateEntry::of(t, elements)).collect(),
        exporters: kept.facts.iter().map(FactsEntry::of).collect(),
        elements: kept.elements.iter().map(ElementEntry::of).collect(),
    })
}

/// What a store says.
///
/// # Errors
/// It is no store of this schema, or something in it can't be.
pub fn read_store(octets: &[u8]) -> Result<Kept, StoreError> {
    schema(octets)?;
    let Read { templates, exporters, elements, .. } = serde_json::from_slice(octets).map_err(StoreError::Content)?;
    Ok(Kept { templates, facts: exporters, elements })
}

/// True for the octets of a file that a store may take the place of: a store of this schema, or nothing.
pub fn may_replace(octets: &[u8]) -> bool {
    octets.is_empty() || schema(octets).is_ok()
}

fn schema(octets: &[u8]) -> Result<(), StoreError> {
    let head: Head = serde_json::from_slice(octets).map_err(StoreError::Json)?;
    match head.schema {
        Some(schema) if schema == SCHEMA => Ok(()),
        found => Err(StoreError::Schema { found: found.map_or_else(|| "missing".to_owned(), |s| s.to_string()) }),
    }
}
