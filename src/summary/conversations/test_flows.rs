//! Flows and directions for the tests of this room.

use super::flows::Flow;
use super::key::{Ends, Key};
use super::settle::Conversation;
use super::strand::Way;

/// A one-way conversation of one moment.
pub(super) fn conversation(time: i64, packets: u64) -> Conversation {
    Conversation {
        client: [0; 16],
        server: [1; 16],
        client_port: Some(1000),
        server_port: Some(2000),
        protocol: Some(17),
        icmp_type: None,
        from_client: way(time, packets, 0),
        from_server: Way::NONE,
        began: None,
        across: None,
        exporter: None,
        more_exporters: Vec::new(),
    }
}

/// A direction of 40 octets a packet that begins and ends at one moment.
pub(super) fn way(time: i64, packets: u64, flags: u16) -> Way {
    let mut flow = flow((1, 1000), (2, 2000), (time, time));
    (flow.bytes, flow.packets, flow.flags) = (Some(40 * packets), Some(packets), Some(flags));
    Way::forward(&flow)
}

/// A UDP flow between 10.0.0.x and 10.0.0.y, of one packet of 100 octets.
pub(super) fn flow(src: (u8, u16), dst: (u8, u16), times: (i64, i64)) -> Flow {
    let address = |last| std::net::Ipv4Addr::new(10, 0, 0, last).to_ipv6_mapped().octets();
    let ends = Ends { src: address(src.0), dst: address(dst.0), src_port: src.1, dst_port: dst.1, protocol: Some(17), icmp: None };
    let (key, side, answer) = Key::of(&ends);
    Flow {
        key,
        // Flows of many keys in one place of the table still have to work.
        hash: u64::from(src.1 ^ dst.1),
        first: times.0,
        last: times.1,
        bytes: Some(100),
        packets: Some(1),
        flags: None,
        in_if: 0,
        out_if: 0,
        side: u8::from(side == 1),
        answer,
        egress: false,
        timed: true,
        biflow: false,
    }
}
