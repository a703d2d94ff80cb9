//! The octet ledger: what became of every octet of every UDP payload.
//!
//! Each octet has one class, so that the classes add up to the payloads. What a datagram holds beyond all that was accounted for goes
//! to the class that the first fault in it tells, else it lies beyond what the message's own counts and lengths claim.

use crate::message;

use super::ledger::Place;

macro_rules! classes {
    ($($(#[doc = $doc:literal])* $name:ident $code:literal $title:literal,)*) => {
        /// What an octet is.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum OctetClass {
            $($(#[doc = $doc])* $name,)*
        }

        impl OctetClass {
            /// All of them, decoded ones first.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// A stable name, for machines.
            pub const fn code(self) -> &'static str {
                match self { $(Self::$name => $code,)* }
            }

            /// A few words, for people.
            pub const fn title(self) -> &'static str {
                match self { $(Self::$name => $title,)* }
            }
        }
    };
}

classes! {
    /// Headers of messages.
    MessageHeader "message-header" "message headers",
    /// Headers of Sets.
    SetHeader "set-header" "Set headers",
    /// Template Records.
    Template "template" "templates",
    /// Options Template Records.
    OptionsTemplate "options-template" "options templates",
    /// Options records.
    Options "options" "options records",
    /// Flows.
    Flow "flow" "flow records",
    /// Zeros behind the last record of a Set, or behind the last Set.
    PaddingZero "padding-zero" "padding, zeros",
    /// Octets behind the last record of a Set that are not all zero.
    PaddingOther "padding-other" "padding, not zero",
    /// Data Sets that never got a template.
    NoTemplate "no-template" "without a template",
    /// What the capture cut off in the middle.
    Truncated "truncated" "cut by the capture",
    /// What can't be read: malformed, refused, beyond a limit.
    Refused "refused" "malformed or refused",
    /// Behind the last record or message that counts and lengths claim.
    BeyondCount "beyond-count" "beyond count or length",
    /// Datagrams that are no NDE.
    NotNde "not-nde" "not NDE",
}

impl OctetClass {
    /// True for what was understood.
    pub fn is_decoded(self) -> bool {
        self <= Self::PaddingZero
    }
}

/// Octets that were not decoded.
#[derive(Clone, Copy, Debug)]
pub struct Undecoded {
    /// What they are.
    pub class: OctetClass,
    /// Where they begin.
    pub place: Place,
    /// How many.
    pub octets: usize,
}

/// Places that are remembered.
const MOST_PLACES: usize = 1_000;

/// What became of every octet.
#[derive(Clone, Debug, Default)]
pub struct OctetLedger {
    total: u64,
    counts: [u64; OctetClass::ALL.len()],
    undecoded: Vec<Undecoded>,
    more: u64,
    /// Octets of the datagram in hand that have their class.
    accounted: usize,
    /// What the rest of the datagram in hand is, and where it begins.
    rest: Option<(OctetClass, Option<usize>)>,
}

impl OctetLedger {
    /// Octets of all payloads.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// Octets of a class.
    pub fn count(&self, class: OctetClass) -> u64 {
        self.counts[class as usize]
    }

    /// What was not decoded, in the order of the input: the first thousand places.
    pub fn undecoded(&self) -> &[Undecoded] {
        &self.undecoded
    }

    /// Places beyond those.
    pub fn more_undecoded(&self) -> u64 {
        self.more
    }

    /// Begins a datagram.
    pub(super) fn begin(&mut self) {
        (self.accounted, self.rest) = (0, None);
    }

    /// Octets of the datagram in hand are of a class.
    pub(super) fn add(&mut self, class: OctetClass, octets: usize) {
        self.counts[class as usize] += octets as u64;
        self.accounted += octets;
    }

    /// The same for what is not decoded.
    pub(super) fn miss(&mut self, class: OctetClass, place: Place, octets: usize) {
        self.add(class, octets);
        self.note(class, place, octets);
    }

    /// Remembers a place.
    pub(super) fn note(&mut self, class: OctetClass, place: Place, octets: usize) {
        if octets == 0 {
            return;
        }
        if self.undecoded.len() < MOST_PLACES {
            self.undecoded.push(Undecoded { class, place, octets });
        } else {
            self.more += 1;
        }
    }

    /// Says what the datagram's octets are that get no class otherwise; the first word holds.
    pub(super) fn rest_is(&mut self, class: OctetClass, offset: Option<usize>) {
        self.rest.get_or_insert((class, offset));
    }

    /// The same by a fault.
    pub(super) fn rest_by(&mut self, cause: message::Cause, offset: usize) {
        let class = match cause {
            message::Cause::CutByCapture => OctetClass::Truncated,
            message::Cause::TrailingOctets | message::Cause::CountZero => OctetClass::BeyondCount,
            _ => OctetClass::Refused,
        };
        self.rest_is(class, Some(offset));
    }

    /// What stands behind the records of a Set.
    pub(super) fn padding(&mut self, rest: &[u8], place: Place) {
        if rest.iter().all(|octet| *octet == 0) {
            self.add(OctetClass::PaddingZero, rest.len());
        } else {
            self.miss(OctetClass::PaddingOther, place, rest.len());
        }
    }

    /// Ends a datagram: what has no class yet gets one.
    pub(super) fn end(&mut self, payload: &[u8], place: Place, cut: bool) {
        self.total += payload.len() as u64;
        let rest = payload.len().saturating_sub(self.accounted);
        if rest == 0 {
            return;
        }
        let tail = payload.len() - rest;
        let zeros = || payload.get(tail..).is_some_and(|octets| octets.iter().all(|o| *o == 0));
        match self.rest {
            None | Some((OctetClass::BeyondCount, _)) if zeros() => self.add(OctetClass::PaddingZero, rest),
            None => {
                let class = if cut { OctetClass::Truncated } else { OctetClass::BeyondCount };
                self.miss(class, Place { offset: Some(tail), ..place }, rest);
            }
            Some((class, offset)) => self.miss(class, Place { offset, ..place }, rest),
        }
    }

    /// Takes a Set that waited back out of those without a template, and lets what follows not count for the datagram in hand.
    pub(super) fn reopen(&mut self, octets: usize) -> Reopened {
        self.counts[OctetClass::NoTemplate as usize] -= octets as u64;
        Reopened { accounted: self.accounted, rest: self.rest }
    }

    /// Goes on with the datagram in hand.
    pub(super) fn resume(&mut self, before: Reopened) {
        (self.accounted, self.rest) = (before.accounted, before.rest);
    }
}

/// The datagram in hand while a Set that waited is read.
pub(super) struct Reopened {
    accounted: usize,
    rest: Option<(OctetClass, Option<usize>)>,
}
