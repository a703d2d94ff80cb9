//! What outlives a run, as plain values: the templates valid at its end, and what options data told that decoding needs.

use thiserror::Error;

use crate::column::Directory;
use crate::element::Description;
use crate::template::{DomainKey, KeptTemplate, Refusal};
use crate::time::Timestamp;

/// What one run knows at its end, for the next to begin with: see [`Collector::kept`](super::Collector::kept).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Kept {
    /// Templates, by session, domain and id.
    pub templates: Vec<KeptTemplate>,
    /// What options data told, by session and domain.
    pub facts: Vec<KeptFacts>,
    /// Elements that exporters described (RFC 5610), by number.
    pub elements: Vec<Description>,
}

/// What the options data of one session and domain told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptFacts {
    /// The session and domain.
    pub key: DomainKey,
    /// systemInitTimeMilliseconds (160): flows with up-time stamps (21, 22) have no absolute time without it.
    pub boot: Option<Timestamp>,
    /// Names of interfaces, VRFs and applications; sampling rates.
    pub directory: Directory,
}

/// Why a run can't begin with what an earlier one kept: see [`Collector::keep`](super::Collector::keep).
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum KeepError {
    /// A template that this run's bounds refuse.
    #[error("template {id} of {} {} domain {}: {}", key.exporter, key.version, key.domain, reason(*refusal))]
    Template {
        /// Its id.
        id: u16,
        /// Its session and domain.
        key: DomainKey,
        /// Why.
        refusal: Refusal,
    },
    /// More elements than exporters may describe.
    #[error("it has more elements than the limit")]
    Elements,
}

fn reason(refusal: Refusal) -> &'static str {
    match refusal {
        Refusal::EmptyRecord => "its records could be empty",
        Refusal::TooManyFields => "it has more fields than the limit",
        Refusal::TooManyDefinitions => "there are more templates than the limit",
        Refusal::TooManyDomains => "there are more exporters than the limit",
    }
}
