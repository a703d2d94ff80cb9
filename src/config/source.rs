//! Flow sources and collectors, with all their values and where each comes from.

use std::fmt;
use std::ops::Deref;
use std::path::PathBuf;

use ipnet::IpNet;

use super::address::{Destination, Host};
use super::keep::{Export, Record};
use crate::message::Version;
use crate::plan::nearest;

/// Everything that is configured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// The file it is from, as it is named in messages; `None` where there is none.
    pub file: Option<String>,
    /// The flow sources in the order of the file; at least one.
    pub sources: Vec<FlowSource>,
    /// The collectors in the order of the file.
    pub collectors: Vec<Collector>,
}

/// A collector that flows are meant for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Collector {
    /// Its name.
    pub name: String,
    /// Where it is.
    pub address: Option<Host>,
    /// What it asks of templates: a built-in profile, or the path of a TOML file (from the folder of the configuration file).
    pub profile: Setting<String>,
}

/// A value, and where it comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting<T> {
    /// The value.
    pub value: T,
    /// Where it comes from.
    pub from: WhereFrom,
}

impl<T> Deref for Setting<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WhereFrom {
    /// It stands with the flow source itself.
    Own,
    /// It stands with that flow source, which this one is built from.
    Source(String),
    /// It stands nowhere.
    Default,
}

impl fmt::Display for WhereFrom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Own => f.write_str("own"),
            Self::Source(name) => write!(f, "from {name}"),
            Self::Default => f.write_str("default"),
        }
    }
}

/// A flow source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FlowSource {
    /// Its name.
    pub name: String,
    /// The flow source that it is built from.
    pub from: Option<String>,
    /// The collector that its flows are meant for, by name.
    pub target_collector: Setting<Option<String>>,
    /// The versions of NDE that it takes.
    pub types: Setting<Types>,
    /// Whether traffic and its answers may pass different exporters.
    pub asymmetric: Setting<bool>,
    /// Where it listens.
    pub monitoring_interface: Setting<Interface>,
    /// A capture, a flow log, a folder or a pattern, with the folder of the configuration file before it.
    pub source_file_path: Setting<Option<PathBuf>>,
    /// The UDP port that it listens on; no other source has it.
    pub monitoring_port: Setting<u16>,
    /// Where its datagrams are sent on to.
    pub forwarding: Forwarding,
    /// The exporters that are listened to; all where it is empty.
    pub allow: Setting<Vec<IpNet>>,
    /// Keeps datagrams as received.
    pub record: Setting<Option<Record>>,
    /// Writes flows into files.
    pub export: Setting<Option<Export>>,
}

/// Sends datagrams on, unchanged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Forwarding {
    /// Whether it does.
    pub enabled: Setting<bool>,
    /// The port of destinations that name none.
    pub port: Setting<u16>,
    /// Where to; the target collector where it is empty. [`Config::destinations`] has put that together.
    pub destinations: Setting<Vec<Destination>>,
    /// Whether the exporter's address is kept as the sender's.
    pub spoof: Setting<bool>,
}

/// Where a flow source listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Interface {
    /// On all of them.
    Any,
    /// On this device.
    Device(String),
}

impl fmt::Display for Interface {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("any"),
            Self::Device(name) => f.write_str(name),
        }
    }
}

/// The versions of NDE that a flow source takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Types(Vec<Version>);

impl Types {
    /// All of them, by their names in a configuration.
    pub(super) const NAMES: [(&str, Version); 5] =
        [("v1", Version::V1), ("v5", Version::V5), ("v7", Version::V7), ("v9", Version::V9), ("ipfix", Version::Ipfix)];

    /// NetFlow: v1, v5, v7, v9 and IPFIX.
    pub fn netflow() -> Self {
        Self(Self::NAMES.iter().map(|(_, version)| *version).collect())
    }

    /// Only these.
    pub fn only(mut versions: Vec<Version>) -> Self {
        versions.sort();
        versions.dedup();
        Self(versions)
    }

    /// Whether a version is taken.
    pub fn takes(&self, version: Version) -> bool {
        self.0.contains(&version)
    }

    /// The versions that are taken, if not all are.
    pub fn restricted(&self) -> Option<&[Version]> {
        (self.0.len() < Self::NAMES.len()).then_some(&self.0)
    }

    /// Their names in a configuration; `netflow` alone where it is all of them.
    pub fn names(&self) -> Vec<&'static str> {
        match self.restricted() {
            None => vec!["netflow"],
            Some(versions) => Self::NAMES.iter().filter(|(_, v)| versions.contains(v)).map(|(name, _)| *name).collect(),
        }
    }
}

impl fmt::Display for Types {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.names().join(", "))
    }
}

impl Config {
    /// The flow source of a name.
    pub fn source(&self, name: &str) -> Option<&FlowSource> {
        self.sources.iter().find(|source| source.name == name)
    }

    /// What to say where no flow source has a name.
    pub fn no_source(&self, name: &str) -> String {
        let names = || self.sources.iter().map(|s| s.name.as_str());
        let near = nearest(name, names()).map(|n| format!("did you mean '{n}'? ")).unwrap_or_default();
        let all = names().collect::<Vec<_>>().join(", ");
        match &self.file {
            Some(file) => format!("no flow source is called '{name}' in {file}; {near}there are {all}"),
            None => format!("no flow source is called '{name}', and there is no configuration file; {near}there is {all}"),
        }
    }

    /// The collector of a name.
    pub fn collector(&self, name: &str) -> Option<&Collector> {
        self.collectors.iter().find(|collector| collector.name == name)
    }

    /// The collector that a source's flows are meant for.
    pub fn target(&self, source: &FlowSource) -> Option<&Collector> {
        self.collector(source.target_collector.as_deref()?)
    }

    /// Where a source's datagrams are sent on to, with their ports; nowhere if its forwarding is not enabled. A source without
    /// destinations of its own forwards to its target collector.
    pub fn destinations(&self, source: &FlowSource) -> Vec<(Host, u16)> {
        let forwarding = &source.forwarding;
        if !*forwarding.enabled {
            return Vec::new();
        }
        let port = *forwarding.port;
        let own = forwarding.destinations.iter().map(|d| (d.host.clone(), d.port.unwrap_or(port)));
        let target = self.target(source).and_then(|c| c.address.clone()).filter(|_| forwarding.destinations.is_empty());
        own.chain(target.map(|host| (host, port))).collect()
    }
}
