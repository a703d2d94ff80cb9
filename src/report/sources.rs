//! Flow sources: a list, the values of one, or JSON, the schema `ipfix-inspect/sources/1` of the [module](super).

use std::fmt::Display;

use serde::Serialize;
use serde_json::{Value, json};

use crate::config::{Collector, Config, Destination, FlowSource, Host, Interface, Setting, WhereFrom};

use super::escape::escape;
use super::grid::{Grid, numbers, words};
use super::json::pretty;
use super::style::{Paint, Style};

/// A line for each flow source, and for each collector.
pub fn sources_text(config: &Config, style: &Style) -> String {
    let mut grid = Grid::new(vec![
        words("source", 0),
        numbers("port", 0),
        words("type", 1),
        words("from", 2),
        words("collector", 1),
        words("asymmetric", 5),
        words("interface", 4),
        words("files", 0),
        words("forwards to", 3),
        words("exporters", 3),
    ]);
    let plain = |text: String| (escape(&text).into_owned(), Paint::Plain);
    for source in &config.sources {
        let files = source.source_file_path.as_ref().map(|p| p.display().to_string());
        grid.row(vec![
            plain(source.name.clone()),
            plain(source.monitoring_port.to_string()),
            plain(source.types.to_string()),
            plain(source.from.clone().unwrap_or_default()),
            plain(source.target_collector.value.clone().unwrap_or_default()),
            plain(yes(*source.asymmetric).to_owned()),
            plain(source.monitoring_interface.to_string()),
            plain(files.unwrap_or_default()),
            plain(destinations(source, config).join(", ")),
            plain(listed(&source.allow)),
        ]);
    }
    let mut grid = grid.without("exporters", &[""]).without_empty();
    grid.fit(style.width);
    let mut out = grid.render(style);
    if !config.collectors.is_empty() {
        let mut grid = Grid::new(vec![words("collector", 0), words("address", 0), words("profile", 0)]);
        for collector in &config.collectors {
            let address = collector.address.as_ref().map(ToString::to_string).unwrap_or_default();
            grid.row(vec![plain(collector.name.clone()), plain(address), plain(collector.profile.value.clone())]);
        }
        let mut grid = grid.without_empty();
        grid.fit(style.width);
        out.push('\n');
        out.push_str(&grid.render(style));
    }
    let from = match &config.file {
        Some(file) => format!("Configured in {}.", escape(file)),
        None => "There is no configuration file: this flow source is there without one.".to_owned(),
    };
    format!("{out}\n{from} `ipfix-inspect sources show NAME` shows all values of one.\n")
}

/// Every value of a flow source, and where it comes from.
pub fn source_text(source: &FlowSource, config: &Config, style: &Style) -> String {
    let mut grid = Grid::new(vec![words("field", 0), words("value", 0), words("comes from", 0)]);
    for (key, value, from) in values(source, config) {
        let paint = if from == "own" { Paint::Plain } else { Paint::Aside };
        grid.row(vec![
            (key.to_owned(), Paint::Plain),
            (escape(if value.is_empty() { "-" } else { &value }).into_owned(), Paint::Plain),
            (escape(&from).into_owned(), paint),
        ]);
    }
    grid.fit(style.width);
    let file = config.file.as_ref().map(|f| format!(", in {}", escape(f))).unwrap_or_default();
    let heading = style.paint(Paint::Heading, &format!("Flow source {}{file}", escape(&source.name)));
    format!("{heading}\n{}", grid.render(style))
}

fn values(source: &FlowSource, config: &Config) -> Vec<(&'static str, String, String)> {
    let forwarding = &source.forwarding;
    let path = |p: &std::path::Path| p.display().to_string();
    let record =
        source.record.as_ref().map(|r| format!("{}, a new file every {}, compression {}", path(&r.directory), r.rotate, r.compression));
    let export = source.export.as_ref().map(|e| format!("{}, {}, a new file every {}", path(&e.directory), e.format, e.rotate));
    let target = config.target(source).map(|c| match &c.address {
        Some(address) => format!("{} ({address}, profile {})", c.name, *c.profile),
        None => format!("{} (profile {})", c.name, *c.profile),
    });
    let to = forwarding.destinations.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let all = |text: String| if text.is_empty() { "all exporters".to_owned() } else { text };
    vec![
        ("name", source.name.clone(), "own".to_owned()),
        ("from", source.from.clone().unwrap_or_default(), if source.from.is_some() { "own" } else { "default" }.to_owned()),
        ("target_collector", target.unwrap_or_default(), from(&source.target_collector)),
        ("type", source.types.to_string(), from(&source.types)),
        ("asymmetric", source.asymmetric.to_string(), from(&source.asymmetric)),
        ("monitoring_interface", source.monitoring_interface.to_string(), from(&source.monitoring_interface)),
        ("source_file_path", source.source_file_path.as_deref().map(path).unwrap_or_default(), from(&source.source_file_path)),
        ("monitoring_port", source.monitoring_port.to_string(), from(&source.monitoring_port)),
        ("forwarding.enabled", forwarding.enabled.to_string(), from(&forwarding.enabled)),
        ("forwarding.port", forwarding.port.to_string(), from(&forwarding.port)),
        ("forwarding.destinations", to, from(&forwarding.destinations)),
        ("forwarding.spoof", forwarding.spoof.to_string(), from(&forwarding.spoof)),
        ("allow", all(listed(&source.allow)), from(&source.allow)),
        ("record", record.unwrap_or_default(), from(&source.record)),
        ("export", export.unwrap_or_default(), from(&source.export)),
    ]
}

fn from<T>(setting: &Setting<T>) -> String {
    setting.from.to_string()
}

fn yes(flag: bool) -> &'static str {
    if flag { "yes" } else { "no" }
}

fn listed<T: Display>(list: &[T]) -> String {
    list.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

fn destinations(source: &FlowSource, config: &Config) -> Vec<String> {
    let shown = |(host, port): (Host, u16)| Destination { host, port: Some(port) }.to_string();
    config.destinations(source).into_iter().map(shown).collect()
}

#[derive(Serialize)]
struct List<'a> {
    schema: &'static str,
    file: Option<&'a str>,
    sources: Vec<Value>,
    collectors: Vec<Value>,
}

/// All flow sources and collectors as JSON.
pub fn sources_json(config: &Config) -> String {
    pretty(&List {
        schema: "ipfix-inspect/sources/1",
        file: config.file.as_deref(),
        sources: config.sources.iter().map(|s| source_value(s, config)).collect(),
        collectors: config.collectors.iter().map(collector_value).collect(),
    })
}

/// One flow source as JSON: the same schema with this source and its collector alone.
pub fn source_json(source: &FlowSource, config: &Config) -> String {
    pretty(&List {
        schema: "ipfix-inspect/sources/1",
        file: config.file.as_deref(),
        sources: vec![source_value(source, config)],
        collectors: config.target(source).into_iter().map(collector_value).collect(),
    })
}

fn collector_value(collector: &Collector) -> Value {
    json!({
        "name": collector.name,
        "address": collector.address.as_ref().map(ToString::to_string),
        "profile": *collector.profile,
    })
}

fn source_value(source: &FlowSource, config: &Config) -> Value {
    let forwarding = &source.forwarding;
    let texts = |list: &[String]| json!(list);
    let path = |p: &std::path::Path| p.display().to_string();
    let interface = match &source.monitoring_interface.value {
        Interface::Any => "any",
        Interface::Device(name) => name,
    };
    let record = source
        .record
        .as_ref()
        .map(|r| json!({ "directory": path(&r.directory), "rotate": r.rotate.to_string(), "compression": r.compression.to_string() }));
    let export = source
        .export
        .as_ref()
        .map(|e| json!({ "directory": path(&e.directory), "format": e.format.to_string(), "rotate": e.rotate.to_string() }));
    let to: Vec<String> = forwarding.destinations.iter().map(ToString::to_string).collect();
    let allow: Vec<String> = source.allow.iter().map(ToString::to_string).collect();
    json!({
        "name": source.name,
        "from": source.from,
        "target_collector": setting(json!(source.target_collector.value), &source.target_collector.from),
        "type": setting(json!(source.types.names()), &source.types.from),
        "asymmetric": setting(json!(*source.asymmetric), &source.asymmetric.from),
        "monitoring_interface": setting(json!(interface), &source.monitoring_interface.from),
        "source_file_path": setting(json!(source.source_file_path.as_deref().map(path)), &source.source_file_path.from),
        "monitoring_port": setting(json!(*source.monitoring_port), &source.monitoring_port.from),
        "forwarding": {
            "enabled": setting(json!(*forwarding.enabled), &forwarding.enabled.from),
            "port": setting(json!(*forwarding.port), &forwarding.port.from),
            "destinations": setting(texts(&to), &forwarding.destinations.from),
            "spoof": setting(json!(*forwarding.spoof), &forwarding.spoof.from),
            "leads_to": destinations(source, config),
        },
        "allow": setting(texts(&allow), &source.allow.from),
        "record": setting(json!(record), &source.record.from),
        "export": setting(json!(export), &source.export.from),
    })
}

fn setting(value: Value, from: &WhereFrom) -> Value {
    let source = if let WhereFrom::Source(name) = from { Some(name) } else { None };
    let kind = match from {
        WhereFrom::Own => "own",
        WhereFrom::Source(_) => "source",
        WhereFrom::Default => "default",
    };
    json!({ "value": value, "comes_from": kind, "source": source })
}
