//! Text from the wire, made safe to look at.

use std::borrow::Cow;
use std::fmt::Write as _;

/// Replaces what a terminal would obey, hide or reorder: control characters (C0, DEL, C1), marks of text direction, invisible
/// and line-breaking format characters. ESC becomes `\x1b`, U+202E becomes `\u{202e}`; all else stays.
///
/// A backslash stays one, so this is for eyes, not for reading back.
pub fn escape(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_dangerous) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        // Writing to a String does not fail.
        let _ = match u32::from(c) {
            _ if !is_dangerous(c) => out.write_char(c),
            code @ 0..0x80 => write!(out, "\\x{code:02x}"),
            code => write!(out, "\\u{{{code:x}}}"),
        };
    }
    Cow::Owned(out)
}

/// True for what must not reach a terminal as it is.
pub(super) fn is_dangerous(c: char) -> bool {
    matches!(c,
        // C0, DEL, C1: cursor, color, title, answers of the terminal.
        '\0'..='\x1f' | '\x7f'..='\u{9f}'
        // Soft hyphen, Arabic letter mark, Mongolian vowel separator, zero widths, LRM, RLM.
        | '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}'
        // Line and paragraph separators; embeddings, overrides and isolates of direction; joiners; deprecated format characters.
        | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        // Byte order mark, interlinear annotation, tags.
        | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_would_obey() {
        assert_eq!(escape("\x1b]0;owned\x07"), "\\x1b]0;owned\\x07");
        assert_eq!(escape("a\r\nb\tc\x7f"), "a\\x0d\\x0ab\\x09c\\x7f");
        // C1: the one-character form of ESC [.
        assert_eq!(escape("\u{9b}31m"), "\\u{9b}31m");
    }

    #[test]
    fn what_would_be_reordered_or_hidden() {
        assert_eq!(escape("gnp.\u{202e}exe"), "gnp.\\u{202e}exe");
        assert_eq!(escape("\u{2066}a\u{2069}\u{200e}\u{200f}\u{feff}\u{200b}"), "\\u{2066}a\\u{2069}\\u{200e}\\u{200f}\\u{feff}\\u{200b}");
    }

    #[test]
    fn what_stays() {
        assert!(matches!(escape("Gi0/1 – Zürich \\x41 東京"), Cow::Borrowed("Gi0/1 – Zürich \\x41 東京")));
    }
}
