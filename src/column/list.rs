//! Structured data (RFC 6313) to JSON text; or looked through only, for the faults and for the templates that it names.
//!
//! ```text
//! basicList                        subTemplateList                  subTemplateMultiList
//! +----------+------------------+  +----------+-----------------+   +----------+-----------------+------------------+
//! | Semantic | E  Field Id      |  | Semantic | Template Id     |   | Semantic | Template Id     | Length, these 4  |
//! +----------+------------------+  +----------+-----------------+   +----------+ and its records | octets included  |
//! | Element Length              |  | Data Records …             |   +----------+-----------------+------------------+
//! +-----------------------------+  +----------------------------+   | Template Id, Length, Data Records …             |
//! | PEN (if E) | values …       |          RFC 6313 §4.5.2          +-------------------------------------------------+
//! +-----------------------------+                                            RFC 6313 §4.5.3
//!     RFC 6313 §4.5.1
//! ```
//! What it looks like, here on several lines:
//!
//! ```json
//! {"semantic":"ordered","element":"ingressInterface","basicList":[1,2]}
//! {"semantic":"allOf","template":4097,"subTemplateList":[{"ipNextHopIPv4Address":"198.51.100.1","bgpSourceAsNumber":64496}]}
//! {"semantic":"allOf","subTemplateMultiList":[{"template":4097,"records":[{"bgpSourceAsNumber":64496}]}]}
//! ```
//! Records are objects with the names of columns as keys; their values look like those of ndjson, lists among them. A semantic that no
//! RFC has is its number. What can't be read stands as hexadecimal digits under `"undecoded"`, behind what could be: records of an
//! unknown template, the rest of a list after a record that reaches beyond it. A list too short for its own header, or nested deeper
//! than the bound, is a string of hexadecimal digits. An empty field is null.

use std::io::Write;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use crate::element::values;
use crate::message::{FieldSpecifier, Role, TemplateFormat, variable_length};
use crate::plan::{Convert, ListForm, ListTemplates, SubField, SubTemplate};
use crate::time::{IsoWriter, Timestamp};

use super::batch::Context;
use super::convert;

/// Template ids begin here (RFC 7011 §3.4.1).
const FIRST_TEMPLATE: u16 = 256;

/// What is wrong with a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListFault {
    /// It ends before its own header does.
    Header {
        /// What kind of list.
        form: ListForm,
        /// Its octets.
        had: usize,
    },
    /// A value or a record in it reaches beyond its end, or some octets are left over.
    Cut {
        /// What kind of list.
        form: ListForm,
        /// Octets that could not be read.
        left: usize,
    },
    /// It names a template that nobody has sent.
    Template {
        /// What kind of list.
        form: ListForm,
        /// The template's id.
        id: u16,
    },
    /// It lies deeper in other lists than the bound.
    Depth,
    /// Its semantic is none that an RFC has.
    Semantic(u8),
}

/// Finds templates for lists.
pub trait FindTemplate {
    /// The template of that id, as it is now.
    fn find(&mut self, id: u16) -> Option<Arc<SubTemplate>>;
}

impl FindTemplate for &ListTemplates {
    fn find(&mut self, id: u16) -> Option<Arc<SubTemplate>> {
        self.templates.get(&id).cloned()
    }
}

/// Looks a list through without writing it: tells every fault, and asks `find` for every template it names.
pub fn check_list(
    form: ListForm,
    octets: &[u8],
    known: &ListTemplates,
    context: &Context,
    find: &mut dyn FindTemplate,
    fault: &mut dyn FnMut(ListFault),
) {
    let mut unused = Vec::new();
    Reader { known, context, find, fault, out: &mut unused, writes: false }.list(form, octets, known.depth);
}

/// Appends a list as JSON text; false, and nothing is appended, for no octets: there is no list.
pub(super) fn write_list(form: ListForm, octets: &[u8], known: &ListTemplates, context: &Context, out: &mut Vec<u8>) -> bool {
    if octets.is_empty() {
        return false;
    }
    // The walker has told the faults before.
    Reader { known, context, find: &mut { known }, fault: &mut |_| {}, out, writes: true }.list(form, octets, known.depth);
    true
}

struct Reader<'a> {
    known: &'a ListTemplates,
    context: &'a Context,
    find: &'a mut dyn FindTemplate,
    fault: &'a mut dyn FnMut(ListFault),
    out: &'a mut Vec<u8>,
    writes: bool,
}

impl Reader<'_> {
    fn list(&mut self, form: ListForm, octets: &[u8], depth: u8) {
        let Some(depth) = depth.checked_sub(1) else {
            (self.fault)(ListFault::Depth);
            return self.hex(octets);
        };
        let read = match form {
            ListForm::Basic => self.basic(octets, depth),
            ListForm::SubTemplate => self.sub_template(octets, depth),
            ListForm::SubTemplateMulti => self.multi(octets, depth),
        };
        if read.is_none() {
            (self.fault)(ListFault::Header { form, had: octets.len() });
            self.hex(octets);
        }
    }

    /// `None`, and nothing written, if the header is not there.
    fn basic(&mut self, octets: &[u8], depth: u8) -> Option<()> {
        let (semantic, rest) = octets.split_first()?;
        let (specifier, mut rest) = FieldSpecifier::read(rest, TemplateFormat::Ipfix, Role::Field)?;
        let element = self.known.element(specifier);
        let how = element.as_ref().map_or(Convert::Octets, |e| e.how);
        self.semantic(*semantic);
        self.text(b",\"element\":");
        self.string(&element.and_then(|e| e.name).unwrap_or_else(|| "paddingOctets".to_owned()));
        self.text(b",\"basicList\":[");
        let mut first = true;
        while let Some((value, behind)) = one_value(specifier, rest) {
            if !std::mem::take(&mut first) {
                self.text(b",");
            }
            self.value(how, value, depth);
            rest = behind;
        }
        self.text(b"]");
        self.end(ListForm::Basic, rest, false);
        Some(())
    }

    fn sub_template(&mut self, octets: &[u8], depth: u8) -> Option<()> {
        let (&[semantic, high, low], rest) = octets.split_first_chunk::<3>()?;
        let id = u16::from_be_bytes([high, low]);
        self.semantic(semantic);
        self.number(b",\"template\":", id);
        self.text(b",\"subTemplateList\":[");
        let (left, told) = self.records(ListForm::SubTemplate, id, rest, depth);
        self.text(b"]");
        self.end(ListForm::SubTemplate, left, told);
        Some(())
    }

    fn multi(&mut self, octets: &[u8], depth: u8) -> Option<()> {
        let (semantic, mut rest) = octets.split_first()?;
        self.semantic(*semantic);
        self.text(b",\"subTemplateMultiList\":[");
        let mut first = true;
        while let Some((&[id0, id1, length0, length1], _)) = rest.split_first_chunk::<4>() {
            let (id, length) = (u16::from_be_bytes([id0, id1]), usize::from(u16::from_be_bytes([length0, length1])));
            let (Some(records), Some(behind)) = (rest.get(4..length), rest.get(length..)) else { break };
            self.number(if std::mem::take(&mut first) { b"{\"template\":" } else { b",{\"template\":" }, id);
            self.text(b",\"records\":[");
            let (left, told) = self.records(ListForm::SubTemplateMulti, id, records, depth);
            self.text(b"]");
            self.end(ListForm::SubTemplateMulti, left, told);
            rest = behind;
        }
        self.text(b"]");
        self.end(ListForm::SubTemplateMulti, rest, false);
        Some(())
    }

    /// Writes the records of one template, and gives the octets that could not be read; true if why was told.
    fn records<'o>(&mut self, form: ListForm, id: u16, octets: &'o [u8], depth: u8) -> (&'o [u8], bool) {
        if octets.is_empty() {
            return (octets, false);
        }
        let Some(template) = Some(id).filter(|id| *id >= FIRST_TEMPLATE).and_then(|id| self.find.find(id)) else {
            (self.fault)(ListFault::Template { form, id });
            return (octets, true);
        };
        let mut rest = octets;
        let mut positions = Vec::with_capacity(template.fields.len());
        let mut first = true;
        while !rest.is_empty() {
            positions.clear();
            let Some(length) = template.layout.fields(rest, 0, &mut positions) else { break };
            if !std::mem::take(&mut first) {
                self.text(b",");
            }
            if self.writes || template.has_lists() {
                self.record(&template.fields, &positions, rest, depth);
            }
            rest = rest.get(length as usize..).unwrap_or(&[]);
        }
        (rest, false)
    }

    fn record(&mut self, fields: &[SubField], positions: &[(u32, u32)], octets: &[u8], depth: u8) {
        self.text(b"{");
        let mut first = true;
        for (field, (start, length)) in fields.iter().zip(positions) {
            let Some(name) = &field.name else { continue };
            if !std::mem::take(&mut first) {
                self.text(b",");
            }
            self.string(name);
            self.text(b":");
            self.value(field.how, octets.get(*start as usize..(*start + *length) as usize).unwrap_or(&[]), depth);
        }
        self.text(b"}");
    }

    /// Writes what is left over, and the end of the object.
    fn end(&mut self, form: ListForm, left: &[u8], told: bool) {
        if !left.is_empty() {
            self.text(b",\"undecoded\":");
            self.hex(left);
            if !told {
                (self.fault)(ListFault::Cut { form, left: left.len() });
            }
        }
        self.text(b"}");
    }

    fn semantic(&mut self, semantic: u8) {
        match values::structured_data_semantics(semantic) {
            Some(name) => {
                self.text(b"{\"semantic\":");
                self.string(name);
            }
            None => {
                (self.fault)(ListFault::Semantic(semantic));
                self.number(b"{\"semantic\":", u16::from(semantic));
            }
        }
    }

    fn value(&mut self, how: Convert, cell: &[u8], depth: u8) {
        if let Convert::List(form) = how {
            return if cell.is_empty() { self.text(b"null") } else { self.list(form, cell, depth) };
        }
        if self.writes {
            self.plain_value(how, cell);
        }
    }

    fn plain_value(&mut self, how: Convert, cell: &[u8]) {
        // Writing to memory does not fail.
        let _ = match how {
            Convert::Text => {
                let mut text = Vec::with_capacity(cell.len());
                convert::text(cell, &mut text);
                self.string(&String::from_utf8_lossy(&text));
                Ok(())
            }
            Convert::Unsigned | Convert::Dscp => self.shown(convert::unsigned(cell)),
            Convert::Signed => self.shown(convert::signed(cell)),
            Convert::Bool => self.shown(convert::boolean(cell)),
            Convert::Float => match convert::float(cell) {
                Some(f) if f.is_finite() => write!(self.out, "{f:?}"),
                Some(f) => write!(self.out, "\"{f:?}\""),
                None => self.shown(None::<u8>),
            },
            Convert::Ipv4 => self.quoted(<[u8; 4]>::try_from(cell).ok().map(Ipv4Addr::from)),
            Convert::Ipv6 => self.quoted(<[u8; 16]>::try_from(cell).ok().map(Ipv6Addr::from)),
            Convert::Mac => match cell {
                [a, b, c, d, e, f] => write!(self.out, "\"{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{f:02x}\""),
                _ => self.shown(None::<u8>),
            },
            Convert::Time(form) => match convert::time(form, cell, self.context) {
                Some(nanos) => {
                    self.out.push(b'"');
                    IsoWriter::default().write(self.out, Timestamp::from_nanos(nanos).nanos());
                    self.out.push(b'"');
                    Ok(())
                }
                None => self.shown(None::<u8>),
            },
            Convert::Octets | Convert::List(_) => {
                self.hex(cell);
                Ok(())
            }
        };
    }

    fn shown(&mut self, value: Option<impl std::fmt::Display>) -> std::io::Result<()> {
        match value {
            Some(value) => write!(self.out, "{value}"),
            None => self.out.write_all(b"null"),
        }
    }

    fn quoted(&mut self, value: Option<impl std::fmt::Display>) -> std::io::Result<()> {
        match value {
            Some(value) => write!(self.out, "\"{value}\""),
            None => self.out.write_all(b"null"),
        }
    }

    fn text(&mut self, text: &[u8]) {
        if self.writes {
            self.out.extend_from_slice(text);
        }
    }

    fn number(&mut self, label: &[u8], value: u16) {
        self.text(label);
        self.text(itoa::Buffer::new().format(value).as_bytes());
    }

    fn hex(&mut self, octets: &[u8]) {
        const HEX: &[u8; 16] = b"0123456789abcdef";
        self.text(b"\"");
        if self.writes {
            self.out.extend(octets.iter().flat_map(|o| [HEX[usize::from(o >> 4)], HEX[usize::from(o & 15)]]));
        }
        self.text(b"\"");
    }

    /// A JSON string: quotes, backslashes and control characters escaped (RFC 8259 §7).
    fn string(&mut self, text: &str) {
        if !self.writes {
            return;
        }
        self.out.push(b'"');
        for octet in text.bytes() {
            match octet {
                b'"' | b'\\' => self.out.extend_from_slice(&[b'\\', octet]),
                0..0x20 => {
                    let _ = write!(self.out, "\\u{octet:04x}");
                }
                _ => self.out.push(octet),
            }
        }
        self.out.push(b'"');
    }
}

/// The next value of a basicList and what is behind it; `None` at the end, or where the next one is not whole.
fn one_value(specifier: FieldSpecifier, rest: &[u8]) -> Option<(&[u8], &[u8])> {
    let (prefix, length) = if specifier.is_variable() { variable_length(rest)? } else { (0, usize::from(specifier.length)) };
    if prefix + length == 0 {
        return None;
    }
    let behind = rest.get(prefix..)?;
    Some((behind.get(..length)?, behind.get(length..)?))
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::*;
    use crate::datagram::{Endpoint, Origin};
    use crate::message::Version;

    fn context() -> Context {
        Context {
            received: None,
            exporter: Endpoint { addr: IpAddr::from([192, 0, 2, 9]), port: 1 },
            domain: Some(0),
            version: Version::Ipfix,
            template_id: Some(256),
            export_time: Timestamp::from_seconds(0),
            clock: None,
            boot: None,
            origin: Origin { file: 0, frame: 1 },
            source: 0,
            layout: 0,
        }
    }

    /// Template 257: sourceTransportPort and interfaceName; 258: one of each list.
    fn known(depth: u8) -> ListTemplates {
        let mut known = ListTemplates::none(Version::Ipfix, Arc::default(), depth);
        let lists = [(291, 65_535), (292, 65_535), (293, 65_535)];
        for (id, fields) in [(257, &[(7, 2), (82, 65_535)][..]), (258, &lists)] {
            let fields: Vec<FieldSpecifier> = fields.iter().map(|(id, length)| FieldSpecifier::element(0, *id, *length)).collect();
            known.templates.insert(id, Arc::new(SubTemplate::compile(Version::Ipfix, &fields, &known.elements).unwrap()));
        }
        known
    }

    /// The text of a list, and its faults; both ways to read it have to find the same.
    fn read(form: ListForm, octets: &[u8], depth: u8) -> (String, Vec<ListFault>) {
        let (known, context, mut out, mut faults, mut while_writing) = (known(depth), context(), Vec::new(), Vec::new(), Vec::new());
        check_list(form, octets, &known, &context, &mut { &known }, &mut |f| faults.push(f));
        let mut reader = Reader {
            known: &known,
            context: &context,
            find: &mut { &known },
            fault: &mut |f| while_writing.push(f),
            out: &mut out,
            writes: true,
        };
        reader.list(form, octets, depth);
        assert_eq!(faults, while_writing);
        let text = String::from_utf8(out).unwrap();
        serde_json::from_str::<serde_json::Value>(&text).unwrap();
        (text, faults)
    }

    #[test]
    fn the_example_of_rfc_6313() {
        // RFC 6313 §5.1: a basicList of two egressInterface (14), 4 octets each, semantic exactlyOneOf.
        let octets = [1, 0, 14, 0, 4, 0, 0, 0, 1, 0, 0, 0, 8];
        let text = r#"{"semantic":"exactlyOneOf","element":"egressInterface","basicList":[1,8]}"#;
        assert_eq!(read(ListForm::Basic, &octets, 8), (text.to_owned(), vec![]));
    }

    #[test]
    fn lists_in_lists_up_to_the_bound() {
        // A subTemplateList of template 258, whose record has a basicList of two names, no subTemplateList, and an empty third list.
        let octets = [3, 1, 2, 9, 0, 0, 82, 255, 255, 1, b'a', 1, b'"', 0, 1, 255];
        let text = r#"{"semantic":"allOf","template":258,"subTemplateList":[{"basicList":{"semantic":"noneOf","element":"interfaceName","basicList":["a","\""]},"subTemplateList":null,"subTemplateMultiList":{"semantic":"undefined","subTemplateMultiList":[]}}]}"#;
        assert_eq!(read(ListForm::SubTemplate, &octets, 2), (text.to_owned(), vec![]));
        let flat = r#"{"semantic":"allOf","template":258,"subTemplateList":[{"basicList":"000052ffff01610122","subTemplateList":null,"subTemplateMultiList":"ff"}]}"#;
        assert_eq!(read(ListForm::SubTemplate, &octets, 1), (flat.to_owned(), vec![ListFault::Depth, ListFault::Depth]));
    }

    #[test]
    fn lists_that_lie_give_what_is_whole() {
        let cut = |form, left| vec![ListFault::Cut { form, left }];
        // The second name is longer than the list.
        let (text, faults) = read(ListForm::Basic, &[255, 0, 82, 255, 255, 1, b'a', 9, b'b'], 8);
        assert_eq!(text, r#"{"semantic":"undefined","element":"interfaceName","basicList":["a"],"undecoded":"0962"}"#);
        assert_eq!(faults, cut(ListForm::Basic, 2));
        // Values of no octets would never end.
        assert_eq!(read(ListForm::Basic, &[255, 0, 82, 0, 0, 7], 8).1, cut(ListForm::Basic, 1));
        // Half a record.
        let (text, faults) = read(ListForm::SubTemplate, &[3, 1, 1, 0, 80, 1, b'x', 1], 8);
        let record = r#"[{"sourceTransportPort":80,"interfaceName":"x"}]"#;
        assert_eq!(text, format!(r#"{{"semantic":"allOf","template":257,"subTemplateList":{record},"undecoded":"01"}}"#));
        assert_eq!(faults, cut(ListForm::SubTemplate, 1));
        // A length beyond the list, and one below its own four octets.
        for length in [200, 3] {
            let (text, faults) = read(ListForm::SubTemplateMulti, &[4, 1, 1, 0, length, 0, 80, 0], 8);
            assert_eq!(text, format!(r#"{{"semantic":"ordered","subTemplateMultiList":[],"undecoded":"010100{length:02x}005000"}}"#));
            assert_eq!(faults, cut(ListForm::SubTemplateMulti, 7));
        }
        // Not even a header.
        let header = |form, had| vec![ListFault::Header { form, had }];
        assert_eq!(read(ListForm::Basic, &[3, 0, 82], 8), ("\"030052\"".to_owned(), header(ListForm::Basic, 3)));
        assert_eq!(read(ListForm::SubTemplate, &[3, 1], 8), ("\"0301\"".to_owned(), header(ListForm::SubTemplate, 2)));
    }

    #[test]
    fn unknown_templates_and_semantics() {
        let (text, faults) = read(ListForm::SubTemplate, &[9, 2, 0, 0xab], 8);
        assert_eq!(text, r#"{"semantic":9,"template":512,"subTemplateList":[],"undecoded":"ab"}"#);
        assert_eq!(faults, [ListFault::Semantic(9), ListFault::Template { form: ListForm::SubTemplate, id: 512 }]);
        // Without records the template is not needed.
        assert_eq!(read(ListForm::SubTemplate, &[0, 2, 0], 8).1, []);
    }

    #[test]
    fn no_octets_are_no_list() {
        let mut out = Vec::new();
        assert!(!write_list(ListForm::Basic, &[], &known(8), &context(), &mut out));
        assert!(out.is_empty());
    }
}
