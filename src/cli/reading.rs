//! Reading inputs: a first pass over captures for templates, where they can be read twice, then the decoding pass with its threads. Which
//! inputs are captures and which are files of exported flows, their content says; the flows of the latter come last.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock, OnceLock};

use crate::collector::{Collector, CollectorOptions, Digest, Flow, Sink, Stopped, Work, run};
use crate::dataset::{self, DatasetError, Faults, Sources, StoredColumn, StoredFile};
use crate::input::{Input, InputError, InputOptions, Location, Source};
use crate::keep;
use crate::plan::Schema;
use crate::write::TargetFile;

use super::options::Reading;
use super::outcome::Outcome;
use super::progress::Progress;
use super::{Ending, Failure, complain};

/// A run in two steps: [`Run::look_ahead`], then [`Run::decode`].
pub(super) struct Run<'a> {
    reading: &'a Reading,
    /// Numbers in [`Reading::locations`] of the captures that could be opened so far.
    readable: Vec<u32>,
    /// Files of exported flows, by the same numbers.
    stored: BTreeMap<u32, StoredFile>,
    /// Pipes that were opened to see what they are.
    peeked: BTreeMap<u32, Source>,
    /// Whether all captures can be read twice.
    twice: bool,
    /// Whether counters are to be multiplied by the sampling rates.
    scale: bool,
    progress: Progress,
    unreadable: bool,
    /// Where what the run knows at its end is kept.
    save: Option<TargetFile>,
}

impl<'a> Run<'a> {
    /// Prepares to read the inputs. A file for the templates that can't be made is an error now, before any work is done.
    pub(super) fn new(reading: &'a Reading) -> Result<Self, Failure> {
        let save = reading.save.as_deref().map(|path| store_target(path, "--save-templates")).transpose()?;
        let (mut readable, mut stored, mut unreadable) = (Vec::new(), BTreeMap::new(), false);
        let (mut twice, mut total) = (true, 0);
        for (number, location) in (0u32..).zip(&reading.locations) {
            let regular = is_regular(location);
            let table = if regular { StoredFile::recognise(location, &reading.input, &reading.elements) } else { Ok(None) };
            match table {
                Ok(Some(file)) => {
                    total += size(location);
                    stored.insert(number, file);
                }
                Ok(None) => {
                    twice &= regular;
                    total += 2 * size(location);
                    readable.push(number);
                }
                Err(error) => {
                    unreadable = true;
                    complain(&error);
                }
            }
        }
        catch_interrupts();
        let progress = Progress::start(reading.progress, if twice { total } else { 0 });
        Ok(Self { reading, readable, stored, peeked: BTreeMap::new(), twice, scale: false, progress, unreadable, save })
    }

    /// Columns of the files of exported flows, each once, in the order of the files. One that files have in different kinds gets the widest.
    pub(super) fn stored_columns(&self) -> Vec<StoredColumn> {
        dataset::all_columns(self.stored.values())
    }

    /// True if there are captures among the inputs; of a pipe it is known after [`Run::look_ahead`].
    pub(super) fn has_captures(&self) -> bool {
        !self.readable.is_empty()
    }

    /// Has files of exported flows say where they can't have their counters multiplied as it was asked for.
    pub(super) fn scale(&mut self, asked: bool) {
        self.scale = asked;
    }

    /// The files of exported flows; of pipes it is known after [`Run::look_ahead`].
    pub(super) fn stored_files(&self) -> impl Iterator<Item = &StoredFile> {
        self.stored.values()
    }

    /// The name of the first capture, if there is one; of a pipe it is known after [`Run::look_ahead`].
    pub(super) fn first_capture(&self) -> Option<String> {
        let number = *self.readable.first()?;
        self.reading.locations.get(number as usize).map(Location::to_string)
    }

    /// The name of the first file of exported flows, if there is one; of a pipe it is known after [`Run::look_ahead`].
    pub(super) fn first_stored(&self) -> Option<&str> {
        self.stored.values().next().map(StoredFile::name)
    }

    /// The files, where all inputs are files of exported flows.
    pub(super) fn stored_alone(&self) -> Option<Vec<PathBuf>> {
        if self.has_captures() || self.unreadable {
            return None;
        }
        let path = |location: &Location| match location {
            Location::Path(path) => Some(path.clone()),
            Location::Stdin => None,
        };
        self.reading.locations.iter().map(path).collect()
    }

    /// For commands that need what only captures tell.
    pub(super) fn needs_captures(&self, what: &str) -> Result<(), Failure> {
        let Some(name) = self.first_stored() else { return Ok(()) };
        Err(Failure(format!(
            "{name}: holds exported flows and no {what}; give the capture that they came from. Exported flows are read by `ipfix-inspect \
             FILE` and by flows, export, summary, query and conversations"
        )))
    }

    /// True if the inputs can be read twice, so that [`Run::look_ahead`] knows all templates.
    pub(super) fn looks_ahead(&self) -> bool {
        self.twice
    }

    /// A collector that knows what an earlier run kept.
    pub(super) fn collector(&self, options: CollectorOptions) -> Result<Collector, Failure> {
        let mut collector = Collector::new(options);
        if let Some((path, kept)) = &self.reading.kept {
            collector.keep(kept).map_err(|e| Failure(format!("--templates {}: {e}", path.display())))?;
        }
        Ok(collector)
    }

    /// The options for a collector of these columns.
    pub(super) fn collector_options(&self, schema: &Arc<Schema>) -> CollectorOptions {
        let reading = self.reading;
        CollectorOptions {
            ports: reading.ports.clone(),
            admission: reading.configured.as_ref().map(|c| c.admission(&reading.ports)).unwrap_or_default(),
            scope: reading.scope,
            limits: reading.limits,
            pending: reading.pending,
            sources: reading.exporters,
            elements: Arc::clone(&reading.elements),
            nesting: reading.nesting,
            hold: !self.twice,
            ..CollectorOptions::new(Arc::clone(schema))
        }
    }

    /// The first pass: learns the templates of all inputs that can be read twice. Flow files, which bring no templates, need none.
    pub(super) fn look_ahead(&mut self, collector: &mut Collector) {
        self.first_pass(collector, false);
    }

    /// The same, with the layouts of flow files too, where the columns follow from what occurs.
    pub(super) fn look_ahead_for_columns(&mut self, collector: &mut Collector) {
        self.first_pass(collector, true);
    }

    fn first_pass(&mut self, collector: &mut Collector, columns: bool) {
        self.look_into_pipes();
        if !self.twice {
            return;
        }
        for number in std::mem::take(&mut self.readable) {
            let learned = self.open(number, number).and_then(|mut input| {
                if !columns && input.holds_flows() {
                    return Ok(());
                }
                while let Some(batch) = input.next_batch()? {
                    if interrupted() {
                        break;
                    }
                    collector.learn(&batch);
                }
                Ok(())
            });
            match learned {
                Ok(()) => self.readable.push(number),
                Err(InputError::Read { .. }) => self.readable.push(number),
                Err(error) => self.refuse(&error),
            }
        }
        collector.rewind();
    }

    /// What comes from a pipe is known by its first octets alone.
    fn look_into_pipes(&mut self) {
        if self.twice {
            return;
        }
        self.twice = true;
        for number in std::mem::take(&mut self.readable) {
            let location = &self.reading.locations[number as usize];
            if is_regular(location) {
                self.readable.push(number);
                continue;
            }
            // Looked into before, for another pass: its first octets can't be read once more.
            if self.peeked.contains_key(&number) {
                self.readable.push(number);
                self.twice = false;
                continue;
            }
            let options = self.input_options();
            let found = Source::open(location, &options)
                .map_err(DatasetError::from)
                .and_then(|source| StoredFile::from_pipe(&location.to_string(), source, &self.reading.elements));
            match found {
                Ok(Ok(file)) => {
                    self.stored.insert(number, file);
                }
                Ok(Err(source)) => {
                    self.peeked.insert(number, source);
                    self.readable.push(number);
                    self.twice = false;
                }
                Err(error) => self.refuse(&error),
            }
        }
    }

    /// The decoding pass: everything goes through the collector, the batches through `digest`, the parts into `sink`.
    pub(super) fn decode<D, S>(mut self, mut collector: Collector, digest: &D, sink: &mut S) -> Result<Outcome, Failure>
    where
        D: Digest,
        S: Sink<D::Part>,
        S::Error: std::fmt::Display,
    {
        let (threads, reading, save, scale) = (self.reading.threads, self.reading, self.save.take(), self.scale);
        let mut stored_faults: Vec<(usize, Arc<Faults>)> = Vec::new();
        let faults = &mut stored_faults;
        let walked = run(
            threads,
            move |give| {
                let mut reports = Vec::new();
                let mut stopped = false;
                for number in std::mem::take(&mut self.readable) {
                    // Files are numbered as their reports are: those that can't be read have none.
                    match self.open(number, reports.len() as u32) {
                        Ok(mut input) => {
                            if let Err(error) = walk(&mut input, &mut collector, give, &mut stopped) {
                                self.refuse(&error);
                            }
                            reports.push(input.report().clone());
                        }
                        Err(error) => self.refuse(&error),
                    }
                    if stopped || interrupted() {
                        break;
                    }
                }
                collector.finish(&mut |work| {
                    let _ = give(work);
                });
                let options = self.input_options();
                let (batch_rows, batch_cells) = collector.batch_size();
                let sources = Arc::new(Sources::new(collector.census().sources.len() as u32, collector.census().layouts.len() as u32));
                for file in std::mem::take(&mut self.stored).into_values() {
                    if stopped || interrupted() {
                        break;
                    }
                    let schema = Arc::clone(collector.schema());
                    let reading = dataset::Reading {
                        file: reports.len() as u32,
                        schema,
                        scale,
                        batch_rows,
                        batch_cells,
                        sources: Arc::clone(&sources),
                        options: &options,
                    };
                    let mut give = |work: Work| {
                        stopped |= give(work).is_err();
                        !stopped && !interrupted()
                    };
                    let (report, found, ended) = file.read(&reading, &mut give);
                    faults.push((reports.len(), found));
                    reports.push(report);
                    if let Err(error) = ended {
                        self.refuse(&error);
                    }
                }
                Outcome { collector, reports, unreadable: self.unreadable, interrupted: interrupted() }
            },
            digest,
            &mut Stopping(sink),
        );
        let mut outcome = walked.map_err(Failure::of)?;
        // Complete only now: the workers found them.
        for (number, found) in stored_faults {
            if let Some(report) = outcome.reports.get_mut(number) {
                report.faults.extend(found.list());
            }
        }
        if !reading.quiet {
            outcome.tell_of_scale();
        }
        if let Some(hint) = reading.configured.as_ref().and_then(|c| c.nothing_arrived(outcome.collector.census())) {
            complain(&hint);
        }
        if let Some(target) = save {
            save_templates(&outcome, reading, target)?;
        }
        Ok(outcome)
    }

    /// Opens one of the locations; its datagrams say they come from `file`.
    fn open(&mut self, number: u32, file: u32) -> Result<Input, InputError> {
        let options = self.input_options();
        let location = &self.reading.locations[number as usize];
        match self.peeked.remove(&number) {
            Some(source) => Input::from_source(&location.to_string(), source, file, &options),
            None => Input::open(location, file, &options),
        }
    }

    fn input_options(&self) -> InputOptions {
        InputOptions { progress: Some(self.progress.counter()), stop: Some(Arc::clone(&STOP_WAITING)), ..self.reading.input.clone() }
    }

    fn refuse(&mut self, error: &dyn std::fmt::Display) {
        self.unreadable = true;
        complain(error);
    }
}

/// The file for the templates. One that is there already has to be a template file: a mistyped name must not cost a capture.
pub(super) fn store_target(path: &Path, option: &str) -> Result<TargetFile, Failure> {
    let is_file = fs::metadata(path).is_ok_and(|m| m.is_file());
    if is_file && !fs::read(path).is_ok_and(|octets| keep::may_replace(&octets)) {
        let name = path.display();
        return Err(Failure(format!("{option}: '{name}' exists and is no template file, so it is not replaced; name another")));
    }
    TargetFile::create(path, true).map_err(|e| Failure(format!("{option}: {e}")))
}

/// Writes what the run knows, also after an interrupt: what was learned until then is whole. Nothing is written where no input could be
/// read, and where --strict found damage.
fn save_templates(outcome: &Outcome, reading: &Reading, mut target: TargetFile) -> Result<(), Failure> {
    if outcome.reports.is_empty() || outcome.ending(reading) == Ending::Damage {
        return Ok(());
    }
    let collector = &outcome.collector;
    let text = keep::store_text(&collector.kept(), collector.elements());
    let written = target.write_all(text.as_bytes()).map_err(Failure::of).and_then(|()| target.commit().map_err(Failure::of));
    written.map_err(|e| Failure(format!("--save-templates: {e}")))
}

/// A sink that has all it wants, or fails, ends the wait for input.
struct Stopping<'a, S>(&'a mut S);

impl<P, S: Sink<P>> Sink<P> for Stopping<'_, S> {
    type Error = S::Error;

    fn absorb(&mut self, part: P) -> Result<Flow, S::Error> {
        let answer = self.0.absorb(part);
        if !matches!(answer, Ok(Flow::Continue)) {
            STOP_WAITING.store(true, Ordering::Relaxed);
        }
        answer
    }
}

fn walk(
    input: &mut Input,
    collector: &mut Collector,
    give: &mut dyn FnMut(crate::collector::Work) -> Result<(), Stopped>,
    stopped: &mut bool,
) -> Result<(), InputError> {
    while let Some(batch) = input.next_batch()? {
        collector.collect(&batch, &mut |work| *stopped |= give(work).is_err());
        if *stopped || interrupted() {
            break;
        }
    }
    Ok(())
}

static INTERRUPTED: AtomicBool = AtomicBool::new(false);
/// Ends inputs that wait for more: set by an interrupt, and when a sink has all it wants.
static STOP_WAITING: LazyLock<Arc<AtomicBool>> = LazyLock::new(Arc::default);

/// True once the user has asked to stop: what was read until then is given out whole.
pub(super) fn interrupted() -> bool {
    INTERRUPTED.load(Ordering::Relaxed)
}

/// What becomes true once the user has asked to stop.
pub(super) fn interrupt_flag() -> &'static AtomicBool {
    &INTERRUPTED
}

/// What ends inputs that wait for more, once it is true.
pub(super) fn stop_waiting() -> Arc<AtomicBool> {
    Arc::clone(&STOP_WAITING)
}

/// The first ^C ends the reading, and outputs are closed properly; a second one ends the program at once.
pub(super) fn catch_interrupts() {
    static ONCE: OnceLock<()> = OnceLock::new();
    ONCE.get_or_init(|| {
        let _ = ctrlc::set_handler(|| {
            if INTERRUPTED.swap(true, Ordering::Relaxed) {
                std::process::exit(130);
            }
            STOP_WAITING.store(true, Ordering::Relaxed);
        });
    });
}

fn is_regular(location: &Location) -> bool {
    match location {
        // What can't be looked at fails when it is opened, and says so there.
        Location::Path(path) => fs::metadata(path).map_or(true, |m| m.is_file() || m.is_dir()),
        Location::Stdin => false,
    }
}

fn size(location: &Location) -> u64 {
    match location {
        Location::Path(path) => fs::metadata(path).map_or(0, |m| m.len()),
        Location::Stdin => 0,
    }
}
