//! A message builder for tests, which can lie about every length and count.

use super::header::Version;

/// 2023-11-14T22:15:12Z, the export time of all built messages.
const SECONDS: [u8; 4] = [0x65, 0x53, 0xf1, 0x00];

/// A message that is being built.
pub(super) struct Build {
    octets: Vec<u8>,
    version: Version,
}

impl Build {
    pub(super) fn v9(count: u16, domain: u32) -> Self {
        let mut octets = vec![0, 9];
        octets.extend(count.to_be_bytes());
        octets.extend([0, 0, 0x13, 0x88]);
        octets.extend(SECONDS);
        octets.extend([0, 0, 0, 1]);
        octets.extend(domain.to_be_bytes());
        Self { octets, version: Version::V9 }
    }

    /// An IPFIX message whose Length is put right by [`Self::done`].
    pub(super) fn ipfix(domain: u32) -> Self {
        let mut octets = vec![0, 10, 0, 0];
        octets.extend(SECONDS);
        octets.extend([0, 0, 0, 7]);
        octets.extend(domain.to_be_bytes());
        Self { octets, version: Version::Ipfix }
    }

    /// A v1, v5 or v7 message that announces `count` records and carries `records` of them, whose octets are their numbers.
    pub(super) fn fixed(version: Version, count: u16, records: u8) -> Self {
        let stride = if version == Version::V7 { 52 } else { 48 };
        let mut octets = vec![0];
        octets.extend(version.number().to_be_bytes().last());
        octets.extend(count.to_be_bytes());
        octets.extend([0, 0, 0x13, 0x88]);
        octets.extend(SECONDS);
        octets.extend([0x1d, 0xcd, 0x65, 0x00]);
        octets.resize(version.header_length(), 0);
        for number in 1..=records {
            octets.extend(std::iter::repeat_n(number, stride));
        }
        Self { octets, version }
    }

    pub(super) fn set(self, id: u16, body: &[u8]) -> Self {
        let length = u16::try_from(body.len() + 4).unwrap();
        self.set_that_says(id, length, body)
    }

    /// A Set whose header gives `length`, whatever the body has.
    pub(super) fn set_that_says(self, id: u16, length: u16, body: &[u8]) -> Self {
        self.raw(&id.to_be_bytes()).raw(&length.to_be_bytes()).raw(body)
    }

    pub(super) fn raw(mut self, octets: &[u8]) -> Self {
        self.octets.extend(octets);
        self
    }

    /// The message, with its true Length where it has one.
    pub(super) fn done(self) -> Vec<u8> {
        let length = u16::try_from(self.octets.len()).unwrap();
        self.done_that_says(length)
    }

    /// The message, whose Length (IPFIX) is `length`.
    pub(super) fn done_that_says(mut self, length: u16) -> Vec<u8> {
        if self.version == Version::Ipfix {
            self.octets[2..4].copy_from_slice(&length.to_be_bytes());
        }
        self.octets
    }
}

/// A list of 16-bit numbers as octets: template records are made of them.
pub(super) fn words(words: &[u16]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_be_bytes()).collect()
}

/// The octets of a hexadecimal literal.
pub(super) fn hex(literal: &str) -> Vec<u8> {
    let digits: Vec<u8> = literal.bytes().filter(u8::is_ascii_hexdigit).collect();
    digits.chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}
