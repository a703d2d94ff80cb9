//! What concerns the input as a whole, and the problems of decoding.

use crate::collector::{Place, Severity};
use crate::input::FaultCause;

use super::super::catalogue::{DATAGRAM_FRAGMENTED, KINDS, NO_FLOWS, NO_NDE, NO_TEMPLATES, problem};
use super::super::finding::{Evidence, Finding, Subject};
use super::super::outcome::ExporterAudit;
use super::{Material, count, place, plural};

/// Problems that other rules tell better.
const TOLD_ELSEWHERE: [&str; 8] = [
    "no-template",
    "held-too-long",
    "before-template",
    "template-redefined",
    "withdrawal-over-udp",
    "sequence-lost",
    "reassembled",
    "other-udp",
];

pub(super) fn look(material: &Material<'_>, exporters: &[ExporterAudit], out: &mut Vec<Finding>) {
    emptiness(material, exporters, out);
    fragments(material, out);
    problems(material, out);
}

fn emptiness(material: &Material<'_>, exporters: &[ExporterAudit], out: &mut Vec<Finding>) {
    let census = material.collector.census();
    let of = || vec![count(plural(census.datagrams, "UDP datagram"))];
    if census.nde_datagrams == 0 && census.flows() == 0 {
        let others = census.datagrams;
        let statement = if others == 0 {
            "The input has no UDP datagram at all.".to_owned()
        } else {
            format!("None of {} is NDE.", plural(others, "datagram"))
        };
        out.push(material.finding(NO_NDE, Subject::default(), statement, of()));
        return;
    }
    let templates = exporters.iter().any(|e| !e.layouts.is_empty());
    let without: u64 = census.sources.iter().map(|s| s.sets_without_template).sum();
    if !templates && without > 0 {
        let statement = format!("{} came, and not one template.", plural(without, "Data Set"));
        out.push(material.finding(NO_TEMPLATES, Subject::default(), statement, of()));
    } else if census.flows() == 0 {
        let statement = format!(
            "{} came, and no flow in {}.",
            plural(census.messages.values().sum(), "message"),
            if census.messages.len() == 1 { "it" } else { "them" }
        );
        out.push(material.finding(NO_FLOWS, Subject::default(), statement, of()));
    }
}

fn fragments(material: &Material<'_>, out: &mut Vec<Finding>) {
    let faults = material.reports.iter().flat_map(|r| &r.faults);
    let (mut whole, mut first) = (0, None);
    for fault in faults.filter(|f| f.cause == FaultCause::Reassembled) {
        whole += fault.count;
        first.get_or_insert(place(fault.first, fault.detail.clone()));
    }
    if let Some(first) = first {
        let statement =
            format!("{} came in fragments and {} put together.", plural(whole, "datagram"), if whole == 1 { "was" } else { "were" });
        out.push(material.finding(DATAGRAM_FRAGMENTED, Subject::default(), statement, vec![first]));
    }
}

/// The ledgers' problems, each cause once. What frames hold beside NDE concerns no exporter, so the inputs' notes stay out.
fn problems(material: &Material<'_>, out: &mut Vec<Finding>) {
    for p in material.collector.ledger().sorted() {
        let code = p.cause.code;
        if TOLD_ELSEWHERE.contains(&code) || KINDS.iter().any(|k| k.code == code) {
            continue;
        }
        let Place { origin, exporter, domain, offset } = p.first;
        let who = exporter.map(|e| format!("{e}{}: ", domain.map(|d| format!(" domain {d}")).unwrap_or_default())).unwrap_or_default();
        let evidence = Evidence { origin: (origin.frame > 0).then_some(origin), offset, what: format!("{who}{}", p.detail) };
        let statement = format!("{} ({}).", super::capitalised(p.cause.title), plural(p.count, "time"));
        out.push(material.finding(problem(code, p.cause.severity, p.cause.title), Subject::default(), statement, vec![evidence]));
    }
    for report in material.reports {
        for fault in report.faults.iter().filter(|f| f.cause.severity() > Severity::Note && !TOLD_ELSEWHERE.contains(&f.cause.code())) {
            let cause = fault.cause;
            let title = cause.description();
            let statement = format!("{} ({} in {}).", title.trim_end_matches('.'), plural(fault.count, "time"), report.name);
            let evidence = vec![place(fault.first, fault.detail.clone())];
            out.push(material.finding(problem(cause.code(), cause.severity(), title), Subject::default(), statement, evidence));
        }
    }
}
