//! What is one-way, by exporter and interface, and one sentence for whoever sets up the collector.

use std::net::IpAddr;

use crate::summary::conversations::{Advice, Count, ExporterShare, PairingCounts, PairingOptions, Places, Tally};

use super::display::Display;
use super::grid::{Grid, numbers, words};
use super::number::{counted, duration, grouped};
use super::style::{Paint, Style};
use super::width::wrap;

/// Exporters in the table.
const MOST_EXPORTERS: usize = 40;
/// Interfaces in the table, and of one exporter.
const MOST_INTERFACES: usize = 30;
const MOST_OF_ONE: usize = 10;
/// Exporters that the sentence names.
const MOST_NAMED: usize = 5;

/// The summary of a pairing as text.
pub fn conversations_text(tally: &Tally, counts: &PairingCounts, options: &PairingOptions, style: &Style, display: &Display) -> String {
    let total = tally.total();
    let mut out = wrap(&headline(counts, &total), style.width, 0, 0);
    if total.all().flows > 0 {
        out.push('\n');
        out.push_str(&table(tally, style, display));
        out.push('\n');
    }
    let paint = match tally.advice() {
        Advice::On | Advice::OneDirection => Paint::Doubtful,
        Advice::Off => Paint::Good,
        Advice::Nothing => Paint::Plain,
    };
    out.push_str(&wrap(&style.paint(paint, &conversations_advice(tally)), style.width, 0, 0));
    for note in notes(counts, options) {
        out.push_str(&wrap(&style.paint(Paint::Aside, &note), style.width, 0, 0));
    }
    out
}

fn headline(counts: &PairingCounts, total: &Places) -> String {
    let one_way = counts.conversations - counts.both;
    let mut text = format!(
        "{} of {}: {} with both directions, {} one-way.",
        counted(counts.conversations, "conversation"),
        counted(counts.flows, "flow"),
        grouped(counts.both.into()),
        grouped(one_way.into()),
    );
    if total.not_expected.conversations > 0 {
        let (number, verb) = match total.not_expected.conversations {
            1 => ("one".to_owned(), "is"),
            more => (grouped(more.into()), "are"),
        };
        text.push_str(&format!(" Of the one-way ones {number} {verb} multicast, broadcast or ICMP that nobody answers."));
    }
    if counts.bidirectional > 0 {
        text.push_str(&format!(" {} hold both directions.", counted(counts.bidirectional, "record")));
    }
    if counts.folded > 0 {
        text.push_str(&format!(" {} left out as counted twice.", counted(counts.folded, "flow")));
    }
    text
}

fn table(tally: &Tally, style: &Style, display: &Display) -> String {
    let mut shown: Vec<&ExporterShare> = tally.exporters.iter().collect();
    shown.sort_by_key(|e| std::cmp::Reverse(e.places.all().flows));
    let more = shown.len().saturating_sub(MOST_EXPORTERS);
    shown.truncate(MOST_EXPORTERS);
    let mut grid = Grid::new(vec![
        words("exporter", 0),
        words("interface", 0),
        numbers("flows", 0),
        numbers("one-way flows", 0),
        numbers("bytes", 5),
        numbers("one-way bytes", 2),
        numbers("at other interfaces", 1),
        numbers("at other exporters", 1),
        numbers("no answer due", 4),
    ]);
    let mut interfaces_left_out = 0;
    let most = (MOST_INTERFACES / shown.len().max(1)).clamp(1, MOST_OF_ONE);
    if shown.len() > 1 {
        grid.row(row("all".to_owned(), String::new(), &tally.total(), display, Paint::Heading));
    }
    for share in shown {
        let name = exporter(share.exporter);
        if let [(interface, places)] = share.interfaces.iter().collect::<Vec<_>>().as_slice() {
            grid.row(row(name, number(**interface), places, display, Paint::Plain));
            continue;
        }
        grid.row(row(name, "all".to_owned(), &share.places, display, Paint::Plain));
        let mut interfaces: Vec<(&u32, &Places)> = share.interfaces.iter().collect();
        interfaces.sort_by_key(|(_, places)| std::cmp::Reverse(places.all().flows));
        interfaces_left_out += interfaces.len().saturating_sub(most);
        for (interface, places) in interfaces.into_iter().take(most) {
            grid.row(row(String::new(), number(*interface), places, display, Paint::Plain));
        }
    }
    let mut grid = grid.without("interface", &["", "?"]).without("at other interfaces", &["-"]).without("at other exporters", &["-"]);
    grid = grid.without("no answer due", &["-"]);
    let left_out = grid.fit(style.width);
    let mut out = style.section("One-way traffic, each exporter on its own", &grid.render(style));
    let mut asides = Vec::new();
    if more > 0 {
        asides.push(format!("{} with fewer flows not shown", counted(more as u64, "exporter")));
    }
    if interfaces_left_out > 0 {
        asides.push(format!("{} with fewer flows not shown", counted(interfaces_left_out as u64, "interface")));
    }
    if !left_out.is_empty() {
        asides.push(format!("no room for: {}", left_out.join(", ")));
    }
    if !asides.is_empty() {
        out.push_str(&wrap(&style.paint(Paint::Aside, &format!("{}; --format json has all.", asides.join("; "))), style.width, 0, 0));
    }
    out
}

fn row(exporter: String, interface: String, places: &Places, display: &Display, paint: Paint) -> Vec<(String, Paint)> {
    let all = places.all();
    let flows = |count: Count| share(count.flows.into(), all.flows.into()).unwrap_or_else(|| "-".to_owned());
    let cells = [
        exporter,
        interface,
        grouped(all.flows.into()),
        share(places.one_way().flows.into(), all.flows.into()).unwrap_or_else(|| "0 %".to_owned()),
        display.bytes.text(all.bytes),
        share(places.one_way().bytes, all.bytes).unwrap_or_else(|| "0 %".to_owned()),
        flows(places.other_interfaces),
        flows(places.other_exporters),
        flows(places.not_expected),
    ];
    cells.into_iter().map(|text| (text, paint)).collect()
}

/// The sentence on STRM's setting, and its reason.
pub fn conversations_advice(tally: &Tally) -> String {
    let total = tally.total();
    let (all, across) = (total.all(), total.across());
    let of_flows = |count: Count| share(count.flows.into(), all.flows.into()).unwrap_or_else(|| "none".to_owned());
    let of_bytes = |count: Count| share(count.bytes, all.bytes).unwrap_or_else(|| "none".to_owned());
    match tally.advice() {
        Advice::Nothing => "Asymmetric flows: there were no flows to pair, so nothing can be said.".to_owned(),
        Advice::Off if across.flows == 0 => {
            let one_way = match total.one_way().flows {
                0 => String::new(),
                _ => format!(
                    " What is one-way ({} of the flows) is so everywhere, which the setting would not change.",
                    of_flows(total.one_way())
                ),
            };
            format!(
                "Asymmetric flows: leave the setting off; no conversation has its two directions at different exporters or interfaces.{one_way}"
            )
        }
        Advice::Off => format!(
            "Asymmetric flows: leave the setting off; only {} of the flows ({} of the bytes) have their other direction at another exporter or \
             interface.",
            of_flows(across),
            of_bytes(across),
        ),
        Advice::On => {
            let place = match (total.other_exporters.flows, total.other_interfaces.flows) {
                (_, 0) => "exporter",
                (0, _) => "interface of the same exporter",
                _ => "exporter or interface",
            };
            format!(
                "Asymmetric flows: turn the setting on for {}; {} of the flows ({} of the bytes) have their other direction at another {place} \
                 and pair only with it.",
                named(tally),
                of_flows(across),
                of_bytes(across),
            )
        }
        Advice::OneDirection => {
            let answerable = all.flows - total.not_expected.flows;
            let one_way = share(total.nowhere.flows.into(), answerable.into()).unwrap_or_default();
            format!(
                "Asymmetric flows: the setting would not help; {one_way} of the flows that could have an answer are one-way, and no exporter here \
                 has the other direction. Have the exporters watch both directions (every interface on its way in, or in and out), or add \
                 the router on the way back."
            )
        }
    }
}

/// The exporters whose flows pair only across.
fn named(tally: &Tally) -> String {
    let mut shares: Vec<&ExporterShare> = tally.exporters.iter().filter(|e| e.places.across().flows > 0).collect();
    shares.sort_by_key(|e| std::cmp::Reverse(e.places.across().flows));
    let mut names: Vec<String> = shares.iter().take(MOST_NAMED).map(|e| exporter(e.exporter)).collect();
    match shares.len().saturating_sub(MOST_NAMED) {
        0 => {}
        more => names.push(counted(more as u64, "more exporter")),
    }
    match names.as_slice() {
        [init @ .., last] if !init.is_empty() => format!("{} and {last}", init.join(", ")),
        names => names.concat(),
    }
}

fn notes(counts: &PairingCounts, options: &PairingOptions) -> Vec<String> {
    let mut notes = Vec::new();
    let open = grouped(options.most as u128);
    if counts.early.strands > 0 {
        let waited = counts.early.shortest.unwrap_or(0).saturating_mul(1_000_000_000);
        notes.push(format!(
            "{} closed early, since more than {open} were open: flows that came more than {} after the ones before them may stand as \
             conversations of their own. --max-open raises the bound, at some 250 octets each.",
            counted(counts.early.strands, "conversation"),
            duration(waited),
        ));
    }
    if counts.late > 0 {
        notes.push(format!(
            "{} arrived more than {} after they began, when what belonged to them may have been closed: --horizon should be the longest \
             active timeout of the exporters.",
            counted(counts.late, "flow"),
            duration(options.horizon),
        ));
    }
    if counts.without_times > 0 {
        notes.push(format!("{} without times: the moment when they arrived stands for them.", counted(counts.without_times, "flow")));
    }
    if counts.without_addresses > 0 {
        notes.push(format!("{} without addresses left out.", counted(counts.without_addresses, "flow")));
    }
    notes
}

fn exporter(address: Option<IpAddr>) -> String {
    address.map_or_else(|| "not told".to_owned(), |a| a.to_string())
}

fn number(interface: u32) -> String {
    if interface == 0 { "?".to_owned() } else { interface.to_string() }
}

/// A part of a whole as people read it; `None` for none.
fn share(part: u128, whole: u128) -> Option<String> {
    if part == 0 {
        return None;
    }
    let tenths = (part.saturating_mul(2000) / whole.max(1)).saturating_add(1) / 2;
    Some(match tenths {
        0 => "<0.1 %".to_owned(),
        1000 if part < whole => ">99.9 %".to_owned(),
        1000.. => "100 %".to_owned(),
        tenths => format!("{}.{} %", tenths / 10, tenths % 10),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_rounded_and_never_hide_a_rest() {
        let texts = [(0, 10), (1, 10), (1, 3), (2, 3), (1, 100_000), (99_999, 100_000), (7, 7)].map(|(part, whole)| share(part, whole));
        let expected = [None, Some("10.0 %"), Some("33.3 %"), Some("66.7 %"), Some("<0.1 %"), Some(">99.9 %"), Some("100 %")];
        assert_eq!(texts, expected.map(|t| t.map(str::to_owned)));
    }

    fn tally(exporters: &[(u8, Places)]) -> Tally {
        let share = |(host, places): &(u8, Places)| {
            let interfaces = [(1, *places)].into();
            ExporterShare { exporter: Some(IpAddr::from([192, 0, 2, *host])), places: *places, interfaces }
        };
        Tally { exporters: exporters.iter().map(share).collect() }
    }

    fn count(flows: u64) -> Count {
        Count { conversations: flows / 2, flows, bytes: u128::from(flows) * 100 }
    }

    #[test]
    fn one_sentence_for_the_collector() {
        let sentence = |exporters: &[(u8, Places)]| conversations_advice(&tally(exporters));
        assert_eq!(sentence(&[]), "Asymmetric flows: there were no flows to pair, so nothing can be said.");
        let paired = Places { together: count(990), nowhere: count(10), ..Places::default() };
        assert_eq!(
            sentence(&[(1, paired)]),
            "Asymmetric flows: leave the setting off; no conversation has its two directions at different exporters or interfaces. What is \
             one-way (1.0 % of the flows) is so everywhere, which the setting would not change."
        );
        let few = Places { together: count(995), other_exporters: count(5), ..Places::default() };
        assert_eq!(
            sentence(&[(1, few)]),
            "Asymmetric flows: leave the setting off; only 0.5 % of the flows (0.5 % of the bytes) have their other direction at another \
             exporter or interface."
        );
        let apart = Places { together: count(500), other_exporters: count(500), ..Places::default() };
        let uplinks = Places { other_interfaces: count(1_000), ..Places::default() };
        assert_eq!(
            sentence(&[(1, apart), (2, apart), (3, paired)]),
            "Asymmetric flows: turn the setting on for 192.0.2.1 and 192.0.2.2; 33.3 % of the flows (33.3 % of the bytes) have their other \
             direction at another exporter and pair only with it."
        );
        assert_eq!(
            sentence(&[(1, uplinks)]),
            "Asymmetric flows: turn the setting on for 192.0.2.1; 100 % of the flows (100 % of the bytes) have their other direction at \
             another interface of the same exporter and pair only with it."
        );
        let half = Places { nowhere: count(900), not_expected: count(100), ..Places::default() };
        assert!(sentence(&[(1, half)]).starts_with("Asymmetric flows: the setting would not help; 100 % of the flows that could have an"));
    }

    #[test]
    fn a_page() {
        let apart = Places { together: count(600), other_exporters: count(300), not_expected: count(100), ..Places::default() };
        let counts = PairingCounts { flows: 2_000, conversations: 900, both: 600, ..PairingCounts::default() };
        let options = PairingOptions {
            rules: crate::summary::conversations::Rules {
                window: 0,
                asymmetric: false,
                deduplicate: crate::summary::conversations::Deduplicate::Source,
            },
            horizon: 0,
            most: 1,
        };
        let text = conversations_text(&tally(&[(1, apart), (2, apart)]), &counts, &options, &Style::default(), &Display::default());
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], "900 conversations of 2,000 flows: 600 with both directions, 300 one-way. Of the");
        assert_eq!(
            lines[3..8],
            [
                "One-way traffic, each exporter on its own",
                "exporter   interface  flows  one-way flows  one-way bytes  at other exporters",
                "all                   2,000         40.0 %         40.0 %              30.0 %",
                "192.0.2.1  1          1,000         40.0 %         40.0 %              30.0 %",
                "192.0.2.2  1          1,000         40.0 %         40.0 %              30.0 %",
            ]
        );
        assert_eq!(lines[8], "no room for: bytes, no answer due; --format json has all.");
    }
}
