//! IPv4 (RFC 791) and IPv6 (RFC 8200): lengths, extension headers, fragments, and what the packet carries.

use etherparse::{IpAuthHeaderSlice, Ipv4HeaderSlice, Ipv6FragmentHeaderSlice, Ipv6HeaderSlice, Ipv6RawExtHeaderSlice, err};

use super::decap::{Context, Decap, Ends};
use super::fault::FaultCause::{FragmentMalformed, IpExtension, IpHeader, IpLengthBeyond, IpLengthZero, OtherProtocol, TunnelLimit};
use super::fragment::{Key, Piece};
use super::part::Part;

/// Extension headers in a packet; each kind is to occur once (RFC 8200 §4.1).
const MAX_EXTENSIONS: usize = 16;

const HOP_BY_HOP: u8 = 0;
const IPV4: u8 = 4;
const TCP: u8 = 6;
const UDP: u8 = 17;
const IPV6: u8 = 41;
const ROUTING: u8 = 43;
const FRAGMENT: u8 = 44;
const GRE: u8 = 47;
const AUTHENTICATION: u8 = 51;
const DESTINATION: u8 = 60;
const MOBILITY: u8 = 135;
const MPLS: u8 = 137;
const HIP: u8 = 139;
const SHIM6: u8 = 140;

impl Decap {
    /// An IPv4 packet. Checksums are not looked at: a capturing host with offload has none.
    pub(super) fn ipv4(&mut self, cx: &mut Context, part: Part<'_>) {
        let header = match Ipv4HeaderSlice::from_slice(part.octets) {
            Ok(header) => header,
            Err(err::ipv4::HeaderSliceError::Len(e)) => return self.short(cx, IpHeader, part, "the IPv4 header", e.required_len),
            Err(err::ipv4::HeaderSliceError::Content(e)) => return self.note(cx, IpHeader, || e.to_string()),
        };
        let (size, total) = (header.slice().len(), usize::from(header.total_len()));
        let Some(packet) = self.ip_length(cx, part, size, total) else {
            return;
        };
        let Some(body) = packet.skip(size) else { return };
        let ends = Ends { from: header.source_addr().into(), to: header.destination_addr().into() };
        let protocol = header.protocol().0;
        if header.is_fragmenting_payload() {
            let key = Key { ends, protocol, identification: u32::from(header.identification()) };
            let offset = usize::from(header.fragments_offset().value()) * 8;
            return self.fragment(cx, key, protocol, Piece { offset, more: header.more_fragments(), part: body });
        }
        self.upper(cx, ends, protocol, body);
    }

    /// An IPv6 packet.
    pub(super) fn ipv6(&mut self, cx: &mut Context, part: Part<'_>) {
        let header = match Ipv6HeaderSlice::from_slice(part.octets) {
            Ok(header) => header,
            Err(err::ipv6::HeaderSliceError::Len(e)) => return self.short(cx, IpHeader, part, "the IPv6 header", e.required_len),
            Err(err::ipv6::HeaderSliceError::Content(e)) => return self.note(cx, IpHeader, || e.to_string()),
        };
        let total = match usize::from(header.payload_length()) {
            0 => 0,
            length => length + 40,
        };
        let Some(body) = self.ip_length(cx, part, 40, total).and_then(|packet| packet.skip(40)) else {
            return;
        };
        let ends = Ends { from: header.source_addr().into(), to: header.destination_addr().into() };
        self.upper(cx, ends, header.next_header().0, body);
    }

    /// The packet cut to its own length. 0 is what segmentation offload leaves (and an IPv6 jumbogram): the frame's rest is taken then.
    fn ip_length<'a>(&mut self, cx: &Context, part: Part<'a>, header: usize, total: usize) -> Option<Part<'a>> {
        if total == 0 {
            self.note(cx, IpLengthZero, || format!("IP length 0 in {} octets", part.len()));
            return Some(part);
        }
        if total < header {
            self.note(cx, IpHeader, || format!("an IP length of {total} octets is less than the header's {header}"));
            return None;
        }
        let packet = part.limit(total);
        if packet.cut > part.cut {
            let (there, cut) = (part.len(), part.cut);
            self.note(cx, IpLengthBeyond, || format!("an IP length of {total} octets, {there} are there and {cut} were cut off"));
        }
        Some(packet)
    }

    /// What the packet carries, behind any extension headers.
    pub(super) fn upper(&mut self, cx: &mut Context, ends: Ends, protocol: u8, part: Part<'_>) {
        let (mut protocol, mut part) = (protocol, part);
        for _ in 0..=MAX_EXTENSIONS {
            let v6 = ends.from.is_ipv6();
            let (next, size) = match protocol {
                UDP => return self.udp(cx, ends, part),
                TCP => return self.tcp(cx, ends, part),
                IPV4 | IPV6 | GRE | MPLS => return self.tunnel(cx, protocol, part),
                HOP_BY_HOP | ROUTING | DESTINATION | MOBILITY | HIP | SHIM6 if v6 => match Ipv6RawExtHeaderSlice::from_slice(part.octets) {
                    Ok(header) => (header.next_header().0, header.slice().len()),
                    Err(e) => return self.short(cx, IpExtension, part, "an IPv6 extension header", e.required_len),
                },
                AUTHENTICATION => match IpAuthHeaderSlice::from_slice(part.octets) {
                    Ok(header) => (header.next_header().0, header.slice().len()),
                    Err(err::ip_auth::HeaderSliceError::Len(e)) => {
                        return self.short(cx, IpExtension, part, "an authentication header", e.required_len);
                    }
                    Err(err::ip_auth::HeaderSliceError::Content(e)) => return self.note(cx, IpExtension, || e.to_string()),
                },
                FRAGMENT if v6 => {
                    let Ok(header) = Ipv6FragmentHeaderSlice::from_slice(part.octets) else {
                        return self.short(cx, IpExtension, part, "an IPv6 fragment header", 8);
                    };
                    let next = header.next_header().0;
                    // An atomic fragment is a whole packet (RFC 6946).
                    if header.is_fragmenting_payload() {
                        let Some(rest) = part.skip(8) else { return };
                        // The receiver tells packets apart without the next header, which may differ between fragments (RFC 8200 §4.5).
                        let key = Key { ends, protocol: FRAGMENT, identification: header.identification() };
                        let offset = usize::from(header.fragment_offset().value()) * 8;
                        return self.fragment(cx, key, next, Piece { offset, more: header.more_fragments(), part: rest });
                    }
                    (next, 8)
                }
                other => return self.note(cx, OtherProtocol, || format!("IP protocol {other}")),
            };
            let Some(rest) = part.skip(size) else {
                return self.short(cx, IpExtension, part, "an extension header", size);
            };
            (protocol, part) = (next, rest);
        }
        self.note(cx, IpExtension, || format!("more than {MAX_EXTENSIONS} extension headers"));
    }

    /// A fragment: kept, or the last one missing, and then the packet goes on from here.
    fn fragment(&mut self, cx: &Context, key: Key, next: u8, piece: Piece<'_>) {
        // Whatever can't lead to a datagram is not worth the memory.
        if !matches!(next, UDP | TCP | IPV4 | IPV6 | GRE | MPLS | AUTHENTICATION | HOP_BY_HOP | ROUTING | DESTINATION) {
            return self.note(cx, OtherProtocol, || format!("a fragment of IP protocol {next}"));
        }
        if piece.part.len() == 0 {
            return self.short(cx, FragmentMalformed, piece.part, "a fragment", 1);
        }
        let Some(whole) = self.fragments.insert(key, next, piece, cx, &mut self.faults) else {
            return;
        };
        // A reassembled packet may hold fragments again, one tunnel further in, or out of spite.
        if self.may_reassemble(cx) {
            let mut inner = Context { copied: true, reassembled: cx.reassembled + 1, ..*cx };
            self.upper(&mut inner, key.ends, whole.next, Part { octets: &whole.octets, at: 0, cut: whole.cut });
        } else {
            self.note(cx, TunnelLimit, || "fragments in fragments".into());
        }
        self.fragments.recycle(whole);
    }
}
