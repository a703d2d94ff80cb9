//! What the arguments of `export` mean.

use std::fs;
use std::path::{Path, PathBuf};

use crate::cli::Failure;
use crate::cli::args::{CommonArgs, ExportAddresses, ExportArgs, ExportCompression, ExportFormat, ExportTimes};
use crate::cli::filtering::Wanted;
use crate::plan::Canonical;
use crate::write::{AddressForm, ColumnarOptions, Compression, Format, TimeUnit};

use super::{ColumnChoice, Reading, reading};

/// Partitions of a dataset, unless told.
const MOST_PARTITIONS: usize = 10_000;

/// An export.
#[derive(Clone, Debug)]
pub(in crate::cli) struct ExportOptions {
    pub(in crate::cli) reading: Reading,
    pub(in crate::cli) output: Output,
    pub(in crate::cli) form: ExportForm,
    /// What to write; `None` for what occurs, or all canonical columns where that is not known.
    pub(in crate::cli) columns: Option<ColumnChoice>,
    /// True if the sampling rate was asked for by its name.
    pub(in crate::cli) names_rate: bool,
    pub(in crate::cli) exclude: Vec<String>,
    pub(in crate::cli) filter: Wanted,
    pub(in crate::cli) scale: bool,
    pub(in crate::cli) limit: Option<u64>,
    pub(in crate::cli) force: bool,
}

/// Where flows go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::cli) enum Output {
    Stdout,
    File(PathBuf),
    Dataset { folder: PathBuf, partition_by: Vec<String>, rows_per_file: Option<u64>, max_partitions: usize },
}

/// The form of files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::cli) enum ExportForm {
    Text { format: Format, names: bool, compression: Compression },
    Parquet(ColumnarOptions),
    Arrow { options: ColumnarOptions, stream: bool },
}

impl ExportForm {
    /// What files of a dataset end in.
    pub(in crate::cli) fn extension(self) -> &'static str {
        match self {
            Self::Parquet(_) => "parquet",
            Self::Arrow { stream: true, .. } => "arrows",
            Self::Arrow { .. } => "arrow",
            Self::Text { format: Format::Csv, compression, .. } => match compression {
                Compression::Gzip => "csv.gz",
                Compression::Zstd => "csv.zst",
                Compression::Lz4 => "csv.lz4",
                Compression::None | Compression::Snappy => "csv",
            },
            Self::Text { format: Format::Ndjson, compression, .. } => match compression {
                Compression::Gzip => "ndjson.gz",
                Compression::Zstd => "ndjson.zst",
                Compression::Lz4 => "ndjson.lz4",
                Compression::None | Compression::Snappy => "ndjson",
            },
        }
    }
}

/// What a name ends in says.
#[derive(Clone, Copy, Debug, Default)]
struct Named {
    format: Option<ExportFormat>,
    compression: Option<Compression>,
    stream: bool,
}

/// What the arguments of `export` mean.
pub(in crate::cli) fn export(args: &ExportArgs, common: &CommonArgs) -> Result<ExportOptions, Failure> {
    let trim = |names: &[String]| -> Vec<String> { names.iter().map(|n| n.trim().to_owned()).filter(|n| !n.is_empty()).collect() };
    let stdout = args.output == Path::new("-");
    let is_dataset = !args.partition_by.is_empty() || args.rows_per_file.is_some();
    if stdout && is_dataset {
        return Err(Failure("-o -: a dataset is a folder of files; name one".to_owned()));
    }
    if args.max_partitions.is_some() && args.partition_by.is_empty() {
        return Err(Failure("--max-partitions: there are no partitions without --partition-by".to_owned()));
    }
    let form = form(args, stdout, is_dataset)?;
    let columns = match (args.all_columns, args.columns.is_empty()) {
        (true, _) => {
            let canonical = Canonical::ALL.iter().map(|c| c.name().to_owned());
            Some(ColumnChoice::Named(canonical.chain(["all".to_owned()]).collect()))
        }
        (false, true) => None,
        (false, false) => Some(ColumnChoice::Named(trim(&args.columns))),
    };
    let names_rate = !args.all_columns && columns.as_ref().is_some_and(|choice| choice.names(Canonical::SamplingInterval));
    let reading = reading(&args.files, common)?;
    let output = match (stdout, is_dataset) {
        (true, _) => Output::Stdout,
        (_, true) => Output::Dataset {
            folder: args.output.clone(),
            partition_by: trim(&args.partition_by),
            rows_per_file: args.rows_per_file,
            max_partitions: args.max_partitions.unwrap_or(MOST_PARTITIONS),
        },
        _ => Output::File(args.output.clone()),
    };
    Ok(ExportOptions {
        filter: Wanted::new(args.filter.filter.as_deref(), &reading.elements)?,
        reading,
        output,
        form,
        columns,
        names_rate,
        exclude: trim(&args.exclude),
        scale: args.scale,
        limit: args.limit,
        force: args.force,
    })
}

fn form(args: &ExportArgs, stdout: bool, is_dataset: bool) -> Result<ExportForm, Failure> {
    let name = args.output.display();
    let named = if stdout { Named::default() } else { by_name(&args.output) };
    // A folder may have any name.
    let unnamed = || if is_dataset { Some(ExportFormat::Parquet) } else { None };
    let Some(format) = args.format.or(named.format).or_else(unnamed) else {
        return Err(Failure(match stdout {
            true => "-o -: say --format csv, ndjson or arrow".to_owned(),
            false => format!("{name}: its name tells no form; end it in .parquet, .csv, .ndjson or .arrow, or say --format"),
        }));
    };
    let asked = args.compression.map(|asked| match asked {
        ExportCompression::Zstd => Compression::Zstd,
        ExportCompression::Snappy => Compression::Snappy,
        ExportCompression::Lz4 => Compression::Lz4,
        ExportCompression::Gzip => Compression::Gzip,
        ExportCompression::None => Compression::None,
    });
    let text = matches!(format, ExportFormat::Csv | ExportFormat::Ndjson);
    if text
        && let (Some(asked), Some(told)) = (asked, named.compression.or(named.format.map(|_| Compression::None)))
        && asked != told
        && !is_dataset
    {
        return Err(Failure(format!(
            "{name}: --compression says otherwise than the name; end it in .gz, .zst or .lz4, or in none of them"
        )));
    }
    if args.names && !text {
        return Err(Failure("--names: Parquet and Arrow keep the numbers, with their types; names are for CSV and ndjson".to_owned()));
    }
    let typed = [("--time-unit", args.time_unit.is_some(), "times"), ("--addresses", args.addresses.is_some(), "addresses")];
    if let Some((option, _, what)) = typed.into_iter().find(|(_, told, _)| *told && text) {
        return Err(Failure(format!("{option}: CSV and ndjson have {what} as text; this is for Parquet and Arrow")));
    }
    let compression = asked.or(named.compression.filter(|_| text));
    let options = |default| ColumnarOptions {
        compression: compression.unwrap_or(default),
        times: match args.time_unit {
            Some(ExportTimes::Ms) => TimeUnit::Millis,
            Some(ExportTimes::Us) | None => TimeUnit::Micros,
            Some(ExportTimes::Ns) => TimeUnit::Nanos,
        },
        addresses: match args.addresses {
            Some(ExportAddresses::Text) | None => AddressForm::Text,
            Some(ExportAddresses::Binary) => AddressForm::Binary,
        },
    };
    let refuse = |form: &str, knows: &str| Err(Failure(format!("--compression: {form} is compressed with {knows}, or not at all")));
    match (format, compression) {
        (ExportFormat::Csv | ExportFormat::Ndjson, Some(Compression::Snappy)) => refuse("text", "gzip, zstd or lz4"),
        (ExportFormat::Arrow, Some(Compression::Snappy | Compression::Gzip)) => refuse("Arrow", "zstd or lz4"),
        (ExportFormat::Csv, how) => {
            Ok(ExportForm::Text { format: Format::Csv, names: args.names, compression: how.unwrap_or(Compression::None) })
        }
        (ExportFormat::Ndjson, how) => {
            Ok(ExportForm::Text { format: Format::Ndjson, names: args.names, compression: how.unwrap_or(Compression::None) })
        }
        (ExportFormat::Arrow, _) => {
            let stream = named.stream || stdout || !is_dataset && is_special(&args.output);
            Ok(ExportForm::Arrow { options: options(Compression::None), stream })
        }
        (ExportFormat::Parquet, _) if stdout || is_pipe(&args.output) => Err(Failure(
            "Parquet has its table of contents at its end and is read from there, which no pipe allows; write a file, or --format arrow"
                .to_owned(),
        )),
        (ExportFormat::Parquet, _) => Ok(ExportForm::Parquet(options(Compression::Zstd))),
    }
}

fn by_name(path: &Path) -> Named {
    let name = path.file_name().map(|n| n.to_string_lossy().to_ascii_lowercase()).unwrap_or_default();
    let (stem, compression) = match name.rsplit_once('.') {
        Some((stem, "gz")) => (stem, Some(Compression::Gzip)),
        Some((stem, "zst" | "zstd")) => (stem, Some(Compression::Zstd)),
        Some((stem, "lz4")) => (stem, Some(Compression::Lz4)),
        _ => (name.as_str(), None),
    };
    let end = stem.rsplit_once('.').map(|(_, end)| end).unwrap_or_default();
    let format = match end {
        "csv" => Some(ExportFormat::Csv),
        "ndjson" | "jsonl" | "json" => Some(ExportFormat::Ndjson),
        "parquet" | "pq" if compression.is_none() => Some(ExportFormat::Parquet),
        "arrow" | "arrows" | "feather" | "ipc" if compression.is_none() => Some(ExportFormat::Arrow),
        _ => None,
    };
    Named { format, compression, stream: end == "arrows" }
}

/// True for what is written to directly: devices and pipes.
fn is_special(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|m| !m.is_file() && !m.is_dir())
}

#[cfg(unix)]
fn is_pipe(path: &Path) -> bool {
    use std::os::unix::fs::FileTypeExt;
    fs::metadata(path).is_ok_and(|m| m.file_type().is_fifo() || m.file_type().is_socket())
}

#[cfg(not(unix))]
fn is_pipe(_: &Path) -> bool {
    false
}
