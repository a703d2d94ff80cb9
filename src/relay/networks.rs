//! Which exporters are allowed: networks, and a gate that counts who is kept out.

use std::collections::HashSet;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use ipnet::IpNet;

use crate::datagram::DatagramBatch;

/// Refused addresses that are told apart.
const MOST_REFUSED: usize = 1_000;

/// A list of networks; an empty one has everybody in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Networks(Vec<IpNet>);

impl Networks {
    /// These networks.
    pub fn new(networks: Vec<IpNet>) -> Self {
        Self(networks)
    }

    /// True if the address is in one of them.
    pub fn has(&self, addr: IpAddr) -> bool {
        self.0.is_empty() || self.0.iter().any(|n| n.contains(&addr))
    }

    /// True if everybody is in.
    pub fn is_everybody(&self) -> bool {
        self.0.is_empty()
    }
}

/// Lets datagrams of some exporters through.
#[derive(Debug, Default)]
pub struct Gate {
    networks: Networks,
    /// Datagrams kept out.
    pub refused: AtomicU64,
    addresses: Mutex<HashSet<IpAddr>>,
}

impl Gate {
    /// For the exporters of these networks.
    pub fn new(networks: Networks) -> Self {
        Self { networks, ..Self::default() }
    }

    /// Takes the datagrams out that may not pass; their octets stay where they are and are looked at by nobody. Says which addresses were refused for
    /// the first time.
    pub fn pass(&self, batch: &mut DatagramBatch) -> Vec<IpAddr> {
        if self.networks.is_everybody() {
            return Vec::new();
        }
        let mut refused = Vec::new();
        batch.datagrams.retain(|d| {
            let passes = self.networks.has(d.exporter.addr);
            if !passes {
                refused.push(d.exporter.addr);
            }
            passes
        });
        if refused.is_empty() {
            return refused;
        }
        self.refused.fetch_add(refused.len() as u64, Ordering::Relaxed);
        let mut known = self.addresses.lock().unwrap_or_else(PoisonError::into_inner);
        refused.retain(|addr| known.len() < MOST_REFUSED && known.insert(*addr));
        refused
    }

    /// Addresses refused so far; a thousand at most are told apart.
    pub fn addresses(&self) -> usize {
        self.addresses.lock().unwrap_or_else(PoisonError::into_inner).len()
    }
}

#[cfg(test)]
mod tests {
    use super::super::queue::tests::batch;
    use super::*;

    #[test]
    fn others_are_counted() {
        let gate = Gate::new(Networks::new(vec!["192.0.2.0/24".parse().unwrap(), "2001:db8::/32".parse().unwrap()]));
        for (from, passes) in [("192.0.2.200", 2), ("198.51.100.1", 0), ("2001:db8::1", 2), ("198.51.100.1", 0), ("::1", 0)] {
            let mut batch = DatagramBatch::clone(&batch(from, &[b"a", b"b"]));
            gate.pass(&mut batch);
            assert_eq!(batch.datagrams.len(), passes, "{from}");
        }
        assert_eq!((gate.refused.load(Ordering::Relaxed), gate.addresses()), (6, 2));
        assert!(Networks::default().has("203.0.113.7".parse().unwrap()));
    }
}
