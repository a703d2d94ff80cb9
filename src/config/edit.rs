//! A configuration file's text with a flow source put in or taken out: everything else stays as it was written, comments too.

use std::collections::HashMap;
use std::path::Path;

use thiserror::Error;
use toml_edit::{Array, ArrayOfTables, DocumentMut, InlineTable, Item, Table, TableLike, Value};

use super::fault::ConfigFaults;
use super::raw::name_fault;
use super::resolve::read;
use super::source::Config;
use super::{DEFAULT_PORT, DEFAULT_SOURCE};

/// A flow source to put in: what is `None` or empty is left to its default, or to the source that it is built from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// Its name.
    pub name: String,
    /// The flow source that it is built from.
    pub from: Option<String>,
    /// The collector that its flows are meant for.
    pub target_collector: Option<String>,
    /// The versions that it takes, by their names; `netflow` for all.
    pub types: Vec<String>,
    /// Whether traffic and its answers may pass different exporters.
    pub asymmetric: Option<bool>,
    /// Where it listens.
    pub monitoring_interface: Option<String>,
    /// Its captures.
    pub source_file_path: Option<String>,
    /// Its port.
    pub monitoring_port: Option<u16>,
    /// Where it forwards to; forwarding is enabled if there is one.
    pub forward_to: Vec<String>,
    /// The port of destinations that name none.
    pub forward_port: Option<u16>,
    /// Whether the exporter's address is kept.
    pub forward_spoof: bool,
    /// Exporters that are listened to.
    pub allow: Vec<String>,
    /// Where datagrams are kept.
    pub record: Option<String>,
    /// Where flows are written.
    pub export: Option<String>,
}

/// A changed file.
#[derive(Clone, Debug)]
pub struct Edited {
    /// Its text.
    pub text: String,
    /// What it says now.
    pub config: Config,
}

/// Why a file can't be changed as asked.
#[derive(Debug, Error)]
pub enum EditError {
    /// The file has faults.
    #[error("{0}")]
    Faults(ConfigFaults),
    /// What was asked for makes no sense.
    #[error("{0}")]
    Refused(String),
}

/// Puts a flow source in, behind the others. Its port is written down even if it was not asked for, so that it stays what it is when another
/// source is removed. The source that there is without configuration would vanish with the first one that is written down, so it is written
/// down before it; but not where the new one takes its port.
///
/// # Errors
/// The file has faults, or would have.
pub fn add(text: &str, file: &str, folder: &Path, change: &Change) -> Result<Edited, EditError> {
    let refused = |why| Err(EditError::Refused(why));
    let before = read(text, file, folder).map_err(EditError::Faults)?;
    if let Some(fault) = name_fault(&change.name) {
        return refused(fault);
    }
    let mut document = parsed(text)?;
    // In a file without a table, comments stand at its end for the library; here they are its head.
    let mut head = String::new();
    if document.as_table().is_empty() {
        head = document.trailing().as_str().unwrap_or_default().to_owned();
        document.set_trailing("");
    }
    let is_empty = tables(&mut document)?.is_empty();
    if is_empty && change.name != DEFAULT_SOURCE && change.monitoring_port != Some(DEFAULT_PORT) {
        let mut default = Table::new();
        default.insert("name", DEFAULT_SOURCE.into());
        push(tables(&mut document)?, default, before_table(&mut head, text));
    } else if !is_empty && before.source(&change.name).is_some() {
        return refused(format!("there is a flow source '{}' already; `sources show {0}` shows it", change.name));
    }
    let written = document.to_string();
    push(tables(&mut document)?, new_table(change), before_table(&mut head, &written));
    let after = read_back(&document.to_string(), file, folder)?;
    if change.monitoring_port.is_none()
        && let Some(port) = after.source(&change.name).map(|s| *s.monitoring_port)
        && let Some(table) = tables(&mut document)?.iter_mut().last()
    {
        table.insert("monitoring_port", i64::from(port).into());
    }
    let text = document.to_string();
    Ok(Edited { config: read_back(&text, file, folder)?, text })
}

/// Takes a flow source out. Sources that are built from it make that an error, unless `hand_down`: then its values are written down with
/// each of them. The ports of all others stay what they are.
///
/// # Errors
/// The file has faults, or no such source, or others are built from it.
pub fn remove(text: &str, file: &str, folder: &Path, name: &str, hand_down: bool) -> Result<Edited, EditError> {
    let before = read(text, file, folder).map_err(EditError::Faults)?;
    let mut document = parsed(text)?;
    let tables = tables(&mut document)?;
    let at = tables.iter().position(|t| t.get("name").and_then(Item::as_str) == Some(name));
    let Some((at, gone)) = at.and_then(|at| Some((at, tables.get(at)?.clone()))) else {
        return Err(EditError::Refused(match name {
            DEFAULT_SOURCE => format!("'{DEFAULT_SOURCE}' is there without being configured, so there is nothing to remove"),
            _ => before.no_source(name),
        }));
    };
    let built: Vec<&str> = before.sources.iter().filter(|s| s.from.as_deref() == Some(name)).map(|s| s.name.as_str()).collect();
    if !built.is_empty() && !hand_down {
        let (list, are) = (built.join(", "), if built.len() == 1 { "is" } else { "are" });
        let why = format!("{list} {are} built from '{name}': remove {list} first, or say --hand-down to write its values down there");
        return Err(EditError::Refused(why));
    }
    for table in tables.iter_mut().filter(|t| t.get("from").and_then(Item::as_str) == Some(name)) {
        inherit(table, &gone);
    }
    tables.remove(at);
    keep_comments(&mut document, &gone);
    let after = read_back(&document.to_string(), file, folder)?;
    let moved: HashMap<&str, u16> = before
        .sources
        .iter()
        .filter(|s| after.source(&s.name).is_some_and(|now| *now.monitoring_port != *s.monitoring_port))
        .map(|s| (s.name.as_str(), *s.monitoring_port))
        .collect();
    for table in self::tables(&mut document)?.iter_mut() {
        if let Some(port) = table.get("name").and_then(Item::as_str).and_then(|name| moved.get(name)) {
            table.insert("monitoring_port", i64::from(*port).into());
        }
    }
    if self::tables(&mut document)?.is_empty() {
        document.remove("source");
    }
    let text = document.to_string();
    Ok(Edited { config: read_back(&text, file, folder)?, text })
}

fn parsed(text: &str) -> Result<DocumentMut, EditError> {
    text.parse().map_err(|e: toml_edit::TomlError| EditError::Refused(e.message().to_owned()))
}

/// The text that is to be written, read again: it must never be worse than what was there.
fn read_back(text: &str, file: &str, folder: &Path) -> Result<Config, EditError> {
    read(text, file, folder).map_err(|faults| {
        let what: Vec<&str> = faults.0.iter().map(|f| f.message.as_str()).collect();
        EditError::Refused(what.join("\n"))
    })
}

fn tables(document: &mut DocumentMut) -> Result<&mut ArrayOfTables, EditError> {
    let item = document.entry("source").or_insert(Item::ArrayOfTables(ArrayOfTables::new()));
    item.as_array_of_tables_mut().ok_or_else(|| {
        EditError::Refused(
            "the flow sources stand in a list in braces here; write each as a [[source]] table, so that one can be added".to_owned(),
        )
    })
}

fn push(tables: &mut ArrayOfTables, mut table: Table, prefix: String) {
    table.decor_mut().set_prefix(prefix);
    tables.push(table);
}

/// What stands before a new table: the file's head where there is one, and an empty line unless it is the first thing in the file.
fn before_table(head: &mut String, written: &str) -> String {
    let head = std::mem::take(head);
    if head.trim().is_empty() {
        return if written.trim().is_empty() { String::new() } else { "\n".to_owned() };
    }
    format!("{}\n\n", head.trim_end())
}

fn new_table(change: &Change) -> Table {
    let mut table = Table::new();
    let mut put = |key: &str, value: Option<Value>| {
        if let Some(value) = value {
            table.insert(key, Item::Value(value));
        }
    };
    let list = |texts: &[String]| (!texts.is_empty()).then(|| Value::Array(texts.iter().map(String::as_str).collect::<Array>()));
    let text = |text: &Option<String>| text.as_deref().map(Value::from);
    put("name", Some(change.name.as_str().into()));
    put("from", text(&change.from));
    put("target_collector", text(&change.target_collector));
    let one = change.types.first().filter(|t| change.types.len() == 1 && t.eq_ignore_ascii_case("netflow"));
    put("type", one.map(|t| t.as_str().into()).or_else(|| list(&change.types)));
    put("asymmetric", change.asymmetric.map(Value::from));
    put("monitoring_interface", text(&change.monitoring_interface));
    put("source_file_path", text(&change.source_file_path));
    put("monitoring_port", change.monitoring_port.map(|p| i64::from(p).into()));
    let mut forwarding = InlineTable::new();
    if !change.forward_to.is_empty() {
        forwarding.insert("enabled", true.into());
    }
    if let Some(port) = change.forward_port {
        forwarding.insert("port", i64::from(port).into());
    }
    if let Some(to) = list(&change.forward_to) {
        forwarding.insert("destinations", to);
    }
    if change.forward_spoof {
        forwarding.insert("spoof", true.into());
    }
    put("forwarding", (!forwarding.is_empty()).then_some(Value::InlineTable(forwarding)));
    put("allow", list(&change.allow));
    put("record", text(&change.record));
    put("export", text(&change.export));
    table
}

/// Writes down what a source takes over from the one that goes.
fn inherit(table: &mut Table, gone: &Table) {
    match gone.get("from") {
        Some(from) => {
            table.insert("from", from.clone());
        }
        None => {
            table.remove("from");
        }
    }
    for (key, item) in gone.iter().filter(|(key, _)| !["name", "from", "monitoring_port"].contains(key)) {
        if table.get(key).is_none() {
            table.insert(key, item.clone());
        } else if let (Some(own), Some(theirs), "forwarding") =
            (table.get_mut(key).and_then(Item::as_table_like_mut), item.as_table_like(), key)
        {
            merge(own, theirs);
        }
    }
}

fn merge(own: &mut dyn TableLike, theirs: &dyn TableLike) {
    for (key, item) in theirs.iter() {
        if own.get(key).is_none() {
            own.insert(key, item.clone());
        }
    }
}

/// Comments above a table that an empty line sets apart from it are not its own: they go to what follows.
fn keep_comments(document: &mut DocumentMut, gone: &Table) {
    let prefix = gone.decor().prefix().and_then(|p| p.as_str()).unwrap_or_default();
    let Some((kept, _)) = prefix.rsplit_once("\n\n").filter(|(kept, _)| kept.contains('#')) else { return };
    let kept = format!("{kept}\n");
    let position = gone.position();
    let lists = document.iter_mut().filter_map(|(_, item)| item.as_array_of_tables_mut());
    let following = lists.flat_map(ArrayOfTables::iter_mut).filter(|t| t.position() > position).min_by_key(|t| t.position());
    match following {
        Some(table) => {
            let own = table.decor().prefix().and_then(|p| p.as_str()).unwrap_or_default().to_owned();
            let between = if own.starts_with('\n') { "" } else { "\n" };
            table.decor_mut().set_prefix(format!("{kept}{between}{own}"));
        }
        None => {
            let trailing = document.trailing().as_str().unwrap_or_default().to_owned();
            document.set_trailing(format!("{kept}{trailing}"));
        }
    }
}
