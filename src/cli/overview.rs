//! No subcommand: the overview.

use crate::collector::{CollectorOptions, Part};
use crate::report;
use crate::summary::{HeadAndSums, Overview, Sums, head_schema, sums_schema};

use super::options::OverviewOptions;
use super::reading::Run;
use super::{Ending, Failure, complain, print};

/// Flows that the overview shows.
const FIRST_FLOWS: usize = 10;

pub(super) fn run(options: &OverviewOptions) -> Result<Ending, Failure> {
    let mut run = Run::new(&options.reading)?;
    let head = head_schema(options.scale);
    let part = Part { schema: std::sync::Arc::clone(&head), first: FIRST_FLOWS, every: None };
    let collector_options = CollectorOptions { part: Some(part), ..run.collector_options(&sums_schema(options.scale)) };
    let mut collector = run.collector(collector_options)?;
    run.look_ahead(&mut collector);
    let mut sums = HeadAndSums::default();
    let outcome = run.decode(collector, &Sums::new(head), &mut sums)?;
    if outcome.reports.is_empty() {
        return Ok(outcome.ending(&options.reading));
    }
    let overview = Overview::new(&outcome.reports, &outcome.collector, sums, std::sync::Arc::clone(&options.profile));
    print(&if options.json { report::overview_json(&overview) } else { report::overview_text(&overview, &options.style) })?;
    if options.reading.strict && overview.has_damage() {
        complain(&"--strict: problems were found, see above");
    }
    Ok(outcome.ending(&options.reading))
}
