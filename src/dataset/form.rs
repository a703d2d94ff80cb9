//! What the first octets of a file say of its form: the magic numbers of Parquet and Arrow, and lines of text with names of columns.

use std::sync::Arc;

use crate::element::Elements;
use crate::input::TableForm;

use super::columns::{self, Told};
use super::error::listed;
use super::{csv_rows, ndjson};

/// The form of a file that holds a table. Text counts if at least one of its columns is known: other CSV files have nothing to do with flows.
pub(super) fn form(head: &[u8], elements: &Arc<Elements>) -> Option<TableForm> {
    match head {
        [b'P', b'A', b'R', b'1', ..] | [b'P', b'A', b'R', b'E', ..] => return Some(TableForm::Parquet),
        [b'A', b'R', b'R', b'O', b'W', b'1', ..] => return Some(TableForm::ArrowFile),
        // A message of more than 4 octets and less than 16 MiB: the schema.
        [0xff, 0xff, 0xff, 0xff, a, b, c, 0, ..] if u32::from_le_bytes([*a, *b, *c, 0]) > 4 => return Some(TableForm::ArrowStream),
        _ => {}
    }
    let told = Told::default();
    let known = |name: &str| columns::named(name, &told, elements).known;
    if head.first() == Some(&b'{') {
        return ndjson::names(head).iter().any(|name| known(name)).then_some(TableForm::Ndjson);
    }
    let names = csv_rows::first_names(head);
    // A table of something else may have a column called protocol too.
    let flows = names.iter().filter(|name| known(name)).count();
    (flows > 0 && flows * 4 >= names.len()).then_some(TableForm::Csv)
}

/// The form of a file that begins so, by its name where it has no octet: ndjson of no flows has no header either.
pub(super) fn named_form(name: &str, head: &[u8], elements: &Arc<Elements>) -> Option<TableForm> {
    const PACKED: [&str; 4] = [".gz", ".zst", ".zstd", ".lz4"];
    let name = name.to_ascii_lowercase();
    let plain = PACKED.iter().find_map(|end| name.strip_suffix(end)).unwrap_or(&name);
    match head.is_empty() && [".ndjson", ".jsonl"].iter().any(|end| plain.ends_with(end)) {
        true => Some(TableForm::Ndjson),
        false => form(head, elements),
    }
}

/// True if a file of that name that begins so holds flows as a table, or at least a table.
pub fn is_table(name: &str, head: &[u8], elements: &Arc<Elements>) -> bool {
    named_form(name, head, elements).is_some()
}

/// The columns of a CSV file, by its name, that has nothing to do with flows.
pub(super) fn other_csv(name: &str, head: &[u8]) -> Option<String> {
    let is_csv = [".csv", ".csv.gz", ".csv.zst", ".csv.lz4", ".csv.xz"].iter().any(|end| name.ends_with(end));
    let names = csv_rows::first_names(head);
    (is_csv && names.len() > 1).then(|| listed(&names.iter().map(String::as_str).collect::<Vec<_>>()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_the_first_octets() {
        let form = |head: &[u8]| form(head, &Arc::default());
        assert_eq!(form(b"PAR1\x15\x04"), Some(TableForm::Parquet));
        assert_eq!(form(b"ARROW1\0\0"), Some(TableForm::ArrowFile));
        assert_eq!(form(b"\xff\xff\xff\xff\x10\x01\0\0\x10\0\0\0"), Some(TableForm::ArrowStream));
        assert_eq!(form(b"received,exporter,src_addr\n2"), Some(TableForm::Csv));
        assert_eq!(form(b"\"src_addr\",\"bytes\"\r\n"), Some(TableForm::Csv));
        assert_eq!(form(b"bytes\n1\n"), Some(TableForm::Csv));
        assert_eq!(form(b"{\"received\":\"2026-11-22T20:49:10Z\",\"exp"), Some(TableForm::Ndjson));
        assert_eq!(form(b"{\"schema\":\"ipfix-inspect/template-store/1\",\"templates\":["), None);
        assert_eq!(form(b"No.,Time,Source,Destination,Protocol,Length,Info\n"), None);
        assert_eq!(form(b"ts,te,td,sa,da,sp,dp,pr,flg\n"), None);
        assert_eq!(form(b"\xd4\xc3\xb2\xa1\x02\0\x04\0"), None);
        assert_eq!(form(b"\xff\xff\xff\xff\xff\xff"), None);
        assert_eq!(form(b""), None);
    }

    #[test]
    fn ndjson_of_no_flows() {
        let form = |name, head: &[u8]| named_form(name, head, &Arc::default());
        for name in ["a.ndjson", "days/A.NDJSON.GZ", "a.jsonl.zst"] {
            assert_eq!(form(name, b""), Some(TableForm::Ndjson), "{name}");
            assert_eq!(form(name, b"\xd4\xc3\xb2\xa1"), None, "{name}");
        }
        assert_eq!((form("a.csv", b""), form("a.pcap", b""), form("ndjson", b"")), (None, None, None));
    }
}
