//! Flows of a live run into files that follow each other: which flow source's flows go into which folder, what the workers make of a batch, and
//! when files are whole.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use crate::collector::Digest;
use crate::column::FlowBatch;
use crate::config::{ExportFormat, Rotation};
use crate::element::Elements;
use crate::plan::Schema;
use crate::relay::{end_of, now};
use crate::summary::LiveExport;
use crate::time::Timestamp;
use crate::write::{
    ColumnarOptions, Compression, Form, Format, ParquetFiles, ParquetForm, Partitioning, Provenance, RotatingSink, Share, Shares,
    TextFiles, TooMany,
};

use super::super::options::{ListenExport, ListenSource};

/// Partitions at most: files of a folder for each.
const MOST_PARTITIONS: usize = 10_000;
/// How long nothing is tried after the disk was full.
const PAUSE: Duration = Duration::from_secs(5);

/// Where the flows of each flow source go. A reload changes it while the run goes on.
#[derive(Debug, Default)]
pub(super) struct Routes(RwLock<Arc<Plan>>);

#[derive(Clone, Debug, Default)]
struct Plan {
    /// Folders that there are or were: one that is no longer used keeps its number.
    targets: Vec<Target>,
    /// The targets by the numbers of flow sources.
    of_source: Vec<Option<usize>>,
}

#[derive(Clone, Debug)]
struct Target {
    export: ListenExport,
    /// The flow sources, as the files tell of them.
    sources: Vec<String>,
}

impl Routes {
    /// The flow sources in the order of their numbers; one that is closed is `None`.
    pub(super) fn change<'s>(&self, sources: impl Iterator<Item = Option<&'s ListenSource>>) {
        let mut place = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let mut plan = Plan { targets: place.targets.clone(), of_source: Vec::new() };
        let mut wanted: Vec<Target> = Vec::new();
        let sources: Vec<_> = sources.collect();
        for source in sources.iter().flatten() {
            let Some(export) = &source.export else { continue };
            let told = format!("{} port {}", source.name, source.port.port);
            match wanted.iter_mut().find(|t| t.export == *export) {
                Some(target) => target.sources.push(told),
                None => wanted.push(Target { export: export.clone(), sources: vec![told] }),
            }
        }
        for target in wanted {
            if !plan.targets.iter().any(|t| (&t.export, &t.sources) == (&target.export, &target.sources)) {
                plan.targets.push(target);
            }
        }
        // The latest target of the same folder is the one with the sources as they are now.
        let number = |s: &Option<&ListenSource>| {
            let export = s.as_ref()?.export.as_ref()?;
            plan.targets.iter().rposition(|t| t.export == *export)
        };
        plan.of_source = sources.iter().map(number).collect();
        *place = Arc::new(plan);
    }

    fn plan(&self) -> Arc<Plan> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Plan {
    fn target(&self, source: u32) -> Option<usize> {
        self.of_source.get(usize::try_from(source).ok()?).copied().flatten()
    }

    /// The targets of a batch, with the numbers of their rows; `None` in place of them if they are all rows.
    fn divide(&self, batch: &FlowBatch) -> Vec<(usize, Option<Vec<u32>>)> {
        let mut targets = batch.runs().iter().map(|run| self.target(run.context.origin.file));
        let first = targets.next().flatten();
        if targets.all(|target| target == first) {
            return first.map(|target| (target, None)).into_iter().collect();
        }
        let mut divided: BTreeMap<usize, Vec<u32>> = BTreeMap::new();
        for run in batch.runs() {
            if let Some(target) = self.target(run.context.origin.file) {
                let rows = (run.start..run.start + run.rows).filter_map(|row| u32::try_from(row).ok());
                divided.entry(target).or_default().extend(rows);
            }
        }
        divided.into_iter().map(|(target, rows)| (target, Some(rows))).collect()
    }
}

/// What encodes flows, in each of the forms.
#[derive(Debug)]
pub(super) struct ExportForms {
    schema: Arc<Schema>,
    elements: Arc<Elements>,
    parquet: ParquetFiles,
    text: TextFiles,
}

impl ExportForms {
    pub(super) fn new(schema: &Arc<Schema>, elements: &Arc<Elements>) -> Self {
        let parquet = parquet(schema, Provenance { sources: Vec::new(), elements: Arc::clone(elements) });
        let text = TextFiles::new(Arc::clone(schema), Format::Csv, false, Compression::None);
        Self { schema: Arc::clone(schema), elements: Arc::clone(elements), parquet, text }
    }
}

fn parquet(schema: &Arc<Schema>, provenance: Provenance) -> ParquetFiles {
    ParquetFiles::new(ParquetForm::new(Arc::clone(schema), ColumnarOptions::default()), provenance)
}

/// What the workers make of a batch.
pub(super) struct ExportDigest<'a> {
    routes: &'a Routes,
    parquet: Shares<'a, ParquetFiles>,
    text: Shares<'a, TextFiles>,
}

type Shared<F> = Result<Vec<Share<<F as Form>::Piece>>, TooMany>;

/// What a batch has for the files of one folder.
pub(super) struct ExportPart {
    target: usize,
    rows: u64,
    content: Content,
}

enum Content {
    Parquet(Shared<ParquetFiles>),
    Text(Shared<TextFiles>),
}

impl<'a> ExportDigest<'a> {
    pub(super) fn new(forms: &'a ExportForms, routes: &'a Routes, partition_by: &[String]) -> Self {
        let partitioning = || (!partition_by.is_empty()).then(|| Partitioning::new(partition_by, &forms.schema, MOST_PARTITIONS)).flatten();
        Self { routes, parquet: Shares::new(&forms.parquet, partitioning()), text: Shares::new(&forms.text, partitioning()) }
    }

    pub(super) fn digest(&self, batch: &FlowBatch) -> Vec<ExportPart> {
        let plan = self.routes.plan();
        let part = |(number, rows): (usize, Option<Vec<u32>>)| {
            let target = plan.targets.get(number)?;
            Some(match rows {
                None => self.part(number, target, batch),
                Some(rows) => self.part(number, target, &batch.take(&rows)),
            })
        };
        plan.divide(batch).into_iter().filter_map(part).collect()
    }

    fn part(&self, number: usize, target: &Target, batch: &FlowBatch) -> ExportPart {
        let content = match target.export.format {
            ExportFormat::Parquet => Content::Parquet(self.parquet.digest(batch)),
            ExportFormat::Csv => Content::Text(self.text.digest(batch)),
        };
        ExportPart { target: number, rows: batch.rows() as u64, content }
    }
}

/// Writes the files of all folders.
pub(super) struct Exporters<'a> {
    forms: &'a ExportForms,
    routes: &'a Routes,
    /// By the numbers of the targets.
    all: Vec<Exporter>,
}

impl<'a> Exporters<'a> {
    pub(super) fn new(forms: &'a ExportForms, routes: &'a Routes) -> Self {
        let mut own = Self { forms, routes, all: Vec::new() };
        own.follow(&routes.plan());
        own
    }

    /// Begins what a reload has added.
    fn follow(&mut self, plan: &Plan) {
        for target in plan.targets.iter().skip(self.all.len()) {
            self.all.push(Exporter::new(self.forms, target));
        }
    }

    /// Takes what a batch has, and ends files whose time has come.
    pub(super) fn put(&mut self, parts: Vec<ExportPart>) {
        let time = now();
        let plan = self.routes.plan();
        self.follow(&plan);
        for (number, exporter) in self.all.iter_mut().enumerate() {
            exporter.rotate_if_due(time, plan.of_source.contains(&Some(number)));
        }
        for part in parts {
            if let Some(exporter) = self.all.get_mut(part.target) {
                exporter.put(part, time);
            }
        }
    }

    /// Makes all that is open whole.
    pub(super) fn finish(&mut self) {
        self.all.iter_mut().for_each(Exporter::rotate);
    }

    /// What each folder has come to; one that a reload has only told other sources of is counted together.
    pub(super) fn counts(&self) -> Vec<LiveExport> {
        let mut told: Vec<LiveExport> = Vec::new();
        for exporter in &self.all {
            let counts = exporter.counts();
            match told.iter_mut().find(|t| t.folder == counts.folder) {
                Some(same) => {
                    (same.flows, same.lost, same.files) = (same.flows + counts.flows, same.lost + counts.lost, same.files + counts.files);
                    same.stopped |= counts.stopped;
                }
                None => told.push(counts),
            }
        }
        told
    }
}

/// Writes the files of one folder.
struct Exporter {
    folder: String,
    sink: Sink,
    rotation: Rotation,
    /// When the files that are open end.
    end: Option<Timestamp>,
    /// Nothing is tried before, after a failure.
    pause: Option<Instant>,
    /// Flows that did not come into any file.
    refused: u64,
    stopped: bool,
}

enum Sink {
    Parquet(RotatingSink<ParquetFiles>),
    Text(RotatingSink<TextFiles>),
}

/// The same of either sink.
macro_rules! either {
    ($sink:expr, $name:ident => $value:expr) => {
        match $sink {
            Sink::Parquet($name) => $value,
            Sink::Text($name) => $value,
        }
    };
}

impl Exporter {
    fn new(forms: &ExportForms, target: &Target) -> Self {
        let (folder, stem) = (target.export.folder.clone(), target.export.stem.clone());
        let shown = folder.display().to_string();
        let sink = match target.export.format {
            ExportFormat::Parquet => {
                let provenance = Provenance { sources: target.sources.clone(), elements: Arc::clone(&forms.elements) };
                Sink::Parquet(RotatingSink::new(parquet(&forms.schema, provenance), folder, stem, "parquet"))
            }
            // Its buffers go back to whom they came from.
            ExportFormat::Csv => Sink::Text(RotatingSink::new(forms.text.clone(), folder, stem, "csv")),
        };
        Self { folder: shown, sink, rotation: target.export.rotation, end: None, pause: None, refused: 0, stopped: false }
    }

    /// Ends the files whose time has come, or which nothing more comes for.
    fn rotate_if_due(&mut self, time: Timestamp, used: bool) {
        if either!(&self.sink, sink => sink.is_empty()) {
            return;
        }
        let long = self.rotation.octets.is_some_and(|most| either!(&self.sink, sink => sink.octets()) >= most);
        if !used || long || self.end.is_some_and(|end| time >= end) {
            self.rotate();
        }
    }

    fn put(&mut self, part: ExportPart, time: Timestamp) {
        let rows = part.rows;
        if rows == 0 {
            return;
        }
        if self.pause.is_some_and(|until| Instant::now() < until) {
            self.refused += rows;
            return;
        }
        let before = self.taken();
        let put = match (&mut self.sink, part.content) {
            (Sink::Parquet(sink), Content::Parquet(part)) => sink.put(part, time),
            (Sink::Text(sink), Content::Text(part)) => sink.put(part, time),
            _ => Ok(()),
        };
        match put {
            Ok(()) => {
                if self.end.is_none() {
                    self.end = end_of(&self.rotation, time);
                }
                self.pause = None;
                if std::mem::take(&mut self.stopped) {
                    tracing::warn!(folder = %self.folder, "exporting goes on");
                }
            }
            Err(error) => {
                self.refused += rows - (self.taken() - before);
                self.fail(&error);
            }
        }
    }

    /// Makes what is open whole.
    fn rotate(&mut self) {
        self.end = None;
        if let Err(error) = either!(&mut self.sink, sink => sink.rotate()) {
            self.fail(&error);
        }
    }

    /// Flows that came into a file, whatever became of it.
    fn taken(&self) -> u64 {
        either!(&self.sink, sink => sink.rows() + sink.gone())
    }

    fn fail(&mut self, error: &std::io::Error) {
        either!(&mut self.sink, sink => sink.discard());
        (self.end, self.pause) = (None, Some(Instant::now() + PAUSE));
        if !std::mem::replace(&mut self.stopped, true) {
            tracing::error!(folder = %self.folder, "EXPORTING HAS STOPPED, and the file that was open is gone: {error}");
        }
    }

    fn counts(&self) -> LiveExport {
        let (flows, gone, files) = either!(&self.sink, sink => (sink.rows(), sink.gone(), sink.files()));
        LiveExport { folder: self.folder.clone(), stopped: self.stopped, flows, lost: self.refused + gone, files }
    }
}
