//! The octets of one cell to one value. `None` where there is no value: no octets, or a number that its column can't hold.

use crate::plan::TimeForm;
use crate::time::{Timestamp, since_boot};

use super::batch::Context;

/// An unsigned integer of any width; more than 8 octets only with zeros in front (RFC 7011 §6.2).
#[inline]
pub fn unsigned(cell: &[u8]) -> Option<u64> {
    let (excess, last) = match cell.len().checked_sub(8) {
        Some(more) if more > 0 => cell.split_at(more),
        _ => (&[][..], cell),
    };
    if cell.is_empty() || excess.iter().any(|b| *b != 0) {
        return None;
    }
    Some(last.iter().fold(0, |n, b| n << 8 | u64::from(*b)))
}

/// A signed integer of any width up to 8 octets.
pub(super) fn signed(cell: &[u8]) -> Option<i64> {
    let bits = 8 * cell.len() as u32;
    if !(8..=64).contains(&bits) {
        return None;
    }
    unsigned(cell).map(|n| (n << (64 - bits)) as i64 >> (64 - bits))
}

/// IEEE 754 (RFC 7011 §6.1.3, §6.1.4).
pub fn float(cell: &[u8]) -> Option<f64> {
    match *cell {
        [a, b, c, d] => Some(f64::from(f32::from_be_bytes([a, b, c, d]))),
        [a, b, c, d, e, f, g, h] => Some(f64::from_be_bytes([a, b, c, d, e, f, g, h])),
        _ => None,
    }
}

/// 1 is true, 2 is false (RFC 7011 §6.1.5).
pub(super) fn boolean(cell: &[u8]) -> Option<bool> {
    match unsigned(cell) {
        Some(1) => Some(true),
        Some(2) => Some(false),
        _ => None,
    }
}

/// A point in time in nanoseconds since 1970.
pub(super) fn time(form: TimeForm, cell: &[u8], context: &Context) -> Option<i64> {
    if form == TimeForm::Timeval {
        let (seconds, micros) = cell.split_first_chunk::<8>()?;
        let micros: [u8; 8] = micros.try_into().ok()?;
        return Timestamp::from_timeval(u64::from_be_bytes(*seconds), u64::from_be_bytes(micros)).map(Timestamp::nanos);
    }
    let value = unsigned(cell)?;
    let time = match form {
        TimeForm::Seconds => Timestamp::from_seconds(u32::try_from(value).ok()?),
        TimeForm::Millis => Timestamp::from_millis(value)?,
        TimeForm::NtpMicros => Timestamp::from_ntp_micros(value)?,
        TimeForm::NtpNanos => Timestamp::from_ntp_nanos(value)?,
        TimeForm::BeforeExport => context.export_time.minus_micros(u32::try_from(value).ok()?),
        TimeForm::Uptime => {
            let stamp = u32::try_from(value).ok()?;
            match (context.clock, context.boot) {
                (Some(clock), _) => clock.absolute(stamp),
                (None, Some(boot)) => since_boot(boot, stamp, context.export_time),
                (None, None) => return None,
            }
        }
        TimeForm::Timeval => return None,
    };
    Some(time.nanos())
}

/// IPv4 in its mapped form (RFC 4291 §2.5.5.2).
#[inline]
pub(super) fn mapped(v4: u32) -> [u8; 16] {
    let [a, b, c, d] = v4.to_be_bytes();
    [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, a, b, c, d]
}

/// Text without the NULs that fill a field up; octets that are no UTF-8 as `\xNN`, so that nothing is lost and all is text.
pub fn text(cell: &[u8], out: &mut Vec<u8>) {
    let end = cell.iter().rposition(|b| *b != 0).map_or(0, |last| last + 1);
    for chunk in cell[..end].utf8_chunks() {
        out.extend_from_slice(chunk.valid().as_bytes());
        for octet in chunk.invalid() {
            const HEX: &[u8; 16] = b"0123456789abcdef";
            out.extend_from_slice(&[b'\\', b'x', HEX[usize::from(octet >> 4)], HEX[usize::from(octet & 15)]]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_of_odd_widths() {
        assert_eq!(unsigned(&[]), None);
        assert_eq!(unsigned(&[1, 0, 2]), Some(65_538));
        assert_eq!(unsigned(&[0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]), Some(u64::MAX));
        assert_eq!(unsigned(&[1, 0, 0, 0, 0, 0, 0, 0, 0]), None);
        assert_eq!(signed(&[0xff, 0xfe]), Some(-2));
        assert_eq!(signed(&[0x7f]), Some(127));
        assert_eq!(signed(&[0x80, 0, 0, 0, 0, 0, 0, 0]), Some(i64::MIN));
        assert_eq!(signed(&[0; 9]), None);
    }

    #[test]
    fn floats_and_booleans() {
        assert_eq!(float(&[0x3f, 0x80, 0, 0]), Some(1.0));
        assert_eq!(float(&[0xc0, 0, 0, 0, 0, 0, 0, 0]), Some(-2.0));
        assert_eq!(float(&[0; 3]), None);
        assert_eq!([boolean(&[1]), boolean(&[2]), boolean(&[0])], [Some(true), Some(false), None]);
    }

    #[test]
    fn text_loses_its_filling_and_nothing_else() {
        let mut out = Vec::new();
        text(b"a\0b\xff\0\0", &mut out);
        assert_eq!(out, b"a\0b\\xff");
        out.clear();
        text(&[0, 0], &mut out);
        assert!(out.is_empty());
    }
}
