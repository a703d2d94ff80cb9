//! Integers as decimal digits, written straight into a line.
//!
//! Eight digits are worked out at once in the lanes of a 64-bit integer and stored whole; how many of them count is known from the
//! zeros in front. There is no branch on the number of digits, which differs from row to row and could not be predicted.

/// Room that a writer of this module or of its neighbours may fill behind its position, whatever it says of the length.
pub(super) const SLOT: usize = 64;

/// The texts of 0 to 255, filled up with dots, and their lengths: one look-up each instead of divisions.
static OCTETS: [[u8; 4]; 256] = octet_texts();
static OCTET_LENGTHS: [u8; 256] = octet_lengths();

const fn octet_texts() -> [[u8; 4]; 256] {
    let mut texts = [[b'.'; 4]; 256];
    let mut i = 0;
    while i < 256 {
        let digits = [b'0' + (i / 100) as u8, b'0' + (i / 10 % 10) as u8, b'0' + (i % 10) as u8];
        let mut digit = 3 - octet_length(i);
        let mut at = 0;
        while digit < 3 {
            texts[i][at] = digits[digit];
            digit += 1;
            at += 1;
        }
        i += 1;
    }
    texts
}

const fn octet_lengths() -> [u8; 256] {
    let mut lengths = [0; 256];
    let mut i = 0;
    while i < 256 {
        lengths[i] = octet_length(i) as u8;
        i += 1;
    }
    lengths
}

const fn octet_length(i: usize) -> usize {
    if i < 10 {
        1
    } else if i < 100 {
        2
    } else {
        3
    }
}

/// Puts octets of a size known to the compiler at a position: a store or two, no call.
#[inline(always)]
pub(super) fn store<const N: usize>(out: &mut [u8], at: usize, octets: [u8; N]) {
    out[at..at + N].copy_from_slice(&octets);
}

/// Writes 0 to 255 and, behind the end that is returned, a dot that the next writer may keep or overwrite.
#[inline(always)]
pub(super) fn octet(out: &mut [u8], at: usize, value: u8) -> usize {
    store(out, at, OCTETS[usize::from(value)]);
    at + usize::from(OCTET_LENGTHS[usize::from(value)])
}

/// Writes an unsigned number; returns where it ends.
#[inline(always)]
pub(super) fn unsigned(out: &mut [u8], at: usize, value: u64) -> usize {
    if value < 100_000_000 { leading(out, at, value) } else { long(out, at, value) }
}

/// Writes a signed number; returns where it ends.
#[inline(always)]
pub(super) fn signed(out: &mut [u8], at: usize, value: i64) -> usize {
    store(out, at, [b'-']);
    unsigned(out, at + usize::from(value < 0), value.unsigned_abs())
}

#[inline(never)]
fn long(out: &mut [u8], at: usize, value: u64) -> usize {
    const EIGHT: u64 = 100_000_000;
    let (rest, low) = (value / EIGHT, value % EIGHT);
    let at = if rest < EIGHT {
        leading(out, at, rest)
    } else {
        let at = leading(out, at, rest / EIGHT);
        store(out, at, (lanes(rest % EIGHT) | ZEROS).to_le_bytes());
        at + 8
    };
    store(out, at, (lanes(low) | ZEROS).to_le_bytes());
    at + 8
}

/// The digit 0 in all eight lanes.
const ZEROS: u64 = 0x3030_3030_3030_3030;

/// Writes a number of at most eight digits without zeros in front.
#[inline(always)]
fn leading(out: &mut [u8], at: usize, value: u64) -> usize {
    let digits = lanes(value);
    // The seventh zero in front is the number 0 itself.
    let zeros = ((digits | 1 << 56).trailing_zeros() / 8) as usize;
    store(out, at, ((digits | ZEROS) >> (8 * zeros)).to_le_bytes());
    at + 8 - zeros
}

/// The eight digits of a number below 10^8, the first in the lowest octet: divided by 10^4, then both halves by 100, then all four
/// quarters by 10, by multiplication with the inverse; the products stay below their lanes' ends.
#[inline(always)]
fn lanes(value: u64) -> u64 {
    let high = value / 10_000;
    let halves = high | (value - high * 10_000) << 32;
    let hundreds = ((halves * 10_486) >> 20) & 0x7f_0000_007f;
    let quarters = hundreds | (halves - hundreds * 100) << 16;
    let tens = ((quarters * 103) >> 10) & 0x000f_000f_000f_000f;
    tens | (quarters - tens * 10) << 8
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(write: impl Fn(&mut [u8], usize) -> usize) -> String {
        let mut out = [b'#'; SLOT + 1];
        let end = write(&mut out, 1);
        assert_eq!(out[0], b'#');
        String::from_utf8(out[1..end].to_vec()).unwrap()
    }

    #[test]
    fn octets() {
        for (value, expected) in [(0, "0"), (9, "9"), (10, "10"), (99, "99"), (100, "100"), (255, "255")] {
            assert_eq!(text(|out, at| octet(out, at, value)), expected);
        }
    }

    #[test]
    fn unsigned_numbers() {
        for (value, expected) in [
            (0, "0"),
            (7, "7"),
            (10, "10"),
            (907, "907"),
            (10_000, "10000"),
            (65_535, "65535"),
            (99_999_999, "99999999"),
            (100_000_000, "100000000"),
            (4_294_967_295, "4294967295"),
            (9_999_999_999_999_999, "9999999999999999"),
            (10_000_000_000_000_000, "10000000000000000"),
            (10_000_000_000_000_001, "10000000000000001"),
            (u64::MAX, "18446744073709551615"),
        ] {
            assert_eq!(text(|out, at| unsigned(out, at, value)), expected);
        }
    }

    #[test]
    fn signed_numbers() {
        for (value, expected) in [(0, "0"), (-1, "-1"), (-100_000_000, "-100000000"), (i64::MIN, "-9223372036854775808")] {
            assert_eq!(text(|out, at| signed(out, at, value)), expected);
        }
    }

    /// The inverses are exact only for so many digits: all of them are tried, against the standard library.
    #[test]
    fn all_numbers_of_few_digits_and_a_comb_of_the_rest() {
        for value in (0..100_000).chain((0..u64::from(u32::MAX)).step_by(40_009)) {
            assert_eq!(text(|out, at| unsigned(out, at, value)), value.to_string());
        }
    }
}
