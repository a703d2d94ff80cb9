//! The overview's first flows: a table that a terminal of 80 columns holds.

use crate::element::values;
use crate::plan::Canonical;
use crate::summary::Overview;
use crate::time::Timestamp;

use super::cell::{Row, rows};
use super::grid::{Grid, numbers, words};
use super::number::{Clock, grouped, short};
use super::style::{Paint, Style};
use super::width::wrap;

/// Flows shown.
pub(super) const FIRST_FLOWS: usize = 10;
/// ICMP and ICMPv6.
const ICMP: [u64; 2] = [1, 58];

/// How much room the cells take; each form needs less than the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Form {
    /// Day and milliseconds, exact numbers.
    Long,
    /// The clock alone, exact numbers.
    Short,
    /// Seconds, and numbers like `1.2M`.
    Tight,
    /// Source above destination.
    Stacked,
}

/// The section; empty without flows.
pub(super) fn first_flows(overview: &Overview, style: &Style) -> String {
    let flows: Vec<Row<'_>> = rows(&overview.head).take(FIRST_FLOWS).collect();
    if flows.is_empty() {
        return String::new();
    }
    let mut form = Form::Long;
    let mut grid = table(&flows, form);
    for shorter in [Form::Short, Form::Tight, Form::Stacked] {
        if grid.width() <= style.width {
            break;
        }
        form = shorter;
        grid = table(&flows, form);
        if form == Form::Tight && grid.width() > style.width {
            grid = grid.gap(1);
            // A missing duration hurts less than flows on two lines.
            let mut narrower = grid.clone();
            narrower.fit(style.width);
            if narrower.width() <= style.width {
                grid = narrower;
            }
        }
    }
    grid.fit(style.width);
    let all = overview.totals.sums.flows;
    let heading = match all {
        1 => "The flow".to_owned(),
        n if n <= flows.len() as u64 => format!("All {n} flows"),
        n => format!("The first {} of {} flows", flows.len(), grouped(n.into())),
    };
    let when = match one_day(&flows) {
        Some(day) if form > Form::Long => format!("{day} UTC"),
        _ => "times in UTC".to_owned(),
    };
    let mut out = style.section(&format!("{heading}, {when}"), &grid.render(style));
    if flows.iter().all(|f| start(*f).is_none()) {
        let aside = "The flows have no start time; ipfix-inspect flows shows all their columns.";
        out.push_str(&wrap(&style.paint(Paint::Aside, aside), style.width, 0, 0));
    }
    out
}

fn start(flow: Row<'_>) -> Option<Clock> {
    flow.signed(Canonical::FlowStart).map(|nanos| Clock::of(Timestamp::from_nanos(nanos)))
}

/// The day on which all the flows begin that say when they do.
fn one_day(flows: &[Row<'_>]) -> Option<String> {
    let mut days = flows.iter().filter_map(|f| start(*f)).map(|c| c.day);
    let first = days.next()?;
    days.all(|day| day == first).then_some(first)
}

fn table(flows: &[Row<'_>], form: Form) -> Grid {
    let starts: Vec<Option<Clock>> = flows.iter().map(|f| start(*f)).collect();
    let one_day = one_day(flows).is_some();
    let mut columns = vec![words("start", 0), numbers(if form < Form::Tight { "duration" } else { "dur" }, 2), words("proto", 0)];
    if form == Form::Stacked {
        columns.push(words("source → destination", 0));
    } else {
        columns.extend([words("source", 0), words("", 0), words("destination", 0)]);
    }
    columns.extend([words("flags", 1), numbers(if form < Form::Tight { "packets" } else { "pkts" }, 0), numbers("bytes", 0)]);
    let mut grid = Grid::new(columns);
    for (flow, start) in flows.iter().zip(&starts) {
        let start = start.as_ref().map_or_else(String::new, |clock| match (form, one_day) {
            (Form::Long, _) => format!("{} {}", clock.day, clock.millis),
            (Form::Short, true) => clock.millis.clone(),
            (_, true) => clock.seconds.clone(),
            // Month and day.
            (_, false) => format!("{} {}", clock.day.get(5..).unwrap_or_default(), clock.seconds),
        });
        let (source, destination) = ends(*flow);
        let mut cells = vec![start, duration(*flow, form), protocol(*flow)];
        if form == Form::Stacked {
            cells.push(format!("{source}\n→ {destination}"));
        } else {
            cells.extend([source, "→".to_owned(), destination]);
        }
        let number =
            |column| flow.unsigned(column).map_or_else(String::new, |n| if form < Form::Tight { grouped(n.into()) } else { short(n) });
        cells.extend([flags(*flow), number(Canonical::Packets), number(Canonical::Bytes)]);
        grid.row(cells.into_iter().map(|text| (text, Paint::Plain)).collect());
    }
    grid.without_empty()
}

/// Seconds, with milliseconds where there is room.
fn duration(flow: Row<'_>, form: Form) -> String {
    let Some(millis) = flow.signed(Canonical::DurationMs) else { return String::new() };
    let (sign, millis) = (if millis < 0 { "-" } else { "" }, millis.unsigned_abs());
    if form < Form::Tight {
        return format!("{sign}{}.{:03} s", millis / 1000, millis % 1000);
    }
    match millis {
        0..100_000 => format!("{sign}{}.{}s", millis / 1000, millis % 1000 / 100),
        100_000..6_000_000 => format!("{sign}{}m", millis / 60_000),
        6_000_000..360_000_000 => format!("{sign}{}h", millis / 3_600_000),
        _ => format!("{sign}{}d", millis / 86_400_000),
    }
}

/// The name where it is a short one, as of TCP; the number else.
fn protocol(flow: Row<'_>) -> String {
    let Some(number) = flow.unsigned(Canonical::Protocol) else { return String::new() };
    match u8::try_from(number).ok().and_then(values::protocol_name).filter(|name| name.len() <= 9) {
        Some(name) => name.to_owned(),
        None => number.to_string(),
    }
}

fn flags(flow: Row<'_>) -> String {
    let flags = flow.unsigned(Canonical::TcpFlags).and_then(|f| u16::try_from(f).ok());
    // Exporters send 0 with UDP: letters belong to TCP alone.
    let tcp = flow.unsigned(Canonical::Protocol).is_none_or(|p| p == 6);
    flags.filter(|f| tcp || *f != 0).map_or_else(String::new, values::tcp_flags_letters)
}

/// Source and destination with ports; type and code of ICMP stand at the destination.
fn ends(flow: Row<'_>) -> (String, String) {
    let icmp = flow.unsigned(Canonical::Protocol).is_some_and(|p| ICMP.contains(&p));
    let end = |address, port| {
        let address = flow.text(address).unwrap_or_else(|| "?".to_owned());
        match flow.unsigned(port).filter(|_| !icmp) {
            Some(port) if address.contains(':') => format!("[{address}]:{port}"),
            Some(port) => format!("{address}:{port}"),
            None => address,
        }
    };
    let source = end(Canonical::SrcAddr, Canonical::SrcPort);
    let mut destination = end(Canonical::DstAddr, Canonical::DstPort);
    if icmp && let Some(kind) = flow.unsigned(Canonical::IcmpType) {
        let code = flow.unsigned(Canonical::IcmpCode).map_or_else(String::new, |c| format!("/{c}"));
        destination.push_str(&format!(" type {kind}{code}"));
    }
    (source, destination)
}
