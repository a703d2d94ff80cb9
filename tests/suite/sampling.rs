//! Sampling rates in every form that options data, headers and records have, and names of interfaces in the records themselves.

use serde_json::{Value, json};

use crate::build::{
    Field, flows_in, ipfix, ipfix_records, octets, options_template, overview_of, set, template, v9, v9_options_template, v9_records,
};
use crate::support::{flows, run_with_input, stdout, testdata};

/// The scope of IPFIX options that hold for the whole exporter: exportingProcessId.
const EXPORTER: Field = (0, 144, 4);

/// Options of IPFIX, then one flow of 5 octets with the fields that are named.
fn message(fields: &[Field], record: &str, flow: &[Field], values: &str) -> Vec<u8> {
    let flow: Vec<Field> = flow.iter().copied().chain([(0, 1, 4)]).collect();
    let values = octets(&format!("{values} 00000005"));
    ipfix(0, &[options_template(300, 1, fields), set(300, &octets(record)), template(10, 256, &flow), set(256, &values)])
}

fn interval_of(messages: &[Vec<u8>]) -> Value {
    flows_in(messages, "sampling_interval", &[])[0]["sampling_interval"].clone()
}

/// Every way to announce a rate for the whole exporter, and the packets that one stands for.
#[test]
fn rates_in_every_form() {
    let forms: [(&[Field], &str, Value); 13] = [
        (&[(0, 34, 4), (0, 35, 1)], "00000064 01", json!(100)),
        (&[(0, 34, 4), (0, 35, 1)], "00000000 02", Value::Null),
        (&[(0, 49, 1), (0, 50, 4)], "02 000003e8", json!(1000)),
        (&[(0, 304, 2), (0, 305, 4), (0, 306, 4)], "0001 00000001 00000063", json!(100)),
        (&[(0, 304, 2), (0, 305, 4), (0, 306, 4)], "0001 00000000 00000000", Value::Null),
        // Without packetSpace the first is the interval; in 2 octets, as Nokia and Junos send it.
        (&[(0, 305, 2)], "0200", json!(512)),
        (&[(0, 304, 2), (0, 307, 4), (0, 308, 4)], "0002 00000001 00000009", json!(10)),
        (&[(0, 304, 2), (0, 309, 4), (0, 310, 4)], "0003 00000002 00000080", json!(64)),
        (&[(0, 304, 2), (0, 309, 4), (0, 310, 4)], "0003 00000000 00000000", Value::Null),
        // 0.001 and 0.01 as IEEE 754 has them; samplingProbability may come as float32 (RFC 7011 §6.2).
        (&[(0, 304, 2), (0, 311, 8)], "0004 3f50624dd2f1a9fc", json!(1000)),
        (&[(0, 304, 2), (0, 311, 4)], "0004 3c23d70a", json!(100)),
        (&[(0, 304, 2), (0, 311, 8)], "0004 0000000000000000", Value::Null),
        // One packet in one is a rate too.
        (&[(0, 34, 4)], "00000001", json!(1)),
    ];
    for (fields, record, expected) in forms {
        let options: Vec<Field> = [EXPORTER].iter().chain(fields).copied().collect();
        let message = message(&options, &format!("00000001 {record}"), &[], "");
        assert_eq!(interval_of(&[message]), expected, "{fields:?} {record}");
    }
}

#[test]
fn a_probability_multiplies() {
    let announced = message(&[(0, 302, 4), (0, 304, 2), (0, 311, 8)], "00000009 0004 3fd0000000000000", &[(0, 302, 4)], "00000009");
    assert_eq!(flows_in(&[announced], "sampling_interval,bytes", &["--scale"]), [json!({"sampling_interval": 4, "bytes": 20})]);
    let own = ipfix_records(&[(0, 311, 4), (0, 1, 4)], "3c23d70a 00000005");
    assert_eq!(flows_in(&[own], "sampling_interval,bytes", &["--scale"]), [json!({"sampling_interval": 100, "bytes": 500})]);
}

/// v9 options scoped to system, interface, line card and template (RFC 3954 §6.1), each with 34, and a flow that they hold for.
#[test]
fn rates_by_the_scope_of_v9() {
    let with = |scopes: &[(u16, u16)], record: &str, flow: &[Field], values: &str| {
        let flow: Vec<Field> = flow.iter().copied().chain([(0, 1, 4)]).collect();
        let sets = [
            v9_options_template(300, scopes, &[(34, 4), (35, 1)]),
            set(300, &octets(record)),
            template(9, 256, &flow),
            set(256, &octets(&format!("{values} 00000005"))),
        ];
        interval_of(&[v9(0, 1_000_000, 0, &sets)])
    };
    let input: &[Field] = &[(0, 10, 2)];
    assert_eq!(with(&[(1, 0)], "00000064 01", input, "0003"), json!(100));
    assert_eq!(with(&[(1, 4)], "c0000201 00000064 01", input, "0003"), json!(100));
    assert_eq!(with(&[(2, 2)], "0003 00000064 01", input, "0003"), json!(100));
    assert_eq!(with(&[(2, 2)], "0003 00000064 01", input, "0004"), Value::Null);
    assert_eq!(with(&[(5, 2)], "0100 00000064 01", input, "0003"), json!(100));
    assert_eq!(with(&[(5, 2)], "0101 00000064 01", input, "0003"), Value::Null);
    // A line card: flows that name theirs (141) have its rate; flows that don't, where all line cards have the same.
    let card: &[Field] = &[(0, 141, 2)];
    assert_eq!(with(&[(3, 2)], "0007 00000064 01", card, "0007"), json!(100));
    assert_eq!(with(&[(3, 2)], "0007 00000064 01 0008 000003e8 01", card, "0008"), json!(1000));
    assert_eq!(with(&[(3, 2)], "0007 00000064 01 0008 00000064 01", input, "0003"), json!(100));
    assert_eq!(with(&[(3, 2)], "0007 00000064 01 0008 000003e8 01", input, "0003"), Value::Null);
}

/// Flows that name no sampler have the rate of the only one, and the overview says so.
#[test]
fn the_only_sampler_announced() {
    let selector: &[Field] = &[(0, 302, 4), (0, 305, 4), (0, 306, 4)];
    let one = message(selector, "00000007 00000001 00000063", &[], "");
    assert_eq!(
        flows_in(std::slice::from_ref(&one), "sampling_interval,bytes", &["--scale"]),
        [json!({"sampling_interval": 100, "bytes": 500})]
    );
    assert_eq!(overview_of(std::slice::from_ref(&one))["exporters"][0]["sampling"]["only_rate"], true);
    let text = stdout(&run_with_input(&["-", "--quiet"], &one)).split_whitespace().collect::<Vec<_>>().join(" ");
    let said = "1 in 100 for sampler 7 by options data; flows that name none have this one, the only sampler announced.";
    assert!(text.contains(said), "{text}");
    // Two samplers, or a flow that names another or none (0): no rate is made up.
    let two = message(selector, "00000007 00000001 00000063 00000008 00000001 00000063", &[], "");
    assert_eq!(interval_of(&[two]), Value::Null);
    let other = message(selector, "00000007 00000001 00000063", &[(0, 302, 4)], "00000009");
    assert_eq!(interval_of(&[other]), Value::Null);
    let unsampled = message(selector, "00000007 00000001 00000063", &[(0, 48, 1)], "00");
    assert_eq!(interval_of(std::slice::from_ref(&unsampled)), Value::Null);
    assert_eq!(overview_of(&[unsampled])["exporters"][0]["sampling"]["only_rate"], false);
    // A rate for the whole exporter is closer than that of a sampler which the flow does not name.
    let all = [
        message(selector, "00000007 00000001 00000063", &[], ""),
        ipfix(
            2,
            &[options_template(301, 1, &[EXPORTER, (0, 34, 4)]), set(301, &octets("00000001 0000000a")), set(256, &octets("00000005"))],
        ),
    ];
    assert_eq!(flows_in(&all, "sampling_interval", &[])[1], json!({"sampling_interval": 10}));
}

/// The two octets of a v5 header: 2 bits of mode, 14 of interval.
#[test]
fn the_mode_of_v5_is_no_part_of_the_interval() {
    for (field, expected) in [("4064", json!(100)), ("c00a", json!(10)), ("0001", json!(1)), ("4000", Value::Null), ("0000", Value::Null)] {
        let header = octets(&format!("0005 0001 000f4240 6553f100 00000000 00000000 0000 {field}"));
        let interval = interval_of(&[[header, vec![1; 48]].concat()]);
        assert_eq!(interval, expected, "{field}");
    }
}

/// interfaceName (82) and interfaceDescription (83) in flow records.
#[test]
fn names_of_interfaces_in_flow_records() {
    let columns = "in_if,out_if,in_if_name,out_if_name";
    let of = |flow: Vec<u8>| flows_in(&[flow], columns, &[])[0].clone();
    // "ge0" and "xe1".
    assert_eq!(
        of(ipfix_records(&[(0, 10, 1), (0, 14, 1), (0, 82, 3)], "01 02 676530")),
        json!({"in_if": 1, "out_if": 2, "in_if_name": "ge0", "out_if_name": null})
    );
    assert_eq!(
        of(v9_records(&[(0, 14, 2), (0, 82, 4)], "0002 78653100")),
        json!({"in_if": null, "out_if": 2, "in_if_name": null, "out_if_name": "xe1"})
    );
    assert_eq!(
        of(v9_records(&[(0, 10, 2), (0, 83, 4)], "0002 78653100")),
        json!({"in_if": 2, "out_if": null, "in_if_name": "xe1", "out_if_name": null})
    );
    // The record's own name counts before what options data tells.
    let told = message(&[(0, 10, 4), (0, 82, 3)], "00000001 676530", &[(0, 10, 4), (0, 82, 3)], "00000001 786531");
    assert_eq!(of(told)["in_if_name"], "xe1");
}

/// tshark shows for these records of Open vSwitch the names s-p0 and br-a of input 2 and output 10, s-p0 and t0 of 2 and 7.
#[test]
fn names_of_both_interfaces_by_open_vswitch() {
    let rows = flows(&testdata("ovs-ipfix-vxlan.pcap"), "in_if,out_if,in_if_name,out_if_name").expect("flows");
    let of = |input: u64, output: u64| rows.iter().find(|r| r["in_if"] == input && r["out_if"] == output).cloned().unwrap_or_default();
    assert_eq!(of(2, 10), json!({"in_if": 2, "out_if": 10, "in_if_name": "s-p0", "out_if_name": "br-a"}));
    assert_eq!(of(7, 2), json!({"in_if": 7, "out_if": 2, "in_if_name": "t0", "out_if_name": "s-p0"}));
}
