//! Pairing against a plain one that compares every flow with every other, and literals of what is folded, split and closed early.

use std::convert::Infallible;
use std::net::IpAddr;

use super::flows::{Flow, PairingPart, Reverse};
use super::pairing::{Pairing, PairingCounts, PairingOptions};
use super::settle::{Across, Conversation, Deduplicate, Rules};
use super::tally::{Advice, Count, Tally};
use super::test_flows::flow;
use crate::collector::{Flow as More, Sink};

const S: i64 = 1_000_000_000;
const WINDOW: i64 = 6 * S;
const HORIZON: i64 = 100 * S;

struct Keep(Vec<Conversation>);

impl Sink<Vec<Conversation>> for Keep {
    type Error = Infallible;

    fn absorb(&mut self, part: Vec<Conversation>) -> Result<More, Infallible> {
        self.0.extend(part);
        Ok(More::Continue)
    }
}

/// A flow, who exported it, and when it arrived.
#[derive(Clone, Copy, Debug)]
struct Arrived {
    flow: Flow,
    reverse: Option<Reverse>,
    exporter: u8,
    arrival: i64,
}

fn arrived(flow: Flow) -> Arrived {
    Arrived { flow, reverse: None, exporter: 1, arrival: flow.last + S }
}

fn address(exporter: u8) -> IpAddr {
    IpAddr::from([192, 0, 2, exporter])
}

fn options(asymmetric: bool, deduplicate: Deduplicate) -> PairingOptions {
    PairingOptions { rules: Rules { window: WINDOW, asymmetric, deduplicate }, horizon: HORIZON, most: 1_000_000 }
}

fn pair(flows: &[Arrived], options: PairingOptions) -> (Vec<Conversation>, Tally, PairingCounts) {
    let mut pairing = Pairing::new(options, true, Keep(Vec::new()));
    for flow in flows {
        let mut part = PairingPart::default();
        part.push(flow.flow, flow.reverse);
        part.end_run(Some(address(flow.exporter)), flow.exporter.into(), flow.arrival);
        assert_eq!(pairing.absorb(part), Ok(More::Continue));
    }
    let (tally, counts, kept) = pairing.finish().unwrap();
    (kept.0, tally, counts)
}

/// One direction: sender's last octet and port, octets, flows, first and last time.
type Direction = (u8, u16, u64, u32, i64, i64);
/// The directions in order, and where the other one is.
type Told = (Vec<Direction>, Option<Across>);

fn told(conversation: &Conversation) -> Told {
    let c = conversation;
    let ends = [(c.client[15], c.client_port, c.from_client), (c.server[15], c.server_port, c.from_server)];
    let there = ends.iter().filter(|(.., way)| way.is_there());
    let mut directions: Vec<Direction> =
        there.map(|(host, port, way)| (*host, port.unwrap(), way.bytes().unwrap(), way.flows, way.first, way.last)).collect();
    directions.sort_unstable();
    (directions, c.across)
}

/// Numbers that look random and are the same every time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) % n
    }
}

/// Flows between few hosts and ports over half an hour, by arrival: each at its end or later, not more than the horizon after its start.
fn throw(seed: u64, count: usize) -> Vec<Arrived> {
    let mut dice = Dice(seed);
    let mut flows: Vec<Arrived> = (0..count)
        .map(|_| {
            let (a, b) = (dice.below(3) as u8 + 1, dice.below(3) as u8 + 4);
            let ports = (1000 + dice.below(2) as u16, 53);
            let first = dice.below(1_800_000) as i64 * 1_000_000;
            let longest = 1 + dice.below(40_000);
            let last = first + dice.below(longest) as i64 * 1_000_000;
            let (src, dst) = if dice.below(2) == 0 { ((a, ports.0), (b, ports.1)) } else { ((b, ports.1), (a, ports.0)) };
            let mut flow = flow(src, dst, (first, last));
            flow.bytes = Some(dice.below(5_000));
            // Interfaces 0 to 2 on the side of the lower host, 0 or 3 on the other one.
            let (near, far) = (dice.below(3) as u32, 3 * dice.below(2) as u32);
            (flow.in_if, flow.out_if) = if src.0 < dst.0 { (near, far) } else { (far, near) };
            flow.egress = dice.below(4) == 0;
            Arrived { flow, reverse: None, exporter: dice.below(3) as u8 + 1, arrival: last + dice.below(50_000) as i64 * 1_000_000 }
        })
        .collect();
    flows.sort_by_key(|f| f.arrival);
    flows
}

/// Groups of flows that hang together, found by comparing all pairs.
fn groups(flows: &[Arrived], same: impl Fn(&Arrived, &Arrived) -> bool) -> Vec<Vec<usize>> {
    let mut group: Vec<usize> = (0..flows.len()).collect();
    loop {
        let mut changed = false;
        for (i, a) in flows.iter().enumerate() {
            for (j, b) in flows.iter().enumerate() {
                if group[i] < group[j] && same(a, b) {
                    (group[j], changed) = (group[i], true);
                }
            }
        }
        if !changed {
            break;
        }
    }
    let names: std::collections::BTreeSet<usize> = group.iter().copied().collect();
    names.into_iter().map(|name| (0..flows.len()).filter(|i| group[*i] == name).collect()).collect()
}

fn sender(flow: &Arrived) -> (u8, u16) {
    let side = usize::from(flow.flow.side);
    (flow.flow.key.address(side)[15], flow.flow.key.port(side).unwrap())
}

fn near(a: &Arrived, b: &Arrived) -> bool {
    a.flow.key == b.flow.key && a.flow.first - b.flow.last <= WINDOW && b.flow.first - a.flow.last <= WINDOW
}

/// The directions of some flows, and the interfaces of the first flow of each.
fn directions(flows: &[Arrived], group: &[usize]) -> Vec<(Direction, (u32, u32))> {
    let senders: std::collections::BTreeSet<(u8, u16)> = group.iter().map(|i| sender(&flows[*i])).collect();
    let of = |from: (u8, u16)| {
        let own: Vec<&Flow> = group.iter().filter(|i| sender(&flows[**i]) == from).map(|i| &flows[*i].flow).collect();
        let bytes = own.iter().filter_map(|f| f.bytes).sum();
        let first = own.iter().map(|f| f.first).min().unwrap();
        let last = own.iter().map(|f| f.last).max().unwrap();
        let earliest = own.iter().map(|f| (f.first, f.in_if, f.out_if)).min().unwrap();
        ((from.0, from.1, bytes, own.len() as u32, first, last), (earliest.1, earliest.2))
    };
    senders.into_iter().map(of).collect()
}

fn plainly(flows: &[Arrived], asymmetric: bool) -> Vec<Told> {
    let agree = |ways: &[(Direction, (u32, u32))]| {
        let ((a_in, a_out), (b_in, b_out)) = (ways[0].1, ways[1].1);
        let or_unknown = |x, y| x == 0 || y == 0 || x == y;
        (or_unknown(a_in, b_out) && or_unknown(a_out, b_in)) || (a_in == b_in && a_out == b_out)
    };
    let mut all = Vec::new();
    for cluster in groups(flows, near) {
        let members: Vec<Arrived> = cluster.iter().map(|i| flows[*i]).collect();
        let whole = directions(flows, &cluster);
        let by_exporter = groups(&members, |a, b| a.exporter == b.exporter && near(a, b));
        let seen: Vec<_> = by_exporter.iter().map(|group| directions(&members, group)).collect();
        if asymmetric {
            let across = match () {
                () if whole.len() == 1 || seen.iter().any(|ways| ways.len() == 2 && agree(ways)) => None,
                () if seen.iter().any(|ways| ways.len() == 2) => Some(Across::Interfaces),
                () => Some(Across::Exporters),
            };
            all.push((whole.into_iter().map(|(direction, _)| direction).collect(), across));
            continue;
        }
        for ways in seen {
            let plain: Vec<Direction> = ways.iter().map(|(direction, _)| *direction).collect();
            match ways.len() {
                2 if agree(&ways) => all.push((plain, None)),
                2 => all.extend(plain.into_iter().map(|direction| (vec![direction], Some(Across::Interfaces)))),
                _ => all.push((plain, (whole.len() == 2).then_some(Across::Exporters))),
            }
        }
    }
    all.sort_unstable();
    all
}

#[test]
fn the_same_as_a_plain_pairing() {
    let mut split = 0;
    for seed in 1..40 {
        let flows = throw(seed * 7919, 300);
        for asymmetric in [false, true] {
            let (conversations, tally, counts) = pair(&flows, options(asymmetric, Deduplicate::None));
            let mut ours: Vec<Told> = conversations.iter().map(told).collect();
            ours.sort_unstable();
            let plain = plainly(&flows, asymmetric);
            assert_eq!(ours, plain, "seed {seed}, asymmetric {asymmetric}");
            assert_eq!((counts.flows, counts.late, counts.early.strands, tally.total().all().flows), (300, 0, 0, 300));
            assert!(counts.open < 300, "nothing was closed before the end");
            split += plain.iter().filter(|(_, across)| *across == Some(Across::Interfaces)).count();
        }
    }
    assert!(split > 100, "{split}");
}

/// The order of arrival plays no part as long as nothing arrives after the horizon.
#[test]
fn any_order() {
    let flows = throw(5, 400);
    let mut backwards: Vec<Arrived> = flows.iter().rev().map(|f| Arrived { arrival: 0, ..*f }).collect();
    let sorted = |flows: &[Arrived]| {
        let mut all: Vec<Told> = pair(flows, options(false, Deduplicate::Source)).0.iter().map(told).collect();
        all.sort_unstable();
        all
    };
    let forwards = sorted(&flows);
    assert_eq!(sorted(&backwards), forwards);
    backwards.sort_by_key(|f| f.flow.bytes);
    assert_eq!(sorted(&backwards), forwards);
}

#[test]
fn pieces_of_a_long_flow() {
    // A minute each way, cut every 20 seconds on one side; then a pause of 6 s, which still touches, and one of 7 s, which does not.
    let (client, server) = ((1, 40_000), (4, 53));
    let piece = |from: i64, to: i64| arrived(flow(client, server, (from * S, to * S)));
    let mut flows = vec![piece(0, 20), piece(20, 40), piece(40, 60), piece(66, 67), piece(74, 75)];
    flows.push(arrived(flow(server, client, (S / 10, 60 * S))));
    let (conversations, ..) = pair(&flows, options(false, Deduplicate::Source));
    let seen: Vec<_> = conversations.iter().map(|c| (c.first() / S, c.last() / S, c.from_client.flows, c.from_server.flows)).collect();
    assert_eq!(seen, [(0, 67, 4, 1), (74, 75, 1, 0)]);
    assert_eq!(conversations[0].began.map(|b| b.name()), Some("time"));
    assert_eq!((conversations[0].client[15], conversations[0].server_port, conversations[0].bytes()), (1, Some(53), Some(500)));
}

#[test]
fn what_several_sources_count_is_folded() {
    let (client, server) = ((1, 40_000), (4, 53));
    let sent = |exporter, bytes, egress, times: (i64, i64)| {
        let mut seen = arrived(flow(client, server, (times.0 * S, times.1 * S)));
        (seen.exporter, seen.flow.bytes, seen.flow.egress) = (exporter, Some(bytes), egress);
        seen
    };
    let bytes = |flows: &[Arrived], asymmetric, deduplicate| {
        let all = pair(flows, options(asymmetric, deduplicate)).0;
        all.iter().map(|c| (c.from_client.bytes().unwrap(), c.folded())).collect::<Vec<_>>()
    };
    // In and out of one exporter, and a second exporter on the way.
    let three = [sent(1, 1000, false, (0, 9)), sent(1, 990, true, (0, 9)), sent(2, 1004, false, (0, 9))];
    assert_eq!(bytes(&three, false, Deduplicate::Source), [(1000, 1), (1004, 0)]);
    assert_eq!(bytes(&three, false, Deduplicate::None), [(1990, 0), (1004, 0)]);
    assert_eq!(bytes(&three, true, Deduplicate::Source), [(1004, 2)]);
    assert_eq!(bytes(&three, true, Deduplicate::Record), [(2994, 0)]);
    // First one exporter, then the other: nothing twice.
    let moved = [sent(1, 1000, false, (0, 9)), sent(2, 500, false, (9, 20))];
    assert_eq!(bytes(&moved, true, Deduplicate::Source), [(1500, 0)]);
    // One packet on two routers.
    let one = [sent(1, 60, false, (0, 0)), sent(2, 60, false, (0, 0))];
    assert_eq!(bytes(&one, true, Deduplicate::Source), [(60, 1)]);
    // The same record twice; and two that only look alike.
    let twice = [sent(1, 1000, false, (0, 9)), sent(1, 1000, false, (0, 9)), sent(1, 1000, false, (0, 8))];
    assert_eq!(bytes(&twice, false, Deduplicate::Source), [(2000, 1)]);
    assert_eq!(bytes(&twice, false, Deduplicate::Record), [(2000, 1)]);
    assert_eq!(bytes(&twice, false, Deduplicate::None), [(3000, 0)]);
    let timeless = twice.map(|mut f| {
        f.flow.timed = false;
        f
    });
    assert_eq!(bytes(&timeless, false, Deduplicate::Source), [(3000, 0)]);
}

#[test]
fn where_the_other_direction_is() {
    let (client, server) = ((1, 40_000), (4, 53));
    let at = |back: bool, exporter, interfaces| {
        let (src, dst) = if back { (server, client) } else { (client, server) };
        let mut seen = arrived(flow(src, dst, (0, S)));
        seen.exporter = exporter;
        (seen.flow.in_if, seen.flow.out_if) = interfaces;
        seen
    };
    let shape = |flows: &[Arrived], asymmetric| {
        let (all, tally, _) = pair(flows, options(asymmetric, Deduplicate::Source));
        let across = all.iter().map(|c| (c.is_both(), c.across.map(Across::name))).collect::<Vec<_>>();
        (across, tally.advice())
    };
    // Through the same two interfaces, through one that is not told, through a tap.
    for back in [(2, 1), (2, 0), (0, 0), (1, 2)] {
        assert_eq!(shape(&[at(false, 1, (1, 2)), at(true, 1, back)], false), (vec![(true, None)], Advice::Off), "{back:?}");
    }
    let uplinks = [at(false, 1, (1, 2)), at(true, 1, (3, 1))];
    assert_eq!(shape(&uplinks, false), (vec![(false, Some("interfaces")); 2], Advice::On));
    assert_eq!(shape(&uplinks, true), (vec![(true, Some("interfaces"))], Advice::On));
    let routers = [at(false, 1, (1, 2)), at(true, 2, (2, 1))];
    assert_eq!(shape(&routers, false), (vec![(false, Some("exporters")); 2], Advice::On));
    assert_eq!(shape(&routers, true), (vec![(true, Some("exporters"))], Advice::On));
    assert_eq!(shape(&[at(false, 1, (1, 2))], false), (vec![(false, None)], Advice::OneDirection));
    let (_, tally, _) = pair(&uplinks, options(false, Deduplicate::Source));
    let across = Count { conversations: 1, flows: 2, bytes: 200 };
    assert_eq!((tally.total().across(), tally.total().one_way(), tally.total().together), (across, across, Count::default()));
    assert_eq!(tally.exporters[0].interfaces.keys().copied().collect::<Vec<_>>(), [1, 3]);
    assert_eq!(tally.exporters[0].interfaces[&3].other_interfaces, Count { conversations: 1, flows: 1, bytes: 100 });
}

#[test]
fn records_of_both_directions() {
    let mut seen = arrived(flow((4, 53), (1, 40_000), (0, S)));
    (seen.flow.biflow, seen.flow.in_if, seen.flow.out_if) = (true, 1, 2);
    seen.reverse = Some(Reverse { bytes: Some(700), packets: Some(7), flags: None, source_began: Some(false) });
    let (conversations, _, counts) = pair(&[seen], options(false, Deduplicate::Source));
    let [one] = conversations.as_slice() else { panic!("{conversations:?}") };
    assert_eq!((one.client[15], one.client_port, one.began.map(|b| b.name())), (1, Some(40_000), Some("record")));
    assert_eq!((one.from_client.bytes(), one.from_server.bytes(), one.packets()), (Some(700), Some(100), Some(8)));
    assert_eq!((one.from_client.in_if, one.from_server.in_if, one.across), (2, 1, None));
    assert_eq!((counts.flows, counts.bidirectional, counts.both), (1, 1, 1));
}

#[test]
fn bounds_hold_and_are_told() {
    // A thousand conversations a second, each answered after ten seconds: 5000 open ones are too few, and what is lost is counted.
    let mut flows = Vec::new();
    for n in 0..40_000_i64 {
        let ports = ((n % 60_000) as u16 + 1024, 53);
        let time = n * S / 1000;
        let mut there = arrived(flow((1, ports.0), (4, ports.1), (time, time)));
        there.arrival = time;
        let mut back = arrived(flow((4, ports.1), (1, ports.0), (time, time)));
        back.arrival = time + 10 * S;
        flows.extend([there, back]);
    }
    flows.sort_by_key(|f| f.arrival);
    let with = |most| {
        let (_, _, counts) = pair(&flows, PairingOptions { most, ..options(false, Deduplicate::Source) });
        (counts.both, counts.open, counts.early.strands > 0, counts.early.shortest)
    };
    assert_eq!(with(1_000_000), (40_000, 40_000, false, None));
    // Ten seconds of those that wait for an answer and of those that had one are enough.
    let (both, open, early, shortest) = with(22_000);
    assert_eq!((both, open, early), (40_000, 22_000, true));
    assert!(shortest.is_some_and(|s| (11..14).contains(&s)), "{shortest:?}");
    let (both, open, early, shortest) = with(5_000);
    assert!(both < 1_000 && open == 5_000 && early && shortest.is_some_and(|s| s < 6), "{both} {open} {early} {shortest:?}");
}

#[test]
fn one_key_over_and_over() {
    // Ten seconds apart each: strands of one key; they are closed as they become due, and beyond a bound all at once.
    let all: Vec<Arrived> = (0..5_000).map(|n| arrived(flow((1, 123), (4, 123), (n * 10 * S, n * 10 * S)))).collect();
    let (conversations, _, counts) = pair(&all, options(false, Deduplicate::Source));
    assert_eq!((conversations.len(), counts.early.strands), (5_000, 0));
    assert!(counts.open < 20, "{}", counts.open);
    let at_once: Vec<Arrived> = all.iter().map(|f| Arrived { arrival: 0, ..*f }).collect();
    let (conversations, _, counts) = pair(&at_once, options(false, Deduplicate::Source));
    assert_eq!((conversations.len(), counts.open), (5_000, 1_024));
    assert_eq!((counts.early.strands, counts.early.shortest), (4_096, Some(0)));
}
