//! The numbers by which captures name their link layer (tcpdump.org/linktypes.html).

use std::fmt;

/// A link type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct LinkType(pub(super) u16);

impl LinkType {
    pub(super) const NULL: Self = Self(0);
    pub(super) const ETHERNET: Self = Self(1);
    pub(super) const PPP: Self = Self(9);
    pub(super) const RAW_BSD: Self = Self(12);
    pub(super) const RAW_OPENBSD: Self = Self(14);
    pub(super) const PPP_HDLC: Self = Self(50);
    pub(super) const PPP_ETHER: Self = Self(51);
    pub(super) const RAW: Self = Self(101);
    pub(super) const C_HDLC: Self = Self(104);
    pub(super) const LOOP: Self = Self(108);
    pub(super) const LINUX_SLL: Self = Self(113);
    pub(super) const PPP_WITH_DIR: Self = Self(204);
    pub(super) const MPLS: Self = Self(219);
    pub(super) const IPV4: Self = Self(228);
    pub(super) const IPV6: Self = Self(229);
    pub(super) const LINUX_SLL2: Self = Self(276);

    /// tcpdump's name (`tcpdump -L`), if it has one.
    pub(super) fn name(self) -> Option<&'static str> {
        NAMES.iter().find(|(number, _)| *number == self.0).map(|(_, name)| *name)
    }
}

impl fmt::Display for LinkType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "link type {}", self.0),
        }
    }
}

const NAMES: &[(u16, &str)] = &[
    (0, "NULL"),
    (1, "EN10MB"),
    (3, "AX25"),
    (6, "IEEE802"),
    (7, "ARCNET"),
    (8, "SLIP"),
    (9, "PPP"),
    (10, "FDDI"),
    (12, "RAW"),
    (14, "RAW"),
    (50, "PPP_SERIAL"),
    (51, "PPP_ETHER"),
    (99, "SYMANTEC_FIREWALL"),
    (100, "ATM_RFC1483"),
    (101, "RAW"),
    (104, "C_HDLC"),
    (105, "IEEE802_11"),
    (107, "FRELAY"),
    (108, "LOOP"),
    (109, "ENC"),
    (113, "LINUX_SLL"),
    (114, "LTALK"),
    (117, "PFLOG"),
    (119, "PRISM_HEADER"),
    (122, "IP_OVER_FC"),
    (123, "SUNATM"),
    (127, "IEEE802_11_RADIO"),
    (129, "ARCNET_LINUX"),
    (138, "APPLE_IP_OVER_IEEE1394"),
    (143, "DOCSIS"),
    (144, "LINUX_IRDA"),
    (147, "USER0"),
    (148, "USER1"),
    (149, "USER2"),
    (150, "USER3"),
    (151, "USER4"),
    (152, "USER5"),
    (153, "USER6"),
    (154, "USER7"),
    (155, "USER8"),
    (156, "USER9"),
    (157, "USER10"),
    (158, "USER11"),
    (159, "USER12"),
    (160, "USER13"),
    (161, "USER14"),
    (162, "USER15"),
    (163, "IEEE802_11_RADIO_AVS"),
    (166, "PPP_PPPD"),
    (169, "GPRS_LLC"),
    (187, "BLUETOOTH_HCI_H4"),
    (189, "USB_LINUX"),
    (192, "PPI"),
    (195, "IEEE802_15_4"),
    (197, "ERF"),
    (201, "BLUETOOTH_HCI_H4_WITH_PHDR"),
    (204, "PPP_WITH_DIR"),
    (205, "C_HDLC_WITH_DIR"),
    (206, "FRELAY_WITH_DIR"),
    (219, "MPLS"),
    (220, "USB_LINUX_MMAPPED"),
    (227, "CAN_SOCKETCAN"),
    (228, "IPV4"),
    (229, "IPV6"),
    (239, "NFLOG"),
    (240, "NETANALYZER"),
    (242, "IPOIB"),
    (247, "INFINIBAND"),
    (249, "USBPCAP"),
    (252, "WIRESHARK_UPPER_PDU"),
    (253, "NETLINK"),
    (266, "USB_DARWIN"),
    (271, "VSOCK"),
    (274, "ETHERNET_MPACKET"),
    (276, "LINUX_SLL2"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_tcpdumps() {
        assert_eq!(LinkType(1).to_string(), "EN10MB");
        assert_eq!(LinkType(147).to_string(), "USER0");
        assert_eq!(LinkType(299).to_string(), "link type 299");
    }
}
