//! In: the numbers or the name of an Information Element, or a value of one; a user's list of elements.
//! Out: [`Element`]s (name, column, type, units, vendor), and the names of values; read from the data files of this folder.
//! Uses: nothing of the crate; `csv` for its own files and users', `roxmltree` for users'.

mod data_type;
mod definition;
mod embedded;
mod names;
mod overlay;
mod registry;
mod search;
mod user_file;
mod v9;
pub mod values;

#[cfg(test)]
mod tests;

pub use data_type::{DataType, UnknownDataType};
pub use definition::{Element, ElementId, Status, column_name};
pub use names::{by_name, may_be_vendors};
pub use overlay::{Description, Elements, Told, TypeRecord};
pub use registry::{element, vendor};
pub use search::search;
pub use user_file::{UserFileError, read_elements};
pub use v9::{v9_element, v9_name};
pub use values::v9_scope_name;
