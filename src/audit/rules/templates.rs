//! How templates come, change, and are used.

use std::collections::BTreeMap;

use crate::message::Version;
use crate::template::{Change, Definition, EventKind, Kind, Seen, diff};

use super::super::catalogue::{
    OPTIONS_MISSING, REFRESH_ABSENT, REFRESH_TOO_LONG, TEMPLATE_CONFLICT, TEMPLATE_LATE, TEMPLATE_NEVER_SEEN, TEMPLATE_REDEFINED,
    TEMPLATE_UNUSED, WITHDRAWAL_OVER_UDP,
};
use super::super::finding::{Evidence, Finding, Subject};
use super::super::outcome::{ExporterAudit, LayoutAudit};
use super::{Material, about, count, element_text, plural, seen, span, who};

/// Pieces of evidence of one finding.
const MOST_EVIDENCE: usize = 5;
/// Times that an id has to come back to an earlier content before two senders are suspected.
const RETURNS: u64 = 2;

pub(super) fn look(material: &Material<'_>, exporter: &ExporterAudit, source: usize, out: &mut Vec<Finding>) {
    never_seen(material, exporter, source, out);
    for layout in &exporter.layouts {
        let definitions: Vec<&Definition> =
            layout.definitions.iter().filter_map(|id| material.collector.templates().definition(*id)).collect();
        late(material, exporter, layout, &definitions, out);
        refresh(material, exporter, layout, &definitions, source, out);
        unused(material, exporter, layout, &definitions, out);
    }
    changes(material, exporter, out);
    options(material, exporter, source, out);
}

fn never_seen(material: &Material<'_>, exporter: &ExporterAudit, source: usize, out: &mut Vec<Finding>) {
    let Some(source) = material.collector.census().sources.get(source) else { return };
    for (id, uncovered) in &source.uncovered {
        let (first, last) = (uncovered.first, uncovered.last);
        let over = span(last.time.nanos().saturating_sub(first.time.nanos()));
        let statement = format!(
            "No template {id} came from {} for {} of {} octets, seen over {over}.",
            who(exporter.key),
            plural(uncovered.sets, "Data Set"),
            uncovered.octets,
        );
        let subject = Subject { template_id: Some(*id), ..about(exporter) };
        let evidence = vec![seen(first, "the first of them"), seen(last, "the last of them")];
        out.push(material.finding(TEMPLATE_NEVER_SEEN, subject, statement, evidence));
    }
}

fn late(material: &Material<'_>, exporter: &ExporterAudit, layout: &LayoutAudit, definitions: &[&Definition], out: &mut Vec<Finding>) {
    let early = definitions.iter().filter(|d| d.sets_before > 0);
    let (sets, records) = early.clone().fold((0, 0), |(s, r), d| (s + d.sets_before, r + d.records_before));
    let Some((before, came)) = early.filter_map(|d| Some((d.first_before?, d.first_seen?))).min_by_key(|(b, _)| b.time) else { return };
    let ahead = span(came.time.nanos().saturating_sub(before.time.nanos()));
    let statement =
        format!("came {ahead} after the first of its data; {} in {} came before.", plural(records, "record"), plural(sets, "Data Set"));
    let evidence = vec![seen(before, "data"), seen(came, "the template")];
    out.push(material.of_layout(TEMPLATE_LATE, (exporter, layout), statement, evidence));
}

fn refresh(
    material: &Material<'_>,
    exporter: &ExporterAudit,
    layout: &LayoutAudit,
    definitions: &[&Definition],
    source: usize,
    out: &mut Vec<Finding>,
) {
    let limit = material.options.refresh_limit;
    for d in definitions.iter().filter(|d| d.times_sent > 0) {
        let (Some(first), Some(last)) = (d.first_seen, d.last_seen) else { continue };
        if d.intervals.count > 0 && d.intervals.most > limit {
            let (least, most) = (span(d.intervals.least), span(d.intervals.most));
            let every = if least == most { most } else { format!("{least} to {most}") };
            let statement = format!("refreshed every {every}; the limit is {}.", span(limit));
            let evidence = vec![seen(first, "the first time"), seen(last, "the last time"), count(format!("sent {} times", d.times_sent))];
            out.push(material.of_layout(REFRESH_TOO_LONG, (exporter, layout), statement, evidence));
            return;
        }
        // Its own data goes on for longer than the limit after the last arrival.
        let census = material.collector.census();
        let own = census.layouts.iter().zip(&census.activity).filter(|(l, _)| l.source as usize == source);
        let last_data = own
            .filter(|(l, _)| matches!(l.kind, crate::collector::LayoutKind::Template(id) if layout.definitions.contains(&id)))
            .filter_map(|(_, activity)| activity.as_ref().map(|a| a.last))
            .max_by_key(|at| at.time);
        if let Some(data) = last_data
            && data.time.nanos().saturating_sub(last.time.nanos()) > limit
        {
            let before = span(data.time.nanos().saturating_sub(last.time.nanos()));
            let statement = format!("last sent {before} before the last of its data; the limit is {}.", span(limit));
            let evidence = vec![seen(last, "the last time it came"), seen(data, "the last data")];
            out.push(material.of_layout(REFRESH_ABSENT, (exporter, layout), statement, evidence));
            return;
        }
    }
}

fn unused(material: &Material<'_>, exporter: &ExporterAudit, layout: &LayoutAudit, definitions: &[&Definition], out: &mut Vec<Finding>) {
    let used = definitions.iter().any(|d| d.records > 0 || d.list_uses > 0);
    let Some(first) = definitions.iter().filter_map(|d| d.first_seen).min_by_key(|s| s.time).filter(|_| !used && layout.sent) else {
        return;
    };
    let statement = "no data came with it.".to_owned();
    let sent: u64 = definitions.iter().map(|d| d.times_sent).sum();
    let evidence = vec![seen(first, "the first time"), count(format!("sent {}", plural(sent, "time")))];
    out.push(material.of_layout(TEMPLATE_UNUSED, (exporter, layout), statement, evidence));
}

/// Redefinitions, conflicts and withdrawals over UDP, by template id.
fn changes(material: &Material<'_>, exporter: &ExporterAudit, out: &mut Vec<Finding>) {
    let store = material.collector.templates();
    let mut redefined: BTreeMap<u16, Vec<(Seen, String)>> = BTreeMap::new();
    let mut withdrawn: BTreeMap<u16, Vec<Seen>> = BTreeMap::new();
    for event in store.events().iter().filter(|e| of(e.key.exporter.addr, e.key.version, e.key.domain, exporter)) {
        let Some(new) = store.definition(event.definition) else { continue };
        match event.kind {
            EventKind::Redefined(old) => {
                let Some(old) = store.definition(old) else { continue };
                redefined.entry(new.template.id).or_default().push((event.seen, changed(&diff(&old.template, &new.template))));
            }
            EventKind::WithdrawalIgnored => withdrawn.entry(new.template.id).or_default().push(event.seen),
            EventKind::Learned | EventKind::Refreshed | EventKind::Withdrawn => {}
        }
    }
    for (id, times) in &redefined {
        let subject = Subject { template_id: Some(*id), ..about(exporter) };
        let evidence: Vec<Evidence> = times.iter().take(MOST_EVIDENCE).map(|(at, what)| seen(*at, what.clone())).collect();
        let returns: u64 = store
            .definitions()
            .iter()
            .filter(|d| d.template.id == *id && of(d.key.exporter.addr, d.key.version, d.key.domain, exporter))
            .map(|d| d.returns)
            .sum();
        let what = plural(times.len() as u64, "time");
        if returns >= RETURNS {
            let statement = format!(
                "Template {id} of {} changed its fields {what} and came back to an earlier content {returns} times: two senders seem to share address and domain.",
                who(exporter.key)
            );
            out.push(material.finding(TEMPLATE_CONFLICT, subject, statement, evidence));
        } else {
            let statement = format!("Template {id} of {} changed its fields {what}.", who(exporter.key));
            out.push(material.finding(TEMPLATE_REDEFINED, subject, statement, evidence));
        }
    }
    conflicts_between_ports(material, exporter, &redefined, out);
    for (id, times) in withdrawn {
        let subject = Subject { template_id: Some(id), ..about(exporter) };
        let statement = format!("Template {id} of {} was withdrawn over UDP {}.", who(exporter.key), plural(times.len() as u64, "time"));
        let evidence = times.into_iter().take(MOST_EVIDENCE).map(|at| seen(at, "withdrawal, ignored")).collect();
        out.push(material.finding(WITHDRAWAL_OVER_UDP, subject, statement, evidence));
    }
}

/// Sessions of one address and domain that use an id for different contents: at overlapping times two senders, one after the other
/// a redefinition, as for a collector that tells exporters apart by address.
fn conflicts_between_ports(
    material: &Material<'_>,
    exporter: &ExporterAudit,
    redefined: &BTreeMap<u16, Vec<(Seen, String)>>,
    out: &mut Vec<Finding>,
) {
    let mut by_id: BTreeMap<u16, Vec<(Seen, Seen, &Definition)>> = BTreeMap::new();
    for d in material.collector.templates().definitions().iter().filter(|d| d.template.was_sent()) {
        if of(d.key.exporter.addr, d.key.version, d.key.domain, exporter)
            && !redefined.contains_key(&d.template.id)
            && let (Some(first), Some(last)) = (d.first_seen, d.last_seen)
        {
            by_id.entry(d.template.id).or_default().push((first, last, d));
        }
    }
    for (id, mut sent) in by_id {
        sent.sort_by_key(|(first, ..)| first.time);
        let pairs = || sent.windows(2).filter_map(|pair| <&[_; 2]>::try_from(pair).ok()).filter(|[a, b]| a.2.template != b.2.template);
        let subject = Subject { template_id: Some(id), ..about(exporter) };
        let name = format!("Template {id} of {}", who(exporter.key));
        if let Some([(first, _, a), (second, _, b)]) = pairs().find(|[a, b]| b.0.time <= a.1.time) {
            let (port, other) = (a.key.exporter.port, b.key.exporter.port);
            let statement = format!(
                "{name} means one thing from port {port} and another from port {other} at the same time: two senders share the address."
            );
            let evidence = vec![seen(*first, format!("from port {port}")), seen(*second, format!("from port {other}"))];
            out.push(material.finding(TEMPLATE_CONFLICT, subject, statement, evidence));
        } else {
            let changes: Vec<Evidence> =
                pairs().map(|[a, b]| seen(b.0, format!("from another port: {}", changed(&diff(&a.2.template, &b.2.template))))).collect();
            if !changes.is_empty() {
                let statement = format!("{name} changed its fields {}.", plural(changes.len() as u64, "time"));
                out.push(material.finding(TEMPLATE_REDEFINED, subject, statement, changes.into_iter().take(MOST_EVIDENCE).collect()));
            }
        }
    }
}

/// `added 6 tcpControlBits (TCP_FLAGS) of 1 octet; removed 5 …`.
fn changed(changes: &[Change]) -> String {
    let name = |f: &crate::message::FieldSpecifier| element_text(crate::element::ElementId { pen: f.pen, id: f.id });
    let texts: Vec<String> = changes
        .iter()
        .map(|change| match change {
            Change::Added(_, f) => format!("added {}", name(f)),
            Change::Removed(_, f) => format!("removed {}", name(f)),
            Change::Resized(_, old, new) => format!("{} in {} octets instead of {}", name(new), new.length, old.length),
            Change::Moved(from, to, f) => format!("{} moved from place {} to {}", name(f), from + 1, to + 1),
        })
        .collect();
    if texts.is_empty() { "other scope count or kind".to_owned() } else { texts.join("; ") }
}

fn options(material: &Material<'_>, exporter: &ExporterAudit, source: usize, out: &mut Vec<Finding>) {
    let Some(source) = material.collector.census().sources.get(source) else { return };
    let without: Vec<String> = source.sampling.without_rate.iter().take(MOST_EVIDENCE).map(u64::to_string).collect();
    if without.is_empty() {
        return;
    }
    let has_options = exporter.layouts.iter().any(|l| l.content.kind == Kind::Options);
    let why = if has_options { "its options data does not tell the rate" } else { "it sends no options data that would tell the rate" };
    let statement = format!(
        "Flows of {} name {} {}, and {why}.",
        who(exporter.key),
        if without.len() == 1 { "sampler" } else { "samplers" },
        without.join(", ")
    );
    out.push(material.finding(OPTIONS_MISSING, about(exporter), statement, Vec::new()));
}

fn of(address: std::net::IpAddr, version: Version, domain: u32, exporter: &ExporterAudit) -> bool {
    (address, version, Some(domain)) == (exporter.key.exporter, exporter.key.version, exporter.key.domain)
}
