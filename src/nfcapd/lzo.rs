//! LZO1X, the one packing for which no crate is at hand that refuses damaged data: literals and copies, told by the first octet.
//!
//! ```text
//! 0000LLLL                     literals: L + 3, or 0 and a length that goes on; after 1 to 3 literals: a copy of 2, 0000DDSS H
//! 0001HLLL … DDDDDDSS D        copy L + 2 from 16 KiB and beyond; distance 0 ends
//! 001LLLLL … DDDDDDSS D        copy L + 2 from within 16 KiB
//! 01LDDDSS H, 1LLDDDSS H       copy 3 to 8 from within 2 KiB; SS: literals that follow
//! ```

/// Unpacks into `out`, which is as long as the data can be at most; says how much there was, `None` if it is damaged.
pub(super) fn unpack(packed: &[u8], out: &mut [u8]) -> Option<usize> {
    let mut input = Input { octets: packed };
    let mut done = 0usize;
    let first = *packed.first()?;
    // How many literals the last instruction brought: 0 to 3, 4 for a run.
    let mut state = 0usize;
    if first > 17 {
        input.octet()?;
        let count = usize::from(first - 17);
        literals(&mut input, out, &mut done, count)?;
        state = count.min(4);
    }
    loop {
        let code = input.octet()?;
        let low = usize::from(code);
        let (length, distance, follow) = match code {
            0..=15 if state == 0 => {
                let count = 3 + if low == 0 { input.length(15)? } else { low };
                literals(&mut input, out, &mut done, count)?;
                state = 4;
                continue;
            }
            0..=15 => {
                let high = usize::from(input.octet()?);
                let near = (high << 2) + (low >> 2);
                if state == 4 { (3, near + 2049, low & 3) } else { (2, near + 1, low & 3) }
            }
            16..=31 => {
                let length = 2 + if low & 7 == 0 { input.length(7)? } else { low & 7 };
                let word = input.word()?;
                let distance = ((low & 8) << 11) + (word >> 2);
                if distance == 0 {
                    return (length == 3).then_some(done);
                }
                (length, distance + 16384, word & 3)
            }
            32..=63 => {
                let length = 2 + if low & 31 == 0 { input.length(31)? } else { low & 31 };
                let word = input.word()?;
                (length, (word >> 2) + 1, word & 3)
            }
            64.. => {
                let high = usize::from(input.octet()?);
                let length = if code < 128 { 3 + (low >> 5 & 1) } else { 5 + (low >> 5 & 3) };
                (length, (high << 3) + (low >> 2 & 7) + 1, low & 3)
            }
        };
        let from = done.checked_sub(distance)?;
        if out.len().checked_sub(done)? < length {
            return None;
        }
        if distance >= length {
            out.copy_within(from..from + length, done);
        } else {
            for step in 0..length {
                let octet = *out.get(from + step)?;
                *out.get_mut(done + step)? = octet;
            }
        }
        done += length;
        literals(&mut input, out, &mut done, follow)?;
        state = follow;
    }
}

fn literals(input: &mut Input<'_>, out: &mut [u8], done: &mut usize, count: usize) -> Option<()> {
    let (octets, rest) = input.octets.split_at_checked(count)?;
    let end = done.checked_add(count)?;
    out.get_mut(*done..end)?.copy_from_slice(octets);
    *done = end;
    input.octets = rest;
    Some(())
}

struct Input<'a> {
    octets: &'a [u8],
}

impl Input<'_> {
    fn octet(&mut self) -> Option<u8> {
        let (first, rest) = self.octets.split_first()?;
        self.octets = rest;
        Some(*first)
    }

    fn word(&mut self) -> Option<usize> {
        let (word, rest) = self.octets.split_first_chunk()?;
        self.octets = rest;
        Some(usize::from(u16::from_le_bytes(*word)))
    }

    /// A length that goes on: `base` and 255 for each zero octet, then the last octet.
    fn length(&mut self, base: usize) -> Option<usize> {
        let mut length = base;
        loop {
            match self.octet()? {
                0 => length = length.checked_add(255)?,
                last => return length.checked_add(usize::from(last)),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::unpack;

    #[test]
    fn literals_copies_and_the_end() {
        let mut out = [0; 32];
        // 17 + 4 literals, a copy of 5 from 4 back with one literal after it, the end.
        let packed = [21, b'a', b'b', b'c', b'd', 0b1000_1101, 0, b'!', 0x11, 0, 0];
        assert_eq!(unpack(&packed, &mut out), Some(10));
        assert_eq!(&out[..10], b"abcdabcda!");
        // Too little room, a distance before the beginning, no end mark.
        assert_eq!(unpack(&packed, &mut out[..9]), None);
        assert_eq!(unpack(&[18, b'a', 0b1000_1101, 0, b'!', 0x11, 0, 0], &mut out), None);
        assert_eq!(unpack(&packed[..8], &mut out), None);
    }
}
