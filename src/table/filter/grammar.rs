//! From tokens to an expression whose names are known and whose values fit.

use std::sync::Arc;

use regex::bytes::Regex;

use crate::element::Elements;
use crate::plan::Canonical;

use super::ReadList;
use super::error::{FilterError, Mistake};
use super::ranges::Ranges;
use super::token::{Op, Token, What, tokens};
use super::value;
use super::words::{self, ColumnRef, Form};

/// A filter's tree.
#[derive(Clone, Debug)]
pub(super) enum Expr {
    /// Every flow.
    Any,
    Not(Box<Self>),
    And(Vec<Self>),
    Or(Vec<Self>),
    Test(ColumnRef, Check),
}

/// What a value must be.
#[derive(Clone, Debug)]
pub(super) enum Check {
    Unsigned(Ranges<u64>),
    Signed(Ranges<i64>),
    Address(Ranges<u128>),
    /// The bits of a mask, all of them as given.
    Bits {
        mask: u64,
        set: u64,
    },
    Real(Op, f64),
    Bool(bool),
    /// One of these texts or octet strings; or none of them.
    Octets {
        any: Vec<Vec<u8>>,
        wanted: bool,
    },
    Matches {
        regex: Regex,
        wanted: bool,
    },
    Exists,
}

impl Expr {
    pub(super) fn for_each_column(&self, take: &mut impl FnMut(&ColumnRef)) {
        match self {
            Self::Any => {}
            Self::Not(inner) => inner.for_each_column(take),
            Self::And(all) | Self::Or(all) => all.iter().for_each(|e| e.for_each_column(take)),
            Self::Test(column, _) => take(column),
        }
    }
}

/// Deepest nesting of brackets and `not`: a filter comes from a person, but its reader must not run out of stack.
const DEEPEST: usize = 200;

pub(super) fn parse(text: &str, elements: &Arc<Elements>, read_list: ReadList<'_>) -> Result<Expr, FilterError> {
    let parsed = tokens(text).and_then(|tokens| {
        let mut reader = Reader { tokens: &tokens, at: 0, end: text.len(), depth: 0, elements, read_list };
        let expr = reader.or()?;
        match reader.peek() {
            None => Ok(expr),
            Some(_) => Err(reader.expected("'and', 'or' or the end")),
        }
    });
    parsed.map_err(|mistake| mistake.in_text(text))
}

struct Reader<'a> {
    tokens: &'a [Token<'a>],
    at: usize,
    end: usize,
    depth: usize,
    elements: &'a Arc<Elements>,
    read_list: ReadList<'a>,
}

type Parsed<T> = Result<T, Mistake>;

impl<'a> Reader<'a> {
    fn or(&mut self) -> Parsed<Expr> {
        let mut all = vec![self.and()?];
        while self.take(&What::Or) {
            all.push(self.and()?);
        }
        Ok(if all.len() == 1 { all.remove(0) } else { Expr::Or(all) })
    }

    fn and(&mut self) -> Parsed<Expr> {
        let mut all = vec![self.not()?];
        while self.take(&What::And) {
            all.push(self.not()?);
        }
        Ok(if all.len() == 1 { all.remove(0) } else { Expr::And(all) })
    }

    fn not(&mut self) -> Parsed<Expr> {
        if self.depth >= DEEPEST {
            return Err(Mistake::at(self.place(), format!("more than {DEEPEST} brackets and 'not's, one in the other")));
        }
        self.depth += 1;
        let expr = if self.take(&What::Not) {
            Expr::Not(Box::new(self.not()?))
        } else if self.take(&What::Open) {
            let inner = self.or()?;
            if !self.take(&What::Close) {
                return Err(self.expected("'and', 'or' or ')'"));
            }
            inner
        } else {
            self.test()?
        };
        self.depth -= 1;
        Ok(expr)
    }

    /// One test: a word of the language, or the name of a column or element.
    fn test(&mut self) -> Parsed<Expr> {
        const WANTED: &str = "a test such as 'src ip 10.1.2.3', 'port 53' or 'bytes > 10M'";
        let start = self.at;
        if self.take(&What::Op(Op::In)) {
            return self.through(false);
        }
        let Some(word) = self.word() else { return Err(self.expected(WANTED)) };
        match word.as_str() {
            "any" => Ok(Expr::Any),
            "ipv4" | "inet" => Ok(family(value::ipv4())),
            "ipv6" | "inet6" => Ok(family(value::ipv4().others())),
            "src" | "dst" => self.side(usize::from(word == "dst")),
            "out" => self.through(true),
            "if" => self.either([Canonical::InIf, Canonical::OutIf]),
            "flags" => self.flags(),
            "dscp" => self.dscp(),
            "next" => {
                self.expect_word(&["ip", "hop"])?;
                self.compare(&[ColumnRef::Canonical(Canonical::NextHop)], false)
            }
            "router" => {
                self.expect_word(&["ip"])?;
                self.compare(&[ColumnRef::Canonical(Canonical::Exporter)], false)
            }
            "nat" => {
                let columns = self.translated()?;
                self.either(columns)
            }
            "exporter" => {
                if matches!(self.peek_word().as_deref(), Some("ip" | "net" | "host")) {
                    self.at += 1;
                }
                self.compare(&[ColumnRef::Canonical(Canonical::Exporter)], false)
            }
            "observation" => {
                self.expect_word(&["domain"])?;
                if self.peek_word().as_deref() == Some("id") {
                    self.at += 1;
                }
                self.compare(&[ColumnRef::Canonical(Canonical::ObservationDomain)], false)
            }
            word => match (words::sided(word), words::single(word)) {
                (Some(columns), _) => self.either(columns),
                (None, Some(column)) => self.compare(&[column], false),
                (None, None) => {
                    self.at = start;
                    self.by_name()
                }
            },
        }
    }

    /// What follows `src` or `dst`, which may be joined: `src or dst port 53`.
    fn side(&mut self, first: usize) -> Parsed<Expr> {
        let joined = match (self.peek().map(|t| &t.what), self.tokens.get(self.at + 1).map(|t| &t.what)) {
            (Some(join @ (What::And | What::Or)), Some(What::Word(other)))
                if other.eq_ignore_ascii_case(if first == 0 { "dst" } else { "src" }) =>
            {
                Some(*join == What::And)
            }
            _ => None,
        };
        if joined.is_some() {
            self.at += 2;
        }
        const WANTED: &str = "'ip', 'net', 'port', 'as', 'mask', 'vlan', 'mac' or 'nat'";
        let Some(word) = self.word() else { return Err(self.expected(WANTED)) };
        let columns = if word == "nat" {
            self.translated()?
        } else {
            words::sided(&word).ok_or_else(|| {
                self.at -= 1;
                self.expected(WANTED)
            })?
        };
        match joined {
            None => self.compare(&[ColumnRef::Canonical(columns[first])], false),
            Some(both) => self.compare(&columns.map(ColumnRef::Canonical), both),
        }
    }

    /// `in if`, `out if`, `in bytes`, `out src mac` …
    fn through(&mut self, out: bool) -> Parsed<Expr> {
        const WANTED: &str = "'if', 'bytes', 'packets' or 'mac'";
        let Some(word) = self.word() else { return Err(self.expected(WANTED)) };
        let column = match word.as_str() {
            "if" if out => Canonical::OutIf,
            "if" => Canonical::InIf,
            "bytes" if out => Canonical::BytesOut,
            "bytes" => Canonical::Bytes,
            "packets" if out => Canonical::PacketsOut,
            "packets" => Canonical::Packets,
            "src" | "dst" => {
                self.expect_word(&["mac"])?;
                // The elements of one direction; 57 and 81 name what leaves, 56 and 80 what comes in (RFC 7012's registry).
                let name = match (out, word.as_str()) {
                    (false, "src") => "sourceMacAddress",
                    (false, _) => "destinationMacAddress",
                    (true, "src") => "postSourceMacAddress",
                    (true, _) => "postDestinationMacAddress",
                };
                let column = ColumnRef::named(name, self.elements).map_err(|e| self.mistake(e.to_string()))?;
                return self.compare(&[column], false);
            }
            _ => {
                self.at -= 1;
                return Err(self.expected(WANTED));
            }
        };
        self.compare(&[ColumnRef::Canonical(column)], false)
    }

    /// `nat ip`, `nat port`.
    fn translated(&mut self) -> Parsed<[Canonical; 2]> {
        let word = self.expect_word(&["ip", "net", "host", "port"])?;
        let same = if word == "port" { "xport" } else { "xip" };
        words::sided(same).ok_or_else(|| self.expected("'ip' or 'port'"))
    }

    fn either(&mut self, columns: [Canonical; 2]) -> Parsed<Expr> {
        self.compare(&columns.map(ColumnRef::Canonical), false)
    }

    /// `flags SA`: a TCP flow with all of them; `flags = S`: these and no others.
    fn flags(&mut self) -> Parsed<Expr> {
        let exact = match self.peek().map(|t| &t.what) {
            Some(What::Op(op @ (Op::Equal | Op::NotEqual))) => Some(*op),
            _ => None,
        };
        if exact.is_some() {
            self.at += 1;
        }
        let place = self.place();
        let wanted = "TCP flags as letters, of F S R P A U E C, or a number";
        let Some(text) = self.raw_word() else { return Err(self.expected(wanted)) };
        let bits = value::flags(text).ok_or_else(|| Mistake::at(place, format!("'{text}' are no flags: expected {wanted}")))?;
        let mask = if exact.is_some() { 0xfff } else { bits };
        let test = Expr::Test(ColumnRef::Canonical(Canonical::TcpFlags), Check::Bits { mask, set: bits });
        let tcp = Expr::Test(ColumnRef::Canonical(Canonical::Protocol), Check::Unsigned(Ranges::one(6)));
        Ok(Expr::And(vec![tcp, if exact == Some(Op::NotEqual) { Expr::Not(Box::new(test)) } else { test }]))
    }

    /// The upper six bits of `tos`.
    fn dscp(&mut self) -> Parsed<Expr> {
        self.take(&What::Op(Op::Equal));
        let place = self.place();
        let wanted = "a DSCP value, 0 to 63";
        let Some(text) = self.raw_word() else { return Err(self.expected(wanted)) };
        let dscp = value::number(text).filter(|n| *n < 64);
        let dscp = dscp.ok_or_else(|| Mistake::at(place, format!("'{text}' is out of place: expected {wanted}")))?;
        Ok(Expr::Test(ColumnRef::Canonical(Canonical::Tos), Check::Bits { mask: 0xfc, set: dscp << 2 }))
    }

    /// A column or an element by its name.
    fn by_name(&mut self) -> Parsed<Expr> {
        let place = self.place();
        let Some(name) = self.raw_word() else { return Err(self.expected("a name")) };
        let column = ColumnRef::named(name, self.elements).map_err(|unknown| {
            let suggestion = unknown.suggestion.or_else(|| resembling(name));
            let more = suggestion.map(|s| format!("; did you mean '{s}'?")).unwrap_or_default();
            let message = format!("'{name}' is no word of the filter language, no column and no element{more}");
            Mistake { unknown: Some(name.to_owned()), ..Mistake::at(place, message) }
        })?;
        self.compare(&[column], false)
    }

    /// What follows the columns: an operator and a value, a value alone, a list, `exists`, `before`, `after`.
    fn compare(&mut self, columns: &[ColumnRef], both: bool) -> Parsed<Expr> {
        let Some(first) = columns.first() else { return Err(self.expected("a column")) };
        if self.peek_word().as_deref() == Some("exists") {
            self.at += 1;
            return Ok(spread(columns, &Check::Exists, both));
        }
        let (op, negated) = self.operator(first)?;
        let check = if op == Op::In { self.list(first)? } else { self.value(first, op)? };
        // Neither side may be it: `port != 80` is no flow of port 80 at all.
        Ok(spread(columns, &check, both || negated))
    }

    fn operator(&mut self, column: &ColumnRef) -> Parsed<(Op, bool)> {
        let op = match self.peek().map(|t| &t.what) {
            Some(What::Op(op)) => *op,
            Some(What::Word(w)) if column.form() == Form::Time && w.eq_ignore_ascii_case("before") => Op::Less,
            Some(What::Word(w)) if column.form() == Form::Time && w.eq_ignore_ascii_case("after") => Op::Greater,
            Some(What::Word(_) | What::Quoted(_)) => return Ok((Op::Equal, false)),
            _ => return Err(self.expected(&format!("a comparison or a value for '{}'", column.name()))),
        };
        self.at += 1;
        Ok((op, matches!(op, Op::NotEqual | Op::MatchesNot)))
    }

    /// One value, as the column's values are written.
    fn value(&mut self, column: &ColumnRef, op: Op) -> Parsed<Check> {
        let form = column.form();
        let place = self.place();
        let Some(text) = self.raw_word() else { return Err(self.expected(expectation(form))) };
        let wrong = |what: &str| Mistake::at(place, format!("'{text}' does not fit '{}': expected {what}", column.name()));
        if matches!(op, Op::Matches | Op::MatchesNot) && form != Form::Text {
            return Err(Mistake::at(place, format!("'{}' is no text: '~' looks into names", column.name())));
        }
        let ordered = |op: Op| !matches!(op, Op::Less | Op::AtMost | Op::Greater | Op::AtLeast);
        match form {
            Form::Number(_) | Form::Protocol | Form::Flags | Form::Direction | Form::Mac => {
                let (from, to) = unsigned(text, form).ok_or_else(|| wrong(&limits(form)))?;
                if from != to && !ordered(op) {
                    return Err(wrong("one number, not a range"));
                }
                Ok(Check::Unsigned(compared(op, from, to)))
            }
            Form::Signed => {
                let n = value::signed(text).ok_or_else(|| wrong(expectation(form)))?;
                Ok(Check::Signed(compared(op, n, n)))
            }
            Form::Duration => {
                let n = value::duration_ms(text).ok_or_else(|| wrong(expectation(form)))?;
                Ok(Check::Signed(compared(op, n, n)))
            }
            Form::Time => {
                let (from, length) = value::time(text).ok_or_else(|| wrong(expectation(form)))?;
                Ok(Check::Signed(compared(op, from, from.saturating_add(length - 1))))
            }
            Form::Address => {
                if !ordered(op) {
                    return Err(Mistake::at(place, format!("'{}' is an address: compare it with '=', '!=' or 'in'", column.name())));
                }
                let (from, to) = match self.raw_mask() {
                    Some(mask) => value::masked(text, mask).ok_or_else(|| wrong("a network and its mask"))?,
                    None => value::addresses(text).ok_or_else(|| wrong(expectation(form)))?,
                };
                Ok(Check::Address(compared(op, from, to)))
            }
            Form::Real => {
                let n = text.parse().ok().filter(|n: &f64| n.is_finite()).ok_or_else(|| wrong(expectation(form)))?;
                Ok(Check::Real(op, n))
            }
            Form::Bool => match (text.to_ascii_lowercase().as_str(), op) {
                ("true" | "1", Op::Equal) | ("false" | "0" | "2", Op::NotEqual) => Ok(Check::Bool(true)),
                ("false" | "0" | "2", Op::Equal) | ("true" | "1", Op::NotEqual) => Ok(Check::Bool(false)),
                _ => Err(wrong(expectation(form))),
            },
            Form::Text | Form::Octets => {
                if !ordered(op) {
                    return Err(Mistake::at(place, format!("'{}' has no order: compare it with '=', '!=', 'in' or '~'", column.name())));
                }
                if matches!(op, Op::Matches | Op::MatchesNot) {
                    let regex = Regex::new(text).map_err(|e| Mistake::at(place, format!("no regular expression: {}", last_line(&e))))?;
                    return Ok(Check::Matches { regex, wanted: op == Op::Matches });
                }
                let octets = octets(text, form).ok_or_else(|| wrong(expectation(form)))?;
                Ok(Check::Octets { any: vec![octets], wanted: op == Op::Equal })
            }
        }
    }

    /// `[a b, c]` or `@file`.
    fn list(&mut self, column: &ColumnRef) -> Parsed<Check> {
        let place = self.place();
        if let Some(What::Word(word)) = self.peek().map(|t| &t.what)
            && let Some(name) = word.strip_prefix('@')
        {
            self.at += 1;
            let text = (self.read_list)(name).map_err(|why| Mistake::at(place, why))?;
            let lines = text.lines().map(|l| l.split('#').next().unwrap_or("").trim());
            let words: Vec<(&str, String)> = (1..)
                .zip(lines)
                .filter(|(_, l)| !l.is_empty())
                .flat_map(|(n, l)| l.split([' ', ',', '\t']).filter(|w| !w.is_empty()).map(move |w| (w, format!("{name}, line {n}: "))))
                .collect();
            return one_of(column, &words.iter().map(|(w, at)| (*w, place, at.as_str())).collect::<Vec<_>>());
        }
        if !self.take(&What::OpenList) {
            return Err(self.expected("'[' and a list, or '@' and the name of a file"));
        }
        let mut words = Vec::new();
        loop {
            let place = self.place();
            if self.take(&What::CloseList) {
                break;
            }
            match self.raw_word() {
                Some(word) => words.push((word, place, "")),
                None => return Err(self.expected("another value or ']'")),
            }
            self.take(&What::Comma);
        }
        one_of(column, &words)
    }

    fn peek(&self) -> Option<&'a Token<'a>> {
        self.tokens.get(self.at)
    }

    fn peek_word(&self) -> Option<String> {
        match self.peek()?.what {
            What::Word(word) => Some(word.to_ascii_lowercase()),
            _ => None,
        }
    }

    /// A keyword, in lower case.
    fn word(&mut self) -> Option<String> {
        let word = self.peek_word()?;
        self.at += 1;
        Some(word)
    }

    /// A word or something in quotes as it stands.
    fn raw_word(&mut self) -> Option<&'a str> {
        match self.peek()?.what {
            What::Word(text) | What::Quoted(text) => {
                self.at += 1;
                Some(text)
            }
            _ => None,
        }
    }

    /// A netmask after a network.
    fn raw_mask(&mut self) -> Option<&'a str> {
        match self.peek()?.what {
            What::Word(text) if text.parse::<std::net::Ipv4Addr>().is_ok() => {
                self.at += 1;
                Some(text)
            }
            _ => None,
        }
    }

    fn expect_word(&mut self, among: &[&str]) -> Parsed<String> {
        match self.peek_word().filter(|w| among.contains(&w.as_str())) {
            Some(word) => {
                self.at += 1;
                Ok(word)
            }
            None => Err(self.expected(&among.iter().map(|w| format!("'{w}'")).collect::<Vec<_>>().join(" or "))),
        }
    }

    fn take(&mut self, what: &What<'_>) -> bool {
        let found = self.peek().is_some_and(|t| t.what == *what);
        self.at += usize::from(found);
        found
    }

    fn place(&self) -> (usize, usize) {
        self.peek().map_or((self.end, 0), |t| t.place)
    }

    fn mistake(&self, message: String) -> Mistake {
        Mistake::at(self.place(), message)
    }

    fn expected(&self, what: &str) -> Mistake {
        let found = match self.peek().map(|t| &t.what) {
            None => return self.mistake(format!("the filter ends here: expected {what}")),
            Some(What::Word(text) | What::Quoted(text)) => format!("'{text}'"),
            Some(What::Op(_)) => "this comparison".to_owned(),
            Some(What::And) => "'and'".to_owned(),
            Some(What::Or) => "'or'".to_owned(),
            Some(What::Not) => "'not'".to_owned(),
            Some(_) => "this".to_owned(),
        };
        self.mistake(format!("{found} is out of place: expected {what}"))
    }
}

/// The same check on one or on all of some columns.
fn spread(columns: &[ColumnRef], check: &Check, all: bool) -> Expr {
    let mut tests: Vec<Expr> = columns.iter().map(|c| Expr::Test(c.clone(), check.clone())).collect();
    match (tests.len(), all) {
        (1, _) => tests.remove(0),
        (_, true) => Expr::And(tests),
        (_, false) => Expr::Or(tests),
    }
}

fn family(ranges: Ranges<u128>) -> Expr {
    spread(&[Canonical::SrcAddr, Canonical::DstAddr].map(ColumnRef::Canonical), &Check::Address(ranges), true)
}

/// The numbers that stand so to the range: beyond its last for `>`, before its first for `<`.
fn compared<T: super::ranges::Whole>(op: Op, from: T, to: T) -> Ranges<T> {
    match op {
        Op::NotEqual => Ranges::of([(from, to)]).others(),
        Op::Less => Ranges::less(from),
        Op::AtLeast => Ranges::less(from).others(),
        Op::Greater => Ranges::greater(to),
        Op::AtMost => Ranges::greater(to).others(),
        Op::Equal | Op::In | Op::Matches | Op::MatchesNot => Ranges::of([(from, to)]),
    }
}

/// A number or a range of numbers, as a form writes them.
fn unsigned(text: &str, form: Form) -> Option<(u64, u64)> {
    let (one, most): (fn(&str) -> Option<u64>, u64) = match form {
        Form::Number(most) => (value::number, most),
        Form::Protocol => (value::protocol, u8::MAX.into()),
        Form::Flags => (value::flags, u16::MAX.into()),
        Form::Direction => (value::direction, u8::MAX.into()),
        Form::Mac => (value::mac, u64::MAX),
        _ => return None,
    };
    let range = one(text).map(|n| (n, n)).or_else(|| {
        let (from, to) = text.split_once('-')?;
        Some((one(from)?, one(to)?)).filter(|(from, to)| from <= to)
    });
    range.filter(|(_, to)| *to <= most)
}

/// One of several values; each with its place, and what to say before a mistake.
fn one_of(column: &ColumnRef, words: &[(&str, (usize, usize), &str)]) -> Parsed<Check> {
    let form = column.form();
    fn each<T>(words: &[(&str, (usize, usize), &str)], what: &str, read: impl Fn(&str) -> Option<T>) -> Parsed<Vec<T>> {
        let one = |(word, place, at): &(&str, (usize, usize), &str)| {
            read(word).ok_or_else(|| Mistake::at(*place, format!("{at}'{word}' is out of place: expected {what}")))
        };
        words.iter().map(one).collect()
    }
    let what = limits(form);
    Ok(match form {
        Form::Number(_) | Form::Protocol | Form::Flags | Form::Direction | Form::Mac => {
            Check::Unsigned(Ranges::of(each(words, &what, |w| unsigned(w, form))?))
        }
        Form::Signed => Check::Signed(Ranges::of(each(words, &what, |w| value::signed(w).map(|n| (n, n)))?)),
        Form::Duration => Check::Signed(Ranges::of(each(words, &what, |w| value::duration_ms(w).map(|n| (n, n)))?)),
        Form::Time => Check::Signed(Ranges::of(each(words, &what, |w| value::time(w).map(|(t, l)| (t, t.saturating_add(l - 1))))?)),
        Form::Address => Check::Address(Ranges::of(each(words, &what, value::addresses)?)),
        Form::Text | Form::Octets => Check::Octets { any: each(words, &what, |w| octets(w, form))?, wanted: true },
        Form::Real | Form::Bool => {
            let place = words.first().map_or((0, 0), |w| w.1);
            return Err(Mistake::at(place, format!("'{}' can't be looked up in a list", column.name())));
        }
    })
}

fn octets(text: &str, form: Form) -> Option<Vec<u8>> {
    if form == Form::Text { Some(text.as_bytes().to_vec()) } else { value::hex(text) }
}

/// How values of a form are written.
fn expectation(form: Form) -> &'static str {
    match form {
        Form::Number(_) => "a number such as 53, 0x35, 10k or 1.5M",
        Form::Signed => "a number",
        Form::Real => "a number such as 0.5",
        Form::Bool => "'true' or 'false'",
        Form::Protocol => "a protocol: its number or its name",
        Form::Flags => "TCP flags as letters, of F S R P A U E C, or a number",
        Form::Direction => "'ingress', 'egress', 0 or 1",
        Form::Duration => "a duration such as 500ms, 2s or 1.5m",
        Form::Time => "a time such as 2026-11-22, 2026-11-22T10:00 or 2026-11-22T10:00:00+01:00",
        Form::Address => "an IP address or a prefix such as 10.0.0.0/8",
        Form::Mac => "a MAC address such as 00:11:22:aa:bb:cc",
        Form::Text => "text, in quotes if it has blanks",
        Form::Octets => "octets in hex",
    }
}

/// The same with the greatest number that fits.
fn limits(form: Form) -> String {
    match form {
        Form::Number(most) if most < u64::MAX => format!("a number from 0 to {most}"),
        Form::Protocol => "a protocol: its name, or a number from 0 to 255".to_owned(),
        form => expectation(form).to_owned(),
    }
}

fn last_line(error: &regex::Error) -> String {
    error.to_string().lines().last().unwrap_or("").trim_start_matches("error: ").to_owned()
}

/// The word of the language that a mistyped one may have been.
fn resembling(name: &str) -> Option<String> {
    crate::plan::nearest(name, words::WORDS).map(str::to_owned)
}
