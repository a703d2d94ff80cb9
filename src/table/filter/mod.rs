//! Filters: which flows are wanted, in the language that users of nfdump and tcpdump have in their fingers.
//!
//! In: a text. Out: a [`Filter`], and once the columns are fixed a [`Selection`] that marks the rows of a batch. Nothing is made
//! text for it: addresses, numbers and times are compared as they lie in their columns.
//!
//! ```text
//! text ──▶ tokens ──▶ grammar ──▶ Filter ── bind(schema) ──▶ Selection ── select(batch) ──▶ a mark for each row
//!          (token)    (words, value: what words and values mean)           (evaluate)
//! ```
//!
//! # The language
//! Words are not case-sensitive; `#` begins a comment up to the end of its line.
//!
//! | form | meaning |
//! |---|---|
//! | `A and B`, `A or B`, `not A`, `( … )` | also `&&`, `\|\|`, `!`; `not` binds closest, then `and` |
//! | `any` | every flow |
//! | `[src\|dst] ip A`, `host A` | an address; without a side either one. `src and dst ip A`: both |
//! | `[src\|dst] net P` | a prefix: `10.0.0.0/8`, `10/8`, `10.0.0.0 255.0.0.0`, `2001:db8::/32` |
//! | `[src\|dst] port N`, `port > N`, `port N-M` | a port |
//! | `ip in [A P …]`, `port in [N N-M …]`, `… in @FILE` | one of a list; in a file one a line, `#` comments |
//! | `proto N`, `proto tcp` | the protocol |
//! | `flags SA` | a TCP flow with all these flags: `F S R P A U E C`; `X` is all of the first six |
//! | `ipv4`, `ipv6` (`inet`, `inet6`) | the family of both addresses |
//! | `in if N`, `out if N`, `if N` | an interface |
//! | `src as N`, `dst as N`, `as N` | an autonomous system |
//! | `[src\|dst] mask N`, `[src\|dst] vlan N`, `[src\|dst] mac M` | |
//! | `bytes`, `packets`, `out bytes`, `out packets` | with a comparison; `k`, `M`, `G`, `T` are powers of 1000 |
//! | `bps`, `pps`, `bpp` | bits and packets a second, octets a packet; 0 where the duration or the packets are 0 |
//! | `duration >= 2s` | `ms`, `s`, `m`, `h`, `d`; a bare number is milliseconds |
//! | `tos N`, `dscp N`, `icmp-type N`, `icmp-code N`, `direction egress` (`flowdir`) | |
//! | `next ip A`, `exporter A` (`router ip A`), `domain N`, `version N`, `template N` | `exporter` takes a prefix too |
//! | `src nat ip A`, `dst nat port N` (`xip`, `xport`) | after translation |
//! | `first before T`, `last after T`, `received before T` | `2026-11-22`, `2026-11-22T10:00`, with seconds, a fraction, `Z` or an offset; UTC otherwise |
//! | `app ~ 'REGEX'` | the name of the application |
//! | `NAME OP VALUE` | any canonical column or Information Element by any of its names; `=` `!=` `<` `<=` `>` `>=` `~` `!~` `in`; without an operator `=` |
//! | `NAME exists` | the flow has a value there |
//!
//! A test on a value that a flow does not have does not hold; its `not` does.

mod error;
mod evaluate;
mod filtered;
mod grammar;
mod ranges;
mod token;
mod value;
mod words;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use crate::element::Elements;
use crate::plan::{Schema, SchemaBuilder};

pub use error::FilterError;
pub use evaluate::Selection;
pub use filtered::Filtered;

use grammar::Expr;

/// Reads the lists that a filter names with `@`: from a name to its text, or to why it can't be read.
pub type ReadList<'a> = &'a dyn Fn(&str) -> Result<String, String>;

/// A filter that makes sense: all its names are known, and its values fit their columns.
#[derive(Clone, Debug)]
pub struct Filter {
    expr: Expr,
}

impl Filter {
    /// Reads a filter.
    ///
    /// # Errors
    /// The text is no filter: the error says where, and what was expected there.
    pub fn parse(text: &str, elements: &Arc<Elements>, read_list: ReadList<'_>) -> Result<Self, FilterError> {
        Ok(Self { expr: grammar::parse(text, elements, read_list)? })
    }

    /// Adds the columns that the filter looks at; those that nobody asked for stay hidden from sinks.
    pub fn add_columns(&self, builder: &mut SchemaBuilder) {
        self.expr.for_each_column(&mut |column| column.add_to(builder));
    }

    /// Ties the filter to the columns of batches of that schema, which [`Filter::add_columns`] took part in.
    pub fn bind(&self, schema: &Schema) -> Selection {
        Selection::new(&self.expr, schema)
    }
}
