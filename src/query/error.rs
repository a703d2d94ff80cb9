//! What is wrong with a query, in one sentence, with its place in the SQL where there is one.

use std::fmt;

use polars::prelude::PolarsError;

use super::functions;
use crate::plan;

/// Why a query has no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueryError {
    message: String,
    /// Line and column in the SQL, from 1; the line's text, and how many characters are meant.
    place: Option<Place>,
    /// The SQL is well, a file is not.
    of_file: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Place {
    line: u64,
    column: u64,
    text: String,
    length: usize,
}

impl QueryError {
    /// An error without a place.
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), place: None, of_file: false }
    }

    /// An error of a file that is asked.
    pub(super) fn of_file(message: impl Into<String>) -> Self {
        Self { of_file: true, ..Self::new(message) }
    }

    /// An error at a line and a column (from 1) of that text; 0 for no place.
    pub(super) fn at(sql: &str, line: u64, column: u64, length: usize, message: impl Into<String>) -> Self {
        let text = line.checked_sub(1).and_then(|n| sql.lines().nth(usize::try_from(n).ok()?));
        let place = text.filter(|_| column > 0).map(|text| Place { line, column, text: text.to_owned(), length: length.max(1) });
        Self { message: message.into(), place, of_file: false }
    }
}

impl fmt::Display for QueryError {
    /// The sentence, then the line of the SQL with the mistake marked under it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(place) = &self.place else {
            return if self.of_file { f.write_str(&self.message) } else { write!(f, "SQL: {}", self.message) };
        };
        let before = usize::try_from(place.column.saturating_sub(1)).unwrap_or(0);
        let indent: String = place.text.chars().take(before).map(|c| if c == '\t' { '\t' } else { ' ' }).collect();
        write!(
            f,
            "SQL, line {}, column {}: {}\n  {}\n  {indent}{}",
            place.line,
            place.column,
            self.message,
            place.text,
            "^".repeat(place.length)
        )
    }
}

impl std::error::Error for QueryError {}

/// A mistake that the parser of SQL found: its message ends in the place.
pub(super) fn of_parser(sql: &str, message: &str) -> QueryError {
    let message = message.trim_start_matches("sql parser error: ");
    let (what, line, column) = match message.rsplit_once(" at Line: ") {
        Some((what, place)) => {
            let mut numbers = place.split(", Column: ").map(|n| n.trim().parse().unwrap_or(0));
            (what, numbers.next().unwrap_or(0), numbers.next().unwrap_or(0))
        }
        None => (message, 0, 0),
    };
    let what = what.strip_prefix("Expected: ").map_or_else(|| lower_first(what), |rest| format!("expected {rest}"));
    let what = what.replace("found: EOF", "found the end of the SQL").replace("found: ", "found ");
    if line == 0 && what.ends_with("the end of the SQL") {
        let last = sql.trim_end();
        let column = last.lines().last().map_or(0, |l| l.chars().count() as u64) + 1;
        return QueryError::at(sql, last.lines().count() as u64, column, 1, what);
    }
    if line == 0 {
        return QueryError::new(what);
    }
    QueryError::at(sql, line, column, 1, what)
}

/// What polars says, without what only its makers can use. `columns` are the names that could have been meant.
pub(super) fn of_polars(error: &PolarsError, columns: &[String]) -> QueryError {
    let text = error.to_string();
    let text = text.split("\n\nResolved plan until failure").next().unwrap_or_default();
    let first = text.lines().next().unwrap_or_default().trim();
    // What was met while a plan was made comes wrapped, so its text tells more than its kind.
    if first.contains("unable to find column") {
        QueryError::new(column_not_found(first, columns))
    } else if first.starts_with("unsupported function '") {
        QueryError::new(unknown_function(first))
    } else if text.contains("Exists {") {
        QueryError::new(
            "EXISTS is known in WHERE, with a subquery that is tied to the query around it by equal columns: r.src_addr = f.dst_addr",
        )
    } else if ["Query {", "Ident {", "Span("].iter().any(|word| text.contains(word)) {
        QueryError::new("this form of SQL is not known; put it another way")
    } else if first.starts_with("duplicate: ") || first.contains("duplicate output name") || first.contains("is duplicate") {
        let name = first.split('\'').nth(1).unwrap_or_default();
        QueryError::new(format!("two columns of the result are called '{name}'; give one of them another name with AS"))
    } else {
        QueryError::new(in_words_of_sql(first))
    }
}

/// What polars calls its types, as SQL does.
fn in_words_of_sql(text: &str) -> String {
    let words = [
        ("dtypes", "types"),
        ("dtype", "type"),
        ("`str`", "text"),
        ("of type: str", "of type text"),
        ("types str", "types text"),
        ("dyn int: ", ""),
        ("dyn int", "integer"),
        ("dyn float: ", ""),
        ("cannot compare string with", "a text can't be compared with"),
    ];
    let mut text = text.trim_end_matches("; found:").trim_end_matches(':').to_owned();
    words.iter().for_each(|(from, to)| text = text.replace(from, to));
    text
}

fn column_not_found(text: &str, columns: &[String]) -> String {
    let quoted = text.split(['"', '\'']).nth(1).unwrap_or(text.split(':').next_back().unwrap_or(text)).trim();
    unknown_column(quoted, columns, "here")
}

fn unknown_function(text: &str) -> String {
    let name = text.split('\'').nth(1).unwrap_or_default();
    let known = polars::sql::keywords::all_functions();
    let near = plan::nearest(name, functions::NAMES.iter().copied().chain(known));
    let near = near.map(|n| format!("; did you mean '{n}'?")).unwrap_or_default();
    format!("no function '{name}'{near} Beside SQL's own there are: {}", functions::NAMES.join(", ")).replace("' Beside", "'; beside")
}

/// The sentence for a column that is not there.
fn unknown_column(name: &str, columns: &[String], place: &str) -> String {
    let near = plan::nearest(name, columns.iter().map(String::as_str));
    let near = near.map(|n| format!("; did you mean '{n}'?")).unwrap_or_default();
    format!("no column '{name}' {place}{near}")
}

/// The sentence for a table that is not there.
pub(super) fn unknown_table(name: &str, tables: &[String]) -> String {
    let near = plan::nearest(name, tables.iter().map(String::as_str));
    and_there_are(&format!("no table '{name}'"), near, &tables.join(", "))
}

/// A complaint, what could have been meant, and all that there is.
pub(super) fn and_there_are(complaint: &str, near: Option<&str>, all: &str) -> String {
    match near {
        _ if all.is_empty() => complaint.to_owned(),
        Some(near) => format!("{complaint}; did you mean '{near}'? There are: {all}"),
        None => format!("{complaint}; there are: {all}"),
    }
}

fn lower_first(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|c| c.to_lowercase().chain(chars).collect()).unwrap_or_default()
}
