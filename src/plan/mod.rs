//! In: a template, or a fixed record layout, and the schema of the columns that are wanted.
//! Out: a [`RecordPlan`]: where each field lies, how it is converted, which column it feeds; worked out once, shared by all threads.
//! May use: `time`, `datagram` (layouts of stored records), `element`, `message`, `template`.
#![deny(clippy::indexing_slicing, clippy::cast_possible_truncation)]
#![cfg_attr(test, allow(clippy::indexing_slicing, clippy::cast_possible_truncation))]

mod canonical;
mod compile;
mod extent;
mod fixed;
mod gather;
mod joins;
mod list;
mod origin;
mod schema;
mod steps;

pub use canonical::Canonical;
pub use compile::{compile, element_columns, fed_columns, field_columns, joined_columns, record_schema};
pub use extent::{Extent, Layout};
pub use fixed::fixed_template;
pub use gather::{Gather, Move, compile_stored, stored_template};
pub use list::{ListForm, ListTemplates, SubField, SubTemplate};
pub use origin::{column_elements, column_unit};
pub use schema::{ColumnSpec, Kind, Schema, SchemaBuilder, Source, UnknownColumn, is_unlisted, nearest, repeated};
pub use steps::{Cell, Convert, IcmpSource, JoinStep, NameOf, OwnRate, RecordPlan, SamplingSources, Step, TimeForm};
