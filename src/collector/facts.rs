//! What options data tells about an exporter and flows need: the time of its boot.

use std::collections::HashMap;
use std::net::IpAddr;

use crate::message::FieldSpecifier;
use crate::plan::Layout;
use crate::template::DomainKey;
use crate::time::Timestamp;

/// systemInitTimeMilliseconds (RFC 5102 §5.9.7).
const SYSTEM_INIT_TIME: u16 = 160;
/// Addresses beyond which what an address told goes with a session of it.
const MOST_ADDRESSES: usize = 50_000;

/// Boot times by domain, and by address: exporters send options in another domain than data.
#[derive(Clone, Debug, Default)]
pub(super) struct Facts {
    boots: HashMap<DomainKey, Timestamp>,
    by_address: HashMap<IpAddr, Timestamp>,
    /// What an earlier run knew.
    kept: HashMap<DomainKey, Timestamp>,
    /// What a first pass has found first, for data that comes before it.
    later: Option<Box<Facts>>,
}

impl Facts {
    /// The number of the field that tells the boot, if an options template has it.
    pub(super) fn boot_field(fields: &[FieldSpecifier]) -> Option<usize> {
        fields.iter().position(|f| f.pen == 0 && f.id == SYSTEM_INIT_TIME && f.length == 8)
    }

    /// Reads the boot out of the last record of an options Set.
    pub(super) fn learn(&mut self, key: DomainKey, layout: &Layout, field: usize, body: &[u8], keep_first: bool) {
        let mut positions = Vec::new();
        let mut at = 0usize;
        while let Some(rest) = body.get(at..).filter(|r| r.len() >= layout.shortest as usize) {
            positions.clear();
            let Some(length) = layout.fields(rest, 0, &mut positions) else { break };
            let cell = positions.get(field).and_then(|(start, length)| rest.get(*start as usize..(*start + *length) as usize));
            if let Some(boot) =
                cell.and_then(|c| c.try_into().ok()).map(u64::from_be_bytes).filter(|ms| *ms != 0).and_then(Timestamp::from_millis)
            {
                if keep_first {
                    self.boots.entry(key).or_insert(boot);
                    self.by_address.entry(key.exporter.addr).or_insert(boot);
                } else {
                    self.boots.insert(key, boot);
                    self.by_address.insert(key.exporter.addr, boot);
                }
            }
            at += length as usize;
        }
    }

    /// The boot of an exporter: as this session and domain has told or is going to, else as its address has. A restarted exporter
    /// often has another port, so what the session is going to tell comes before what the address told earlier; and an exporter may have
    /// restarted since an earlier run, so what was kept of the session comes last, and serves no other session.
    pub(super) fn boot(&self, key: DomainKey) -> Option<Timestamp> {
        let later = self.later.as_deref();
        let exact = self.boots.get(&key).or_else(|| later.and_then(|l| l.boots.get(&key)));
        let addr = &key.exporter.addr;
        exact
            .or_else(|| self.by_address.get(addr))
            .or_else(|| later.and_then(|l| l.by_address.get(addr)))
            .or_else(|| self.kept.get(&key))
            .copied()
    }

    /// Forgets what a session and domain told; of its address alone where there are very many.
    pub(super) fn forget(&mut self, key: DomainKey) {
        self.boots.remove(&key);
        if self.by_address.len() > MOST_ADDRESSES {
            self.by_address.remove(&key.exporter.addr);
        }
    }

    /// Takes what an earlier run knew.
    pub(super) fn keep(&mut self, key: DomainKey, boot: Timestamp) {
        self.kept.insert(key, boot);
    }

    /// The boots that sessions have told, in this run or before.
    pub(super) fn told(&self) -> impl Iterator<Item = (DomainKey, Timestamp)> + '_ {
        let before = self.kept.iter().filter(|(key, _)| !self.boots.contains_key(key));
        self.boots.iter().chain(before).map(|(key, boot)| (*key, *boot))
    }

    /// Ends a first pass.
    pub(super) fn rewind(&mut self) {
        let kept = std::mem::take(&mut self.kept);
        let known = std::mem::take(self);
        *self = Self { kept, later: Some(Box::new(Facts { later: None, ..known })), ..Self::default() };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::datagram::Endpoint;
    use crate::message::Version;

    fn key(port: u16) -> DomainKey {
        DomainKey { exporter: Endpoint { addr: [192, 0, 2, 1].into(), port }, domain: 0, version: Version::Ipfix }
    }

    /// An options record of nothing but the boot.
    fn told(facts: &mut Facts, key: DomainKey, seconds: u64) {
        let fields = [FieldSpecifier::element(0, SYSTEM_INIT_TIME, 8)];
        facts.learn(key, &Layout::of(&fields).unwrap(), 0, &(seconds * 1_000).to_be_bytes(), false);
    }

    #[test]
    fn a_kept_boot_serves_its_session_where_this_run_tells_none() {
        let at = |seconds| Some(Timestamp::from_seconds(seconds));
        let mut facts = Facts::default();
        facts.keep(key(1), Timestamp::from_seconds(100));
        assert_eq!((facts.boot(key(1)), facts.boot(key(2))), (at(100), None));
        told(&mut facts, key(2), 300);
        facts.rewind();
        assert_eq!((facts.boot(key(1)), facts.boot(key(2))), (at(300), at(300)));
        told(&mut facts, key(1), 400);
        assert_eq!(facts.boot(key(1)), at(400));
        assert_eq!(facts.told().collect::<Vec<_>>(), [(key(1), Timestamp::from_seconds(400))]);
    }
}
