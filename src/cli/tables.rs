//! `options`: one table for each options template.

use std::sync::Arc;

use crate::collector::{CollectorOptions, Digest, LayoutKind, Records};
use crate::plan::Schema;
use crate::report::{self, OptionsTable, OptionsTables, TableDigest};
use crate::write::Format;

use super::options::{TablesForm, TablesOptions};
use super::outcome::Outcome;
use super::reading::Run;
use super::{Ending, Failure, complain, print};

pub(super) fn run(options: &TablesOptions) -> Result<Ending, Failure> {
    match options.form {
        TablesForm::Text => decode(options, &TableDigest::table(options.style.clone()), |t| report::options_text(t, &options.style)),
        TablesForm::Json => decode(options, &TableDigest::text(Format::Ndjson), report::options_json),
        TablesForm::Csv => decode(options, &TableDigest::text(Format::Csv), report::options_csv),
    }
}

fn decode(options: &TablesOptions, digest: &TableDigest, show: impl Fn(&[OptionsTable]) -> String) -> Result<Ending, Failure>
where
    TableDigest: Digest,
{
    let mut run = Run::new(&options.reading)?;
    let collector_options = CollectorOptions { records: Records::Options, ..run.collector_options(&Arc::new(Schema::default())) };
    let mut collector = run.collector(collector_options)?;
    run.look_ahead(&mut collector);
    run.needs_captures("options data")?;
    let mut sink = OptionsTables::new(options.limit);
    let outcome = run.decode(collector, digest, &mut sink)?;
    if outcome.reports.is_empty() {
        return Ok(outcome.ending(&options.reading));
    }
    let tables = tables(&outcome, sink);
    print(&show(&tables))?;
    let left_out: u64 = tables.iter().map(|t| t.records - t.kept).sum();
    if left_out > 0 {
        complain(&format!("{left_out} records beyond the {} of each table are not shown; --limit shows more", options.limit));
    }
    if tables.is_empty() && !options.reading.quiet {
        complain(&"there are no options records; `ipfix-inspect templates FILE` shows which options templates there are");
    }
    if options.reading.strict && outcome.has_damage() {
        complain(&"--strict: problems were found; `ipfix-inspect FILE` shows them");
    } else if !options.reading.quiet && outcome.has_damage() {
        complain(&"problems were found on the way; `ipfix-inspect FILE` shows them");
    }
    Ok(outcome.ending(&options.reading))
}

/// The tables by exporter, domain and template.
fn tables(outcome: &Outcome, sink: OptionsTables) -> Vec<OptionsTable> {
    let collector = &outcome.collector;
    let definition = |layout: u32| match collector.census().layouts.get(layout as usize)?.kind {
        LayoutKind::Template(id) => collector.templates().definition(id).cloned(),
        LayoutKind::Fixed(_) => None,
    };
    sink.into_tables(collector.elements(), definition)
}
