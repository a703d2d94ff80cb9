//! `problems`: one row a kind of problem, worst first, with its first example.

use polars::prelude::{DataFrame, PolarsResult};

use super::build::Build;
use crate::datagram::known;
use crate::summary::ProblemLine;

/// `files` are the names of the inputs by number.
pub(super) fn frame(problems: &[ProblemLine], files: &[&str]) -> PolarsResult<DataFrame> {
    Build::new(problems)
        .text("severity", |p| Some(p.severity.name()))
        .text("code", |p| Some(p.code))
        .count("count", |p| p.count)
        .text("message", |p| Some(p.title))
        .text("file", |p| files.get(p.file as usize))
        .u64("frame", |p| Some(p.frame).filter(|f| *f > 0))
        .text("exporter", |p| p.exporter.and_then(known).map(|a| a.to_string()))
        .u32("observation_domain", |p| p.domain)
        .u64("payload_offset", |p| p.offset.and_then(|o| u64::try_from(o).ok()))
        .text("detail", |p| Some(p.detail.as_str()))
        .frame()
}
