//! `audit`: will a collector take these flows, and if not, what to change.

use std::io::Write;
use std::num::NonZero;
use std::sync::Arc;

use crate::audit::{Audit, ContentDigest, ContentSums, audit, content_schema, traffic_schema};
use crate::collector::{CollectorOptions, Part, Severity};
use crate::report;
use crate::write::TargetFile;

use super::args::{AuditFormat, FailOn};
use super::options::AuditOptions;
use super::reading::Run;
use super::{Ending, Failure, complain, print};

/// Flows whose values are looked at in any case.
const FIRST_FLOWS: usize = 1_000_000;
/// After those, one batch of datagrams in so many.
const ONE_IN: NonZero<usize> = NonZero::new(16).unwrap();

pub(super) fn run(options: &AuditOptions) -> Result<Ending, Failure> {
    let target = match &options.output {
        Some(path) => Some(TargetFile::create(path, options.force).map_err(Failure::of)?),
        None => None,
    };
    let mut run = Run::new(&options.reading)?;
    let deep = content_schema();
    let first = if options.all_content { usize::MAX } else { FIRST_FLOWS };
    let part = Part { schema: Arc::clone(&deep), first, every: Some(ONE_IN) };
    let collector_options = CollectorOptions { part: Some(part), ..run.collector_options(&traffic_schema()) };
    let mut collector = run.collector(collector_options)?;
    run.look_ahead(&mut collector);
    run.needs_captures("templates")?;
    let mut sums = ContentSums::default();
    let outcome = run.decode(collector, &ContentDigest::new(deep, options.limits.time_limit), &mut sums)?;
    let ending = outcome.ending(&options.reading);
    if outcome.reports.is_empty() {
        return Ok(ending);
    }
    let found = audit(&outcome.collector, &outcome.reports, &sums, &options.profiles, &options.limits);
    let text = form(&found, options)?;
    match target {
        Some(_) if ending == Ending::Interrupted => complain(&"interrupted, so no report was written"),
        Some(mut target) => {
            target.write_all(text.as_bytes()).map_err(Failure::of)?;
            target.commit().map_err(Failure::of)?;
        }
        None => print(&text)?,
    }
    Ok(if ending == Ending::Done && fails(&found, options.fail_on) { Ending::Failed } else { ending })
}

fn form(audit: &Audit, options: &AuditOptions) -> Result<String, Failure> {
    Ok(match options.format {
        AuditFormat::Text => report::audit_text(audit, &options.style),
        AuditFormat::Json => report::audit_json(audit),
        AuditFormat::Markdown => report::audit_markdown(audit),
        AuditFormat::Html => report::audit_html(audit).map_err(Failure)?,
        AuditFormat::Junit => report::audit_junit(audit, options.fail_on == FailOn::Warning),
        AuditFormat::Sarif => report::audit_sarif(audit),
    })
}

fn fails(audit: &Audit, on: FailOn) -> bool {
    let least = match on {
        FailOn::Error => Severity::Error,
        FailOn::Warning => Severity::Warning,
        FailOn::Never => return false,
    };
    audit.worst().is_some_and(|worst| worst >= least)
}
