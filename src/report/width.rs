//! Columns that a text takes in a terminal: to pad it, to cut it, to wrap it.

/// Columns of one character: East Asian wide ones take two (UAX #11), marks that combine with the one before take none.
fn char_width(c: char) -> usize {
    match u32::from(c) {
        0..0x300 => 1,
        0x300..=0x36f | 0x483..=0x489 | 0x591..=0x5bd | 0x610..=0x61a | 0x64b..=0x65f | 0x1ab0..=0x1aff | 0x1dc0..=0x1dff => 0,
        0x20d0..=0x20ff | 0xfe00..=0xfe0f | 0xfe20..=0xfe2f => 0,
        0x1100..=0x115f | 0x2e80..=0x303e | 0x3041..=0xa4cf | 0xac00..=0xd7a3 | 0xf900..=0xfaff | 0xfe30..=0xfe6f => 2,
        0xff00..=0xff60 | 0xffe0..=0xffe6 | 0x1f300..=0x1f64f | 0x1f680..=0x1f6ff | 0x1f900..=0x1faff | 0x20000..=0x3fffd => 2,
        _ => 1,
    }
}

/// Columns of a text. Color sequences, of which all come from here, take none.
pub(super) fn width(text: &str) -> usize {
    if text.bytes().all(|b| (0x20..0x7f).contains(&b)) {
        return text.len();
    }
    let mut columns = 0;
    let mut in_color = false;
    for c in text.chars() {
        match c {
            '\x1b' => in_color = true,
            'm' if in_color => in_color = false,
            _ if in_color => {}
            _ => columns += char_width(c),
        }
    }
    columns
}

/// The text in at most so many columns: what does not fit is left out, and `…` says so.
pub(super) fn cut(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let mut out = String::new();
    let mut used = 0;
    for c in text.chars() {
        used += char_width(c);
        if used >= columns {
            break;
        }
        out.push(c);
    }
    out.push('…');
    out
}

/// Breaks a text at blanks so that no line is wider than `columns`, unless one word is. The first line is indented by `first`
/// blanks, the others by `rest`. A no-break space keeps two words together and is written as a blank.
pub(super) fn wrap(text: &str, columns: usize, first: usize, rest: usize) -> String {
    let mut out = " ".repeat(first);
    let mut used = first;
    let mut at_start = true;
    for word in text.split(' ').filter(|w| !w.is_empty()) {
        let own = width(word);
        if !at_start && used + 1 + own > columns {
            out.push('\n');
            out.push_str(&" ".repeat(rest));
            used = rest;
        } else if !at_start {
            out.push(' ');
            used += 1;
        }
        at_start = false;
        used += own;
        out.extend(word.chars().map(|c| if c == '\u{a0}' { ' ' } else { c }));
    }
    out.push('\n');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_of_texts() {
        assert_eq!(width("abc"), 3);
        assert_eq!(width("a → b…"), 6);
        assert_eq!(width("東京"), 4);
        assert_eq!(width("e\u{301}"), 1);
        assert_eq!(width("\x1b[31mred\x1b[0m"), 3);
    }

    #[test]
    fn cutting_says_so() {
        assert_eq!(cut("GigabitEthernet0/1", 8), "Gigabit…");
        assert_eq!(cut("Gi0/1", 5), "Gi0/1");
        assert_eq!(cut("東京都", 5), "東京…");
    }

    #[test]
    fn wrapping_hangs() {
        assert_eq!(wrap("one two three four", 9, 0, 2), "one two\n  three\n  four\n");
        assert_eq!(wrap("a 12\u{a0}kB extraordinarily b", 6, 2, 4), "  a\n    12 kB\n    extraordinarily\n    b\n");
    }
}
