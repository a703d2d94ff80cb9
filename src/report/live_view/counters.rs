//! What goes on beside decoding: receive buffers, queues, destinations, folders; what was dropped comes first.

use crate::report::number::{counted, grouped, short, size};
use crate::report::style::Paint;
use crate::summary::Live;

use super::lines::{Pane, Spans};

/// A heading and as many lines as there is room for; what lost something stands first.
pub(super) fn draw(live: &Live, pane: &mut Pane<'_>) {
    let lines = lines(live);
    let left_out = lines.len().saturating_sub(pane.room().saturating_sub(1));
    let aside = if left_out > 0 { format!("{left_out} more where nothing is wrong, or less") } else { String::new() };
    pane.heading("Ports, queues, forwarding, recording", &aside);
    lines.iter().for_each(|(_, line)| pane.line(line));
}

/// The lines, each with how bad it is; the worst first.
pub(super) fn lines(live: &Live) -> Vec<(u8, Spans)> {
    let mut out: Vec<(u8, Spans)> = Vec::new();
    let mut say = |name: String, told: String, losses: &[(u64, &str)]| {
        let mut spans = vec![(name, Paint::Heading), (told, Paint::Plain)];
        let lost = losses.iter().filter(|(number, _)| *number > 0);
        let bad = lost.clone().count() > 0;
        spans.extend(lost.map(|(number, what)| (format!(", {} {what}", grouped((*number).into())), Paint::Bad)));
        out.push((bad.into(), spans));
    };
    for s in &live.sources {
        let told =
            format!(": {} ({}), receive buffer {}", counted(s.datagrams, "datagram"), size(s.octets.into()), size(s.granted as u128));
        let told = if s.sockets > 1 { format!("{told} × {}", s.sockets) } else { told };
        let told = if s.open { told } else { format!("{told}, closed") };
        say(format!("{} {}", s.name, s.local), told, &[(s.kernel_drops, "dropped by the kernel"), (s.refused, "not allowed")]);
    }
    for f in &live.forwards {
        let told = format!(": {} forwarded ({})", counted(f.sent, "datagram"), size(f.octets.into()));
        let told = if f.filtered > 0 { format!("{told}, {} filtered out", short(f.filtered)) } else { told };
        say(format!("→ {}", f.to), told, &[(f.dropped, "dropped"), (f.refused, "refused there"), (f.failed, "could not be sent")]);
    }
    for q in &live.queues {
        let told = format!(": {} waiting ({})", counted(q.waiting, "datagram"), size(q.octets.into()));
        say(format!("queue {}", q.name), told, &[(q.dropped, "dropped")]);
    }
    for r in &live.recorders {
        let stopped = if r.stopped { "RECORDING HAS STOPPED, " } else { "" };
        let told =
            format!(": {stopped}{} in {}, {}", counted(r.datagrams, "datagram"), size(r.octets.into()), counted(r.files, "whole file"));
        say(format!("⏺ {}", r.folder), told, &[(r.dropped, "dropped"), (r.lost, "not recorded")]);
    }
    out.sort_by_key(|(bad, _)| std::cmp::Reverse(*bad));
    out
}
