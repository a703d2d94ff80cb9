//! The functions that SQL has beside its own: subnets, stretches of time, names of values.
//!
//! | function | value |
//! |---|---|
//! | `in_net(address, 'net', …)` | true if the address lies in one of the networks, or is one of the addresses |
//! | `net(address, bits)`, `net(address, bits, bits6)` | the network of an address as text: `10.1.2.0/24`; IPv6 by `bits6`, 64 unless given |
//! | `ip_version(address)` | 4 or 6 |
//! | `time_bucket('5m', time)` | the beginning of the stretch that a time lies in; `s`, `m`, `h`, `d` |
//! | `protocol_name(protocol)` | `TCP` for 6 |
//! | `flags_text(tcp_flags)` | `...A..S.` for 18, as nfdump writes it |
//! | `icmp_name(protocol, icmp_type)` | `Echo` for 1, 8 |
//!
//! Null gives null; so does a text that is no address.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

use polars::prelude::*;
use polars::sql::{FunctionOptions, FunctionRegistry};

use super::net::{self, Nets};
use crate::element::values;

/// Names of the functions.
pub(super) const NAMES: [&str; 7] = ["in_net", "net", "ip_version", "time_bucket", "protocol_name", "flags_text", "icmp_name"];

/// The functions by name.
pub(super) struct Functions(HashMap<String, UserDefinedFunction>);

impl Functions {
    /// All of them.
    pub(super) fn new() -> Self {
        let all = [
            function("in_net", 2..=100, DataType::Boolean, in_net),
            function("net", 2..=3, DataType::String, network),
            function("ip_version", 1..=1, DataType::UInt8, ip_version),
            function("time_bucket", 2..=2, DataType::Datetime(TimeUnit::Microseconds, None), time_bucket),
            function("protocol_name", 1..=1, DataType::String, |c| named(c, |n| u8::try_from(n).ok().and_then(values::protocol_name))),
            function("flags_text", 1..=1, DataType::String, flags_text),
            function("icmp_name", 2..=2, DataType::String, icmp_name),
        ];
        Self(all.into_iter().map(|f| (f.name.to_string(), f)).collect())
    }
}

impl FunctionRegistry for Functions {
    fn register(&mut self, name: &str, function: UserDefinedFunction) -> PolarsResult<()> {
        self.0.insert(name.to_owned(), function);
        Ok(())
    }

    fn get_udf(&self, name: &str) -> PolarsResult<Option<UserDefinedFunction>> {
        Ok(self.0.get(name).cloned())
    }

    fn contains(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }
}

/// A function of the values of a row.
fn function(
    name: &'static str,
    arguments: std::ops::RangeInclusive<usize>,
    out: DataType,
    f: fn(&[Column]) -> PolarsResult<Column>,
) -> UserDefinedFunction {
    let counts = move |got: usize| {
        if arguments.contains(&got) {
            return Ok(());
        }
        let wanted =
            if arguments.start() == arguments.end() { arguments.start().to_string() } else { format!("{} or more", arguments.start()) };
        Err(polars_err!(SQLInterface: "{name} takes {wanted} arguments, not {got}"))
    };
    let field = move |_: &Schema, fields: &[Field]| {
        counts(fields.len())?;
        // A stretch of time is of the same kind as the time that it is made of.
        let own = if name == "time_bucket" { fields.iter().map(Field::dtype).find(|d| d.is_temporal()).cloned() } else { None };
        let first = fields.first().map_or(PlSmallStr::EMPTY, |f| f.name().clone());
        Ok(Field::new(first, own.unwrap_or_else(|| out.clone())))
    };
    let mut udf = UserDefinedFunction::new(name.into(), BaseColumnUdf::new(move |columns: &mut [Column]| f(columns), field));
    udf.options = FunctionOptions::elementwise();
    udf
}

/// The columns at the length of the longest: a constant has one row.
fn rows(columns: &[Column]) -> usize {
    // Without a row among them there are none, whatever the constants say.
    if columns.iter().any(Column::is_empty) { 0 } else { columns.iter().map(Column::len).max().unwrap_or(0) }
}

fn name_of(columns: &[Column]) -> PlSmallStr {
    columns.first().map_or(PlSmallStr::EMPTY, |c| c.name().clone())
}

fn texts<'a>(function: &str, what: &str, column: &'a Column) -> PolarsResult<&'a StringChunked> {
    column.str().map_err(|_| polars_err!(SQLInterface: "{function}: {what} has to be a text, not {}", column.dtype()))
}

fn text_at(texts: &StringChunked, row: usize) -> Option<&str> {
    texts.get(if texts.len() == 1 { 0 } else { row })
}

/// Every address of a column, read once where the same follows itself.
fn each_address<T>(texts: &StringChunked, rows: usize, mut value: impl FnMut(usize, IpAddr) -> Option<T>) -> Vec<Option<T>> {
    let one = texts.len() == 1;
    let constant = if one { texts.get(0) } else { None };
    let many = if one { None } else { Some(texts.iter()) };
    let mut out = Vec::with_capacity(rows);
    let mut push = |row: usize, text: Option<&str>| out.push(text.and_then(net::address).and_then(|a| value(row, a)));
    match many {
        Some(texts) => texts.take(rows).enumerate().for_each(|(row, text)| push(row, text)),
        None => (0..rows).for_each(|row| push(row, constant)),
    }
    out
}

fn in_net(columns: &[Column]) -> PolarsResult<Column> {
    let [address, nets @ ..] = columns else { polars_bail!(SQLInterface: "in_net takes an address and networks") };
    let rows = rows(columns);
    let addresses = texts("in_net", "the address", address)?;
    let nets = nets.iter().map(|n| texts("in_net", "a network", n)).collect::<PolarsResult<Vec<_>>>()?;
    let read = |text: &str| net::parse(text).map_err(|why| polars_err!(SQLInterface: "in_net: {why}"));
    let found: Vec<Option<bool>> = if nets.iter().all(|n| n.len() == 1) {
        let constant = nets.iter().filter_map(|n| n.get(0)).map(read).collect::<PolarsResult<Nets>>()?;
        each_address(addresses, rows, |_, a| Some(constant.contains(a)))
    } else {
        // Networks out of a table: each row has its own.
        let mut failed = None;
        let found = each_address(addresses, rows, |row, a| {
            let own = nets.iter().filter_map(|n| text_at(n, row)).map(read).collect::<PolarsResult<Nets>>();
            own.map(|own| own.contains(a)).map_err(|e| failed = Some(e)).ok()
        });
        if let Some(error) = failed {
            return Err(error);
        }
        found
    };
    Ok(BooleanChunked::from_iter_options(name_of(columns), found.into_iter()).into_series().into_column())
}

fn network(columns: &[Column]) -> PolarsResult<Column> {
    let [address, bits @ ..] = columns else { polars_bail!(SQLInterface: "net takes an address and a number of bits") };
    let rows = rows(columns);
    let addresses = texts("net", "the address", address)?;
    let number = |column: Option<&Column>, unless: u8, most: u8| -> PolarsResult<u8> {
        let Some(column) = column.filter(|c| !c.is_empty()) else { return Ok(unless) };
        let value = column.get(0)?.extract::<i64>();
        let fits = value.and_then(|n| u8::try_from(n).ok()).filter(|n| *n <= most);
        fits.ok_or_else(|| {
            let hint = if most == 32 { "; IPv6 has a length of its own: net(address, 24, 64)" } else { "" };
            polars_err!(SQLInterface: "net: a prefix has 0 to {most} bits{hint}")
        })
    };
    let (v4, v6) = (number(bits.first(), 24, 32)?, number(bits.get(1), 64, 128)?);
    let found = each_address(addresses, rows, |_, a| Some(net::prefix(a, v4, v6)));
    Ok(StringChunked::from_iter_options(name_of(columns), found.into_iter()).into_series().into_column())
}

fn ip_version(columns: &[Column]) -> PolarsResult<Column> {
    let [address] = columns else { polars_bail!(SQLInterface: "ip_version takes an address") };
    let found = each_address(texts("ip_version", "the address", address)?, address.len(), |_, a| Some(if a.is_ipv4() { 4u8 } else { 6 }));
    Ok(UInt8Chunked::from_iter_options(name_of(columns), found.into_iter()).into_series().into_column())
}

fn time_bucket(columns: &[Column]) -> PolarsResult<Column> {
    let [a, b] = columns else { polars_bail!(SQLInterface: "time_bucket takes a stretch and a time: time_bucket('5m', flow_start)") };
    let (stretch, time) = if a.dtype().is_string() { (a, b) } else { (b, a) };
    let DataType::Datetime(unit, zone) = time.dtype() else {
        polars_bail!(SQLInterface: "time_bucket takes a stretch and a time: time_bucket('5m', flow_start)");
    };
    let per_second = match unit {
        TimeUnit::Nanoseconds => 1_000_000_000,
        TimeUnit::Microseconds => 1_000_000,
        TimeUnit::Milliseconds => 1_000,
    };
    let text = texts("time_bucket", "the stretch", stretch)?.get(0).unwrap_or("1m");
    let seconds = stretch_seconds(text)
        .ok_or_else(|| polars_err!(SQLInterface: "time_bucket: '{text}' is no stretch of time; 10s, 5m, 1h, 1d are"))?;
    let width: i64 = seconds * per_second;
    let physical = time.to_physical_repr();
    let rows = rows(columns);
    let begin = |t: Option<i64>| t.map(|t| t - t.rem_euclid(width));
    let values = physical.i64()?;
    let found: Int64Chunked = if values.len() == 1 && rows > 1 {
        Int64Chunked::from_iter_options(time.name().clone(), (0..rows).map(|_| begin(values.get(0))))
    } else {
        Int64Chunked::from_iter_options(time.name().clone(), values.iter().take(rows).map(begin))
    };
    Ok(found.into_datetime(*unit, zone.clone()).into_series().into_column())
}

/// A whole number and s, m, h or d, in seconds.
fn stretch_seconds(text: &str) -> Option<i64> {
    let units = [('s', 1), ('m', 60), ('h', 3_600), ('d', 86_400)];
    let found = units.iter().find_map(|(unit, seconds)| text.trim().strip_suffix(*unit)?.parse::<i64>().ok()?.checked_mul(*seconds));
    found.filter(|n| (1..=3_660 * 86_400).contains(n))
}

fn numbers(column: &Column) -> PolarsResult<UInt64Chunked> {
    Ok(column.cast(&DataType::UInt64)?.u64()?.clone())
}

/// The names of numbers; one without a name stays the number that it is.
fn named(columns: &[Column], name: impl Fn(u64) -> Option<&'static str>) -> PolarsResult<Column> {
    let [column] = columns else { polars_bail!(SQLInterface: "one argument is expected") };
    let text = |n: Option<u64>| n.map(|n| name(n).map_or_else(|| n.to_string(), str::to_owned));
    Ok(StringChunked::from_iter_options(name_of(columns), numbers(column)?.iter().map(text)).into_series().into_column())
}

fn flags_text(columns: &[Column]) -> PolarsResult<Column> {
    let [column] = columns else { polars_bail!(SQLInterface: "flags_text takes tcp_flags") };
    let text = |n: Option<u64>| n.map(|n| u16::try_from(n).map_or_else(|_| n.to_string(), values::tcp_flags_letters));
    Ok(StringChunked::from_iter_options(name_of(columns), numbers(column)?.iter().map(text)).into_series().into_column())
}

fn icmp_name(columns: &[Column]) -> PolarsResult<Column> {
    const ICMP6: u64 = 58;
    let [protocol, kind] = columns else { polars_bail!(SQLInterface: "icmp_name takes protocol and icmp_type") };
    let (protocols, kinds) = (numbers(protocol)?, numbers(kind)?);
    let at = |c: &UInt64Chunked, row: usize| c.get(if c.len() == 1 { 0 } else { row });
    let text = |row: usize| {
        let (protocol, number) = (at(&protocols, row)?, at(&kinds, row)?);
        let small = u8::try_from(number).ok();
        let name = small.and_then(|t| if protocol == ICMP6 { values::icmpv6_type_name(t) } else { values::icmp_type_name(t) });
        Some(name.map_or_else(|| number.to_string(), str::to_owned))
    };
    Ok(StringChunked::from_iter_options(name_of(columns), (0..rows(columns)).map(text)).into_series().into_column())
}

/// The registry that a context takes.
pub(super) fn registry() -> Arc<dyn FunctionRegistry> {
    Arc::new(Functions::new())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(values: &[Option<&str>]) -> Column {
        Series::new("a".into(), values).into_column()
    }

    fn constant(text: &str) -> Column {
        Series::new("".into(), [text]).into_column()
    }

    #[test]
    fn addresses_and_networks() {
        let a = column(&[Some("10.1.2.3"), Some("2001:db8::1"), None, Some("no address"), Some("192.168.7.9")]);
        let inside = in_net(&[a.clone(), constant("10.0.0.0/8"), constant("2001:db8::/32")]).unwrap();
        assert_eq!(inside.bool().unwrap().iter().collect::<Vec<_>>(), [Some(true), Some(true), None, None, Some(false)]);
        let bits = |n: i32| Series::new("".into(), [n]).into_column();
        let nets = network(&[a.clone(), bits(16), bits(48)]).unwrap();
        let nets: Vec<_> = nets.str().unwrap().iter().collect();
        assert_eq!(nets, [Some("10.1.0.0/16"), Some("2001:db8::/48"), None, None, Some("192.168.0.0/16")]);
        assert_eq!(
            ip_version(std::slice::from_ref(&a)).unwrap().u8().unwrap().iter().collect::<Vec<_>>(),
            [Some(4), Some(6), None, None, Some(4)]
        );
        let error = in_net(&[a.clone(), constant("10.0.0.0/33")]).unwrap_err().to_string();
        assert!(error.contains("in_net: '10.0.0.0/33' is no network"), "{error}");
        assert!(network(&[a, bits(64)]).unwrap_err().to_string().contains("net: a prefix has 0 to 32 bits"));
    }

    #[test]
    fn an_own_network_in_each_row() {
        let a = column(&[Some("10.1.2.3"), Some("10.1.2.3")]);
        let nets = column(&[Some("10.0.0.0/8"), Some("11.0.0.0/8")]);
        assert_eq!(in_net(&[a, nets]).unwrap().bool().unwrap().iter().collect::<Vec<_>>(), [Some(true), Some(false)]);
    }

    #[test]
    fn times_begin_their_stretch() {
        let times = Int64Chunked::from_slice("t".into(), &[1_700_000_059_999_999, 1_700_000_060_000_000, -1]);
        let times = times.into_datetime(TimeUnit::Microseconds, Some(TimeZone::UTC)).into_series().into_column();
        let begun = time_bucket(&[constant("1m"), times]).unwrap();
        let begun: Vec<_> = begun.to_physical_repr().i64().unwrap().iter().collect();
        // 1,700,000,059.999999 s is 22:14:19.999999, so its minute began 20 s earlier.
        assert_eq!(begun, [Some(1_700_000_040_000_000), Some(1_700_000_040_000_000), Some(-60_000_000)]);
        assert_eq!(
            [stretch_seconds("90s"), stretch_seconds("2h"), stretch_seconds("0m"), stretch_seconds("1w")],
            [Some(90), Some(7_200), None, None]
        );
    }

    #[test]
    fn values_have_names() {
        let protocols = Series::new("p".into(), [6u8, 17, 200]).into_column();
        let names = named(&[protocols], |n| u8::try_from(n).ok().and_then(values::protocol_name)).unwrap();
        assert_eq!(names.str().unwrap().iter().collect::<Vec<_>>(), [Some("TCP"), Some("UDP"), Some("200")]);
    }
}
