//! The file as it must look, and what in it is refused, with its place.

use std::sync::Arc;

use super::{may_replace, read_store, store_text};
use crate::collector::{Collector, CollectorOptions, KeepError, Kept, KeptFacts};
use crate::column::{Directory, Named, Rate, Sampled};
use crate::datagram::Endpoint;
use crate::element::{DataType, Description, ElementId, Elements, Status};
use crate::message::{FieldSpecifier, Role, VARIABLE_LENGTH, Version};
use crate::template::{DomainKey, KeptHistory, KeptTemplate, Kind, Template};
use crate::time::Timestamp;

const STORE: &str = r#"{
  "schema": "ipfix-inspect/template-store/1",
  "templates": [
    {
      "exporter": "192.0.2.1",
      "port": 2055,
      "version": "v9",
      "domain": 7,
      "id": 256,
      "kind": "options",
      "first_seen": "2023-11-14T22:13:20.000Z",
      "last_seen": "2023-11-14T22:14:20.000Z",
      "times_sent": 4,
      "fields": [
        {
          "pen": 0,
          "id": 2,
          "length": 4,
          "scope": true,
          "name": "Interface"
        },
        {
          "pen": 0,
          "id": 82,
          "length": 16,
          "scope": false,
          "name": "interfaceName"
        }
      ]
    },
    {
      "exporter": "2001:db8::1",
      "port": 4739,
      "version": "IPFIX",
      "domain": 0,
      "id": 65535,
      "kind": "data",
      "first_seen": "2023-11-14T22:13:20.000Z",
      "last_seen": "2023-11-14T22:13:20.000Z",
      "times_sent": 1,
      "fields": [
        {
          "pen": 0,
          "id": 8,
          "length": 4,
          "scope": false,
          "name": "sourceIPv4Address"
        },
        {
          "pen": 32473,
          "id": 200,
          "length": "variable",
          "scope": false,
          "name": null
        }
      ]
    }
  ],
  "exporters": [
    {
      "exporter": "192.0.2.1",
      "port": 2055,
      "version": "v9",
      "domain": 7,
      "boot": "2023-11-14T22:13:20.001Z",
      "names": [
        {
          "of": "interface",
          "id": 3,
          "name": "eth\u001b3"
        },
        {
          "of": "application",
          "engine": 13,
          "id": 53,
          "name": "dns"
        }
      ],
      "rates": [
        {
          "of": "all",
          "taken": 1,
          "passed": 100
        },
        {
          "of": "sampler",
          "id": 9,
          "taken": 2,
          "passed": 5
        }
      ]
    }
  ],
  "elements": [
    {
      "pen": 32473,
      "id": 200,
      "name": "exampleText",
      "type": "string",
      "semantics": "default",
      "units": "",
      "description": "An example"
    }
  ]
}
"#;

fn kept() -> Kept {
    let at = |seconds: u32| Timestamp::from_seconds(1_700_000_000 + seconds);
    let v9 = DomainKey { exporter: Endpoint { addr: "192.0.2.1".parse().unwrap(), port: 2055 }, domain: 7, version: Version::V9 };
    let ipfix = DomainKey { exporter: Endpoint { addr: "2001:db8::1".parse().unwrap(), port: 4739 }, domain: 0, version: Version::Ipfix };
    let scope = FieldSpecifier { pen: 0, id: 2, length: 4, role: Role::V9Scope };
    let options = Template { id: 256, kind: Kind::Options, fields: vec![scope, FieldSpecifier::element(0, 82, 16)], scope_count: 1 };
    let fields = vec![FieldSpecifier::element(0, 8, 4), FieldSpecifier::element(32_473, 200, VARIABLE_LENGTH)];
    let data = Template { id: 65_535, kind: Kind::Data, fields, scope_count: 0 };
    let mut directory = Directory::default();
    directory.name(Named::Interface(3), "eth\x1b3");
    directory.name(Named::Application(13, 53), "dns");
    directory.rate(Sampled::All, Rate::one_in(100).unwrap());
    directory.rate(Sampled::Sampler(9), Rate::new(2, 5).unwrap());
    Kept {
        templates: vec![
            KeptTemplate { key: v9, template: options, history: KeptHistory { first_seen: at(0), last_seen: at(60), times_sent: 4 } },
            KeptTemplate { key: ipfix, template: data, history: KeptHistory { first_seen: at(0), last_seen: at(0), times_sent: 1 } },
        ],
        facts: vec![KeptFacts { key: v9, boot: Timestamp::from_millis(1_700_000_000_001), directory }],
        elements: vec![Description {
            id: ElementId { pen: 32_473, id: 200 },
            name: "exampleText".to_owned(),
            data_type: Some(DataType::String),
            semantics: "default".to_owned(),
            units: String::new(),
            status: Status::Current,
            description: "An example".to_owned(),
        }],
    }
}

#[test]
fn the_file_as_it_is_documented() {
    assert_eq!(store_text(&kept(), &Elements::default()), STORE);
    assert_eq!(read_store(STORE.as_bytes()).unwrap(), kept());
}

/// The first of these texts in the file replaced by another: why it is refused.
fn refusal(from: &str, to: &str) -> String {
    assert!(STORE.contains(from), "{from} is not in the file");
    match read_store(STORE.replacen(from, to, 1).as_bytes()) {
        Ok(_) => panic!("taken: {to} in place of {from}"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn what_can_not_be_is_refused_with_its_place() {
    let mut differing = Vec::new();
    for (from, to, expected) in [
        ("\"schema\"", "\"scheme\"", "its schema is missing; expected \"ipfix-inspect/template-store/1\", which --save-templates writes"),
        (
            "store/1\"",
            "store/2\"",
            "its schema is \"ipfix-inspect/template-store/2\"; expected \"ipfix-inspect/template-store/1\", which --save-templates writes",
        ),
        (
            "\"templates\": [",
            "\"templates\": [[",
            "no template store as --save-templates writes it: expected `,` or `]` at line 59 column 14",
        ),
        (
            "\"port\": 2055",
            "\"ports\": 2055",
            "unknown field `ports`, expected one of `exporter`, `port`, `version`, `domain`, `id`, `kind`, `first_seen`, `last_seen`, `times_sent`, `fields` at line 6 column 13",
        ),
        ("\"domain\": 7,\n", "\n", "missing field `domain` at line 30 column 5"),
        ("\"port\": 2055", "\"port\": \"2055\"", "invalid type: string \"2055\", expected u16 at line 6 column 20"),
        ("\"192.0.2.1\"", "\"192.0.2\"", "invalid IP address syntax at line 5 column 27"),
        ("\"192.0.2.1\"", "\"0.0.0.0\"", "template 256 of 0.0.0.0:2055 v9 domain 7: 0.0.0.0 is nobody's address at line 30 column 5"),
        ("\"v9\"", "\"v5\"", "unknown variant `v5`, expected `v9` or `IPFIX` at line 7 column 21"),
        ("\"id\": 256", "\"id\": 255", "template 255 of 192.0.2.1:2055 v9 domain 7: the id is below 256 at line 30 column 5"),
        ("\"id\": 256", "\"id\": 65536", "invalid value: integer `65536`, expected u16 at line 9 column 17"),
        (
            "\"kind\": \"options\"",
            "\"kind\": \"data\"",
            "template 256 of 192.0.2.1:2055 v9 domain 7: field 1 (0/2) is a scope field, which only options templates have at line 30 column 5",
        ),
        ("2023-11-14T22:13:20.000Z", "yesterday", "'yesterday' is no time as 2026-11-22T20:49:11.126Z at line 11 column 31"),
        (
            "2023-11-14T22:13:20.000Z",
            "2024-11-14T22:13:20.000Z",
            "template 256 of 192.0.2.1:2055 v9 domain 7: last_seen is before first_seen at line 30 column 5",
        ),
        (
            "\"length\": 4,",
            "\"length\": 65535,",
            "invalid value: integer `65535`, expected a length from 0 to 65534, or \"variable\" at line 18 column 25",
        ),
        (
            "\"length\": 16",
            "\"length\": \"any\"",
            "invalid value: string \"any\", expected a length from 0 to 65534, or \"variable\" at line 25 column 25",
        ),
        ("\"length\": 16,\n          \"scope\": false", "\"length\": 16, \"scope\": true", ""),
        ("\"scope\": true", "\"scope\": false", ""),
        (
            "\"pen\": 0",
            "\"pen\": 9",
            "template 256 of 192.0.2.1:2055 v9 domain 7: field 1 (9/2) has an enterprise number, which v9 has not at line 30 column 5",
        ),
        (
            "\"id\": 200",
            "\"id\": 32968",
            "template 65535 of [2001:db8::1]:4739 IPFIX domain 0: field 2 (32473/32968) is beyond 32767 at line 57 column 5",
        ),
        ("\"boot\": \"2023-11-14T22:13:20.001Z\",", "", "missing field `boot` at line 92 column 5"),
        ("\"passed\": 5", "\"passed\": 1", "exporter 192.0.2.1:2055 v9 domain 7: 2 of 1 packets is no sampling rate at line 92 column 5"),
        (
            "\"of\": \"all\"",
            "\"of\": \"most\"",
            "unknown variant `most`, expected one of `all`, `sampler`, `interface`, `line_card`, `template` at line 81 column 22",
        ),
        ("\"type\": \"string\"", "\"type\": \"text\"", "element 32473/200: no data type is called 'text' at line 103 column 5"),
    ] {
        if expected.is_empty() {
            assert!(read_store(STORE.replacen(from, to, 1).as_bytes()).is_ok(), "{to}");
        } else {
            let found = refusal(from, to);
            if found != expected {
                differing.push(format!("{to}\n  {found}\n  {expected}"));
            }
        }
    }
    assert!(differing.is_empty(), "{}", differing.join("\n"));
}

#[test]
fn records_of_no_octets_and_entries_that_stand_twice() {
    let empty = STORE.replace("\"length\": 4,", "\"length\": 0,").replace("\"length\": 16,", "\"length\": 0,");
    let error = read_store(empty.as_bytes()).unwrap_err().to_string();
    assert!(error.starts_with("template 256 of 192.0.2.1:2055 v9 domain 7: its fields have no octets"), "{error}");
    let mixed = STORE
        .replace("\"scope\": true", "\"scope\": 1")
        .replace("\"scope\": false", "\"scope\": true")
        .replace("\"scope\": 1", "\"scope\": false");
    let error = read_store(mixed.as_bytes()).unwrap_err().to_string();
    assert!(error.contains("field 2 (0/82) is a scope field behind one that is none at line 30"), "{error}");
    let twice = STORE
        .replace("2001:db8::1", "192.0.2.1")
        .replace("4739", "2055")
        .replace("\"IPFIX\"", "\"v9\"")
        .replace("\"domain\": 0", "\"domain\": 7");
    let error = read_store(twice.replace("65535", "256").as_bytes()).unwrap_err().to_string();
    assert_eq!(error, "template 256 of 192.0.2.1:2055 v9 domain 7 stands there twice at line 57 column 5");
}

#[test]
fn names_of_fields_are_for_people() {
    let renamed = STORE.replace("\"interfaceName\"", "[\"anything\"]").replace(",\n          \"name\": \"Interface\"", "");
    assert_eq!(read_store(renamed.as_bytes()).unwrap(), kept());
}

#[test]
fn only_a_store_is_replaced() {
    assert!(may_replace(STORE.as_bytes()) && may_replace(b""));
    assert!(may_replace(STORE.replace("\"port\"", "\"ports\"").as_bytes()), "a damaged one is still one of ours");
    assert!(!may_replace(STORE.replace("store/1", "store/2").as_bytes()));
    assert!(!may_replace(b"\xd4\xc3\xb2\xa1") && !may_replace(b"{}") && !may_replace(b"[]") && !may_replace(&STORE.as_bytes()[..900]));
}

#[test]
fn a_collector_gives_back_what_it_was_given() {
    let mut collector = Collector::new(CollectorOptions::new(Arc::default()));
    collector.keep(&kept()).unwrap();
    assert_eq!(collector.kept(), kept());
    collector.rewind();
    assert_eq!(collector.kept(), kept());
    let few = CollectorOptions { elements: Arc::new(Elements::default().with_most_told(0)), ..CollectorOptions::new(Arc::default()) };
    assert_eq!(Collector::new(few).keep(&kept()), Err(KeepError::Elements));
}
