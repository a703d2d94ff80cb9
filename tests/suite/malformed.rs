//! Octets that contradict themselves: each fault is told, and what is whole around it is decoded.

use serde_json::{Value, json};

use crate::build::{flows_in, ipfix, octets, problems_in, set, template, v9, v9_options_template};
use crate::support::{corpus_for, overview, run_with_input, stdout};

/// Arista, Alaxala and Huawei send scopes in lengths of their own: the template's length rules (RFC 3954 §6.1).
#[test]
fn scopes_of_odd_lengths() {
    let sets = [
        v9_options_template(300, &[(1, 6), (2, 3), (3, 1), (4, 5), (5, 2)], &[(41, 3), (82, 5)]),
        set(300, &octets("c00002010000 000007 02 0000000009 0100 0003e8 6765302f31 00000007 0000")),
        template(9, 256, &[(0, 10, 3), (0, 1, 3)]),
        set(256, &octets("000007 0003e8 000008 0007d0")),
    ];
    let message = v9(0, 1_000_000, 0, &sets);
    let output = run_with_input(&["options", "-", "--format", "json", "--quiet"], &message);
    let tables: Value = serde_json::from_slice(&output.stdout).unwrap();
    let expected = json!([{
        "scope_system": "c00002010000", "scope_interface": 7, "scope_line_card": 2, "scope_cache": 9, "scope_template": 256,
        "exportedMessageTotalCount": 1000, "interfaceName": "ge0/1",
    }]);
    assert_eq!(tables["tables"][0]["records"], expected);
    let named = json!([{"in_if_name": "ge0/1", "bytes": 1000}, {"in_if_name": null, "bytes": 2000}]);
    assert_eq!(json!(flows_in(&[message], "in_if_name,bytes", &[])), named);
}

/// The second record says that its name has 200 octets, or 65,535 by the long prefix (RFC 7011 §7): the Set ends there, the next is read.
#[test]
fn a_variable_length_beyond_the_set() {
    for length in ["c8", "ff ffff"] {
        let sets = [
            template(10, 256, &[(0, 1, 4), (0, 96, 65_535)]),
            set(256, &octets(&format!("00000001 03 646e73 00000002 {length} 0000"))),
            set(256, &octets("00000003 ff 0003 667470")),
        ];
        let message = ipfix(0, &sets);
        let expected = json!([{"bytes": 1, "application": "dns"}, {"bytes": 3, "application": "ftp"}]);
        assert_eq!(json!(flows_in(std::slice::from_ref(&message), "bytes,application", &[])), expected, "{length}");
        let (severity, count, detail) = problems_in(&[message])["record-cut"].clone();
        assert_eq!((severity.as_str(), count), ("warning", 1), "{length}");
        assert!(detail.starts_with("Set 256: a record after 1 whole ones goes beyond the last "), "{detail}");
    }
}

/// Ten basicLists, one in the other (RFC 6313 §4.5.1), where eight may be: what lies deeper stays octets, the next record is read.
#[test]
fn lists_nested_too_deep() {
    let nest = |depth: usize| {
        (1..depth).fold(octets("03 000b 0002 0050"), |inner, _| [octets("03 0123 ffff"), vec![inner.len() as u8], inner].concat())
    };
    let message = |depth: usize| {
        let list = nest(depth);
        let records = [vec![list.len() as u8], list, octets("00000001"), octets("07 03 000b 0002 0050 00000002")].concat();
        ipfix(0, &[template(10, 256, &[(0, 291, 65_535), (0, 1, 4)]), set(256, &records)])
    };
    assert!(!problems_in(&[message(8)]).contains_key("list-depth"));
    assert_eq!(problems_in(&[message(10)])["list-depth"].1, 1);
    let rows = flows_in(&[message(10)], "basicList,bytes", &[]);
    let innermost = (1..=8).try_fold(&rows[0]["basicList"], |list, _| list["basicList"].get(0));
    assert_eq!(innermost, Some(&json!("030123ffff0703000b00020050")), "{}", rows[0]);
    let expected = json!({"basicList": {"semantic": "allOf", "element": "destinationTransportPort", "basicList": [80]}, "bytes": 2});
    assert_eq!(rows[1], expected);
}

/// A Set that is longer than its message, and one shorter than its own header: what came before them is decoded.
#[test]
fn sets_that_lie_about_their_length() {
    let head = [template(10, 256, &[(0, 1, 4)]), set(256, &octets("00000001"))];
    for (lie, code) in [("0100 0190 00000002", "set-beyond-message"), ("0100 0002 00000002", "set-length-below-header")] {
        let message = ipfix(0, &[head.concat(), octets(lie)]);
        assert_eq!(flows_in(std::slice::from_ref(&message), "bytes", &[]), [json!({"bytes": 1})], "{code}");
        assert_eq!(problems_in(&[message])[code].1, 1, "{code}");
    }
}

/// The first of three LZ4 blocks is damaged. nfdump shows 14,028 flows of the whole file; the header of the first block says 10,067
/// records, of which one is the exporter. The other blocks hold what remains.
#[test]
fn a_damaged_block_of_a_flow_file() {
    let Some(corpus) = corpus_for("a_damaged_block_of_a_flow_file") else { return };
    let mut file = std::fs::read(corpus.join("flowlogs/nfcapd.multiblock-lz4")).expect("the file can be read");
    file[1_052..1_152].fill(0xff);
    let folder = tempfile::tempdir().expect("a folder can be made");
    let path = folder.path().join("nfcapd.damaged");
    std::fs::write(&path, file).expect("it can be written");
    let overview = overview(&path).expect("an overview");
    assert_eq!(overview["totals"]["flows"], 14_028 - 10_066);
    let told: Vec<(&Value, &Value)> = overview["problems"].as_array().into_iter().flatten().map(|p| (&p["code"], &p["count"])).collect();
    assert_eq!(told, [(&json!("flow-block"), &json!(1))]);
    assert_eq!(overview["problems"][0]["first"]["detail"], "block 1 of 220419 octets is no whole LZ4 data");
}

/// `--strict` makes any of these fatal, with what was decoded still there.
#[test]
fn damage_ends_a_strict_run_with_1() {
    let message = ipfix(0, &[template(10, 256, &[(0, 1, 4)]), set(256, &octets("00000001")), octets("0100 0002")]);
    let output = run_with_input(&["flows", "-", "--format", "csv", "--columns", "bytes", "--strict", "--quiet"], &message);
    assert_eq!((output.status.code(), stdout(&output).as_str()), (Some(1), "bytes\n1\n"));
}
