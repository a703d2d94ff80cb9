//! `replay`: sends the datagrams of captures again.

use std::collections::HashSet;
use std::fmt::Write as _;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::sync_channel;
use std::thread;

use crate::collector::{Admission, PortFilter};
use crate::datagram::{Datagram, DatagramBatch, Endpoint, Transport};
use crate::input::{Input, InputError, Severity};
use crate::message::{self, Trust};
use crate::relay::{Counts, Outlet, raise_open_files};
use crate::replay::{Captured, Foreknown, Pace, Replay, Retime};

use super::options::{Reading, ReplayOptions};
use super::reading::{catch_interrupts, interrupt_flag, interrupted};
use super::{Ending, Failure, complain};

/// Batches that may wait to be sent: reading goes on while the pace holds back.
const READ_AHEAD: usize = 4;

pub(super) fn run(options: &ReplayOptions) -> Result<Ending, Failure> {
    catch_interrupts();
    // Each session of the capture gets a socket.
    raise_open_files();
    let reading = &options.reading;
    let outlet = if options.spoof {
        Outlet::spoofed(options.to).map_err(|e| Failure(format!("--spoof: {e}")))?
    } else {
        Outlet::sockets(options.to).map_err(|e| Failure(format!("--to {}: {e}", options.destination)))?
    };
    let mut retime = options.retime.then(Retime::default);
    let mut foreknown = options.templates_first.then(Foreknown::default);
    let mut left_out = LeftOut::default();
    if options.templates_first || options.retime && reading.locations.iter().all(|l| *l != crate::input::Location::Stdin) {
        // What can't be read says so when it is read to be sent.
        let _ = each_batch(
            reading,
            &mut |batch, chosen| {
                for datagram in chosen {
                    let payload = batch.payload(datagram);
                    retime.iter_mut().for_each(|r| r.learn(datagram.exporter.addr, payload));
                    foreknown.iter_mut().for_each(|f| f.learn(datagram.exporter, datagram.time, payload));
                }
                !interrupted()
            },
            &mut LeftOut::default(),
            &mut Vec::new(),
        );
    }
    let settings = crate::replay::ReplayOptions { pace: options.pace, retime, limit: options.limit };
    let mut replay = Replay::new(outlet, settings, interrupt_flag());
    let mut templates = 0;
    if let Some(foreknown) = &foreknown {
        let messages = foreknown.messages();
        let first: Vec<Captured<'_>> =
            messages.iter().map(|(exporter, time, payload)| Captured { exporter: *exporter, time: *time, payload }).collect();
        templates = first.len();
        // They come before the first datagram, so they have no pace of their own.
        replay.send_at_once(&first);
    }
    let mut unreadable: Vec<InputError> = Vec::new();
    let mut more = true;
    let mut round = 0;
    while more && round < options.rounds {
        if round > 0 {
            replay.again();
        }
        round += 1;
        let before = replay.counts().sent;
        unreadable.clear();
        left_out = LeftOut::default();
        more = each_batch(
            reading,
            &mut |batch, chosen| {
                let list: Vec<Captured<'_>> =
                    chosen.iter().map(|d| Captured { exporter: d.exporter, time: d.time, payload: batch.payload(d) }).collect();
                replay.send(&list)
            },
            &mut left_out,
            &mut unreadable,
        );
        // A round without a datagram would go round for ever.
        more &= replay.counts().sent > before;
    }
    replay.finish();
    unreadable.iter().for_each(|error| complain(error));
    let said = summary(options, &replay, &left_out, templates);
    if !reading.quiet {
        said.iter().for_each(|line| complain(line));
    }
    let counts = replay.counts();
    Ok(match () {
        () if interrupted() => Ending::Interrupted,
        () if !unreadable.is_empty() || counts.sent == 0 => Ending::Unreadable,
        () if counts.failed + counts.too_large + counts.no_sender > 0 => Ending::Damage,
        () => Ending::Done,
    })
}

/// What is not sent.
#[derive(Clone, Copy, Debug, Default)]
struct LeftOut {
    /// No NDE, or not what the flow source lets in, or another port.
    others: u64,
    /// The capture has them in part.
    cut: u64,
    /// Flows without messages around them.
    flows: u64,
    /// Inputs in which something was damaged.
    damaged: u64,
}

/// Reads the inputs on a thread of their own and gives each batch's datagrams of NDE to `take`, until that says no. `false` if it did.
fn each_batch(
    reading: &Reading,
    take: &mut dyn FnMut(&DatagramBatch, &[Datagram]) -> bool,
    left_out: &mut LeftOut,
    unreadable: &mut Vec<InputError>,
) -> bool {
    let (give, batches) = sync_channel::<Result<DatagramBatch, InputError>>(READ_AHEAD);
    let options = crate::input::InputOptions { stop: Some(super::reading::stop_waiting()), ..reading.input.clone() };
    let mut choice = Choice::new(reading);
    let mut wanted = true;
    let damaged = AtomicU64::new(0);
    thread::scope(|scope| {
        let damaged = &damaged;
        scope.spawn(move || {
            for (number, location) in (0u32..).zip(&reading.locations) {
                let mut input = match Input::open(location, number, &options) {
                    Ok(input) => input,
                    Err(error) => {
                        if give.send(Err(error)).is_err() {
                            return;
                        }
                        continue;
                    }
                };
                while let Some(batch) = input.next_batch().transpose() {
                    let failed = batch.is_err();
                    if give.send(batch).is_err() {
                        return;
                    }
                    if failed {
                        break;
                    }
                }
                let is_damaged = input.report().faults.iter().any(|fault| fault.cause.severity() > Severity::Note);
                damaged.fetch_add(is_damaged.into(), Ordering::Relaxed);
            }
        });
        for batch in &batches {
            match batch {
                Ok(batch) => {
                    left_out.flows += batch.stored.iter().map(|run| u64::from(run.rows)).sum::<u64>();
                    let chosen = choice.of(&batch, left_out);
                    wanted &= chosen.is_empty() || take(&batch, &chosen);
                }
                Err(error) => unreadable.push(error),
            }
            if !wanted {
                break;
            }
        }
        // The reading thread ends when nobody takes any more.
        drop(batches);
    });
    left_out.damaged = damaged.into_inner();
    wanted
}

/// Which datagrams are sent: NDE, to the ports that were asked for, of the flow source.
struct Choice<'r> {
    ports: &'r PortFilter,
    admission: Admission,
    trusted: HashSet<(IpAddr, Endpoint)>,
}

impl<'r> Choice<'r> {
    fn new(reading: &'r Reading) -> Self {
        let admission = reading.configured.as_ref().map(|c| c.admission(&reading.ports)).unwrap_or_default();
        Self { ports: &reading.ports, admission, trusted: HashSet::new() }
    }

    fn of(&mut self, batch: &DatagramBatch, left_out: &mut LeftOut) -> Vec<Datagram> {
        let mut chosen = Vec::with_capacity(batch.datagrams.len());
        for datagram in &batch.datagrams {
            let payload = batch.payload(datagram);
            if !self.lets(datagram, payload) {
                left_out.others += 1;
            } else if datagram.missing > 0 {
                left_out.cut += 1;
            } else {
                chosen.push(*datagram);
            }
        }
        chosen
    }

    fn lets(&mut self, datagram: &Datagram, payload: &[u8]) -> bool {
        let is_log = datagram.transport == Transport::File;
        let (named, wanted) = match self.ports {
            PortFilter::Any => (is_log, true),
            PortFilter::Expected => (true, true),
            PortFilter::Only(ports) => (true, is_log || ports.contains(&datagram.collector.port)),
        };
        if !wanted || !self.admission.lets(datagram, payload) {
            return false;
        }
        let session = (datagram.exporter.addr, datagram.collector);
        let trust = if named || self.trusted.contains(&session) { Trust::Lenient } else { Trust::Strict };
        let is_nde = message::recognise(payload, datagram.missing as usize, trust).is_ok();
        if is_nde {
            self.trusted.insert(session);
        }
        is_nde
    }
}

/// What was done, a line each; the first has it all.
fn summary(options: &ReplayOptions, replay: &Replay<'_>, left_out: &LeftOut, templates: usize) -> Vec<String> {
    let Counts { sent, octets, unreachable, no_sender, too_large, failed, first_failure, sessions, shared } = replay.counts().clone();
    let seconds = replay.lasted().as_secs_f64();
    let mut first = format!("sent {sent} datagram{} ({octets} octets) of {sessions} session{}", plural(sent), plural(sessions));
    let _ = write!(first, " to {} in {seconds:.2} s", options.destination);
    // The first one waits for nothing.
    if sent > 1 && seconds > 0.001 {
        #[allow(clippy::cast_precision_loss)]
        let (rate, bits) = (sent as f64 / seconds, octets as f64 * 8.0 / seconds / 1e6);
        let _ = write!(first, ", {rate:.0} datagrams/s, {bits:.1} Mbit/s");
    }
    let errors = no_sender + too_large + failed;
    let _ = write!(first, "; {errors} error{}", plural(errors));
    let mut lines = vec![first];
    let mut note = |count: u64, text: &str| {
        if count > 0 {
            lines.push(format!("{count} {text}"));
        }
    };
    note(templates as u64, "of them are templates that were sent first");
    note(unreachable, if unreachable == 1 { "answer by ICMP: nobody listens there" } else { "answers by ICMP: nobody listens there" });
    note(no_sender, "were not sent: their exporter's address can't be the sender to that destination");
    note(too_large, "were not sent: they are too large");
    note(failed, "were not sent: the system refused");
    note(left_out.others, "datagrams were left out: no NDE, or not what was asked for");
    note(left_out.cut, "datagrams were left out: the capture has them in part");
    note(left_out.flows, "flows were left out: their file holds flows, and no messages that could be sent");
    let damaged = if left_out.damaged == 1 { "input is damaged" } else { "inputs are damaged" };
    note(left_out.damaged, &format!("{damaged}, and what could be read was sent; `ipfix-inspect FILE` shows where"));
    note(replay.not_retimed(), "Data Sets kept their times: their template was not seen");
    note(shared, "sessions had to share a source port with others");
    if let Some(why) = first_failure {
        lines.push(format!("the first error: {why}"));
    }
    if let Pace::Rate(rate) = options.pace
        && sent > 1
        && seconds > 0.1
    {
        #[allow(clippy::cast_precision_loss)]
        let reached = (sent - 1) as f64 / seconds;
        if reached < rate * 0.98 && !interrupted() {
            lines.push(format!("{rate:.0} datagrams/s could not be held: {reached:.0} were"));
        }
    }
    lines
}

fn plural(count: u64) -> &'static str {
    if count == 1 { "" } else { "s" }
}
