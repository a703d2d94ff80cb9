//! Tests of the whole program: one binary, since each links the table library.
//!
//! | module | holds |
//! |---|---|
//! | [`captures`] | every capture of `testdata/` against figures and flows of other decoders |
//! | [`corpus`] | the same for a larger collection, where `IPFIX_INSPECT_CORPUS` names one |
//! | [`problems`] | every problem of that collection, explained, and every element of it, named |
//! | [`explained`] | where the figures of that collection are not the last word |
//! | [`first_flows`] | its flows, field by field, by the octets on the wire |
//! | [`flow_logs`] | messages without packets around them, folders, several files |
//! | [`nfcapd`] | the flow files of that collection against nfdump's own CSV |
//! | [`nfdump_versions`] | flow files of several versions of nfdump against what those show |
//! | [`flow_tools`] | flow files of flow-tools, by the octets that were written and by its own CSV |
//! | [`referee`] | tshark's decoding of today against ours |
//! | [`hostile`] | cut and damaged input |
//! | [`malformed`] | octets that contradict themselves, and what is whole around them |
//! | [`conversations`] | flows of both directions paired: by us, by softflowd itself, by nfdump |
//! | [`options`] | options data as tables, joined with flows, sampling |
//! | [`build`] | messages made for a test, and the answers to them |
//! | [`clauses`] | which element feeds which column: counters, times, directions, names |
//! | [`events`] | NAT and firewall events |
//! | [`quirks`] | what exporters do against the standard |
//! | [`sampling`] | rates in every form, names of interfaces in records |
//! | [`audit`] | every kind of finding, the forms of the report |
//! | [`verdicts`] | what every profile says of every real template |
//! | [`template_changes`] | the history of templates, and what differs between them |
//! | [`export`] | what is exported, read by DuckDB and pyarrow |
//! | [`filters`] | filters against nfdump's |
//! | [`dataset`] | flows that were exported, read again |
//! | [`damaged_columns`] | such files with octets that lie |
//! | [`query`] | SQL: ten questions of a day, and DuckDB's answers to the same SQL |
//! | [`display`] | time zone, units and titles of tables |
//! | [`summaries`] | first groups against nfdump's, networks and intervals against Python's |
//! | [`ledger`] | every octet of every payload has one class |
//! | [`same_decoder`] | a capture read gives the rows of the same datagrams over loopback |
//! | [`listen`] | `listen` at work: summaries, forwarding, recording, signals, metrics |
//! | [`live_exporters`] | softflowd, pmacctd and fprobe before `listen`, nfcapd behind it |
//! | [`live_flood`] | `listen` under a flood of forged sources |
//! | [`live_view`] | `listen --tui` in a terminal |
//! | [`live`] | a running `listen`, and datagrams for it |
//! | [`kept`] | templates kept from run to run, rules of scope, patterns of names |
//! | [`structured`] | lists, and elements that exporters and users describe |
//! | [`sources`] | the configuration, flow sources in place of files |
//! | [`replay`] | datagrams sent again, as sockets, nfcapd and tshark receive them |
//! | [`cli`] | exit codes, streams, files, the README's commands |

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::cast_possible_truncation)]

mod audit;
mod build;
mod captures;
mod clauses;
mod cli;
mod conversations;
mod corpus;
mod damaged_columns;
mod dataset;
mod display;
mod events;
mod explained;
mod export;
mod exported_again;
mod filters;
mod first_flows;
mod flow_logs;
mod flow_tools;
mod hostile;
mod kept;
mod ledger;
mod listen;
mod live;
mod live_exporters;
mod live_flood;
mod live_view;
mod malformed;
mod nfcapd;
mod nfdump_versions;
mod options;
mod problems;
mod query;
mod quirks;
mod referee;
mod replay;
mod same_decoder;
mod sampling;
mod sources;
mod structured;
mod summaries;
mod support;
mod template_changes;
mod verdicts;
mod wire;
