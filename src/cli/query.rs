//! `query`: SQL over the flows and over what was counted.

use std::io::{self, BufWriter, ErrorKind, Write};
use std::path::Path;
use std::sync::Arc;

use crate::collector::{CollectorOptions, LayoutKind, Records};
use crate::plan::{Canonical, Schema};
use crate::query::{self, Answer, Engine, Facts, FlowFrames, FlowStore, OptionFrames, OptionStore, Output, Rows, Sql, Table, Touched};
use crate::report;
use crate::summary::{HeadAndSums, Overview};
use crate::write::TargetFile;

use super::columns::{Decoding, Settled};
use super::filtering::Wanted;
use super::options::{QueryForm, QueryOptions, Reading};
use super::outcome::Outcome;
use super::reading::{Run, interrupted};
use super::{Ending, Failure, complain, print};

/// Rows of a table for people: nobody reads more, and all of them would have to be in memory for the widths.
const MOST_SHOWN: u32 = 10_000;
/// Where polars looks for the number of groups that a thread keeps at a time.
#[cfg(unix)]
const GROUPS_VARIABLE: &str = "POLARS_HOT_TABLE_SIZE";
/// A power of two; some 20 MB a thread.
#[cfg(unix)]
const MOST_GROUPS: usize = 1 << 18;
/// Rows of a batch, which becomes a row group: the engine has several under way at a time, so they are smaller than those of a file to keep.
const ROW_GROUP_ROWS: usize = 1 << 16;

/// Has polars keep more groups at a time: with its own 4,096, every flow of the others waits in memory until the end, so that a GROUP BY
/// of many flows by source would need memory for all of them. It takes the number from its environment alone, which a program can't
/// change safely in itself: so the program begins anew with it, before it has read anything. Where that can't be, it goes on as it is.
pub(super) fn with_many_groups() {
    #[cfg(unix)]
    {
        use std::os::unix::process::CommandExt;
        let mut arguments = std::env::args_os();
        if std::env::var_os(GROUPS_VARIABLE).is_none()
            && let (Some(name), Ok(program)) = (arguments.next(), std::env::current_exe())
        {
            // Returns only if it fails.
            let _ = std::process::Command::new(program).arg0(name).args(arguments).env(GROUPS_VARIABLE, MOST_GROUPS.to_string()).exec();
        }
    }
}

pub(super) fn run(options: &QueryOptions) -> Result<Ending, Failure> {
    let mut engine = Engine::new();
    for (name, path) in &options.tables {
        engine.user_table(name, path).map_err(Failure::of)?;
    }
    let target = match &options.output {
        Some(path) => Some(TargetFile::create(path, options.force).map_err(Failure::of)?),
        None => None,
    };
    let touches = Touches::of(&options.sql);
    let decoding = Decoding::begin_with(&options.reading, |collector| match touches.flows {
        true => CollectorOptions { batch_rows: ROW_GROUP_ROWS, ..collector },
        false => collector,
    })?;
    if touches.options && touches.run() && !decoding.looks_ahead() {
        let why = "a pipe can be read only once: options data and other tables can't be asked together; save the capture to a file";
        return Err(Failure(why.to_owned()));
    }
    let touched = touches.flows.then(|| options.sql.touched());
    let (settled, columns) = decoding.settle_for_sql(touched, &options.filter, options.scale, |builder| {
        if touches.counts {
            [Canonical::Protocol, Canonical::Bytes, Canonical::Packets].iter().for_each(|c| {
                builder.hidden_canonical(*c);
            });
        }
    })?;
    engine.columns_of_flows(columns.offered, columns.synonyms);
    tables_without_rows(&mut engine, &settled, &touches)?;
    // Which options templates there are, a pipe tells at its end.
    let told_later = touches.options && !settled.run.looks_ahead() && options.sql.asks_rows();
    if told_later && options.explain {
        return Err(Failure("--explain: a pipe tells its options templates at its end; save the capture to a file".to_owned()));
    }
    if !told_later {
        engine.check(&options.sql).map_err(Failure::of)?;
    }
    if touches.counts || touches.options {
        settled.run.needs_captures("counts of exporters, templates and options data, which this SQL asks for")?;
    }
    if options.explain {
        print(&explained(options, &settled, &engine.answer(&options.sql).map_err(Failure::of)?)?)?;
        return Ok(Ending::Done);
    }
    if !options.sql.asks_rows() {
        return give(options, engine.answer(&options.sql).map_err(Failure::of)?, target).map(|()| Ending::Done);
    }
    let (ending, has_damage) = fill(options, &mut engine, settled, &touches)?;
    match ending {
        None => return Ok(Ending::Unreadable),
        Some(Ending::Interrupted) => {
            complain(&"interrupted, so there is no answer");
            return Ok(Ending::Interrupted);
        }
        Some(Ending::Damage) => {
            complain(&"--strict: problems were found, so there is no answer; `ipfix-inspect FILE` shows them");
            return Ok(Ending::Damage);
        }
        Some(_) => {}
    }
    give(options, engine.answer(&options.sql).map_err(Failure::of)?, target)?;
    if interrupted() {
        return Ok(Ending::Interrupted);
    }
    if has_damage && !options.reading.quiet && !options.sql.touched().table(Table::Problems.name()) {
        complain(&"problems were found on the way; `ipfix-inspect FILE` shows them");
    }
    Ok(ending.unwrap_or(Ending::Done))
}

/// Which passes over the input a query needs.
struct Touches {
    flows: bool,
    /// Exporters, templates, fields or problems.
    counts: bool,
    options: bool,
}

impl Touches {
    fn of(sql: &Sql) -> Self {
        let touched: &Touched = sql.touched();
        let all = !sql.asks_rows();
        let has = |table: Table| all || touched.table(table.name());
        Self {
            flows: has(Table::Flows),
            counts: has(Table::Exporters) || has(Table::Templates) || has(Table::Fields) || has(Table::Problems),
            options: has(Table::Options) || touched.tables().any(|t| t.starts_with("options_")),
        }
    }

    /// True if flows are decoded.
    fn run(&self) -> bool {
        self.flows || self.counts
    }
}

/// The tables as they are before anything is decoded.
fn tables_without_rows(engine: &mut Engine, settled: &Settled<'_>, touches: &Touches) -> Result<(), Failure> {
    let collector = &settled.collector;
    if touches.flows {
        engine.flows(FlowStore::new(&settled.schema, Path::new("."))).map_err(Failure::of)?;
    }
    if touches.counts {
        engine.tables(query::empty_tables(collector).map_err(Failure::of)?);
    }
    if touches.options {
        let none = OptionStore::default();
        engine.tables(none.tables(collector.elements(), collector.templates().definitions(), |_| None).map_err(Failure::of)?);
    }
    Ok(())
}

/// Decodes what the query asks for; how the passes ended, and whether something worse than a note was found that nobody has been told of.
fn fill(options: &QueryOptions, engine: &mut Engine, settled: Settled<'_>, touches: &Touches) -> Result<(Option<Ending>, bool), Failure> {
    let reading = &options.reading;
    let mut ended = (Some(Ending::Done), false);
    if touches.flows && !touches.counts && matches!(options.filter, Wanted::All) && !options.scale {
        let files = settled.run.stored_alone();
        if files.is_some_and(|files| engine.flows_in_place(&files)) {
            return Ok(ended);
        }
    }
    let mut unused = None;
    if !touches.run() {
        unused = Some(settled.run);
    } else {
        let mut store = FlowStore::new(&settled.schema, &options.temp_dir);
        let digest = FlowFrames::new(&settled.schema, touches.flows, touches.counts, settled.selection);
        let outcome = settled.run.decode(settled.collector, &digest, &mut store)?;
        ended = how(&outcome, reading);
        if !matches!(ended.0, Some(Ending::Done | Ending::Unreadable)) {
            return Ok(ended);
        }
        let by_layout = std::mem::take(&mut store.by_layout);
        if touches.flows {
            engine.flows(store).map_err(Failure::of)?;
        }
        if touches.counts {
            let sums = HeadAndSums { by_layout: by_layout.clone(), head: Vec::new() };
            let overview = Overview::new(&outcome.reports, &outcome.collector, sums, Arc::clone(&options.profile));
            let facts = Facts { overview: &overview, collector: &outcome.collector, by_layout: &by_layout };
            engine.tables(facts.tables().map_err(Failure::of)?);
        }
    }
    if touches.options {
        let outcome = options_pass(engine, reading, unused)?;
        if !touches.run() || outcome.0 != Some(Ending::Done) {
            ended = outcome;
        }
    }
    Ok(ended)
}

/// How a pass ended, `None` if no input could be read; whether something was found that nobody has been told of.
fn how(outcome: &Outcome, reading: &Reading) -> (Option<Ending>, bool) {
    ((!outcome.reports.is_empty()).then(|| outcome.ending(reading)), outcome.has_untold_damage())
}

/// A pass over the records of options data, by a run that has decoded nothing yet (it may hold the beginning of a pipe), else by one of its own:
/// then the other pass keeps what is to be kept for later runs.
fn options_pass(engine: &mut Engine, reading: &Reading, unused: Option<Run<'_>>) -> Result<(Option<Ending>, bool), Failure> {
    let own = Reading { save: None, ..reading.clone() };
    let mut run = match unused {
        Some(run) => run,
        None => Run::new(&own)?,
    };
    let collector_options = CollectorOptions { records: Records::Options, ..run.collector_options(&Arc::new(Schema::default())) };
    let mut collector = run.collector(collector_options)?;
    run.look_ahead(&mut collector);
    let mut store = OptionStore::default();
    let outcome = run.decode(collector, &OptionFrames, &mut store)?;
    let collector = &outcome.collector;
    let definition = |layout: u32| match collector.census().layouts.get(layout as usize)?.kind {
        LayoutKind::Template(id) => collector.templates().definition(id).cloned(),
        LayoutKind::Fixed(_) => None,
    };
    engine.tables(store.tables(collector.elements(), collector.templates().definitions(), definition).map_err(Failure::of)?);
    Ok(how(&outcome, reading))
}

/// What would be decoded, and the engine's plan.
fn explained(options: &QueryOptions, settled: &Settled<'_>, answer: &Answer) -> Result<String, Failure> {
    let columns: Vec<&str> = settled.schema.columns().iter().filter(|c| !c.hidden).map(|c| c.name.as_str()).collect();
    let mut out = String::new();
    if options.sql.touched().table(Table::Flows.name()) {
        let columns = if columns.is_empty() { "none, rows alone".to_owned() } else { columns.join(", ") };
        out.push_str(&format!("Columns of flows that are decoded: {columns}\n"));
    }
    if let Some(filter) = &options.filter_text {
        out.push_str(&format!("Filter before SQL: {filter}\n"));
    }
    out.push_str(&format!(
        "SQL as the engine gets it: {}\n\nPlan, to be read from the bottom:\n{}\n",
        answer.text(),
        answer.plan().map_err(Failure::of)?
    ));
    Ok(out)
}

/// Runs the query and gives out its rows.
fn give(options: &QueryOptions, answer: Answer, target: Option<TargetFile>) -> Result<(), Failure> {
    match target {
        Some(mut target) => {
            let out = BufWriter::with_capacity(1 << 20, &mut target);
            let whole = rows(options, answer, out).map_err(|e| Failure(format!("{}: {e}", named(options.output.as_deref()))))?;
            if whole { target.commit().map_err(Failure::of) } else { Ok(()) }
        }
        None => match rows(options, answer, BufWriter::with_capacity(1 << 16, io::stdout())) {
            Ok(_) => Ok(()),
            Err(Trouble::Output(e)) if e.kind() == ErrorKind::BrokenPipe => Ok(()),
            Err(error) => Err(Failure::of(error)),
        },
    }
}

fn named(path: Option<&Path>) -> String {
    path.map_or_else(String::new, |p| p.display().to_string())
}

/// What can go wrong when rows are given out.
#[derive(Debug, thiserror::Error)]
enum Trouble {
    #[error("{0}")]
    Query(#[from] query::QueryError),
    #[error("{0}")]
    Output(#[from] io::Error),
}

/// Writes the rows; false if an interrupt came before the last one.
fn rows(options: &QueryOptions, answer: Answer, out: impl Write + Send) -> Result<bool, Trouble> {
    let schema = Arc::clone(answer.schema());
    match options.form {
        QueryForm::Rows(form) => {
            let mut rows = answer.run(None);
            let mut output = Output::begin(form, out, &schema)?;
            while let Some(batch) = next(&mut rows)? {
                output.batch(&batch)?;
            }
            if interrupted() {
                return Ok(false);
            }
            output.finish()?;
        }
        QueryForm::Table => table(options, answer, out)?,
    }
    Ok(!interrupted())
}

fn next(rows: &mut Rows) -> Result<Option<query::Batch>, Trouble> {
    Ok(rows.next(|| !interrupted())?.filter(|_| !interrupted()))
}

fn table(options: &QueryOptions, answer: Answer, mut out: impl Write) -> Result<(), Trouble> {
    let mut columns = query::shown_without_rows(answer.schema());
    let mut rows = answer.run(Some(MOST_SHOWN + 1));
    let mut count = 0usize;
    while let Some(batch) = next(&mut rows)? {
        for (all, more) in columns.iter_mut().zip(query::shown(&batch)) {
            count = count.max(all.cells.len() + more.cells.len());
            all.cells.extend(more.cells);
        }
    }
    if interrupted() {
        return Ok(());
    }
    let most = MOST_SHOWN as usize;
    columns.iter_mut().for_each(|c| c.cells.truncate(most));
    out.write_all(report::result_table(&columns, &options.style).as_bytes())?;
    out.flush()?;
    if count > most && !options.reading.quiet {
        complain(&format!("only the first {most} rows are shown; LIMIT and WHERE choose, --format csv or -o FILE give all"));
    }
    Ok(())
}
