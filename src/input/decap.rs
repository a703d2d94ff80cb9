//! One frame at a time from the link layer to the datagrams in it: the state that outlives a frame, and the way straight through.
//!
//! The layers are in `link`, `network`, `tunnel` and `udp`, all of them methods of [`Decap`]. Most frames of a real capture are
//! Ethernet, IPv4 without options, UDP: these take `plain` and never see the general path.

use std::net::{IpAddr, Ipv4Addr};

use super::fault::{FaultCause, FaultLog};
use super::fragment::FragmentTable;
use super::link_type::LinkType;
use super::options::InputOptions;
use super::part::Part;
use super::tcp::StreamTable;
use super::udp::may_be_vxlan;
use crate::datagram::{Datagram, Endpoint, Origin, Transport};
use crate::time::Timestamp;

/// What is known while one frame is opened.
#[derive(Clone, Copy, Debug)]
pub(super) struct Context {
    pub(super) origin: Origin,
    pub(super) time: Option<Timestamp>,
    /// The octets lie outside the chunk (a reassembled packet): payloads must be copied.
    pub(super) copied: bool,
    /// Tunnels entered so far.
    pub(super) depth: u8,
    /// Reassembled packets that this one lies in.
    pub(super) reassembled: u8,
}

/// The two addresses of an IP packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Ends {
    pub(super) from: IpAddr,
    pub(super) to: IpAddr,
}

/// What goes into the batch.
#[derive(Debug, Default)]
pub(super) struct Output {
    pub(super) datagrams: Vec<Datagram>,
    /// Payloads that no chunk holds in one piece.
    pub(super) extra: Vec<u8>,
    pub(super) udp: u64,
    pub(super) tcp: u64,
}

impl Output {
    /// Hands a payload on; `at` is where it lies in the chunk, `None` if it lies elsewhere and is to be copied.
    #[inline]
    pub(super) fn hand_on(
        &mut self,
        cx: &Context,
        ends: [Endpoint; 2],
        transport: Transport,
        payload: &[u8],
        at: Option<usize>,
        missing: usize,
    ) {
        let (buffer, start) = match at {
            Some(at) => (0, at),
            None => {
                let start = self.extra.len();
                self.extra.extend_from_slice(payload);
                (1, start)
            }
        };
        match transport {
            Transport::Tcp => self.tcp += 1,
            Transport::Udp | Transport::File => self.udp += 1,
        }
        let [exporter, collector] = ends;
        self.datagrams.push(Datagram {
            index: 0,
            time: cx.time,
            exporter,
            collector,
            transport,
            origin: cx.origin,
            buffer,
            start: narrow(start),
            length: narrow(payload.len()),
            missing: narrow(missing),
        });
    }
}

/// Everything that remembers from frame to frame.
#[derive(Debug)]
pub(super) struct Decap {
    pub(super) faults: FaultLog,
    pub(super) output: Output,
    pub(super) fragments: FragmentTable,
    pub(super) streams: StreamTable,
    levels: u8,
}

impl Decap {
    pub(super) fn new(options: &InputOptions) -> Self {
        Self {
            faults: FaultLog::default(),
            output: Output::default(),
            fragments: FragmentTable::new(options.fragment_octets, options.fragment_age),
            streams: StreamTable::new(options.tcp_streams, options.tcp_octets),
            levels: options.tunnel_levels,
        }
    }

    /// Opens one frame.
    #[inline]
    pub(super) fn frame(&mut self, link: LinkType, part: Part<'_>, origin: Origin, time: Option<Timestamp>) {
        let mut cx = Context { origin, time, copied: false, depth: 0, reassembled: 0 };
        if link != LinkType::ETHERNET || !self.plain(&cx, part) {
            self.link(&mut cx, link, part);
        }
    }

    /// Hands a message of a flow log on: where it came from is not known, nor when it came.
    pub(super) fn message(&mut self, octets: &[u8], at: usize, missing: usize, origin: Origin) {
        let cx = Context { origin, time: None, copied: false, depth: 0, reassembled: 0 };
        self.output.hand_on(&cx, [Endpoint::UNKNOWN; 2], Transport::File, octets, Some(at), missing);
    }

    /// Ethernet without tags, IPv4 without options or fragments, UDP, every length in order: the straight line. `false` if it is not so.
    #[inline]
    fn plain(&mut self, cx: &Context, part: Part<'_>) -> bool {
        let Some(h) = part.octets.first_chunk::<42>() else { return false };
        // Ethertype IPv4 · version 4, five words · no offset, no more fragments · UDP.
        if h[12] != 0x08 || h[13] != 0 || h[14] != 0x45 || h[20] & 0x3f != 0 || h[21] != 0 || h[23] != 17 {
            return false;
        }
        let total = usize::from(u16::from_be_bytes([h[16], h[17]]));
        let udp = usize::from(u16::from_be_bytes([h[38], h[39]]));
        let port = u16::from_be_bytes([h[36], h[37]]);
        if udp < 8 || udp + 20 > total || may_be_vxlan(port) {
            return false;
        }
        let Some(payload) = part.octets.get(..14 + total).and_then(|_| part.octets.get(42..34 + udp)) else {
            return false;
        };
        let from = Endpoint { addr: IpAddr::V4(Ipv4Addr::new(h[26], h[27], h[28], h[29])), port: u16::from_be_bytes([h[34], h[35]]) };
        let to = Endpoint { addr: IpAddr::V4(Ipv4Addr::new(h[30], h[31], h[32], h[33])), port };
        self.output.hand_on(cx, [from, to], Transport::Udp, payload, Some(part.at + 42), 0);
        true
    }

    /// One level deeper, if it is allowed.
    pub(super) fn enter(&mut self, cx: &mut Context, what: &str) -> bool {
        if cx.depth >= self.levels {
            let levels = self.levels;
            self.note(cx, FaultCause::TunnelLimit, || format!("{what} at level {} of at most {levels}", u16::from(levels) + 1));
            return false;
        }
        cx.depth += 1;
        true
    }

    /// Whether a packet may be put together here: once outside of all tunnels and once in each.
    pub(super) fn may_reassemble(&self, cx: &Context) -> bool {
        cx.reassembled <= self.levels && cx.reassembled < u8::MAX
    }

    /// Counts a fault of the frame at hand.
    pub(super) fn note(&mut self, cx: &Context, cause: FaultCause, detail: impl FnOnce() -> String) {
        self.faults.note(cause, cx.origin, || format!("frame {}: {}", cx.origin.frame, detail()));
    }

    /// Counts a header that is not whole: the snapshot length's fault if that cut the frame, else the packet's.
    pub(super) fn short(&mut self, cx: &Context, cause: FaultCause, part: Part<'_>, what: &str, needed: usize) {
        let had = part.len();
        if part.cut > 0 {
            let cut = part.cut;
            self.note(cx, FaultCause::HeadersCut, || format!("{what} needs {needed} octets, {had} were captured and {cut} cut off"));
        } else {
            self.note(cx, cause, || format!("{what} needs {needed} octets, {had} are there"));
        }
    }

    /// What never became whole is counted when the file ends.
    pub(super) fn finish(&mut self, origin: Origin, time: Option<Timestamp>) {
        let Self { faults, output, fragments, streams, .. } = self;
        fragments.finish(faults);
        streams.finish(&Context { origin, time, copied: true, depth: 0, reassembled: 0 }, output, faults);
    }
}

/// Offsets and lengths within a batch: chunks and the octets beside them stay far below 4 GiB.
#[inline]
fn narrow(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}
