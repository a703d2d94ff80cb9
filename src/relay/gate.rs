//! Lets in what a flow source takes, and counts what it does not: exporters that are not allowed, versions that are no type of it.

use std::collections::HashSet;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError, RwLock};

use crate::collector::Admission;
use crate::datagram::DatagramBatch;

/// Refused addresses that are told apart.
const MOST_REFUSED: usize = 1_000;

/// Stands before everything else that is done with a flow source's datagrams.
#[derive(Debug, Default)]
pub struct Gate {
    admission: RwLock<Admission>,
    /// Datagrams kept out.
    pub refused: AtomicU64,
    addresses: Mutex<HashSet<IpAddr>>,
}

impl Gate {
    /// Lets in what these rules let in.
    pub fn new(admission: Admission) -> Self {
        Self { admission: RwLock::new(admission), ..Self::default() }
    }

    /// Other rules from now on; the counts stay.
    pub fn change(&self, admission: Admission) {
        *self.admission.write().unwrap_or_else(PoisonError::into_inner) = admission;
    }

    /// Takes the datagrams out that may not pass; their octets stay where they are and are looked at by nobody. Says which addresses were
    /// refused for the first time.
    pub fn pass(&self, batch: &mut DatagramBatch) -> Vec<IpAddr> {
        let admission = self.admission.read().unwrap_or_else(PoisonError::into_inner);
        let mut refused = Vec::new();
        if admission.rules.is_empty() {
            return refused;
        }
        let mut datagrams = std::mem::take(&mut batch.datagrams);
        datagrams.retain(|d| {
            let passes = admission.lets(d, batch.payload(d));
            if !passes {
                refused.push(d.exporter.addr);
            }
            passes
        });
        batch.datagrams = datagrams;
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
    use crate::collector::Rule;
    use crate::message::Version;

    fn only(networks: &[&str], versions: Option<Vec<Version>>) -> Admission {
        Admission { rules: vec![Rule { port: None, exporters: networks.iter().map(|n| n.parse().unwrap()).collect(), versions }] }
    }

    #[test]
    fn others_are_counted() {
        let gate = Gate::new(only(&["192.0.2.0/24", "2001:db8::/32"], None));
        let passed = |from: &str| {
            let mut batch = DatagramBatch::clone(&batch(from, &[b"\0\x05a", b"\0\x09b"]));
            gate.pass(&mut batch);
            batch.datagrams.len()
        };
        for (from, passes) in [("192.0.2.200", 2), ("198.51.100.1", 0), ("2001:db8::1", 2), ("198.51.100.1", 0), ("::1", 0)] {
            assert_eq!(passed(from), passes, "{from}");
        }
        assert_eq!((gate.refused.load(Ordering::Relaxed), gate.addresses()), (6, 2));
        gate.change(only(&[], Some(vec![Version::V9])));
        assert_eq!(passed("::1"), 1);
        gate.change(Admission::default());
        assert_eq!((passed("::1"), gate.refused.load(Ordering::Relaxed)), (2, 7));
    }
}
