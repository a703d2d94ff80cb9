//! Parts into streams and files.

use std::fs;
use std::io::{self, ErrorKind, Write};
use std::sync::Arc;

use super::tests::{append, context, schema};
use super::*;
use crate::collector::{Digest, Flow, Sink};
use crate::column::FlowBatch;
use crate::message::VARIABLE_LENGTH;

fn names(format: Format) -> (RowWriter, FlowBatch) {
    let mut batch = FlowBatch::new(schema(&["interfaceName", "protocol"]));
    append(&mut batch, &[(82, VARIABLE_LENGTH)], b"\x03a\nb\x03\"\n\"\x01c", &context());
    batch.finish();
    (RowWriter::new(Arc::clone(batch.schema()), format), batch)
}

/// The output for a limit when the batch comes twice, how often it was taken, and the rows.
fn limited(format: Format, limit: Option<u64>) -> (String, Vec<Flow>, u64) {
    let (writer, batch) = names(format);
    let mut sink = TextSink::new(Vec::new(), &writer, limit);
    let mut answers = Vec::new();
    while answers.len() < 2 && answers.last() != Some(&Flow::Stop) {
        answers.push(sink.absorb(writer.digest(&batch)).unwrap());
    }
    sink.finish().unwrap();
    let rows = sink.rows();
    (String::from_utf8(sink.into_inner()).unwrap(), answers, rows)
}

#[test]
fn no_limit() {
    let (text, answers, rows) = limited(Format::Csv, None);
    let part = "\"a\nb\",\n\"\"\"\n\"\"\",\nc,\n";
    assert_eq!(text, format!("interfaceName,protocol\n{part}{part}"));
    assert_eq!((answers, rows), (vec![Flow::Continue, Flow::Continue], 6));
}

#[test]
fn a_limit_cuts_between_rows_whatever_is_quoted() {
    assert_eq!(limited(Format::Csv, Some(2)), ("interfaceName,protocol\n\"a\nb\",\n\"\"\"\n\"\"\",\n".to_owned(), vec![Flow::Stop], 2));
    let (text, answers, rows) = limited(Format::Ndjson, Some(4));
    assert_eq!(text.lines().count(), 4);
    assert!(text.ends_with("{\"interfaceName\":\"a\\nb\",\"protocol\":null}\n"));
    assert_eq!((answers, rows), (vec![Flow::Continue, Flow::Stop], 4));
}

#[test]
fn a_limit_at_the_end_of_a_part_and_none_at_all() {
    assert_eq!(limited(Format::Csv, Some(3)).1, [Flow::Stop]);
    assert_eq!(limited(Format::Csv, Some(0)), ("interfaceName,protocol\n".to_owned(), vec![Flow::Stop], 0));
}

#[test]
fn a_header_without_rows() {
    let (writer, _) = names(Format::Csv);
    let mut sink = TextSink::new(Vec::new(), &writer, None);
    sink.finish().unwrap();
    sink.finish().unwrap();
    assert_eq!(sink.into_inner(), b"interfaceName,protocol\n");
}

#[test]
fn names_with_commas_are_quoted_in_the_header() {
    let mut builder = crate::plan::SchemaBuilder::default();
    builder.field("a,\"b", crate::plan::Kind::Text).field("c", crate::plan::Kind::U8);
    let schema = Arc::new(builder.build());
    assert_eq!(RowWriter::new(Arc::clone(&schema), Format::Csv).header(), b"\"a,\"\"b\",c\n");
    let mut batch = FlowBatch::new(Arc::clone(&schema));
    append(&mut batch, &[(4, 1)], &[6], &context());
    batch.finish();
    let part = RowWriter::new(schema, Format::Ndjson).digest(&batch);
    assert_eq!(part.text(), b"{\"a,\\\"b\":null,\"c\":null}\n");
}

/// Takes so many octets and then fails.
struct Failing(usize, ErrorKind);

impl Write for Failing {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        if self.0 == 0 {
            return Err(self.1.into());
        }
        let taken = self.0.min(octets.len());
        self.0 -= taken;
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_closed_pipe_ends_the_run_well() {
    let (writer, batch) = names(Format::Csv);
    for room in [0, 10, 30] {
        let mut sink = TextSink::new(Failing(room, ErrorKind::BrokenPipe), &writer, None);
        assert_eq!(sink.absorb(writer.digest(&batch)).unwrap(), Flow::Stop);
        sink.finish().unwrap();
    }
    let mut sink = TextSink::new(Failing(0, ErrorKind::BrokenPipe), &writer, None);
    sink.finish().unwrap();
    let mut sink = TextSink::new(Failing(30, ErrorKind::StorageFull), &writer, None);
    assert_eq!(sink.absorb(writer.digest(&batch)).unwrap_err().kind(), ErrorKind::StorageFull);
}

#[test]
fn a_file_appears_when_it_is_committed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("flows.csv");
    let mut target = TargetFile::create(&path, false).unwrap();
    target.write_all(b"whole").unwrap();
    assert!(!path.exists());
    target.commit().unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"whole");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn a_file_that_is_dropped_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("flows.csv");
    fs::write(&path, b"old").unwrap();
    let mut target = TargetFile::create(&path, true).unwrap();
    target.write_all(b"half").unwrap();
    target.flush().unwrap();
    drop(target);
    assert_eq!(fs::read(&path).unwrap(), b"old");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn an_existing_file_is_replaced_by_force_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("flows.csv");
    fs::write(&path, b"old").unwrap();
    let error = TargetFile::create(&path, false).unwrap_err();
    assert_eq!(error.to_string(), format!("'{}' exists already; --force replaces it", path.display()));
    let mut target = TargetFile::create(&path, true).unwrap();
    target.write_all(b"new").unwrap();
    target.commit().unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"new");
}

#[test]
fn a_file_that_came_meanwhile_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("flows.csv");
    let target = TargetFile::create(&path, false).unwrap();
    fs::write(&path, b"somebody's").unwrap();
    assert!(matches!(target.commit(), Err(TargetError::Exists { .. })));
    assert_eq!(fs::read(&path).unwrap(), b"somebody's");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn no_directory_and_a_directory() {
    let folder = tempfile::tempdir().unwrap();
    let error = TargetFile::create(&folder.path().join("none/flows.csv"), true).unwrap_err();
    assert!(error.to_string().ends_with(&format!("there is no directory '{}'", folder.path().join("none").display())));
    let error = TargetFile::create(folder.path(), true).unwrap_err();
    assert_eq!(error.to_string(), format!("'{}' is a directory; name a file in it", folder.path().display()));
}

#[cfg(unix)]
mod on_unix {
    use std::os::unix::fs::{FileTypeExt, PermissionsExt, symlink};
    use std::path::Path;

    use super::*;

    #[test]
    fn a_device_is_written_to_and_stays_a_device() {
        let mut target = TargetFile::create(Path::new("/dev/null"), false).unwrap();
        target.write_all(b"gone").unwrap();
        target.commit().unwrap();
        assert!(fs::metadata("/dev/null").unwrap().file_type().is_char_device());
    }

    #[test]
    fn a_link_stays_a_link() {
        let folder = tempfile::tempdir().unwrap();
        let (real, link) = (folder.path().join("real.csv"), folder.path().join("link.csv"));
        fs::write(&real, b"old").unwrap();
        symlink("real.csv", &link).unwrap();
        let mut target = TargetFile::create(&link, true).unwrap();
        target.write_all(b"new").unwrap();
        target.commit().unwrap();
        assert_eq!(fs::read(&real).unwrap(), b"new");
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    }

    #[test]
    fn permissions_are_those_of_the_file_before_or_of_any_new_file() {
        let folder = tempfile::tempdir().unwrap();
        let mode = |name: &str| fs::metadata(folder.path().join(name)).unwrap().permissions().mode() & 0o777;
        fs::write(folder.path().join("any"), b"").unwrap();
        TargetFile::create(&folder.path().join("new"), false).unwrap().commit().unwrap();
        assert_eq!(mode("new"), mode("any"));
        fs::set_permissions(folder.path().join("any"), fs::Permissions::from_mode(0o640)).unwrap();
        TargetFile::create(&folder.path().join("any"), true).unwrap().commit().unwrap();
        assert_eq!(mode("any"), 0o640);
    }
}
