//! Reads NetFlow Data Export (NDE) out of captures, decodes NetFlow v1, v5, v7, v9 and IPFIX column by column, and says who
//! exports, what is in the templates, what was lost and what the flows are.
//!
//! The modules stand in the order in which a datagram passes through them; each uses only those before it.
//!
//! ```text
//!  input ──▶ message ──▶ template ──▶ plan ──▶ column ──▶ sinks
//!  octets    v1 v5 v7    what each    offsets   typed      table: polars
//!  to data-  v9 IPFIX:   domain has   and con-  columns    summary: sums, templates
//!  grams     Sets        told, with   versions, of some    write: CSV, ndjson, files
//!            borrowed    history      once per  10,000     report: text, JSON
//!                                     template  flows
//!            └──────────── collector: one thread walks, workers decode ────────────┘
//! ```
//!
//! `listen` brings datagrams from sockets in place of files. `config` says which flow sources there are; `relay` is what is done with
//! datagrams beside decoding: sent on, kept, counted for whoever watches; `replay` sends those of a capture.
//! `query` asks flows and counts with SQL. What one run knows at its end, templates above all, goes through `keep` to the next.
//! Flows that were exported come back as they were: `dataset` reads them into batches, behind the collector. Flow files of nfcapd and
//! flow-tools hold flows and no messages: `nfcapd` and `flow_tools` read them for `input`, and they join the way
//! at `plan`.
//!
//! The two contracts between the parts are [`datagram::DatagramBatch`], from inputs to the collector, and
//! [`collector::Digest`] with [`collector::Sink`], from the collector to everything that follows.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::cast_possible_truncation))]

pub mod time;

pub mod recency;

pub mod datagram;

pub mod element;

pub mod nfcapd;

pub mod flow_tools;

pub mod input;

pub mod message;

pub mod template;

pub mod plan;

pub mod column;

pub mod collector;

pub mod write;

pub mod dataset;

pub mod table;

pub mod audit;

pub mod config;

pub mod summary;

pub mod query;

pub mod report;

pub mod keep;

pub mod relay;

pub mod replay;

pub mod cli;
