//! The data files as a whole: how many rows they hold, that every row is found again, and the conflicts that exporters make.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};

use super::registry::all;
use super::*;

fn named(id: ElementId) -> Element {
    element(id).unwrap_or_else(|| panic!("{id} is not known")).clone()
}

/// Name, column and type of an element.
fn facts(e: Option<&Element>) -> Option<(String, &'static str, &str, Option<DataType>)> {
    e.map(|e| (e.id.to_string(), e.name, e.column.as_str(), e.data_type))
}

fn folder() -> PathBuf {
    Path::new(file!()).parent().unwrap().to_owned()
}

#[test]
fn rows_of_every_file_are_read() {
    let mut counts: BTreeMap<u32, usize> = BTreeMap::new();
    for e in all() {
        *counts.entry(e.id.pen).or_default() += 1;
    }
    let expected = [
        (0, 502),
        (9, 686),
        (637, 3),
        (2011, 7),
        (2636, 1),
        (3054, 174),
        (5951, 299),
        // 453 rows, and the reverse elements of 242, 243, 422, 507 and 509, which follow from CERT's rule.
        (6871, 458),
        (6876, 30),
        (8057, 161),
        (9789, 3),
        (10704, 12),
        (12276, 11),
        (12326, 12),
        (13745, 80),
        (15397, 66),
        (16982, 50),
        (21373, 2),
        (23867, 27),
        (26866, 67),
        // 502 elements less the 25 that RFC 5103 §6.1 leaves out.
        (29305, 477),
        (32622, 12),
        (33610, 23),
        (35632, 340),
        (39499, 205),
        (41916, 1),
        (42359, 4),
        (43874, 3),
        (45346, 6),
        (47729, 86),
        (56506, 73),
        (u32::MAX, 14),
    ];
    assert_eq!(counts, BTreeMap::from(expected));
    // 1046 of them are an element of IPFIX, 2 only say that a number is not IANA's.
    assert_eq!(v9::numbers().count(), 1121);
    assert_eq!(v9::all().count(), 73);
}

/// Each data file in the folder is one that the program reads, and no row of it is left out for not fitting.
#[test]
fn files_of_the_folder_are_all_embedded() {
    let mut lines = 0;
    for entry in fs::read_dir(folder().join("enterprise")).unwrap() {
        let path = entry.unwrap().path();
        let pen: u32 = path.file_name().unwrap().to_str().unwrap().split('-').next().unwrap().parse().unwrap();
        let text = fs::read_to_string(&path).unwrap();
        for line in text.lines().skip(1) {
            let id: u16 = line.split(',').next().unwrap().parse().unwrap();
            assert!(element(ElementId::enterprise(pen, id)).is_some(), "{pen}/{id}");
            lines += 1;
        }
    }
    assert_eq!(lines, 2911);
    let tables = fs::read_dir(folder().join("values")).unwrap().count();
    // Those with a value and a name, and icmp, icmpv6, tcp-flags, vendor-values, elements.
    assert_eq!(tables, 32 + 5);
}

#[test]
fn types_are_read() {
    let mut untyped: BTreeMap<u32, usize> = BTreeMap::new();
    for e in all().filter(|e| e.data_type.is_none()) {
        *untyped.entry(e.id.pen).or_default() += 1;
    }
    assert_eq!(untyped, BTreeMap::from([(9, 52), (3054, 3), (13745, 14), (33610, 5), (35632, 8)]));
}

#[test]
fn every_element_is_found_by_its_number_and_its_column() {
    for e in all() {
        assert_eq!(element(e.id), Some(e), "{}", e.id);
        assert_eq!(by_name(&e.column), Some(e), "{}", e.column);
        assert_eq!(by_name(&column_name(e.id)), Some(e), "{}", e.id);
        assert_eq!(by_name(&e.id.to_string()), Some(e), "{}", e.id);
    }
    for e in v9::all() {
        assert_eq!(by_name(&e.column), Some(e), "{}", e.column);
    }
}

#[test]
fn columns_are_unique_and_safe() {
    let mut seen: HashMap<String, ElementId> = HashMap::new();
    for e in all().chain(v9::all()) {
        assert!(e.column.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_'), "{}", e.column);
        assert!(e.column.starts_with(|c: char| c.is_ascii_alphabetic()), "{}", e.column);
        // SQL ignores case in names.
        let before = seen.insert(e.column.to_ascii_lowercase(), e.id);
        assert_eq!(before, None, "{}", e.column);
    }
    // The flow table's own columns are not elements.
    let canonical = "received exporter observation_domain nde_version template_id flow_start flow_end duration_ms src_addr dst_addr src_port \
                     dst_port protocol tcp_flags bytes packets bytes_out packets_out bytes_reverse packets_reverse icmp_type icmp_code tos in_if \
                     out_if direction next_hop src_as dst_as src_mask dst_mask src_mac dst_mac src_vlan dst_vlan vrf_in vrf_out nat_src_addr \
                     nat_dst_addr nat_src_port nat_dst_port flow_end_reason forwarding_status application sampling_interval in_if_name out_if_name";
    for name in canonical.split_whitespace() {
        assert!(!seen.contains_key(name), "{name}");
    }
}

/// A repeated element's second column is `name_2`: that must not be another element's.
#[test]
fn numbered_columns_are_free_for_repeated_elements() {
    let columns: HashSet<String> = all().chain(v9::all()).map(|e| e.column.to_ascii_lowercase()).collect();
    for column in &columns {
        for occurrence in 2..10 {
            assert!(!columns.contains(&format!("{column}_{occurrence}")), "{column}_{occurrence}");
        }
    }
}

#[test]
fn v9_names_are_unique_among_iana() {
    let names: Vec<&str> = all().filter(|e| e.id.pen == 0).filter_map(|e| e.v9_name).collect();
    assert_eq!(names.len(), 133);
    assert_eq!(names.iter().map(|n| n.to_ascii_lowercase()).collect::<HashSet<_>>().len(), 133);
}

#[test]
fn iana_elements() {
    let octets = named(ElementId::iana(1));
    assert_eq!((octets.name, octets.column.as_str(), octets.data_type), ("octetDeltaCount", "octetDeltaCount", Some(DataType::Unsigned64)));
    assert_eq!((octets.semantics, octets.units, octets.status), ("deltaCounter", "octets", Status::Current));
    assert_eq!((octets.v9_name, octets.vendor, octets.reversible), (Some("IN_BYTES"), None, true));
    assert_eq!(octets.description, "Bytes of this flow since the last report, IP header included");
    let types = [
        (6, "tcpControlBits", DataType::Unsigned16),
        (8, "sourceIPv4Address", DataType::Ipv4Address),
        (27, "sourceIPv6Address", DataType::Ipv6Address),
        (56, "sourceMacAddress", DataType::MacAddress),
        (82, "interfaceName", DataType::String),
        (95, "applicationId", DataType::OctetArray),
        (150, "flowStartSeconds", DataType::DateTimeSeconds),
        (152, "flowStartMilliseconds", DataType::DateTimeMilliseconds),
        (154, "flowStartMicroseconds", DataType::DateTimeMicroseconds),
        (156, "flowStartNanoseconds", DataType::DateTimeNanoseconds),
        (276, "dataRecordsReliability", DataType::Boolean),
        (291, "basicList", DataType::BasicList),
        (292, "subTemplateList", DataType::SubTemplateList),
        (293, "subTemplateMultiList", DataType::SubTemplateMultiList),
        (311, "samplingProbability", DataType::Float64),
        (434, "mibObjectValueInteger", DataType::Signed32),
        (515, "ipv6ExtensionHeadersFull", DataType::Unsigned256),
    ];
    for (id, name, data_type) in types {
        let e = named(ElementId::iana(id));
        assert_eq!((e.name, e.data_type), (name, Some(data_type)), "{id}");
    }
    assert_eq!(named(ElementId::iana(43)).status, Status::Deprecated);
    assert_eq!(element(ElementId::iana(0)), None);
    assert_eq!(element(ElementId::iana(65)), None);
    assert_eq!(element(ElementId::iana(534)), None);
}

#[test]
fn vendor_elements() {
    let host = named(ElementId::enterprise(9, 12235));
    assert_eq!(
        (host.name, host.column.as_str(), host.data_type),
        ("applicationHttpHost", "cisco_applicationHttpHost", Some(DataType::OctetArray))
    );
    assert_eq!(host.vendor, Some("Cisco Systems"));
    let expected = [
        ((637, 91), "aluInsideServiceId", "nokia_aluInsideServiceId", DataType::Unsigned16),
        ((2636, 137), "commonPropertiesId", "juniper_commonPropertiesId", DataType::Unsigned32),
        ((5951, 128), "roundTripTime", "netscaler_roundTripTime", DataType::Unsigned32),
        ((6871, 14), "initialTCPFlags", "cert_initialTCPFlags", DataType::Unsigned16),
        ((6876, 881), "tenantSourceIPv4", "vmware_tenantSourceIPv4", DataType::Ipv4Address),
        ((10704, 1), "Timestamp", "barracuda_Timestamp", DataType::Unsigned32),
        ((12326, 1), "Timestamp", "barracuda_misassigned_Timestamp", DataType::Unsigned32),
        ((35632, 118), "L7_PROTO", "ntop_L7_PROTO", DataType::Unsigned16),
        ((39499, 1), "httpHost", "flowmon_httpHost", DataType::String),
        ((56506, 101), "sourcePodName", "antrea_sourcePodName", DataType::String),
    ];
    for ((pen, id), name, column, data_type) in expected {
        let e = named(ElementId::enterprise(pen, id));
        assert_eq!((e.name, e.column.as_str(), e.data_type), (name, column, Some(data_type)), "{pen}/{id}");
    }
    assert_eq!(element(ElementId::enterprise(35632, 57590)), None);
    assert_eq!(element(ElementId::enterprise(4_294_967_294, 1)), None);
}

#[test]
fn vendors() {
    assert_eq!(vendor(9), Some("Cisco Systems"));
    assert_eq!(vendor(2636), Some("Juniper Networks, Inc."));
    assert_eq!(vendor(25461), Some("Palo Alto Networks"));
    assert_eq!(vendor(29305), Some("IPFIX reverse information element (RFC 5103)"));
    assert_eq!(vendor(0), None);
}

#[test]
fn reverse_elements() {
    let octets = named(ElementId::reverse(1));
    assert_eq!(
        (octets.name, octets.column.as_str(), octets.data_type),
        ("reverseOctetDeltaCount", "reverseOctetDeltaCount", Some(DataType::Unsigned64))
    );
    assert_eq!((octets.semantics, octets.units, octets.v9_name), ("deltaCounter", "octets", None));
    assert_eq!(named(ElementId::reverse(6)).name, "reverseTcpControlBits");
    // RFC 5103 §6.1 leaves out identifiers of the flow, times of the export and padding.
    for id in [130, 148, 149, 210, 239] {
        assert_eq!(element(ElementId::reverse(id)), None, "{id}");
    }
    assert_eq!(facts(by_name("reverseOctetDeltaCount")).unwrap().0, "29305/1");
}

#[test]
fn cert_counts_the_other_direction_from_0x4000() {
    // Listed by CERT itself.
    assert_eq!(named(ElementId::enterprise(6871, 16398)).column, "cert_reverseInitialTCPFlags");
    // Derived from 243 (dhcpVendorCode).
    let derived = named(ElementId::enterprise(6871, 16384 + 243));
    assert_eq!(
        (derived.name, derived.column.as_str(), derived.data_type),
        ("reverseDhcpVendorCode", "cert_reverseDhcpVendorCode", Some(DataType::String))
    );
    assert_eq!(element(ElementId::enterprise(6871, 16384 + 33)), None);
}

#[test]
fn names_that_people_write() {
    for name in ["octetDeltaCount", "OCTETDELTACOUNT", "IN_BYTES", "in_bytes", "1", "ie_1"] {
        assert_eq!(facts(by_name(name)).unwrap().0, "1", "{name}");
    }
    for name in ["9/12235", "pen_9_12235", "cisco_applicationHttpHost", "45003"] {
        assert_eq!(facts(by_name(name)).unwrap().0, "9/12235", "{name}");
    }
    assert_eq!(facts(by_name("L7_PROTO")).unwrap().0, "35632/118");
    assert_eq!(facts(by_name("NF_F_INGRESS_ACL_ID")).unwrap().0, "9/232");
    assert_eq!(facts(by_name("NF_F_XLATE_SRC_ADDR_IPV4")).unwrap().0, "225");
    assert_eq!(facts(by_name("fortinet_FLOW_FLAGS")).unwrap().0, "65");
    for name in ["", "ie_", "ie_99999", "pen_9", "pen_9_", "9/", "/8", "+8", "0", "65", "nothing", "-1", "99999999999999999999"] {
        assert_eq!(by_name(name), None, "{name}");
    }
}

#[test]
fn v9_numbers_mean_what_iana_says() {
    assert_eq!(facts(v9_element(1, 4)).unwrap().1, "octetDeltaCount");
    assert_eq!(facts(v9_element(346, 4)).unwrap().1, "privateEnterpriseNumber");
    assert_eq!(facts(v9_element(232, 4)).unwrap().1, "responderOctets");
    assert_eq!(facts(v9_element(232, 8)).unwrap().1, "responderOctets");
    assert_eq!(facts(v9_element(43, 4)).unwrap().1, "ipv4RouterSc");
    // A length that the type can't take leaves the element known: the field is octets then.
    assert_eq!(facts(v9_element(236, 65535)).unwrap().1, "VRFname");
    assert_eq!(v9_element(534, 4), None);
    assert_eq!(v9_element(513, 1).map(|e| e.name), Some("ipv6ExtensionHeaderType"));
}

#[test]
fn v9_numbers_that_vendors_use_for_something_else() {
    // H3C and Huawei: the meaning is not public.
    assert_eq!(v9_element(43, 2), None);
    assert_eq!(v9_element(232, 2), None);
    let flags = Some(("65".to_owned(), "FLOW_FLAGS", "fortinet_FLOW_FLAGS", Some(DataType::Unsigned16)));
    assert_eq!(facts(v9_element(65, 2)), flags);
    assert_eq!(v9_element(65, 2).unwrap().vendor, Some("Fortinet"));
    assert_eq!(v9_element(65, 4), None);
    assert_eq!(facts(v9_element(0, 1)).unwrap().2, "h3c_paddingOctet");
    let early = [
        (600, 4, "early_pathDelayMeanDeltaMicroseconds", DataType::Unsigned32),
        (601, 4, "early_pathDelayMinDeltaMicroseconds", DataType::Unsigned32),
        (602, 4, "early_pathDelayMaxDeltaMicroseconds", DataType::Unsigned32),
        (603, 8, "early_pathDelaySumDeltaMicroseconds", DataType::Unsigned64),
    ];
    for (number, length, column, data_type) in early {
        let e = v9_element(number, length).unwrap();
        assert_eq!((e.column.as_str(), e.data_type), (column, Some(data_type)), "{number}");
        // Exporters used these in IPFIX as well.
        assert_eq!(element(ElementId::iana(number)), Some(e), "{number}");
    }
    assert_eq!(v9_element(600, 20), None);
}

#[test]
fn v9_numbers_above_32767() {
    assert_eq!(facts(v9_element(45003, 65535)).unwrap().0, "9/12235");
    assert_eq!(facts(v9_element(33000, 12)).unwrap().0, "9/232");
    assert_eq!(facts(v9_element(40001, 4)).unwrap().2, "cisco_xlateSourceIPv4Address");
    assert_eq!(facts(v9_element(40000, 65)).unwrap().2, "cisco_aaaUsername");
    assert_eq!(facts(v9_element(34003, 32)).unwrap().0, "9/1235");
    let l7 = Some(("35632/118".to_owned(), "L7_PROTO", "ntop_L7_PROTO", Some(DataType::Unsigned16)));
    assert_eq!(facts(v9_element(57590, 2)), l7);
    assert_eq!(facts(v9_element(33611, 16)).unwrap().2, "boundary_METER_OS_SYSNAME");
    let application = Some(("56701".to_owned(), "APP-ID", "paloalto_APP_ID", Some(DataType::String)));
    assert_eq!(facts(v9_element(56701, 32)), application);
    assert_eq!(facts(element(ElementId::iana(56701))), application);
    assert_eq!(facts(v9_element(56702, 64)).unwrap().2, "paloalto_USER_ID");
    assert_eq!(v9_element(65535, 4), None);
    // 9/12235 is the element's one identity.
    assert_eq!(element(ElementId::iana(45003)), None);
}

#[test]
fn every_private_number_leads_to_an_element() {
    let nowhere: Vec<u16> = v9::numbers().filter(|n| *n > 32767 && v9_element(*n, 4).is_none()).collect();
    assert!(nowhere.is_empty(), "{nowhere:?}");
    for number in v9::numbers() {
        if let Some(e) = v9_element(number, 4).filter(|e| e.id.pen != 0) {
            assert_eq!(element(e.id), Some(e), "{number}");
        }
    }
}

#[test]
fn names_of_v9() {
    let expected = [
        (1, "IN_BYTES"),
        (2, "IN_PKTS"),
        (4, "PROTOCOL"),
        (6, "TCP_FLAGS"),
        (7, "L4_SRC_PORT"),
        (8, "IPV4_SRC_ADDR"),
        (11, "L4_DST_PORT"),
        (12, "IPV4_DST_ADDR"),
        (21, "LAST_SWITCHED"),
        (22, "FIRST_SWITCHED"),
        (23, "OUT_BYTES"),
        (24, "OUT_PKTS"),
        (225, "NF_F_XLATE_SRC_ADDR_IPV4"),
        (33000, "NF_F_INGRESS_ACL_ID"),
        (57590, "L7_PROTO"),
        (56701, "APP-ID"),
        (65, "FLOW_FLAGS"),
    ];
    for (number, name) in expected {
        assert_eq!(v9_name(number), Some(name), "{number}");
        if number < 32768 && number != 65 {
            assert_eq!(by_name(name).unwrap().id, ElementId::iana(number));
        }
    }
    for number in [43, 232 + 300, 513, 45004, 65535] {
        assert_eq!(v9_name(number), None, "{number}");
    }
}
