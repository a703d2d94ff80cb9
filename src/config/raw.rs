//! The tables of a configuration file as they stand there: each key with its place, read as what it is to be.

use std::borrow::Cow;
use std::ops::Range;
use std::path::PathBuf;

use ipnet::IpNet;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::address::{self, Destination, Host};
use super::fault::Faults;
use super::keep::{Compression, Export, ExportFormat, Record, Rotation};
use super::source::{Interface, Types};
use crate::plan::nearest;

/// What a `[[source]]` says; nothing where it says nothing, or something wrong.
#[derive(Default)]
pub(super) struct RawSource {
    /// Where the table stands.
    pub(super) at: Range<usize>,
    pub(super) name: Option<Spanned<String>>,
    /// What stands as its name is none; that was told.
    pub(super) misnamed: bool,
    pub(super) from: Option<Spanned<String>>,
    pub(super) target_collector: Option<Spanned<Option<String>>>,
    pub(super) types: Option<Types>,
    pub(super) asymmetric: Option<bool>,
    pub(super) monitoring_interface: Option<Interface>,
    pub(super) source_file_path: Option<Option<PathBuf>>,
    pub(super) monitoring_port: Option<Spanned<u16>>,
    /// Where `forwarding` stands.
    pub(super) forwarding: Option<Range<usize>>,
    pub(super) enabled: Option<bool>,
    pub(super) port: Option<u16>,
    pub(super) destinations: Option<Vec<Destination>>,
    pub(super) spoof: Option<bool>,
    pub(super) allow: Option<Vec<IpNet>>,
    pub(super) record: Option<Option<Record>>,
    pub(super) export: Option<Option<Export>>,
}

/// What a `[[collector]]` says.
#[derive(Default)]
pub(super) struct RawCollector {
    pub(super) at: Range<usize>,
    pub(super) name: Option<Spanned<String>>,
    /// What stands as its name is none; that was told.
    pub(super) misnamed: bool,
    pub(super) address: Option<Host>,
    pub(super) profile: Option<Spanned<String>>,
}

const FILE: [&str; 2] = ["source", "collector"];
const COLLECTOR: [&str; 3] = ["name", "address", "profile"];
const SOURCE: [&str; 12] = [
    "name",
    "from",
    "target_collector",
    "type",
    "asymmetric",
    "monitoring_interface",
    "source_file_path",
    "monitoring_port",
    "forwarding",
    "allow",
    "record",
    "export",
];
const FORWARDING: [&str; 4] = ["enabled", "port", "destinations", "spoof"];
const RECORD: [&str; 3] = ["directory", "rotate", "compression"];
const EXPORT: [&str; 3] = ["directory", "format", "rotate"];
const EXPECTED_TYPE: &str = "expected \"netflow\", or a list of \"v1\", \"v5\", \"v7\", \"v9\", \"ipfix\"";
/// Octets of an interface's name on Linux, without the zero behind it.
const LONGEST_DEVICE: usize = 15;

type Table<'t> = DeTable<'t>;
type Value<'t> = Spanned<DeValue<'t>>;

/// Reads the tables of a file; what is wrong with them goes to `faults`.
pub(super) fn tables(text: &str, faults: &mut Faults<'_>) -> (Vec<RawSource>, Vec<RawCollector>) {
    let (table, errors) = DeTable::parse_recoverable(text);
    if !errors.is_empty() {
        // What is no TOML has no tables to say more about.
        for error in errors {
            faults.note(error.span().unwrap_or_default(), tidy(error.message()));
        }
        return (Vec::new(), Vec::new());
    }
    let mut reader = Reader { faults };
    let table = table.get_ref();
    reader.known(table, "a configuration", &FILE);
    let sources = reader.each(table, "source").into_iter().map(|(at, t)| reader.source(at, t)).collect();
    let collectors = reader.each(table, "collector").into_iter().map(|(at, t)| reader.collector(at, t)).collect();
    (sources, collectors)
}

struct Reader<'f, 'a> {
    faults: &'f mut Faults<'a>,
}

impl Reader<'_, '_> {
    fn source(&mut self, at: Range<usize>, table: &Table<'_>) -> RawSource {
        self.known(table, "a flow source", &SOURCE);
        let mut raw = RawSource { at, ..RawSource::default() };
        raw.name = self.name(table, "name");
        raw.misnamed = raw.name.is_none() && table.contains_key("name");
        raw.from = self.text(table, "from");
        raw.target_collector = self.text(table, "target_collector").map(|t| Spanned::new(t.span(), none_if_empty(t.into_inner())));
        raw.types = table.get("type").and_then(|v| self.types(v));
        raw.asymmetric = self.boolean(table, "asymmetric");
        raw.monitoring_interface = self.text(table, "monitoring_interface").and_then(|t| self.interface(&t));
        raw.source_file_path = self.text(table, "source_file_path").map(|t| none_if_empty(t.into_inner()).map(PathBuf::from));
        raw.monitoring_port = self.port(table, "monitoring_port");
        raw.allow = table.get("allow").and_then(|v| self.list(v, "allow", address::exporters));
        if let Some(value) = table.get("forwarding") {
            self.forwarding(value, &mut raw);
        }
        raw.record = table.get("record").and_then(|v| self.record(v));
        raw.export = table.get("export").and_then(|v| self.export(v));
        raw
    }

    fn collector(&mut self, at: Range<usize>, table: &Table<'_>) -> RawCollector {
        self.known(table, "a collector", &COLLECTOR);
        let name = self.name(table, "name");
        let address = self.text(table, "address").and_then(|t| self.parsed(&t, address::host));
        let misnamed = name.is_none() && table.contains_key("name");
        RawCollector { at, name, misnamed, address, profile: self.text(table, "profile") }
    }

    fn forwarding(&mut self, value: &Value<'_>, raw: &mut RawSource) {
        let Some(table) = self.table(value, "forwarding", "expected a table such as { enabled = true, destinations = [\"192.0.2.1\"] }")
        else {
            return;
        };
        self.known(table, "forwarding", &FORWARDING);
        raw.forwarding = Some(value.span());
        raw.enabled = self.boolean(table, "enabled");
        raw.port = self.port(table, "port").map(Spanned::into_inner);
        raw.destinations = table.get("destinations").and_then(|v| self.list(v, "destinations", address::destination));
        raw.spoof = self.boolean(table, "spoof");
    }

    fn record(&mut self, value: &Value<'_>) -> Option<Option<Record>> {
        self.kept(value, "record", &RECORD, |reader, directory, table| {
            let compression =
                table.and_then(|t| reader.choice(t, "compression", &[("none", Compression::None), ("zstd", Compression::Zstd)]));
            let rotate = table.and_then(|t| reader.rotation(t));
            Record { directory, rotate: rotate.unwrap_or(Rotation::RECORD), compression: compression.unwrap_or_default() }
        })
    }

    fn export(&mut self, value: &Value<'_>) -> Option<Option<Export>> {
        self.kept(value, "export", &EXPORT, |reader, directory, table| {
            let format = table.and_then(|t| reader.choice(t, "format", &[("parquet", ExportFormat::Parquet), ("csv", ExportFormat::Csv)]));
            let rotate = table.and_then(|t| reader.rotation(t));
            Export { directory, format: format.unwrap_or_default(), rotate: rotate.unwrap_or(Rotation::EXPORT) }
        })
    }

    /// A directory, a table that has one, or `""` for nothing.
    fn kept<T>(
        &mut self,
        value: &Value<'_>,
        key: &str,
        keys: &[&str],
        make: impl FnOnce(&mut Self, PathBuf, Option<&Table<'_>>) -> T,
    ) -> Option<Option<T>> {
        match value.get_ref() {
            DeValue::String(text) if text.is_empty() => Some(None),
            DeValue::String(text) => Some(Some(make(self, PathBuf::from(&**text), None))),
            DeValue::Table(table) => {
                self.known(table, key, keys);
                let directory = self.text(table, "directory");
                let kept = make(self, PathBuf::from(directory.as_ref().map_or("", |d| d.get_ref())), Some(table));
                if directory.is_none_or(|d| d.get_ref().is_empty())
                    && !matches!(table.get("directory").map(Spanned::get_ref), Some(v) if !v.is_str())
                {
                    self.faults.note(value.span(), format!("{key} names no directory: expected directory = \"…\""));
                }
                Some(Some(kept))
            }
            other => {
                let expected = format!("expected a directory, or a table such as {{ directory = \"{key}\", rotate = \"5m\" }}");
                self.wrong_type(value, key, other, &expected);
                None
            }
        }
    }

    fn rotation(&mut self, table: &Table<'_>) -> Option<Rotation> {
        self.text(table, "rotate").and_then(|t| self.parsed(&t, str::parse))
    }

    fn choice<T: Copy>(&mut self, table: &Table<'_>, key: &str, choices: &[(&str, T)]) -> Option<T> {
        let text = self.text(table, key)?;
        let found = choices.iter().find(|(name, _)| name == text.get_ref()).map(|(_, value)| *value);
        if found.is_none() {
            let names = choices.iter().map(|(name, _)| format!("\"{name}\"")).collect::<Vec<_>>().join(" or ");
            self.faults.note(text.span(), format!("'{}' is no {key}: expected {names}", text.get_ref()));
        }
        found
    }

    fn types(&mut self, value: &Value<'_>) -> Option<Types> {
        let list = match value.get_ref() {
            DeValue::String(text) if text.eq_ignore_ascii_case("netflow") => return Some(Types::netflow()),
            DeValue::String(_) => std::slice::from_ref(value),
            DeValue::Array(list) if list.is_empty() => {
                self.faults.note(value.span(), format!("type is empty, so nothing would be taken: {EXPECTED_TYPE}"));
                return None;
            }
            DeValue::Array(list) => list,
            other => {
                self.wrong_type(value, "type", other, EXPECTED_TYPE);
                return None;
            }
        };
        let mut versions = Vec::new();
        let mut good = true;
        for item in list {
            let text = item.get_ref().as_str();
            let known = |text: &str| Types::NAMES.iter().find(|(name, _)| name.eq_ignore_ascii_case(text)).map(|(_, v)| *v);
            match text.map(|t| (t, known(t))) {
                Some((_, Some(version))) => versions.push(version),
                Some((t, None)) if t.eq_ignore_ascii_case("netflow") => versions.extend(Types::NAMES.map(|(_, v)| v)),
                Some((t, None)) => {
                    self.faults.note(item.span(), format!("'{t}' is no type of NetFlow: {EXPECTED_TYPE}"));
                    good = false;
                }
                None => {
                    self.wrong_type(item, "type", item.get_ref(), EXPECTED_TYPE);
                    good = false;
                }
            }
        }
        good.then(|| Types::only(versions))
    }

    fn interface(&mut self, text: &Spanned<String>) -> Option<Interface> {
        let name = text.get_ref();
        if name == "any" {
            return Some(Interface::Any);
        }
        let plain = |c: char| !c.is_whitespace() && c != '/' && !c.is_control();
        if name.is_empty() || name.len() > LONGEST_DEVICE || !name.chars().all(plain) {
            let message =
                format!("'{name}' is no interface: expected \"any\" or a device of at most {LONGEST_DEVICE} characters, such as \"eth1\"");
            self.faults.note(text.span(), message);
            return None;
        }
        Some(Interface::Device(name.clone()))
    }

    /// The tables of `[[key]]`.
    fn each<'t, 'v>(&mut self, table: &'v Table<'t>, key: &str) -> Vec<(Range<usize>, &'v Table<'t>)> {
        let Some(value) = table.get(key) else { return Vec::new() };
        let DeValue::Array(list) = value.get_ref() else {
            self.wrong_type(value, key, value.get_ref(), &format!("expected [[{key}]], with two brackets, for each of them"));
            return Vec::new();
        };
        let expected = format!("expected [[{key}]] tables");
        list.iter().filter_map(|item| self.table(item, key, &expected).map(|table| (item.span(), table))).collect()
    }

    fn table<'t, 'v>(&mut self, value: &'v Value<'t>, key: &str, expected: &str) -> Option<&'v Table<'t>> {
        let table = value.get_ref().as_table();
        if table.is_none() {
            self.wrong_type(value, key, value.get_ref(), expected);
        }
        table
    }

    /// A name of a flow source or a collector.
    fn name(&mut self, table: &Table<'_>, key: &str) -> Option<Spanned<String>> {
        let text = self.text(table, key)?;
        match name_fault(text.get_ref()) {
            Some(fault) => {
                self.faults.note(text.span(), fault);
                None
            }
            None => Some(text),
        }
    }

    fn text(&mut self, table: &Table<'_>, key: &str) -> Option<Spanned<String>> {
        let value = table.get(key)?;
        match value.get_ref() {
            DeValue::String(text) => Some(Spanned::new(value.span(), Cow::to_string(text))),
            other => {
                self.wrong_type(value, key, other, "expected a text in quotes");
                None
            }
        }
    }

    fn boolean(&mut self, table: &Table<'_>, key: &str) -> Option<bool> {
        let value = table.get(key)?;
        match value.get_ref() {
            DeValue::Boolean(flag) => Some(*flag),
            other => {
                self.wrong_type(value, key, other, "expected true or false, without quotes");
                None
            }
        }
    }

    fn port(&mut self, table: &Table<'_>, key: &str) -> Option<Spanned<u16>> {
        let value = table.get(key)?;
        let DeValue::Integer(number) = value.get_ref() else {
            self.wrong_type(value, key, value.get_ref(), "expected a number from 1 to 65535, without quotes");
            return None;
        };
        let port = u16::from_str_radix(number.as_str(), number.radix()).ok().filter(|port| *port != 0);
        if port.is_none() {
            self.faults.note(value.span(), format!("{} is no port: expected a number from 1 to 65535", number.as_str()));
        }
        port.map(|port| Spanned::new(value.span(), port))
    }

    fn list<T>(&mut self, value: &Value<'_>, key: &str, parse: impl Fn(&str) -> Result<T, String>) -> Option<Vec<T>> {
        let DeValue::Array(list) = value.get_ref() else {
            self.wrong_type(value, key, value.get_ref(), "expected a list of texts, such as [\"192.0.2.1\"]");
            return None;
        };
        let mut found = Vec::new();
        for item in list {
            match item.get_ref().as_str().map(&parse) {
                Some(Ok(parsed)) => found.push(parsed),
                Some(Err(why)) => self.faults.note(item.span(), why),
                None => self.wrong_type(item, key, item.get_ref(), "expected texts in quotes"),
            }
        }
        (found.len() == list.len()).then_some(found)
    }

    fn parsed<T>(&mut self, text: &Spanned<String>, parse: impl FnOnce(&str) -> Result<T, String>) -> Option<T> {
        parse(text.get_ref()).map_err(|why| self.faults.note(text.span(), why)).ok()
    }

    fn known(&mut self, table: &Table<'_>, what: &str, keys: &[&str]) {
        for key in table.keys().filter(|key| !keys.contains(&&**key.get_ref())) {
            let name = key.get_ref();
            let near = nearest(name, keys.iter().copied()).map(|n| format!("did you mean '{n}'? ")).unwrap_or_default();
            self.faults.note(key.span(), format!("{what} has no '{name}': {near}expected {}", keys.join(", ")));
        }
    }

    fn wrong_type(&mut self, at: &Value<'_>, key: &str, found: &DeValue<'_>, expected: &str) {
        self.faults.note(at.span(), format!("{key} is {} here: {expected}", with_article(found.type_str())));
    }
}

/// What is wrong with a name; it is typed in shells and stands in file names and labels.
pub(super) fn name_fault(name: &str) -> Option<String> {
    const LONGEST: usize = 64;
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.');
    let good = !name.is_empty() && name.chars().count() <= LONGEST && name.chars().all(plain) && !name.starts_with(['-', '.']);
    (!good).then(|| {
        format!("'{name}' is no name: expected at most {LONGEST} letters, digits, hyphens, underscores and dots, a letter or digit first")
    })
}

fn none_if_empty(text: String) -> Option<String> {
    Some(text).filter(|t| !t.is_empty())
}

fn with_article(kind: &str) -> String {
    let vowel = kind.starts_with(['a', 'e', 'i', 'o', 'u']);
    format!("{} {kind}", if vowel { "an" } else { "a" })
}

/// The library's message on one line.
fn tidy(message: &str) -> String {
    message.lines().map(str::trim).collect::<Vec<_>>().join(", ")
}
