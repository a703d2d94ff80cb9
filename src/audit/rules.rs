//! From what a run knows to findings: one file a group of rules.

mod capture;
mod content;
mod fields;
mod requirements;
mod stream;
mod templates;

use std::cmp::Reverse;
use std::sync::Arc;

use crate::collector::{Collector, SourceKey};
use crate::datagram::Origin;
use crate::element::{self, ElementId};
use crate::input::FileReport;
use crate::template::Seen;

use super::content::ContentSums;
use super::finding::{Evidence, Finding, FindingKind, Subject};
use super::outcome::{ExporterAudit, LayoutAudit, LayoutName};
use super::profile::Profile;
use super::run::AuditOptions;

/// What the rules look at.
pub(super) struct Material<'a> {
    pub(super) collector: &'a Collector,
    pub(super) reports: &'a [FileReport],
    pub(super) sums: &'a ContentSums,
    pub(super) profiles: &'a [Arc<Profile>],
    pub(super) options: &'a AuditOptions,
}

impl Material<'_> {
    /// The collector's name in consequences.
    fn collector_name(&self) -> String {
        match self.profiles {
            [one] => one.title.clone(),
            _ => "the collector".to_owned(),
        }
    }

    /// True if consequences can name the collector.
    fn names_one(&self, subject: &Subject) -> bool {
        self.profiles.len() == 1 || subject.profile.is_some()
    }

    fn finding(&self, kind: FindingKind, subject: Subject, statement: String, evidence: Vec<Evidence>) -> Finding {
        let name = match subject.profile.as_ref().and_then(|p| self.profiles.iter().find(|own| own.name == *p)) {
            Some(profile) => profile.title.clone(),
            None => self.collector_name(),
        };
        let consequence = kind.consequence.replace("{collector}", &name);
        // A name that begins a sentence keeps its form: goflow2, nfdump.
        let consequence =
            if kind.consequence.starts_with('{') && self.names_one(&subject) { consequence } else { capitalised(&consequence) };
        Finding { kind, subject, about: String::new(), statement, evidence, consequence, hint: None }
    }

    /// A finding about one layout of an exporter; the statement goes on after its name.
    fn of_layout(&self, kind: FindingKind, at: (&ExporterAudit, &LayoutAudit), statement: String, evidence: Vec<Evidence>) -> Finding {
        let (exporter, layout) = at;
        let about = capitalised(&format!("{} of {}", layout_name(layout.name), who(exporter.key)));
        Finding { about, ..self.finding(kind, about_layout(exporter, layout), statement, evidence) }
    }
}

/// All findings, worst first, then by exporter and template.
pub(super) fn findings(material: &Material<'_>, exporters: &[ExporterAudit]) -> Vec<Finding> {
    let mut out = Vec::new();
    capture::look(material, exporters, &mut out);
    for (number, exporter) in exporters.iter().enumerate() {
        let source = material.collector.census().sources.iter().position(|s| s.key == exporter.key).unwrap_or(number);
        requirements::look(material, exporter, &mut out);
        templates::look(material, exporter, source, &mut out);
        fields::look(material, exporter, &mut out);
        stream::look(material, exporter, source, &mut out);
        content::look(material, exporter, source, &mut out);
    }
    out.sort_by_key(|f| (Reverse(f.kind.severity), f.subject.exporter, f.subject.template_id, f.subject.definition));
    out
}

/// `192.0.2.1 v9 domain 7`.
fn who(key: SourceKey) -> String {
    let address = crate::datagram::known(key.exporter).map_or_else(|| "file".to_owned(), |a| a.to_string());
    match key.domain {
        Some(domain) => format!("{address} {} domain {domain}", key.version),
        None => format!("{address} {}", key.version),
    }
}

/// `template 256`, `template 256 (definition 2)`, `v5 records`.
fn layout_name(name: LayoutName) -> String {
    match name {
        LayoutName::Fixed(version) => format!("{version} records"),
        LayoutName::Template(id, 1) => format!("template {id}"),
        LayoutName::Template(id, content) => format!("template {id} (definition {content})"),
    }
}

fn about(exporter: &ExporterAudit) -> Subject {
    Subject { exporter: Some(exporter.key), ..Subject::default() }
}

fn about_layout(exporter: &ExporterAudit, layout: &LayoutAudit) -> Subject {
    let template = layout.template();
    Subject { template_id: template.map(|(id, _)| id), definition: template.map(|(_, content)| content), ..about(exporter) }
}

fn seen(at: Seen, what: impl Into<String>) -> Evidence {
    Evidence { origin: Some(at.origin), offset: None, what: format!("{}: {}", at.time, what.into()) }
}

fn place(origin: Origin, what: impl Into<String>) -> Evidence {
    Evidence { origin: Some(origin), offset: None, what: what.into() }
}

fn count(what: impl Into<String>) -> Evidence {
    Evidence { origin: None, offset: None, what: what.into() }
}

/// `6 tcpControlBits (TCP_FLAGS)`.
fn element_text(id: ElementId) -> String {
    match element::element(id) {
        Some(e) => match e.v9_name.filter(|v9| *v9 != e.name) {
            Some(v9) => format!("{id} {} ({v9})", e.name),
            None => format!("{id} {}", e.name),
        },
        None => id.to_string(),
    }
}

/// Nanoseconds in the unit that people would use.
fn span(nanos: i64) -> String {
    let seconds = nanos.unsigned_abs() as f64 / 1e9;
    match seconds {
        s if s < 0.001 => "under 1 ms".to_owned(),
        s if s < 1.0 => format!("{:.0} ms", s * 1e3),
        s if s < 120.0 => format!("{s:.1} s"),
        s if s < 7_200.0 => format!("{:.1} min", s / 60.0),
        s if s < 172_800.0 => format!("{:.1} h", s / 3_600.0),
        s => format!("{:.1} days", s / 86_400.0),
    }
}

fn percent(part: u128, whole: u128) -> String {
    if whole == 0 {
        return "0 %".to_owned();
    }
    let tenths = part.saturating_mul(1_000) / whole;
    match tenths {
        0 if part > 0 => "under 0.1 %".to_owned(),
        t if t % 10 == 0 || t > 100 => format!("{} %", t / 10),
        t => format!("{}.{} %", t / 10, t % 10),
    }
}

fn plural(count: u64, one: &str) -> String {
    if count == 1 { format!("1 {one}") } else { format!("{count} {one}s") }
}

fn capitalised(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|c| c.to_uppercase().chain(chars).collect()).unwrap_or_default()
}
