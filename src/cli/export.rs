//! `export`: the flows as a file or a dataset for other programs.

use std::fmt::Display;
use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::sync::Arc;

use crate::collector::{CollectorOptions, Digest, Flow, Sink};
use crate::input::Location;
use crate::plan::{Canonical, Kind, SchemaBuilder};
use crate::table::Filtered;
use crate::write::{
    ArrowFiles, DatasetOptions, DatasetSink, DatasetTarget, FileSink, Form, ParquetFiles, ParquetForm, Partitioning, Provenance,
    ROW_GROUP_ROWS, Share, Shares, TargetFile, TextFiles, TooMany,
};

use super::columns::{Decoding, Settled, column_of};
use super::options::{ColumnChoice, ExportForm, ExportOptions, Output};
use super::outcome::Outcome;
use super::scaling;
use super::{Ending, Failure, complain};

/// Rows of an Arrow record batch, about.
const RECORD_BATCH_ROWS: usize = 1 << 15;
/// Cells of a batch that becomes a row group: with more than 48 columns row groups have fewer rows.
const ROW_GROUP_CELLS: usize = 12 << 20;

pub(super) fn run(options: &ExportOptions) -> Result<Ending, Failure> {
    let decoding = Decoding::begin_with(&options.reading, |collector| sized(collector, options))?;
    let columns = options.columns.clone().unwrap_or_else(|| match decoding.looks_ahead() {
        true => ColumnChoice::Named(vec!["all".to_owned()]),
        false => ColumnChoice::Canonical,
    });
    decoding.check(&columns)?;
    decoding.check_names("--exclude", &options.exclude)?;
    let partition_by = partition_by(options);
    let real: Vec<String> = partition_by.iter().filter(|n| !is_derived(n)).cloned().collect();
    decoding.check_names("--partition-by", &real)?;
    let target = Target::create(options)?;
    let settled = decoding.settle(&columns, &options.filter, options.scale, |builder| {
        if let ExportForm::Text { names, .. } = options.form {
            scaling::leave_rate_out(builder, options.names_rate);
            if names {
                builder.value_names();
            }
        }
        leave_out(builder, &options.exclude, partition_by)
    })?;
    let schema = Arc::clone(&settled.schema);
    if schema.columns().iter().all(|c| c.hidden) {
        return Err(Failure("no column is left to write".to_owned()));
    }
    let sources = options.reading.locations.iter().map(name_of).collect();
    let provenance = Provenance { sources, elements: Arc::clone(settled.collector.elements()) };
    match options.form {
        ExportForm::Text { format, names, compression } => {
            write(options, TextFiles::new(schema, format, names, compression), settled, target)
        }
        ExportForm::Parquet(columnar) => write(options, ParquetFiles::new(ParquetForm::new(schema, columnar), provenance), settled, target),
        ExportForm::Arrow { options: columnar, stream } => {
            write(options, ArrowFiles::new(schema, columnar, stream, &provenance), settled, target)
        }
    }
}

/// Batches of the size that the form writes.
fn sized(collector: CollectorOptions, options: &ExportOptions) -> CollectorOptions {
    let (rows, cells) = match options.form {
        ExportForm::Text { .. } => (collector.batch_rows, collector.batch_cells),
        ExportForm::Parquet(_) => (ROW_GROUP_ROWS, ROW_GROUP_CELLS),
        ExportForm::Arrow { .. } => (RECORD_BATCH_ROWS, collector.batch_cells),
    };
    // A batch may be a Set longer than it should, so half of a file's rows never are too many for it.
    let most = match &options.output {
        Output::Dataset { rows_per_file: Some(most), .. } => usize::try_from(most / 2).unwrap_or(usize::MAX).max(1),
        _ => usize::MAX,
    };
    let fill = matches!(options.form, ExportForm::Parquet(_));
    CollectorOptions { batch_rows: rows.min(most), batch_cells: cells, fill, ..collector }
}

fn partition_by(options: &ExportOptions) -> &[String] {
    match &options.output {
        Output::Dataset { partition_by, .. } => partition_by,
        Output::Stdout | Output::File(_) => &[],
    }
}

fn is_derived(name: &str) -> bool {
    Partitioning::DERIVED.contains(&name)
}

/// Takes out what is not wanted, and what stands in the names of folders; the latter has to be decoded all the same. Text stays in the files:
/// a name can be too short for it, and can't tell empty text from none.
pub(super) fn leave_out(builder: &mut SchemaBuilder, exclude: &[String], partition_by: &[String]) -> Result<(), Failure> {
    let elements = Arc::clone(builder.elements());
    let mut left_out = Vec::new();
    for name in exclude {
        let column = column_of(name, &elements).map_err(|e| Failure(format!("--exclude: {e}")))?;
        builder.remove(&column.name);
        left_out.push(column.name);
    }
    for name in partition_by {
        if is_derived(name) {
            builder.hidden_canonical(Canonical::FlowStart);
        } else {
            let column = column_of(name, &elements).map_err(|e| Failure(format!("--partition-by: {e}")))?;
            let is_text = matches!(column.kind, Kind::Text | Kind::Octets | Kind::Json);
            match is_text && !left_out.contains(&column.name) {
                true => builder.visible(&column),
                false => builder.remove(&column.name).hidden(&column),
            };
        }
    }
    Ok(())
}

fn name_of(location: &Location) -> String {
    match location {
        Location::Path(path) => path.display().to_string(),
        Location::Stdin => "-".to_owned(),
    }
}

/// What is written to; prepared before any work is done.
enum Target {
    Stdout,
    File(TargetFile),
    Dataset(DatasetTarget),
}

impl Target {
    fn create(options: &ExportOptions) -> Result<Self, Failure> {
        Ok(match &options.output {
            Output::Stdout => Self::Stdout,
            Output::File(path) => Self::File(TargetFile::create(path, options.force).map_err(Failure::of)?),
            Output::Dataset { folder, .. } => Self::Dataset(DatasetTarget::create(folder, options.force).map_err(Failure::of)?),
        })
    }
}

fn write<F: Form>(options: &ExportOptions, form: F, settled: Settled<'_>, target: Target) -> Result<Ending, Failure> {
    let partitioning = match &options.output {
        Output::Dataset { partition_by, max_partitions, .. } if !partition_by.is_empty() => {
            let names = partition_by.iter().map(|name| {
                let column = (!is_derived(name)).then(|| column_of(name, settled.collector.elements()));
                column.and_then(Result::ok).map_or_else(|| name.clone(), |column| column.name)
            });
            Partitioning::new(&names.collect::<Vec<_>>(), &settled.schema, *max_partitions)
        }
        _ => None,
    };
    let shares = Shares::new(&form, partitioning).rows_only(options.limit.is_some());
    match target {
        Target::Stdout => {
            let name = || "standard output".to_owned();
            let out = BufWriter::with_capacity(1 << 20, io::stdout().lock());
            let outcome = to_file(options, &form, &shares, settled, out, name)?.0;
            let ending = outcome.ending(&options.reading);
            outcome.tell(&options.reading, ending);
            Ok(ending)
        }
        Target::File(target) => {
            let name = || format!("'{}'", shown(options));
            let (outcome, target) = to_file(options, &form, &shares, settled, target, name)?;
            finished(options, &outcome, || match target {
                Some(target) => target.commit().map_err(Failure::of),
                None => Ok(()),
            })
        }
        Target::Dataset(target) => {
            let rows_per_file = match &options.output {
                Output::Dataset { rows_per_file, .. } => *rows_per_file,
                Output::Stdout | Output::File(_) => None,
            };
            let dataset = DatasetOptions { extension: options.form.extension(), rows_per_file, limit: options.limit };
            let mut sink = DatasetSink::new(&form, &target, dataset);
            let outcome = settled.run.decode(settled.collector, &Filtered::new(&shares, settled.selection), &mut sink)?;
            finished(options, &outcome, || {
                sink.finish().map_err(Failure::of)?;
                target.commit().map_err(Failure::of)
            })
        }
    }
}

/// Writes one file; gives back what was written to, unless nobody reads it any more.
fn to_file<F: Form, W: Write>(
    options: &ExportOptions,
    form: &F,
    shares: &Shares<'_, F>,
    settled: Settled<'_>,
    out: W,
    name: impl Fn() -> String + Copy,
) -> Result<(Outcome, Option<W>), Failure> {
    let failed = |error: io::Error| Failure(format!("{} can't be written: {error}", name()));
    let sink = FileSink::new(form, out, options.limit).map_err(failed)?;
    let mut sink = Named { sink, name };
    let outcome = settled.run.decode(settled.collector, &Filtered::new(shares, settled.selection), &mut sink)?;
    let out = sink.sink.finish().map_err(failed)?;
    Ok((outcome, out))
}

/// Commits what is whole, and says why nothing is where it is not.
fn finished(options: &ExportOptions, outcome: &Outcome, commit: impl FnOnce() -> Result<(), Failure>) -> Result<Ending, Failure> {
    let ending = outcome.ending(&options.reading);
    if outcome.reports.is_empty() {
        return Ok(ending);
    }
    match ending {
        Ending::Interrupted => complain(&"interrupted, so no output was written"),
        Ending::Damage => complain(&"--strict: problems were found, so no output was written; `ipfix-inspect FILE` shows them"),
        _ => {
            commit()?;
            outcome.hint(&options.reading);
        }
    }
    Ok(ending)
}

fn shown(options: &ExportOptions) -> impl Display + '_ {
    match &options.output {
        Output::Stdout => Path::new("-").display(),
        Output::File(path) | Output::Dataset { folder: path, .. } => path.display(),
    }
}

/// A sink whose errors name the file.
struct Named<S, N> {
    sink: S,
    name: N,
}

impl<F: Form, W: Write, N: Fn() -> String> Sink<Result<Vec<Share<F::Piece>>, TooMany>> for Named<FileSink<'_, F, W>, N> {
    type Error = Failure;

    fn absorb(&mut self, part: <Shares<'_, F> as Digest>::Part) -> Result<Flow, Failure> {
        self.sink.absorb(part).map_err(|error| Failure(format!("{} can't be written: {error}", (self.name)())))
    }
}
