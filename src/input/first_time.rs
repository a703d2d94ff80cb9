//! When an input begins: a look at its first frames or messages, so that several inputs can be read in the order of time.

use super::error::InputError;
use super::opened::Input;
use super::options::{InputOptions, Location};
use crate::time::Timestamp;

/// Octets read at once: a look, no pass.
const CHUNK: usize = 64 << 10;
/// Octets after which the look ends: a capture may begin with a large block that is no frame.
const MOST: u64 = 1 << 20;

/// The earliest time near the beginning of an input: of a frame, or of a message's export in a flow log. `None` if none is told there.
///
/// # Errors
/// It can't be opened, or is neither a capture nor a flow log.
pub fn first_time(location: &Location, options: &InputOptions) -> Result<Option<Timestamp>, InputError> {
    let options = InputOptions { progress: None, chunk_octets: CHUNK, ..options.clone() };
    Input::open(location, 0, &options)?.look(MOST)
}
