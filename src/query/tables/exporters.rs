//! `exporters`: one row an address, version and observation domain.

use polars::prelude::{DataFrame, PolarsResult};

use super::build::{Build, saturated};
use crate::datagram::known;
use crate::summary::ExporterLine;
use crate::time::Timestamp;

/// An exporter counts as silent if nothing came for this long before the end of the input, in nanoseconds …
const SILENCE: i64 = 60_000_000_000;
/// … and for this many times of what lies between two of its messages on average.
const RHYTHM: i64 = 5;

/// `end` is the time of the last frame of the input.
pub(super) fn frame(exporters: &[ExporterLine], end: Option<Timestamp>) -> PolarsResult<DataFrame> {
    // A flow log has no frames, so what came last is its end.
    let end = end.into_iter().chain(exporters.iter().map(|e| e.last_seen)).max();
    let quiet = |e: &ExporterLine| end.map(|end| end.nanos().saturating_sub(e.last_seen.nanos()).max(0));
    Build::new(exporters)
        .text("exporter", |e| known(e.key.exporter).map(|a| a.to_string()))
        .u8("nde_version", |e| u8::try_from(e.key.version.number()).ok().filter(|n| *n != 0))
        .u32("observation_domain", |e| e.key.domain)
        .text("ports", |e| Some(e.ports.iter().map(u16::to_string).collect::<Vec<_>>().join(", ")))
        .count("messages", |e| e.messages)
        .count("flows", |e| e.sums.flows)
        .count("bytes", |e| saturated(e.sums.bytes))
        .count("packets", |e| saturated(e.sums.packets))
        .count("options_records", |e| e.options_records)
        .count("templates", |e| e.templates)
        .count("options_templates", |e| e.options_templates)
        .count("template_records", |e| e.template_records + e.options_template_records)
        .count("sets_without_template", |e| e.sets_without_template)
        .count("lost", |e| e.sequence.lost)
        .text("lost_unit", |e| e.sequence.convention.map(|c| c.name()))
        .count("reordered", |e| e.sequence.reordered)
        .count("duplicates", |e| e.sequence.duplicates)
        .count("restarts", |e| e.sequence.restarts)
        .count("problems", |e| e.problems)
        .time("first_seen", |e| Some(e.first_seen))
        .time("last_seen", |e| Some(e.last_seen))
        .i64("quiet_ms", |e| quiet(e).map(|nanos| nanos / 1_000_000))
        .time("silent_since", |e| quiet(e).filter(|nanos| is_silent(e, *nanos)).map(|_| e.last_seen))
        .frame()
}

/// Was it quiet for longer than it is between two of its messages?
fn is_silent(e: &ExporterLine, quiet: i64) -> bool {
    let lasted = e.last_seen.nanos().saturating_sub(e.first_seen.nanos());
    let between = i64::try_from(e.messages).ok().filter(|n| *n > 1).map_or(0, |n| lasted / (n - 1));
    quiet >= SILENCE && quiet >= between.saturating_mul(RHYTHM)
}
