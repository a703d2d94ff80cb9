//! A stretch of a frame on its way through the layers: the octets that are there, where they lie, how many were cut off behind them.

/// A layer's octets.
#[derive(Clone, Copy, Debug)]
pub(super) struct Part<'a> {
    /// The octets that are there.
    pub(super) octets: &'a [u8],
    /// Where they begin in their buffer.
    pub(super) at: usize,
    /// How many more the enclosing layer announced, which the capture does not have.
    pub(super) cut: usize,
}

impl<'a> Part<'a> {
    /// Without the first `n` octets; `None` if there are fewer.
    pub(super) fn skip(self, n: usize) -> Option<Self> {
        Some(Self { octets: self.octets.get(n..)?, at: self.at + n, cut: self.cut })
    }

    /// Cut to the length that its own header announces. What that announces beyond the octets there counts as cut off; what lies behind
    /// is another layer's trailer.
    pub(super) fn limit(self, n: usize) -> Self {
        match self.octets.get(..n) {
            Some(octets) => Self { octets, at: self.at, cut: 0 },
            None => Self { cut: n - self.octets.len(), ..self },
        }
    }

    /// How many octets are there.
    pub(super) fn len(self) -> usize {
        self.octets.len()
    }

    /// One octet.
    pub(super) fn u8(self, at: usize) -> Option<u8> {
        self.octets.get(at).copied()
    }

    /// Two octets in network order.
    pub(super) fn u16(self, at: usize) -> Option<u16> {
        self.octets.get(at..)?.first_chunk().map(|b| u16::from_be_bytes(*b))
    }
}
