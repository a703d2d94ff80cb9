//! The first conversations by some order, with room for so many and no more.

use super::settle::Conversation;

/// What conversations are put in order by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// The earliest first packet first.
    First,
    /// The latest last packet first.
    Last,
    /// Most octets of both directions first.
    Bytes,
    /// Most packets first.
    Packets,
    /// Most flows first.
    Flows,
    /// The longest first.
    Duration,
}

/// The first conversations so far.
#[derive(Debug)]
pub struct Ordered {
    order: Order,
    limit: usize,
    /// In no order, up to twice the limit; a number keeps those that are equal in the order in which they came.
    kept: Vec<((i128, u64), Conversation)>,
    taken: u64,
}

impl Ordered {
    /// Keeps the first `limit` conversations.
    pub fn new(order: Order, limit: usize) -> Self {
        Self { order, limit, kept: Vec::new(), taken: 0 }
    }

    /// Takes a conversation in.
    pub fn take(&mut self, conversation: Conversation) {
        let rank = rank(self.order, &conversation);
        self.kept.push(((rank, self.taken), conversation));
        self.taken += 1;
        if self.kept.len() >= self.limit.saturating_mul(2).max(1024) {
            self.shrink();
        }
    }

    /// The conversations in order, and how many there are beyond them.
    pub fn finish(mut self) -> (Vec<Conversation>, u64) {
        self.shrink();
        self.kept.sort_unstable_by_key(|(rank, _)| *rank);
        let beyond = self.taken - self.kept.len() as u64;
        (self.kept.into_iter().map(|(_, conversation)| conversation).collect(), beyond)
    }

    fn shrink(&mut self) {
        if self.limit < self.kept.len() {
            self.kept.select_nth_unstable_by_key(self.limit, |(rank, _)| *rank);
            self.kept.truncate(self.limit);
        }
    }
}

/// A number that is the smaller the earlier the conversation comes.
fn rank(order: Order, conversation: &Conversation) -> i128 {
    let c = conversation;
    match order {
        Order::First => c.first().into(),
        Order::Last => -i128::from(c.last()),
        Order::Bytes => -i128::from(c.bytes().unwrap_or(0)),
        Order::Packets => -i128::from(c.packets().unwrap_or(0)),
        Order::Flows => -i128::from(c.flows()),
        Order::Duration => i128::from(c.first()) - i128::from(c.last()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::test_flows::conversation;
    use super::*;

    #[test]
    fn the_first_of_many() {
        let kept = |order, limit| {
            let mut ordered = Ordered::new(order, limit);
            for n in 0..5_000_u32 {
                // 0, 7, 14, … and around again: each number once.
                ordered.take(conversation(i64::from(n * 7 % 5_000), u64::from(n * 3 % 5_000) + 1));
            }
            let (kept, beyond) = ordered.finish();
            (kept.iter().map(|c| (c.first(), c.packets().unwrap())).collect::<Vec<_>>(), beyond)
        };
        // 7 · 2143 = 3 · 5000 + 1 and 3 · 2143 = 5000 + 1429: the second began at 1 and has 1430 packets.
        assert_eq!(kept(Order::First, 3), (vec![(0, 1), (1, 1_430), (2, 2_859)], 4_997));
        let (most, beyond) = kept(Order::Bytes, 2);
        assert_eq!((most.iter().map(|(_, p)| *p).collect::<Vec<_>>(), beyond), (vec![5_000, 4_999], 4_998));
        assert_eq!(kept(Order::Last, 1).0[0].0, 4_999);
        assert_eq!(kept(Order::Flows, 10_000).0.len(), 5_000);
        assert_eq!(kept(Order::Packets, 0), (Vec::new(), 5_000));
    }
}
