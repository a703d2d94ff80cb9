//! In: the octets of Data Sets and the plans to read them by. Out: a [`FlowBatch`]: typed columns with nulls, and the runs of
//! rows that one Set filled.
//! May use: `time`, `datagram`, `element` (names of semantics), `message`, `plan`.

mod batch;
mod convert;
mod decode;
mod directory;
mod gather;
mod join;
mod list;
mod validity;
mod values;
mod variable;

pub use batch::{Context, FlowBatch, Run};
pub use convert::{float as float_of, text as text_of, unsigned as unsigned_of};
pub use directory::{Beside, Directory, Known, Named, Rate, Sampled};
pub use list::{FindTemplate, ListFault, check_list};
pub use validity::Validity;
pub use values::{Column, Octets, Values};
