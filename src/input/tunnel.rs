//! Tunnels around the export: IP in IP (RFC 2003, RFC 4213, RFC 2473), GRE (RFC 2784, RFC 2890), ERSPAN in GRE, MPLS in IP (RFC 4023),
//! VXLAN (RFC 7348).
//!
//! A mirrored port is a common way to take a capture of exports, and mirrors send what they see in GRE, ERSPAN or VXLAN.

use super::decap::{Context, Decap};
use super::fault::FaultCause::{NotIp, TunnelHeader};
use super::link::{ETHERTYPE_BRIDGED, ETHERTYPE_IPV4, ETHERTYPE_IPV6};
use super::part::Part;

const GRE_CHECKSUM: u16 = 0x8000;
const GRE_ROUTING: u16 = 0x4000;
const GRE_KEY: u16 = 0x2000;
const GRE_SEQUENCE: u16 = 0x1000;
/// Version 1 only (RFC 2637 §4.1).
const GRE_ACKNOWLEDGE: u16 = 0x0080;

impl Decap {
    /// A packet whose protocol is another packet's tunnel.
    pub(super) fn tunnel(&mut self, cx: &mut Context, protocol: u8, part: Part<'_>) {
        let name = match protocol {
            4 => "IPv4 in IP",
            41 => "IPv6 in IP",
            47 => "GRE",
            _ => "MPLS in IP",
        };
        if !self.enter(cx, name) {
            return;
        }
        match protocol {
            4 => self.ipv4(cx, part),
            41 => self.ipv6(cx, part),
            47 => self.gre(cx, part),
            _ => self.mpls(cx, part),
        }
    }

    /// GRE: flags and version (2) · protocol (2) · checksum and offset (4) · key (4) · sequence (4), the latter three as the flags say.
    fn gre(&mut self, cx: &mut Context, part: Part<'_>) {
        let (Some(flags), Some(protocol)) = (part.u16(0), part.u16(2)) else {
            return self.short(cx, TunnelHeader, part, "the GRE header", 4);
        };
        let version = flags & 7;
        // Source routes (RFC 1701) are deprecated; nothing is known to send them.
        if version > 1 || flags & GRE_ROUTING != 0 {
            return self.note(cx, TunnelHeader, || format!("GRE flags {flags:#06x}: source routing, or a version other than 0 and 1"));
        }
        let mut header = 4;
        for (flag, size) in [(GRE_CHECKSUM, 4), (GRE_KEY, 4), (GRE_SEQUENCE, 4)] {
            header += if flags & flag != 0 { size } else { 0 };
        }
        header += if version == 1 && flags & GRE_ACKNOWLEDGE != 0 { 4 } else { 0 };
        let Some(rest) = part.skip(header) else {
            return self.short(cx, TunnelHeader, part, "the GRE header", header);
        };
        match protocol {
            0x88be => self.erspan(cx, rest, flags & GRE_SEQUENCE != 0),
            0x22eb => self.erspan3(cx, rest),
            0x880b => self.ppp(cx, rest),
            _ => self.ethertype(cx, protocol, rest),
        }
    }

    /// ERSPAN type I has no header and no GRE sequence number; type II has both: version (4 bits) · VLAN · session · index, 8 octets
    /// (draft-foschiano-erspan §4).
    fn erspan(&mut self, cx: &mut Context, part: Part<'_>, sequence: bool) {
        if !sequence {
            return self.ethernet(cx, part);
        }
        match (part.u8(0).map(|o| o >> 4), part.skip(8)) {
            (Some(1), Some(rest)) => self.ethernet(cx, rest),
            (Some(version), Some(_)) => self.note(cx, TunnelHeader, || format!("ERSPAN version {version} under type II")),
            _ => self.short(cx, TunnelHeader, part, "the ERSPAN header", 8),
        }
    }

    /// ERSPAN type III: 12 octets, and 8 more if the last bit says so. The frame's type is in bits 11 to 15 of the last word's half.
    fn erspan3(&mut self, cx: &mut Context, part: Part<'_>) {
        let Some(last) = part.u16(10) else {
            return self.short(cx, TunnelHeader, part, "the ERSPAN header", 12);
        };
        let header = if last & 1 == 1 { 20 } else { 12 };
        let Some(rest) = part.skip(header) else {
            return self.short(cx, TunnelHeader, part, "the ERSPAN header", header);
        };
        match last >> 10 & 0x1f {
            0 => self.ethernet(cx, rest),
            2 => self.raw_ip(cx, rest),
            kind => self.note(cx, NotIp, || format!("ERSPAN type III with frame type {kind}")),
        }
    }

    /// Opens a UDP payload as VXLAN: flags (1) · reserved (3) · network (3) · reserved (1), then Ethernet. `false` if it is none.
    ///
    /// A port alone proves nothing: an exporter may send to it. The flag of a valid network must be set, which no version of NDE has
    /// in its first octet, and the inner ethertype must be one that occurs.
    pub(super) fn vxlan(&mut self, cx: &mut Context, part: Part<'_>) -> bool {
        let Some(flags) = part.u8(0) else { return false };
        let inner = part.u16(8 + 12).unwrap_or(0);
        let usual = matches!(inner, ETHERTYPE_IPV4 | ETHERTYPE_IPV6 | 0x0806 | 0x8100 | 0x88a8 | 0x8847 | ETHERTYPE_BRIDGED | ..=1500);
        let (true, true, Some(rest)) = (flags & 0x08 != 0, usual, part.skip(8)) else {
            return false;
        };
        if self.enter(cx, "VXLAN") {
            self.ethernet(cx, rest);
        }
        true
    }
}
