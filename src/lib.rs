//! Reads NetFlow Data Export out of captures and decodes NetFlow v1, v5, v7, v9 and IPFIX, column by column.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::cast_possible_truncation))]

pub mod time;

pub mod datagram;

pub mod element;

pub mod input;

pub mod message;

pub mod template;

pub mod plan;

pub mod column;

pub mod collector;

pub mod table;

pub mod summary;

pub mod write;

pub mod report;

pub mod cli;
