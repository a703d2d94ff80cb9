//! `--scale`, and files of exported flows whose counters were multiplied when they were written.

use crate::dataset::{Scaling, StoredFile};
use crate::plan::{Canonical, Schema, SchemaBuilder};

use super::Failure;
use super::reading::Run;

/// Whether the counters of a run are multiplied by the sampling rates: because it was asked for and something can be, or because all inputs
/// are files whose counters were before.
pub(super) fn are_multiplied(run: &Run<'_>, asked: bool) -> bool {
    let mut files = run.stored_files().map(StoredFile::scaling).filter(|scaling| *scaling != Scaling::NoCounters).peekable();
    if run.has_captures() || files.peek().is_none() {
        return asked;
    }
    if asked { files.any(Scaling::follows) } else { files.all(|scaling| scaling == Scaling::Multiplied) }
}

/// Refuses counters of which some are multiplied and others are not: no sum over them means anything.
pub(super) fn check(run: &Run<'_>, asked: bool, schema: &Schema) -> Result<(), Failure> {
    if asked || !schema.has_counters() {
        return Ok(());
    }
    let file = |wanted: &dyn Fn(Scaling) -> bool| run.stored_files().find(|file| wanted(file.scaling())).map(StoredFile::name);
    let Some(multiplied) = file(&|scaling| scaling == Scaling::Multiplied) else { return Ok(()) };
    let as_sent =
        run.first_capture().or_else(|| file(&|s| matches!(s, Scaling::AsSent | Scaling::NoRates | Scaling::Untold)).map(str::to_owned));
    match as_sent {
        Some(other) => Err(Failure(format!("{multiplied} holds multiplied counters, {other} does not; add --scale"))),
        None => Ok(()),
    }
}

/// Takes the sampling rates out of text with multiplied counters, which can't say of itself that they are: whoever reads it can't multiply them
/// once more then. `named` is true if the rates were asked for by their name.
pub(super) fn leave_rate_out(builder: &mut SchemaBuilder, named: bool) {
    if builder.is_scaled() && !named {
        builder.remove(Canonical::SamplingInterval.name());
    }
}
