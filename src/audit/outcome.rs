//! Everything that an audit says, ready for any form of report.

use std::sync::Arc;

use crate::collector::{OctetLedger, Severity, SourceKey};
use crate::message::Version;
use crate::template::{DefinitionId, EventKind, Template};
use crate::time::Timestamp;

use super::finding::Finding;
use super::platform::Guess;
use super::profile::Profile;
use super::traffic::Traffic;
use super::verdict::Verdict;

/// The outcome of an audit.
#[derive(Clone, Debug)]
pub struct Audit {
    /// The profiles that were asked, in that order; a layout's verdicts have the same.
    pub profiles: Vec<Arc<Profile>>,
    /// The exporters, by address, version and domain.
    pub exporters: Vec<ExporterAudit>,
    /// The findings, worst first.
    pub findings: Vec<Finding>,
    /// The input files by number, as evidence names them.
    pub files: Vec<String>,
    /// The earliest and the latest message.
    pub span: Option<(Timestamp, Timestamp)>,
    /// Messages.
    pub messages: u64,
    /// All flows.
    pub traffic: Traffic,
    /// Flows whose values were looked at.
    pub looked_at: u64,
    /// What became of every octet.
    pub octets: OctetLedger,
    /// Templates and data over time, by exporter and layout.
    pub timeline: Vec<TimelineRow>,
}

impl Audit {
    /// The worst severity among the findings.
    pub fn worst(&self) -> Option<Severity> {
        self.findings.iter().map(|f| f.kind.severity).max()
    }
}

/// One layout over time.
#[derive(Clone, Debug)]
pub struct TimelineRow {
    /// The exporter.
    pub exporter: SourceKey,
    /// The layout.
    pub layout: LayoutName,
    /// What happened to the template, in order.
    pub marks: Vec<(Timestamp, EventKind)>,
    /// Stretches of time with their data: from, to, records.
    pub data: Vec<(Timestamp, Timestamp, u64)>,
}

/// What an audit says of one exporter.
#[derive(Clone, Debug)]
pub struct ExporterAudit {
    /// Who.
    pub key: SourceKey,
    /// Sending ports.
    pub ports: Vec<u16>,
    /// Messages.
    pub messages: u64,
    /// Earliest message.
    pub first_seen: Timestamp,
    /// Latest message.
    pub last_seen: Timestamp,
    /// All its flows.
    pub traffic: Traffic,
    /// The platform that it seems to be, and what shows it; or the one that the user named.
    pub platform: Option<Guess>,
    /// Its layouts: the fixed records of v1, v5 and v7, or its templates by id and definition, options among them.
    pub layouts: Vec<LayoutAudit>,
}

/// The name of a record layout.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LayoutName {
    /// The records of v1, v5 or v7.
    Fixed(Version),
    /// A template: its id, and which content of that id, 1 for the first.
    Template(u16, u32),
}

/// What an audit says of one layout of an exporter.
#[derive(Clone, Debug)]
pub struct LayoutAudit {
    /// Which.
    pub name: LayoutName,
    /// Its fields: a template's, or those that the fixed records amount to.
    pub content: Arc<Template>,
    /// The definitions with this content: several if the exporter sent it from several ports.
    pub definitions: Vec<DefinitionId>,
    /// False for a template that no message of this run sent: an earlier run kept it.
    pub sent: bool,
    /// The flows that came by it.
    pub traffic: Traffic,
    /// A verdict by each of [`Audit::profiles`].
    pub verdicts: Vec<Verdict>,
}

impl LayoutAudit {
    /// The template id, and which content of it; `None` for fixed records.
    pub fn template(&self) -> Option<(u16, u32)> {
        match self.name {
            LayoutName::Fixed(_) => None,
            LayoutName::Template(id, content) => Some((id, content)),
        }
    }

    /// True if flows came by it, and all of them are ICMP.
    pub fn is_icmp_only(&self) -> bool {
        self.traffic.flows > 0 && self.traffic.icmp == self.traffic.flows
    }
}
