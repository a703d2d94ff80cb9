//! How a text is to look: the width to keep within, and whether to color it.

use super::width::wrap;

/// What the caller knows of the place where a text will be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Style {
    /// Columns of the terminal; 80 where that is unknown.
    pub width: usize,
    /// Whether to send colors: off where output is no terminal, or NO_COLOR is set.
    pub color: bool,
}

impl Default for Style {
    fn default() -> Self {
        Self { width: 80, color: false }
    }
}

/// What a stretch of text is; the color follows from that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Paint {
    /// As it is.
    Plain,
    /// A heading.
    Heading,
    /// Something is lost or wrong.
    Bad,
    /// Something may be.
    Doubtful,
    /// All is well.
    Good,
    /// Said by the way.
    Aside,
}

impl Style {
    /// The text with its color around it. The text must be escaped already.
    pub(super) fn paint(&self, paint: Paint, text: &str) -> String {
        let code = match paint {
            Paint::Heading => "1",
            Paint::Bad => "31",
            Paint::Doubtful => "33",
            Paint::Good => "32",
            Paint::Aside => "2",
            Paint::Plain => "",
        };
        if !self.color || code.is_empty() || text.is_empty() {
            return text.to_owned();
        }
        format!("\x1b[{code}m{text}\x1b[0m")
    }

    /// A section: its heading on a line of its own, then its lines.
    pub(super) fn section(&self, heading: &str, body: &str) -> String {
        format!("{}{body}", wrap(&self.paint(Paint::Heading, heading), self.width, 0, 0))
    }
}
