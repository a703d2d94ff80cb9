//! Something that an audit found: a stable code, what was seen, where, what follows from it, what to do.

use crate::collector::{Severity, SourceKey};
use crate::datagram::Origin;

/// A kind of finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FindingKind {
    /// A stable name in kebab case, for machines and for `explain`.
    pub code: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// One sentence without particulars.
    pub title: &'static str,
    /// How it is decided, and what it means.
    pub explanation: &'static str,
    /// What follows; `{collector}` stands for the collector's name.
    pub consequence: &'static str,
}

/// What a finding is about; as much of it as applies.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Subject {
    /// The exporter: address, version and domain.
    pub exporter: Option<SourceKey>,
    /// The template id.
    pub template_id: Option<u16>,
    /// Which content of that id, 1 for the first.
    pub definition: Option<u32>,
    /// The name of the profile by which it matters; `None` if it does by any.
    pub profile: Option<String>,
}

/// One finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The kind.
    pub kind: FindingKind,
    /// What it is about.
    pub subject: Subject,
    /// The layout that it is about, as words: `Template 256 of 192.0.2.1 v9 domain 0`; empty for what is about more, or about less.
    pub about: String,
    /// What is to be said of it, with the particulars: numbers, names, times. A whole sentence where `about` is empty.
    pub statement: String,
    /// What shows it, the first examples.
    pub evidence: Vec<Evidence>,
    /// What follows for the collector, one sentence.
    pub consequence: String,
    /// What to do, if something can be done: text, configuration lines apart by newlines.
    pub hint: Option<String>,
}

impl Finding {
    /// The whole sentence.
    pub fn sentence(&self) -> String {
        if self.about.is_empty() { self.statement.clone() } else { format!("{}: {}", self.about, self.statement) }
    }
}

/// One thing that shows a finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// File and frame, where it is one place.
    pub origin: Option<Origin>,
    /// Octets from the beginning of the UDP payload, where that means something.
    pub offset: Option<usize>,
    /// What is seen there.
    pub what: String,
}
