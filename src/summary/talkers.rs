//! Who talks most: the addresses whose flows add up to the most octets, in a table of a bounded size.
//!
//! Space-saving (Metwally et al. 2005) in batches: when the table is full, the smaller half goes, and whoever comes new from then on may have
//! sent as much before as the largest of those that went. So what is shown is never too much, and how much it may lack is known.

use std::net::{IpAddr, Ipv6Addr};

use hashbrown::HashMap;

use crate::column::{Column, FlowBatch, Values};
use crate::plan::{Canonical, SchemaBuilder};

/// Addresses that stay when the table is full.
const KEPT: usize = 4096;

/// One address, and what its flows add up to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Talker {
    /// The source address of the flows.
    pub addr: IpAddr,
    /// Flows.
    pub flows: u64,
    /// Octets.
    pub bytes: u128,
    /// Packets.
    pub packets: u128,
    /// Octets that may have come before the address was in the table.
    pub unsure: u128,
}

/// The table.
#[derive(Clone, Debug, Default)]
pub struct Talkers {
    sums: HashMap<[u8; 16], Sum>,
    /// The most octets of an address that is not in the table.
    floor: u128,
}

/// What the flows of a batch add up to by source address.
#[derive(Clone, Debug, Default)]
pub struct TalkersPart(HashMap<[u8; 16], Sum>);

#[derive(Clone, Copy, Debug, Default)]
struct Sum {
    flows: u64,
    bytes: u128,
    packets: u128,
    unsure: u128,
}

impl Sum {
    fn most(&self) -> u128 {
        self.bytes + self.unsure
    }
}

impl TalkersPart {
    /// Adds the columns that it takes, for nobody else.
    pub fn hidden_columns(builder: &mut SchemaBuilder) {
        builder.hidden_canonical(Canonical::SrcAddr).hidden_canonical(Canonical::Bytes).hidden_canonical(Canonical::Packets);
    }

    /// The sums of a batch; flows without a source address have no place in them.
    pub fn of(batch: &FlowBatch) -> Self {
        let mut sums: HashMap<[u8; 16], Sum> = HashMap::new();
        let Some(Column { values: Values::Address(addrs), validity, .. }) = batch.canonical(Canonical::SrcAddr) else {
            return Self(sums);
        };
        let (bytes, packets) = (numbers(batch, Canonical::Bytes), numbers(batch, Canonical::Packets));
        let whole = validity.nulls() == 0;
        for (row, addr) in addrs.iter().enumerate() {
            if whole || validity.get(row) {
                let sum = sums.entry(*addr).or_default();
                sum.flows += 1;
                sum.bytes += u128::from(bytes.get(row).copied().unwrap_or(0));
                sum.packets += u128::from(packets.get(row).copied().unwrap_or(0));
            }
        }
        Self(sums)
    }
}

/// Null rows hold 0.
fn numbers(batch: &FlowBatch, column: Canonical) -> &[u64] {
    match batch.canonical(column) {
        Some(Column { values: Values::U64(values), .. }) => values,
        _ => &[],
    }
}

impl Talkers {
    /// Adds the sums of a batch.
    pub fn add(&mut self, part: TalkersPart) {
        let floor = self.floor;
        for (addr, more) in part.0 {
            let sum = self.sums.entry(addr).or_insert_with(|| Sum { unsure: floor, ..Sum::default() });
            sum.flows += more.flows;
            sum.bytes += more.bytes;
            sum.packets += more.packets;
        }
        if self.sums.len() > 2 * KEPT {
            let mut order: Vec<u128> = self.sums.values().map(Sum::most).collect();
            let (_, bound, _) = order.select_nth_unstable_by_key(KEPT, |most| std::cmp::Reverse(*most));
            let bound = *bound;
            self.sums.retain(|_, sum| sum.most() > bound);
            self.floor = self.floor.max(bound);
        }
    }

    /// Those with the most octets.
    pub fn top(&self, most: usize) -> Vec<Talker> {
        let talker = |(addr, sum): (&[u8; 16], &Sum)| Talker {
            addr: Ipv6Addr::from(*addr).to_canonical(),
            flows: sum.flows,
            bytes: sum.bytes,
            packets: sum.packets,
            unsure: sum.unsure,
        };
        let mut all: Vec<Talker> = self.sums.iter().map(talker).collect();
        let key = |t: &Talker| (std::cmp::Reverse((t.bytes, t.flows)), t.addr);
        if all.len() > most {
            all.select_nth_unstable_by_key(most, key);
            all.truncate(most);
        }
        all.sort_unstable_by_key(key);
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(of: impl IntoIterator<Item = (u32, u128)>) -> TalkersPart {
        let addr = |n: u32| std::net::Ipv4Addr::from(n).to_ipv6_mapped().octets();
        TalkersPart(of.into_iter().map(|(n, bytes)| (addr(n), Sum { flows: 1, bytes, packets: 2, unsure: 0 })).collect())
    }

    #[test]
    fn a_heavy_one_stays_among_many() {
        let mut talkers = Talkers::default();
        for round in 0..51 {
            let many = (0..5_000).map(|n| (0x0b00_0000 + round * 5_000 + n, 10));
            talkers.add(part(many.chain([(0x0a00_0001, 1_000), (0x0a00_0002, 900)])));
        }
        assert!(talkers.sums.len() <= 2 * KEPT, "{}", talkers.sums.len());
        let top = talkers.top(3);
        let heavy = Talker { addr: "10.0.0.1".parse().unwrap(), flows: 51, bytes: 51_000, packets: 102, unsure: 0 };
        assert_eq!(top.len(), 3);
        assert_eq!(top[0], heavy);
        assert_eq!((top[1].addr.to_string(), top[1].bytes), ("10.0.0.2".to_owned(), 45_900));
        assert_eq!(top[2].bytes, 10);
    }

    #[test]
    fn who_comes_late_may_have_sent_before() {
        let mut talkers = Talkers::default();
        talkers.add(part((0..10_000).map(|n| (n, u128::from(n)))));
        // The 4096 largest stay, and the next largest is the bound.
        assert_eq!((talkers.sums.len(), talkers.floor), (4096, 5_903));
        talkers.add(part([(7, 1)]));
        let late = talkers.top(10_000).into_iter().find(|t| t.addr.to_string() == "0.0.0.7").unwrap();
        assert_eq!((late.bytes, late.unsure), (1, 5_903));
    }
}
