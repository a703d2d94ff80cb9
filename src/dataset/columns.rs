//! The columns of a file of flows: their names, and what kind of values each has.
//!
//! The canonical columns have their kinds by name. What else a column is, its file's metadata says; where there is none, as in CSV,
//! the registry of elements; and where that does not know the name, the type in the file.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::Value;

use crate::element::Elements;
use crate::plan::{self, Canonical, Kind, SchemaBuilder};
use crate::write::FLOWS_SCHEMA;
pub(super) use crate::write::SCHEMA_KEY;

use super::file::StoredFile;

/// A column of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredColumn {
    /// Its name as a column of flows.
    pub name: String,
    /// Its values.
    pub kind: Kind,
    /// Where it is.
    pub(super) place: Place,
}

/// Where a column's values are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// The number of the column in the file.
    File(usize),
    /// The same value in all rows, from the file's path; null if `None`.
    Path(Option<String>),
}

/// What a file's metadata says.
#[derive(Clone, Debug, Default)]
pub(super) struct Told {
    kinds: Vec<(String, Kind)>,
    /// True if counters were multiplied by the sampling rate when the file was written.
    pub(super) scaled: bool,
    /// The name of the description where it is that of another version.
    pub(super) other: Option<String>,
}

impl Told {
    /// Reads the value of [`SCHEMA_KEY`]; one that is not understood says nothing.
    pub(super) fn read(text: &str) -> Self {
        let Ok(value) = serde_json::from_str::<Value>(text) else { return Self::default() };
        let schema = value["schema"].as_str().unwrap_or_default();
        if schema != FLOWS_SCHEMA {
            let of = |name: &str| name.rsplit_once('/').map(|(what, _)| what.to_owned());
            return Self { other: (of(schema) == of(FLOWS_SCHEMA)).then(|| schema.to_owned()), ..Self::default() };
        }
        let kind = |column: &Value| Some((column["name"].as_str()?.to_owned(), Kind::by_name(column["kind"].as_str()?)?));
        Self {
            kinds: value["columns"].as_array().into_iter().flatten().filter_map(kind).collect(),
            scaled: value["scaled"].as_bool().unwrap_or(false),
            other: None,
        }
    }

    fn kind(&self, name: &str) -> Option<Kind> {
        self.kinds.iter().find(|(n, _)| n == name).map(|(_, kind)| *kind)
    }
}

/// A name from a file as a column of flows.
pub(super) struct Named {
    pub(super) name: String,
    /// `None` if neither metadata nor registries know the name.
    pub(super) kind: Option<Kind>,
    /// True for a name that flows have.
    pub(super) known: bool,
}

/// What a column of that name is.
pub(super) fn named(name: &str, told: &Told, elements: &Arc<Elements>) -> Named {
    if let Some(canonical) = Canonical::by_name(name) {
        return Named { name: name.to_owned(), kind: Some(canonical.kind()), known: true };
    }
    if let Some(kind) = told.kind(name) {
        return Named { name: name.to_owned(), kind: Some(kind), known: true };
    }
    if plan::is_unlisted(name) {
        // Also where a registry knows the number: the exporter sent it in a width that its type does not have.
        return Named { name: name.to_owned(), kind: Some(Kind::Octets), known: true };
    }
    let mut builder = SchemaBuilder::with_elements(Arc::clone(elements));
    // A number alone names an element, but as a column's name it is chance.
    let registered = name.bytes().any(|b| b.is_ascii_alphabetic()) && builder.named(name).is_ok();
    match builder.build().columns() {
        [column] if registered => Named { name: column.name.clone(), kind: Some(column.kind), known: true },
        _ => Named { name: name.to_owned(), kind: None, known: false },
    }
}

/// The columns of some files, each once, in the order of the files. One that files have in different kinds gets a kind that holds both.
pub fn all_columns<'a>(files: impl IntoIterator<Item = &'a StoredFile>) -> Vec<StoredColumn> {
    let mut all: Vec<StoredColumn> = Vec::new();
    let mut places: HashMap<&str, usize> = HashMap::new();
    for column in files.into_iter().flat_map(StoredFile::columns) {
        match places.get(column.name.as_str()).and_then(|at| all.get_mut(*at)) {
            Some(known) => known.kind = wider(known.kind, column.kind),
            None => {
                places.insert(&column.name, all.len());
                all.push(column.clone());
            }
        }
    }
    all
}

/// A kind that holds the values of both.
fn wider(a: Kind, b: Kind) -> Kind {
    const UNSIGNED: [Kind; 4] = [Kind::U8, Kind::U16, Kind::U32, Kind::U64];
    match (a, b) {
        _ if a == b => a,
        _ if UNSIGNED.contains(&a) && UNSIGNED.contains(&b) => Kind::U64,
        (Kind::Address | Kind::Ipv4 | Kind::Ipv6, Kind::Address | Kind::Ipv4 | Kind::Ipv6) => Kind::Address,
        _ => Kind::Text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(name: &str, told: &Told) -> (String, Option<Kind>, bool) {
        let named = named(name, told, &Arc::default());
        (named.name, named.kind, named.known)
    }

    #[test]
    fn kinds_of_names() {
        let told = Told::read(
            r#"{"schema":"ipfix-inspect/flows/1","columns":[{"name":"acme_colour","kind":"text","unit":null,"elements":["4242/7"]},
                {"name":"bytes","kind":"text"},{"name":"natEvent","kind":"u64"},{"name":"x","kind":"quux"}]}"#,
        );
        assert_eq!(of("bytes", &told), ("bytes".into(), Some(Kind::U64), true));
        assert_eq!(of("acme_colour", &told), ("acme_colour".into(), Some(Kind::Text), true));
        assert_eq!(of("interfaceName_2", &told), ("interfaceName_2".into(), Some(Kind::Text), true));
        assert_eq!(of("pen_35632_57590", &told), ("pen_35632_57590".into(), Some(Kind::Octets), true));
        assert_eq!(of("ie_43", &told), ("ie_43".into(), Some(Kind::Octets), true));
        assert_eq!(of("IN_BYTES", &told), ("octetDeltaCount".into(), Some(Kind::U64), true));
        assert_eq!(of("x", &told), ("x".into(), None, false));
        assert_eq!(of("5", &told), ("5".into(), None, false));
        assert_eq!(of("acme_colour", &Told::default()), ("acme_colour".into(), None, false));
    }

    #[test]
    fn other_metadata_says_nothing() {
        for text in ["", "{", "[]", r#"{"schema":"other/1","columns":[{"name":"acme","kind":"text"}]}"#] {
            assert_eq!(Told::read(text).kind("acme"), None, "{text}");
        }
        let other = |text| Told::read(text).other;
        assert_eq!(other(r#"{"schema":"ipfix-inspect/flows/10","columns":[]}"#).as_deref(), Some("ipfix-inspect/flows/10"));
        assert_eq!((other(r#"{"schema":"ipfix-inspect/flows/1"}"#), other(r#"{"schema":"other/1"}"#), other("{}")), (None, None, None));
        let scaled = |text| Told::read(text).scaled;
        assert!(scaled(r#"{"schema":"ipfix-inspect/flows/1","scaled":true,"columns":[]}"#));
        assert!(!scaled(r#"{"schema":"ipfix-inspect/flows/1","columns":[]}"#));
    }
}
