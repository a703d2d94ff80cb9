//! Flows as Apache Arrow: the file form of its IPC format, and its stream form for pipes.
//!
//! | kind | Arrow |
//! |---|---|
//! | unsigned integers | UInt8, UInt16, UInt32, UInt64 |
//! | signed integers, floats, booleans | Int64, Float64, Boolean |
//! | times | Timestamp in UTC, in microseconds unless asked otherwise (see [`TimeUnit`](super::TimeUnit)) |
//! | addresses | Utf8, or Binary of 4 or 16 octets |
//! | MAC addresses, octets, text, lists | Utf8 |

mod arrays;
mod files;

pub use arrays::{array, arrow_type, context_array};
pub use files::{ArrowFile, ArrowFiles};
