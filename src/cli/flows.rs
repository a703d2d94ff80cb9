//! `flows`: one row a flow.

use std::collections::BTreeSet;
use std::io::{self, BufWriter, Write};
use std::sync::Arc;

use crate::collector::{Collector, Digest, Sink};
use crate::element::{self, Elements};
use crate::message::Version;
use crate::plan::{self, Canonical, Schema, SchemaBuilder};
use crate::report::{FlowTable, FlowTableSink};
use crate::table::{Filter, Filtered, Selection};
use crate::write::{RowWriter, TargetFile, TextSink};

use super::options::{ColumnChoice, FlowsOptions, RowForm};
use super::reading::{Outcome, Run};
use super::{Ending, Failure, complain, filtering};

/// The columns of the table, the first ones being those that a narrow terminal must show.
const SHORT: [Canonical; 10] = [
    Canonical::FlowStart,
    Canonical::SrcAddr,
    Canonical::SrcPort,
    Canonical::DstAddr,
    Canonical::DstPort,
    Canonical::Protocol,
    Canonical::Packets,
    Canonical::Bytes,
    Canonical::TcpFlags,
    Canonical::DurationMs,
];

/// Columns of `--columns all`: a capture made to harm could describe a hundred million.
const MOST_COLUMNS: usize = 4_096;

pub(super) fn run(options: &FlowsOptions) -> Result<Ending, Failure> {
    let mut run = Run::new(&options.reading)?;
    let mut collector = run.collector(run.collector_options(&Arc::new(Schema::default())))?;
    check_names(&options.columns, collector.elements(), run.looks_ahead())?;
    let target = match &options.output {
        Some(path) => Some(TargetFile::create(path, options.force).map_err(Failure::of)?),
        None => None,
    };
    if needs_layouts(&options.columns) {
        run.look_ahead_for_columns(&mut collector);
    } else {
        run.look_ahead(&mut collector);
    }
    let met = run.looks_ahead().then(|| collector.layouts_met());
    let met = met.map(|layouts| Met { layouts, told: collector.columns_told() });
    let filter = options.filter.told(collector.elements())?;
    let schema = Arc::new(schema(options, met.as_ref(), filter.as_ref(), collector.elements())?);
    let selection = filtering::bind(filter.as_ref(), &schema);
    collector.set_schema(Arc::clone(&schema));
    match target {
        Some(mut target) => {
            let outcome = write(options, run, collector, &schema, selection, BufWriter::with_capacity(1 << 20, &mut target))?;
            let ending = outcome.ending(&options.reading);
            if outcome.reports.is_empty() {
                return Ok(ending);
            }
            if ending == Ending::Interrupted {
                complain(&"interrupted, so no output was written");
                return Ok(ending);
            }
            if ending == Ending::Damage {
                complain(&"--strict: problems were found, so no output was written; `ipfix-inspect FILE` shows them");
                return Ok(ending);
            }
            target.commit().map_err(Failure::of)?;
            hint(options, &outcome);
            Ok(ending)
        }
        None => {
            let outcome = write(options, run, collector, &schema, selection, BufWriter::with_capacity(1 << 20, io::stdout().lock()))?;
            let ending = outcome.ending(&options.reading);
            if ending == Ending::Damage {
                complain(&"--strict: problems were found; `ipfix-inspect FILE` shows them");
            } else {
                hint(options, &outcome);
            }
            Ok(ending)
        }
    }
}

fn write(
    options: &FlowsOptions,
    run: Run<'_>,
    collector: Collector,
    schema: &Arc<Schema>,
    selection: Option<Selection>,
    out: impl Write,
) -> Result<Outcome, Failure> {
    match options.form {
        RowForm::Text(format) => {
            let rows = RowWriter::new(Arc::clone(schema), format).with_names(options.names);
            let sink = TextSink::new(out, &rows, options.limit);
            decode(run, collector, &Filtered::new(&rows, selection), sink, |mut sink| sink.finish())
        }
        RowForm::Table => {
            let table = FlowTable::new(Arc::clone(schema), options.style.clone());
            let sink = FlowTableSink::new(&table, out, options.limit);
            decode(run, collector, &Filtered::new(&table, selection), sink, FlowTableSink::finish)
        }
    }
}

fn decode<D, S, F>(run: Run<'_>, collector: Collector, digest: &D, mut sink: S, finish: F) -> Result<Outcome, Failure>
where
    D: Digest,
    S: Sink<D::Part, Error = io::Error>,
    F: FnOnce(S) -> io::Result<()>,
{
    let outcome = run.decode(collector, digest, &mut sink)?;
    // Without a readable input there is nothing to finish: no header either.
    if !outcome.reports.is_empty() {
        finish(sink).map_err(Failure::of)?;
    }
    Ok(outcome)
}

/// Says on standard error that not everything was well, and where to look.
fn hint(options: &FlowsOptions, outcome: &Outcome) {
    if !options.reading.quiet && outcome.has_damage() {
        complain(&"problems were found on the way; `ipfix-inspect FILE` shows them");
    }
}

/// Unknown names are an error before anything is read. But a file can still tell vendors' elements (RFC 5610): whether it does is known
/// after the first pass.
fn check_names(choice: &ColumnChoice, elements: &Arc<Elements>, may_tell: bool) -> Result<(), Failure> {
    if let ColumnChoice::Named(names) = choice {
        let mut builder = SchemaBuilder::with_elements(Arc::clone(elements));
        let told_later = |name: &str| may_tell && element::may_be_vendors(name);
        for name in names.iter().filter(|n| !matches!(n.as_str(), "canonical" | "all") && !told_later(n)) {
            builder.named(name).map_err(|e| Failure(format!("--columns: {e}")))?;
        }
    }
    Ok(())
}

/// True if the columns follow from what occurs.
fn needs_layouts(choice: &ColumnChoice) -> bool {
    match choice {
        ColumnChoice::Short => false,
        ColumnChoice::Canonical => true,
        ColumnChoice::Named(names) => names.iter().any(|n| matches!(n.as_str(), "canonical" | "all")),
    }
}

/// What a first pass has met.
struct Met {
    /// The layouts of flows.
    layouts: Vec<(Version, Vec<crate::message::FieldSpecifier>)>,
    /// The canonical columns that options data and headers can fill.
    told: Vec<Canonical>,
}

/// The columns to decode; `met` is what occurs, where a first pass was possible.
fn schema(options: &FlowsOptions, met: Option<&Met>, filter: Option<&Filter>, elements: &Arc<Elements>) -> Result<Schema, Failure> {
    let mut builder = SchemaBuilder::with_elements(Arc::clone(elements));
    builder.scaled(options.scale);
    match &options.columns {
        ColumnChoice::Short => SHORT.iter().for_each(|c| {
            builder.canonical(*c);
        }),
        ColumnChoice::Canonical => canonical(&mut builder, met, elements),
        ColumnChoice::Named(names) => {
            for name in names {
                match name.as_str() {
                    "canonical" => canonical(&mut builder, met, elements),
                    "all" => {
                        let Some(Met { layouts, .. }) = met else {
                            let why =
                                "--columns all: which elements occur is not known before the end of a pipe; name them, or read a file";
                            return Err(Failure(why.to_owned()));
                        };
                        canonical(&mut builder, met, elements);
                        for (version, fields) in layouts {
                            for (name, kind) in plan::element_columns(*version, fields, elements) {
                                builder.field(&name, kind);
                            }
                        }
                        if builder.len() > MOST_COLUMNS {
                            let why =
                                format!("--columns all: more than {MOST_COLUMNS} different elements occur; name the columns that you need");
                            return Err(Failure(why));
                        }
                    }
                    name => {
                        builder.named(name).map_err(|e| Failure(format!("--columns: {e}")))?;
                    }
                }
            }
        }
    }
    if options.names || options.form == RowForm::Table {
        builder.value_names();
    }
    filtering::add_columns(filter, &mut builder);
    Ok(builder.build())
}

/// The canonical columns that occur; all of them where that can't be known, in a pipe.
fn canonical(builder: &mut SchemaBuilder, met: Option<&Met>, elements: &Elements) {
    let fed: Option<BTreeSet<Canonical>> = met.map(|met| {
        let joined = |version, fields| plan::joined_columns(version, fields, elements).into_iter().filter(|c| met.told.contains(c));
        met.layouts
            .iter()
            .flat_map(|(version, fields)| plan::fed_columns(*version, fields, elements).into_iter().chain(joined(*version, fields)))
            .collect()
    });
    for column in Canonical::ALL {
        if column.is_context() || fed.as_ref().is_none_or(|f| f.contains(column)) {
            builder.canonical(*column);
        }
    }
}
