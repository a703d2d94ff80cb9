//! What a word means as a value: numbers with units, addresses and prefixes, times, durations, names of values.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use chrono::{DateTime, NaiveDate, NaiveDateTime};

use crate::element::values;

use super::ranges::Ranges;

/// A number with a unit: `10`, `0x1f`, `10k`, `1.5M`; k, M, G, T are powers of 1000.
pub(super) fn number(text: &str) -> Option<u64> {
    if let Some(hex) = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        return u64::from_str_radix(hex, 16).ok();
    }
    let (digits, unit) = match text.chars().last()?.to_ascii_lowercase() {
        'k' => (&text[..text.len() - 1], 1_000),
        'm' => (&text[..text.len() - 1], 1_000_000),
        'g' => (&text[..text.len() - 1], 1_000_000_000),
        't' => (&text[..text.len() - 1], 1_000_000_000_000),
        _ => (text, 1),
    };
    with_unit(digits, unit)
}

/// A decimal number times a unit, if that is whole.
fn with_unit(digits: &str, unit: u64) -> Option<u64> {
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let is_number = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty() || !is_number(whole) || !is_number(fraction) || digits.ends_with('.') {
        return None;
    }
    let mut out = whole.parse::<u64>().ok()?.checked_mul(unit)?;
    let mut place = unit;
    for digit in fraction.bytes() {
        let part = u64::from(digit - b'0') * place;
        if !part.is_multiple_of(10) {
            return None;
        }
        place /= 10;
        out = out.checked_add(part / 10)?;
    }
    Some(out)
}

/// A number with a sign before it.
pub(super) fn signed(text: &str) -> Option<i64> {
    match text.strip_prefix('-') {
        Some(rest) => i64::try_from(number(rest)?).ok()?.checked_neg(),
        None => i64::try_from(number(text)?).ok(),
    }
}

/// A duration in milliseconds: `1500`, `2s`, `1.5m`, `1h`, `2d`, `200ms`.
pub(super) fn duration_ms(text: &str) -> Option<i64> {
    let lower = text.to_ascii_lowercase();
    let units = [("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000)];
    let (digits, unit) = units.iter().find_map(|(u, ms)| lower.strip_suffix(u).map(|d| (d, *ms))).unwrap_or((&lower, 1));
    i64::try_from(with_unit(digits, unit)?).ok()
}

/// A moment, and how long it is: a day, a minute, a second or a nanosecond, as exactly as it was written. Nanoseconds since 1970.
pub(super) fn time(text: &str) -> Option<(i64, i64)> {
    const SECOND: i64 = 1_000_000_000;
    let upper = text.to_ascii_uppercase();
    if let Ok(day) = NaiveDate::parse_from_str(&upper, "%Y-%m-%d") {
        return Some((day.and_hms_opt(0, 0, 0)?.and_utc().timestamp_nanos_opt()?, 86_400 * SECOND));
    }
    for (form, length) in [("%Y-%m-%dT%H:%M", 60 * SECOND), ("%Y-%m-%dT%H:%M:%S", SECOND), ("%Y-%m-%dT%H:%M:%S%.f", 1)] {
        let local = upper.strip_suffix('Z').unwrap_or(&upper);
        let naive = NaiveDateTime::parse_from_str(local, form).map(|t| t.and_utc().timestamp_nanos_opt());
        let zoned = || DateTime::parse_from_str(&upper, &format!("{form}%:z")).map(|t| t.timestamp_nanos_opt());
        if let Ok(nanos) = naive.or_else(|_| zoned()) {
            return Some((nanos?, length));
        }
    }
    None
}

/// An address or a prefix as the numbers it covers; IPv4 stands in IPv6 as `::ffff:a.b.c.d`.
pub(super) fn addresses(text: &str) -> Option<(u128, u128)> {
    match text.split_once('/') {
        None => address(text).map(|a| (a, a)),
        Some((base, length)) => {
            let v4 = !base.contains(':');
            let base = if v4 { Ipv4Addr::from(short_ipv4(base)?).to_ipv6_mapped() } else { base.parse().ok()? };
            let length: u32 = length.parse().ok()?;
            let length = if v4 { (length <= 32).then_some(length + 96)? } else { (length <= 128).then_some(length)? };
            Some(prefix(u128::from(base), length))
        }
    }
}

/// A network and its mask: `10.0.0.0 255.0.0.0`.
pub(super) fn masked(network: &str, mask: &str) -> Option<(u128, u128)> {
    let mask = u32::from(mask.parse::<Ipv4Addr>().ok()?);
    if mask.leading_ones() + mask.trailing_zeros() != 32 {
        return None;
    }
    let base = network.parse::<Ipv4Addr>().ok()?.to_ipv6_mapped();
    Some(prefix(u128::from(base), 96 + mask.leading_ones()))
}

fn prefix(base: u128, length: u32) -> (u128, u128) {
    let host = u128::MAX.checked_shr(length).unwrap_or(0);
    (base & !host, base | host)
}

fn address(text: &str) -> Option<u128> {
    Some(u128::from(match text.parse().ok()? {
        IpAddr::V4(a) => a.to_ipv6_mapped(),
        IpAddr::V6(a) => a,
    }))
}

/// `10`, `10.1` and `10.1.2` before a prefix length, as tcpdump takes them.
fn short_ipv4(text: &str) -> Option<[u8; 4]> {
    let mut out = [0; 4];
    let mut parts = text.split('.');
    for octet in &mut out {
        match parts.next() {
            Some(part) => *octet = part.parse().ok()?,
            None => break,
        }
    }
    (!text.is_empty() && parts.next().is_none()).then_some(out)
}

/// IPv4's place among the addresses.
pub(super) fn ipv4() -> Ranges<u128> {
    Ranges::of([prefix(u128::from(Ipv4Addr::UNSPECIFIED.to_ipv6_mapped()), 96)])
}

/// A MAC address: `00:11:22:aa:bb:cc`, `0011.22aa.bbcc`, `00-11-…`.
pub(super) fn mac(text: &str) -> Option<u64> {
    let digits: String = text.chars().filter(|c| !":-.".contains(*c)).collect();
    (digits.len() == 12 && text.len() > 12).then(|| u64::from_str_radix(&digits, 16).ok()).flatten()
}

/// A protocol by number or by name.
pub(super) fn protocol(text: &str) -> Option<u64> {
    const OTHER_NAMES: [(&str, u8); 5] = [("icmp6", 58), ("icmpv6", 58), ("ipv6-icmp", 58), ("ipencap", 4), ("ospf", 89)];
    let known = |p: u8| values::protocol_name(p).is_some_and(|name| name.eq_ignore_ascii_case(text));
    number(text).or_else(|| (0..=u8::MAX).find(|p| known(*p)).map(u64::from)).or_else(|| {
        let lower = text.to_ascii_lowercase();
        OTHER_NAMES.iter().find(|(name, _)| *name == lower).map(|(_, p)| u64::from(*p))
    })
}

/// TCP flags by letters or as a number.
pub(super) fn flags(text: &str) -> Option<u64> {
    let letter = |c: char| {
        Some(match c.to_ascii_uppercase() {
            'F' => 0x01,
            'S' => 0x02,
            'R' => 0x04,
            'P' => 0x08,
            'A' => 0x10,
            'U' => 0x20,
            'E' => 0x40,
            'C' => 0x80,
            'X' => 0x3f,
            _ => return None,
        })
    };
    number(text).or_else(|| text.chars().map(letter).try_fold(0, |all, flag| flag.map(|f| all | f)))
}

/// 0 or 1, or their names.
pub(super) fn direction(text: &str) -> Option<u64> {
    match text.to_ascii_lowercase().as_str() {
        "ingress" => Some(0),
        "egress" => Some(1),
        _ => number(text),
    }
}

/// Octets in hex.
pub(super) fn hex(text: &str) -> Option<Vec<u8>> {
    let digits = text.strip_prefix("0x").unwrap_or(text);
    if !digits.len().is_multiple_of(2) || !digits.is_ascii() {
        return None;
    }
    (0..digits.len()).step_by(2).map(|at| u8::from_str_radix(digits.get(at..at + 2)?, 16).ok()).collect()
}

/// IPv6 as it stands in columns.
pub(super) fn octets(address: [u8; 16]) -> u128 {
    u128::from(Ipv6Addr::from(address))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers() {
        assert_eq!(
            ["10", "10k", "1.5M", "0x1f", "2G", "1T", "0.5k"].map(number),
            [Some(10), Some(10_000), Some(1_500_000), Some(31), Some(2_000_000_000), Some(1_000_000_000_000), Some(500)]
        );
        assert_eq!(["", "k", "1.5", "1.", ".5", "10kk", "-1", "1e3", "99999999999T"].map(number), [None; 9]);
        assert_eq!(["-3", "4"].map(signed), [Some(-3), Some(4)]);
    }

    #[test]
    fn durations_and_times() {
        assert_eq!(
            ["1500", "2s", "1.5m", "200ms", "1d", "x"].map(duration_ms),
            [Some(1500), Some(2000), Some(90_000), Some(200), Some(86_400_000), None]
        );
        let day = 1_795_305_600_000_000_000;
        assert_eq!(time("2026-11-22"), Some((day, 86_400_000_000_000)));
        assert_eq!(time("2026-11-22T10:00"), Some((day + 36_000_000_000_000, 60_000_000_000)));
        assert_eq!(time("2026-11-22T10:00:00+02:00"), Some((day + 28_800_000_000_000, 1_000_000_000)));
        assert_eq!(time("2026-11-22t00:00:00.25z"), Some((day + 250_000_000, 1)));
        assert_eq!(time("2026-13-22"), None);
    }

    #[test]
    fn addresses_and_prefixes() {
        let v4 = |a: u128| 0xffff_0000_0000 | a;
        assert_eq!(addresses("10.1.2.3"), Some((v4(0x0a01_0203), v4(0x0a01_0203))));
        assert_eq!(addresses("10/8"), Some((v4(0x0a00_0000), v4(0x0aff_ffff))));
        assert_eq!(addresses("0.0.0.0/0"), Some((v4(0), v4(0xffff_ffff))));
        assert_eq!(addresses("2001:db8::/32"), Some((0x2001_0db8 << 96, (0x2001_0db9 << 96) - 1)));
        assert_eq!(addresses("::/0"), Some((0, u128::MAX)));
        assert_eq!(["10.1.2", "10.0.0.0/33", "::/129", "1.2.3.4.5/8", "x/8"].map(addresses), [None; 5]);
        assert_eq!(masked("192.168.1.0", "255.255.254.0"), Some((v4(0xc0a8_0000), v4(0xc0a8_01ff))));
        assert_eq!(masked("192.168.1.0", "255.0.255.0"), None);
        assert_eq!(mac("00:11:22:aa:bb:cc"), Some(0x0011_22aa_bbcc));
        assert_eq!(mac("001122aabbcc"), None);
    }

    #[test]
    fn names_of_values() {
        assert_eq!(["tcp", "UDP", "58", "icmp6", "quux"].map(protocol), [Some(6), Some(17), Some(58), Some(58), None]);
        assert_eq!(["S", "sa", "X", "0x12", "Q"].map(flags), [Some(2), Some(0x12), Some(0x3f), Some(0x12), None]);
        assert_eq!(hex("0x0aff"), Some(vec![0x0a, 0xff]));
    }
}
