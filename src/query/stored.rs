//! Exported flows that need no decoding: Parquet files that `export` wrote are asked where they lie.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use polars::io::HiveOptions;
use polars::prelude::*;

use crate::dataset;
use crate::write::SCHEMA_KEY;

/// Files of one query: each is a part of its plan.
const MOST_FILES: usize = 512;
/// Octets of a file's last part that are read to see whose it is.
const LONGEST_FOOTER: u64 = 64 << 20;

/// The files as one table of these columns; `None` where they have to be decoded after all: one is of another program or another form, its
/// columns have other types (addresses in octets), folders (`date=2026-11-22`) hold some of its columns, two have different columns, or one
/// announces what it does not have: the engine would take its word for it.
pub(super) fn in_place(paths: &[PathBuf], columns: &Schema) -> Option<LazyFrame> {
    if paths.is_empty() || paths.len() > MOST_FILES || !paths.iter().all(|path| is_ours(path) && !is_partitioned(path)) {
        return None;
    }
    if paths.iter().any(|path| dataset::contradiction(path, &|name| columns.contains(name)).is_some()) {
        return None;
    }
    let (first, others) = paths.split_first()?;
    let own = scan(std::slice::from_ref(first))?.collect_schema().ok()?;
    // One scan of all: of tables put together the engine can't count the rows (it wants a type that it was not built with).
    for path in others {
        if scan(std::slice::from_ref(path))?.collect_schema().ok()? != own {
            return None;
        }
    }
    let frame = scan(paths)?;
    // A duration is worked out where a file has none.
    let worked_out = |name: &str| name == "duration_ms" && own.contains("flow_start") && own.contains("flow_end");
    let column = |(name, wanted): (&PlSmallStr, &DataType)| match own.get(name) {
        Some(dtype) if dtype == wanted => Some(col(name.clone())),
        Some(DataType::Datetime(..)) if wanted.is_datetime() => Some(col(name.clone()).cast(wanted.clone())),
        Some(_) => None,
        None if worked_out(name) => None,
        None => Some(lit(NULL).cast(wanted.clone()).alias(name.clone())),
    };
    let columns = columns.iter().map(column).collect::<Option<Vec<_>>>()?;
    // No columns are asked for where rows alone count.
    Some(if columns.is_empty() { frame } else { frame.select(columns) })
}

fn scan(paths: &[PathBuf]) -> Option<LazyFrame> {
    let options = ScanArgsParquet { glob: false, hive_options: HiveOptions::new_disabled(), ..Default::default() };
    let paths = paths.iter().map(|path| path.to_str().map(PlRefPath::new)).collect::<Option<Vec<_>>>()?;
    LazyFrame::scan_parquet_files(paths.into(), options).ok()
}

/// True for a Parquet file whose last part says that `export` wrote it.
fn is_ours(path: &Path) -> bool {
    last_part(path).is_some_and(|octets| octets.windows(SCHEMA_KEY.len()).any(|window| window == SCHEMA_KEY.as_bytes()))
}

/// The metadata of a Parquet file: its length and `PAR1` stand behind it.
fn last_part(path: &Path) -> Option<Vec<u8>> {
    let mut file = File::open(path).ok()?;
    let mut end = [0; 8];
    file.seek(SeekFrom::End(-8)).ok()?;
    file.read_exact(&mut end).ok()?;
    let [a, b, c, d, magic @ ..] = end;
    let length = u64::from(u32::from_le_bytes([a, b, c, d]));
    if magic != *b"PAR1" || length > LONGEST_FOOTER {
        return None;
    }
    file.seek(SeekFrom::End(-8 - i64::try_from(length).ok()?)).ok()?;
    let mut octets = Vec::new();
    file.take(length).read_to_end(&mut octets).ok()?;
    Some(octets)
}

fn is_partitioned(path: &Path) -> bool {
    path.parent().is_some_and(|folder| folder.iter().any(|part| part.to_str().is_none_or(looks_like_partition)))
}

/// `date=2026-11-22`
fn looks_like_partition(part: &str) -> bool {
    part.split_once('=').is_some_and(|(key, _)| !key.is_empty())
}
