//! IPFIX over TCP (RFC 7011 §10.4): which connections carry it, and how many are followed at a time.
//!
//! A direction of a connection becomes a stream when it begins with a plausible message, or when its SYN was seen and its first octets
//! turn out to be one; everything else is forgotten at once. `tcp_stream` cuts the messages.

use std::collections::HashMap;

use super::decap::{Context, Output};
use super::fault::{FaultCause, FaultLog};
use super::part::Part;
use super::tcp_stream::{OVERHEAD, State, Stream, plausible};
use crate::datagram::{Endpoint, Transport};

/// One segment.
#[derive(Clone, Copy, Debug)]
pub(super) struct Segment<'a> {
    pub(super) ends: [Endpoint; 2],
    pub(super) sequence: u32,
    pub(super) syn: bool,
    pub(super) fin: bool,
    pub(super) reset: bool,
    pub(super) payload: Part<'a>,
}

/// The streams of an input.
#[derive(Debug)]
pub(super) struct StreamTable {
    streams: HashMap<[Endpoint; 2], Stream>,
    clock: u64,
    memory: usize,
    max_streams: usize,
    max_memory: usize,
}

/// What a stream works with while it takes a segment.
pub(super) struct Run<'r> {
    pub(super) cx: &'r Context,
    output: &'r mut Output,
    log: &'r mut FaultLog,
}

impl StreamTable {
    pub(super) fn new(max_streams: usize, max_memory: usize) -> Self {
        Self { streams: HashMap::new(), clock: 0, memory: 0, max_streams: max_streams.max(1), max_memory }
    }

    /// Takes a segment in; messages that it completes go to the output.
    pub(super) fn segment(&mut self, segment: &Segment<'_>, cx: &Context, output: &mut Output, log: &mut FaultLog) {
        let mut run = Run { cx, output, log };
        self.clock += 1;
        if segment.reset || segment.syn {
            if let Some(mut stream) = self.remove(&segment.ends) {
                stream.finish(&mut run);
            }
            if segment.syn && !segment.reset {
                self.add(segment, segment.sequence.wrapping_add(1), State::Opened, &mut run);
            }
            return run.note(FaultCause::TcpNoData, || "SYN or RST".into());
        }
        if segment.payload.len() == 0 {
            run.note(FaultCause::TcpNoData, || "no payload".into());
        } else {
            if !self.streams.contains_key(&segment.ends) {
                if !plausible(segment.payload.octets) {
                    let [from, to] = segment.ends;
                    return run.note(FaultCause::TcpOther, || format!("from {from} to {to}"));
                }
                self.add(segment, segment.sequence, State::InSync, &mut run);
            }
            self.feed(segment, &mut run);
        }
        if segment.fin
            && let Some(mut stream) = self.remove(&segment.ends)
        {
            stream.finish(&mut run);
        }
    }

    /// The file has ended.
    pub(super) fn finish(&mut self, cx: &Context, output: &mut Output, log: &mut FaultLog) {
        let mut run = Run { cx, output, log };
        let mut streams: Vec<Stream> = self.streams.drain().map(|(_, stream)| stream).collect();
        streams.sort_by_key(|s| (s.origin, s.ends));
        for mut stream in streams {
            stream.finish(&mut run);
        }
        self.memory = 0;
    }

    fn feed(&mut self, segment: &Segment<'_>, run: &mut Run<'_>) {
        let Some(stream) = self.streams.get_mut(&segment.ends) else {
            return;
        };
        let before = stream.memory();
        stream.used = self.clock;
        stream.take(segment, run);
        let foreign = stream.state == State::Foreign;
        self.memory = (self.memory + stream.memory()).saturating_sub(before);
        if foreign {
            self.remove(&segment.ends);
        }
        while self.memory > self.max_memory && self.evict(run) {}
    }

    fn add(&mut self, segment: &Segment<'_>, next: u32, state: State, run: &mut Run<'_>) {
        while self.streams.len() >= self.max_streams && self.evict(run) {}
        self.memory += OVERHEAD;
        self.streams.insert(segment.ends, Stream::new(segment.ends, next, state, self.clock, run.cx.origin));
    }

    /// Gives up the stream that was unused longest.
    fn evict(&mut self, run: &mut Run<'_>) -> bool {
        let Some(ends) = self.streams.iter().min_by_key(|(_, s)| s.used).map(|(ends, _)| *ends) else {
            return false;
        };
        if let Some(mut stream) = self.remove(&ends) {
            if stream.state != State::Opened {
                run.note(FaultCause::TcpEvicted, || format!("from {} to {}", ends[0], ends[1]));
            }
            stream.finish(run);
        }
        true
    }

    fn remove(&mut self, ends: &[Endpoint; 2]) -> Option<Stream> {
        let stream = self.streams.remove(ends)?;
        self.memory = self.memory.saturating_sub(stream.memory());
        Some(stream)
    }
}

impl Run<'_> {
    pub(super) fn hand_on(&mut self, ends: [Endpoint; 2], message: &[u8], at: Option<usize>, missing: usize) {
        self.output.hand_on(self.cx, ends, Transport::Tcp, message, at, missing);
    }

    pub(super) fn note(&mut self, cause: FaultCause, detail: impl FnOnce() -> String) {
        let origin = self.cx.origin;
        self.log.note(cause, origin, || format!("frame {}: {}", origin.frame, detail()));
    }
}
