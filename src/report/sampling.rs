//! What each exporter says about sampling: where its rate comes from, or that nothing tells it.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::collector::SourceSampling;
use crate::column::Sampled;
use crate::summary::{ExporterLine, Overview};

use super::exporters::who;
use super::number::grouped;
use super::style::{Paint, Style};
use super::width::wrap;

/// Exporters that are put in words.
const MOST_EXPORTERS: usize = 10;
/// Samplers, interfaces or templates that are listed of one exporter.
const MOST_LISTED: usize = 5;

/// The lines; empty where no exporter says anything.
pub(super) fn sampling(overview: &Overview, style: &Style) -> String {
    let told: Vec<&ExporterLine> = overview.exporters.iter().filter(|e| e.sums.flows > 0 && is_worth_a_line(&e.sampling)).collect();
    if told.is_empty() {
        return String::new();
    }
    let how = if overview.scaled { "bytes and packets are multiplied by it" } else { "bytes and packets as sent; --scale multiplies them" };
    let mut out = wrap(&format!("Sampling ({how}):"), style.width, 0, 2);
    for e in told.iter().take(MOST_EXPORTERS) {
        out.push_str(&wrap(&format!("{}: {}", who(e), in_words(&e.sampling, style)), style.width, 2, 4));
    }
    if told.len() > MOST_EXPORTERS {
        let more = grouped((told.len() - MOST_EXPORTERS) as u128);
        out.push_str(&wrap(&format!("… and {more} more exporters; --format json has all."), style.width, 2, 4));
    }
    out
}

/// One packet in one is no sampling.
fn is_worth_a_line(s: &SourceSampling) -> bool {
    let sampled = s.header.is_some_and(|(_, most)| most > 1) || s.told.values().any(|rate| rate.interval() > 1);
    sampled || s.in_records || !s.without_rate.is_empty() || s.told.is_empty() && !s.samplers.is_empty()
}

fn in_words(s: &SourceSampling, style: &Style) -> String {
    let mut parts = Vec::new();
    if let Some((least, most)) = s.header {
        let range = if least == most { grouped(least.into()) } else { format!("{} to {}", grouped(least.into()), grouped(most.into())) };
        parts.push(format!("1 in {range} by the message header"));
    }
    if s.in_records {
        parts.push("the rate is in the flow records".to_owned());
    }
    // Things with the same rate together: a router has hundreds of interfaces and few rates.
    let mut by_rate: BTreeMap<(&str, u64), Vec<u64>> = BTreeMap::new();
    for (what, rate) in &s.told {
        let (kind, id) = kind(*what);
        by_rate.entry((kind, rate.interval())).or_default().extend(id);
    }
    for ((kind, interval), ids) in by_rate {
        let whose = if ids.is_empty() { String::new() } else { format!(" for {kind} {}", listed(&ids)) };
        parts.push(format!("1 in {}{whose} by options data", grouped(interval.into())));
    }
    if s.only_rate {
        let by_sampler = s.told.keys().any(|what| matches!(what, Sampled::Sampler(_)));
        let only = if by_sampler { "the only sampler announced" } else { "the only rate announced" };
        parts.push(format!("flows that name none have this one, {only}"));
    }
    if !s.without_rate.is_empty() {
        let ids: Vec<u64> = s.without_rate.iter().copied().collect();
        let text = format!("flows name sampler {}, whose rate is announced nowhere", listed(&ids));
        parts.push(style.paint(Paint::Doubtful, &text));
    }
    if parts.is_empty() {
        parts.push(format!("sampler {} by options data of another domain", listed(&s.samplers.iter().copied().collect::<Vec<_>>())));
    }
    format!("{}.", parts.join("; "))
}

fn listed(ids: &[u64]) -> String {
    let shown: Vec<String> = ids.iter().take(MOST_LISTED).map(u64::to_string).collect();
    let more = ids.len().saturating_sub(MOST_LISTED);
    if more > 0 { format!("{} and {more} more", shown.join(", ")) } else { shown.join(", ") }
}

fn kind(what: Sampled) -> (&'static str, Option<u64>) {
    match what {
        Sampled::All => ("all", None),
        Sampled::Sampler(id) => ("sampler", Some(id)),
        Sampled::Interface(id) => ("interface", Some(id)),
        Sampled::Template(id) => ("template", Some(id)),
        Sampled::LineCard(id) => ("line card", Some(id)),
    }
}

#[derive(Serialize)]
pub(super) struct SamplingFacts {
    rates: Vec<RateFact>,
    in_records: bool,
    only_rate: bool,
    unannounced: Vec<u64>,
}

#[derive(Serialize)]
struct RateFact {
    source: &'static str,
    of: &'static str,
    id: Option<u64>,
    interval: u64,
}

/// The same for programs; `None` where the exporter says nothing.
pub(super) fn facts(s: &SourceSampling) -> Option<SamplingFacts> {
    if s.is_silent() {
        return None;
    }
    let mut header: Vec<u64> = s.header.iter().flat_map(|(least, most)| [u64::from(*least), u64::from(*most)]).collect();
    header.dedup();
    let header = header.into_iter().map(|interval| RateFact { source: "header", of: "all", id: None, interval });
    let options = s.told.iter().map(|(what, rate)| {
        let (of, id) = kind(*what);
        RateFact { source: "options", of, id, interval: rate.interval() }
    });
    Some(SamplingFacts {
        rates: header.chain(options).collect(),
        in_records: s.in_records,
        only_rate: s.only_rate,
        unannounced: s.without_rate.iter().copied().collect(),
    })
}
