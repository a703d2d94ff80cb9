//! Why an input could not be opened or read on: one line that says what was found and what to try.

use std::io;

/// An input that gives nothing, or can give no more.
#[derive(Debug, thiserror::Error)]
pub enum InputError {
    /// The system refuses to open it.
    #[error("{name}: can't be opened: {source}")]
    Open {
        /// The file as it was named.
        name: String,
        /// The system's words.
        source: io::Error,
    },
    /// The system refuses to read on. Damage inside a file is no such error: it is a fault in the report.
    #[error("{name}: can't be read: {source}")]
    Read {
        /// The file as it was named.
        name: String,
        /// The system's words.
        source: io::Error,
    },
    /// It is a directory.
    #[error("{name}: is a directory; name the capture files in it, or read all of them with -r")]
    Directory {
        /// The file as it was named.
        name: String,
    },
    /// It holds no octets.
    #[error(
        "{name}: is empty (0 octets); a capture begins with a file header: was it written by a capture that saw no packet or had no room?"
    )]
    Empty {
        /// The file as it was named.
        name: String,
    },
    /// It begins like a capture but ends inside the file header.
    #[error("{name}: ends inside the {container} file header: {had} of {needed} octets; the file was cut off, copy it again")]
    HeaderCut {
        /// The file as it was named.
        name: String,
        /// pcap or pcapng.
        container: &'static str,
        /// Octets that a header needs.
        needed: usize,
        /// Octets that are there.
        had: usize,
    },
    /// Its file header contradicts itself.
    #[error("{name}: has a damaged {container} file header: {what}")]
    HeaderDamaged {
        /// The file as it was named.
        name: String,
        /// pcap or pcapng.
        container: &'static str,
        /// What is wrong.
        what: String,
    },
    /// Its compression is damaged so early that nothing comes out.
    #[error("{name}: is {compression} data from which nothing can be unpacked: {what}")]
    NothingUnpacked {
        /// The file as it was named.
        name: String,
        /// The compression by its magic number.
        compression: String,
        /// The unpacker's words.
        what: String,
    },
    /// It is something else.
    #[error("{name}: is no capture: {found}; {hint}")]
    NotACapture {
        /// The file as it was named.
        name: String,
        /// What it is, as far as its first octets tell.
        found: String,
        /// What to try.
        hint: String,
    },
}
