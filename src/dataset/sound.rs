//! Whether a Parquet file is sound: for those who have it read by others.

use std::path::Path;

use super::error::DatasetError;
use super::guard::guarded;
use super::parquet::ParquetFile;
use crate::input::TableForm;

/// What is wrong with what the file announces of the columns that are asked for: rows, pages, octets. No page is decoded.
pub fn contradiction(path: &Path, wanted: &dyn Fn(&str) -> bool) -> Option<DatasetError> {
    found(path, |file| file.check(wanted))
}

/// What is wrong with the columns that are asked for: they are decoded to see it.
pub fn damage(path: &Path, wanted: &dyn Fn(&str) -> bool) -> Option<DatasetError> {
    found(path, |file| file.try_all(wanted))
}

fn found(path: &Path, look: impl FnOnce(&ParquetFile) -> Result<(), String>) -> Option<DatasetError> {
    let what = guarded(|| look(&ParquetFile::open(path)?)).err()?;
    Some(DatasetError::Damaged { name: path.display().to_string(), form: TableForm::Parquet, what })
}
