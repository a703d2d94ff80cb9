//! Tests of the whole program: one binary, since each links the table library.
//!
//! | module | holds |
//! |---|---|
//! | [`captures`] | every capture of `testdata/` against figures and flows of other decoders |
//! | [`corpus`] | the same for a larger collection, where `IPFIX_INSPECT_CORPUS` names one |
//! | [`explained`] | where the figures of that collection are not the last word |
//! | [`first_flows`] | its flows, field by field, by the octets on the wire |
//! | [`flow_logs`] | messages without packets around them, folders, several files |
//! | [`nfcapd`] | the flow files of that collection against nfdump's own CSV |
//! | [`referee`] | tshark's decoding of today against ours |
//! | [`hostile`] | cut and damaged input |
//! | [`options`] | options data as tables, joined with flows, sampling |
//! | [`kept`] | templates kept from run to run, rules of scope, patterns of names |
//! | [`structured`] | lists, and elements that exporters and users describe |
//! | [`cli`] | exit codes, streams, files, the README's commands |

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::cast_possible_truncation)]

mod captures;
mod cli;
mod corpus;
mod explained;
mod first_flows;
mod flow_logs;
mod hostile;
mod kept;
mod nfcapd;
mod options;
mod referee;
mod structured;
mod support;
mod wire;
