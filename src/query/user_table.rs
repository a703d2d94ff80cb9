//! A user's file as a table: CSV, Parquet, Arrow IPC or newline-delimited JSON, read lazily.

use std::path::Path;

use polars::prelude::*;

use super::error::QueryError;
use crate::dataset;

/// The file as a table; its form follows its name.
///
/// # Errors
/// The file can't be read, or its name tells no form.
pub(super) fn user_table(path: &Path) -> Result<LazyFrame, QueryError> {
    let name = path.display();
    if !path.exists() {
        return Err(QueryError::new(format!("--table: there is no file '{name}'")));
    }
    let text = path.to_str().ok_or_else(|| QueryError::new(format!("--table: the name '{name}' is no UTF-8")))?;
    let place = PlRefPath::new(text);
    if path.extension().is_some_and(|end| end == "parquet")
        && let Some(damage) = dataset::contradiction(path, &|_| true)
    {
        return Err(QueryError::of_file(format!("--table {damage}")));
    }
    let frame = match path.extension().and_then(|e| e.to_str()) {
        Some("csv" | "tsv") => {
            LazyCsvReader::new(place).with_try_parse_dates(true).with_separator(if text.ends_with(".tsv") { b'\t' } else { b',' }).finish()
        }
        Some("parquet") => LazyFrame::scan_parquet(place, ScanArgsParquet { glob: false, ..Default::default() }),
        Some("arrow" | "ipc" | "feather") => LazyFrame::scan_ipc(place, Default::default(), Default::default()),
        Some("ndjson" | "jsonl") => LazyJsonLineReader::new(place).finish(),
        _ => return Err(QueryError::new(format!("--table {name}: its name tells no form; .csv, .tsv, .parquet, .arrow and .ndjson do"))),
    };
    let mut frame = frame.map_err(|e| QueryError::new(format!("--table {name}: {e}")))?;
    frame.collect_schema().map_err(|e| QueryError::new(format!("--table {name}: {e}")))?;
    Ok(frame)
}
