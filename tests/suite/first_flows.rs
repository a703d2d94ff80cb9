//! The first flows of every capture of the larger collection, field by field: the octets on the wire are the reference.

use std::path::Path;

use serde_json::Value;

use crate::corpus::files;
use crate::explained::{NO_UPTIME, other_column};
use crate::support::{Differences, cell, corpus, flows, nanos, templates, to_millis};
use crate::wire::{Types, is_shown, unhex};

/// Files of which tshark's flows are wrong or too few, so that its first flows are not ours: the manifest's notes say why.
const OTHER_FLOWS: [&str; 2] = [
    // Ours begin with data that came before its template.
    "captures/ipfix-netscaler-late-template.pcap",
    "captures/v9-fortigate-542-late-template.pcap",
];

/// Expected flows that are not to be held against ours.
const NO_REFERENCE: [&str; 4] = [
    // Read by tshark past the end of their messages, or by lengths that the message denies; the counts above are the check.
    "synthetic/ipfix-bad-lengths.pcap",
    "synthetic/v9-bad-lengths.pcap",
    // Withdrawn and redefined templates, which tshark keeps for ever.
    "synthetic/ipfix-template-withdrawal.pcap",
    "synthetic/ipfix-template-changed-no-withdrawal.pcap",
];

#[test]
fn first_flows_are_those_of_the_corpus() {
    let Some(files) = files("first_flows_are_those_of_the_corpus", &["captures", "linklayer", "synthetic", "flowlogs"]) else {
        return;
    };
    let mut differences = Differences::default();
    let types = Types::read();
    for (name, path, row) in &files {
        if !row["expected"].starts_with("expected/") || NO_REFERENCE.contains(&name.as_str()) {
            continue;
        }
        let text = std::fs::read(corpus().unwrap_or_default().join(&row["expected"])).expect("the expected flows are there");
        let expected: Value = serde_json::from_slice(&text).expect("they are JSON");
        let expected = expected["flows"].as_array().cloned().unwrap_or_default();
        if let Err(error) = first_flows(name, path, &expected, &types, &mut differences) {
            differences.fail(format!("{name}: {error}"));
        }
    }
    differences.finish(5_000);
}

fn first_flows(name: &str, path: &Path, expected: &[Value], types: &Types, differences: &mut Differences) -> Result<(), String> {
    let templates = templates(path)?;
    let fields: Vec<Option<Vec<Field>>> = expected.iter().map(|flow| named_fields(flow, &templates)).collect();
    let mut columns =
        "exporter,src_addr,dst_addr,src_port,dst_port,protocol,bytes,packets,tcp_flags,flow_start,flow_end,template_id,nde_version,\
                       next_hop,in_if,out_if,tos,src_as,dst_as,src_mask,dst_mask"
            .to_owned();
    let mut seen: Vec<&str> = Vec::new();
    for field in fields.iter().flatten().flatten() {
        if !seen.contains(&field.column.as_str()) {
            seen.push(&field.column);
            columns.push(',');
            columns.push_str(&field.column);
        }
    }
    let ours = flows(path, &columns)?;
    let everything = flows(path, "all")?;
    let mut from = 0;
    for (number, (theirs, fields)) in expected.iter().zip(&fields).enumerate() {
        let what = format!("{name} flow {}", number + 1);
        let at = if OTHER_FLOWS.contains(&name) {
            ours.iter().skip(from).position(|o| same_ends(o, theirs)).map(|at| at + from)
        } else {
            Some(number)
        };
        let Some(ours) = at.and_then(|at| ours.get(at)) else {
            differences.fail(format!("{what}: there is no such flow"));
            continue;
        };
        from = at.map_or(from, |at| at + 1);
        compare(name, &what, ours, theirs, differences);
        if let Some(fields) = fields {
            for field in fields {
                let octets = unhex(&field.hex);
                let shown = match (&ours[&field.column], at.and_then(|at| everything.get(at))) {
                    // An element whose length its type can't have is a column of octets under its number.
                    (Value::Null, Some(flow)) => flow.get(field.number()).unwrap_or(&Value::Null),
                    (value, _) => value,
                };
                // Lists are JSON, with their semantic's name; `structured` holds what is in them.
                let is_list = field.pen == 0 && (291..=293).contains(&field.id);
                let holds = if is_list { shown["semantic"].is_string() } else { is_shown(shown, &octets, &field.types(types)) };
                differences.holds(&format!("{what} {} ({}/{}): {shown} is not {}", field.column, field.pen, field.id, field.hex), holds);
            }
        } else if theirs["fields"][0]["ie"].is_number() {
            differences.fail(format!("{what}: no template of id {} has its fields", theirs["set_id"]));
        }
        fixed_fields(&what, ours, theirs, differences);
    }
    Ok(())
}

fn same_ends(ours: &Value, theirs: &Value) -> bool {
    ["src_addr", "dst_addr", "src_port", "dst_port"].iter().all(|c| cell(&ours[*c]) == cell(&theirs[*c]))
}

/// The expected flow's own values against the canonical columns. What the record has no field for is null there, while our column may be
/// fed by another element (bytes by 85 or 231): only values are compared.
fn compare(name: &str, what: &str, ours: &Value, theirs: &Value, differences: &mut Differences) {
    const PAIRS: [(&str, &str); 9] = [
        ("exporter", "exporter"),
        ("set_id", "template_id"),
        ("src_addr", "src_addr"),
        ("dst_addr", "dst_addr"),
        ("src_port", "src_port"),
        ("dst_port", "dst_port"),
        ("protocol", "protocol"),
        ("octets", "bytes"),
        ("tcp_flags", "tcp_flags"),
    ];
    for (key, column) in PAIRS.into_iter().chain([("packets", "packets")]) {
        if !theirs[key].is_null() && !other_column(name, column) {
            differences.equal(&format!("{what} {column}"), &cell(&ours[column]), &cell(&theirs[key]));
        }
    }
    for (key, column) in [("start", "flow_start"), ("end", "flow_end")] {
        let expected = theirs[key]["derived_utc"].as_str().or_else(|| theirs[key]["utc"].as_str());
        if expected == Some(NO_UPTIME) && !other_column(name, column) {
            let shown = cell(&ours[column]);
            differences.holds(&format!("{what} {column}: {shown} for the boot"), !shown.is_empty() && !shown.starts_with("1970"));
        } else if let Some(expected) = expected.filter(|_| !other_column(name, column)) {
            // Derived times are cut to milliseconds; of the others, tshark prints NTP fractions one nanosecond low.
            let cut = expected.split_once('.').is_some_and(|(_, fraction)| fraction.len() == 4);
            let shown = if cut { to_millis(&cell(&ours[column])) } else { cell(&ours[column]) };
            let near = match (nanos(&shown), nanos(expected)) {
                (Some(ours), Some(theirs)) => (ours - theirs).abs() <= 1_000,
                _ => false,
            };
            differences.holds(&format!("{what} {column}: ours {}, expected {expected}", ours[column]), near);
        }
    }
}

/// v1, v5 and v7 have no element numbers: tshark's names of the fields, and our columns.
fn fixed_fields(what: &str, ours: &Value, theirs: &Value, differences: &mut Differences) {
    const PAIRS: [(&str, &str); 8] = [
        ("cflow.inputint", "in_if"),
        ("cflow.outputint", "out_if"),
        ("cflow.octets", "bytes"),
        ("cflow.packets", "packets"),
        ("cflow.tos", "tos"),
        ("cflow.srcas", "src_as"),
        ("cflow.dstas", "dst_as"),
        ("cflow.srcmask", "src_mask"),
    ];
    if !theirs["set_id"].is_null() {
        return;
    }
    for field in theirs["fields"].as_array().into_iter().flatten() {
        let Some((name, column)) = PAIRS.iter().find(|(name, _)| field["tshark"] == *name) else {
            continue;
        };
        let value = field["hex"].as_str().and_then(|hex| u64::from_str_radix(hex, 16).ok());
        differences.equal(&format!("{what} {column} ({name})"), &format!("{:?}", ours[*column].as_u64()), &format!("{value:?}"));
    }
}

/// A field of an expected flow and the column that must show it.
struct Field {
    column: String,
    pen: u64,
    id: u64,
    hex: String,
}

impl Field {
    /// The column that holds the field under its number.
    fn number(&self) -> String {
        if self.pen == 0 { format!("ie_{}", self.id) } else { format!("pen_{}_{}", self.pen, self.id) }
    }

    /// The types its value may have; a column under a number is one of octets.
    fn types(&self, types: &Types) -> Vec<String> {
        if self.column == self.number() { Vec::new() } else { types.of(self.pen, self.id) }
    }

    /// paddingOctets (210) says nothing and has no column.
    fn is_padding(&self) -> bool {
        (self.pen, self.id) == (0, 210)
    }
}

/// The fields of an expected flow under the names that our templates give them; the n-th of a name is `name_n`.
fn named_fields(flow: &Value, templates: &[Value]) -> Option<Vec<Field>> {
    let fields = flow["fields"].as_array()?;
    let numbers = |f: &Value| (f["pen"].as_u64().unwrap_or(0), f.get("ie").or_else(|| f.get("id")).and_then(Value::as_u64).unwrap_or(0));
    let fits = |template: &&Value| {
        let specifiers = template["fields"].as_array().map_or(&[][..], Vec::as_slice);
        template["id"] == flow["set_id"]
            && cell(&template["exporter"]) == cell(&flow["exporter"])
            && specifiers.len() == fields.len()
            && specifiers.iter().zip(fields).all(|(ours, theirs)| {
                // v9 numbers above 32767 may be shown as the vendor's IPFIX numbers.
                (numbers(ours) == numbers(theirs) || numbers(theirs).1 > 0x7fff)
                    && (ours["length"] == "variable" || ours["length"] == 65535 || ours["length"] == theirs["bytes"])
            })
    };
    let template = templates.iter().find(fits)?;
    let specifiers = template["fields"].as_array()?;
    let named = specifiers.iter().zip(fields).map(|(ours, theirs)| {
        let (pen, id) = numbers(theirs);
        let column = ours["column"].as_str().unwrap_or_default().to_owned();
        Field { column, pen, id, hex: theirs["hex"].as_str().unwrap_or_default().to_owned() }
    });
    // A field of no octets has no column.
    Some(named.filter(|field| !(field.is_padding() || field.column.is_empty() && field.hex.is_empty())).collect())
}
