//! The keys and the words of the view, over everything else.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::{Block, Clear, Widget};

use crate::report::style::Paint;

use super::lines::{Palette, Pane};

const KEYS: [(&str, &str); 11] = [
    ("↑ ↓  k j", "choose an exporter; scroll inside one"),
    ("PgUp PgDn", "a page up or down; Home, End: to the ends"),
    ("Enter", "look into the exporter, and back"),
    ("n N", "the next exporter, the one before"),
    ("s", "sort by flows/s, flows, lost, problems, verdict, address"),
    ("r", "turn the order round"),
    ("p  Space", "pause what is shown; receiving goes on"),
    ("?  h", "this help; any key closes it"),
    ("q  ^C", "quit: files are closed and the last summary is shown"),
    ("Esc", "back, or quit"),
    ("", ""),
];

const WORDS: [&str; 6] = [
    "lost       units missing by the sequence numbers",
    "drops      datagrams that this machine had no room for",
    "past       flows/s, a column a second, each row by its own peak",
    "verdict    whether the target collector can use the templates",
    "≥          bytes of a talker that may have sent more before",
    "bytes      what the flows say, not the size of the messages",
];

/// Draws the box in the middle.
pub(super) fn draw(area: Rect, buf: &mut Buffer, palette: Palette) {
    let (wide, high) = (72.min(area.width), ((KEYS.len() + WORDS.len()) as u16 + 2).min(area.height));
    let place = Rect { x: area.x + (area.width - wide) / 2, y: area.y + (area.height - high) / 2, width: wide, height: high };
    Clear.render(place, buf);
    let block = Block::bordered().title(" Keys ");
    let inner = block.inner(place);
    block.render(place, buf);
    let mut pane = Pane::new(buf, inner, palette);
    for (key, what) in KEYS {
        pane.line(&[(format!(" {key:12}"), Paint::Heading), (what.to_owned(), Paint::Plain)]);
    }
    WORDS.iter().for_each(|words| pane.text(Paint::Aside, format!(" {words}")));
}
