//! Where a v9 message ends that stands in a file: its header has no length, and its Count counts records, so its Sets are walked.
//!
//! Behind a Set comes the next Set or the next message. The versions 5, 7, 9 and 10 are ids that no Set has (RFC 3954 §5.2: Sets are 0, 1 or
//! above 255), so a number like that at the end of a Set begins a message; 1 is taken for an Options Template Set, not for a v1 message.

use super::flow_log_header::{Look, MOST_OCTETS, V9_HEADER, look, word};

/// How far a message reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Extent {
    /// So many octets.
    End(usize),
    /// It takes so many octets to tell.
    Need(usize),
    /// The Sets lead up to here, where neither a Set nor a message stands; so many octets the Set here would need.
    Lost(usize, usize),
}

/// Walks the Sets of the message at the beginning of some octets, behind which the file ends if they are the `last`.
pub(super) fn extent(octets: &[u8], last: bool) -> Extent {
    let mut at = V9_HEADER;
    loop {
        let rest = octets.get(at..).unwrap_or(&[]);
        let (Some(id), Some(length)) = (word(rest, 0), word(rest, 2)) else {
            return match (last, rest) {
                (false, _) => Extent::Need(at + 4),
                (true, []) => Extent::End(at),
                // The next message is cut off.
                (true, [0, 5 | 7 | 9 | 10, ..]) => Extent::End(at),
                (true, rest) if rest.iter().all(|octet| *octet == 0) => Extent::End(octets.len()),
                (true, _) => Extent::Lost(at, at + 4),
            };
        };
        let end = at + usize::from(length);
        match id {
            5 | 7 | 9 | 10 => match look(rest) {
                Look::Header(_) => return Extent::End(at),
                Look::Short(more) if !last => return Extent::Need(at + more),
                // The next message is cut off.
                Look::Short(_) => return Extent::End(at),
                Look::Other => return Extent::Lost(at, at),
            },
            2..=255 => return Extent::Lost(at, at),
            _ if length < 4 || end > MOST_OCTETS => return Extent::Lost(at, at),
            _ if end > octets.len() => return if last { Extent::Lost(at, end) } else { Extent::Need(end) },
            _ => at = end,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::hex;
    use super::*;

    const HEADER: &str = "0009 0001 00000064 6553f100 00000000 00000001";

    #[test]
    fn sets_lead_to_the_next_header() {
        let one = format!("{HEADER} 0000 000c 0100 0001 0008 0004 0100 0008 c0000201");
        let two = hex(&format!("{one}{one}"));
        assert_eq!(extent(&two, true), Extent::End(40));
        assert_eq!(extent(&two[..62], false), Extent::Need(64));
        assert_eq!(extent(&hex(&one), true), Extent::End(40));
        assert_eq!(extent(&hex(&one), false), Extent::Need(44));
        assert_eq!(extent(&hex(&one)[..38], false), Extent::Need(40));
        assert_eq!(extent(&hex(&one)[..38], true), Extent::Lost(32, 40));
        // Padding behind the last Set; a Set id that is reserved; a length below a Set header's.
        assert_eq!(extent(&hex(&format!("{one} 000000")), true), Extent::End(43));
        assert_eq!(extent(&hex(&format!("{one} 0004 0008 00000000")), true), Extent::Lost(40, 40));
        assert_eq!(extent(&hex(&format!("{one} 0100 0003 00000000")), true), Extent::Lost(40, 40));
    }
}
