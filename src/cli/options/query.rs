//! What the arguments of `query` mean: which of them is the SQL, the form of the rows, the user's tables.

use std::ffi::{OsStr, OsString};
use std::io::{IsTerminal, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::audit::Profile;
use crate::cli::Failure;
use crate::cli::args::{CommonArgs, QueryArgs, QueryFormat};
use crate::cli::filtering::Wanted;
use crate::query::{RowsForm, Sql};
use crate::report::Style;

use super::{Reading, reading, style, table_width};

/// Octets of SQL that are read from a file: far more than anybody writes.
const MOST_OCTETS: u64 = 16 << 20;
/// Words that a statement begins with.
const FIRST_WORDS: [&str; 9] = ["select", "with", "show", "describe", "desc", "explain", "table", "from", "values"];

/// A query.
#[derive(Clone, Debug)]
pub(in crate::cli) struct QueryOptions {
    pub(in crate::cli) reading: Reading,
    pub(in crate::cli) sql: Sql,
    pub(in crate::cli) form: QueryForm,
    pub(in crate::cli) filter: Wanted,
    pub(in crate::cli) filter_text: Option<String>,
    pub(in crate::cli) scale: bool,
    pub(in crate::cli) explain: bool,
    /// Names and files of the user's tables.
    pub(in crate::cli) tables: Vec<(String, PathBuf)>,
    pub(in crate::cli) temp_dir: PathBuf,
    pub(in crate::cli) output: Option<PathBuf>,
    pub(in crate::cli) force: bool,
    pub(in crate::cli) profile: Arc<Profile>,
    pub(in crate::cli) style: Style,
}

/// The form of the rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::cli) enum QueryForm {
    Table,
    Rows(RowsForm),
}

/// What the arguments of `query` mean.
pub(in crate::cli) fn query(args: &QueryArgs, common: &CommonArgs) -> Result<QueryOptions, Failure> {
    let (files, text) = split(&args.words)?;
    let sql = Sql::parse(&text).map_err(Failure::of)?;
    let form = form(args.format, args.output.as_deref())?;
    let is_binary = form == QueryForm::Rows(RowsForm::Parquet);
    if is_binary && args.output.is_none() && std::io::stdout().is_terminal() {
        return Err(Failure("Parquet is nothing for a terminal; -o FILE.parquet writes a file".to_owned()));
    }
    let temp_dir = args.temp_dir.clone().unwrap_or_else(std::env::temp_dir);
    if !temp_dir.is_dir() {
        return Err(Failure(format!("--temp-dir: there is no folder '{}'", temp_dir.display())));
    }
    let tables = args.table.iter().map(|text| user_table(text)).collect::<Result<Vec<_>, _>>()?;
    let reading = match reading(&files, common) {
        Err(_) if files.is_empty() && common.source.is_empty() => return Err(no_file(&text)),
        other => other?,
    };
    let profile = reading.profiles(&[]).into_iter().next().unwrap_or_default();
    Ok(QueryOptions {
        filter: Wanted::new(args.filter.filter.as_deref(), &reading.elements)?,
        filter_text: args.filter.filter.clone(),
        profile: crate::cli::profiles::choose(&profile, &reading.elements)?,
        reading,
        explain: args.explain || sql.explains(),
        sql,
        form,
        scale: args.scale,
        tables,
        temp_dir,
        output: args.output.clone(),
        force: args.force,
        style: Style { width: table_width(), ..style(common) },
    })
}

/// The files, and the SQL behind them.
fn split(words: &[OsString]) -> Result<(Vec<PathBuf>, String), Failure> {
    let Some((last, files)) = words.split_last() else { return Err(Failure("no file and no SQL".to_owned())) };
    let files: Vec<PathBuf> = files.iter().map(PathBuf::from).collect();
    let shown = Path::new(last).display();
    if let Some(path) = last.to_str().and_then(|text| text.strip_prefix('@')) {
        let piped = files.iter().any(|f| f.as_os_str() == "-");
        if path == "-" && piped {
            return Err(Failure("standard input can be read only once: it can't be the capture and the SQL".to_owned()));
        }
        let text = read(path)?;
        return Ok((files, text));
    }
    if Path::new(last).is_file() || Path::new(last).is_dir() {
        let first = files.first().and_then(|f| f.to_str()).filter(|text| looks_like_sql(text));
        return Err(Failure(match (first, Path::new(last).extension().and_then(OsStr::to_str)) {
            (Some(_), _) => format!("the SQL comes last, behind the files: ipfix-inspect query {shown} 'SELECT …'"),
            (None, Some("sql" | "txt")) => format!("'{shown}' is a file; the last argument is the SQL: @{shown} reads it from that file"),
            _ => format!("no SQL is given: '{shown}' is a file, and the last argument is the SQL, such as 'SELECT * FROM flows LIMIT 10'"),
        }));
    }
    let text = last.to_str().ok_or_else(|| Failure("the SQL is no UTF-8".to_owned()))?.to_owned();
    if !looks_like_sql(&text) && !text.trim().contains(char::is_whitespace) {
        return Err(Failure(format!(
            "'{text}' is neither a file that is there nor SQL; the last argument is the SQL, such as 'SELECT * FROM flows'"
        )));
    }
    Ok((files, text))
}

fn no_file(sql: &str) -> Failure {
    let line = sql.lines().next().unwrap_or_default();
    let short: String = line.chars().take(40).collect();
    let more = if short.len() < sql.trim_end().len() { "…" } else { "" };
    Failure(format!("no file is given before the SQL: ipfix-inspect query FILE... '{short}{more}', or --source NAME in place of FILE"))
}

fn looks_like_sql(text: &str) -> bool {
    let first = text.trim_start().split(|c: char| !c.is_ascii_alphabetic()).next().unwrap_or_default().to_ascii_lowercase();
    text.trim().contains(char::is_whitespace) && FIRST_WORDS.contains(&first.as_str())
}

fn read(path: &str) -> Result<String, Failure> {
    let mut text = String::new();
    let read = match path {
        "-" => std::io::stdin().take(MOST_OCTETS).read_to_string(&mut text),
        path => std::fs::File::open(path).and_then(|file| file.take(MOST_OCTETS).read_to_string(&mut text)),
    };
    read.map(|_| text).map_err(|e| Failure(format!("@{path}: {e}")))
}

fn form(format: Option<QueryFormat>, output: Option<&Path>) -> Result<QueryForm, Failure> {
    Ok(match (format, output) {
        (Some(QueryFormat::Table), _) | (None, None) => QueryForm::Table,
        (Some(QueryFormat::Csv), _) => QueryForm::Rows(RowsForm::Csv),
        (Some(QueryFormat::Json), _) => QueryForm::Rows(RowsForm::Json),
        (Some(QueryFormat::Ndjson), _) => QueryForm::Rows(RowsForm::Ndjson),
        (Some(QueryFormat::Parquet), _) => QueryForm::Rows(RowsForm::Parquet),
        (None, Some(path)) => match path.extension().and_then(OsStr::to_str) {
            Some("csv") => QueryForm::Rows(RowsForm::Csv),
            Some("json") => QueryForm::Rows(RowsForm::Json),
            Some("ndjson" | "jsonl") => QueryForm::Rows(RowsForm::Ndjson),
            Some("parquet") => QueryForm::Rows(RowsForm::Parquet),
            Some("txt") => QueryForm::Table,
            _ => {
                let name = path.display();
                return Err(Failure(format!(
                    "{name}: its name tells no form; end it in .csv, .json, .ndjson, .parquet or .txt, or say --format"
                )));
            }
        },
    })
}

fn user_table(text: &str) -> Result<(String, PathBuf), Failure> {
    let (name, file) =
        text.split_once('=').ok_or_else(|| Failure(format!("--table {text}: expected NAME=FILE, such as hosts=hosts.csv")))?;
    let plain = name.starts_with(|c: char| c.is_ascii_alphabetic()) && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    let taken =
        crate::query::Table::ALL.iter().any(|t| t.name().eq_ignore_ascii_case(name)) || name.to_ascii_lowercase().starts_with("options_");
    match (plain, taken) {
        (false, _) => Err(Failure(format!("--table {text}: '{name}' is no name for a table; letters, digits and _ are"))),
        (_, true) => Err(Failure(format!("--table {text}: there is a table '{name}' already"))),
        _ => Ok((name.to_owned(), PathBuf::from(file))),
    }
}
