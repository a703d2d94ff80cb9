//! Sums over time as a picture of characters: one bar for each interval, the rate upwards.
//!
//! The picture fits the terminal: intervals are joined until there is a column for each. Where nearly all octets lie in a small part of
//! the time (some exporter's clock is years off), the picture is of that part and says so.

use crate::summary::{Interval, Series};
use crate::time::Timestamp;

use super::super::number::{Clock, duration, short};
use super::super::style::{Paint, Style};
use super::super::width::wrap;
use super::super::zone::Zone;

/// Lines of the picture.
const HEIGHT: usize = 6;
/// Columns for the numbers at the side, with the line.
const SIDE: usize = 8;
/// The most columns that the picture takes.
const WIDEST: usize = 160;
/// The widest bar.
const BAR: usize = 4;
const SECOND: i64 = 1_000_000_000;
/// Lengths of intervals that people read well, in seconds.
const LENGTHS: [i64; 22] =
    [1, 2, 5, 10, 15, 20, 30, 60, 120, 300, 600, 900, 1_200, 1_800, 3_600, 7_200, 10_800, 21_600, 43_200, 86_400, 604_800, 2_592_000];

/// The part of the intervals that the picture is of.
struct Window<'a> {
    intervals: &'a [Interval],
    /// True if it is not all of them.
    part: bool,
}

/// The picture with its heading; empty without intervals, and where no flow says its octets.
pub(super) fn picture(series: &Series, zone: Zone, blocks: bool, style: &Style) -> String {
    if !series.known.bytes() {
        return String::new();
    }
    let window = window(series);
    let (Some(first), Some(last)) = (window.intervals.first(), window.intervals.last()) else { return String::new() };
    let columns = style.width.saturating_sub(SIDE).clamp(10, WIDEST);
    let count = last.start.saturating_sub(first.start) / series.every + 1;
    let length = joined(series.every, first.start, last.start, columns as i64);
    let from = first.start.div_euclid(length);
    let mut bytes = vec![0u64; usize::try_from(last.start.div_euclid(length) - from + 1).unwrap_or(1)];
    for interval in window.intervals {
        if let Some(sum) = usize::try_from(interval.start.div_euclid(length) - from).ok().and_then(|at| bytes.get_mut(at)) {
            *sum = sum.saturating_add(interval.bytes);
        }
    }
    let rates: Vec<f64> = bytes.iter().map(|bytes| *bytes as f64 * 8.0 * SECOND as f64 / length as f64).collect();
    let most = rates.iter().copied().fold(0.0, f64::max);
    let bar = (columns / rates.len().max(1)).clamp(1, BAR);
    let mut heading = format!("Bits a second, {} a column", duration(length).replace('\u{a0}', " "));
    if bar > 1 {
        heading = format!("Bits a second, {} a bar", duration(length).replace('\u{a0}', " "));
    }
    if window.part {
        heading.push_str(", without the few flows far before and after");
    } else if count == 1 && length == SECOND {
        // A moment has no course of time.
        return String::new();
    }
    let mut out = wrap(&style.paint(Paint::Heading, &heading), style.width, 0, 0);
    for line in (0..HEIGHT).rev() {
        let side = match line {
            5 => short(most as u64),
            2 => short((most / 2.0) as u64),
            _ => String::new(),
        };
        let cells: String = rates.iter().map(|rate| cell(*rate, most, line, blocks).repeat(bar)).collect();
        let axis = if blocks { "│" } else { "|" };
        out.push_str(format!("{side:>6} {axis}{cells}").trim_end());
        out.push('\n');
    }
    let (corner, floor) = if blocks { ("└", "─") } else { ("+", "-") };
    out.push_str(&format!("{:>6} {corner}{}\n", "0", floor.repeat(rates.len() * bar)));
    out.push_str(&times(from.saturating_mul(length), length, rates.len(), bar, zone));
    out
}

/// The part of all intervals in which all but a thousandth of the octets lie, before as after, if that is a small part of the time.
fn window(series: &Series) -> Window<'_> {
    let all = Window { intervals: &series.intervals, part: false };
    let total: u128 = series.intervals.iter().map(|i| u128::from(i.bytes)).sum();
    let (Some(first), Some(last)) = (series.intervals.first(), series.intervals.last()) else { return all };
    let mut before = 0u128;
    let from = series.intervals.iter().position(|i| {
        before += u128::from(i.bytes);
        before > total / 1_000
    });
    let mut after = 0u128;
    let to = series.intervals.iter().rposition(|i| {
        after += u128::from(i.bytes);
        after > total / 1_000
    });
    let (Some(from), Some(to)) = (from, to) else { return all };
    let Some(inside) = series.intervals.get(from..=to) else { return all };
    let span = |a: &Interval, b: &Interval| b.start.saturating_sub(a.start) / series.every + 1;
    match (inside.first(), inside.last()) {
        (Some(a), Some(b)) if span(a, b) < span(first, last) / 4 => Window { intervals: inside, part: true },
        _ => all,
    }
}

/// The length of what a column shows: whole intervals, as few as fit, and a length that people read well if there is one.
fn joined(every: i64, first: i64, last: i64, columns: i64) -> i64 {
    let fits = |length: i64| last.div_euclid(length) - first.div_euclid(length) < columns;
    let well = LENGTHS.iter().map(|seconds| seconds * SECOND).filter(|length| *length >= every && length % every == 0).find(|l| fits(*l));
    if fits(every) {
        return every;
    }
    well.unwrap_or_else(|| {
        let mut length = every;
        while !fits(length) {
            length = length.saturating_mul(2);
        }
        length
    })
}

/// One character of a bar.
fn cell(rate: f64, most: f64, line: usize, blocks: bool) -> &'static str {
    const BLOCKS: [&str; 9] = [" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"];
    const PLAIN: [&str; 9] = [" ", ".", ".", ".", ":", ":", ":", "#", "#"];
    let eighths = if most > 0.0 { (rate / most * (HEIGHT * 8) as f64).ceil() as usize } else { 0 };
    let own = eighths.saturating_sub(line * 8).min(8);
    if blocks { BLOCKS[own] } else { PLAIN[own] }
}

/// The line of times under the picture: at the first bar, and after it as often as there is room.
fn times(start: i64, length: i64, bars: usize, bar: usize, zone: Zone) -> String {
    let clock = |at: usize| Clock::of(zone.local(Timestamp::from_nanos(start.saturating_add(length.saturating_mul(at as i64)))));
    let of_days = length >= 86_400 * SECOND || clock(0).day != clock(bars.saturating_sub(1)).day;
    let mut line = " ".repeat(SIDE);
    let mut used = SIDE;
    for at in 0..bars {
        let clock = clock(at);
        let text = match (of_days, length % (60 * SECOND) == 0) {
            (true, _) if length >= 86_400 * SECOND => clock.day,
            // Month and day.
            (true, _) => format!("{} {}", clock.day.get(5..).unwrap_or_default(), clock.seconds.get(..5).unwrap_or_default()),
            (false, true) => clock.seconds.get(..5).unwrap_or_default().to_owned(),
            (false, false) => clock.seconds,
        };
        let place = SIDE + at * bar;
        // A mark at its bar, and four columns to the next one; the last must not stand out behind the picture by much.
        if (at == 0 || place >= used + 4) && place + text.len() <= (SIDE + bars * bar).max(SIDE + text.len()) {
            line.extend(std::iter::repeat_n(' ', place - used));
            line.push_str(&text);
            used = place + text.len();
        }
    }
    line.push('\n');
    line
}
