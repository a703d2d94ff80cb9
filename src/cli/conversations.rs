//! `conversations`: the flows of both directions, paired.
//!
//! Workers read what pairing needs of the flows, two threads pair them, and one makes text of the conversations and writes it.

use std::convert::Infallible;
use std::io::{self, BufWriter, Write};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use crate::collector::{Digest, Flow, Sink};
use crate::report::{self, FlowTable, FlowTableSink};
use crate::summary::conversations::{Conversation, ConversationRows, Ordered, Pairing, PairingCounts, PairingDigest, Tally};
use crate::table::Filtered;
use crate::write::{RowWriter, TargetFile, TextSink};

use super::columns::{Decoding, Settled};
use super::options::{ColumnChoice, ConversationsForm, ConversationsOptions};
use super::outcome::Outcome;
use super::{Ending, Failure, complain, print};

/// Lots of conversations that wait to be written.
const WAITING: usize = 4;

pub(super) fn run(options: &ConversationsOptions) -> Result<Ending, Failure> {
    let decoding = Decoding::begin(&options.reading)?;
    let target = match &options.output {
        Some(path) => Some(TargetFile::create(path, options.force).map_err(Failure::of)?),
        None => None,
    };
    let settled = decoding.settle(&ColumnChoice::Named(Vec::new()), &options.filter, options.scale, |builder| {
        PairingDigest::add_columns(builder);
        Ok(())
    })?;
    let Some(mut target) = target else {
        let paired = pair(options, settled, BufWriter::with_capacity(1 << 20, io::stdout()))?;
        let ending = paired.outcome.ending(&options.reading);
        if paired.outcome.reports.is_empty() {
            return Ok(ending);
        }
        if options.form == ConversationsForm::Table && !paired.closed {
            print(&format!("{}{}", if paired.rows > 0 { "\n" } else { "" }, paired.page(options)))?;
        }
        paired.summarise(options)?;
        paired.hint(options, ending);
        return Ok(ending);
    };
    let paired = pair(options, settled, BufWriter::with_capacity(1 << 20, &mut target))?;
    let ending = paired.outcome.ending(&options.reading);
    match ending {
        _ if paired.outcome.reports.is_empty() => return Ok(ending),
        Ending::Interrupted => complain(&"interrupted, so no output was written"),
        Ending::Damage => complain(&"--strict: problems were found, so no output was written; `ipfix-inspect FILE` shows them"),
        _ => {
            if options.form == ConversationsForm::Table {
                target.write_all(format!("\n{}", paired.page(options)).as_bytes()).map_err(Failure::of)?;
            }
            target.commit().map_err(Failure::of)?;
            paired.summarise(options)?;
            paired.hint(options, ending);
        }
    }
    Ok(ending)
}

/// What a run of pairing has come to.
struct Paired {
    outcome: Outcome,
    tally: Tally,
    counts: PairingCounts,
    rows: u64,
    /// Conversations that the limit left out, where they were counted.
    beyond: u64,
    /// Whether the reader of the rows has gone away.
    closed: bool,
}

impl Paired {
    fn page(&self, options: &ConversationsOptions) -> String {
        report::conversations_text(&self.tally, &self.counts, &options.pairing, &options.page, &options.display)
    }

    fn summarise(&self, options: &ConversationsOptions) -> Result<(), Failure> {
        match options.summary {
            Some(true) => print(&report::conversations_json(&self.tally, &self.counts, &options.pairing)),
            // Standard output has it below the table already.
            Some(false) if options.form != ConversationsForm::Table || options.output.is_some() => print(&self.page(options)),
            _ => Ok(()),
        }
    }

    fn hint(&self, options: &ConversationsOptions, ending: Ending) {
        if options.reading.quiet {
            return;
        }
        if self.beyond > 0 && !self.closed {
            complain(&format!("{} conversations beyond the {} of the limit are not shown; --limit shows more", self.beyond, options.limit));
        }
        let early = self.counts.early.strands;
        if early > 0 && options.form != ConversationsForm::Table && options.summary != Some(false) {
            complain(&format!(
                "{early} conversations were closed early, since more than {} were open; --max-open, or --summary for what that means",
                options.pairing.most
            ));
        }
        self.outcome.tell(&options.reading, ending);
    }
}

fn pair(options: &ConversationsOptions, settled: Settled<'_>, out: impl Write + Send) -> Result<Paired, Failure> {
    let rows = ConversationRows::new(&options.columns, options.names);
    match options.form {
        ConversationsForm::Nothing => {
            let sink = Pairing::new(options.pairing, false, Uncalled);
            let (outcome, tally, counts, _) = decode(settled, sink)?;
            Ok(Paired { outcome, tally, counts, rows: 0, beyond: 0, closed: false })
        }
        ConversationsForm::Text(format) => {
            let writer = RowWriter::new(rows.schema().clone(), format).with_headers(options.display.headers);
            let sink = TextSink::new(out, &writer, None);
            print_beside(options, settled, &rows, &writer, sink, |mut sink| sink.finish())
        }
        ConversationsForm::Table => {
            let table = FlowTable::new(rows.schema().clone(), options.style.clone()).with_display(options.display.clone());
            let sink = FlowTableSink::new(&table, out, None);
            print_beside(options, settled, &rows, &table, sink, FlowTableSink::finish)
        }
    }
}

/// Decodes, pairs, and hands what is to be shown to a thread that writes it.
fn print_beside<D, S>(
    options: &ConversationsOptions,
    settled: Settled<'_>,
    rows: &ConversationRows,
    digest: &D,
    sink: S,
    finish: impl FnOnce(S) -> io::Result<()> + Send,
) -> Result<Paired, Failure>
where
    D: Digest,
    S: Sink<D::Part, Error = io::Error> + Send,
{
    thread::scope(|scope| {
        let (lots, waiting) = sync_channel(WAITING);
        let printer = scope.spawn(move || write(&waiting, rows, digest, sink, finish));
        let shown = Shown {
            both: options.both,
            ordered: options.order.map(|order| Ordered::new(order, usize::try_from(options.limit).unwrap_or(usize::MAX))),
            left: options.limit,
            sent: 0,
            beyond: 0,
            closed: false,
            // The summary below a table is of all flows.
            to_the_end: options.form == ConversationsForm::Table || options.summary.is_some() || options.order.is_some(),
            lots,
        };
        let (outcome, tally, counts, shown) = decode(settled, Pairing::new(options.pairing, true, shown))?;
        let (sent, beyond, closed) = shown.finish(!outcome.reports.is_empty());
        let written = printer.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        written.map_err(Failure::of)?;
        Ok(Paired { outcome, tally, counts, rows: sent, beyond, closed })
    })
}

fn decode<S>(settled: Settled<'_>, mut pairing: Pairing<S>) -> Result<(Outcome, Tally, PairingCounts, S), Failure>
where
    S: Sink<Vec<Conversation>, Error = Infallible>,
{
    let digest = PairingDigest::new();
    let outcome = settled.run.decode(settled.collector, &Filtered::new(&digest, settled.selection), &mut pairing)?;
    let (tally, counts, sink) = pairing.finish().map_err(|never| match never {})?;
    Ok((outcome, tally, counts, sink))
}

/// What the writing thread is told.
enum Lot {
    Rows(Vec<Conversation>),
    /// That was all, and the output is to be ended properly.
    End,
}

/// Writes lots until the end, or until the reader has gone away.
fn write<D, S>(
    waiting: &Receiver<Lot>,
    rows: &ConversationRows,
    digest: &D,
    mut sink: S,
    finish: impl FnOnce(S) -> io::Result<()>,
) -> io::Result<()>
where
    D: Digest,
    S: Sink<D::Part, Error = io::Error>,
{
    for lot in waiting {
        match lot {
            Lot::Rows(conversations) => {
                if sink.absorb(digest.digest(&rows.batch(&conversations)))? == Flow::Stop {
                    break;
                }
            }
            Lot::End => return finish(sink),
        }
    }
    Ok(())
}

/// Nobody looks at the conversations: the summary counts them.
struct Uncalled;

impl Sink<Vec<Conversation>> for Uncalled {
    type Error = Infallible;

    fn absorb(&mut self, _: Vec<Conversation>) -> Result<Flow, Infallible> {
        Ok(Flow::Continue)
    }
}

/// Picks what is to be shown and sends it to the writing thread.
struct Shown {
    both: Option<bool>,
    ordered: Option<Ordered>,
    left: u64,
    sent: u64,
    beyond: u64,
    closed: bool,
    /// Whether the input is read to its end whatever is shown.
    to_the_end: bool,
    lots: SyncSender<Lot>,
}

impl Shown {
    fn send(&mut self, mut conversations: Vec<Conversation>) {
        let room = usize::try_from(self.left).unwrap_or(usize::MAX);
        self.beyond += conversations.len().saturating_sub(room) as u64;
        conversations.truncate(room);
        let rows = conversations.len() as u64;
        if rows == 0 || self.closed {
            return;
        }
        self.left -= rows;
        self.sent += rows;
        self.closed = self.lots.send(Lot::Rows(conversations)).is_err();
    }

    /// Sends what was kept for its order, and ends the output if there was anything to read.
    fn finish(mut self, end: bool) -> (u64, u64, bool) {
        const TOGETHER: usize = 4_096;
        if let Some(ordered) = self.ordered.take() {
            let (kept, beyond) = ordered.finish();
            let mut kept = kept.into_iter();
            loop {
                let lot: Vec<Conversation> = kept.by_ref().take(TOGETHER).collect();
                if lot.is_empty() {
                    break;
                }
                self.send(lot);
            }
            self.beyond = beyond;
        }
        if end && !self.closed {
            self.closed = self.lots.send(Lot::End).is_err();
        }
        (self.sent, self.beyond, self.closed)
    }
}

impl Sink<Vec<Conversation>> for Shown {
    type Error = Infallible;

    fn absorb(&mut self, mut conversations: Vec<Conversation>) -> Result<Flow, Infallible> {
        if let Some(both) = self.both {
            conversations.retain(|c| c.is_both() == both);
        }
        match &mut self.ordered {
            Some(ordered) => conversations.into_iter().for_each(|c| ordered.take(c)),
            None => self.send(conversations),
        }
        let enough = self.closed || self.left == 0 && !self.to_the_end;
        Ok(if enough { Flow::Stop } else { Flow::Continue })
    }
}
