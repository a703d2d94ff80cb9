//! Elements from a user's file: IANA's CSV form, IANA's XML form (CERT's too), or that of libfds.
//!
//! ```text
//! ElementID,Name,Abstract Data Type,Data Type Semantics,Status,Description,Units,…        and PEN, where they are a vendor's
//! <registry><record><name>…<dataType>…<elementId>…</record></registry>                   IANA; CERT adds <cert:enterpriseId>
//! <ipfix-elements><scope><pen>…</scope><element><id>…<name>…<dataType>…</element></ipfix-elements>                    libfds
//! ```
//! Rows that stand for no element (`105-127`, without name or number) are left out, as IANA's own file has such; a data type that no
//! RFC has is an error, since a user's word is meant to win.

use csv::ReaderBuilder;
use roxmltree::{Document, Node};
use thiserror::Error;

use super::{DataType, Description, ElementId, Status};

/// Why a file of elements can't be used.
#[derive(Debug, Error)]
pub enum UserFileError {
    /// Neither form.
    #[error("no list of elements: a CSV file needs the columns ElementID, Name and Abstract Data Type, and {0} is missing")]
    Column(&'static str),
    /// The CSV is damaged.
    #[error("{0}")]
    Csv(#[from] csv::Error),
    /// The XML is damaged.
    #[error("{0}")]
    Xml(#[from] roxmltree::Error),
    /// A number out of range.
    #[error("{place}: '{text}' is no {what}")]
    Number {
        /// The line.
        place: String,
        /// What stands there.
        text: String,
        /// What it should be.
        what: &'static str,
    },
    /// No such type.
    #[error("{place}: no data type is called '{text}'")]
    DataType {
        /// The line.
        place: String,
        /// What stands there.
        text: String,
    },
    /// Nothing in it.
    #[error("no element in it")]
    Empty,
}

/// The elements of a file; its form is recognised by its content.
///
/// # Errors
/// It has neither form, or says what can't be.
pub fn read_elements(text: &str) -> Result<Vec<Description>, UserFileError> {
    let text = text.trim_start_matches('\u{feff}');
    let found = if text.trim_start().starts_with('<') { from_xml(text) } else { from_csv(text) }?;
    if found.is_empty() { Err(UserFileError::Empty) } else { Ok(found) }
}

fn from_csv(text: &str) -> Result<Vec<Description>, UserFileError> {
    let mut reader = ReaderBuilder::new().flexible(true).from_reader(text.as_bytes());
    let headers = reader.headers()?.clone();
    let plain = |s: &str| s.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
    let column = |names: &[&str]| headers.iter().position(|h| names.contains(&plain(h).as_str()));
    let id = column(&["elementid", "id"]).ok_or(UserFileError::Column("ElementID"))?;
    let name = column(&["name"]).ok_or(UserFileError::Column("Name"))?;
    let data_type = column(&["abstractdatatype", "datatype", "type"]).ok_or(UserFileError::Column("Abstract Data Type"))?;
    let pen = column(&["pen", "enterprise", "enterpriseid", "enterprisenumber", "privateenterprisenumber"]);
    let semantics = column(&["datatypesemantics", "semantics"]);
    let (units, status, description) = (column(&["units", "unit"]), column(&["status"]), column(&["description"]));
    let mut found = Vec::new();
    for record in reader.records() {
        let record = record?;
        let place = format!("line {}", record.position().map_or(0, csv::Position::line));
        let cell = |index: Option<usize>| index.and_then(|i| record.get(i)).unwrap_or_default().trim();
        let parts = Parts {
            pen: cell(pen),
            id: cell(Some(id)),
            name: cell(Some(name)),
            data_type: cell(Some(data_type)),
            semantics: cell(semantics),
            units: cell(units),
            status: cell(status),
            description: cell(description).to_owned(),
        };
        found.extend(parts.description(&place)?);
    }
    Ok(found)
}

fn from_xml(text: &str) -> Result<Vec<Description>, UserFileError> {
    let document = Document::parse(text)?;
    // libfds has one enterprise number for the whole file.
    let scope = document.descendants().find(|n| n.tag_name().name() == "scope").and_then(|s| child(s, &["pen"])).unwrap_or_default();
    let mut found = Vec::new();
    for node in document.descendants().filter(|n| matches!(n.tag_name().name(), "record" | "element")) {
        let Some(id) = child(node, &["elementId", "id"]) else { continue };
        let text = |names: &[&str]| child(node, names).unwrap_or_default();
        let place = format!("line {}", document.text_pos_at(node.range().start).row);
        let described = node.children().find(|n| n.tag_name().name() == "description").map(all_text).unwrap_or_default();
        let parts = Parts {
            pen: child(node, &["enterpriseId", "pen"]).unwrap_or(scope),
            id,
            name: text(&["name"]),
            data_type: text(&["dataType"]),
            semantics: text(&["dataTypeSemantics", "dataSemantic"]),
            units: text(&["units", "dataUnit"]),
            status: text(&["status"]),
            description: described,
        };
        found.extend(parts.description(&place)?);
    }
    Ok(found)
}

fn child<'a>(node: Node<'a, '_>, names: &[&str]) -> Option<&'a str> {
    node.children().find(|n| names.contains(&n.tag_name().name())).and_then(|n| n.text()).map(str::trim)
}

/// The text below a node, one blank between words.
fn all_text(node: Node<'_, '_>) -> String {
    let text: String = node.descendants().filter(Node::is_text).filter_map(|n| n.text()).collect::<Vec<_>>().join(" ");
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What a row or a record says of an element, as text.
struct Parts<'a> {
    pen: &'a str,
    id: &'a str,
    name: &'a str,
    data_type: &'a str,
    semantics: &'a str,
    units: &'a str,
    status: &'a str,
    description: String,
}

impl Parts<'_> {
    fn description(self, place: &str) -> Result<Option<Description>, UserFileError> {
        // IANA lists numbers that nobody has, alone and in ranges.
        let nobodys = self.data_type.is_empty() && ["Reserved", "Unassigned", "Assigned for"].iter().any(|w| self.name.starts_with(w));
        if nobodys || self.name.is_empty() || self.id.is_empty() || self.id.contains('-') {
            return Ok(None);
        }
        let wrong = |text: &str, what| UserFileError::Number { place: place.to_owned(), text: text.to_owned(), what };
        let id = self.id.parse().map_err(|_| wrong(self.id, "element number (0 to 65535)"))?;
        let pen = match self.pen {
            "" => 0,
            text => text.parse().map_err(|_| wrong(text, "enterprise number"))?,
        };
        Ok(Some(Description {
            id: ElementId { pen, id },
            name: self.name.to_owned(),
            data_type: match self.data_type {
                "" => None,
                text => Some(data_type(text).ok_or_else(|| UserFileError::DataType { place: place.to_owned(), text: text.to_owned() })?),
            },
            semantics: self.semantics.to_owned(),
            units: if self.units == "none" { String::new() } else { self.units.to_owned() },
            status: match self.status {
                "deprecated" => Status::Deprecated,
                "obsolete" => Status::Obsolete,
                _ => Status::Current,
            },
            description: self.description.split_whitespace().collect::<Vec<_>>().join(" "),
        }))
    }
}

/// Case does not matter: lists in use write `ipv4address`.
fn data_type(name: &str) -> Option<DataType> {
    name.parse().ok().or_else(|| DataType::ALL.iter().copied().find(|t| t.name().eq_ignore_ascii_case(name)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn short(text: &str) -> Vec<(String, String, Option<DataType>)> {
        read_elements(text).unwrap().into_iter().map(|d| (d.id.to_string(), d.name, d.data_type)).collect()
    }

    #[test]
    fn ianas_csv() {
        // The head of https://www.iana.org/assignments/ipfix/ipfix-information-elements.csv, and its first rows and a range.
        let text = "ElementID,Name,Abstract Data Type,Data Type Semantics,Status,Description,Units,Range,Additional Information,Reference,Revision,Date\n\
            0,Reserved,,,,,,,,[RFC5102],,2013-02-18\n\
            1,octetDeltaCount,unsigned64,deltaCounter,current,\"The number of octets since the previous report\n(if any).\",octets,,,[RFC5102],1,2013-02-18\n\
            105-127,Assigned for NetFlow v9 compatibility,,,,,,,,[RFC3954],,\n";
        let found = read_elements(text).unwrap();
        assert_eq!(found.iter().map(|d| d.id.id).collect::<Vec<_>>(), [1]);
        assert_eq!(found[0].description, "The number of octets since the previous report (if any).");
        assert_eq!((found[0].semantics.as_str(), found[0].units.as_str()), ("deltaCounter", "octets"));
    }

    #[test]
    fn csv_with_enterprise_numbers() {
        let text = "PEN,ElementID,Name,Abstract Data Type\n32473,200,exampleText,string\n,1,mine,Unsigned64\n";
        assert_eq!(
            short(text),
            [
                ("32473/200".to_owned(), "exampleText".to_owned(), Some(DataType::String)),
                ("1".to_owned(), "mine".to_owned(), Some(DataType::Unsigned64))
            ]
        );
    }

    #[test]
    fn libfds_xml() {
        let text = r#"<?xml version="1.0" encoding="utf-8"?>
<ipfix-elements>
    <scope><pen>6876</pen><name>vmware</name><biflow mode="none"></biflow></scope>
    <element><id>880</id><name>tenantProtocol</name><dataType>unsigned8</dataType></element>
    <element><id>881</id><name>tenantSourceIPv4</name><dataType>ipv4Address</dataType></element>
</ipfix-elements>"#;
        assert_eq!(short(text)[1], ("6876/881".to_owned(), "tenantSourceIPv4".to_owned(), Some(DataType::Ipv4Address)));
    }

    #[test]
    fn iana_and_cert_xml() {
        let text = r#"<registry xmlns="http://www.iana.org/assignments" xmlns:cert="http://www.cert.org/ipfix" id="ipfix">
<registry id="ipfix-information-elements"><record><name>octetDeltaCount</name><dataType>unsigned64</dataType><group>flowCounter</group>
<dataTypeSemantics>deltaCounter</dataTypeSemantics><elementId>1</elementId><status>current</status>
<description><paragraph>The number of octets</paragraph></description><units>octets</units></record>
<record><name>initialTCPFlags</name><dataType>unsigned8</dataType><cert:enterpriseId>6871</cert:enterpriseId><elementId>14</elementId></record>
<record><name>Assigned for NetFlow v9 compatibility</name><elementId>105-127</elementId></record></registry></registry>"#;
        assert_eq!(short(text).iter().map(|d| d.0.as_str()).collect::<Vec<_>>(), ["1", "6871/14"]);
        assert_eq!(read_elements(text).unwrap()[0].description, "The number of octets");
    }

    #[test]
    fn what_is_wrong_is_said() {
        let error = |text: &str| read_elements(text).unwrap_err().to_string();
        assert_eq!(error("Name,ElementID,Abstract Data Type\nx,1,unsigned128\n"), "line 2: no data type is called 'unsigned128'");
        assert_eq!(error("Name,ElementID,Abstract Data Type\nx,70000,string\n"), "line 2: '70000' is no element number (0 to 65535)");
        assert!(error("a,b\n1,2\n").contains("ElementID is missing"));
        assert!(error("<a><b></a>").contains("expected"));
        assert_eq!(error("ElementID,Name,Abstract Data Type\n"), "no element in it");
    }
}
