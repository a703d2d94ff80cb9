//! Messages for tests of what no capture at hand shows, and the program's answers to them: raw messages through standard input.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::support::{run_with_input, stderr, stdout};

/// 2023-11-14T22:13:20Z, the export time of messages that say nothing else.
pub(crate) const EXPORT: u32 = 1_700_000_000;
/// A field: enterprise number, element, length.
pub(crate) type Field = (u32, u16, u16);
const VARIABLE: u16 = u16::MAX;

/// An IPFIX message of domain 7 (RFC 7011 §3.1).
pub(crate) fn ipfix(sequence: u32, sets: &[Vec<u8>]) -> Vec<u8> {
    let sets = sets.concat();
    let head = [words(&[10, 16 + sets.len() as u16]), EXPORT.to_be_bytes().to_vec(), sequence.to_be_bytes().to_vec(), octets("00000007")];
    [head.concat(), sets].concat()
}

/// A v9 message of source id 7 (RFC 3954 §5.1), sent so many seconds after [`EXPORT`].
pub(crate) fn v9(sequence: u32, uptime: u32, after: u32, sets: &[Vec<u8>]) -> Vec<u8> {
    let numbers = [uptime, EXPORT + after, sequence, 7];
    let head = [words(&[9, sets.len() as u16]), numbers.iter().flat_map(|n| n.to_be_bytes()).collect()];
    [head.concat(), sets.concat()].concat()
}

/// A Set with one Template Record; `version` is 9 or 10.
pub(crate) fn template(version: u16, id: u16, fields: &[Field]) -> Vec<u8> {
    set(if version == 9 { 0 } else { 2 }, &[words(&[id, fields.len() as u16]), specifiers(fields)].concat())
}

/// A Set with one Options Template Record of IPFIX.
pub(crate) fn options_template(id: u16, scopes: u16, fields: &[Field]) -> Vec<u8> {
    set(3, &[words(&[id, fields.len() as u16, scopes]), specifiers(fields)].concat())
}

/// A Set with one Options Template Record of v9 (RFC 3954 §6.1): scopes are their types and lengths.
pub(crate) fn v9_options_template(id: u16, scopes: &[(u16, u16)], fields: &[(u16, u16)]) -> Vec<u8> {
    let pairs = |list: &[(u16, u16)]| list.iter().flat_map(|(id, length)| words(&[*id, *length])).collect::<Vec<u8>>();
    set(1, &[words(&[id, 4 * scopes.len() as u16, 4 * fields.len() as u16]), pairs(scopes), pairs(fields)].concat())
}

/// A Set.
pub(crate) fn set(id: u16, body: &[u8]) -> Vec<u8> {
    [words(&[id, 4 + body.len() as u16]), body.to_vec()].concat()
}

/// Octets of a literal; what is no hexadecimal digit only makes it legible.
pub(crate) fn octets(literal: &str) -> Vec<u8> {
    let digits: String = literal.chars().filter(char::is_ascii_hexdigit).collect();
    crate::wire::unhex(&digits)
}

fn specifiers(fields: &[Field]) -> Vec<u8> {
    let one = |(pen, id, length): &Field| match pen {
        0 => words(&[*id, *length]),
        pen => [words(&[0x8000 | *id, *length]), pen.to_be_bytes().to_vec()].concat(),
    };
    fields.iter().flat_map(one).collect()
}

fn words(words: &[u16]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_be_bytes()).collect()
}

/// One IPFIX message with a template of the fields and a Set of the records.
pub(crate) fn ipfix_records(fields: &[Field], records: &str) -> Vec<u8> {
    ipfix(0, &[template(10, 256, fields), set(256, &octets(records))])
}

/// One v9 message with the same; its up-time is 1,000,000 ms.
pub(crate) fn v9_records(fields: &[Field], records: &str) -> Vec<u8> {
    v9(0, 1_000_000, 0, &[template(9, 256, fields), set(256, &octets(records))])
}

/// The flows in some messages, one object each; columns that are null are left out.
pub(crate) fn flows_in(messages: &[Vec<u8>], columns: &str, more: &[&str]) -> Vec<Value> {
    let args = [&["flows", "-", "--format", "ndjson", "--quiet", "--columns", columns], more].concat();
    let output = run_with_input(&args, &messages.concat());
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    stdout(&output).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The overview of some messages.
pub(crate) fn overview_of(messages: &[Vec<u8>]) -> Value {
    let output = run_with_input(&["-", "--format", "json", "--quiet"], &messages.concat());
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The problems in some messages: severity, count and first example by code.
pub(crate) fn problems_in(messages: &[Vec<u8>]) -> BTreeMap<String, (String, u64, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let list = overview_of(messages)["problems"].as_array().cloned().unwrap_or_default();
    list.iter().map(|p| (text(&p["code"]), (text(&p["severity"]), p["count"].as_u64().unwrap(), text(&p["first"]["detail"])))).collect()
}

#[test]
fn the_builder_makes_what_the_rfc_draws() {
    // RFC 7011 appendix A.2.1 and A.3: a template of five fields, of which the second has an enterprise number there.
    let made = template(10, 256, &[(0, 8, 4), (0, 12, 4), (0, 15, 4), (0, 2, 4), (0, 1, 4)]);
    assert_eq!(made, octets("0002 001c 0100 0005 0008 0004 000c 0004 000f 0004 0002 0004 0001 0004"));
    let made = template(10, 257, &[(0, 8, 4), (32_473, 1, VARIABLE)]);
    assert_eq!(made, octets("0002 0014 0101 0002 0008 0004 8001 ffff 00007ed9"));
    // RFC 3954 §6.1's example: scope LineCard (3), packets and flows exported.
    let made = v9_options_template(258, &[(3, 4)], &[(41, 2), (42, 2)]);
    assert_eq!(made, octets("0001 0016 0102 0004 0008 0003 0004 0029 0002 002a 0002"));
}
