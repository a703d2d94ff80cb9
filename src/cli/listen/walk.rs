//! The walker of a live run: takes what receivers bring, gives it to the collector, and each second puts together what is known.

use std::io::Write;
use std::path::Path;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::collector::{Collector, Stopped, Work};
use crate::keep;
use crate::relay::{Idle, ProblemLog, Taken, Taker, now};
use crate::summary::Live;
use crate::time::Timestamp;
use crate::write::TargetFile;

use super::super::Failure;
use super::super::options::{ListenForm, ListenOptions};
use super::{Shared, show};

/// How often a moment is published, and problems are told.
const TICK: Duration = Duration::from_secs(1);
/// How often the templates are kept.
const SAVE: Duration = Duration::from_secs(60);
/// Addresses of those that talk most.
const MOST_TALKERS: usize = 50;
/// The longest wait for a batch.
const WAIT: Duration = Duration::from_millis(100);

/// What the walker owns.
pub(super) struct Walker<'a> {
    options: &'a ListenOptions,
    collector: Collector,
    idle: Idle,
    log: ProblemLog,
    began: Timestamp,
    ticked: Instant,
    /// True if somebody looks at moments of the run at any time.
    watched: bool,
    /// When the next summary is due.
    summary: Option<Instant>,
    shown: Option<Arc<Live>>,
    saved: Instant,
    saving: Option<JoinHandle<()>>,
}

impl<'a> Walker<'a> {
    /// That the file for the templates can be made is tried now.
    pub(super) fn new(options: &'a ListenOptions, collector: Collector) -> Result<Self, Failure> {
        if let Some(path) = &options.save {
            super::super::reading::store_target(path, "--templates")?;
        }
        let summary = match options.form {
            ListenForm::Summary { every, .. } => Some(Instant::now() + every),
            ListenForm::Rows { .. } | ListenForm::Screen => None,
        };
        Ok(Self {
            options,
            collector,
            idle: Idle::new(options.silent_after),
            log: ProblemLog::default(),
            began: now(),
            ticked: Instant::now(),
            watched: options.metrics.is_some() || matches!(options.form, ListenForm::Screen),
            summary,
            shown: None,
            saved: Instant::now(),
            saving: None,
        })
    }

    /// Walks until nothing more comes, or nobody wants more.
    pub(super) fn walk(
        &mut self,
        taker: &Taker,
        shared: &Shared,
        give: &mut dyn FnMut(Work) -> Result<(), Stopped>,
    ) -> Result<(), Failure> {
        let walked = self.walk_on(taker, shared, give);
        self.collector.finish(&mut |work| {
            let _ = give(work);
        });
        walked
    }

    fn walk_on(&mut self, taker: &Taker, shared: &Shared, give: &mut dyn FnMut(Work) -> Result<(), Stopped>) -> Result<(), Failure> {
        let mut stopped = false;
        while !stopped && !shared.enough.load(Ordering::Relaxed) {
            match taker.take(WAIT) {
                Taken::Batch(batch) => {
                    for exporter in self.idle.note(&batch) {
                        if self.log.has_room() {
                            tracing::info!("{exporter} sends again");
                        }
                    }
                    self.collector.collect(&batch, &mut |work| stopped |= give(work).is_err());
                }
                Taken::Nothing => {}
                Taken::Closed => break,
            }
            if self.ticked.elapsed() >= TICK {
                self.ticked = Instant::now();
                stopped |= !self.tick(shared)?;
                if self.options.exports() {
                    // A file's time may come while no datagram does.
                    stopped |= give(self.collector.nothing()).is_err();
                }
            }
        }
        Ok(())
    }

    /// True if something worse than a note was met.
    pub(super) fn has_damage(&self) -> bool {
        self.collector.ledger().has_damage()
    }

    /// Once a second; false once nobody reads the summaries any more.
    fn tick(&mut self, shared: &Shared) -> Result<bool, Failure> {
        let now = now();
        self.collector.expire(now);
        self.tell(now);
        if self.saved.elapsed() >= SAVE {
            self.saved = Instant::now();
            self.save_beside();
        }
        let due = self.summary.is_some_and(|due| Instant::now() >= due);
        if !due && !self.watched {
            return Ok(true);
        }
        let live = Arc::new(self.live(shared, now, false));
        shared.published.publish(Arc::clone(&live));
        let ListenForm::Summary { every, .. } = &self.options.form else { return Ok(true) };
        if !due {
            return Ok(true);
        }
        // A summary that is late does not make the next one late.
        self.summary = self.summary.map(|due| (due + *every).max(Instant::now()));
        let read = show(self.options, &live, self.shown.as_deref())?;
        self.shown = Some(live);
        Ok(read)
    }

    fn tell(&mut self, now: Timestamp) {
        let (problems, more) = self.collector.new_problems();
        self.log.tell(&problems, more);
        for silence in self.idle.new_silences(now) {
            // Forged exporters fall silent by the thousand.
            if !self.log.has_room() {
                continue;
            }
            let seconds = |nanos: i64| nanos / 1_000_000_000;
            tracing::warn!(
                "{} is silent: its last datagram came {} s ago, and the longest silence that is usual for it is {} s",
                silence.exporter,
                seconds(now.nanos().saturating_sub(silence.last.nanos())),
                seconds(silence.usual)
            );
        }
    }

    fn live(&self, shared: &Shared, now: Timestamp, last: bool) -> Live {
        let mut live = Live { span: Some((self.began, now)), last, ..Live::default() };
        shared.ports.lock().unwrap_or_else(PoisonError::into_inner).fill(&mut live);
        let sums = shared.sums.lock().unwrap_or_else(PoisonError::into_inner).clone();
        live.exports.clone_from(&shared.exported.lock().unwrap_or_else(PoisonError::into_inner));
        live.talkers = shared.talkers.lock().unwrap_or_else(PoisonError::into_inner).top(MOST_TALKERS);
        let mut live = live.with(&self.collector, &sums);
        for exporter in &mut live.exporters {
            exporter.silent_since = self.idle.silence(exporter.line.key.exporter).map(|s| s.last);
        }
        live
    }

    /// After everything has ended: the last moment, and the templates.
    pub(super) fn end(&mut self, shared: &Shared) -> Result<(), Failure> {
        let now = now();
        self.tell(now);
        let live = self.live(shared, now, true);
        if let Some(saving) = self.saving.take() {
            let _ = saving.join();
        }
        let saved = match &self.options.save {
            Some(path) => save(path, &self.text()).map_err(|e| Failure(format!("--templates: {e}"))),
            None => Ok(()),
        };
        show(self.options, &live, self.shown.as_deref())?;
        saved
    }

    fn text(&self) -> String {
        keep::store_text(&self.collector.kept(), self.collector.elements())
    }

    /// Keeps the templates while the run goes on: their text is made by another thread.
    fn save_beside(&mut self) {
        let Some(path) = self.options.save.clone() else { return };
        if self.saving.as_ref().is_some_and(|s| !s.is_finished()) {
            return;
        }
        let (kept, elements) = (self.collector.kept(), Arc::clone(self.collector.elements()));
        let write = move || {
            if let Err(error) = save(&path, &keep::store_text(&kept, &elements)) {
                tracing::error!("--templates: {error}; it is tried again in a minute");
            }
        };
        self.saving = std::thread::Builder::new().name("templates".into()).spawn(write).ok();
    }
}

/// Puts the file in place of the one before, whole.
fn save(path: &Path, text: &str) -> Result<(), String> {
    let mut target = TargetFile::create(path, true).map_err(|e| e.to_string())?;
    target.write_all(text.as_bytes()).map_err(|e| format!("{}: {e}", path.display()))?;
    target.commit().map_err(|e| e.to_string())
}
