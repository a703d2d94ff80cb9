//! What a column-wise file says of itself: who wrote it, from what, and which element and unit each column has.
//!
//! | key | value |
//! |---|---|
//! | `ipfix-inspect.version` | the program's version |
//! | `ipfix-inspect.sources` | a JSON array of the names of the files that were read |
//! | `ipfix-inspect.schema` | `{"schema":"ipfix-inspect/flows/1","columns":[{"name":"bytes","kind":"u64","unit":"octets","elements":[1,231,85,23]}, …]}` |
//!
//! `"scaled":true` stands beside the columns where the counters were multiplied by the sampling rate. `kind` is [`Kind::name`](crate::plan::Kind::name); an element of a vendor is `"pen/number"`, a unit that a column does not have is null.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::element::{ElementId, Elements};
use crate::plan::{self, Schema};

/// The name of this description's own form; a file without it was written by another program.
pub const FLOWS_SCHEMA: &str = "ipfix-inspect/flows/1";
/// Key of the program's version.
pub const VERSION_KEY: &str = "ipfix-inspect.version";
/// Key of the files that were read.
pub const SOURCES_KEY: &str = "ipfix-inspect.sources";
/// Key of the columns.
pub const SCHEMA_KEY: &str = "ipfix-inspect.schema";

/// What flows that are written come from.
#[derive(Clone, Debug, Default)]
pub struct Provenance {
    /// Names of the inputs.
    pub sources: Vec<String>,
    /// The elements that columns are named by.
    pub elements: Arc<Elements>,
}

impl Provenance {
    /// The keys and values for a file with the visible columns of that schema.
    pub fn key_values(&self, schema: &Schema) -> [(&'static str, String); 3] {
        [
            (VERSION_KEY, env!("CARGO_PKG_VERSION").to_owned()),
            (SOURCES_KEY, json!(self.sources).to_string()),
            (SCHEMA_KEY, self.columns(schema).to_string()),
        ]
    }

    fn columns(&self, schema: &Schema) -> Value {
        let columns = schema.columns().iter().filter(|c| !c.hidden).map(|column| {
            let elements = plan::column_elements(column, &self.elements);
            let elements: Vec<Value> = elements.into_iter().map(element).collect();
            let unit = plan::column_unit(column, &self.elements);
            json!({ "name": column.name, "kind": column.kind.name(), "unit": unit, "elements": elements })
        });
        let mut told = json!({ "schema": FLOWS_SCHEMA, "columns": columns.collect::<Vec<_>>() });
        if schema.scaled() {
            told["scaled"] = true.into();
        }
        told
    }
}

fn element(id: ElementId) -> Value {
    match id.pen {
        0 => id.id.into(),
        _ => id.to_string().into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::SchemaBuilder;

    #[test]
    fn columns_with_their_elements() {
        let mut builder = SchemaBuilder::default();
        for name in ["bytes", "bytes_reverse", "exporter", "pen_9_12235"] {
            builder.named(name).unwrap();
        }
        let provenance = Provenance { sources: vec!["a \"b\".pcap".to_owned()], ..Provenance::default() };
        let [version, sources, columns] = provenance.key_values(&builder.build());
        assert_eq!(version, ("ipfix-inspect.version", env!("CARGO_PKG_VERSION").to_owned()));
        assert_eq!(sources, ("ipfix-inspect.sources", r#"["a \"b\".pcap"]"#.to_owned()));
        assert_eq!(columns.0, "ipfix-inspect.schema");
        let told: Value = serde_json::from_str(&columns.1).unwrap();
        let expected: Result<Value, _> = serde_json::from_str(
            r#"{"schema": "ipfix-inspect/flows/1", "columns": [
                {"name": "bytes", "kind": "u64", "unit": "octets", "elements": [1, 231, 85, 23]},
                {"name": "bytes_reverse", "kind": "u64", "unit": "octets", "elements": [232, "29305/1", "29305/85"]},
                {"name": "exporter", "kind": "address", "unit": null, "elements": []},
                {"name": "cisco_applicationHttpHost", "kind": "octets", "unit": null, "elements": ["9/12235"]}]}"#,
        );
        assert_eq!(told, expected.unwrap());
    }
}
