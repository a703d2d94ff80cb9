//! Reads the data files that the program carries.

use csv::{ReaderBuilder, StringRecord};
use serde::Deserialize;

use super::DataType;

/// The rows of an embedded file, in its order.
///
/// Their text stays for the program's life, as the tables made of it do: each file is read once, on first use. A row that does
/// not fit its type is left out; the tests count the rows of every file.
pub(super) fn rows<T: Deserialize<'static>>(text: &'static str) -> Vec<T> {
    let mut reader = ReaderBuilder::new().from_reader(text.as_bytes());
    let Ok(headers) = reader.headers().cloned() else {
        return Vec::new();
    };
    let headers: &'static StringRecord = Box::leak(Box::new(headers));
    let records: &'static [StringRecord] = Vec::leak(reader.into_records().filter_map(Result::ok).collect());
    records.iter().filter_map(|record| record.deserialize(Some(headers)).ok()).collect()
}

/// A data type by name; `None` where the file leaves it empty.
pub(super) fn data_type(name: &str) -> Option<DataType> {
    name.parse().ok()
}

/// `None` where the file leaves a text empty.
pub(super) fn stated(text: &'static str) -> Option<&'static str> {
    (!text.is_empty()).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Deserialize, Debug, PartialEq)]
    struct Row {
        id: u16,
        name: &'static str,
        pen: Option<u32>,
    }

    #[test]
    fn rows_are_read_by_header_and_quotes_are_taken_off() {
        let rows: Vec<Row> = rows("name,pen,id,more\n\"a, \"\"b\"\"\",9,1,x\nc,,2,\nbad,,70000,\n");
        assert_eq!(rows, [Row { id: 1, name: "a, \"b\"", pen: Some(9) }, Row { id: 2, name: "c", pen: None }]);
    }
}
