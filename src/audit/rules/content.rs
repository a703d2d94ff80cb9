//! Fields that are there and carry nothing useful, and values that can't be.

use crate::plan::Canonical;
use crate::template::Kind;

use super::super::catalogue::{
    COUNTER_IMPLAUSIBLE, END_BEFORE_START, IN_OUT_EQUAL, INTERFACES_ZERO, OVERFLOW_ADDRESS, PROTOCOL_ZERO, TCP_FLAGS_ZERO, TIME_OFF,
    VALUE_ALWAYS_ZERO, VALUE_CONSTANT,
};
use super::super::content::{Content, LOOKED_AT, Oddity, Seen};
use super::super::finding::{Evidence, Finding, FindingKind};
use super::super::outcome::{ExporterAudit, LayoutAudit};
use super::{Material, count, percent, place, plural};

/// Fewer values say nothing about a habit.
const ENOUGH: u64 = 20;
/// The same for values that are all equal and not zero.
const ENOUGH_EQUAL: u64 = 100;

pub(super) fn look(material: &Material<'_>, exporter: &ExporterAudit, source: usize, out: &mut Vec<Finding>) {
    for layout in exporter.layouts.iter().filter(|l| l.content.kind == Kind::Data) {
        let content = content_of(material, layout, source);
        if content.flows == 0 {
            continue;
        }
        let look = Look { material, exporter, layout, content: &content };
        look.habits(out);
        look.oddities(out);
    }
}

/// What is known of all definitions of a layout.
fn content_of(material: &Material<'_>, layout: &LayoutAudit, source: usize) -> Content {
    let mut sum = Content::default();
    for (number, own) in material.collector.census().layouts.iter().enumerate().filter(|(_, l)| l.source as usize == source) {
        let same = match own.kind {
            crate::collector::LayoutKind::Fixed(_) => layout.template().is_none(),
            crate::collector::LayoutKind::Template(id) => layout.definitions.contains(&id),
        };
        if let Some(content) = material.sums.content.get(number).filter(|_| same) {
            sum.merge(content.clone());
        }
    }
    sum
}

struct Look<'a> {
    material: &'a Material<'a>,
    exporter: &'a ExporterAudit,
    layout: &'a LayoutAudit,
    content: &'a Content,
}

impl Look<'_> {
    fn add(&self, kind: FindingKind, statement: String, evidence: Vec<Evidence>, out: &mut Vec<Finding>) {
        out.push(self.material.of_layout(kind, (self.exporter, self.layout), statement, evidence));
    }

    /// How many flows were looked at, before where it was seen first.
    fn of(&self, seen: Option<&Seen>) -> Vec<Evidence> {
        let looked_at = count(format!("{} looked at", plural(self.content.flows, "flow")));
        std::iter::once(looked_at).chain(seen.into_iter().flat_map(first)).collect()
    }

    fn habits(&self, out: &mut Vec<Finding>) {
        let content = self.content;
        let (mut zero, mut constant) = (Vec::new(), Vec::new());
        for column in LOOKED_AT {
            let field = content.field(column);
            match column {
                Canonical::Protocol if field.is_always_zero() && field.values >= ENOUGH => {
                    self.add(PROTOCOL_ZERO, "the protocol is always 0.".to_owned(), self.of(None), out);
                }
                // Flows without ports, probes without interfaces, and flags by protocol have their own rules, or none.
                Canonical::Protocol
                | Canonical::TcpFlags
                | Canonical::InIf
                | Canonical::OutIf
                | Canonical::BytesOut
                | Canonical::PacketsOut
                | Canonical::SrcPort
                | Canonical::DstPort => {}
                _ if field.is_always_zero() && field.values >= ENOUGH => zero.push(column.name()),
                Canonical::SrcAddr | Canonical::DstAddr if field.constant().is_some() && field.values >= ENOUGH_EQUAL => {
                    constant.push(column.name());
                }
                _ => {}
            }
        }
        if !zero.is_empty() {
            self.add(VALUE_ALWAYS_ZERO, format!("always zero: {}.", zero.join(", ")), self.of(None), out);
        }
        if !constant.is_empty() {
            self.add(VALUE_CONSTANT, format!("always the same: {}.", constant.join(", ")), self.of(None), out);
        }
        let both = content.odd(Oddity::InterfacesZero);
        if both.count == content.flows && both.count >= ENOUGH {
            self.add(INTERFACES_ZERO, "input and output interface are always 0.".to_owned(), self.of(Some(both)), out);
        }
        let flags = content.odd(Oddity::TcpWithoutFlags);
        let with_flags = content.field(Canonical::TcpFlags);
        if flags.count >= ENOUGH && with_flags.values == with_flags.zeros {
            self.add(TCP_FLAGS_ZERO, "TCP flags are always 0.".to_owned(), self.of(Some(flags)), out);
        }
        let equal = content.odd(Oddity::InOutEqual);
        if content.in_and_out >= ENOUGH && equal.count * 10 >= content.in_and_out * 9 {
            let statement = format!("IN and OUT counters are equal in {} of {} flows.", equal.count, content.in_and_out);
            self.add(IN_OUT_EQUAL, statement, first(equal), out);
        }
    }

    fn oddities(&self, out: &mut Vec<Finding>) {
        let groups: [(FindingKind, &[(Oddity, &str)]); 4] = [
            (END_BEFORE_START, &[(Oddity::EndBeforeStart, "end before they start")]),
            (
                TIME_OFF,
                &[
                    (Oddity::EndAhead, "end after they were captured, by more than the limit"),
                    (Oddity::EndLongAgo, "ended before they were captured, by more than the limit"),
                ],
            ),
            (
                COUNTER_IMPLAUSIBLE,
                &[
                    (Oddity::BeyondLine, "have more octets than their packets or any line can hold"),
                    (Oddity::OneCounterZero, "have octets without packets, or packets without octets"),
                    (Oddity::Beyond31Bits, "have a counter of 2^31 or more"),
                ],
            ),
            (OVERFLOW_ADDRESS, &[(Oddity::OverflowAddress, "have the address 127.0.0.4 or 127.0.0.5")]),
        ];
        for (kind, oddities) in groups {
            let found: Vec<(&Seen, &str)> =
                oddities.iter().map(|(o, what)| (self.content.odd(*o), *what)).filter(|(seen, _)| seen.count > 0).collect();
            if found.is_empty() {
                continue;
            }
            let whole = self.content.flows;
            let parts: Vec<String> = found
                .iter()
                .map(|(seen, what)| format!("{} ({}) {what}", plural(seen.count, "flow"), percent(seen.count.into(), whole.into())))
                .collect();
            let statement = format!("{}.", parts.join("; "));
            self.add(kind, statement, found.iter().flat_map(|(seen, _)| first(seen)).collect(), out);
        }
    }
}

fn first(seen: &Seen) -> Vec<Evidence> {
    seen.first.iter().map(|(origin, what)| place(*origin, what.clone())).collect()
}
