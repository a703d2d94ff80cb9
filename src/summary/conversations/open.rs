//! The conversations that are open: strands by their key, closed once no flow that comes later can touch them.
//!
//! A flow reaches the collector when its cache lets it go: at its end, or after the active timeout at the latest. So a flow that touches
//! a conversation arrives within `horizon` of the conversation's latest arrival, if `horizon` is the active timeout or more. Going by
//! arrival, by the capture's clock, this holds whatever the exporters' clocks say. A conversation is closed when nothing of it arrived
//! for longer than that; and where more are open than `most`, those that have waited longest are closed early, and counted.
//!
//! Strands of one key hang together as a chain; the first of a chain stays where it is as long as the chain lives. Chains wait in one
//! list for each second of arrival. A chain that has got flows since then moves on when its second comes up, so an arrival costs nothing.

use std::collections::VecDeque;

use hashbrown::HashTable;

use super::flows::{Flow, Reverse};
use super::key::Key;
use super::strand::Strand;

/// The end of a chain.
const NONE: u32 = u32::MAX;
/// Strands of one key: more are an exporter's fault or malice, and would make every flow of the key slow.
const MOST_STRANDS: usize = 1024;
/// Chains that are closed together.
const LOT: usize = 64;
const NANOS: i64 = 1_000_000_000;

/// How long strands stay open.
#[derive(Clone, Copy, Debug)]
pub(super) struct Terms {
    /// Nanoseconds that may lie between two flows of a conversation.
    pub(super) window: i64,
    /// Seconds without an arrival after which a conversation is closed.
    pub(super) horizon: i64,
    /// Strands that may be open.
    pub(super) most: usize,
    /// Whether a record that is sent again is left out.
    pub(super) fold: bool,
}

/// A strand in its chain.
#[derive(Clone, Copy, Debug)]
struct Node {
    key: Key,
    strand: Strand,
    hash: u64,
    /// The second of its latest arrival.
    arrival: i64,
    next: u32,
}

/// Strands of one key that belong together: whatever touches within the window, of all exporters.
pub(super) type Cluster<'a> = &'a [Strand];

/// What was closed before its time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Early {
    /// Strands closed since too many were open.
    pub strands: u64,
    /// The shortest time, in seconds, that one of them had been waiting.
    pub shortest: Option<i64>,
}

/// All open strands.
#[derive(Debug)]
pub(super) struct Open {
    terms: Terms,
    table: HashTable<u32>,
    nodes: Vec<Node>,
    free: Vec<u32>,
    /// Chains by the second at which they last arrived when they were put in, the first list for `since`.
    waiting: VecDeque<Vec<u32>>,
    since: i64,
    /// The newest second of arrival.
    now: i64,
    early: Early,
    /// Whether something was closed before the end.
    closed: bool,
    /// The greatest number of open strands.
    peak: usize,
    scratch: Vec<(Strand, i64)>,
    cluster: Vec<Strand>,
}

impl Open {
    pub(super) fn new(terms: Terms) -> Self {
        Self {
            terms: Terms { most: terms.most.clamp(1, NONE as usize - 1), ..terms },
            table: HashTable::new(),
            nodes: Vec::new(),
            free: Vec::new(),
            waiting: VecDeque::new(),
            since: i64::MIN,
            now: i64::MIN,
            early: Early::default(),
            closed: false,
            peak: 0,
            scratch: Vec::new(),
            cluster: Vec::new(),
        }
    }

    pub(super) fn early(&self) -> Early {
        self.early
    }

    pub(super) fn peak(&self) -> usize {
        self.peak
    }

    /// True once something was closed, so that a flow may come too late for what it belongs to.
    pub(super) fn has_closed(&self) -> bool {
        self.closed
    }

    fn len(&self) -> usize {
        self.nodes.len() - self.free.len()
    }

    /// Tells the time of arrival of what comes next: closes what has waited too long.
    pub(super) fn at(&mut self, arrival: i64, close: &mut dyn FnMut(&Key, Cluster<'_>)) {
        let second = arrival.div_euclid(NANOS);
        if second <= self.now {
            return;
        }
        self.now = second;
        let until = second.saturating_sub(self.terms.horizon);
        while self.since < until {
            let Some(due) = self.waiting.pop_front() else {
                self.since = until;
                break;
            };
            self.since += 1;
            for lot in due.chunks(LOT) {
                self.close_lot(lot, until - 1, close);
            }
        }
    }

    /// Closes those of some chains whose latest arrival is not after `until`; the others wait on. Returns how many were closed.
    ///
    /// Chains that waited lie in memory that no cache holds any more. So their places are read one after another, without anything that
    /// depends on what is read, before the first is closed: the processor fetches several at a time.
    fn close_lot(&mut self, heads: &[u32], until: i64, close: &mut dyn FnMut(&Key, Cluster<'_>)) -> usize {
        let mut hashes = [0; LOT];
        for (hash, head) in hashes.iter_mut().zip(heads) {
            *hash = self.nodes.get(*head as usize).map_or(0, |n| n.hash);
        }
        let places = hashes.iter().zip(heads).filter(|(hash, head)| self.table.find(**hash, |at| at == *head).is_some());
        std::hint::black_box(places.count());
        let mut closed = 0;
        for head in heads {
            let latest = self.latest(*head);
            if latest <= until {
                self.close_chain(*head, close);
                closed += 1;
            } else {
                self.wait(*head, latest);
            }
        }
        closed
    }

    /// Adds a flow.
    #[inline]
    pub(super) fn add(&mut self, flow: &Flow, reverse: Option<&Reverse>, exporter: u32, close: &mut dyn FnMut(&Key, Cluster<'_>)) {
        if self.len() >= self.terms.most {
            self.make_room(close);
        }
        let nodes = &self.nodes;
        let found = self.table.find(flow.hash, |at| nodes.get(*at as usize).is_some_and(|n| n.key == flow.key)).copied();
        let Some(head) = found else {
            self.begin(flow, Strand::of(flow, reverse, exporter));
            return;
        };
        // The usual case: one strand, and the flow belongs to it.
        if let Some(node) = self.nodes.get_mut(head as usize)
            && node.next == NONE
            && node.strand.wants(flow, exporter, self.terms.window)
        {
            node.strand.take(flow, reverse, self.terms.fold);
            node.arrival = self.now;
            return;
        }
        self.add_to_chain(head, flow, reverse, exporter, close);
    }

    /// Looks for the hashes, so that what adding the flows will need is under way to the processor's caches together.
    pub(super) fn foresee(&self, flows: &[Flow]) -> usize {
        let find = |flow: &Flow| self.table.find(flow.hash, |at| self.nodes.get(*at as usize).is_some_and(|n| n.key == flow.key));
        flows.iter().filter(|flow| find(flow).is_some()).count()
    }

    fn begin(&mut self, flow: &Flow, strand: Strand) {
        let head = self.node(Node { key: flow.key, strand, hash: flow.hash, arrival: self.now, next: NONE });
        let nodes = &self.nodes;
        self.table.insert_unique(flow.hash, head, |at| nodes.get(*at as usize).map_or(0, |n| n.hash));
        self.wait(head, self.now);
    }

    #[cold]
    fn add_to_chain(&mut self, head: u32, flow: &Flow, reverse: Option<&Reverse>, exporter: u32, close: &mut dyn FnMut(&Key, Cluster<'_>)) {
        let (mut at, mut before, mut target, mut length, mut due) = (head, NONE, NONE, 0, false);
        let until = self.now.saturating_sub(self.terms.horizon);
        while let Some(node) = self.nodes.get(at as usize).copied() {
            length += 1;
            due |= node.arrival < until;
            let wanted = node.strand.wants(flow, exporter, self.terms.window);
            if wanted && target == NONE {
                target = at;
            } else if wanted && self.nodes[target as usize].strand.goes_with(&node.strand) {
                // The flow makes one of what were two.
                self.nodes[target as usize].strand.join(&node.strand);
                self.nodes[before as usize].next = node.next;
                self.free.push(at);
                at = node.next;
                continue;
            }
            (before, at) = (at, node.next);
        }
        if let Some(node) = self.nodes.get_mut(target as usize) {
            node.strand.take(flow, reverse, self.terms.fold);
            node.arrival = self.now;
        } else if length >= MOST_STRANDS {
            // The head stays, so the table and the list of its second still know the chain.
            self.early.strands += length as u64;
            self.early.shortest = Some(0);
            self.close_clusters(head, i64::MAX, close);
            let strand = Strand::of(flow, reverse, exporter);
            self.nodes[head as usize] = Node { key: flow.key, strand, hash: flow.hash, arrival: self.now, next: NONE };
            return;
        } else {
            let strand = Strand::of(flow, reverse, exporter);
            let new = self.node(Node { key: flow.key, strand, hash: flow.hash, arrival: self.now, next: NONE });
            self.nodes[before as usize].next = new;
        }
        if due {
            // Not all of it: the flow has just arrived.
            self.close_clusters(head, until, close);
        }
    }

    /// Closes the longest waiting chains until there is room for one more strand; some more than needed, where many may be open.
    fn make_room(&mut self, close: &mut dyn FnMut(&Key, Cluster<'_>)) {
        while self.len() >= self.terms.most {
            let Some(list) = self.waiting.front_mut() else { return };
            if list.is_empty() {
                self.waiting.pop_front();
                self.since += 1;
                continue;
            }
            let lot = list.split_off(list.len().saturating_sub(LOT.min(1 + self.terms.most / 1024)));
            let (second, before) = (self.since, self.len());
            if self.close_lot(&lot, second, close) > 0 {
                self.early.strands += (before - self.len()) as u64;
                let waited = self.now.saturating_sub(second);
                self.early.shortest = Some(self.early.shortest.map_or(waited, |s| s.min(waited)));
            }
        }
    }

    /// Closes everything, by the first times if the order matters.
    pub(super) fn close_all(&mut self, in_order: bool, close: &mut dyn FnMut(&Key, Cluster<'_>)) {
        let mut heads: Vec<(i64, u32)> = self.table.iter().map(|head| (self.chain_first(*head), *head)).collect();
        if in_order {
            // The order of the table is no order; equal times go by their places, which follow from the order of arrival.
            heads.sort_unstable();
        }
        self.waiting.clear();
        for (_, head) in heads {
            self.close_chain(head, close);
        }
    }

    /// Closes a whole chain.
    fn close_chain(&mut self, head: u32, close: &mut dyn FnMut(&Key, Cluster<'_>)) {
        self.close_clusters(head, i64::MAX, close);
        let hash = self.nodes.get(head as usize).map_or(0, |n| n.hash);
        if let Ok(entry) = self.table.find_entry(hash, |at| *at == head) {
            entry.remove();
        }
        self.free.push(head);
    }

    /// Closes the clusters of a chain whose latest arrival is before `until`, and frees their places, but for the head's.
    fn close_clusters(&mut self, head: u32, until: i64, close: &mut dyn FnMut(&Key, Cluster<'_>)) {
        self.closed = true;
        let Some(first) = self.nodes.get(head as usize) else { return };
        if first.next == NONE {
            if first.arrival < until {
                close(&first.key, std::slice::from_ref(&first.strand));
            }
            return;
        }
        let key = first.key;
        let mut strands = std::mem::take(&mut self.scratch);
        let mut cluster = std::mem::take(&mut self.cluster);
        strands.clear();
        let mut at = head;
        while let Some(node) = self.nodes.get(at as usize) {
            strands.push((node.strand, node.arrival));
            if at != head {
                self.free.push(at);
            }
            at = node.next;
        }
        strands.sort_by_key(|(s, _)| (s.first(), s.last(), s.exporter));
        // Clusters from left to right; those that stay are put back behind the head.
        let (mut begin, mut kept) = (0, NONE);
        while begin < strands.len() {
            let (mut end, mut last, mut arrival) = (begin, i64::MIN, i64::MIN);
            while let Some((strand, arrived)) = strands.get(end)
                && (end == begin || strand.first().saturating_sub(self.terms.window) <= last)
            {
                (last, arrival, end) = (last.max(strand.last()), arrival.max(*arrived), end + 1);
            }
            let group = &strands[begin..end];
            if arrival < until {
                cluster.clear();
                cluster.extend(group.iter().map(|(s, _)| *s));
                close(&key, &cluster);
            } else {
                for (strand, arrival) in group {
                    kept = self.put_back(head, kept, *strand, *arrival);
                }
            }
            begin = end;
        }
        (self.scratch, self.cluster) = (strands, cluster);
    }

    /// Hangs a strand behind `last` of the chain; the first one becomes the head.
    fn put_back(&mut self, head: u32, last: u32, strand: Strand, arrival: i64) -> u32 {
        let old = self.nodes[head as usize];
        let node = Node { strand, arrival, next: NONE, ..old };
        if last == NONE {
            self.nodes[head as usize] = node;
            return head;
        }
        let new = self.node(node);
        self.nodes[last as usize].next = new;
        new
    }

    fn node(&mut self, node: Node) -> u32 {
        let at = match self.free.pop() {
            Some(at) => {
                self.nodes[at as usize] = node;
                at
            }
            None => {
                self.nodes.push(node);
                (self.nodes.len() - 1) as u32
            }
        };
        self.peak = self.peak.max(self.len());
        at
    }

    /// Puts a chain into the list of a second that is not before `since`.
    fn wait(&mut self, head: u32, second: i64) {
        if self.waiting.is_empty() {
            self.since = second;
        }
        let place = usize::try_from(second.saturating_sub(self.since)).unwrap_or(0);
        if place >= self.waiting.len() {
            self.waiting.resize_with(place + 1, Vec::new);
        }
        self.waiting[place].push(head);
    }

    fn latest(&self, head: u32) -> i64 {
        self.chain(head).map(|n| n.arrival).max().unwrap_or(i64::MIN)
    }

    fn chain_first(&self, head: u32) -> i64 {
        self.chain(head).map(|n| n.strand.first()).min().unwrap_or(i64::MAX)
    }

    fn chain(&self, head: u32) -> impl Iterator<Item = &Node> {
        std::iter::successors(self.nodes.get(head as usize), |node| self.nodes.get(node.next as usize))
    }
}
