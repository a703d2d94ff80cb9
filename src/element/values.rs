//! Names of values: protocols, flags, events, ICMP types.

use std::collections::HashMap;
use std::sync::{LazyLock, OnceLock};

use serde::Deserialize;

use super::ElementId;
use super::embedded::rows;

/// The files of `values/` that hold a value and its name in each row.
macro_rules! value_files {
    ($($name:literal,)*) => {
        [$(ValueFile { name: $name, text: include_str!(concat!("values/", $name, ".csv")), names: OnceLock::new() },)*]
    };
}

static FILES: [ValueFile; 32] = value_files! {
    "anonymization-technique",
    "biflow-direction",
    "classification-engine-id",
    "data-link-frame-type",
    "dscp",
    "engine-type",
    "firewall-event",
    "flow-direction",
    "flow-end-reason",
    "flow-selector-algorithm",
    "forwarding-status",
    "igmp-type",
    "information-element-data-type",
    "information-element-semantics",
    "information-element-units",
    "juniper-common-property",
    "mib-capture-time-semantics",
    "mpls-top-label-type",
    "nat-event",
    "nat-originating-address-realm",
    "nat-quota-exceeded-event",
    "nat-threshold-event",
    "nat-type",
    "observation-point-type",
    "protocol-numbers",
    "sampling-algorithm",
    "selector-algorithm",
    "srh-segment-type",
    "srv6-endpoint-behavior",
    "structured-data-semantics",
    "v9-scope-type",
    "value-distribution-method",
};

/// The names of one element's values, or of one other number's.
#[derive(Debug, Default)]
pub struct ValueNames {
    /// Values below 256, which nearly all are, by position.
    low: Vec<Option<&'static str>>,
    high: HashMap<u64, &'static str>,
}

impl ValueNames {
    /// The name of a value.
    pub fn name(&self, value: u64) -> Option<&'static str> {
        match usize::try_from(value) {
            Ok(low) if low < 256 => self.low.get(low).copied().flatten(),
            _ => self.high.get(&value).copied(),
        }
    }

    /// Adds a name; the first one of a value stays.
    fn add(&mut self, value: u64, name: &'static str) {
        match usize::try_from(value) {
            Ok(low) if low < 256 => {
                if self.low.len() <= low {
                    self.low.resize(low + 1, None);
                }
                if let Some(place) = self.low.get_mut(low) {
                    place.get_or_insert(name);
                }
            }
            _ => {
                self.high.entry(value).or_insert(name);
            }
        }
    }
}

/// One file of `values/`, read when its first name is asked for.
struct ValueFile {
    name: &'static str,
    text: &'static str,
    names: OnceLock<ValueNames>,
}

impl ValueFile {
    fn names(&'static self) -> &'static ValueNames {
        #[derive(Deserialize)]
        struct Row {
            value: u64,
            name: &'static str,
        }
        self.names.get_or_init(|| {
            let mut names = ValueNames::default();
            rows::<Row>(self.text).iter().for_each(|row| names.add(row.value, row.name));
            names
        })
    }
}

/// The names that a file holds.
fn file(name: &str) -> Option<&'static ValueNames> {
    FILES.iter().find(|file| file.name == name).map(ValueFile::names)
}

/// Which file names the values of an IANA element.
static FILE_OF_ELEMENT: LazyLock<HashMap<u16, &'static str>> = LazyLock::new(|| {
    #[derive(Deserialize)]
    struct Row {
        #[serde(rename = "elementId")]
        id: u16,
        table: &'static str,
    }
    rows::<Row>(include_str!("values/elements.csv")).iter().map(|row| (row.id, row.table)).collect()
});

static VENDOR_VALUES: LazyLock<HashMap<ElementId, ValueNames>> = LazyLock::new(|| {
    #[derive(Deserialize)]
    struct Row {
        pen: u32,
        #[serde(rename = "elementId")]
        id: u16,
        value: u64,
        name: &'static str,
    }
    let mut elements: HashMap<ElementId, ValueNames> = HashMap::new();
    for row in rows::<Row>(include_str!("values/vendor-values.csv")) {
        elements.entry(ElementId::enterprise(row.pen, row.id)).or_default().add(row.value, row.name);
    }
    elements
});

static ICMP: LazyLock<IcmpNames> = LazyLock::new(|| IcmpNames::read(include_str!("values/icmp.csv")));
static ICMPV6: LazyLock<IcmpNames> = LazyLock::new(|| IcmpNames::read(include_str!("values/icmpv6.csv")));

/// Bits of tcpControlBits and their letters, lowest first.
static TCP_FLAGS: LazyLock<Vec<(u16, char)>> = LazyLock::new(|| {
    #[derive(Deserialize)]
    struct Row {
        mask: &'static str,
        letter: char,
    }
    let rows: Vec<Row> = rows(include_str!("values/tcp-flags.csv"));
    rows.iter().filter_map(|row| Some((u16::from_str_radix(row.mask.strip_prefix("0x")?, 16).ok()?, row.letter))).collect()
});

/// The names of an element's values, for those who ask often; `None` where none have names.
///
/// A reverse element's values are those of the element (RFC 5103 §6.1).
pub fn value_names(id: ElementId) -> Option<&'static ValueNames> {
    match id.pen {
        0 | ElementId::REVERSE_PEN => match id.id {
            32 => Some(&ICMP.type_and_code),
            139 => Some(&ICMPV6.type_and_code),
            176 => Some(&ICMP.types),
            178 => Some(&ICMPV6.types),
            _ => file(FILE_OF_ELEMENT.get(&id.id)?),
        },
        _ => VENDOR_VALUES.get(&id),
    }
}

/// The name of an element's value: `flowEndReason` 2 is "active timeout". `None` for a value without a name.
pub fn value_name(id: ElementId, value: u64) -> Option<&'static str> {
    match (id.pen, id.id) {
        (0 | ElementId::REVERSE_PEN, 89) => forwarding_status(u8::try_from(value).ok()?),
        _ => value_names(id)?.name(value),
    }
}

/// An IP protocol: 6 is "TCP".
pub fn protocol_name(protocol: u8) -> Option<&'static str> {
    static NAMES: LazyLock<Option<&ValueNames>> = LazyLock::new(|| file("protocol-numbers"));
    NAMES.as_ref()?.name(protocol.into())
}

/// TCP flags as letters in the order of the header, `.` for one that is clear: `...AP.SF`; AE is named only where set: `NCE..P.S.`.
///
/// The four bits above belong to the header's length and are not flags (RFC 9565 §3).
pub fn tcp_flags_letters(flags: u16) -> String {
    let shown = if flags & 0x100 == 0 { 8 } else { 9 };
    let letters = TCP_FLAGS.iter().take(shown).rev();
    letters.map(|(mask, letter)| if flags & mask == 0 { '.' } else { *letter }).collect()
}

/// An ICMP type: 3 is "Destination Unreachable".
pub fn icmp_type_name(icmp_type: u8) -> Option<&'static str> {
    ICMP.types.name(icmp_type.into())
}

/// An ICMP code of a type: 3 of 3 is "Port Unreachable".
pub fn icmp_code_name(icmp_type: u8, code: u8) -> Option<&'static str> {
    ICMP.codes.name(type_and_code(icmp_type, code))
}

/// An ICMPv6 type: 128 is "Echo Request".
pub fn icmpv6_type_name(icmp_type: u8) -> Option<&'static str> {
    ICMPV6.types.name(icmp_type.into())
}

/// An ICMPv6 code of a type: 4 of 1 is "port unreachable".
pub fn icmpv6_code_name(icmp_type: u8, code: u8) -> Option<&'static str> {
    ICMPV6.codes.name(type_and_code(icmp_type, code))
}

/// Why a flow ended (flowEndReason, 136).
pub fn flow_end_reason(reason: u8) -> Option<&'static str> {
    file("flow-end-reason")?.name(reason.into())
}

/// What became of the packets (forwardingStatus, 89; RFC 7270 §4.12): "Dropped: ACL deny".
///
/// The top two bits are the status; where the reason in the lower six has no name, the status alone is given.
pub fn forwarding_status(status: u8) -> Option<&'static str> {
    let names = file("forwarding-status")?;
    names.name(status.into()).or_else(|| names.name((status & 0xc0).into()))
}

/// A NAT event (natEvent, 230).
pub fn nat_event(event: u8) -> Option<&'static str> {
    file("nat-event")?.name(event.into())
}

/// A firewall event (firewallEvent, 233).
pub fn firewall_event(event: u8) -> Option<&'static str> {
    file("firewall-event")?.name(event.into())
}

/// The direction of a flow (flowDirection, 61): ingress or egress.
pub fn direction(direction: u8) -> Option<&'static str> {
    file("flow-direction")?.name(direction.into())
}

/// A DiffServ code point, the upper six bits of the type of service: 46 is "EF".
pub fn dscp(dscp: u8) -> Option<&'static str> {
    file("dscp")?.name(dscp.into())
}

/// How the elements of a structured list relate (RFC 6313 §4.4).
pub fn structured_data_semantics(semantics: u8) -> Option<&'static str> {
    file("structured-data-semantics")?.name(semantics.into())
}

/// The kind of a Juniper common property: the top six bits of element 2636/137, which comes in 2 or 4 octets.
pub fn juniper_common_property(kind: u8) -> Option<&'static str> {
    file("juniper-common-property")?.name(kind.into())
}

/// The scope field types of NetFlow v9 (RFC 3954 §6.1), which are numbers of their own.
pub fn v9_scope_name(scope: u16) -> Option<&'static str> {
    file("v9-scope-type")?.name(scope.into())
}

/// ICMP type and code as one number, as elements 32 and 139 have it.
fn type_and_code(icmp_type: u8, code: u8) -> u64 {
    u64::from(icmp_type) << 8 | u64::from(code)
}

/// The types and codes of ICMP or ICMPv6.
struct IcmpNames {
    types: ValueNames,
    codes: ValueNames,
    /// "type: code"; the type alone for a code 0 without a name.
    type_and_code: ValueNames,
}

impl IcmpNames {
    /// A row without a code names the type; such a row comes before those of its codes.
    fn read(text: &'static str) -> Self {
        #[derive(Deserialize)]
        struct Row {
            #[serde(rename = "type")]
            icmp_type: u8,
            code: Option<u8>,
            name: &'static str,
        }
        let rows: Vec<Row> = rows(text);
        let mut icmp = Self { types: ValueNames::default(), codes: ValueNames::default(), type_and_code: ValueNames::default() };
        for row in &rows {
            let Some(code) = row.code else {
                icmp.types.add(row.icmp_type.into(), row.name);
                continue;
            };
            let both = type_and_code(row.icmp_type, code);
            icmp.codes.add(both, row.name);
            if let Some(type_name) = icmp.types.name(row.icmp_type.into()) {
                icmp.type_and_code.add(both, String::leak(format!("{type_name}: {}", row.name)));
            }
        }
        for row in rows.iter().filter(|row| row.code.is_none()) {
            icmp.type_and_code.add(type_and_code(row.icmp_type, 0), row.name);
        }
        icmp
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn protocols() {
        assert_eq!(protocol_name(1), Some("ICMP"));
        assert_eq!(protocol_name(6), Some("TCP"));
        assert_eq!(protocol_name(17), Some("UDP"));
        assert_eq!(protocol_name(47), Some("GRE"));
        assert_eq!(protocol_name(58), Some("IPv6-ICMP"));
        assert_eq!(protocol_name(132), Some("SCTP"));
        assert_eq!(protocol_name(255), Some("Reserved"));
        assert_eq!(protocol_name(200), None);
    }

    #[test]
    fn tcp_flags_read_like_the_header() {
        assert_eq!(tcp_flags_letters(0), "........");
        assert_eq!(tcp_flags_letters(0x02), "......S.");
        assert_eq!(tcp_flags_letters(0x1b), "...AP.SF");
        assert_eq!(tcp_flags_letters(0xff), "CEUAPRSF");
        assert_eq!(tcp_flags_letters(0x1c0), "NCE......");
        // Header length 5 in the upper bits, as some exporters send both octets.
        assert_eq!(tcp_flags_letters(0x5018), "...AP...");
    }

    #[test]
    fn icmp_types_and_codes() {
        assert_eq!(icmp_type_name(3), Some("Destination Unreachable"));
        assert_eq!(icmp_code_name(3, 3), Some("Port Unreachable"));
        assert_eq!(icmp_type_name(8), Some("Echo"));
        assert_eq!(icmp_code_name(8, 0), None);
        assert_eq!(icmpv6_type_name(128), Some("Echo Request"));
        assert_eq!(icmpv6_type_name(135), Some("Neighbor Solicitation"));
        assert_eq!(icmpv6_code_name(1, 4), Some("port unreachable"));
        assert_eq!(value_name(ElementId::iana(32), 0x0303), Some("Destination Unreachable: Port Unreachable"));
        assert_eq!(value_name(ElementId::iana(32), 0x0800), Some("Echo"));
        assert_eq!(value_name(ElementId::iana(32), 0x0801), None);
        assert_eq!(value_name(ElementId::iana(139), 0x8000), Some("Echo Request"));
        assert_eq!(value_name(ElementId::iana(176), 8), Some("Echo"));
        assert_eq!(value_name(ElementId::iana(178), 129), Some("Echo Reply"));
    }

    #[test]
    fn states_and_events() {
        assert_eq!(flow_end_reason(2), Some("active timeout"));
        assert_eq!(flow_end_reason(6), None);
        assert_eq!(forwarding_status(64), Some("Forwarded"));
        assert_eq!(forwarding_status(129), Some("Dropped: ACL deny"));
        assert_eq!(forwarding_status(160), Some("Dropped"));
        assert_eq!(value_name(ElementId::iana(89), 195), Some("Consumed: For us"));
        assert_eq!(value_name(ElementId::iana(89), 256), None);
        assert_eq!(nat_event(4), Some("NAT44 session create"));
        assert_eq!(firewall_event(3), Some("Flow Denied"));
        assert_eq!(direction(0), Some("ingress"));
        assert_eq!(direction(1), Some("egress"));
        assert_eq!(dscp(46), Some("EF"));
        assert_eq!(dscp(2), None);
        assert_eq!(structured_data_semantics(3), Some("allOf"));
        assert_eq!(juniper_common_property(6), Some("Ingress Interface Details"));
    }

    #[test]
    fn scopes_of_v9() {
        let scopes: Vec<_> = (0..7).map(v9_scope_name).collect();
        assert_eq!(scopes, [None, Some("System"), Some("Interface"), Some("Line Card"), Some("Cache"), Some("Template"), None]);
    }

    #[test]
    fn values_of_elements() {
        assert_eq!(value_name(ElementId::iana(4), 6), Some("TCP"));
        assert_eq!(value_name(ElementId::iana(35), 1), Some("Deterministic"));
        assert_eq!(value_name(ElementId::iana(195), 10), Some("AF11"));
        assert_eq!(value_name(ElementId::iana(304), 1), Some("Systematic count-based Sampling"));
        assert_eq!(value_name(ElementId::reverse(136), 1), Some("idle timeout"));
        assert_eq!(value_name(ElementId::enterprise(9, 234), 1001), Some("Flow denied by an ingress ACL"));
        assert_eq!(value_name(ElementId::enterprise(10704, 2), 28), Some("IntermediateReport"));
        assert_eq!(value_name(ElementId::enterprise(10704, 4), 1), None);
        assert_eq!(value_name(ElementId::iana(8), 1), None);
        assert_eq!(value_name(ElementId::iana(4), u64::MAX), None);
        assert!(value_names(ElementId::iana(1)).is_none());
    }
}
