//! A live run as a view in the terminal: what is shown, what keys do, and how it is drawn. It has no terminal and no clock: moments of the run,
//! lines of the log and keys come in, and a frame of any size is filled.
//!
//! [`LiveView::take`] keeps rates ([`track`]) and notices templates whose verdict turns ([`turns`]); [`draw`] places the panes.

mod counters;
mod draw;
mod exporter;
mod exporters;
mod help;
mod lines;
mod panes;
mod track;
mod turns;

use std::cmp::Reverse;
use std::collections::VecDeque;
use std::sync::Arc;

use crate::collector::{Severity, SourceKey};
use crate::summary::{Live, LiveExporter};
use crate::time::Timestamp;

use super::style::Paint;
use lines::Palette;
use track::Tracks;
use turns::Turns;

/// Events that are remembered; older ones make room.
const MOST_EVENTS: usize = 500;

/// A key, whatever terminal it came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LiveKey {
    /// A character.
    Char(char),
    /// Enter.
    Enter,
    /// Escape.
    Escape,
    /// Up.
    Up,
    /// Down.
    Down,
    /// A page up.
    PageUp,
    /// A page down.
    PageDown,
    /// To the beginning.
    Home,
    /// To the end.
    End,
    /// Control and C.
    Interrupt,
}

/// The order of the exporters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Order {
    #[default]
    Rate,
    Flows,
    Lost,
    Problems,
    Verdict,
    Address,
}

impl Order {
    const ALL: [Self; 6] = [Self::Rate, Self::Flows, Self::Lost, Self::Problems, Self::Verdict, Self::Address];

    fn name(self) -> &'static str {
        match self {
            Self::Rate => "flows/s",
            Self::Flows => "flows",
            Self::Lost => "lost",
            Self::Problems => "problems",
            Self::Verdict => "verdict",
            Self::Address => "address",
        }
    }

    fn next(self) -> Self {
        let at = Self::ALL.iter().position(|o| *o == self).unwrap_or(0);
        Self::ALL.get(at + 1).copied().unwrap_or_default()
    }
}

/// Something that happened.
#[derive(Clone, Debug)]
struct Event {
    time: Timestamp,
    paint: Paint,
    text: String,
}

/// The view: what it knows and what it shows.
#[derive(Debug, Default)]
pub struct LiveView {
    palette: Palette,
    live: Option<Arc<Live>>,
    /// The newest moment, while the view is paused.
    newest: Option<Arc<Live>>,
    tracks: Tracks,
    turns: Turns,
    events: VecDeque<Event>,
    order: Order,
    reversed: bool,
    chosen: Option<SourceKey>,
    /// True while one exporter is looked into: the chosen one.
    inside: bool,
    /// Lines that are scrolled away inside.
    scrolled: usize,
    paused: bool,
    help: bool,
    ending: bool,
    /// Exporters that fit, by the latest drawing.
    page: usize,
}

impl LiveView {
    /// An empty view, with colors or without.
    pub fn new(color: bool) -> Self {
        Self { palette: Palette { color }, page: 1, ..Self::default() }
    }

    /// Takes a moment of the run.
    pub fn take(&mut self, live: Arc<Live>) {
        if self.paused {
            self.newest = Some(live);
            return;
        }
        self.tracks.take(&live);
        let now = live.span.map_or(Timestamp::from_nanos(0), |(_, now)| now);
        for (paint, text) in self.turns.take(&live) {
            self.event(Event { time: now, paint, text });
        }
        if !live.exporters.iter().any(|e| Some(e.line.key) == self.chosen) && !self.inside {
            self.chosen = None;
        }
        self.live = Some(live);
    }

    /// Takes a line of the log.
    pub fn log(&mut self, time: Timestamp, severity: Severity, text: &str) {
        let paint = match severity {
            Severity::Error => Paint::Bad,
            Severity::Warning => Paint::Doubtful,
            Severity::Note => Paint::Plain,
        };
        self.event(Event { time, paint, text: text.to_owned() });
    }

    /// Says that the run is about to end.
    pub fn ending(&mut self) {
        self.ending = true;
    }

    /// Does what a key asks for; true if it asks to quit.
    pub fn key(&mut self, key: LiveKey) -> bool {
        match key {
            LiveKey::Interrupt | LiveKey::Char('q' | 'Q') => return true,
            // The help goes with any key.
            _ if self.help => self.help = false,
            LiveKey::Char('?' | 'h') => self.help = true,
            LiveKey::Escape if self.inside => self.inside = false,
            LiveKey::Escape => return true,
            LiveKey::Char('p' | ' ') => self.pause(),
            LiveKey::Char('s') => self.order = self.order.next(),
            LiveKey::Char('r') => self.reversed = !self.reversed,
            LiveKey::Enter if !self.inside => {
                self.chosen = self.chosen.or_else(|| self.exporters().first().map(|e| e.line.key));
                (self.inside, self.scrolled) = (self.chosen.is_some(), 0);
            }
            LiveKey::Enter => self.inside = false,
            LiveKey::Char('n') => self.choose(1),
            LiveKey::Char('N') => self.choose(-1),
            _ => self.go(key),
        }
        false
    }

    fn go(&mut self, key: LiveKey) {
        const FAR: isize = 1 << 20;
        let page = isize::try_from(self.page.max(1)).unwrap_or(1);
        let by = match key {
            LiveKey::Up | LiveKey::Char('k') => -1,
            LiveKey::Down | LiveKey::Char('j') => 1,
            LiveKey::PageUp => -page,
            LiveKey::PageDown => page,
            LiveKey::Home => -FAR,
            LiveKey::End => FAR,
            _ => return,
        };
        if self.inside {
            self.scrolled = self.scrolled.saturating_add_signed(by);
        } else {
            self.choose(by);
        }
    }

    /// Chooses the exporter so many rows below the chosen one; the first if none is.
    fn choose(&mut self, by: isize) {
        let keys: Vec<SourceKey> = self.exporters().iter().map(|e| e.line.key).collect();
        let at = match keys.iter().position(|key| Some(*key) == self.chosen) {
            Some(at) => at.saturating_add_signed(by).min(keys.len().saturating_sub(1)),
            None => 0,
        };
        self.chosen = keys.get(at).copied().or(self.chosen);
        self.scrolled = 0;
    }

    fn pause(&mut self) {
        self.paused = !self.paused;
        if let Some(newest) = self.newest.take() {
            self.take(newest);
        }
    }

    fn event(&mut self, event: Event) {
        if self.events.len() == MOST_EVENTS {
            self.events.pop_front();
        }
        self.events.push_back(event);
    }

    /// The exporters in the order that was asked for.
    fn exporters(&self) -> Vec<&LiveExporter> {
        let mut all: Vec<&LiveExporter> = self.live.iter().flat_map(|live| &live.exporters).collect();
        match self.order {
            Order::Rate => all.sort_by_key(|e| (Reverse(self.tracks.of(e.line.key).flows.now()), Reverse(e.line.sums.flows), e.line.key)),
            Order::Flows => all.sort_by_key(|e| (Reverse(e.line.sums.flows), e.line.key)),
            Order::Lost => all.sort_by_key(|e| (Reverse(e.line.sequence.lost), e.line.key)),
            Order::Problems => all.sort_by_key(|e| (Reverse(e.line.problems), e.line.key)),
            Order::Verdict => all.sort_by_key(|e| (Reverse(exporters::badness(e)), e.line.key)),
            Order::Address => all.sort_by_key(|e| e.line.key),
        }
        if self.reversed {
            all.reverse();
        }
        all
    }
}

#[cfg(test)]
mod tests;
