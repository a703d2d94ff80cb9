//! UDP (RFC 768): the datagram's payload, what its length says and what is there.

use etherparse::UdpHeaderSlice;

use super::decap::{Context, Decap, Ends};
use super::fault::FaultCause::{FrameCut, TcpHeader, UdpHeader, UdpLengthBeyond, UdpLengthShort, UdpLengthZero};
use super::part::Part;
use super::tcp::Segment;
use crate::datagram::{Endpoint, Transport};

const HEADER: usize = 8;

/// VXLAN's port (RFC 7348 §5), and the one that Linux took before there was one.
pub(super) fn may_be_vxlan(port: u16) -> bool {
    port == 4789 || port == 8472
}

impl Decap {
    /// A UDP datagram; its checksum is not looked at.
    pub(super) fn udp(&mut self, cx: &mut Context, ends: Ends, part: Part<'_>) {
        let Ok(header) = UdpHeaderSlice::from_slice(part.octets) else {
            return self.short(cx, UdpHeader, part, "the UDP header", HEADER);
        };
        let (from, to) = (header.source_port(), header.destination_port());
        let datagram = match usize::from(header.length()) {
            // A jumbogram (RFC 2675 §4), or an offload that leaves it to the card.
            0 => {
                self.note(cx, UdpLengthZero, || format!("UDP {from} to {to}: length 0 in {} octets", part.len()));
                part
            }
            // A receiver drops these too.
            length @ 1..HEADER => {
                return self.note(cx, UdpLengthShort, || format!("UDP {from} to {to}: length {length}, the header alone has 8"));
            }
            length => {
                let datagram = part.limit(length);
                if datagram.cut > part.cut {
                    let (there, cut) = (part.len(), part.cut);
                    self.note(cx, UdpLengthBeyond, || {
                        format!("UDP {from} to {to}: length {length}, {there} are there and {cut} were cut off")
                    });
                }
                datagram
            }
        };
        let Some(payload) = datagram.skip(HEADER) else { return };
        if may_be_vxlan(to) && self.vxlan(cx, payload) {
            return;
        }
        if payload.cut > 0 && part.cut > 0 {
            let (there, cut) = (payload.len(), payload.cut);
            self.note(cx, FrameCut, || format!("UDP {from} to {to}: {there} octets of payload were captured and {cut} cut off"));
        }
        let ends = [Endpoint { addr: ends.from, port: from }, Endpoint { addr: ends.to, port: to }];
        let at = (!cx.copied).then_some(payload.at);
        self.output.hand_on(cx, ends, Transport::Udp, payload.octets, at, payload.cut);
    }

    /// A TCP segment, handed to the streams.
    pub(super) fn tcp(&mut self, cx: &Context, ends: Ends, part: Part<'_>) {
        let header = match etherparse::TcpHeaderSlice::from_slice(part.octets) {
            Ok(header) => header,
            Err(etherparse::err::tcp::HeaderSliceError::Len(e)) => {
                return self.short(cx, TcpHeader, part, "the TCP header", e.required_len);
            }
            Err(etherparse::err::tcp::HeaderSliceError::Content(e)) => return self.note(cx, TcpHeader, || e.to_string()),
        };
        let Some(payload) = part.skip(header.slice().len()) else { return };
        let segment = Segment {
            ends: [Endpoint { addr: ends.from, port: header.source_port() }, Endpoint { addr: ends.to, port: header.destination_port() }],
            sequence: header.sequence_number(),
            syn: header.syn(),
            fin: header.fin(),
            reset: header.rst(),
            payload,
        };
        self.streams.segment(&segment, cx, &mut self.output, &mut self.faults);
    }
}
