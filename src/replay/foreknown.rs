//! Messages that hold the templates of a capture alone, to be sent before its datagrams.
//!
//! Each session and observation domain gets its own messages, made of the first Set of templates for every id. They have the header of its
//! first message. A v9 sequence number counts messages, so theirs lead up to that message's; IPFIX counts data records, so theirs is that
//! message's own (RFC 3954 §5.1, RFC 7011 §3.1).

use std::collections::{HashMap, HashSet};

use crate::datagram::Endpoint;
use crate::message::{SetKind, Version, kind, messages, template_records};
use crate::time::Timestamp;

/// Octets of a message, so that it fits an Ethernet frame with all headers.
const MOST_OCTETS: usize = 1400;
/// Domains that are told apart; the templates of further ones are not sent first.
const MOST_DOMAINS: usize = 50_000;

/// The templates met so far.
#[derive(Clone, Debug, Default)]
pub struct Foreknown {
    domains: Vec<Domain>,
    by_key: HashMap<(Endpoint, Version, u32), usize>,
}

#[derive(Clone, Debug)]
struct Domain {
    exporter: Endpoint,
    version: Version,
    time: Option<Timestamp>,
    /// The octets of its first message's header.
    header: Vec<u8>,
    sequence: u32,
    /// Sets of templates, each with the number of its records.
    sets: Vec<(Vec<u8>, u16)>,
    seen: HashSet<u16>,
}

impl Foreknown {
    /// Learns the templates of a datagram.
    pub fn learn(&mut self, exporter: Endpoint, time: Option<Timestamp>, payload: &[u8]) {
        for message in messages(payload, 0).flatten() {
            let crate::message::Body::Sets(sets) = message.body else { continue };
            let header = message.header;
            let key = (exporter, header.version, header.domain);
            let number = match self.by_key.get(&key) {
                Some(number) => *number,
                None if self.domains.len() >= MOST_DOMAINS => continue,
                None => {
                    let octets = payload.get(message.offset..message.offset + header.version.header_length()).unwrap_or(&[]).to_vec();
                    let sequence = header.sequence.unwrap_or(0);
                    self.by_key.insert(key, self.domains.len());
                    self.domains.push(Domain {
                        exporter,
                        version: header.version,
                        time,
                        header: octets,
                        sequence,
                        sets: Vec::new(),
                        seen: HashSet::new(),
                    });
                    self.domains.len() - 1
                }
            };
            let Some(domain) = self.domains.get_mut(number) else { continue };
            for set in sets.flatten() {
                let kind = kind(header.version, set.id);
                if matches!(kind, SetKind::Data | SetKind::Reserved) {
                    continue;
                }
                // Withdrawals and what is damaged are no templates to begin with.
                let records: Vec<_> = template_records(&set, kind).collect();
                let whole = !records.is_empty() && records.iter().all(|r| r.as_ref().is_ok_and(|r| !r.fields.is_empty()));
                let ids = || records.iter().flatten().map(|r| r.id);
                if whole && set.body.len() == set.declared && ids().any(|id| !domain.seen.contains(&id)) {
                    domain.seen.extend(ids());
                    let octets = payload.get(set.offset..set.offset + 4 + set.body.len()).unwrap_or(&[]).to_vec();
                    domain.sets.push((octets, u16::try_from(records.len()).unwrap_or(u16::MAX)));
                }
            }
        }
    }

    /// The messages: who sends each, the time of its exporter's first message, its octets.
    pub fn messages(&self) -> Vec<(Endpoint, Option<Timestamp>, Vec<u8>)> {
        self.domains.iter().flat_map(|domain| domain.messages().into_iter().map(|m| (domain.exporter, domain.time, m))).collect()
    }
}

impl Domain {
    fn messages(&self) -> Vec<Vec<u8>> {
        let mut list: Vec<(Vec<u8>, u16)> = Vec::new();
        for (set, records) in &self.sets {
            match list.last_mut().filter(|(message, _)| message.len() + set.len() <= MOST_OCTETS) {
                Some((message, count)) => {
                    message.extend_from_slice(set);
                    *count = count.saturating_add(*records);
                }
                None => list.push(([self.header.as_slice(), set].concat(), *records)),
            }
        }
        let all = u32::try_from(list.len()).unwrap_or(0);
        (0u32..).zip(list).map(|(number, (message, count))| self.finished(message, count, all - number)).collect()
    }

    /// Writes count or length and the sequence number into a message that comes `before` the first one.
    fn finished(&self, mut message: Vec<u8>, count: u16, before: u32) -> Vec<u8> {
        let (field, sequence_at, sequence) = match self.version {
            Version::V9 => (count, 12, self.sequence.wrapping_sub(before)),
            _ => (u16::try_from(message.len()).unwrap_or(u16::MAX), 8, self.sequence),
        };
        for (at, octets) in [(2, field.to_be_bytes().as_slice()), (sequence_at, sequence.to_be_bytes().as_slice())] {
            if let Some(place) = message.get_mut(at..at + octets.len()) {
                place.copy_from_slice(octets);
            }
        }
        message
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_alone_with_numbers_that_lead_up() {
        let mut v9 = vec![0, 9, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 50, 0, 0, 0, 7];
        let template = [0, 0, 0, 12, 1, 0, 0, 1, 0, 1, 0, 4];
        v9.extend(template);
        v9.extend([1, 0, 0, 8, 0, 0, 0, 9]);
        let mut foreknown = Foreknown::default();
        let exporter = Endpoint { addr: "192.0.2.1".parse().unwrap(), port: 5 };
        foreknown.learn(exporter, None, &v9);
        foreknown.learn(exporter, None, &v9);
        let mut expected = vec![0, 9, 0, 1, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 49, 0, 0, 0, 7];
        expected.extend(template);
        assert_eq!(foreknown.messages(), [(exporter, None, expected)]);
    }
}
