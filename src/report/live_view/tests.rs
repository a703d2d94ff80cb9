//! What is on the screen, by ratatui's own terminal for tests, and what keys do.

use std::sync::Arc;

use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::style::{Color, Modifier};

use super::*;
use crate::audit::{LayoutName, Traffic, profile};
use crate::collector::{Convention, SequenceReport};
use crate::message::Version;
use crate::report::tests::{addr, at, exporter, layout};
use crate::summary::{LiveForward, LiveQueue, LiveRecorder, LiveSource, LiveTotals, ProblemLine, Talker};

const WHOLE: [u16; 10] = [22, 21, 4, 8, 12, 7, 11, 1, 2, 6];

/// A run after so many seconds: a v5 exporter, and a v9 one whose template lacks ports until it is redefined at 3 s.
fn moment(seconds: u32) -> Arc<Live> {
    let n = u64::from(seconds);
    let sums = |flows, bytes: u64| Traffic { flows, bytes: bytes.into(), packets: u128::from(flows) * 4, tcp: flows, icmp: 0 };
    let (v5, v9) = (sums(1_000 * n * n, 64_000 * n), sums(40 * n, 1_500_000 * n));
    let mut first = exporter("203.0.113.1", Version::V5, 0, v5);
    first.layouts = vec![layout(None, &WHOLE, v5)];
    (first.messages, first.last_seen) = (30 * n, at(seconds));
    first.sequence = SequenceReport { convention: Some(Convention::Flows), lost: 1204, ..SequenceReport::default() };
    let mut second = exporter("2001:db8:ffff::9", Version::V9, 7, v9);
    second.layouts = vec![layout(Some(256), &[22, 21, 4, 8, 12, 1, 2, 6], v9)];
    if seconds >= 3 {
        let mut redefined = layout(Some(256), &WHOLE, v9);
        redefined.name = LayoutName::Template(256, 2);
        second.layouts.push(redefined);
    }
    second.sequence = SequenceReport { convention: Some(Convention::Messages), ..SequenceReport::default() };
    (second.messages, second.templates, second.problems, second.last_seen) = (2 * n, 1, 5, at(seconds));
    (second.sets_without_template, second.options_records, second.options_templates) = (5, 3, 1);
    let live_exporter = |line, lag| LiveExporter { line, source: 0, silent_since: None, lag: Some(lag), uncovered: Vec::new() };
    let mut second = live_exporter(second, [-2_500_000_000, 3_723_000_000_000]);
    second.uncovered = vec![300, 301];
    let talker = |who: &str, bytes: u128, unsure| Talker { addr: addr(who), flows: 10, bytes: bytes * u128::from(n), packets: 20, unsure };
    let mut totals =
        LiveTotals { datagrams: 32 * n, octets: 48_000 * n, messages: 32 * n, kernel_drops: 17, lost: 1204, ..LiveTotals::default() };
    totals.sums.add(&v5);
    totals.sums.add(&v9);
    Arc::new(Live {
        span: Some((at(0), at(seconds))),
        totals,
        sources: vec![LiveSource {
            name: "edge\x1b[2J".to_owned(),
            profile: profile("strm").unwrap(),
            local: "[::]:2055".to_owned(),
            sockets: 1,
            granted: 33_554_432,
            datagrams: 32 * n,
            octets: 48_000 * n,
            kernel_drops: 17,
            refused: 0,
            refused_exporters: 0,
            open: true,
            failed: false,
        }],
        exporters: vec![live_exporter(first, [1_000_000, 1_900_000]), second],
        exporters_in_all: 2,
        problems: vec![ProblemLine {
            code: "no-template",
            severity: Severity::Error,
            title: "Data Sets whose template was never seen could not be decoded",
            count: 5,
            file: 0,
            frame: 4,
            exporter: Some(addr("2001:db8:ffff::9")),
            domain: Some(7),
            offset: Some(20),
            detail: "no template 300 \x1b[2J".to_owned(),
        }],
        queues: vec![LiveQueue { name: "decode".to_owned(), waiting: 2, octets: 3_000, dropped: 0 }],
        forwards: vec![LiveForward {
            to: "192.0.2.99:1025".to_owned(),
            sent: 30 * n,
            octets: 45_000 * n,
            dropped: 0,
            filtered: 0,
            refused: 4,
            failed: 0,
            shared: 0,
        }],
        recorders: vec![LiveRecorder {
            folder: "rec".to_owned(),
            stopped: false,
            datagrams: 32 * n,
            octets: 50_000,
            dropped: 0,
            lost: 0,
            files: 1,
        }],
        talkers: vec![talker("198.51.100.20", 900_000, 0), talker("2001:db8::1234:5678", 400_000, 1_000_000)],
        ..Live::default()
    })
}

fn after(seconds: u32) -> LiveView {
    let mut view = LiveView::new(false);
    (1..=seconds).for_each(|s| view.take(moment(s)));
    view.log(at(seconds), Severity::Warning, "203.0.113.1: sequence-gap: \x1b]0;owned\x07");
    view
}

fn terminal(view: &mut LiveView, width: u16, height: u16) -> Terminal<TestBackend> {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal.draw(|frame| view.draw(frame)).unwrap();
    terminal
}

/// The screen as lines, without the blanks at their ends.
fn screen(view: &mut LiveView, width: u16, height: u16) -> String {
    let terminal = terminal(view, width, height);
    let buffer = terminal.backend().buffer();
    let row = |y| (0..width).map(|x| buffer[(x, y)].symbol()).collect::<String>().trim_end().to_owned() + "\n";
    (0..height).map(row).collect()
}

#[test]
fn on_80_by_24() {
    assert_eq!(
        screen(&mut after(4), 80, 24),
        r"ipfix-inspect listen edge\x1b[2J [::]:2055                  22:13:24 UTC, up 4 s
128 messages (32/s), 16.2k flows (7.0k/s), 17 dropped by the kernel, 1,204 lost…
flows/s, most 7.0k:                                                         ▂▄▆█
Exporters: 2 by flows/s ────────────────────────────────────────────────────────
exporter         ver.   domain  flows/s  past         lost  verdict
203.0.113.1      v5          0     7.0k       ▂▄▆█    1.2k  complete
2001:db…ffff::9  v9          7       40       ████       0  lacks L4_SRC_PORT +1
Top talkers by bytes of their flows ─── Problems ───────────────────────────────
source address          bytes   bytes/s      5 Data Sets whose template was
198.51.100.20          3.6 MB  900.0 kB          never seen could not be
2001:db8::1234:5678   ≥1.6 MB  400.0 kB          decoded, first from
Events templates and log, the latest first ─────────────────────────────────────
22:13:24 203.0.113.1: sequence-gap: \x1b]0;owned\x07
22:13:23 2001:db8:ffff::9 v9 domain 7: template 256 redefined: complete
22:13:21 2001:db8:ffff::9 v9 domain 7: template 256 new: incomplete: lacks
           L4_SRC_PORT, L4_DST_PORT



Ports, queues, forwarding, recording 1 more ────────────────────────────────────
edge\x1b[2J [::]:2055: 128 datagrams (192.0 kB), receive buffer 33.6 MB, 17 dro…
forwarded to 192.0.2.99:1025: 120 datagrams (180.0 kB), 4 refused there
queue decode: 2 datagrams waiting (3.0 kB)
↑↓ choose   Enter look into   s sort   r reverse   p pause   ? help   q quit
"
    );
}

#[test]
fn on_160_by_50() {
    assert_eq!(
        screen(&mut after(4), 160, 50),
        r"ipfix-inspect listen edge\x1b[2J [::]:2055                                                                                                  22:13:24 UTC, up 4 s
128 messages (32/s), 16.2k flows (7.0k/s), 17 dropped by the kernel, 1,204 lost, 6.3 MB in 64.6k packets
flows/s, most 7.0k:                                                                                                                                         ▂▄▆█
Exporters: 2 by flows/s ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────
exporter                      ver.   domain  msgs/s  flows/s  past                      flows     bytes    lost  templ.  probl.  verdict
203.0.113.1                   v5          0      30     7.0k                    ▂▄▆█    16.0k  256.0 kB    1.2k       -       0  complete
2001:db8:ffff::9              v9          7       2       40                    ████      160    6.0 MB       0       2       5  lacks L4_SRC_PORT +1
Top talkers by bytes of their flows ─────────────────────────────────────────── Problems ───────────────────────────────────────────────────────────────────────
source address                              bytes   bytes/s     flows                5 Data Sets whose template was never seen could not be decoded, first from
198.51.100.20                              3.6 MB  900.0 kB        10                    2001:db8:ffff::9
2001:db8::1234:5678                       ≥1.6 MB  400.0 kB        10
Events templates and log, the latest first ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────
22:13:24 203.0.113.1: sequence-gap: \x1b]0;owned\x07
22:13:23 2001:db8:ffff::9 v9 domain 7: template 256 redefined: complete
22:13:21 2001:db8:ffff::9 v9 domain 7: template 256 new: incomplete: lacks L4_SRC_PORT, L4_DST_PORT





























Ports, queues, forwarding, recording ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────
edge\x1b[2J [::]:2055: 128 datagrams (192.0 kB), receive buffer 33.6 MB, 17 dropped by the kernel
forwarded to 192.0.2.99:1025: 120 datagrams (180.0 kB), 4 refused there
queue decode: 2 datagrams waiting (3.0 kB)
recorded in rec: 128 datagrams in 50.0 kB, 1 whole file
↑↓ choose   Enter look into   s sort   r reverse   p pause   ? help   q quit
"
    );
}

#[test]
fn one_exporter() {
    let mut view = after(4);
    assert!(!view.key(LiveKey::Char('s')) && !view.key(LiveKey::Char('s')) && !view.key(LiveKey::Char('s')));
    assert!(!view.key(LiveKey::Enter));
    assert_eq!(
        screen(&mut view, 80, 24),
        r"ipfix-inspect listen edge\x1b[2J [::]:2055                  22:13:24 UTC, up 4 s
128 messages (32/s), 16.2k flows (7.0k/s), 17 dropped by the kernel, 1,204 lost…
flows/s, most 7.0k:                                                         ▂▄▆█
2001:db8:ffff::9 v9 domain 7 flow source edge\x1b[2J, for Juniper STRM ─────────
sent      8 messages (2/s), 160 flows (40/s), 6.0 MB (1.5 MB/s), 640 packets
flows/s                                                                     ████
ports     50000
seen      first 2023-11-14 22:13:20, last 2023-11-14 22:13:24 UTC
sequence  nothing lost; the numbers count messages
clock     messages arrive between 2.500 s before and 1 h 2 min after their
          export time
options   3 records in 1 options template
lacking   5 Data Sets without a template, of the ids 300, 301
Templates for Juniper STRM ─────────────────────────────────────────────────────
template 256: 8 fields, 160 flows, incomplete: lacks L4_SRC_PORT, L4_DST_PORT
template 256, content 2: 10 fields, 160 flows, complete
Problems: 5
no-template Data Sets whose template was never seen could not be decoded: no te…





Esc back   ↑↓ scroll   n N next, previous   p pause   ? help   q quit
"
    );
    assert!(!view.key(LiveKey::Escape), "Escape leads back first");
    assert!(view.key(LiveKey::Escape));
}

#[test]
fn the_help() {
    let mut view = after(2);
    view.key(LiveKey::Char('?'));
    assert_eq!(
        screen(&mut view, 80, 24),
        r"ipfix-inspect listen edge\x1b[2J [::]:2055                  22:13:22 UTC, up 2 s
64 messages (32/s), 4.1k flows (3.0k/s), 17 dropped by the kernel, 1,204 lost, …
flow┌ Keys ────────────────────────────────────────────────────────────────┐  ▃█
Expo│ ↑ ↓  k j    choose an exporter; scroll inside one                    │────
expo│ PgUp PgDn   a page up or down; Home, End: to the ends                │
203.│ Enter       look into the exporter, and back                         │
2001│ n N         the next exporter, the one before                        │T +1
Top │ s           sort by flows/s, flows, lost, problems, verdict, address │────
sour│ r           turn the order round                                     │
198.│ p  Space    pause what is shown; receiving goes on                   │
2001│ ?  h        this help; any key closes it                             │
Even│ q  ^C       quit: files are closed and the last summary is shown     │────
22:1│ Esc         back, or quit                                            │
22:1│                                                                      │
    │ lost       units missing by the sequence numbers                     │
    │ drops      datagrams that this machine had no room for               │
    │ past       flows/s, a column a second, each row by its own peak      │
    │ verdict    whether the target collector can use the templates        │
    │ ≥          bytes of a talker that may have sent more before          │
Port│ bytes      what the flows say, not the size of the messages          │────
edge└──────────────────────────────────────────────────────────────────────┘opp…
forwarded to 192.0.2.99:1025: 60 datagrams (90.0 kB), 4 refused there
queue decode: 2 datagrams waiting (3.0 kB)
↑↓ choose   Enter look into   s sort   r reverse   p pause   ? help   q quit
"
    );
    assert!(!view.key(LiveKey::Escape), "any key closes the help and does nothing else");
    assert!(!screen(&mut view, 80, 24).contains("Keys"));
}

#[test]
fn no_size_is_too_small() {
    let mut view = after(3);
    for help in [false, true] {
        view.help = help;
        for (width, height) in [(1, 1), (3, 2), (10, 5), (20, 8), (40, 15), (40, 16), (79, 23), (300, 4), (2, 90)] {
            screen(&mut view, width, height);
            view.inside = true;
            view.chosen = view.exporters().first().map(|e| e.line.key);
            screen(&mut view, width, height);
            view.inside = false;
        }
    }
}

#[test]
fn the_chosen_row_is_marked_and_colors_are_off() {
    let mut view = after(2);
    view.key(LiveKey::Down);
    view.key(LiveKey::Down);
    let terminal = terminal(&mut view, 80, 24);
    let buffer = terminal.backend().buffer();
    let reversed: Vec<u16> = (0..24).filter(|y| buffer[(0, *y)].modifier.contains(Modifier::REVERSED)).collect();
    assert_eq!(reversed, [6]);
    assert!(buffer.content().iter().all(|cell| cell.fg == Color::Reset && cell.bg == Color::Reset));
}

#[test]
fn colors_where_they_are_wanted() {
    let mut view = after(2);
    view.palette.color = true;
    let terminal = terminal(&mut view, 80, 24);
    assert!(terminal.backend().buffer().content().iter().any(|cell| cell.fg == Color::Red));
}

#[test]
fn paused_it_stands_still_and_then_catches_up() {
    let mut view = after(2);
    view.key(LiveKey::Char('p'));
    let before = screen(&mut view, 80, 24);
    assert!(before.contains("PAUSED"));
    view.take(moment(3));
    view.take(moment(4));
    assert_eq!(screen(&mut view, 80, 24), before);
    view.key(LiveKey::Char('p'));
    let after = screen(&mut view, 80, 24);
    // 12,080 more flows in two seconds.
    assert!(after.contains("16.2k flows (6.0k/s)") && after.contains("template 256 redefined: complete"), "{after}");
}

#[test]
fn orders() {
    let mut view = after(4);
    let first = |view: &LiveView| view.exporters()[0].line.key.version;
    let mut seen = Vec::new();
    for _ in 0..6 {
        seen.push((view.order.name(), first(&view)));
        view.key(LiveKey::Char('s'));
    }
    let expected = [
        ("flows/s", Version::V5),
        ("flows", Version::V5),
        ("lost", Version::V5),
        ("problems", Version::V9),
        ("verdict", Version::V9),
        ("address", Version::V5),
    ];
    assert_eq!(seen, expected);
    assert_eq!(view.order, Order::Rate);
    view.key(LiveKey::Char('r'));
    assert_eq!(first(&view), Version::V9);
}

#[test]
fn what_quits() {
    let mut view = after(1);
    assert!(view.key(LiveKey::Char('q')) && view.key(LiveKey::Interrupt) && view.key(LiveKey::Escape));
    assert!(!view.key(LiveKey::Char('x')) && !view.key(LiveKey::PageDown) && !view.key(LiveKey::End));
}
