//! Adds up flows by the questions that are asked, on all workers at a time.
//!
//! A worker takes a set of tables out of a pool for each batch and puts it back: there are as many sets as workers, and no flow waits for
//! another. Keys of a batch are made column by column, then each row is looked up in its table.

use std::sync::{Arc, Mutex, PoisonError};

use thiserror::Error;

use crate::collector::{Digest, Flow, Sink};
use crate::column::{FlowBatch, Run, Validity, Values};
use crate::plan::{Canonical, Schema};

use super::answer::{Answers, Table, Totals};
use super::counts::{Counts, Known};
use super::labels::Labels;
use super::layout::{Layout, Presence, ordered};
use super::moment::{Place, Spread, Times};
use super::question::{Question, Questions};
use super::ranking::Ranking;
use super::series::{MOST_INTERVALS, Series};
use super::spill::SpillError;
use super::store::{Bound, Shared, Store};
use super::touched::Touched;

/// Rows between two looks at whether a table is full.
const ROWS: usize = 2_048;

/// Why flows could not be added up.
#[derive(Debug, Error)]
pub enum SummaryError {
    /// The groups that don't fit memory could not be put aside.
    #[error(transparent)]
    Spill(#[from] SpillError),
    /// The intervals are too short for the time that the flows span.
    #[error("--every: the flows span more than {MOST_INTERVALS} intervals; choose a longer one")]
    Intervals,
}

/// The digest that adds up.
#[derive(Debug)]
pub struct Tally {
    questions: Questions,
    tables: Vec<(Layout, Arc<Shared>)>,
    pool: Mutex<Vec<Worker>>,
}

/// What one worker has added up.
#[derive(Debug)]
struct Worker {
    totals: Totals,
    series: Option<Series>,
    tables: Vec<WorkerTable>,
    times: Times,
    /// The times by which flows belong to intervals, where those are others.
    placed: Times,
    keys: Vec<u64>,
    key: Vec<u64>,
}

#[derive(Debug)]
struct WorkerTable {
    store: Store,
    /// Flows without a key.
    none: Counts,
    labels: Vec<Labels>,
    touched: Touched,
}

impl Tally {
    /// For batches of that schema, which [`Questions::columns`] took part in.
    pub fn new(questions: Questions, schema: &Schema) -> Self {
        let (groups, words) = questions.bound();
        let interval = questions.every.is_some();
        let table = |question: &Question| {
            let layout = Layout::new(&question.by, interval, schema);
            let shared = Shared::new(layout.length(), Bound { groups, words });
            (layout, shared)
        };
        Self { tables: questions.tables.iter().map(table).collect(), questions, pool: Mutex::new(Vec::new()) }
    }

    fn worker(&self) -> Worker {
        let Questions { every, place, series, workers, .. } = self.questions;
        let table = |((_, shared), question): (&(Layout, Arc<Shared>), &Question)| {
            let by_exporter = question.by.iter().any(|p| p.is_canonical() == Some(Canonical::Exporter));
            let names = question.by.iter().filter_map(|p| p.is_canonical()).filter_map(|c| Some((c, Labels::column(c)?)));
            let labels = names.filter(|_| self.questions.names).map(|(number, name)| Labels::new(number, name, by_exporter));
            WorkerTable {
                store: Store::new(shared, workers),
                none: Counts::default(),
                labels: labels.collect(),
                touched: Touched::default(),
            }
        };
        Worker {
            totals: Totals::default(),
            series: series.then(|| Series::new(every, place)),
            tables: self.tables.iter().zip(&self.questions.tables).map(table).collect(),
            times: Times::default(),
            placed: Times::default(),
            keys: Vec::new(),
            key: Vec::new(),
        }
    }

    fn add(&self, worker: &mut Worker, batch: &FlowBatch) -> Result<(), SummaryError> {
        let Worker { totals, series, tables, times, placed, keys, key } = worker;
        times.read(batch, false);
        let received = self.questions.place == Place::Received && (series.is_some() || self.questions.every.is_some());
        let placed = if received {
            placed.read(batch, true);
            &*placed
        } else {
            &*times
        };
        let rows = Rows::new(batch, times, placed);
        totals.add(batch, &rows);
        if let Some(series) = series {
            for (row, (packets, bytes)) in rows.packets.iter().zip(rows.bytes).enumerate() {
                series.add(placed.of(row), *packets, *bytes);
                if row % ROWS == 0 && !series.check() {
                    return Err(SummaryError::Intervals);
                }
            }
        }
        for (table, (layout, _)) in tables.iter_mut().zip(&self.tables) {
            table.labels.iter_mut().for_each(|l| l.read(batch));
            if let Some(every) = self.questions.every {
                layout.encode(batch, keys);
                table.by_interval(layout, batch, &rows, (keys, key), every, self.questions.place)?;
            } else if layout.is_context() {
                table.by_run(layout, batch, &rows, key)?;
            } else if layout.is_null(batch) {
                table.as_one(layout, batch, &rows, key)?;
            } else {
                layout.encode(batch, keys);
                table.by_row(layout, batch, &rows, (keys, key))?;
            }
        }
        Ok(())
    }

    /// The answers, once the run has ended.
    ///
    /// # Errors
    /// Groups that were put aside can't be read back; there are too many intervals.
    pub fn finish(self) -> Result<Answers, SummaryError> {
        let mut workers = self.pool.into_inner().unwrap_or_else(PoisonError::into_inner);
        let mut totals = Totals::default();
        let mut series: Option<Series> = None;
        for worker in &mut workers {
            totals.merge(&worker.totals);
            let Some(own) = worker.series.take() else { continue };
            match &mut series {
                Some(all) => {
                    if !all.merge(own) {
                        return Err(SummaryError::Intervals);
                    }
                }
                None => series = Some(own),
            }
        }
        if self.questions.series && series.is_none() {
            series = Some(Series::new(self.questions.every, self.questions.place));
        }
        let mut stores: Vec<Vec<WorkerTable>> = self.tables.iter().map(|_| Vec::new()).collect();
        for worker in workers {
            stores.iter_mut().zip(worker.tables).for_each(|(all, own)| all.push(own));
        }
        let mut tables = Vec::new();
        for ((question, (layout, _)), stores) in self.questions.tables.into_iter().zip(self.tables).zip(stores) {
            tables.push(finish_table(question, &layout, stores, self.questions.every)?);
        }
        let series = match &mut series {
            Some(series) => {
                let intervals = series.intervals().ok_or(SummaryError::Intervals)?;
                Some(super::answer::Series { every: series.length(), intervals, timeless: series.timeless(), known: totals.known() })
            }
            None => None,
        };
        Ok(Answers { totals, series, tables })
    }
}

fn finish_table(question: Question, layout: &Layout, tables: Vec<WorkerTable>, every: Option<i64>) -> Result<Table, SummaryError> {
    let mut none = Counts::default();
    let mut labels: Vec<Labels> = Vec::new();
    let mut stores = Vec::new();
    for table in tables {
        none.add(&table.none);
        match labels.is_empty() {
            true => labels = table.labels,
            false => labels.iter_mut().zip(table.labels).for_each(|(all, own)| all.merge(own)),
        }
        stores.push(table.store);
    }
    let Question { order, top, .. } = question;
    let mut rankings: std::collections::BTreeMap<Option<i64>, Ranking> = std::collections::BTreeMap::new();
    let mut groups = 0u64;
    let mut take = |key: Option<&[u64]>, counts: &Counts| {
        groups += 1;
        let interval = key.and_then(|key| layout.interval(key)).filter(|interval| *interval != i64::MIN);
        rankings.entry(interval).or_insert_with(|| Ranking::new(order, top)).offer(key, counts);
    };
    let spilled = Store::finish(stores, &mut |key, counts| take(Some(key), counts))?;
    if none.flows > 0 {
        take(None, &none);
    }
    // Each worker has seen to it for its own flows.
    if rankings.len() > MOST_INTERVALS {
        return Err(SummaryError::Intervals);
    }
    let ranked =
        rankings.into_iter().flat_map(|(interval, ranking)| ranking.into_groups().map(move |(key, counts)| (interval, key, counts)));
    Ok(Table::new(question, layout, &labels, every, ranked, groups, spilled))
}

impl Digest for Tally {
    type Part = Result<(), SummaryError>;

    fn digest(&self, batch: &FlowBatch) -> Self::Part {
        let pooled = self.pool.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut worker = pooled.unwrap_or_else(|| self.worker());
        let added = self.add(&mut worker, batch);
        self.pool.lock().unwrap_or_else(PoisonError::into_inner).push(worker);
        added
    }
}

/// Ends the run when adding up failed.
#[derive(Clone, Copy, Debug, Default)]
pub struct TallySink;

impl Sink<Result<(), SummaryError>> for TallySink {
    type Error = SummaryError;

    fn absorb(&mut self, part: Result<(), SummaryError>) -> Result<Flow, SummaryError> {
        part.map(|()| Flow::Continue)
    }
}

/// What is added up, row by row. Null counters hold 0.
pub(super) struct Rows<'a> {
    pub(super) bytes: &'a [u64],
    pub(super) packets: &'a [u64],
    /// The counters that all rows have.
    known: Known,
    /// Which rows have one, where some do.
    gaps: [(Known, Option<&'a Validity>); 2],
    pub(super) times: &'a Times,
    placed: &'a Times,
}

impl<'a> Rows<'a> {
    fn new(batch: &'a FlowBatch, times: &'a Times, placed: &'a Times) -> Self {
        let mut known = Known::NONE;
        let gaps = [(Canonical::Packets, Known::PACKETS), (Canonical::Bytes, Known::BYTES)].map(|(canonical, which)| {
            let validity = batch.canonical(canonical).map(|column| &column.validity);
            if validity.is_some_and(|v| v.nulls() == 0) {
                known = known.or(which);
            }
            (which, validity.filter(|v| v.nulls() > 0 && v.nulls() < v.len()))
        });
        let (bytes, packets) = (unsigned(batch, Canonical::Bytes), unsigned(batch, Canonical::Packets));
        Self { bytes, packets, known, gaps, times, placed }
    }

    /// The counters that a row has.
    #[inline(always)]
    fn known(&self, row: usize) -> Known {
        let mut known = self.known;
        for (which, gaps) in self.gaps {
            if gaps.is_some_and(|validity| validity.get(row)) {
                known = known.or(which);
            }
        }
        known
    }

    /// A row as a sum of its own.
    #[inline(always)]
    fn counts(&self, row: usize) -> Counts {
        Counts::row(self.packets[row], self.bytes[row], self.known(row), self.times.first[row], self.times.last[row])
    }

    /// The sum of a run's rows.
    pub(super) fn run(&self, run: &Run) -> Counts {
        let mut sum = Counts::default();
        (run.start..run.start + run.rows).for_each(|row| sum.add(&self.counts(row)));
        sum
    }
}

/// The values of a column of 64 bits; 0 for null.
pub(super) fn unsigned(batch: &FlowBatch, column: Canonical) -> &[u64] {
    match batch.canonical(column).map(|c| &c.values) {
        Some(Values::U64(values)) => values,
        _ => &[],
    }
}

impl WorkerTable {
    /// Where each run has one key.
    fn by_run(&mut self, layout: &Layout, batch: &FlowBatch, rows: &Rows<'_>, key: &mut Vec<u64>) -> Result<(), SpillError> {
        for run in batch.runs() {
            let counts = rows.run(run);
            if layout.of_run(run, key) {
                self.store.groups().add(key, &counts);
                self.store.check()?;
            } else {
                self.none.add(&counts);
            }
        }
        Ok(())
    }

    /// Where no row has a value.
    fn as_one(&mut self, layout: &Layout, batch: &FlowBatch, rows: &Rows<'_>, key: &mut Vec<u64>) -> Result<(), SpillError> {
        let mut counts = Counts::default();
        batch.runs().iter().for_each(|run| counts.add(&rows.run(run)));
        if counts.flows > 0 && layout.null_key(key) {
            self.store.groups().add(key, &counts);
            return self.store.check();
        }
        self.none.add(&counts);
        Ok(())
    }

    /// Where each row has a key of its own.
    fn by_row(
        &mut self,
        layout: &Layout,
        batch: &FlowBatch,
        rows: &Rows<'_>,
        (keys, key): (&[u64], &mut Vec<u64>),
    ) -> Result<(), SpillError> {
        let presence = layout.presence(batch);
        match layout.words() {
            1 if !layout.has_texts() => self.fixed::<1>(keys, rows, presence),
            2 if !layout.has_texts() => self.fixed::<2>(keys, rows, presence),
            3 if !layout.has_texts() => self.fixed::<3>(keys, rows, presence),
            4 if !layout.has_texts() => self.fixed::<4>(keys, rows, presence),
            5 if !layout.has_texts() => self.fixed::<5>(keys, rows, presence),
            words => {
                for (row, fixed) in keys.chunks_exact(words).enumerate() {
                    let counts = rows.counts(row);
                    if layout.has_texts() {
                        layout.with_texts(batch, row, fixed, key);
                        self.store.groups().add(key, &counts);
                    } else {
                        self.store.groups().add(fixed, &counts);
                    }
                    self.store.check()?;
                }
                Ok(())
            }
        }
    }

    fn fixed<const W: usize>(&mut self, keys: &[u64], rows: &Rows<'_>, presence: Presence<'_>) -> Result<(), SpillError> {
        for (number, keys) in keys.as_chunks::<W>().0.chunks(ROWS).enumerate() {
            let start = number * ROWS;
            let groups = self.store.groups();
            match presence {
                Presence::All => groups.add_all(keys, |at| rows.counts(start + at)),
                Presence::None => (start..start + keys.len()).for_each(|row| self.none.add(&rows.counts(row))),
                Presence::Some(validity) => {
                    for (row, key) in (start..).zip(keys) {
                        if validity.get(row) {
                            groups.add(key, &rows.counts(row));
                        } else {
                            self.none.add(&rows.counts(row));
                        }
                    }
                }
            }
            self.store.check()?;
        }
        Ok(())
    }

    /// Where each row has a key for each interval that it belongs to.
    fn by_interval(
        &mut self,
        layout: &Layout,
        batch: &FlowBatch,
        rows: &Rows<'_>,
        (keys, key): (&[u64], &mut Vec<u64>),
        every: i64,
        place: Place,
    ) -> Result<(), SummaryError> {
        for (row, fixed) in keys.chunks_exact(layout.words()).enumerate() {
            if layout.has_texts() {
                layout.with_texts(batch, row, fixed, key);
            } else {
                key.clear();
                key.extend_from_slice(fixed);
            }
            let groups = self.store.groups();
            let (word, known) = (layout.interval_word(), rows.known(row));
            match rows.placed.of(row) {
                Some(times) => {
                    let spread = Spread::new(place, every, times, rows.packets[row], rows.bytes[row]);
                    if !self.touched.add(spread.head.0, spread.tail.map_or(spread.head.0, |tail| tail.0)) {
                        return Err(SummaryError::Intervals);
                    }
                    spread.each(times, |at, counts| {
                        key[word] = ordered(at.saturating_mul(every));
                        groups.add(key, &counts.with_known(known));
                    });
                }
                // A flow without a time has an interval of its own, before all others.
                None => {
                    key[word] = ordered(i64::MIN);
                    groups.add(key, &rows.counts(row));
                }
            }
            self.store.check()?;
        }
        Ok(())
    }
}
