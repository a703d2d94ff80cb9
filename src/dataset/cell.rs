//! One value from text: what `write` makes of a column's kind, read back, and the little that other programs write otherwise.
//!
//! Times may have a blank in place of `T`, and `+00`, `+00:00` or nothing in place of `Z`: DuckDB and pandas write them so.

use std::net::{Ipv4Addr, Ipv6Addr};

use crate::column::{Column, Values};
use crate::plan::Kind;
use crate::time::Timestamp;

/// Appends the value that the text stands for; null, and false, if it stands for none of the column's kind.
#[inline]
pub(super) fn push(column: &mut Column, text: &[u8]) -> bool {
    let there = match (&mut column.values, column.kind) {
        (Values::U8(v), _) => put(v, number(text).and_then(|n| u8::try_from(n).ok())),
        (Values::U16(v), _) => put(v, number(text).and_then(|n| u16::try_from(n).ok())),
        (Values::U32(v), Kind::Ipv4) => put(v, ipv4(text).map(u32::from_be_bytes)),
        (Values::U32(v), _) => put(v, number(text).and_then(|n| u32::try_from(n).ok())),
        (Values::U64(v), Kind::Mac) => put(v, mac(text)),
        (Values::U64(v), _) => put(v, number(text)),
        (Values::I64(v), Kind::Time) => put(v, time(text)),
        (Values::I64(v), _) => put(v, utf8(text).and_then(|t| t.parse().ok())),
        (Values::F64(v), _) => put(v, utf8(text).and_then(|t| t.parse().ok())),
        (Values::Bool(v), _) => put(v, boolean(text)),
        (Values::Address(v), Kind::Ipv6) => put(v, ipv6(text)),
        (Values::Address(v), _) => put(v, address(text)),
        (Values::Octets(v), Kind::Octets) => {
            let before = v.data.len();
            let there = hex(text, &mut v.data);
            if !there {
                v.data.truncate(before);
            }
            v.seal();
            there
        }
        (Values::Octets(v), _) => {
            v.push(text);
            true
        }
    };
    column.validity.push(there);
    there
}

/// Appends null.
#[inline]
pub(super) fn push_null(column: &mut Column) {
    let rows = column.validity.len() + 1;
    column.pad(rows);
}

#[inline]
fn put<T: Default>(values: &mut Vec<T>, value: Option<T>) -> bool {
    let there = value.is_some();
    values.push(value.unwrap_or_default());
    there
}

fn utf8(text: &[u8]) -> Option<&str> {
    std::str::from_utf8(text).ok()
}

/// Decimal digits; a fraction of zeros is one of a program that had no integers.
#[inline]
fn number(text: &[u8]) -> Option<u64> {
    let digits = match text {
        [digits @ .., b'.', b'0'] => digits,
        digits => digits,
    };
    if digits.is_empty() {
        return None;
    }
    let mut number: u64 = 0;
    for digit in digits {
        let value = digit.wrapping_sub(b'0');
        if value > 9 {
            return None;
        }
        number = number.checked_mul(10)?.checked_add(u64::from(value))?;
    }
    Some(number)
}

fn boolean(text: &[u8]) -> Option<bool> {
    match text {
        b"true" | b"True" | b"TRUE" | b"1" => Some(true),
        b"false" | b"False" | b"FALSE" | b"0" => Some(false),
        _ => None,
    }
}

/// Dotted decimal: four numbers to 255, no zeros in front.
#[inline]
pub(super) fn ipv4(text: &[u8]) -> Option<[u8; 4]> {
    let mut octets = [0u8; 4];
    let (mut at, mut number, mut digits) = (0, 0u16, 0);
    for octet in text {
        match octet {
            b'0'..=b'9' if digits < 3 && !(digits > 0 && number == 0) => {
                number = number * 10 + u16::from(octet - b'0');
                digits += 1;
            }
            b'.' if digits > 0 && at < 3 => {
                *octets.get_mut(at)? = u8::try_from(number).ok()?;
                (at, number, digits) = (at + 1, 0, 0);
            }
            _ => return None,
        }
    }
    if at != 3 || digits == 0 {
        return None;
    }
    *octets.get_mut(at)? = u8::try_from(number).ok()?;
    Some(octets)
}

fn ipv6(text: &[u8]) -> Option<[u8; 16]> {
    utf8(text)?.parse::<Ipv6Addr>().ok().map(|a| a.octets())
}

/// Either version, IPv4 in its mapped form.
#[inline]
pub(super) fn address(text: &[u8]) -> Option<[u8; 16]> {
    match ipv4(text) {
        Some(octets) => Some(Ipv4Addr::from(octets).to_ipv6_mapped().octets()),
        None => ipv6(text),
    }
}

/// Six octets of two digits, colons or hyphens between them.
fn mac(text: &[u8]) -> Option<u64> {
    if text.len() != 17 {
        return None;
    }
    let mut value = 0;
    for (at, octet) in text.iter().enumerate() {
        if at % 3 == 2 {
            if !matches!(octet, b':' | b'-') {
                return None;
            }
        } else {
            value = value << 4 | u64::from(nibble(*octet)?);
        }
    }
    Some(value)
}

fn nibble(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

/// Two digits an octet.
fn hex(text: &[u8], out: &mut Vec<u8>) -> bool {
    let (pairs, rest) = text.as_chunks::<2>();
    for [high, low] in pairs {
        match (nibble(*high), nibble(*low)) {
            (Some(high), Some(low)) => out.push(high << 4 | low),
            _ => return false,
        }
    }
    rest.is_empty()
}

/// Nanoseconds since 1970.
fn time(text: &[u8]) -> Option<i64> {
    let text = utf8(text)?;
    if let Some(time) = Timestamp::from_iso(text) {
        return Some(time.nanos());
    }
    let bare = ["+00:00", "+00", " UTC", "Z"].iter().find_map(|zone| text.strip_suffix(zone)).unwrap_or(text);
    Timestamp::from_iso(&format!("{}Z", bare.replacen(' ', "T", 1))).map(Timestamp::nanos)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(kind: Kind, text: &str) -> Option<Values> {
        let mut column = Column::new(kind);
        push(&mut column, text.as_bytes()).then_some(column.values)
    }

    #[test]
    fn numbers() {
        assert_eq!(read(Kind::U8, "255"), Some(Values::U8(vec![255])));
        assert_eq!(read(Kind::U8, "256"), None);
        assert_eq!(read(Kind::U64, "18446744073709551615"), Some(Values::U64(vec![u64::MAX])));
        assert_eq!(read(Kind::U64, "18446744073709551616"), None);
        assert_eq!(read(Kind::U16, "443.0"), Some(Values::U16(vec![443])));
        for wrong in ["", "-1", "+1", " 1", "1.5", "TCP", "0x10", "."] {
            assert_eq!(read(Kind::U32, wrong), None, "{wrong:?}");
        }
        assert_eq!(read(Kind::I64, "-60000"), Some(Values::I64(vec![-60_000])));
        assert_eq!(read(Kind::F64, "1e-7"), Some(Values::F64(vec![1e-7])));
        assert_eq!(read(Kind::F64, "-inf"), Some(Values::F64(vec![f64::NEG_INFINITY])));
        assert_eq!(read(Kind::Bool, "false"), Some(Values::Bool(vec![false])));
    }

    #[test]
    fn addresses() {
        let mapped = |octets: [u8; 4]| Some(Values::Address(vec![Ipv4Addr::from(octets).to_ipv6_mapped().octets()]));
        assert_eq!(read(Kind::Address, "192.0.2.10"), mapped([192, 0, 2, 10]));
        assert_eq!(read(Kind::Address, "0.0.0.0"), mapped([0; 4]));
        assert_eq!(read(Kind::Address, "255.255.255.255"), mapped([255; 4]));
        assert_eq!(read(Kind::Address, "::1"), Some(Values::Address(vec![Ipv6Addr::LOCALHOST.octets()])));
        assert_eq!(read(Kind::Ipv4, "10.1.2.3"), Some(Values::U32(vec![0x0a01_0203])));
        for wrong in ["1.2.3", "1.2.3.4.5", "1.2.3.256", "01.2.3.4", "1..2.3", ".1.2.3.4", "1.2.3.4.", "a.b.c.d", "1.2.3.4000", ""] {
            assert_eq!(read(Kind::Address, wrong), None, "{wrong:?}");
            assert_eq!(read(Kind::Ipv4, wrong), None, "{wrong:?}");
        }
        assert_eq!(read(Kind::Mac, "00:00:5e:00:53:01"), Some(Values::U64(vec![0x5e00_5301])));
        assert_eq!(read(Kind::Mac, "00:00:5e:00:53:1"), None);
    }

    /// Every octet in every place, by the standard library.
    #[test]
    fn every_octet() {
        for n in 0..=255u8 {
            let address = Ipv4Addr::new(n, 255 - n, n, n / 2);
            assert_eq!(ipv4(address.to_string().as_bytes()), Some(address.octets()));
        }
    }

    #[test]
    fn times_and_octets() {
        let nanos = Some(Values::I64(vec![1_700_000_000_123_000_000]));
        for text in
            ["2023-11-14T22:13:20.123Z", "2023-11-14 22:13:20.123+00", "2023-11-14 22:13:20.123000", "2023-11-14T22:13:20.123+00:00"]
        {
            assert_eq!(read(Kind::Time, text), nanos, "{text}");
        }
        assert_eq!(read(Kind::Time, "2023-11-14 22:13:20+02"), None);
        assert_eq!(read(Kind::Time, "1700000000"), None);
        let Some(Values::Octets(octets)) = read(Kind::Octets, "00ffA5") else { panic!("octets") };
        assert_eq!(octets.get(0), [0, 0xff, 0xa5]);
        assert_eq!(read(Kind::Octets, "0"), None);
        assert_eq!(read(Kind::Octets, "zz"), None);
    }
}
