//! An element that an exporter described (RFC 5610), in the file.

use serde::{Deserialize, Serialize};

use crate::element::{DataType, Description, ElementId, Status};

use super::lists::Entry;

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields, expecting = "an element")]
pub(super) struct ElementEntry {
    pen: u32,
    id: u16,
    name: String,
    #[serde(rename = "type", deserialize_with = "Option::deserialize")]
    data_type: Option<String>,
    semantics: String,
    units: String,
    description: String,
}

impl ElementEntry {
    pub(super) fn of(described: &Description) -> Self {
        let d = described.clone();
        Self {
            pen: d.id.pen,
            id: d.id.id,
            name: d.name,
            data_type: d.data_type.map(|t| t.name().to_owned()),
            semantics: d.semantics,
            units: d.units,
            description: d.description,
        }
    }
}

impl Entry for ElementEntry {
    type Meaning = Description;
    type Key = ElementId;

    fn key(&self) -> ElementId {
        ElementId { pen: self.pen, id: self.id }
    }

    fn name(&self) -> String {
        format!("element {}/{}", self.pen, self.id)
    }

    fn meaning(self) -> Result<Description, String> {
        let id = self.key();
        let data_type = self.data_type.map(|t| t.parse::<DataType>().map_err(|_| format!("no data type is called '{t}'"))).transpose()?;
        let Self { name, semantics, units, description, .. } = self;
        Ok(Description { id, name, data_type, semantics, units, status: Status::Current, description })
    }
}
