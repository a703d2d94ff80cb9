//! How the messages of an exporter come: losses, clocks, counts, sizes.

use crate::collector::OctetClass;
use crate::message::Version;

use super::super::catalogue::{
    CLOCK_SKEW, COUNT_WRONG, DATAGRAM_LARGE, EXPORTER_RESTARTED, MESSAGES_DUPLICATED, MESSAGES_REORDERED, PADDING_ODD, PEAK_FLOWS,
    SAMPLING_UNANNOUNCED, SEQUENCE_LOST, UPTIME_WRAP,
};
use super::super::content::Oddity;
use super::super::finding::{Evidence, Finding};
use super::super::outcome::ExporterAudit;
use super::{Material, about, count, percent, place, plural, seen, span, who};

/// What an Ethernet MTU of 1,500 octets leaves of a UDP datagram over IPv4.
const MTU_PAYLOAD: usize = 1_472;

pub(super) fn look(material: &Material<'_>, exporter: &ExporterAudit, source: usize, out: &mut Vec<Finding>) {
    sequence(material, exporter, source, out);
    conduct(material, exporter, source, out);
    wraps(material, exporter, source, out);
    padding(material, exporter, out);
    if material.collector.census().sources.get(source).is_some_and(|s| s.sampling.is_silent() && s.flows > 0) {
        let statement = format!("Nothing tells whether {} samples.", who(exporter.key));
        out.push(material.finding(SAMPLING_UNANNOUNCED, about(exporter), statement, Vec::new()));
    }
}

fn sequence(material: &Material<'_>, exporter: &ExporterAudit, source: usize, out: &mut Vec<Finding>) {
    let Ok(number) = u32::try_from(source) else { return };
    let report = material.collector.sequence(number);
    let name = who(exporter.key);
    let unit = report.convention.map_or("units", |c| c.name());
    let evidence =
        |first: Option<crate::template::Seen>, what: &str| -> Vec<Evidence> { first.map(|at| seen(at, what)).into_iter().collect() };
    if report.lost > 0 {
        let statement = format!("{} of {name} were lost before the capture; its sequence counts {unit}.", report.lost);
        out.push(material.finding(SEQUENCE_LOST, about(exporter), statement, evidence(report.first.gap, "the first gap ends here")));
    }
    if report.restarts > 0 {
        let statement = format!("{name} began anew {}.", plural(report.restarts, "time"));
        out.push(material.finding(
            EXPORTER_RESTARTED,
            about(exporter),
            statement,
            evidence(report.first.restart, "the first new beginning"),
        ));
    }
    if report.reordered > 0 {
        let statement = format!("{} of {name} arrived after later ones.", plural(report.reordered, "message"));
        out.push(material.finding(MESSAGES_REORDERED, about(exporter), statement, evidence(report.first.reordered, "the first late one")));
    }
    if report.duplicates > 0 {
        let statement = format!("{} of {name} arrived twice.", plural(report.duplicates, "message"));
        out.push(material.finding(
            MESSAGES_DUPLICATED,
            about(exporter),
            statement,
            evidence(report.first.duplicate, "the first repeated one"),
        ));
    }
}

fn conduct(material: &Material<'_>, exporter: &ExporterAudit, source: usize, out: &mut Vec<Finding>) {
    let Some(conduct) = material.collector.census().sources.get(source).map(|s| &s.conduct) else { return };
    let name = who(exporter.key);
    let limit = material.options.time_limit;
    if let Some([least, most]) = conduct.lag {
        let skew = if least.0 > limit { Some((least, "behind")) } else { (most.0 < -limit).then_some((most, "ahead of")) };
        if let Some(((lag, at), side)) = skew {
            let statement = format!("The clock of {name} is at least {} {side} the capture's.", span(lag));
            let evidence = vec![seen(at, format!("export time {} {side} the time of capture", span(lag)))];
            out.push(material.finding(CLOCK_SKEW, about(exporter), statement, evidence));
        }
    }
    if exporter.key.version == Version::V9 {
        let counts = conduct.counts;
        if let Some((at, said, records, sets)) = counts.first {
            let wrong = counts.sets + counts.neither;
            let what = if counts.neither == 0 { "it counts Sets" } else { "it counts neither records nor Sets" };
            let statement = format!("Count is wrong in {} of {} messages of {name}: {what}.", wrong, wrong + counts.records);
            let evidence = vec![seen(at, format!("Count {said}, {}, {}", plural(records.into(), "record"), plural(sets.into(), "Set")))];
            out.push(material.finding(COUNT_WRONG, about(exporter), statement, evidence));
        }
    }
    if let Some((octets, at)) = conduct.longest.filter(|(octets, _)| *octets > MTU_PAYLOAD) {
        let statement = format!("{name} sends datagrams of up to {octets} octets of payload; {MTU_PAYLOAD} fit an MTU of 1500.");
        out.push(material.finding(DATAGRAM_LARGE, about(exporter), statement, vec![seen(at, format!("{octets} octets"))]));
    }
    if let Some((minute, flows)) = conduct.busiest.filter(|(_, flows)| *flows > 0) {
        let statement = format!("The busiest minute of {name} brought {}.", plural(flows, "flow"));
        out.push(material.finding(PEAK_FLOWS, about(exporter), statement, vec![count(format!("the minute from {minute}"))]));
    }
}

fn wraps(material: &Material<'_>, exporter: &ExporterAudit, source: usize, out: &mut Vec<Finding>) {
    let census = material.collector.census();
    let own = census.layouts.iter().zip(&material.sums.content).filter(|(l, _)| l.source as usize == source);
    let (mut wrapped, mut uncorrected, mut looked_at, mut first) = (0, 0, 0, None);
    for (_, content) in own {
        wrapped += content.odd(Oddity::StampWrapped).count;
        uncorrected += content.odd(Oddity::StampNotCorrected).count;
        looked_at += content.flows;
        first = first.or_else(|| content.odd(Oddity::StampWrapped).first.clone());
    }
    let turned = census.sources.get(source).map_or(0, |s| s.conduct.uptime_wraps);
    if wrapped == 0 {
        return;
    }
    let qradar = match uncorrected {
        0 => "QRadar corrects all of them".to_owned(),
        n if n == wrapped => "QRadar corrects none of them: they exceed the up-time by less than a day".to_owned(),
        n => format!("QRadar corrects {} of them, and not {n} that exceed the up-time by less than a day", wrapped - n),
    };
    let statement = format!(
        "{} of {} ({}) have stamps from before the zero of the up-time; {qradar}.",
        plural(wrapped, "flow"),
        who(exporter.key),
        percent(wrapped.into(), looked_at.into())
    );
    let mut evidence: Vec<Evidence> = first.map(|(origin, what)| place(origin, what)).into_iter().collect();
    if turned > 0 {
        evidence.push(count(format!("the header's up-time turned {}", plural(turned, "time"))));
    }
    out.push(material.finding(UPTIME_WRAP, about(exporter), statement, evidence));
}

fn padding(material: &Material<'_>, exporter: &ExporterAudit, out: &mut Vec<Finding>) {
    let own = material.collector.octets().undecoded().iter().filter(|u| {
        u.class == OctetClass::PaddingOther && (u.place.exporter, u.place.domain) == (Some(exporter.key.exporter), exporter.key.domain)
    });
    let (mut sets, mut octets, mut evidence) = (0, 0, Vec::new());
    for undecoded in own {
        sets += 1;
        octets += undecoded.octets;
        if evidence.len() < 3 {
            let what = plural(undecoded.octets as u64, "octet");
            evidence.push(Evidence { origin: Some(undecoded.place.origin), offset: undecoded.place.offset, what });
        }
    }
    if sets > 0 {
        let statement = format!(
            "{} behind the last records of {} of {} are not zero.",
            plural(octets as u64, "octet"),
            plural(sets, "Set"),
            who(exporter.key)
        );
        out.push(material.finding(PADDING_ODD, about(exporter), statement, evidence));
    }
}
