//! An independent reader of field values: the octets of a field and its registered type → what the program must print.
//!
//! Written from RFC 7011 §6.1 and apart from the program's own decoder; it shares the registries' files with it, and nothing else.

use std::collections::HashMap;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::path::Path;

use serde_json::Value;

use crate::support::{csv, nanos, root};

/// Types by element, from the registries.
pub(crate) struct Types {
    /// (enterprise number, element) → types that a registry gives it; v9 numbers may have several, by vendor.
    by_number: HashMap<(u64, u64), Vec<String>>,
}

const REVERSE_PEN: u64 = 29305;
const CERT_PEN: u64 = 6871;

impl Types {
    /// Reads the registries of `src/element`.
    pub(crate) fn read() -> Self {
        let folder = root().join("src/element");
        let mut types = Self { by_number: HashMap::new() };
        types.add(0, &folder.join("iana.csv"));
        types.add(0, &folder.join("v9-private.csv"));
        let enterprises = std::fs::read_dir(folder.join("enterprise")).expect("src/element/enterprise is there");
        for entry in enterprises {
            let path = entry.expect("the folder can be read").path();
            let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            let pen = name.split('-').next().and_then(|pen| pen.parse().ok()).expect("the name begins with the number");
            types.add(pen, &path);
        }
        assert!(types.by_number.len() > 3_000, "only {} elements in {}", types.by_number.len(), folder.display());
        types
    }

    fn add(&mut self, pen: u64, file: &Path) {
        for row in csv(file) {
            let id = row["elementId"].parse().expect("a number");
            self.by_number.entry((pen, id)).or_default().push(row["dataType"].clone());
        }
    }

    /// The types an element may have: its own; those of its forward element if it is a reverse one (RFC 5103 §6.1; CERT: bit 0x4000); those of
    /// the vendors' elements that a v9 number above 32767 stands for.
    pub(crate) fn of(&self, pen: u64, id: u64) -> Vec<String> {
        let mut types = self.by_number.get(&(pen, id)).cloned().unwrap_or_default();
        let others: &[(u64, Option<u64>)] = match pen {
            0 if id > 0x7fff => &[(9, id.checked_sub(32_768)), (35_632, id.checked_sub(57_472)), (33_610, id.checked_sub(33_610))],
            REVERSE_PEN => &[(0, Some(id))],
            CERT_PEN if id & 0x4000 != 0 => &[(CERT_PEN, Some(id & 0x3fff))],
            _ => &[],
        };
        for (pen, id) in others {
            types.extend(id.and_then(|id| self.by_number.get(&(*pen, id))).cloned().unwrap_or_default());
        }
        types
    }
}

/// True if `shown` is what a field of these octets may be printed as, when its element may be of one of the types.
pub(crate) fn is_shown(shown: &Value, octets: &[u8], types: &[String]) -> bool {
    if octets.is_empty() {
        // A field without octets has no value.
        return shown.is_null() || shown == "";
    }
    let known = types.iter().any(|t| fits(t, octets.len()));
    if !known {
        // Without a type, or with one that can't have this length, the octets themselves are shown.
        return shown.as_str() == Some(&hex(octets));
    }
    types.iter().filter(|t| fits(t, octets.len())).any(|t| reads(shown, octets, t))
}

/// Whether a value of the type can have this length: integers and floats may be shorter than registered (RFC 7011 §6.2), and exporters send
/// integers longer than registered too.
fn fits(data_type: &str, length: usize) -> bool {
    match data_type {
        "unsigned8" | "unsigned16" | "unsigned32" | "unsigned64" | "signed8" | "signed16" | "signed32" | "signed64" => length <= 8,
        "float32" | "float64" => length == 4 || length == 8,
        "boolean" => length == 1,
        "macAddress" => length == 6,
        "ipv4Address" => length == 4,
        "ipv6Address" => length == 16,
        "dateTimeSeconds" => length == 4,
        "dateTimeMilliseconds" => length == 8,
        "dateTimeMicroseconds" | "dateTimeNanoseconds" => length == 8 || length == 16,
        _ => true,
    }
}

fn reads(shown: &Value, octets: &[u8], data_type: &str) -> bool {
    let text = shown.as_str();
    match data_type {
        t if t.starts_with("unsigned") && octets.len() <= 8 => shown.as_u64() == Some(unsigned(octets)),
        t if t.starts_with("signed") => shown.as_i64() == Some(signed(octets)),
        "float32" | "float64" => float(shown, octets),
        // RFC 7011 §6.1.5: 1 is true, 2 is false, nothing else is a value.
        "boolean" => match octets[0] {
            1 => shown == true,
            2 => shown == false,
            _ => shown.is_null(),
        },
        "macAddress" => text == Some(&octets.iter().map(|o| format!("{o:02x}")).collect::<Vec<_>>().join(":")),
        "ipv4Address" => <[u8; 4]>::try_from(octets).is_ok_and(|a| text == Some(&Ipv4Addr::from(a).to_string())),
        "ipv6Address" => <[u8; 16]>::try_from(octets).is_ok_and(|a| text == Some(&Ipv6Addr::from(a).to_string())),
        "string" => text == Some(&string(octets)),
        "dateTimeSeconds" => near(shown, i128::from(unsigned(octets)) * 1_000_000_000, 0),
        "dateTimeMilliseconds" => near(shown, i128::from(unsigned(octets)) * 1_000_000, 0),
        "dateTimeMicroseconds" | "dateTimeNanoseconds" if octets.len() == 16 => {
            let micros = i128::from(unsigned(&octets[..8])) * 1_000_000 + i128::from(unsigned(&octets[8..]));
            near(shown, micros * 1_000, 0)
        }
        "dateTimeMicroseconds" => ntp(shown, octets, 1_000),
        "dateTimeNanoseconds" => ntp(shown, octets, 1),
        _ => text == Some(&hex(octets)),
    }
}

fn unsigned(octets: &[u8]) -> u64 {
    octets.iter().fold(0, |value, octet| value << 8 | u64::from(*octet))
}

fn signed(octets: &[u8]) -> i64 {
    let sign: i64 = if octets[0] & 0x80 == 0 { 0 } else { -1 };
    octets.iter().fold(sign, |value, octet| value << 8 | i64::from(*octet))
}

/// JSON has no NaN and no infinity: those are null, or words. A float32 may be printed with as few digits as tell it from its neighbours,
/// and the JSON reader of the tests is not exact in the last digit.
fn float(shown: &Value, octets: &[u8]) -> bool {
    let (value, precision) = match octets.len() {
        4 => (f64::from(f32::from_bits(unsigned(octets) as u32)), 1e-7),
        _ => (f64::from_bits(unsigned(octets)), 1e-15),
    };
    if !value.is_finite() {
        return shown.is_null() || shown.is_string();
    }
    shown.as_f64().is_some_and(|shown| (shown - value).abs() <= value.abs() * precision)
}

/// Seconds and a fraction of 2^-32 s since 1900 (RFC 7011 §6.1.9, §6.1.10); 0 is no time (RFC 5905 §6).
fn ntp(shown: &Value, octets: &[u8], unit: i128) -> bool {
    let value = i128::from(unsigned(octets));
    if value == 0 {
        return shown.is_null();
    }
    let (mut seconds, fraction) = (value >> 32, value & 0xffff_ffff);
    if seconds < 1 << 31 {
        seconds += 1 << 32;
    }
    near(shown, (seconds - 2_208_988_800) * 1_000_000_000 + fraction * 1_000_000_000 / (1 << 32), unit)
}

/// What lies beyond 64 bits of nanoseconds (the year 2262) is no time that a table could hold.
fn near(shown: &Value, expected: i128, tolerance: i128) -> bool {
    if i64::try_from(expected).is_err() {
        return shown.is_null();
    }
    shown.as_str().and_then(nanos).is_some_and(|shown| (shown - expected).abs() <= tolerance)
}

/// UTF-8 without its NUL padding; octets that are no UTF-8 as `\xNN`.
fn string(octets: &[u8]) -> String {
    let end = octets.iter().rposition(|o| *o != 0).map_or(0, |last| last + 1);
    let mut text = String::new();
    for chunk in octets[..end].utf8_chunks() {
        text.push_str(chunk.valid());
        for octet in chunk.invalid() {
            text.push_str(&format!("\\x{octet:02x}"));
        }
    }
    text
}

pub(crate) fn hex(octets: &[u8]) -> String {
    octets.iter().map(|o| format!("{o:02x}")).collect()
}

/// Octets of a text in hexadecimal.
pub(crate) fn unhex(text: &str) -> Vec<u8> {
    (0..text.len() / 2).filter_map(|at| u8::from_str_radix(&text[2 * at..2 * at + 2], 16).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn shown(value: Value, octets: &str, data_type: &str) -> bool {
        is_shown(&value, &unhex(octets), &[data_type.to_owned()])
    }

    #[test]
    fn values_by_type() {
        assert!(shown(json!(300), "012c", "unsigned64"));
        assert!(!shown(json!(301), "012c", "unsigned64"));
        assert!(shown(json!(-2), "fffe", "signed32"));
        assert!(shown(json!(1.5), "3fc00000", "float64"));
        assert!(shown(json!(100.3354), "42c8abba", "float32"));
        assert!(!shown(json!(100.3355), "42c8abba", "float32"));
        assert!(shown(json!(false), "02", "boolean"));
        assert!(shown(json!("02:00:5e:00:53:01"), "02005e005301", "macAddress"));
        assert!(shown(json!("192.0.2.1"), "c0000201", "ipv4Address"));
        assert!(shown(json!("0102"), "0102", "ipv4Address"));
        assert!(shown(json!("eth0"), "6574683000000000", "string"));
        assert!(shown(json!("a\\xff"), "61ff", "string"));
        assert!(shown(json!("2023-11-14T22:13:20.001Z"), "0000018bcfe56801", "dateTimeMilliseconds"));
        assert!(shown(json!("2023-11-14T22:13:20.500Z"), "e8fe6f8080000000", "dateTimeNanoseconds"));
        assert!(shown(json!(null), "", "string"));
        assert!(!shown(json!(0), "", "unsigned8"));
    }

    #[test]
    fn types_by_number() {
        let types = Types::read();
        assert_eq!(types.of(0, 8), ["ipv4Address"]);
        assert_eq!(types.of(29305, 1), ["unsigned64"]);
        assert!(types.of(4_000_000_000, 1).is_empty());
    }
}
