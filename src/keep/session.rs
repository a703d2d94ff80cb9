//! What templates and facts have in common: who sent them, and times.

use std::fmt;
use std::net::IpAddr;

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::datagram::Endpoint;
use crate::message;
use crate::template::DomainKey;
use crate::time::Timestamp;

/// The versions that have templates.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Hash, Serialize)]
pub(super) enum Version {
    #[serde(rename = "v9")]
    V9,
    #[serde(rename = "IPFIX")]
    Ipfix,
}

/// A session and domain, in the words of the file.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Session {
    pub(super) exporter: IpAddr,
    pub(super) port: u16,
    pub(super) version: Version,
    pub(super) domain: u32,
}

impl Session {
    pub(super) fn of(key: &DomainKey) -> Self {
        let version = if key.version == message::Version::V9 { Version::V9 } else { Version::Ipfix };
        Self { exporter: key.exporter.addr, port: key.exporter.port, version, domain: key.domain }
    }

    pub(super) fn key(self) -> Result<DomainKey, String> {
        let Self { exporter, port, version, domain } = self;
        if exporter.is_unspecified() {
            return Err(format!("{exporter} is nobody's address"));
        }
        let version = match version {
            Version::V9 => message::Version::V9,
            Version::Ipfix => message::Version::Ipfix,
        };
        Ok(DomainKey { exporter: Endpoint { addr: exporter, port }, domain, version })
    }
}

impl fmt::Display for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let version = if self.version == Version::V9 { "v9" } else { "IPFIX" };
        write!(f, "{} {version} domain {}", Endpoint { addr: self.exporter, port: self.port }, self.domain)
    }
}

/// A time as ISO 8601.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Time(pub(super) Timestamp);

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let wrong = || D::Error::custom(format!("'{text}' is no time as 2026-11-22T20:49:11.126Z"));
        Timestamp::from_iso(&text).map(Self).ok_or_else(wrong)
    }
}
