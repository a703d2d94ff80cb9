//! `--filter`: from its text to the flows that are wanted.

use std::fs;
use std::io::Read;
use std::sync::Arc;

use crate::element::{self, Elements};
use crate::plan::{Schema, SchemaBuilder};
use crate::table::{Filter, FilterError, Selection};

use super::Failure;

/// Octets of a filter or a list that are read: far more than anybody writes.
const MOST_OCTETS: u64 = 64 << 20;

/// The flows that are wanted.
#[derive(Clone, Debug)]
pub(super) enum Wanted {
    All,
    Some(Filter),
    /// The filter names an element that nobody knows before the input was looked through (RFC 5610); what is wrong if it stays so.
    Later(String, FilterError),
}

impl Wanted {
    /// Reads a filter, or the file that holds it.
    pub(super) fn new(text: Option<&str>, elements: &Arc<Elements>) -> Result<Self, Failure> {
        let Some(text) = text else { return Ok(Self::All) };
        let text = match text.strip_prefix('@') {
            Some(path) => read(path).map_err(|why| Failure(format!("--filter: {why}")))?,
            None => text.to_owned(),
        };
        match Filter::parse(&text, elements, &read) {
            Ok(filter) => Ok(Self::Some(filter)),
            Err(error) if error.unknown.as_deref().is_some_and(element::may_be_vendors) => Ok(Self::Later(text, error)),
            Err(error) => Err(Failure::of(error)),
        }
    }

    /// The same once the input has told its elements.
    pub(super) fn told(&self, elements: &Arc<Elements>) -> Result<Option<Filter>, Failure> {
        match self {
            Self::All => Ok(None),
            Self::Some(filter) => Ok(Some(filter.clone())),
            Self::Later(text, error) => Filter::parse(text, elements, &read).map(Some).map_err(|_| Failure::of(error)),
        }
    }
}

/// Adds the columns of a filter, after all others.
pub(super) fn add_columns(filter: Option<&Filter>, builder: &mut SchemaBuilder) {
    if let Some(filter) = filter {
        filter.add_columns(builder);
    }
}

/// A filter tied to its columns.
pub(super) fn bind(filter: Option<&Filter>, schema: &Schema) -> Option<Selection> {
    filter.map(|f| f.bind(schema))
}

fn read(path: &str) -> Result<String, String> {
    let mut text = String::new();
    match fs::File::open(path).and_then(|file| file.take(MOST_OCTETS).read_to_string(&mut text)) {
        Ok(_) => Ok(text),
        Err(error) => Err(format!("{path}: {error}")),
    }
}
