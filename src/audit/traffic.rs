//! What hangs on a template: the flows that came by it, and what they add up to.

/// What some flows add up to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Flows.
    pub flows: u64,
    /// Octets, by the canonical column.
    pub bytes: u128,
    /// Packets, by the canonical column.
    pub packets: u128,
    /// Flows of TCP.
    pub tcp: u64,
    /// Flows of ICMP and ICMPv6.
    pub icmp: u64,
}

impl Traffic {
    /// Adds another sum.
    pub fn add(&mut self, other: &Self) {
        self.flows += other.flows;
        self.bytes += other.bytes;
        self.packets += other.packets;
        self.tcp += other.tcp;
        self.icmp += other.icmp;
    }
}
