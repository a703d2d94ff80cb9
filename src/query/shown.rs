//! The values of a result as text: for people in a table, and where a form of output has no type for them.

use polars::prelude::*;

use crate::time::Timestamp;

/// A column of a result, ready to be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShownColumn {
    /// Its name.
    pub name: String,
    /// True for numbers, which keep to the right.
    pub number: bool,
    /// True for what may be cut where it is too wide: a cut number or time would be a wrong one.
    pub text: bool,
    /// The cells; `None` for null.
    pub cells: Vec<Option<String>>,
}

/// Some rows of a result.
pub type Batch = DataFrame;

/// The columns of a result before its rows come.
pub fn shown_without_rows(schema: &Schema) -> Vec<ShownColumn> {
    shown(&DataFrame::empty_with_schema(schema))
}

/// The columns of some rows.
pub fn shown(frame: &DataFrame) -> Vec<ShownColumn> {
    let column = |column: &Column| ShownColumn {
        name: column.name().to_string(),
        number: column.dtype().is_primitive_numeric() || column.dtype().is_decimal(),
        text: column.dtype().is_string() || column.dtype().is_nested() || column.dtype().is_binary(),
        cells: (0..column.len()).map(|row| column.get(row).ok().and_then(|value| cell(&value))).collect(),
    };
    frame.columns().iter().map(column).collect()
}

/// A value for people: a broken number has four digits after its point, or as many as are needed to see any.
fn cell(value: &AnyValue<'_>) -> Option<String> {
    match value {
        AnyValue::Float64(f) => Some(float(*f)),
        AnyValue::Float32(f) => Some(float(f64::from(*f))),
        other => plain(other),
    }
}

fn float(f: f64) -> String {
    if f != 0.0 && f.is_finite() && f.abs() < 0.001 {
        return format!("{f:.3e}");
    }
    let text = format!("{f:.4}");
    match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text,
    }
}

/// A value as text; `None` for null.
pub(super) fn plain(value: &AnyValue<'_>) -> Option<String> {
    Some(match value {
        AnyValue::Null => return None,
        AnyValue::String(text) => (*text).to_owned(),
        AnyValue::StringOwned(text) => text.to_string(),
        AnyValue::Boolean(b) => b.to_string(),
        AnyValue::Datetime(t, unit, zone) => time(*t, *unit, zone.is_some()),
        AnyValue::DatetimeOwned(t, unit, zone) => time(*t, *unit, zone.is_some()),
        AnyValue::Duration(d, unit) => duration(*d, *unit),
        AnyValue::Binary(octets) => octets.iter().map(|o| format!("{o:02x}")).collect(),
        AnyValue::BinaryOwned(octets) => octets.iter().map(|o| format!("{o:02x}")).collect(),
        AnyValue::List(series) => {
            let values: Vec<String> = series.iter().map(|v| plain(&v).unwrap_or_else(|| "null".to_owned())).collect();
            format!("[{}]", values.join(", "))
        }
        AnyValue::Float64(f) => f.to_string(),
        AnyValue::Float32(f) => f.to_string(),
        other => other.to_string(),
    })
}

/// ISO 8601; without a time zone it has no `Z`.
fn time(value: i64, unit: TimeUnit, utc: bool) -> String {
    let nanos = match unit {
        TimeUnit::Nanoseconds => value,
        TimeUnit::Microseconds => value.saturating_mul(1_000),
        TimeUnit::Milliseconds => value.saturating_mul(1_000_000),
    };
    let text = Timestamp::from_nanos(nanos).to_string();
    if utc { text } else { text.trim_end_matches('Z').to_owned() }
}

/// Seconds, with a fraction where there is one.
fn duration(value: i64, unit: TimeUnit) -> String {
    let per_second = match unit {
        TimeUnit::Nanoseconds => 1e9,
        TimeUnit::Microseconds => 1e6,
        TimeUnit::Milliseconds => 1e3,
    };
    format!("{}s", value as f64 / per_second)
}

/// True for a column that a form of text gets as text.
pub(super) fn needs_text(dtype: &DataType) -> bool {
    matches!(dtype, DataType::Datetime(..) | DataType::Duration(_) | DataType::Binary | DataType::List(_) | DataType::Struct(_))
}

/// The frame with the columns that need it as text.
pub(super) fn as_text(frame: &DataFrame) -> PolarsResult<DataFrame> {
    let column = |column: &Column| {
        if !needs_text(column.dtype()) {
            return column.clone();
        }
        let values = (0..column.len()).map(|row| column.get(row).ok().and_then(|value| plain(&value)));
        StringChunked::from_iter_options(column.name().clone(), values).into_series().into_column()
    };
    DataFrame::new(frame.height(), frame.columns().iter().map(column).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_all_sorts() {
        assert_eq!([0.0, 1.0, 12.345678, 99.99999, 0.0000123, -2.5].map(float), ["0", "1", "12.3457", "100", "1.230e-5", "-2.5"]);
        let at = |micros| plain(&AnyValue::Datetime(micros, TimeUnit::Microseconds, Some(&TimeZone::UTC)));
        assert_eq!(at(1_700_000_000_123_000).as_deref(), Some("2023-11-14T22:13:20.123Z"));
        assert_eq!(plain(&AnyValue::Duration(1_500, TimeUnit::Milliseconds)).as_deref(), Some("1.5s"));
        assert_eq!(plain(&AnyValue::Null), None);
    }
}
