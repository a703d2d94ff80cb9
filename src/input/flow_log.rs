//! Flow logs: NDE messages one after the other, without packets around them.
//!
//! - IPFIX files (RFC 5655): IPFIX messages, of one Observation Domain or several.
//! - Raw messages as `nc -lu 2055 > file` or a collector's dump leaves them: v1, v5, v7 by their count, IPFIX by its length, v9 up to the next
//!   header (see `flow_log_v9`), mixed at will.
//! - v5 messages in 1464 octets each, whatever their count, as SiLK's tools (rwflowpack, rwpdu2silk) read and write them.
//!
//! Where no message begins, the next place is sought where one surely does; what lies between is a fault, or padding if it is zeros. A
//! message whose end lacks is not given, as the cut frame of a capture is not; of a v9 message, which has no end, the Sets that are there are given.

use super::capture::Step;
use super::fault::{FaultCause, FaultLog};
use super::flow_log_header::{Header, Look, MOST_OCTETS, Version, find, look};
use super::flow_log_v9::{Extent, extent};
use super::report::Container;
use crate::datagram::Origin;
use crate::time::Timestamp;

/// The octets that SiLK gives to each v5 message: a header and 30 records.
const PADDED_V5: usize = 24 + 30 * 48;
/// How far is looked for the next message at a time.
const WINDOW: usize = 2 * MOST_OCTETS;
/// What a candidate at the end of a window may lack to be seen: a v9 header and a Set header.
const TELLING: usize = 24;

/// A message, in a record whose beginning the caller knows.
#[derive(Clone, Copy, Debug)]
pub(super) struct Message {
    /// Octets that are there.
    pub(super) length: usize,
    /// Octets that the file's end cut off.
    pub(super) missing: usize,
    /// Its export time.
    pub(super) time: Timestamp,
}

/// A reader of messages.
#[derive(Debug, Default)]
pub(super) struct FlowLogReader {
    /// Octets of the file done with.
    offset: u64,
    /// Octets behind the last message that make it as long as SiLK's, if nothing else stands there.
    padding: usize,
    /// What was met.
    other_than_ipfix: bool,
    padded: bool,
    /// Up to this octet of the file no message surely begins: nothing is sought there again, or damage would cost a search each time.
    barren: u64,
    /// Inside a stretch without messages, which was noted.
    lost: bool,
}

impl FlowLogReader {
    /// Whether a file begins with a message.
    pub(super) fn recognises(head: &[u8]) -> bool {
        matches!(look(head), Look::Header(_))
    }

    /// A reader of a file that begins so.
    pub(super) fn open(head: &[u8]) -> Self {
        let ipfix = matches!(look(head), Look::Header(Header { version: Version::Ipfix, .. }));
        Self { other_than_ipfix: !ipfix, ..Self::default() }
    }

    pub(super) fn container(&self) -> Container {
        match (self.padded, self.other_than_ipfix) {
            (true, _) => Container::PaddedV5,
            (_, true) => Container::Messages,
            _ => Container::IpfixFile,
        }
    }

    /// What lies at the beginning of `octets`, behind which the file ends if they are the `last`.
    pub(super) fn step(&mut self, octets: &[u8], log: &mut FaultLog, at: Origin, last: bool) -> Step {
        match look(octets) {
            Look::Header(header) => self.message(header, octets, log, at, last),
            Look::Short(needed) => Step::Need(needed),
            Look::Other => self.between(octets, log, at, last),
        }
    }

    fn message(&mut self, header: Header, octets: &[u8], log: &mut FaultLog, at: Origin, last: bool) -> Step {
        let (length, missing) = match header.length {
            Some(length) if length <= octets.len() => (length, 0),
            // The length may lie: then there are messages inside.
            Some(length) => match find(octets, 1..octets.len(), last).filter(|_| last) {
                Some(next) => return self.out_of_step(next, octets, log, at),
                None => return Step::Need(length),
            },
            None => match self.v9(octets, log, at, last) {
                Ok(ends) => ends,
                Err(needed) => return Step::Need(needed),
            },
        };
        self.lost = false;
        self.other_than_ipfix |= header.version != Version::Ipfix;
        self.padding = if header.version == Version::V5 { PADDED_V5.saturating_sub(length) } else { 0 };
        self.forward(length);
        let time = Timestamp::from_nanos(i64::from(header.seconds) * 1_000_000_000);
        Step::Message(length, Message { length, missing, time })
    }

    /// How many octets of a v9 message are there and how many lack; or how many it takes to tell.
    fn v9(&mut self, octets: &[u8], log: &mut FaultLog, at: Origin, last: bool) -> Result<(usize, usize), usize> {
        let offset = self.offset;
        let boundary = |log: &mut FaultLog, length: usize| {
            log.note(FaultCause::LogV9Extent, at, || format!("message {}: octets {offset} to {}", at.frame, offset + wide(length)));
        };
        let (lost, needed) = match extent(octets, last) {
            Extent::Need(needed) => return Err(needed),
            Extent::End(length) => {
                boundary(log, length);
                return Ok((length, 0));
            }
            Extent::Lost(lost, needed) => (lost, needed),
        };
        // A Set without sense: up to the next message all belongs to this one, for the decoder to judge; padding too.
        if !last && octets.len() < WINDOW {
            return Err(WINDOW);
        }
        let searched = usize::try_from(self.barren.saturating_sub(offset)).unwrap_or(usize::MAX);
        if let Some(end) = find(octets, lost.max(searched)..MOST_OCTETS, last) {
            boundary(log, end);
            return Ok((end, 0));
        }
        self.barren = self.barren.max(offset + wide(MOST_OCTETS));
        let rest = octets.get(lost..).unwrap_or(&[]);
        if last && rest.len() <= MOST_OCTETS && (needed > octets.len() || rest.iter().all(|octet| *octet == 0)) {
            let missing = needed.saturating_sub(octets.len());
            if missing > 0 {
                log.note(FaultCause::FileCut, at, || format!("message {}: a Set in it needs {missing} octets more", at.frame));
            }
            boundary(log, octets.len());
            return Ok((octets.len(), missing));
        }
        boundary(log, lost);
        Ok((lost, 0))
    }

    /// No message begins here.
    fn between(&mut self, octets: &[u8], log: &mut FaultLog, at: Origin, last: bool) -> Step {
        let padding = std::mem::take(&mut self.padding);
        if padding > 0 {
            if octets.len() < padding + TELLING && !last {
                self.padding = padding;
                return Step::Need(padding + TELLING);
            }
            let next = octets.get(padding..);
            if next.is_some_and(|next| next.is_empty() || matches!(look(next), Look::Header(_))) {
                self.padded = true;
                self.forward(padding);
                return Step::Skip(wide(padding));
            }
        }
        match find(octets, 1..octets.len(), last) {
            Some(next) => self.out_of_step(next, octets, log, at),
            None if last => self.out_of_step(octets.len(), octets, log, at),
            None if octets.len() < WINDOW => Step::Need(WINDOW),
            None => self.out_of_step(octets.len() - TELLING, octets, log, at),
        }
    }

    /// Leaves octets out that are no message, and says so, once for a stretch.
    fn out_of_step(&mut self, skipped: usize, octets: &[u8], log: &mut FaultLog, at: Origin) -> Step {
        let offset = self.offset;
        let stretch = octets.get(..skipped).unwrap_or(octets);
        let zeros = stretch.iter().all(|octet| *octet == 0);
        if !self.lost && zeros {
            log.note(FaultCause::LogPadding, at, || format!("before message {}: {skipped} octets from octet {offset} on", at.frame));
        } else if !self.lost {
            log.note(FaultCause::LogOutOfSync, at, || {
                let begins: Vec<String> = stretch.iter().take(4).map(|o| format!("{o:02x}")).collect();
                format!("message {}: octet {offset} of the file begins with {}; {skipped} octets were left out", at.frame, begins.join(" "))
            });
        }
        self.lost |= !zeros;
        self.padding = 0;
        self.forward(skipped);
        Step::Skip(wide(skipped))
    }

    fn forward(&mut self, octets: usize) {
        self.offset += wide(octets);
    }
}

fn wide(n: usize) -> u64 {
    u64::try_from(n).unwrap_or(u64::MAX)
}
