//! The report as SARIF 2.1.0, for CI systems that show findings beside files.

use serde_json::{Map, Value, json};

use super::super::json::pretty;
use crate::audit::{Audit, Finding};
use crate::collector::Severity;

use super::words::place;

/// The report as SARIF.
pub fn audit_sarif(audit: &Audit) -> String {
    let mut kinds: Vec<&Finding> = Vec::new();
    for f in &audit.findings {
        if kinds.iter().all(|k| k.kind.code != f.kind.code) {
            kinds.push(f);
        }
    }
    kinds.sort_by_key(|k| k.kind.code);
    let rules: Vec<Value> = kinds
        .iter()
        .map(|f| {
            json!({
                "id": f.kind.code,
                "shortDescription": { "text": f.kind.title },
                "fullDescription": { "text": f.kind.explanation },
                "defaultConfiguration": { "level": level(f.kind.severity) },
            })
        })
        .collect();
    let results: Vec<Value> = audit
        .findings
        .iter()
        .map(|f| {
            let index = kinds.iter().position(|k| k.kind.code == f.kind.code);
            json!({
                "ruleId": f.kind.code,
                "ruleIndex": index,
                "level": level(f.kind.severity),
                "message": { "text": message(audit, f) },
                "locations": locations(audit, f),
                "properties": properties(f),
            })
        })
        .collect();
    pretty(&json!({
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "ipfix-inspect",
                "version": env!("CARGO_PKG_VERSION"),
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": rules,
            } },
            "artifacts": audit.files.iter().map(|f| json!({ "location": { "uri": uri(f) } })).collect::<Vec<_>>(),
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    }))
}

fn level(severity: Severity) -> &'static str {
    severity.name()
}

fn message(audit: &Audit, f: &Finding) -> String {
    let mut text = f.sentence();
    for e in &f.evidence {
        let at = place(e, audit).map(|p| format!("{p}: ")).unwrap_or_default();
        text.push_str(&format!("\n{at}{}", e.what));
    }
    text.push_str(&format!("\n{}", f.consequence));
    if let Some(hint) = &f.hint {
        text.push_str(&format!("\n{hint}"));
    }
    text
}

/// Captures have no lines: the place is the file, and the frame stands as a logical location.
fn locations(audit: &Audit, f: &Finding) -> Vec<Value> {
    let first = f.evidence.iter().find_map(|e| e.origin.filter(|o| o.frame > 0).map(|o| (o, e.offset)));
    let file = first.map_or(0, |(o, _)| o.file as usize);
    let Some(name) = audit.files.get(file) else { return Vec::new() };
    let mut location = Map::new();
    location.insert("physicalLocation".to_owned(), json!({ "artifactLocation": { "uri": uri(name), "index": file } }));
    if let Some((origin, offset)) = first {
        let octet = offset.map(|o| format!(", octet {o}")).unwrap_or_default();
        location.insert("logicalLocations".to_owned(), json!([{ "name": format!("frame {}{octet}", origin.frame), "kind": "frame" }]));
    }
    vec![Value::Object(location)]
}

fn properties(f: &Finding) -> Value {
    let exporter = f.subject.exporter;
    json!({
        "exporter": exporter.and_then(|k| crate::datagram::known(k.exporter)).map(|a| a.to_string()),
        "version": exporter.map(|k| k.version.to_string()),
        "domain": exporter.and_then(|k| k.domain),
        "templateId": f.subject.template_id,
        "definition": f.subject.definition,
        "profile": f.subject.profile,
    })
}

/// A file's name as a relative reference (RFC 3986 §4.2): what is not a letter, a digit or one of a few signs is encoded.
fn uri(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for octet in name.bytes() {
        match octet {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => out.push(char::from(octet)),
            other => out.push_str(&format!("%{other:02X}")),
        }
    }
    out
}
