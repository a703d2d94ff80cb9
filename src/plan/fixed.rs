//! The records of v1, v5 and v7 as templates, so that all versions share one data path.
//!
//! ```text
//! v5 record, 48 octets                      v7, 52: the same up to the ports, then      v1: the same up to the ports, then
//!  0 source        12 input    14 output    36 flags   37 tcp flags  38 protocol 39 tos   36 pad 2   38 protocol  39 tos
//!  4 destination   16 packets  20 octets    40 AS 2×2  44 masks 2×1  46 flags             40 tcp flags  41 … padding
//!  8 next hop      24 first    28 last      48 address of the bypassed router
//! 32 ports 2×2     36 pad  37 tcp flags  38 protocol  39 tos  40 AS 2×2  44 masks 2×1  46 pad
//! ```

use crate::message::{FieldSpecifier, Version};

/// paddingOctets (RFC 5102 §5.12.1).
const PADDING: u16 = 210;
/// Addresses, next hop, interfaces, packets, octets, first, last, ports: the head that all three share, 36 octets.
const HEAD: [(u16, u16); 11] = [(8, 4), (12, 4), (15, 4), (10, 2), (14, 2), (2, 4), (1, 4), (22, 4), (21, 4), (7, 2), (11, 2)];
const V1_TAIL: [(u16, u16); 4] = [(PADDING, 2), (4, 1), (5, 1), (6, 1)];
const V5_TAIL: [(u16, u16); 9] = [(PADDING, 1), (6, 1), (4, 1), (5, 1), (16, 2), (17, 2), (9, 1), (13, 1), (PADDING, 2)];
const V7_TAIL: [(u16, u16); 10] = [(PADDING, 1), (6, 1), (4, 1), (5, 1), (16, 2), (17, 2), (9, 1), (13, 1), (PADDING, 2), (43, 4)];

/// The fields of a record of v1, v5 or v7, filled up with padding to `stride` octets; none for versions with templates.
pub fn fixed_template(version: Version, stride: usize) -> Vec<FieldSpecifier> {
    let tail: &[(u16, u16)] = match version {
        Version::V1 => &V1_TAIL,
        Version::V5 => &V5_TAIL,
        Version::V7 => &V7_TAIL,
        Version::V9 | Version::Ipfix | Version::Unstated => return Vec::new(),
    };
    let mut fields: Vec<FieldSpecifier> = HEAD.iter().chain(tail).map(|(id, length)| FieldSpecifier::element(0, *id, *length)).collect();
    let sum: usize = fields.iter().map(|f| usize::from(f.length)).sum();
    match u16::try_from(stride.saturating_sub(sum)) {
        Ok(0) | Err(_) => {}
        Ok(rest) => fields.push(FieldSpecifier::element(0, PADDING, rest)),
    }
    fields
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lengths_are_those_of_the_records() {
        for (version, stride) in [(Version::V1, 52), (Version::V1, 48), (Version::V5, 48), (Version::V7, 52)] {
            let sum: usize = fixed_template(version, stride).iter().map(|f| usize::from(f.length)).sum();
            assert_eq!(sum, stride, "{version}");
        }
        assert!(fixed_template(Version::V9, 48).is_empty());
    }
}
