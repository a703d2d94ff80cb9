//! From what exporters counted of a cluster to the conversations that are told: which directions belong together, and what was counted twice.

use std::net::IpAddr;

use super::began::{Began, began};
use super::key::{Key, Side};
use super::strand::{Strand, Told, Way};

/// What may be paired, and what is done about flows that were counted twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// Nanoseconds that may lie between two flows of a conversation.
    pub window: i64,
    /// Whether the two directions may come from different exporters and interfaces.
    pub asymmetric: bool,
    /// What is left out.
    pub deduplicate: Deduplicate,
}

/// What is left out as counted twice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Deduplicate {
    /// The same direction at the same time from several sources (exporters; ingress and egress of one): the source with most octets
    /// counts. And what `Record` leaves out.
    #[default]
    Source,
    /// A record that a source sends once more, with the same times and counters.
    Record,
    /// Nothing: all is added up.
    None,
}

/// Where the other direction of a conversation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Across {
    /// At another interface of the exporter.
    Interfaces,
    /// At another exporter.
    Exporters,
}

impl Across {
    /// The word in the column.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Interfaces => "interfaces",
            Self::Exporters => "exporters",
        }
    }
}

/// A conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conversation {
    /// Address of the end that began.
    pub client: [u8; 16],
    /// Address of the other end.
    pub server: [u8; 16],
    /// Port of the client; `None` for ICMP.
    pub client_port: Option<u16>,
    /// Port of the server, which tells the service; `None` for ICMP.
    pub server_port: Option<u16>,
    /// Protocol number.
    pub protocol: Option<u8>,
    /// ICMP type; that of the request, where there are two.
    pub icmp_type: Option<u8>,
    /// What the client sent.
    pub from_client: Way,
    /// What the server sent.
    pub from_server: Way,
    /// How it is known who began; `None` where nothing tells, and the client is who sent.
    pub began: Option<Began>,
    /// Where the two directions were not seen at one place: where they were. Of a one-way conversation: where the other direction is.
    pub across: Option<Across>,
    /// Who exported it; `None` for an exporter that a flow log does not know.
    pub exporter: Option<IpAddr>,
    /// Who did as well.
    pub more_exporters: Vec<IpAddr>,
}

impl Conversation {
    /// True if both directions were seen.
    pub fn is_both(&self) -> bool {
        self.from_client.is_there() && self.from_server.is_there()
    }

    /// Time of the first packet, nanoseconds since 1970.
    pub fn first(&self) -> i64 {
        self.from_client.first.min(self.from_server.first)
    }

    /// Time of the last packet.
    pub fn last(&self) -> i64 {
        self.from_client.last.max(self.from_server.last)
    }

    /// Octets of both directions.
    pub fn bytes(&self) -> Option<u64> {
        sum(self.from_client.bytes(), self.from_server.bytes())
    }

    /// Packets of both directions.
    pub fn packets(&self) -> Option<u64> {
        sum(self.from_client.packets(), self.from_server.packets())
    }

    /// Flows of both directions.
    pub fn flows(&self) -> u64 {
        u64::from(self.from_client.flows) + u64::from(self.from_server.flows)
    }

    /// Flows left out as counted twice.
    pub fn folded(&self) -> u64 {
        u64::from(self.from_client.folded) + u64::from(self.from_server.folded)
    }
}

fn sum(a: Option<u64>, b: Option<u64>) -> Option<u64> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.saturating_add(b)),
        (a, b) => a.or(b),
    }
}

/// What of a cluster one exporter saw in one stretch of time.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seen {
    /// The exporter's number in the run.
    pub(super) exporter: u32,
    pub(super) ways: [Way; 2],
    pub(super) told: Told,
    pub(super) place: Place,
}

/// Where the two directions of something seen are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Place {
    /// Both at one exporter and the same interfaces.
    Together,
    /// Both at one exporter, but at other interfaces.
    OtherInterfaces,
    /// The other one is at another exporter.
    OtherExporter,
    /// The other one is nowhere.
    Nowhere,
    /// There is none: multicast, broadcast, ICMP that is not answered.
    NotExpected,
}

/// Settles clusters; keeps its memory from one to the next.
#[derive(Debug, Default)]
pub(super) struct Settler {
    strands: Vec<Strand>,
    seen: Vec<Seen>,
}

impl Settler {
    /// What each exporter saw of a cluster.
    pub(super) fn look(&mut self, key: &Key, cluster: &[Strand], rules: &Rules) -> &[Seen] {
        self.seen.clear();
        if let [strand] = cluster {
            self.seen.push(seen(key, strand.exporter, strand.ways, strand.told));
        } else {
            self.strands.clear();
            self.strands.extend_from_slice(cluster);
            self.strands.sort_by_key(|s| (s.exporter, s.first(), s.last()));
            let strands = &self.strands;
            let mut begin = 0;
            while let Some(first) = strands.get(begin) {
                let (mut end, mut last) = (begin + 1, first.last());
                while let Some(next) = strands.get(end)
                    && next.exporter == first.exporter
                    && next.first().saturating_sub(rules.window) <= last
                {
                    (last, end) = (last.max(next.last()), end + 1);
                }
                let group = &strands[begin..end];
                self.seen.push(seen(key, first.exporter, merged(group, rules.deduplicate), told(group)));
                begin = end;
            }
        }
        for at in 0..self.seen.len() {
            let one_way = |seen: &Seen| (0..2).find(|side| !seen.ways[*side].is_there());
            if let Some(missing) = one_way(&self.seen[at])
                && self.seen.iter().any(|other| other.ways[missing].is_there())
            {
                self.seen[at].place = Place::OtherExporter;
            }
        }
        &self.seen
    }

    /// The conversations of the cluster that was looked at last.
    pub(super) fn tell(&self, key: &Key, cluster: &[Strand], rules: &Rules, exporters: &[Option<IpAddr>], out: &mut Vec<Conversation>) {
        let name = |number: u32| exporters.get(number as usize).copied().flatten();
        if rules.asymmetric {
            let place = self.seen.iter().map(|s| s.place).min().unwrap_or(Place::Nowhere);
            let (ways, told) = match cluster {
                [strand] => (strand.ways, strand.told),
                strands => (merged(strands, rules.deduplicate), told(strands)),
            };
            let mut all = conversation(key, ways, told, place, self.seen.first().and_then(|s| name(s.exporter)));
            for exporter in self.seen.iter().filter_map(|s| name(s.exporter)) {
                if all.exporter != Some(exporter) && !all.more_exporters.contains(&exporter) {
                    all.more_exporters.push(exporter);
                }
            }
            out.push(all);
            return;
        }
        for seen in &self.seen {
            let exporter = name(seen.exporter);
            if seen.place == Place::OtherInterfaces {
                for side in 0..2 {
                    let mut ways = seen.ways;
                    ways[1 - side] = Way::NONE;
                    out.push(conversation(key, ways, seen.told, seen.place, exporter));
                }
            } else {
                out.push(conversation(key, seen.ways, seen.told, seen.place, exporter));
            }
        }
    }
}

fn conversation(key: &Key, ways: [Way; 2], told: Told, place: Place, exporter: Option<IpAddr>) -> Conversation {
    let one_clock = matches!(place, Place::Together | Place::OtherInterfaces);
    let (client, began) = began(key, &ways, told, one_clock);
    let client: Side = client & 1;
    Conversation {
        client: key.address(client),
        server: key.address(1 - client),
        client_port: key.port(client),
        server_port: key.port(1 - client),
        protocol: key.protocol(),
        icmp_type: key.icmp_type(),
        from_client: ways[client],
        from_server: ways[1 - client],
        began,
        across: match place {
            Place::OtherInterfaces => Some(Across::Interfaces),
            Place::OtherExporter => Some(Across::Exporters),
            Place::Together | Place::Nowhere | Place::NotExpected => None,
        },
        exporter,
        more_exporters: Vec::new(),
    }
}

fn seen(key: &Key, exporter: u32, ways: [Way; 2], told: Told) -> Seen {
    let place = match (ways[0].is_there(), ways[1].is_there()) {
        (true, true) if same_interfaces(&ways) => Place::Together,
        (true, true) => Place::OtherInterfaces,
        (first, _) if is_answered(key, usize::from(!first)) => Place::Nowhere,
        _ => Place::NotExpected,
    };
    Seen { exporter, ways, told, place }
}

/// In here is out there, as far as the flows say; or both directions name the same two, as probes do that do not forward.
fn same_interfaces([there, back]: &[Way; 2]) -> bool {
    let agree = |a: u32, b: u32| a == 0 || b == 0 || a == b;
    (agree(there.in_if, back.out_if) && agree(there.out_if, back.in_if)) || (there.in_if, there.out_if) == (back.in_if, back.out_if)
}

/// False for what nobody answers: ICMP errors and the like, multicast and broadcast.
fn is_answered(key: &Key, sender: Side) -> bool {
    let to = std::net::Ipv6Addr::from(key.address(1 - sender));
    let to_many = to.to_ipv4_mapped().map_or(to.is_multicast(), |v4| v4.is_multicast() || v4.is_broadcast());
    !to_many && !key.is_notice()
}

fn told(strands: &[Strand]) -> Told {
    strands.iter().map(|s| s.told).find(|t| *t != Told::Nothing).unwrap_or_default()
}

/// Both directions of several strands.
fn merged(strands: &[Strand], deduplicate: Deduplicate) -> [Way; 2] {
    [0, 1].map(|side| {
        let mut ways: Vec<(u64, Way)> = Vec::with_capacity(strands.len());
        for strand in strands.iter().filter(|s| s.ways[side].is_there()) {
            let way = strand.ways[side];
            ways.push((u64::from(strand.exporter) << 1 | u64::from(way.is_egress()), way));
        }
        if deduplicate == Deduplicate::Source {
            fold(ways)
        } else {
            ways.iter().fold(Way::NONE, |mut sum, (_, way)| {
                sum.add(way);
                sum
            })
        }
    })
}

/// Adds up what sources counted at different times; of those that counted at the same time the one with most octets stands for all.
fn fold(mut ways: Vec<(u64, Way)>) -> Way {
    let mut sum = Way::NONE;
    ways.sort_by_key(|(source, way)| (way.first, way.last, *source));
    while let Some(first) = ways.pop() {
        // Everything that goes back to the same packets, directly or by way of others.
        let mut group = vec![first];
        let mut at = 0;
        while at < group.len() {
            let (source, way) = group[at];
            ways.retain(|other| {
                let same = other.0 != source && same_time(&other.1, &way);
                if same {
                    group.push(*other);
                }
                !same
            });
            at += 1;
        }
        let mut sources: Vec<(u64, Way)> = Vec::new();
        for (source, way) in group {
            match sources.iter_mut().find(|(s, _)| *s == source) {
                Some((_, own)) => own.add(&way),
                None => sources.push((source, way)),
            }
        }
        let greatest = sources.iter().max_by_key(|(source, w)| (w.bytes, w.packets, w.flows, std::cmp::Reverse(*source))).map(|(s, _)| *s);
        for (source, way) in &sources {
            if Some(*source) == greatest {
                sum.add(way);
            } else {
                sum.folded = sum.folded.saturating_add(way.flows).saturating_add(way.folded);
            }
        }
    }
    sum
}

/// Two sources of the same packets: of the shorter stretch more than half lies in the other one. Both are taken half a second longer on each
/// side, since clocks differ and a packet passes two routers at two moments.
fn same_time(a: &Way, b: &Way) -> bool {
    const SLACK: i64 = 500_000_000;
    let wide = |w: &Way| (w.first.saturating_sub(SLACK), w.last.saturating_add(SLACK));
    let ((a_first, a_last), (b_first, b_last)) = (wide(a), wide(b));
    let common = a_last.min(b_last).saturating_sub(a_first.max(b_first));
    let shorter = a_last.saturating_sub(a_first).min(b_last.saturating_sub(b_first));
    common > shorter / 2
}
