//! The canonical columns of the flow table: the same for every version, null where an exporter does not say.

use super::schema::Kind;

macro_rules! canonical {
    ($($(#[doc = $doc:literal])* $variant:ident $name:literal $kind:ident,)*) => {
        /// A canonical column of the flow table, in the table's order.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Canonical {
            $($(#[doc = $doc])* $variant,)*
        }

        impl Canonical {
            /// All of them, in the order of the table.
            pub const ALL: &'static [Canonical] = &[$(Canonical::$variant,)*];

            /// The column's name in tables and files.
            pub const fn name(self) -> &'static str {
                match self { $(Canonical::$variant => $name,)* }
            }

            /// The type of the column's values.
            pub const fn kind(self) -> Kind {
                match self { $(Canonical::$variant => Kind::$kind,)* }
            }

            /// One line on what the column holds.
            pub fn description(self) -> &'static str {
                match self { $(Canonical::$variant => concat!($($doc),*).trim_ascii(),)* }
            }
        }
    };
}

canonical! {
    /// when the capture saw the datagram
    Received "received" Time,
    /// the address that sent the datagram
    Exporter "exporter" Address,
    /// observation domain (v9 Source ID; v5: engine type · 256 + engine id)
    ObservationDomain "observation_domain" U32,
    /// version of the message: 1, 5, 7, 9, or 10 for IPFIX
    NdeVersion "nde_version" U8,
    /// id of the template; null in v1, v5 and v7
    TemplateId "template_id" U16,
    /// first packet of the flow: elements 156, 154, 152, 150, 158, 22
    FlowStart "flow_start" Time,
    /// last packet of the flow: elements 157, 155, 153, 151, 159, 21, or the start and 161 or 162
    FlowEnd "flow_end" Time,
    /// flow_end less flow_start, in milliseconds
    DurationMs "duration_ms" I64,
    /// source address: elements 8, 27
    SrcAddr "src_addr" Address,
    /// destination address: elements 12, 28
    DstAddr "dst_addr" Address,
    /// source port: elements 7, 182, 180
    SrcPort "src_port" U16,
    /// destination port: elements 11, 183, 181
    DstPort "dst_port" U16,
    /// IP protocol number: element 4
    Protocol "protocol" U8,
    /// TCP flags seen in the flow, all of them ORed: element 6
    TcpFlags "tcp_flags" U16,
    /// octets: elements 1, 231, 85, 23, the first that the template has
    Bytes "bytes" U64,
    /// packets: elements 2, 298, 86, 24, the first that the template has
    Packets "packets" U64,
    /// octets counted on the way out: element 23
    BytesOut "bytes_out" U64,
    /// packets counted on the way out: element 24
    PacketsOut "packets_out" U64,
    /// octets of the reverse direction: element 232, or the reverse of 1 or 85
    BytesReverse "bytes_reverse" U64,
    /// packets of the reverse direction: element 299, or the reverse of 2 or 86
    PacketsReverse "packets_reverse" U64,
    /// ICMP type of an ICMP flow: elements 176, 178, 32, 139, or the destination port in v1, v5, v7 and v9
    IcmpType "icmp_type" U8,
    /// ICMP code of an ICMP flow: elements 177, 179, 32, 139, or the destination port in v1, v5, v7 and v9
    IcmpCode "icmp_code" U8,
    /// type of service octet: element 5, or 195 shifted by two
    Tos "tos" U8,
    /// input interface: elements 10, 252
    InIf "in_if" U32,
    /// output interface: elements 14, 253
    OutIf "out_if" U32,
    /// 0 ingress, 1 egress: element 61
    Direction "direction" U8,
    /// next hop: elements 15, 62
    NextHop "next_hop" Address,
    /// source AS: element 16
    SrcAs "src_as" U32,
    /// destination AS: element 17
    DstAs "dst_as" U32,
    /// prefix length of the source: elements 9, 29
    SrcMask "src_mask" U8,
    /// prefix length of the destination: elements 13, 30
    DstMask "dst_mask" U8,
    /// source MAC address: elements 56, 81
    SrcMac "src_mac" Mac,
    /// destination MAC address: elements 80, 57
    DstMac "dst_mac" Mac,
    /// source VLAN: elements 58, 243
    SrcVlan "src_vlan" U16,
    /// destination VLAN: elements 59, 254
    DstVlan "dst_vlan" U16,
    /// VRF of the ingress, element 234: the name that options data gives it, else the number
    VrfIn "vrf_in" Text,
    /// VRF of the egress, element 235: the name that options data gives it, else the number
    VrfOut "vrf_out" Text,
    /// source address after translation: elements 225, 281, Cisco's 40001
    NatSrcAddr "nat_src_addr" Address,
    /// destination address after translation: elements 226, 282, Cisco's 40002
    NatDstAddr "nat_dst_addr" Address,
    /// source port after translation: elements 227, Cisco's 40003
    NatSrcPort "nat_src_port" U16,
    /// destination port after translation: elements 228, Cisco's 40004
    NatDstPort "nat_dst_port" U16,
    /// why the flow ended: element 136
    FlowEndReason "flow_end_reason" U8,
    /// forwarding status: element 89
    ForwardingStatus "forwarding_status" U32,
    /// name of the application: element 96, or what options data names 95
    Application "application" Text,
    /// one packet in so many was seen: by the record, its sampler, interface, line card, template, domain, the header of v5, or the only sampler announced
    SamplingInterval "sampling_interval" U32,
    /// name of the input interface: element 82 or 83 of the record, else from options data
    InIfName "in_if_name" Text,
    /// name of the output interface: element 82 or 83 of the record, else from options data
    OutIfName "out_if_name" Text,
}

impl Canonical {
    /// Counters that sampling makes smaller.
    pub const COUNTERS: [Self; 6] =
        [Self::Bytes, Self::Packets, Self::BytesOut, Self::PacketsOut, Self::BytesReverse, Self::PacketsReverse];

    /// The column of that name.
    pub fn by_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|c| c.name() == name)
    }

    /// True for what every datagram says of all its records, whatever the template: these columns hold one value a Set.
    pub const fn is_context(self) -> bool {
        matches!(self, Self::Received | Self::Exporter | Self::ObservationDomain | Self::NdeVersion | Self::TemplateId)
    }
}
