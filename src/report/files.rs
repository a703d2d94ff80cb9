//! The overview's first lines: what each file is, what it holds, and what to try if there is no NDE in it.

use std::collections::BTreeMap;

use crate::message::Version;
use crate::summary::{FileLine, Overview};

use super::escape::escape;
use super::number::{counted, grouped, size, span};
use super::style::{Paint, Style};
use super::width::wrap;

/// Words of a file that hang below its name.
const HANG: usize = 2;

/// A line for each file, and one for all of them where there are several.
pub(super) fn files(overview: &Overview, style: &Style) -> String {
    let mut out = String::new();
    for file in &overview.files {
        out.push_str(&wrap(&file_line(file, style), style.width, 0, HANG));
    }
    if overview.files.len() > 1 {
        let t = &overview.totals;
        let octets: u128 = overview.files.iter().map(|f| u128::from(f.report.octets)).sum();
        let mut line = format!(
            "{}: {}, {}; ",
            style.paint(Paint::Heading, "in\u{a0}all"),
            counted(overview.files.len() as u64, "file"),
            size(octets),
        );
        if overview.files.iter().all(|f| f.report.container.is_flow_file()) {
            line.push_str(&counted(overview.files.iter().map(|f| f.report.stored).sum(), "flow record"));
        } else {
            if !overview.files.iter().all(|f| f.report.container.is_flow_log()) {
                line.push_str(&format!("{}; ", frames(t.frames, t.datagrams)));
            }
            line.push_str(&messages(&t.messages));
        }
        if let (Some(first), Some(last)) = (t.first, t.last) {
            line.push_str(&format!("; {}", span(first, last)));
        }
        out.push_str(&wrap(&line, style.width, 0, HANG));
    }
    out
}

fn file_line(file: &FileLine, style: &Style) -> String {
    let r = &file.report;
    let mut line = format!("{}: {}", style.paint(Paint::Heading, &escape(&r.name).replace(' ', "\u{a0}")), r.container);
    for compression in [r.compression, r.inner_compression].into_iter().flatten() {
        line.push_str(&format!(", {compression}"));
    }
    // Ethernet goes without saying.
    let links = r.link_types.iter().filter(|l| *l != "EN10MB").map(String::as_str).collect::<Vec<_>>().join(", ");
    if !links.is_empty() {
        line.push_str(&format!(", {}", escape(&links)));
    }
    if r.frames == 0 && r.container.is_flow_file() {
        line.push_str(&format!(", {}; {}", size(r.octets.into()), counted(r.stored, "flow record")));
        if let (Some(first), Some(last)) = (r.first, r.last) {
            line.push_str(&format!("; {}", span(first, last)));
        }
        return line;
    }
    let datagrams = r.datagrams + r.tcp_messages;
    line.push_str(&format!(", {}; ", size(r.octets.into())));
    // Nobody saw the messages of a flow log arrive.
    if !r.container.is_flow_log() {
        line.push_str(&format!("{}; ", frames(r.frames, datagrams)));
    }
    line.push_str(&messages(&file.messages));
    if let (Some(first), Some(last)) = (r.first, r.last) {
        line.push_str(&format!("; {}", span(first, last)));
    }
    line
}

fn frames(frames: u64, datagrams: u64) -> String {
    format!("{}, {}", counted(frames, "frame"), counted(datagrams, "datagram"))
}

fn messages(by_version: &BTreeMap<Version, u64>) -> String {
    if by_version.is_empty() {
        return "no NDE".to_owned();
    }
    let each: Vec<String> = by_version.iter().map(|(version, n)| format!("{}\u{a0}{version}", grouped((*n).into()))).collect();
    let one = by_version.values().sum::<u64>() == 1;
    format!("NDE\u{a0}message{}: {}", if one { "" } else { "s" }, each.join(", "))
}

/// Says that there is no NDE, and what to try: the sentences before and after the list of what was there. Nothing if there is NDE.
pub(super) fn without_nde(overview: &Overview, style: &Style) -> Option<(String, String)> {
    let t = &overview.totals;
    if t.messages.values().any(|n| *n > 0) || overview.files.iter().any(|f| f.report.stored > 0) {
        return None;
    }
    let these = if overview.files.len() > 1 { "these captures" } else { "this capture" };
    let explained = overview.problems.iter().any(|p| p.code.starts_with("not-nde"));
    let logs = overview.files.iter().all(|f| f.report.container.is_flow_log());
    let (found, advice) = if logs && t.datagrams == 0 {
        ("There is not a single whole message.".to_owned(), "Was the flow log cut off, or is it still being written?")
    } else if t.frames == 0 && t.datagrams == 0 {
        ("There is not a single frame.".to_owned(), "Was the capture stopped before it began, or did its filter let nothing pass?")
    } else if t.datagrams == 0 {
        (
            format!("None of the {} brought a whole UDP datagram, or IPFIX over TCP.", counted(t.frames, "frame")),
            "Capture where the exporter's packets pass, for example: tcpdump -s 0 -w nde.pcap udp port 2055",
        )
    } else if explained {
        (
            format!("There are {}, but none holds NetFlow v1, v5, v7, v9 or IPFIX.", counted(t.datagrams, "datagram")),
            "The exporter seems to send something else: look at its configuration.",
        )
    } else {
        (
            format!("There are {}, but none holds NetFlow v1, v5, v7, v9 or IPFIX.", counted(t.datagrams, "datagram")),
            "If you know the port N that the exporter sends to, --port N explains every datagram to that port.",
        )
    };
    let mut before = wrap(&style.paint(Paint::Bad, &format!("No NetFlow or IPFIX in {these}.")), style.width, 0, 0);
    before.push_str(&wrap(&found, style.width, 0, 0));
    Some((before, wrap(advice, style.width, 0, 0)))
}
