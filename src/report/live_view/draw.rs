//! Where the panes stand: the sums at the top, the exporters, who talks most beside the problems, what happened, what is beside decoding, and the
//! keys at the bottom. Where there is little room the lower ones go first.

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::report::number::{Clock, counted, duration, grouped, short, size};
use crate::report::style::Paint;
use crate::report::width::width;
use crate::summary::Live;

use super::lines::{Pane, Spans};
use super::{LiveView, counters, exporter, exporters, help, panes};

/// Lines at the top: who and where, the sums, the past of all flows.
const HEAD: u16 = 3;
/// Rows below which there are exporters alone.
const FEW_ROWS: u16 = 16;
/// Rows of exporters for which there is always room.
const FEWEST_EXPORTERS: usize = 5;
const NANOS_PER_SECOND: i64 = 1_000_000_000;

impl LiveView {
    /// Fills the frame.
    pub fn draw(&mut self, frame: &mut Frame<'_>) {
        let area = frame.area();
        self.fill(area, frame.buffer_mut());
    }

    fn fill(&mut self, area: Rect, buf: &mut Buffer) {
        let [head, body, keys] = rows(area, [HEAD, area.height.saturating_sub(HEAD + 1), 1]);
        match self.live.clone() {
            None => Pane::new(buf, head, self.palette).text(Paint::Heading, "ipfix-inspect listen: waiting for datagrams"),
            Some(live) => {
                self.head(&mut Pane::new(buf, head, self.palette), &live);
                if self.inside {
                    self.page = usize::from(body.height).saturating_sub(1);
                    let most = exporter::draw(self, &live, &mut Pane::new(buf, body, self.palette));
                    self.scrolled = self.scrolled.min(most);
                } else {
                    self.body(body, buf, &live);
                }
            }
        }
        self.keys(&mut Pane::new(buf, keys, self.palette));
        if self.help {
            help::draw(area, buf, self.palette);
        }
    }

    fn head(&self, pane: &mut Pane<'_>, live: &Live) {
        let clock = live.span.map_or_else(String::new, |(began, now)| {
            let up = now.nanos().saturating_sub(began.nanos()) / NANOS_PER_SECOND * NANOS_PER_SECOND;
            format!("{} UTC, up {}", Clock::of(now).seconds, duration(up))
        });
        let state = match (self.ending, self.paused) {
            (true, _) => " ENDING",
            (_, true) => " PAUSED",
            _ => "",
        };
        let places: Vec<String> = live.sources.iter().filter(|s| s.open).map(|s| format!("{} {}", s.name, s.local)).collect();
        let places = format!(" {}", places.join(", "));
        let title = "ipfix-inspect listen";
        let room = pane.columns().saturating_sub(title.len() + width(&clock) + state.len() + 1);
        let places = super::lines::padded(&places, room, false);
        pane.line(&[
            (title.into(), Paint::Heading),
            (places, Paint::Plain),
            (state.into(), Paint::Doubtful),
            (format!(" {clock}"), Paint::Aside),
        ]);
        pane.line(&self.sums(live));
        let label = format!("flows/s, most {}: ", short(self.tracks.all.flows.peak(pane.columns())));
        let bars = self.tracks.all.flows.bars(pane.columns().saturating_sub(label.len()));
        pane.line(&[(label, Paint::Aside), (bars, Paint::Plain)]);
    }

    fn sums(&self, live: &Live) -> Spans {
        let (t, all) = (&live.totals, &self.tracks.all);
        let plain = |text: String| (text, Paint::Plain);
        let mut spans = vec![
            plain(format!("{} messages ({}/s)", short(t.messages), short(all.messages.now()))),
            plain(format!(", {} flows ({}/s)", short(t.sums.flows), short(all.flows.now()))),
        ];
        let mut none = true;
        for (number, what) in [(t.kernel_drops, "dropped by the kernel"), (t.queue_drops, "dropped undecoded")] {
            if number > 0 {
                none = false;
                spans.push((format!(", {} {what}", grouped(number.into())), Paint::Bad));
            }
        }
        if none {
            spans.push((", no drops".into(), Paint::Good));
        }
        if t.refused > 0 {
            spans.push((format!(", {} not allowed", grouped(t.refused.into())), Paint::Doubtful));
        }
        if t.lost > 0 {
            spans.push((format!(", {} lost", grouped(t.lost.into())), Paint::Bad));
        }
        if t.sets_waiting > 0 {
            spans.push((format!(", {} waiting for a template", counted(t.sets_waiting, "Set")), Paint::Doubtful));
        }
        spans.push(plain(format!(", {} in {} packets", size(t.sums.bytes), short(u64::try_from(t.sums.packets).unwrap_or(u64::MAX)))));
        spans
    }

    fn body(&mut self, body: Rect, buf: &mut Buffer, live: &Live) {
        let all = live.exporters.len();
        // A heading and the titles of the columns.
        const ABOVE: usize = 2;
        if body.height + HEAD + 1 < FEW_ROWS {
            self.page = usize::from(body.height).saturating_sub(ABOVE).max(1);
            return exporters::draw(self, live, &mut Pane::new(buf, body, self.palette));
        }
        let high = usize::from(body.height);
        let beside = counters::lines(live).len().min(high / 6).max(1);
        let rest = high.saturating_sub(beside + 1);
        // Half of the rest, or as much as there are exporters; what they leave is for the others.
        let upper = (ABOVE + all.max(1)).min((rest / 2).max(ABOVE + FEWEST_EXPORTERS)).min(rest);
        let lower = rest - upper;
        let middle = (lower / 2).min(1 + panes::most_rows(live));
        let events = lower - middle;
        self.page = upper.saturating_sub(ABOVE).max(1);
        let [upper, middle, events, beside] = rows(body, [upper, middle, events, beside + 1].map(|n| u16::try_from(n).unwrap_or(u16::MAX)));
        exporters::draw(self, live, &mut Pane::new(buf, upper, self.palette));
        let left = Rect { width: (middle.width / 2).saturating_sub(1), ..middle };
        let right = Rect { x: middle.x + middle.width / 2, width: middle.width - middle.width / 2, ..middle };
        panes::talkers(&self.tracks, live, &mut Pane::new(buf, left, self.palette));
        panes::problems(live, &mut Pane::new(buf, right, self.palette));
        panes::events(&self.events, &mut Pane::new(buf, events, self.palette));
        counters::draw(live, &mut Pane::new(buf, beside, self.palette));
    }

    fn keys(&self, pane: &mut Pane<'_>) {
        let keys: &[(&str, &str)] = match self.inside {
            false => {
                &[("↑↓", "choose"), ("Enter", "look into"), ("s", "sort"), ("r", "reverse"), ("p", "pause"), ("?", "help"), ("q", "quit")]
            }
            true => &[("Esc", "back"), ("↑↓", "scroll"), ("n N", "next, previous"), ("p", "pause"), ("?", "help"), ("q", "quit")],
        };
        let mut spans = Spans::new();
        for (key, what) in keys {
            spans.push(((*key).to_owned(), Paint::Heading));
            spans.push((format!(" {what}   "), Paint::Aside));
        }
        pane.line(&spans);
    }
}

/// Rows of the area from the top, so many each.
fn rows<const N: usize>(area: Rect, heights: [u16; N]) -> [Rect; N] {
    let mut y = area.y;
    heights.map(|height| {
        let height = height.min(area.bottom().saturating_sub(y));
        let part = Rect { y, height, ..area };
        y += height;
        part
    })
}
