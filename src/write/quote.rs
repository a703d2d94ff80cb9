//! Text from the wire as a CSV cell or a JSON string: the only cells that may need quoting.

use super::digits::store;

/// Octets of room that text of that length may take, quotes and escapes included: JSON writes a control character as `\u001f`.
pub(super) const fn room(length: usize) -> usize {
    6 * length + 2
}

/// Writes a CSV cell (RFC 4180 §2): in quotes if it has a comma, a quote, CR or LF, as the csv crate decides it; and if it is empty,
/// so that it differs from null. Returns where it ends.
pub(super) fn csv(out: &mut [u8], mut at: usize, text: &[u8]) -> usize {
    if !text.is_empty() && !text.iter().any(|b| matches!(b, b',' | b'"' | b'\r' | b'\n')) {
        return plain(out, at, text);
    }
    store(out, at, *b"\"");
    at += 1;
    for octet in text {
        store(out, at, [*octet]);
        at += 1;
        if *octet == b'"' {
            store(out, at, *b"\"");
            at += 1;
        }
    }
    store(out, at, *b"\"");
    at + 1
}

/// Writes a JSON string with its quotes; escapes are serde_json's. Returns where it ends.
pub(super) fn json(out: &mut [u8], at: usize, text: &[u8]) -> usize {
    if text.iter().all(|b| matches!(b, b' '..=b'~') && !matches!(b, b'"' | b'\\')) {
        store(out, at, *b"\"");
        let end = plain(out, at + 1, text);
        store(out, end, *b"\"");
        return end + 1;
    }
    let mut rest = &mut out[at..];
    let before = rest.len();
    // Text columns hold UTF-8; what else may come is shown as U+FFFD. The slice is long enough, so nothing fails.
    let _ = serde_json::to_writer(&mut rest, String::from_utf8_lossy(text).as_ref());
    at + before - rest.len()
}

/// Writes octets as they are; returns where they end.
pub(super) fn plain(out: &mut [u8], at: usize, octets: &[u8]) -> usize {
    let end = at + octets.len();
    out[at..end].copy_from_slice(octets);
    end
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(write: fn(&mut [u8], usize, &[u8]) -> usize, text: &str) -> String {
        let mut out = vec![b'#'; room(text.len())];
        let end = write(&mut out, 0, text.as_bytes());
        String::from_utf8(out[..end].to_vec()).unwrap()
    }

    #[test]
    fn cells_of_csv() {
        for (text, expected) in [
            ("", "\"\""),
            ("plain", "plain"),
            (" a b ", " a b "),
            ("a,b", "\"a,b\""),
            ("say \"x\"", "\"say \"\"x\"\"\""),
            ("\"", "\"\"\"\""),
            ("two\nlines", "\"two\nlines\""),
            ("cr\r", "\"cr\r\""),
            ("Zürich\t=1+1", "Zürich\t=1+1"),
        ] {
            assert_eq!(written(csv, text), expected);
        }
    }

    #[test]
    fn strings_of_json() {
        for (text, expected) in [
            ("", "\"\""),
            ("eth0/1", "\"eth0/1\""),
            ("a\"b\\c", "\"a\\\"b\\\\c\""),
            ("tab\tlf\nnul\0esc\x1b", "\"tab\\tlf\\nnul\\u0000esc\\u001b\""),
            ("Zürich", "\"Zürich\""),
            ("\0\0\0", "\"\\u0000\\u0000\\u0000\""),
        ] {
            assert_eq!(written(json, text), expected);
        }
    }
}
