//! One direction of a TCP connection, put together just far enough to cut IPFIX messages out of it (RFC 7011 §10.4).
//!
//! ```text
//! message: version 10 (2) · length (2) · export time (4) · sequence (4) · domain (4) · Sets
//! ```
//!
//! This is the one place of the room that knows of NDE: a stream has no other marks than the lengths of its messages. After a gap the
//! stream is read on from the next segment that begins with a message.

use super::fault::FaultCause;
use super::part::Part;
use super::tcp::{Run, Segment};
use crate::datagram::{Endpoint, Origin};

const HEADER: usize = 16;
/// A header and the first Set's header: what it takes to tell a message.
const TELLING: usize = HEADER + 4;
/// Octets of one stream that wait behind a gap before the gap is taken for final. A capture rarely swaps more than a few segments.
const MAX_AHEAD: usize = 256 << 10;
/// A segment further ahead than this is no swapped one: larger windows than this are not used on a path with loss.
const MAX_JUMP: i32 = 16 << 20;
/// What a stream costs beside its octets.
pub(super) const OVERHEAD: usize = 256;

/// A direction of a connection.
#[derive(Debug)]
pub(super) struct Stream {
    pub(super) ends: [Endpoint; 2],
    next: u32,
    pub(super) state: State,
    /// The message under way, as far as it is there.
    pending: Vec<u8>,
    /// Segments behind a gap, in order.
    ahead: Vec<(u32, Vec<u8>)>,
    ahead_octets: usize,
    /// When it was used last, by the table's count of segments.
    pub(super) used: u64,
    /// The frame that opened it.
    pub(super) origin: Origin,
}

/// How far a stream is understood.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum State {
    /// Its SYN was seen, too little of its octets to tell.
    Opened,
    /// At a message boundary, or inside a message.
    InSync,
    /// A gap or nonsense came: looking for a segment that begins with a message.
    Seeking,
    /// Not IPFIX.
    Foreign,
}

impl Stream {
    pub(super) fn new(ends: [Endpoint; 2], next: u32, state: State, used: u64, origin: Origin) -> Self {
        Self { ends, next, state, pending: Vec::new(), ahead: Vec::new(), ahead_octets: 0, used, origin }
    }

    /// What it costs.
    pub(super) fn memory(&self) -> usize {
        OVERHEAD + self.pending.capacity() + self.ahead_octets
    }

    /// Takes a segment in; messages that it completes go out.
    pub(super) fn take(&mut self, segment: &Segment<'_>, run: &mut Run<'_>) {
        let Segment { sequence, payload, .. } = *segment;
        // The difference modulo 2^32 with its sign (RFC 9293 §3.4).
        let ahead = i32::from_ne_bytes(sequence.wrapping_sub(self.next).to_ne_bytes());
        if self.state == State::Seeking && ahead >= 0 {
            let lost = sequence.wrapping_add(narrow(payload.len().saturating_add(payload.cut)));
            if !plausible(payload.octets) {
                self.next = lost;
                return run.note(FaultCause::TcpOutOfSync, || self.describe("a segment that begins with no message"));
            }
            self.next = sequence;
            self.state = State::InSync;
        } else if ahead > 0 {
            return self.hold(ahead, sequence, payload, run);
        }
        let known = if ahead < 0 { usize::try_from(ahead.unsigned_abs()).unwrap_or(usize::MAX) } else { 0 };
        if known > 0 {
            run.note(FaultCause::TcpRetransmission, || self.describe("octets that were there"));
        }
        let Some(new) = payload.octets.get(known..).filter(|new| !new.is_empty()) else {
            return;
        };
        let at = (!run.cx.copied).then_some(payload.at + known);
        self.deliver(new, at, run);
        if payload.cut > 0 {
            self.next = self.next.wrapping_add(narrow(payload.cut));
            run.note(FaultCause::FrameCut, || self.describe(&format!("{} octets of a segment were cut off", payload.cut)));
            self.partial(run);
        }
        self.catch_up(run);
    }

    /// Keeps a segment that came before its time.
    fn hold(&mut self, ahead: i32, sequence: u32, payload: Part<'_>, run: &mut Run<'_>) {
        if ahead > MAX_JUMP {
            // Another connection with the same ports, or a long pause in the capture.
            self.abandon(FaultCause::TcpGap, run, &format!("{ahead} octets are missing"));
            self.ahead.clear();
            self.ahead_octets = 0;
            self.next = sequence;
            let lost = if self.state == State::Opened { State::Foreign } else { State::Seeking };
            self.state = if plausible(payload.octets) { State::InSync } else { lost };
            if self.state == State::InSync {
                self.deliver(payload.octets, (!run.cx.copied).then_some(payload.at), run);
            }
            return;
        }
        // The difference to `next` orders them, wrap or not.
        let next = self.next;
        let place = self.ahead.partition_point(|(s, _)| s.wrapping_sub(next) < sequence.wrapping_sub(next));
        if let Some((s, octets)) = self.ahead.get(place)
            && *s == sequence
            && octets.len() >= payload.len()
        {
            return run.note(FaultCause::TcpRetransmission, || self.describe("octets that were there"));
        }
        self.ahead.insert(place, (sequence, payload.octets.to_vec()));
        self.ahead_octets += payload.len() + OVERHEAD;
        if self.ahead_octets > MAX_AHEAD {
            self.give_up_gap(run);
        }
    }

    /// Takes what was held, as far as it follows now.
    fn catch_up(&mut self, run: &mut Run<'_>) {
        while let Some((sequence, _)) = self.ahead.first() {
            let behind = self.next.wrapping_sub(*sequence);
            // Still ahead: the difference is negative as a signed number.
            if behind > u32::MAX / 2 {
                break;
            }
            let (_, octets) = self.ahead.remove(0);
            self.ahead_octets = self.ahead_octets.saturating_sub(octets.len() + OVERHEAD);
            let known = usize::try_from(behind).unwrap_or(usize::MAX);
            if let Some(new) = octets.get(known..).filter(|new| !new.is_empty()) {
                self.deliver(new, None, run);
            }
        }
    }

    /// What is missing will not come: the message under way is lost, and the held segments are read from the first that begins with one.
    fn give_up_gap(&mut self, run: &mut Run<'_>) {
        let Some((sequence, octets)) = self.ahead.first() else { return };
        let missing = sequence.wrapping_sub(self.next);
        let (sequence, begins) = (*sequence, plausible(octets));
        self.abandon(FaultCause::TcpGap, run, &format!("{missing} octets are missing"));
        self.next = sequence;
        // Nothing said yet that this stream is IPFIX at all.
        let lost = if self.state == State::Opened { State::Foreign } else { State::Seeking };
        self.state = if begins { State::InSync } else { lost };
        if begins {
            return self.catch_up(run);
        }
        if lost == State::Foreign {
            return run.note(FaultCause::TcpOther, || self.describe("its first octets are missing"));
        }
        let (_, octets) = self.ahead.remove(0);
        self.ahead_octets = self.ahead_octets.saturating_sub(octets.len() + OVERHEAD);
        self.next = sequence.wrapping_add(narrow(octets.len()));
        run.note(FaultCause::TcpOutOfSync, || self.describe("a segment that begins with no message"));
    }

    /// Octets that follow the ones before.
    fn deliver(&mut self, octets: &[u8], at: Option<usize>, run: &mut Run<'_>) {
        self.next = self.next.wrapping_add(narrow(octets.len()));
        let (mut octets, mut at) = (octets, at);
        if self.state == State::Seeking && plausible(octets) {
            self.state = State::InSync;
        }
        if self.state == State::Opened {
            if self.pending.is_empty() && octets.len() >= TELLING {
                self.state = if plausible(octets) { State::InSync } else { State::Foreign };
            } else {
                self.pending.extend_from_slice(octets);
                if self.pending.len() < TELLING {
                    return;
                }
                let held = std::mem::take(&mut self.pending);
                self.state = if plausible(&held) { State::InSync } else { State::Foreign };
                return self.cut_messages(&held, None, run);
            }
        }
        // The rest of a message that began in an earlier segment.
        while !self.pending.is_empty() && self.state == State::InSync {
            let needed = message_length(&self.pending).unwrap_or(HEADER);
            let n = needed.saturating_sub(self.pending.len()).min(octets.len());
            let (more, rest) = octets.split_at_checked(n).unwrap_or((octets, &[]));
            self.pending.extend_from_slice(more);
            octets = rest;
            at = at.map(|at| at + n);
            match self.pending.get(..HEADER).map(|_| message_length(&self.pending)) {
                None => return,
                Some(None) => return self.out_of_sync(run),
                Some(Some(length)) if length == self.pending.len() => {
                    run.hand_on(self.ends, &self.pending, None, 0);
                    self.pending.clear();
                }
                Some(Some(_)) if octets.is_empty() => return,
                Some(Some(_)) => {}
            }
        }
        self.cut_messages(octets, at, run);
    }

    /// Whole messages straight from the segment; what remains is kept.
    fn cut_messages(&mut self, octets: &[u8], at: Option<usize>, run: &mut Run<'_>) {
        let (mut octets, mut at) = (octets, at);
        while self.state == State::InSync && octets.len() >= HEADER {
            let Some(length) = message_length(octets) else {
                return self.out_of_sync(run);
            };
            let Some((message, rest)) = octets.split_at_checked(length) else {
                break;
            };
            run.hand_on(self.ends, message, at, 0);
            octets = rest;
            at = at.map(|at| at + length);
        }
        if self.state == State::InSync {
            self.pending.extend_from_slice(octets);
        } else if self.state == State::Foreign {
            let [from, to] = self.ends;
            run.note(FaultCause::TcpOther, || format!("from {from} to {to}"));
        }
    }

    fn out_of_sync(&mut self, run: &mut Run<'_>) {
        run.note(FaultCause::TcpOutOfSync, || self.describe("no version 10 where a message should begin"));
        self.pending.clear();
        self.state = State::Seeking;
    }

    /// Hands on the beginning of a message whose rest the snapshot length cut off.
    fn partial(&mut self, run: &mut Run<'_>) {
        if self.state == State::InSync {
            if let Some(length) = message_length(&self.pending) {
                run.hand_on(self.ends, &self.pending, None, length.saturating_sub(self.pending.len()));
            }
            self.state = State::Seeking;
        }
        self.pending.clear();
    }

    /// Drops the message under way.
    fn abandon(&mut self, cause: FaultCause, run: &mut Run<'_>, what: &str) {
        if self.state != State::Opened {
            run.note(cause, || self.describe(what));
        }
        self.cut_off(run);
    }

    fn cut_off(&mut self, run: &mut Run<'_>) {
        if !self.pending.is_empty() && self.state == State::InSync {
            run.note(FaultCause::TcpMessageCut, || {
                let needed = message_length(&self.pending).unwrap_or(HEADER);
                self.describe(&format!("{} of {needed} octets", self.pending.len()))
            });
        }
        self.pending.clear();
    }

    /// Nothing more will come.
    pub(super) fn finish(&mut self, run: &mut Run<'_>) {
        // Each turn takes at least one held segment.
        while !self.ahead.is_empty() && self.state != State::Foreign {
            let held = self.ahead.len();
            self.give_up_gap(run);
            self.catch_up(run);
            if self.ahead.len() >= held {
                break;
            }
        }
        self.cut_off(run);
    }

    fn describe(&self, what: &str) -> String {
        format!("from {} to {}: {what}", self.ends[0], self.ends[1])
    }
}

/// The length of the message that begins here, if one can: version 10, at least a header (RFC 7011 §3.1).
fn message_length(octets: &[u8]) -> Option<usize> {
    match octets {
        [0, 10, a, b, ..] => Some(usize::from(u16::from_be_bytes([*a, *b]))).filter(|length| *length >= HEADER),
        _ => None,
    }
}

/// Whether octets begin with an IPFIX message: its header, and a Set header that fits into it (§3.3.2). v9's Set ids 0 and 1 occur too.
pub(super) fn plausible(octets: &[u8]) -> bool {
    let Some(length) = message_length(octets) else { return false };
    match octets.get(HEADER..TELLING) {
        Some([a, b, c, d]) => {
            let (id, set) = (u16::from_be_bytes([*a, *b]), usize::from(u16::from_be_bytes([*c, *d])));
            length == HEADER || ((id <= 3 || id >= 256) && set >= 4 && HEADER + set <= length)
        }
        _ => octets.len() >= HEADER && length == HEADER,
    }
}

#[inline]
fn narrow(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}
