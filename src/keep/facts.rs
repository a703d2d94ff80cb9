//! What options data told of an exporter, in the file: its boot, names and rates.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::collector::KeptFacts;
use crate::column::{Directory, Named, Rate, Sampled};

use super::lists::Entry;
use super::session::{Session, Time, Version};

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields, expecting = "what an exporter told")]
pub(super) struct FactsEntry {
    exporter: IpAddr,
    port: u16,
    version: Version,
    domain: u32,
    #[serde(deserialize_with = "Option::deserialize")]
    boot: Option<Time>,
    names: Vec<NameEntry>,
    rates: Vec<RateEntry>,
}

#[derive(Deserialize, Serialize)]
#[serde(tag = "of", rename_all = "snake_case", deny_unknown_fields)]
enum NameEntry {
    Interface { id: u64, name: String },
    Vrf { id: u64, name: String },
    Application { engine: u8, id: u64, name: String },
}

#[derive(Deserialize, Serialize)]
#[serde(tag = "of", rename_all = "snake_case", deny_unknown_fields)]
enum RateEntry {
    All { taken: u64, passed: u64 },
    Sampler { id: u64, taken: u64, passed: u64 },
    Interface { id: u64, taken: u64, passed: u64 },
    LineCard { id: u64, taken: u64, passed: u64 },
    Template { id: u64, taken: u64, passed: u64 },
}

impl FactsEntry {
    pub(super) fn of(facts: &KeptFacts) -> Self {
        let Session { exporter, port, version, domain } = Session::of(&facts.key);
        let mut names: Vec<(Named, &str)> = facts.directory.names().collect();
        let mut rates: Vec<(Sampled, Rate)> = facts.directory.rates().collect();
        names.sort_unstable();
        rates.sort_unstable();
        Self {
            exporter,
            port,
            version,
            domain,
            boot: facts.boot.map(Time),
            names: names.into_iter().map(|(what, name)| NameEntry::of(what, name.to_owned())).collect(),
            rates: rates.into_iter().map(|(what, rate)| RateEntry::of(what, rate)).collect(),
        }
    }

    fn session(&self) -> Session {
        Session { exporter: self.exporter, port: self.port, version: self.version, domain: self.domain }
    }
}

impl Entry for FactsEntry {
    type Meaning = KeptFacts;
    type Key = Session;

    fn key(&self) -> Session {
        self.session()
    }

    fn name(&self) -> String {
        format!("exporter {}", self.session())
    }

    fn meaning(self) -> Result<KeptFacts, String> {
        let key = self.session().key()?;
        let mut directory = Directory::default();
        for entry in self.names {
            let (what, name) = entry.meaning();
            directory.name(what, &name);
        }
        for entry in self.rates {
            let (what, taken, passed) = entry.parts();
            let rate = Rate::new(taken, passed).ok_or_else(|| format!("{taken} of {passed} packets is no sampling rate"))?;
            directory.rate(what, rate);
        }
        Ok(KeptFacts { key, boot: self.boot.map(|t| t.0), directory })
    }
}

impl NameEntry {
    fn of(what: Named, name: String) -> Self {
        match what {
            Named::Interface(id) => Self::Interface { id, name },
            Named::Vrf(id) => Self::Vrf { id, name },
            Named::Application(engine, id) => Self::Application { engine, id, name },
        }
    }

    fn meaning(self) -> (Named, String) {
        match self {
            Self::Interface { id, name } => (Named::Interface(id), name),
            Self::Vrf { id, name } => (Named::Vrf(id), name),
            Self::Application { engine, id, name } => (Named::Application(engine, id), name),
        }
    }
}

impl RateEntry {
    fn of(what: Sampled, rate: Rate) -> Self {
        let (taken, passed) = rate.taken_of();
        match what {
            Sampled::All => Self::All { taken, passed },
            Sampled::Sampler(id) => Self::Sampler { id, taken, passed },
            Sampled::Interface(id) => Self::Interface { id, taken, passed },
            Sampled::LineCard(id) => Self::LineCard { id, taken, passed },
            Sampled::Template(id) => Self::Template { id, taken, passed },
        }
    }

    fn parts(self) -> (Sampled, u64, u64) {
        match self {
            Self::All { taken, passed } => (Sampled::All, taken, passed),
            Self::Sampler { id, taken, passed } => (Sampled::Sampler(id), taken, passed),
            Self::Interface { id, taken, passed } => (Sampled::Interface(id), taken, passed),
            Self::LineCard { id, taken, passed } => (Sampled::LineCard(id), taken, passed),
            Self::Template { id, taken, passed } => (Sampled::Template(id), taken, passed),
        }
    }
}
