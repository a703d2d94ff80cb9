//! No subcommand: the overview.

use std::sync::Arc;

use crate::collector::{Collector, CollectorOptions, Part};
use crate::plan::{Canonical, SchemaBuilder};
use crate::report;
use crate::summary::{HeadAndSums, Overview, StoredSums, StoredTotals, Sums, head_schema, sums_schema};

use super::options::OverviewOptions;
use super::outcome::Outcome;
use super::reading::Run;
use super::scaling;
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
    if let Some(name) = run.first_stored() {
        if run.has_captures() {
            return Err(Failure(format!(
                "{name}: holds exported flows, and other inputs are captures: the overview shows the one or the other; name them apart"
            )));
        }
        return stored(options, run, collector);
    }
    let mut sums = HeadAndSums::default();
    let outcome = run.decode(collector, &Sums::new(head), &mut sums)?;
    if outcome.reports.is_empty() {
        return Ok(outcome.ending(&options.reading));
    }
    let overview = Overview::new(&outcome.reports, &outcome.collector, sums, std::sync::Arc::clone(&options.profile));
    show(options, &overview, &outcome)
}

/// The overview of exported flows: all their columns are read, so that what is wrong in any of them is found.
fn stored(options: &OverviewOptions, mut run: Run<'_>, mut collector: Collector) -> Result<Ending, Failure> {
    let mut builder = SchemaBuilder::with_elements(Arc::clone(collector.elements()));
    builder.scaled(scaling::are_multiplied(&run, options.scale));
    for column in run.stored_columns() {
        match Canonical::by_name(&column.name) {
            Some(canonical) => builder.canonical(canonical),
            None => builder.field(&column.name, column.kind),
        };
    }
    let schema = Arc::new(builder.build());
    scaling::check(&run, options.scale, &schema)?;
    run.scale(options.scale);
    collector.set_schema(Arc::clone(&schema));
    let mut sums = StoredTotals::default();
    let outcome = run.decode(collector, &StoredSums::default(), &mut sums)?;
    if outcome.reports.is_empty() {
        return Ok(outcome.ending(&options.reading));
    }
    let profile = Arc::clone(&options.profile);
    let overview = Overview::of_stored(&outcome.reports, &outcome.collector, &schema, sums, profile);
    show(options, &overview, &outcome)
}

fn show(options: &OverviewOptions, overview: &Overview, outcome: &Outcome) -> Result<Ending, Failure> {
    print(&if options.json { report::overview_json(overview) } else { report::overview_text(overview, &options.style) })?;
    if options.reading.strict && overview.has_damage() {
        complain(&"--strict: problems were found, see above");
    }
    Ok(outcome.ending(&options.reading))
}
