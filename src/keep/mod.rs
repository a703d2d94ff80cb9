//! In: what a run knows at its end ([`Kept`](crate::collector::Kept)), or the file that an earlier run wrote. Out: that file's text, or
//! what it says.
//! So a capture that was taken between two refreshes of the templates can be decoded with those of an earlier one.
//! May use: `time`, `datagram`, `element`, `message`, `template`, `column`, `collector`, `summary`, `report`; serde and serde_json for the
//! file.
//!
//! # The file: `ipfix-inspect/template-store/1`
//! One JSON object. A key that is not listed here, one that is missing and a value of another kind are errors, except where it says
//! otherwise; a change of meaning or a new key makes another schema. Times are ISO 8601 in UTC with up to 9 digits of fraction.
//! - `schema`: `ipfix-inspect/template-store/1`
//! - `templates`: the templates valid at the end of the run, by exporter, port, domain, version and id; withdrawn ones and those of flow
//!   logs are left out
//!   - `exporter`: the address that sent it; `port`: its port; `version`: `v9` or `IPFIX`; `domain`: Observation Domain or Source ID
//!   - `id`: 256 to 65535, once for an exporter, port, version and domain
//!   - `kind`: `data` or `options`
//!   - `first_seen`, `last_seen`: its first and last arrival; `times_sent`: arrivals in all; over all runs that kept it
//!   - `fields`, in wire order, scope fields first (as many as they are is the scope count); at least one of more than 0 octets
//!     - `pen`: the private enterprise number; 0 for IANA's elements and in v9
//!     - `id`: the Information Element, to 32767 in IPFIX; the v9 field type; of a scope field in v9 the scope type
//!     - `length`: octets, or `"variable"` where each value brings its own length
//!     - `scope`: true for a scope field, which only options templates have
//!     - `name`: for people alone, may be missing, is not read
//! - `exporters`: what options data told that decoding needs, by exporter, port, domain and version, which each has as a template has them
//!   - `boot`: systemInitTimeMilliseconds (160), or null
//!   - `names`: `of` `interface` or `vrf` with `id`, `of` `application` with `engine` and `id` (RFC 6759 §4); each with `name`
//!   - `rates`: `of` `all` (every flow of the domain), `sampler`, `interface`, `line_card` or `template`, the latter four with `id`; packets
//!     `taken` of those that `passed`
//! - `elements`: Information Elements that exporters described (RFC 5610): `pen`, `id`, `name`, `type` (the abstract data type, or null),
//!   `semantics`, `units`, `description`, empty where nothing is said
//!
//! The file is written at the end of a run, also after an interrupt, and says what was read until then: `flows --limit` may end before a
//! template comes. It is not written where no input could be read, and not where `--strict` found damage.
//!
//! # What it means to the next run
//! - A kept template is valid from the first message on, as if its session had sent it before; the rules of `--template-scope` hold for it.
//!   So it reads data whose exporter has another port now. What was announced last before the data is valid (RFC 7011 §8): a kept template
//!   reads what comes before the session sends other content under its id, also where a first pass knows that it will.
//! - It does not count as sent in the capture.
//! - Names, rates and boots are used where the capture itself tells none. A boot serves its own session alone, since an exporter that comes
//!   with another port has often restarted. One that restarts and keeps its port gets wrong absolute times until it tells its boot.
//! - An exporter that was set up anew since then may send other records under an old id: drop its templates from the file, or the file.

mod element;
mod facts;
mod lists;
mod session;
mod template;
mod text;

#[cfg(test)]
mod tests;

pub use text::{StoreError, may_replace, read_store, store_text};
