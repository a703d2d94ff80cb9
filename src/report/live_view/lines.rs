//! Lines of a pane: stretches of text with their paint, put at their place and cut where the room ends.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier, Style};

use crate::report::escape::escape;
use crate::report::style::Paint;
use crate::report::width::{cut, width};

/// Stretches of text, one after the other.
pub(super) type Spans = Vec<(String, Paint)>;

/// What paints look like.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Palette {
    pub(super) color: bool,
}

impl Palette {
    /// Without colors what is bad is bold.
    fn style(self, paint: Paint) -> Style {
        let plain = Style::default();
        match (paint, self.color) {
            (Paint::Plain, _) => plain,
            (Paint::Heading, _) => plain.add_modifier(Modifier::BOLD),
            (Paint::Aside, _) => plain.add_modifier(Modifier::DIM),
            (Paint::Bad, true) => plain.fg(Color::Red),
            (Paint::Doubtful, true) => plain.fg(Color::Yellow),
            (Paint::Good, true) => plain.fg(Color::Green),
            (Paint::Bad, false) => plain.add_modifier(Modifier::BOLD),
            (Paint::Doubtful | Paint::Good, false) => plain,
        }
    }
}

/// A part of the screen that is written line by line.
pub(super) struct Pane<'a> {
    pub(super) buf: &'a mut Buffer,
    pub(super) area: Rect,
    pub(super) palette: Palette,
    /// The next line.
    next: u16,
}

impl<'a> Pane<'a> {
    pub(super) fn new(buf: &'a mut Buffer, area: Rect, palette: Palette) -> Self {
        let area = area.intersection(buf.area);
        Self { buf, area, palette, next: 0 }
    }

    pub(super) fn columns(&self) -> usize {
        self.area.width.into()
    }

    /// Lines that are still free.
    pub(super) fn room(&self) -> usize {
        self.area.height.saturating_sub(self.next).into()
    }

    /// Writes the next line, as far as there is one. Text is escaped here, wherever it comes from.
    pub(super) fn line(&mut self, spans: &[(String, Paint)]) {
        if self.room() == 0 {
            return;
        }
        let (mut x, y) = (self.area.x, self.area.y + self.next);
        self.next += 1;
        for (text, paint) in spans {
            let left = usize::from(self.area.right().saturating_sub(x));
            if left == 0 {
                break;
            }
            let text = text.replace('\u{a0}', " ");
            let text = cut(&escape(&text), left);
            (x, _) = self.buf.set_stringn(x, y, &text, left, self.palette.style(*paint));
        }
    }

    /// A line of one paint.
    pub(super) fn text(&mut self, paint: Paint, text: impl Into<String>) {
        self.line(&[(text.into(), paint)]);
    }

    /// A line that says what comes below: its words, and a rule to the end.
    pub(super) fn heading(&mut self, words: &str, aside: &str) {
        let used = width(words) + 1 + if aside.is_empty() { 0 } else { width(aside) + 1 };
        let rule = "─".repeat(self.columns().saturating_sub(used));
        let aside = if aside.is_empty() { String::new() } else { format!("{aside} ") };
        self.line(&[(format!("{words} "), Paint::Heading), (aside, Paint::Aside), (rule, Paint::Aside)]);
    }

    /// Marks the line written last as the chosen one.
    pub(super) fn choose(&mut self) {
        if let Some(line) = self.next.checked_sub(1) {
            let area = Rect { y: self.area.y + line, height: 1, ..self.area };
            self.buf.set_style(area, Style::default().add_modifier(Modifier::REVERSED));
        }
    }
}

/// A text in exactly so many columns.
pub(super) fn padded(text: &str, columns: usize, right: bool) -> String {
    let text = cut(&escape(&text.replace('\u{a0}', " ")), columns);
    let blank = " ".repeat(columns.saturating_sub(width(&text)));
    if right { format!("{blank}{text}") } else { format!("{text}{blank}") }
}
