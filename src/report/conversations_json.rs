//! The summary of a pairing as JSON: `ipfix-inspect/conversations/1`.

use serde::Serialize;

use crate::summary::conversations::{Advice, Count, Deduplicate, ExporterShare, PairingCounts, PairingOptions, Places, Tally};

use super::conversations::conversations_advice;
use super::json::{pretty, saturated};

const SCHEMA: &str = "ipfix-inspect/conversations/1";

/// The summary of a pairing as JSON.
pub fn conversations_json(tally: &Tally, counts: &PairingCounts, options: &PairingOptions) -> String {
    pretty(&Page {
        schema: SCHEMA,
        window_ns: options.rules.window,
        horizon_ns: options.horizon,
        max_open: options.most,
        asymmetric: options.rules.asymmetric,
        deduplicate: match options.rules.deduplicate {
            Deduplicate::Source => "source",
            Deduplicate::Record => "record",
            Deduplicate::None => "none",
        },
        flows: counts.flows,
        bidirectional_records: counts.bidirectional,
        flows_without_addresses: counts.without_addresses,
        flows_without_times: counts.without_times,
        late_flows: counts.late,
        folded_flows: counts.folded,
        conversations: counts.conversations,
        both: counts.both,
        closed_early: counts.early.strands,
        closed_early_after_s: counts.early.shortest,
        most_open: counts.open,
        total: Shares::of(&tally.total()),
        exporters: tally.exporters.iter().map(Exporter::of).collect(),
        asymmetric_flows: match tally.advice() {
            Advice::Nothing => None,
            Advice::On => Some("on"),
            Advice::Off => Some("off"),
            Advice::OneDirection => Some("no-help"),
        },
        advice: conversations_advice(tally),
    })
}

#[derive(Serialize)]
struct Page {
    schema: &'static str,
    window_ns: i64,
    horizon_ns: i64,
    max_open: usize,
    asymmetric: bool,
    deduplicate: &'static str,
    flows: u64,
    bidirectional_records: u64,
    flows_without_addresses: u64,
    flows_without_times: u64,
    late_flows: u64,
    folded_flows: u64,
    conversations: u64,
    both: u64,
    closed_early: u64,
    closed_early_after_s: Option<i64>,
    most_open: usize,
    total: Shares,
    exporters: Vec<Exporter>,
    asymmetric_flows: Option<&'static str>,
    advice: String,
}

#[derive(Serialize)]
struct Exporter {
    exporter: Option<String>,
    #[serde(flatten)]
    shares: Shares,
    interfaces: Vec<Interface>,
}

impl Exporter {
    fn of(share: &ExporterShare) -> Self {
        let interface =
            |(number, places): (&u32, &Places)| Interface { interface: Some(*number).filter(|n| *n != 0), shares: Shares::of(places) };
        Self {
            exporter: share.exporter.map(|a| a.to_string()),
            shares: Shares::of(&share.places),
            interfaces: share.interfaces.iter().map(interface).collect(),
        }
    }
}

#[derive(Serialize)]
struct Interface {
    interface: Option<u32>,
    #[serde(flatten)]
    shares: Shares,
}

#[derive(Serialize)]
struct Shares {
    both: Counts,
    at_other_interfaces: Counts,
    at_other_exporters: Counts,
    one_way: Counts,
    no_answer_due: Counts,
}

impl Shares {
    fn of(places: &Places) -> Self {
        Self {
            both: Counts::of(&places.together),
            at_other_interfaces: Counts::of(&places.other_interfaces),
            at_other_exporters: Counts::of(&places.other_exporters),
            one_way: Counts::of(&places.nowhere),
            no_answer_due: Counts::of(&places.not_expected),
        }
    }
}

#[derive(Serialize)]
struct Counts {
    conversations: u64,
    flows: u64,
    bytes: u64,
}

impl Counts {
    fn of(count: &Count) -> Self {
        Self { conversations: count.conversations, flows: count.flows, bytes: saturated(count.bytes) }
    }
}
