//! Files that are neither capture nor flow log: what their first octets say, and what to try.

use crate::flow_tools;

/// What was found and what to try, for a file that is neither pcap nor pcapng nor a flow log.
pub(super) fn explain(head: &[u8]) -> (String, String) {
    if let Some((found, hint)) = nfcapd(head).or_else(|| flow_tools(head)).or_else(|| message(head)) {
        return (found, hint);
    }
    for (magic, found, hint) in KNOWN {
        if head.starts_with(magic) {
            return ((*found).into(), (*hint).into());
        }
    }
    if head.get(257..262) == Some(b"ustar") {
        return ("it is a tar archive".into(), UNPACK.into());
    }
    if is_text(head) {
        let line = String::from_utf8_lossy(head).lines().next().unwrap_or_default().chars().take(40).collect::<String>();
        return (
            format!("it is text that begins with {line:?}"),
            "if it is a packet dump in hex, text2pcap makes a pcap of it; else give the file that was written by tcpdump -w or Wireshark"
                .into(),
        );
    }
    if let Some(found) = erf(head) {
        return found;
    }
    let octets: Vec<String> = head.iter().take(8).map(|o| format!("{o:02x}")).collect();
    (
        format!("it begins with the octets {}, which no known format does", octets.join(" ")),
        "pcap, pcapng and flow logs of NDE messages are read, plain or packed with gzip, zstd, lz4 or xz".into(),
    )
}

const UNPACK: &str = "unpack it and give the capture inside";
const CONVERT: &str = "Wireshark's editcap -F pcap makes a pcap of it";
const TABLE: &str = "flows and summary read it where it holds flows; here a capture is needed";
const EXPORT: &str = "give a capture made with tcpdump -w or Wireshark";

/// Magic number, what it is, what to try.
const KNOWN: &[(&[u8], &str, &str)] = &[
    (b"snoop\0\0\0", "it is a Solaris snoop capture", CONVERT),
    (b"\x1c\x00\x01\xac", "it is an Ixia lcap capture", CONVERT),
    (b"\xac\x01\x00\x1c", "it is an Ixia lcap capture", CONVERT),
    (b"RTSS", "it is a Microsoft Network Monitor 1 capture", CONVERT),
    (b"GMBU", "it is a Microsoft Network Monitor 2 capture", CONVERT),
    (b"XCP\0", "it is a NetXRay or Sniffer capture", CONVERT),
    (b"TRSNIFF data", "it is a Sniffer capture", CONVERT),
    (b"\x7fver", "it is a Peek (OmniPeek, EtherPeek) capture", CONVERT),
    (b"\x9b\x00\x00\x00", "it looks like a Peek classic capture", CONVERT),
    (b"BZh", "it is bzip2 data", "bunzip2 it first, or pipe it: bzcat FILE | ipfix-inspect -"),
    (b"PK\x03\x04", "it is a ZIP archive", UNPACK),
    (b"PK\x05\x06", "it is an empty ZIP archive", UNPACK),
    (b"7z\xbc\xaf\x27\x1c", "it is a 7z archive", UNPACK),
    (b"Rar!\x1a\x07", "it is a RAR archive", UNPACK),
    (b"\x1f\x9d", "it is data of Unix compress", "uncompress it first"),
    (b"\x89LZO\0\r\n\x1a\n", "it is lzop data", "lzop -d it first"),
    (b"\x5d\x00\x00", "it looks like LZMA data", "unlzma it first"),
    (b"\x02\x21\x4c\x18", "it is data of the old LZ4 format", "lz4 -d it first"),
    (b"\x7fELF", "it is an ELF program or core file", EXPORT),
    (b"MZ", "it is a Windows program", EXPORT),
    (b"\x89PNG\r\n\x1a\n", "it is a PNG picture", EXPORT),
    (b"\xff\xd8\xff", "it is a JPEG picture", EXPORT),
    (b"GIF8", "it is a GIF picture", EXPORT),
    (b"%PDF", "it is a PDF document", EXPORT),
    (b"SQLite format 3\0", "it is an SQLite database", EXPORT),
    (b"PAR1", "it is a Parquet file", TABLE),
    (b"ARROW1", "it is an Arrow file", TABLE),
    (b"\xde\xad\xbe\xef", "it looks like a SiLK flow file", "rwsilk2ipfix or rwcut turns it into something else"),
];

/// nfdump's files that can't be read: magic 0xA50C, in the order of the machine that wrote them; the layout version follows.
fn nfcapd(head: &[u8]) -> Option<(String, String)> {
    let (version, order) = match head {
        [0x0c, 0xa5, a, b, ..] => (u16::from_le_bytes([*a, *b]), ""),
        [0xa5, 0x0c, a, b, ..] => (u16::from_be_bytes([*a, *b]), ", of a big-endian machine"),
        _ => return None,
    };
    let found = format!("it is a flow file of nfcapd or nfpcapd (layout {version}{order})");
    let hint = match (order, version, head.get(16), head.get(17)) {
        ("", 2, Some(_), Some(1..)) => "it is encrypted: nfdump with its key -r OLD -w NEW makes a plain one",
        ("", 2, Some(packing @ 5..), _) => return Some((found, format!("its packing has the number {packing}, which is not known"))),
        ("", 1 | 2, _, _) => "its file header is cut off or contradicts itself: copy it again",
        ("", _, _, _) => "only layouts 1 and 2 (nfdump 1.6 and 1.7) are read",
        _ => "only those of little-endian machines are read; nfdump -r OLD -o csv on such a machine shows its flows",
    };
    Some((found, hint.into()))
}

/// Files of flow-tools that can't be read: the header says why.
fn flow_tools(head: &[u8]) -> Option<(String, String)> {
    let why = flow_tools::Header::of(head)?.err()?;
    Some(("it is a flow-tools file".into(), why))
}

/// What begins almost like a flow log of NDE messages, but is cut or contradicts itself.
fn message(head: &[u8]) -> Option<(String, String)> {
    let [0, version @ (1 | 5 | 7 | 9 | 10), a, b, ..] = head else {
        return None;
    };
    let count = u16::from_be_bytes([*a, *b]);
    let fits = match version {
        10 => head.len() >= 16 && count >= 16,
        9 => head.len() >= 20 && (1..=2000).contains(&count),
        _ => head.len() >= 24 && (1..=60).contains(&count),
    };
    fits.then(|| {
        let name = if *version == 10 { "an IPFIX message".into() } else { format!("a NetFlow v{version} message") };
        (
            format!("it begins like {name}, but what follows does not fit"),
            "if it is a flow log, its beginning is damaged or cut off: give the capture that it was taken from".into(),
        )
    })
}

/// Endace's ERF has no magic: a plausible time (little-endian, seconds in the upper half), type and lengths must do.
fn erf(head: &[u8]) -> Option<(String, String)> {
    let [_, _, _, _, a, b, c, d, kind, _, r0, r1, _, _, w0, w1, ..] = head else {
        return None;
    };
    let seconds = u32::from_le_bytes([*a, *b, *c, *d]);
    let (record, wire) = (u16::from_be_bytes([*r0, *r1]), u16::from_be_bytes([*w0, *w1]));
    let plausible = (946_684_800..2_208_988_800).contains(&seconds) && (1..=48).contains(&(kind & 0x7f)) && record >= 16 && wire > 0;
    plausible.then(|| ("it looks like an Endace ERF capture".into(), CONVERT.into()))
}

fn is_text(head: &[u8]) -> bool {
    let text = match std::str::from_utf8(head) {
        Ok(text) => text,
        // The look at the beginning may end inside a character.
        Err(e) if e.error_len().is_none() => std::str::from_utf8(head.get(..e.valid_up_to()).unwrap_or(&[])).unwrap_or(""),
        Err(_) => return false,
    };
    !text.is_empty() && text.chars().all(|c| !c.is_control() || matches!(c, '\n' | '\r' | '\t' | '\x0c'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_what_it_found() {
        let found = |head: &[u8]| explain(head).0;
        assert_eq!(found(b"\x7fELF\x02\x01"), "it is an ELF program or core file");
        assert_eq!(found(b"BZh91AY&SY"), "it is bzip2 data");
        assert_eq!(found(b"\x0c\xa5\x02\x00\x00\x00"), "it is a flow file of nfcapd or nfpcapd (layout 2)");
        assert_eq!(found(b"\xa5\x0c\x00\x01\x00\x00"), "it is a flow file of nfcapd or nfpcapd (layout 1, of a big-endian machine)");
        let encrypted = [b"\x0c\xa5\x02\x00\x00\x01\x07\x01".as_slice(), &[0; 9], &[1], &[0; 22]].concat();
        assert!(explain(&encrypted).1.starts_with("it is encrypted"));
        let log = b"\x00\x0a\x00\x1c\x65\x53\xf1\x00\x00\x00\x00\x00\x00\x00\x00\x01\x00\x02\x00\x0d\x01\x00\x00\x01\x00\x08\x00\x04";
        assert_eq!(found(log), "it begins like an IPFIX message, but what follows does not fit");
        assert_eq!(found(b"\xcf\x10\x01\x03\x40\x00\x00\x00"), "it is a flow-tools file");
        assert_eq!(found(b"no.,time,source\n1,0.0,10.0.0.1\n"), "it is text that begins with \"no.,time,source\"");
        assert_eq!(found(&[0x00, 0x05, 0x00, 0x3c].repeat(10)), "it begins like a NetFlow v5 message, but what follows does not fit");
        assert_eq!(found(b"\x01\x02\x03"), "it begins with the octets 01 02 03, which no known format does");
    }
}
