//! What goes on beside decoding: receive buffers, queues, destinations, folders; what was dropped comes first.

use crate::report::number::{counted, grouped, short, size};
use crate::report::style::Paint;
use crate::summary::Live;

use super::lines::{Pane, Spans};

/// A heading and as many lines as there is room for; what lost something stands first.
pub(super) fn draw(live: &Live, pane: &mut Pane<'_>) {
    let lines = lines(live);
    let left_out = lines.len().saturating_sub(pane.room().saturating_sub(1));
    let aside = if left_out > 0 { format!("{left_out} more") } else { String::new() };
    pane.heading("Ports, queues, forwarding, recording", &aside);
    lines.iter().for_each(|(_, line)| pane.line(line));
}

/// The lines, each with how bad it is; the worst first.
pub(super) fn lines(live: &Live) -> Vec<(u8, Spans)> {
    let mut out: Vec<(u8, Spans)> = Vec::new();
    let mut say = |name: String, told: String, alarm: Option<&str>, losses: &[(u64, &str)]| {
        let mut spans = vec![(format!("{name}: "), Paint::Heading)];
        spans.extend(alarm.map(|alarm| (format!("{alarm}, "), Paint::Bad)));
        spans.push((told, Paint::Plain));
        let lost = losses.iter().filter(|(number, _)| *number > 0);
        let bad = if alarm.is_some() { 2 } else { u8::from(lost.clone().next().is_some()) };
        spans.extend(lost.map(|(number, what)| (format!(", {} {what}", grouped((*number).into())), Paint::Bad)));
        out.push((bad, spans));
    };
    for s in &live.sources {
        let told = format!("{} ({}), receive buffer {}", counted(s.datagrams, "datagram"), size(s.octets.into()), size(s.granted as u128));
        let told = if s.sockets > 1 { format!("{told} × {}", s.sockets) } else { told };
        let told = if s.open { told } else { format!("{told}, closed") };
        let alarm = s.failed.then_some("RECEIVING HAS ENDED");
        say(format!("{} {}", s.name, s.local), told, alarm, &[(s.kernel_drops, "dropped by the kernel"), (s.refused, "not allowed")]);
    }
    for f in &live.forwards {
        let told = format!("{} ({})", counted(f.sent, "datagram"), size(f.octets.into()));
        let told = if f.filtered > 0 { format!("{told}, {} filtered out", short(f.filtered)) } else { told };
        say(
            format!("forwarded to {}", f.to),
            told,
            None,
            &[(f.dropped, "dropped"), (f.refused, "refused there"), (f.failed, "could not be sent")],
        );
    }
    for q in &live.queues {
        let told = format!("{} waiting ({})", counted(q.waiting, "datagram"), size(q.octets.into()));
        say(format!("queue {}", q.name), told, None, &[(q.dropped, "dropped")]);
    }
    for r in &live.recorders {
        let told = format!("{} in {}, {}", counted(r.datagrams, "datagram"), size(r.octets.into()), counted(r.files, "whole file"));
        let alarm = r.stopped.then_some("RECORDING HAS STOPPED");
        say(format!("recorded in {}", r.folder), told, alarm, &[(r.dropped, "dropped"), (r.lost, "not recorded")]);
    }
    for x in &live.exports {
        let told = format!("{} in {}", counted(x.flows, "flow"), counted(x.files, "whole file"));
        say(format!("exported to {}", x.folder), told, x.stopped.then_some("EXPORT HAS STOPPED"), &[(x.lost, "flows not exported")]);
    }
    out.sort_by_key(|(bad, _)| std::cmp::Reverse(*bad));
    out
}
