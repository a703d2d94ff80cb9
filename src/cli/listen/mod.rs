//! `listen`: the same decoder with sockets in place of files.
//!
//! ```text
//!              ┌─ forward queues ─▶ a thread a destination ─▶ other collectors
//! receivers ───┼─ record queue ───▶ a thread a folder ──────▶ pcapng files
//! a thread     └─ decode queue ───▶ the walker: Collector ──▶ workers ─▶ lines, files, sums (this thread)
//! a socket                             │ each second
//!                                      └─▶ Live ─▶ summary, metrics, the live view
//! ```

mod digest;
mod export;
mod outward;
mod ports;
mod screen;
mod sockets;
mod walk;

use std::io::{self, IsTerminal, Write};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::audit::Traffic;
use crate::collector::{Collector, CollectorOptions, run as run_pipeline};
use crate::plan::{Canonical, Schema, SchemaBuilder};
use crate::relay::{LogLines, MetricsServer, Published, Signal, Taker, now, queue, raise_open_files, signals, start_log, start_log_in};
use crate::report::{FlowTable, live_json, live_text};
use crate::summary::{Live, LiveExport, Talkers, TalkersPart};
use crate::write::{PartFile, Partitioning, RowWriter};

use super::columns::add_unseen;
use super::export::leave_out;
use super::options::{ListenForm, ListenOptions, ListenSource, RowForm};
use super::{Ending, Failure, complain, filtering};

use digest::{LiveDigest, LiveSink};
use export::{ExportDigest, ExportForms, Exporters, Routes};
use ports::Ports;
use screen::Screen;
use walk::Walker;

/// What the threads of a live run share.
#[derive(Debug)]
struct Shared {
    ports: Mutex<Ports>,
    /// Sums by the collector's numbers of layouts.
    sums: Mutex<Vec<Traffic>>,
    published: Published,
    /// What the export has come to.
    exported: Mutex<Vec<LiveExport>>,
    /// Who talks most, where somebody wants to know.
    talkers: Mutex<Talkers>,
    /// Set once nobody wants more lines.
    enough: AtomicBool,
    /// Set once a key asked for the end: the same as SIGINT.
    quit: AtomicBool,
}

/// `reload` says which flow sources there are by the configuration as it is when it is asked.
pub(super) fn run(options: &ListenOptions, reload: &Reload<'_>) -> Result<Ending, Failure> {
    let log = LogLines::default();
    let on_screen = matches!(options.form, ListenForm::Screen);
    if on_screen {
        start_log_in(&log, options.reading.quiet);
    } else {
        start_log(options.reading.quiet, options.style.color);
    }
    raise_open_files();
    let asked = signals().map_err(|e| Failure(format!("signals can't be caught: {e}")))?;
    let (schema, digest, sink) = prepare(options)?;
    try_folders(&options.sources)?;
    let routes = Routes::default();
    routes.change(options.sources.iter().map(Some));
    // A run that has no flow source which exports does not decode for it either: a reload can't add the first one.
    let forms = options.exports().then(|| ExportForms::new(&schema, &options.reading.elements));
    let digest = digest.with_export(forms.as_ref().map(|forms| ExportDigest::new(forms, &routes, &options.partition_by)));
    let mut collector = Collector::new(collector_options(options, &schema));
    collector.watch_problems();
    if let Some((path, kept)) = &options.reading.kept {
        collector.keep(kept).map_err(|e| Failure(format!("--templates {}: {e}", path.display())))?;
    }
    let mut walker = Walker::new(options, collector)?;
    let (inlet, taker) = queue(options.queue);
    let shared = Arc::new(Shared {
        ports: Mutex::new(Ports::start(&options.sources, inlet)?),
        sums: Mutex::default(),
        published: Published::default(),
        exported: Mutex::default(),
        talkers: Mutex::default(),
        enough: AtomicBool::new(false),
        quit: AtomicBool::new(false),
    });
    if let Some(addr) = options.metrics {
        let server = MetricsServer::start(addr, shared.published.clone()).map_err(|e| Failure(format!("--metrics {e}")))?;
        tracing::info!("metrics on http://{}/metrics", server.addr);
    }
    let done = AtomicBool::new(false);
    let mut sink = sink(&shared).with_exporters(forms.as_ref().map(|forms| Exporters::new(forms, &routes)));
    let screen = if on_screen { Some(Screen::open(options.style.color, log)?) } else { None };
    let seen = thread::scope(|scope| {
        let (shared, done) = (&shared, &done);
        let screen = screen.map(|screen| scope.spawn(move || screen.run(shared, done)));
        let routes = forms.as_ref().map(|_| &routes);
        let control = scope.spawn(move || control(&asked, shared, routes, done, reload));
        let walked = pipeline(options, &mut walker, &taker, shared, &digest, &mut sink);
        done.store(true, Ordering::Relaxed);
        let _ = control.join();
        let seen = screen.map_or(Ok(()), |screen| screen.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        (walked, seen)
    });
    // Whatever went wrong: files are closed, the templates kept.
    let (walked, seen) = seen;
    let finished = sink.finish().map_err(|e| Failure(format!("standard output: {e}")));
    let ended = walker.end(&shared);
    walked.and(finished).and(ended)?;
    seen.map_err(|e| Failure(format!("--tui: the terminal: {e}")))?;
    if options.reading.strict && walker.has_damage() {
        complain(&"--strict: problems were found; the last summary names them");
        return Ok(Ending::Damage);
    }
    Ok(Ending::Done)
}

fn pipeline(
    options: &ListenOptions,
    walker: &mut Walker,
    taker: &Taker,
    shared: &Shared,
    digest: &LiveDigest<'_>,
    sink: &mut LiveSink<'_>,
) -> Result<(), Failure> {
    let walk = |give: &mut dyn FnMut(crate::collector::Work) -> Result<(), crate::collector::Stopped>| walker.walk(taker, shared, give);
    run_pipeline(options.reading.threads, walk, digest, sink).map_err(|e| Failure(format!("standard output: {e}")))?
}

/// Does what signals ask for until the run is over, then closes the ports.
fn control(asked: &Receiver<Signal>, shared: &Shared, routes: Option<&Routes>, done: &AtomicBool, reload: &Reload<'_>) {
    const TICK: Duration = Duration::from_millis(50);
    let mut finishing: Vec<JoinHandle<()>> = Vec::new();
    while !done.load(Ordering::Relaxed) && !shared.quit.load(Ordering::Relaxed) {
        match asked.recv_timeout(TICK) {
            Ok(Signal::End) => {
                tracing::info!("ending");
                break;
            }
            Ok(Signal::Reload) => match reload() {
                Ok(sources) => {
                    let mut ports = shared.ports.lock().unwrap_or_else(PoisonError::into_inner);
                    let leftover = ports.change(&sources);
                    if !leftover.is_empty() {
                        // A slow destination or disk holds nobody up.
                        finishing.push(thread::spawn(move || leftover.finish()));
                    }
                    match routes {
                        Some(routes) => routes.change(ports.sources()),
                        None if sources.iter().any(|s| s.export.is_some()) => {
                            tracing::error!("a run that began without any export can't begin one: start it again");
                        }
                        None => {}
                    }
                }
                Err(why) => tracing::error!("the configuration was not taken over, and all goes on as before: {why}"),
            },
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => break,
        }
    }
    let leftover = shared.ports.lock().unwrap_or_else(PoisonError::into_inner).stop();
    leftover.finish();
    finishing.into_iter().for_each(|thread| drop(thread.join()));
}

/// The flow sources by the configuration as it is now.
type Reload<'a> = dyn Fn() -> Result<Vec<ListenSource>, Failure> + Sync + 'a;

type MakeSink<'a> = Box<dyn FnOnce(&Arc<Shared>) -> LiveSink<'a>>;

/// The columns to decode, and what becomes of the batches.
fn prepare<'a>(options: &ListenOptions) -> Result<(Arc<Schema>, LiveDigest<'a>, MakeSink<'a>), Failure> {
    let elements = &options.reading.elements;
    let filter = options.filter.told(elements)?;
    let mut builder = SchemaBuilder::with_elements(Arc::clone(elements));
    builder.scaled(options.scale);
    // The lines' columns come first: so they have their places also among those that are exported.
    let lines = match &options.form {
        ListenForm::Rows { form, columns, names, .. } => {
            add_unseen(&mut builder, columns, elements)?;
            if *names || *form == RowForm::Table {
                builder.value_names();
            }
            Some(Arc::new(builder.clone().build()))
        }
        ListenForm::Summary { .. } | ListenForm::Screen => None,
    };
    if options.exports() {
        add_unseen(&mut builder, &options.export_columns, elements)?;
        if lines.is_none() {
            leave_out(&mut builder, &[], &options.partition_by)?;
        } else {
            // Lines need their columns where they are.
            for name in options.partition_by.iter().filter(|name| !Partitioning::DERIVED.contains(&name.as_str())) {
                builder.named(name).map_err(|e| Failure(format!("--partition-by: {e}")))?;
            }
        }
        builder.hidden_canonical(Canonical::FlowStart);
    }
    filtering::add_columns(filter.as_ref(), &mut builder);
    Traffic::hidden_columns(&mut builder);
    let on_screen = matches!(options.form, ListenForm::Screen);
    if on_screen {
        TalkersPart::hidden_columns(&mut builder);
    }
    let schema = Arc::new(builder.build());
    let selection = filtering::bind(filter.as_ref(), &schema);
    let (ListenForm::Rows { form, limit, names, .. }, Some(lines)) = (&options.form, lines) else {
        let digest = LiveDigest::sums().wanting(selection).with_talkers(on_screen);
        return Ok((schema, digest, Box::new(LiveSink::sums)));
    };
    let limit = *limit;
    match form {
        RowForm::Text(format) => {
            let rows = RowWriter::new(lines, *format).with_names(*names);
            let make: MakeSink<'a> = {
                let rows = rows.clone();
                Box::new(move |shared| LiveSink::text(shared, &rows, limit))
            };
            Ok((schema, LiveDigest::text(rows, selection), make))
        }
        RowForm::Table => {
            let table = FlowTable::new(lines, options.style.clone()).live();
            let make: MakeSink<'a> = {
                let table = table.clone();
                Box::new(move |shared| LiveSink::table(shared, &table, limit))
            };
            Ok((schema, LiveDigest::table(table, selection), make))
        }
    }
}

/// That files can be made in the folders of exports is tried now.
fn try_folders(sources: &[ListenSource]) -> Result<(), Failure> {
    for export in sources.iter().filter_map(|s| s.export.as_ref()) {
        PartFile::create(&export.folder, &export.stem, now(), "try").map_err(|e| no_folder("--export", &export.folder, &e))?.discard();
    }
    Ok(())
}

/// Why nothing can be written into a folder.
fn no_folder(option: &str, folder: &Path, error: &io::Error) -> Failure {
    let folder = folder.display();
    match error.kind() {
        io::ErrorKind::NotFound => Failure(format!("{option} {folder}: there is no such folder; make it first")),
        _ => Failure(format!("{option} {folder}: {error}")),
    }
}

fn collector_options(options: &ListenOptions, schema: &Arc<Schema>) -> CollectorOptions {
    let reading = &options.reading;
    CollectorOptions {
        ports: crate::collector::PortFilter::Expected,
        scope: reading.scope,
        limits: reading.limits,
        pending: reading.pending,
        sources: reading.exporters,
        elements: Arc::clone(&reading.elements),
        nesting: reading.nesting,
        hold: true,
        ..CollectorOptions::new(Arc::clone(schema))
    }
}

/// Shows a summary on standard output; false once nobody reads it any more.
fn show(options: &ListenOptions, live: &Live, before: Option<&Live>) -> Result<bool, Failure> {
    let json = match options.form {
        ListenForm::Summary { json, .. } => json,
        // What the view showed is gone with it; this stays.
        ListenForm::Screen if live.last && io::stdout().is_terminal() => false,
        ListenForm::Screen | ListenForm::Rows { .. } => return Ok(true),
    };
    let text = if json { live_json(live, before) } else { live_text(live, before, &options.style) };
    let apart = if json || before.is_none() { "" } else { "\n" };
    let mut out = io::stdout().lock();
    match out.write_all(apart.as_bytes()).and_then(|()| out.write_all(text.as_bytes())).and_then(|()| out.flush()) {
        Ok(()) => Ok(true),
        Err(e) if e.kind() == io::ErrorKind::BrokenPipe => Ok(false),
        Err(e) => Err(Failure(format!("standard output: {e}"))),
    }
}
