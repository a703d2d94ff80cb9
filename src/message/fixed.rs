//! The records of v1, v5 and v7: fixed octets behind a header that counts them.
//!
//! A v1 record has 48 octets: 41 that mean something and 7 of padding and reserve; fprobe, softflowd, tshark and nfdump all agree.
//! A v5 record has 48 octets, a v7 record 52. The headers of Cisco's own exporters count at most 24, 30 and 27 or 28 records;
//! softflowd puts 30 into v1, so no upper bound is held here: the datagram's length is the bound.

use super::header::Version;
use super::malformed::{Cause, Limit, Malformed, Part};

/// The whole records of a v1, v5 or v7 message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Records<'a> {
    /// Whole records only: `count` × `stride` octets.
    pub octets: &'a [u8],
    /// Where they begin in the payload.
    pub offset: usize,
    /// The length of one record.
    pub stride: usize,
    /// How many whole records are there.
    pub count: usize,
    /// Where the header's count disagrees with what is there: one problem, no record invented for it.
    pub fault: Option<Malformed>,
}

/// The length of one record of a version with fixed records; `None` for v9 and IPFIX.
pub(super) const fn stride(version: Version) -> Option<usize> {
    match version {
        Version::V1 | Version::V5 => Some(48),
        Version::V7 => Some(52),
        Version::V9 | Version::Ipfix | Version::Unstated => None,
    }
}

/// Cuts the announced records out of `rest`, the octets behind a header; `missing` more were cut off by the capture.
/// The second value is how much of `rest` belongs to this message: all of it where records are short.
pub(super) fn records(rest: &[u8], offset: usize, stride: usize, announced: u16, missing: usize) -> (Records<'_>, usize) {
    let announced = usize::from(announced);
    let needed = announced * stride;
    let had = rest.len();
    if announced == 0 {
        let fault = Malformed { cause: Cause::CountZero, part: Part::Records, offset, needed: 0, had, limit: Limit::Rule };
        return (Records { octets: &[], offset, stride, count: 0, fault: Some(fault) }, 0);
    }
    if let Some(octets) = rest.get(..needed) {
        return (Records { octets, offset, stride, count: announced, fault: None }, needed);
    }
    let count = had / stride;
    let octets = rest.get(..count * stride).unwrap_or(&[]);
    let fault = if needed <= had + missing {
        Malformed { cause: Cause::CutByCapture, part: Part::Records, offset, needed, had, limit: Limit::Capture }
    } else {
        Malformed { cause: Cause::RecordsShort, part: Part::Records, offset, needed, had: had + missing, limit: Limit::Datagram }
    };
    (Records { octets, offset, stride, count, fault: Some(fault) }, had)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_records_are_those_that_arrived() {
        let (r, used) = records(&[7; 100], 24, 48, 3, 0);
        assert_eq!((r.count, r.octets.len(), used), (2, 96, 100));
        let fault = r.fault.unwrap();
        assert_eq!((fault.cause.code(), fault.needed, fault.had), ("records-short", 144, 100));
        assert_eq!(fault.to_string(), "records at octet 24 need 144 octets by the header's count, the datagram has 100 left");
    }

    #[test]
    fn the_capture_is_named_where_it_cut() {
        let (r, used) = records(&[7; 100], 24, 48, 3, 44);
        assert_eq!((r.count, used, r.fault.unwrap().cause.code()), (2, 100, "cut-by-capture"));
        let (r, _) = records(&[7; 100], 24, 48, 3, 43);
        assert_eq!(r.fault.unwrap().cause.code(), "records-short");
    }

    #[test]
    fn a_count_of_zero_takes_nothing() {
        let (r, used) = records(&[7; 96], 24, 48, 0, 0);
        assert_eq!((r.count, used, r.fault.unwrap().cause.code()), (0, 0, "count-zero"));
    }
}
