//! Is this payload NDE?
//!
//! Version numbers are small: one in 65 536 random payloads begins with each, and so do the DNS queries whose id is 9. So a payload
//! from a session that is not known yet has to show more, by several weak signs together, none of which real exporters miss all:
//! lengths and counts that fit the datagram to the octet, Sets that follow each other to its end, template records that can be read
//! through, and a plausible time. No single sign is demanded, since there are exporters with a wrong count, with clocks that
//! count from the boot, and with broken Sets.
//!
//! Of two million payloads of 20 to 1500 random octets behind version 1, 5, 9 or 10, [`Trust::Strict`] takes 5 to 13, by the seed (a
//! test holds one seed below 20). Since so few of all random payloads begin with a version, that is about one in 4 000 million.

use std::fmt;

use super::fixed::stride;
use super::header::{Header, Version, ipfix_length, version_field};
use super::malformed::{Cause, Malformed};
use super::other::{Other, is_dns};
use super::reader::{Body, follows, messages, nanos_plausible};
use super::set::{Set, SetKind, kind};
use super::template_record::template_records;

/// 1990-01-01 and 2100-01-01 in seconds since 1970: before NetFlow, after us.
const PLAUSIBLE_SECONDS: std::ops::Range<u32> = 631_152_000..4_102_444_800;
/// No payload below this is worth the name of a short message: half the shortest header.
const SHORTEST: usize = 8;
/// More than any exporter puts into a v1, v5 or v7 message; datagrams of 1500 octets hold 30.
const MOST_FIXED_RECORDS: usize = 32;

/// How much is known of the session that a payload came by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Trust {
    /// Nothing: the payload has to prove itself.
    Strict,
    /// The session has sent NDE before, or the user named the port: damaged messages are taken too, to be reported as such.
    Lenient,
}

/// What a payload that begins with a version lacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// The count of v1, v5 or v7 and the length of the payload don't fit.
    Count,
    /// The Sets don't lead to the end of the message.
    Sets,
    /// The IPFIX Length and the length of the payload don't fit.
    Length,
    /// The export time and the other signs together are implausible.
    Header,
}

/// Why a payload is not NDE.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NotNde {
    /// So few octets that they can't be a message.
    TooShort {
        /// The length of the payload.
        had: usize,
    },
    /// A version field that is no version read here.
    Version {
        /// The first two octets.
        number: u16,
        /// What it looks like instead.
        looks_like: Option<Other>,
    },
    /// A version is there, the rest does not bear it out.
    Implausible {
        /// The version.
        version: Version,
        /// What is wrong.
        reason: Reason,
        /// What it looks like instead.
        looks_like: Option<Other>,
    },
}

impl NotNde {
    /// The stable name of the cause.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::TooShort { .. } => "not-nde-too-short",
            Self::Version { number: 8, looks_like: None } => "not-nde-version-8",
            Self::Version { .. } => "not-nde-version",
            Self::Implausible { .. } => "not-nde-implausible",
        }
    }
}

impl fmt::Display for NotNde {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let looks_like = match self {
            Self::TooShort { had } => {
                write!(f, "not NDE: too short ({had} {})", if *had == 1 { "octet" } else { "octets" })?;
                &None
            }
            Self::Version { number: 8, looks_like: None } => {
                f.write_str("not NDE: version 8 (router-based aggregation) is not supported")?;
                &None
            }
            Self::Version { number, looks_like } => {
                write!(f, "not NDE: version field {number}")?;
                looks_like
            }
            Self::Implausible { version, reason, looks_like } => {
                let reason = match reason {
                    Reason::Count => "the count does not fit the length",
                    Reason::Sets => "the Sets do not lead to its end",
                    Reason::Length => "the Length does not fit the datagram",
                    Reason::Header => "the header is implausible",
                };
                write!(f, "not NDE: begins like {version}, but {reason}")?;
                looks_like
            }
        };
        match looks_like {
            Some(other) => write!(f, ", looks like {other}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for NotNde {}

/// Which version of NDE the payload of a datagram is; `missing` is how many more octets of it the capture cut off.
pub fn recognise(payload: &[u8], missing: usize, trust: Trust) -> Result<Version, NotNde> {
    let had = payload.len();
    let number = version_field(payload).ok_or(NotNde::TooShort { had })?;
    let Some(version) = Version::from_number(number) else {
        return Err(NotNde::Version { number, looks_like: Other::guess(payload) });
    };
    if had < SHORTEST {
        return Err(NotNde::TooShort { had });
    }
    if trust == Trust::Lenient && !is_dns(payload) {
        return Ok(version); // No walk: this is asked for every datagram of a session.
    }
    let refuse = |reason| NotNde::Implausible { version, reason, looks_like: Other::guess(payload) };
    let borne_out = match (version, stride(version)) {
        (_, Some(stride)) => fixed(version, payload, missing, stride),
        (Version::V9, _) => v9(payload, missing),
        _ => ipfix(payload, missing),
    };
    borne_out.map(|()| version).map_err(refuse)
}

/// v1, v5, v7: the count and the length of the payload bear each other out.
fn fixed(version: Version, payload: &[u8], missing: usize, stride: usize) -> Result<(), Reason> {
    let header_length = version.header_length();
    let count = usize::from(payload.get(2..).and_then(version_field).unwrap_or(0));
    let total = payload.len() + missing;
    let end = header_length + count * stride;
    if count > 0 && end == total {
        return Ok(());
    }
    let rest = payload.get(end..).unwrap_or(&[]);
    let header_plausible = plausible_seconds(payload, 8) && nanos_plausible(payload);
    if count > 0 && end < total && (follows(version, rest, missing) || header_plausible && rest.iter().all(|&octet| octet == 0)) {
        return Ok(());
    }
    // What is left is a wrong count, or a datagram that was cut on the way.
    let records = payload.get(header_length..).unwrap_or(&[]).chunks_exact(stride);
    let whole = records.len();
    let exact = total.checked_sub(header_length).is_some_and(|octets| octets > 0 && octets % stride == 0);
    let padded = whole > 0 && records.filter(|record| padding_is_zero(version, record)).count() * 2 >= whole;
    let few = (1..=MOST_FIXED_RECORDS).contains(&count);
    match header_plausible && ((few && exact && end > total) || (padded && (exact || few))) {
        true => Ok(()),
        false => Err(Reason::Count),
    }
}

/// Whether the padding that Cisco's tables show at the end of a v1 and a v5 record is zero. v7 has none.
fn padding_is_zero(version: Version, record: &[u8]) -> bool {
    match version {
        Version::V1 => record.get(44..48) == Some(&[0; 4]),
        Version::V5 => record.get(46..48) == Some(&[0; 2]),
        _ => false,
    }
}

/// v9 has no length but that of its Sets: they lead to the end, or hold templates.
fn v9(payload: &[u8], missing: usize) -> Result<(), Reason> {
    let total = payload.len() + missing;
    let timely = plausible_seconds(payload, 8);
    let count = payload.get(2..).and_then(version_field).map_or(usize::MAX, usize::from);
    let Some(walk) = Walk::of(payload, missing).filter(|walk| walk.messages == 1) else {
        // The capture kept less than the header.
        return if missing > 0 && total > Version::V9.header_length() && timely && count <= total / 4 {
            Ok(())
        } else {
            Err(Reason::Header)
        };
    };
    let counted = match missing {
        // A record has one octet at least, a Set four.
        0 => count <= total,
        _ => count <= total / 4 && timely,
    };
    let empty = walk.sets == 0 && count == 0 && timely;
    // pmacct can put a Set 0 of 41 541 octets behind good ones: the first Set and the header have to do.
    let began_well = walk.sets > 0 && (1..=total / 16).contains(&count) && timely && !is_dns(payload);
    if (walk.whole && counted && (walk.sets > 0 || empty)) || (walk.templates_only_good() && timely) || began_well {
        return Ok(());
    }
    Err(if walk.whole { Reason::Header } else { Reason::Sets })
}

/// IPFIX: its messages have the lengths they say, and so have their Sets.
fn ipfix(payload: &[u8], missing: usize) -> Result<(), Reason> {
    let timely = plausible_seconds(payload, 4);
    let Some(walk) = Walk::of(payload, missing) else {
        return Err(Reason::Header);
    };
    if walk.messages == 0 {
        return Err(Reason::Length);
    }
    let lengths = !walk.trailer || (timely && walk.sets > 0);
    let began_well = walk.sets > 0 && timely && ipfix_length(payload) == Some(payload.len() + missing);
    if (walk.whole && lengths) || (walk.templates_only_good() && timely) || began_well {
        return Ok(());
    }
    Err(if walk.whole { Reason::Length } else { Reason::Sets })
}

fn plausible_seconds(payload: &[u8], at: usize) -> bool {
    let seconds = payload.get(at..).and_then(|octets| octets.first_chunk()).copied().map(u32::from_be_bytes);
    seconds.is_some_and(|seconds| PLAUSIBLE_SECONDS.contains(&seconds))
}

/// What a walk over all Sets of a payload finds.
#[derive(Default)]
struct Walk {
    messages: usize,
    sets: usize,
    templates: usize,
    bad_templates: usize,
    /// All Sets are known ones and lead to the ends of their messages.
    whole: bool,
    /// Octets follow that are no message.
    trailer: bool,
}

impl Walk {
    /// Walks the payload; `None` where not even a header is there.
    fn of(payload: &[u8], missing: usize) -> Option<Self> {
        let version = Version::from_number(version_field(payload)?)?;
        Header::read(version, payload)?;
        let mut walk = Self { whole: true, ..Self::default() };
        for message in messages(payload, missing) {
            match message.map(|message| message.body) {
                Ok(Body::Sets(sets)) => {
                    walk.messages += 1;
                    sets.for_each(|set| walk.set(version, set));
                }
                Ok(Body::Records(_)) => {}
                Err(fault) => walk.trailer |= fault.cause != Cause::CutByCapture,
            }
        }
        Some(walk)
    }

    fn set(&mut self, version: Version, set: Result<Set<'_>, Malformed>) {
        let set = match set {
            Ok(set) => set,
            Err(fault) => {
                self.whole &= fault.cause == Cause::CutByCapture;
                return;
            }
        };
        self.sets += 1;
        match kind(version, set.id) {
            SetKind::Data => {}
            SetKind::Reserved => self.whole = false,
            templates => {
                for record in template_records(&set, templates) {
                    match record {
                        Ok(_) => self.templates += 1,
                        Err(_) => self.bad_templates += 1,
                    }
                }
            }
        }
    }

    fn templates_only_good(&self) -> bool {
        self.templates > 0 && self.bad_templates == 0
    }
}

#[cfg(test)]
mod tests {
    use super::super::build::{Build, hex, words};
    use super::*;

    fn strict(payload: &[u8]) -> Result<Version, String> {
        recognise(payload, 0, Trust::Strict).map_err(|not| not.to_string())
    }

    #[test]
    fn says_why_it_is_not_nde() {
        let not = |payload: &[u8]| recognise(payload, 0, Trust::Lenient).map_err(|not| (not.code(), not.to_string())).unwrap_err();
        assert_eq!(not(&[]), ("not-nde-too-short", "not NDE: too short (0 octets)".into()));
        assert_eq!(not(&[0, 5, 0, 1]), ("not-nde-too-short", "not NDE: too short (4 octets)".into()));
        let eight = "not NDE: version 8 (router-based aggregation) is not supported";
        assert_eq!(not(&[0, 8, 0, 1, 0, 0, 0, 0]), ("not-nde-version-8", eight.into()));
        let sflow = [0, 0, 0, 5, 0, 0, 0, 1, 192, 0, 2, 1];
        assert_eq!(not(&sflow), ("not-nde-version", "not NDE: version field 0, looks like sFlow version 5".into()));
        assert_eq!(not(b"GET / HTTP/1.1\r\n\r\n"), ("not-nde-version", "not NDE: version field 18245, looks like text".into()));
        // A DNS answer whose id is 9: _http._tcp.local, type PTR.
        let dns = hex("000984000000000100000000055f68747470045f746370056c6f63616c00000c0001");
        let text = "not NDE: begins like v9, but the Sets do not lead to its end, looks like DNS";
        assert_eq!(not(&dns), ("not-nde-implausible", text.into()));
    }

    #[test]
    fn damage_is_taken_only_from_a_known_session() {
        let damaged = [
            Build::v9(1, 0).set_that_says(256, 500, &[1; 30]).done(),
            Build::ipfix(1).set_that_says(256, 0, &[1; 8]).done(),
            Build::ipfix(1).set(256, &[1; 8]).done_that_says(8),
            Build::fixed(Version::V5, 0, 1).done(),
            Build::fixed(Version::V7, 500, 1).done(),
        ];
        for payload in damaged {
            assert!(strict(&payload).is_err(), "{payload:?}");
            assert!(recognise(&payload, 0, Trust::Lenient).is_ok(), "{payload:?}");
        }
    }

    #[test]
    fn what_real_exporters_get_wrong_is_taken() {
        // A Set 0 of length 41541 behind a good one, as pmacct sends it.
        let set_zero = Build::ipfix(1).set(256, &[1; 40]).set_that_says(0, 41_541, &[2; 40]).done();
        assert_eq!(strict(&set_zero), Ok(Version::Ipfix));
        let set_zero = Build::v9(3, 1).set(256, &[1; 40]).set_that_says(0, 41_541, &[2; 40]).done();
        assert_eq!(strict(&set_zero), Ok(Version::V9));
        // A header count that counts nothing known, and a datagram filled with zeros.
        let count = Build::v9(99, 0).set(0, &words(&[256, 1, 8, 4])).raw(&[0; 1_000]).done();
        assert_eq!(strict(&count), Ok(Version::V9));
        // Thirty whole records with zero padding under a count of 55582.
        let mut garbage = Build::fixed(Version::V5, 55_582, 30).done();
        assert_eq!(strict(&garbage), Err("not NDE: begins like v5, but the count does not fit the length".into()));
        garbage[24..].chunks_mut(48).for_each(|record| record[46..].fill(0));
        assert_eq!(strict(&garbage), Ok(Version::V5));
        // A v5 clock that counts from the boot.
        let mut boot = Build::fixed(Version::V5, 2, 2).done();
        boot[8..12].copy_from_slice(&[0, 0, 0, 90]);
        assert_eq!(strict(&boot), Ok(Version::V5));
    }

    #[test]
    fn other_protocols_with_a_version_in_front() {
        // A STUN binding request of 20 octets, a TFTP error and a DNS query of id 5.
        let stun = hex("00010000 2112a442 0102030405060708090a0b0c");
        assert_eq!(strict(&stun), Err("not NDE: begins like v1, but the count does not fit the length, looks like STUN".into()));
        assert!(strict(b"\x00\x05\x00\x01File not found\x00").is_err());
        assert!(strict(b"\x00\x05\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x07example\x03org\x00\x00\x01\x00\x01").is_err());
    }
}
