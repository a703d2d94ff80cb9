//! `flows`: one row a flow.

use std::io::{self, BufWriter, Write};
use std::sync::Arc;

use crate::collector::{Digest, Sink};
use crate::plan::Canonical;
use crate::report::{FlowTable, FlowTableSink};
use crate::table::Filtered;
use crate::write::{RowWriter, TargetFile, TextSink};

use super::columns::{Decoding, Settled};
use super::options::{FlowsOptions, RowForm};
use super::outcome::Outcome;
use super::scaling;
use super::{Ending, Failure, complain};

pub(super) fn run(options: &FlowsOptions) -> Result<Ending, Failure> {
    let decoding = Decoding::begin(&options.reading)?;
    decoding.check(&options.columns)?;
    let target = match &options.output {
        Some(path) => Some(TargetFile::create(path, options.force).map_err(Failure::of)?),
        None => None,
    };
    let settled = decoding.settle(&options.columns, &options.filter, options.scale, |builder| {
        if matches!(options.form, RowForm::Text(_)) {
            scaling::leave_rate_out(builder, options.columns.names(Canonical::SamplingInterval));
        }
        if options.names || options.form == RowForm::Table {
            builder.value_names();
        }
        Ok(())
    })?;
    match target {
        Some(mut target) => {
            let outcome = write(options, settled, BufWriter::with_capacity(1 << 20, &mut target))?;
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
            outcome.hint(&options.reading);
            Ok(ending)
        }
        None => {
            let outcome = write(options, settled, BufWriter::with_capacity(1 << 20, io::stdout().lock()))?;
            let ending = outcome.ending(&options.reading);
            outcome.tell(&options.reading, ending);
            Ok(ending)
        }
    }
}

fn write(options: &FlowsOptions, settled: Settled<'_>, out: impl Write) -> Result<Outcome, Failure> {
    match options.form {
        RowForm::Text(format) => {
            let rows = RowWriter::new(Arc::clone(&settled.schema), format).with_names(options.names).with_headers(options.display.headers);
            let sink = TextSink::new(out, &rows, options.limit);
            decode(settled, &rows, sink, |mut sink| sink.finish())
        }
        RowForm::Table => {
            let table = FlowTable::new(Arc::clone(&settled.schema), options.style.clone()).with_display(options.display.clone());
            let sink = FlowTableSink::new(&table, out, options.limit);
            decode(settled, &table, sink, FlowTableSink::finish)
        }
    }
}

fn decode<D, S, F>(settled: Settled<'_>, digest: &D, mut sink: S, finish: F) -> Result<Outcome, Failure>
where
    D: Digest,
    S: Sink<D::Part, Error = io::Error>,
    F: FnOnce(S) -> io::Result<()>,
{
    let outcome = settled.run.decode(settled.collector, &Filtered::new(digest, settled.selection), &mut sink)?;
    // Without a readable input there is nothing to finish: no header either.
    if !outcome.reports.is_empty() {
        finish(sink).map_err(Failure::of)?;
    }
    Ok(outcome)
}
