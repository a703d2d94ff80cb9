//! Why a file of flows can't be read: one line that says what was found and what is needed.

use std::io;

use crate::input::{InputError, TableForm};

/// Names in a message.
const MOST_NAMED: usize = 12;

/// A file of flows that gives nothing.
#[derive(Debug, thiserror::Error)]
pub enum DatasetError {
    /// It can't be opened or read.
    #[error("{0}")]
    Input(#[from] InputError),
    /// The system refuses to read on.
    #[error("{name}: can't be read: {source}")]
    Read {
        /// The file as it was named.
        name: String,
        /// The system's words.
        source: io::Error,
    },
    /// It begins as that form, and the rest contradicts it.
    #[error("{name}: is a damaged or cut {form} file: {what}; copy or export it again")]
    Damaged {
        /// The file as it was named.
        name: String,
        /// What it is.
        form: TableForm,
        /// What is wrong.
        what: String,
    },
    /// It holds something else than flows.
    #[error(
        "{name}: is {form}, but holds no flows: none of its columns is a column of flows (found: {found}); needed are columns such as \
         flow_start, src_addr, dst_addr, src_port, dst_port, protocol, bytes, packets, or elements by their names: rename them"
    )]
    NoFlows {
        /// The file as it was named.
        name: String,
        /// What it is.
        form: TableForm,
        /// Its columns.
        found: String,
    },
    /// Its columns are described in a way that another version of this program has.
    #[error(
        "{name}: its columns are described as {found}, and this version of ipfix-inspect knows {known}; read it with the version that wrote it",
        known = crate::write::FLOWS_SCHEMA
    )]
    Version {
        /// The file as it was named.
        name: String,
        /// How they are described.
        found: String,
    },
    /// It has a column twice.
    #[error("{name}: has the column '{column}' twice; rename one")]
    Twice {
        /// The file as it was named.
        name: String,
        /// The column.
        column: String,
    },
    /// A form whose beginning is known only at its end.
    #[error("{name}: is {form}, which can't be read from a pipe; write it to a file and name that, or pipe an Arrow stream, CSV or ndjson")]
    Pipe {
        /// The pipe.
        name: String,
        /// What it is.
        form: TableForm,
    },
}

/// Names as a message lists them.
pub(super) fn listed(names: &[&str]) -> String {
    let more = names.len().saturating_sub(MOST_NAMED);
    let first = names.iter().take(MOST_NAMED).copied().collect::<Vec<_>>().join(", ");
    match (names.is_empty(), more) {
        (true, _) => "none at all".to_owned(),
        (_, 0) => first,
        _ => format!("{first} and {more} more"),
    }
}
