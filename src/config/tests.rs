//! Configurations, right and wrong.

use std::path::Path;

use super::*;
use crate::message::Version;

fn good(text: &str) -> Config {
    read(text, "c.toml", Path::new("/etc/x")).unwrap()
}

/// The faults of a text, without the file's name.
fn faults(text: &str) -> Vec<String> {
    let faults = read(text, "c.toml", Path::new("/etc/x")).unwrap_err();
    faults.0.iter().map(|f| f.to_string().strip_prefix("c.toml:").unwrap().to_owned()).collect()
}

#[test]
fn without_a_file_there_is_default_netflow() {
    for config in [Config::default(), good(""), good("[[collector]]\nname = \"c\"\n")] {
        assert_eq!(config.sources.len(), 1);
        let source = config.source("default_Netflow").unwrap();
        assert_eq!((*source.monitoring_port, *source.asymmetric, source.types.names()), (2055, false, vec!["netflow"]));
        assert_eq!((*source.forwarding.enabled, *source.forwarding.port), (false, 1025));
        assert_eq!(
            (&source.monitoring_interface.value, source.monitoring_interface.from.to_string()),
            (&Interface::Any, "default".to_owned())
        );
        assert!(config.destinations(source).is_empty());
    }
}

#[test]
fn the_example_of_the_page_is_read() {
    let page = include_str!("mod.rs");
    let example: String = page
        .lines()
        .skip_while(|l| *l != "//! ```toml")
        .skip(1)
        .take_while(|l| *l != "//! ```")
        .map(|l| format!("{}\n", l.trim_start_matches("//!").trim_start()))
        .collect();
    let config = good(&example);
    let edge = config.source("edge").unwrap();
    assert_eq!((*edge.monitoring_port, edge.monitoring_port.from.to_string()), (9995, "own".to_owned()));
    assert_eq!(edge.source_file_path.as_deref(), Some(Path::new("/etc/x/captures/")));
    assert_eq!(edge.source_file_path.from.to_string(), "from default_Netflow");
    let to: Vec<String> = config.destinations(edge).iter().map(|(h, p)| format!("{h} {p}")).collect();
    assert_eq!(to, ["192.0.2.51 1025", "collector.example 9995"]);
    assert_eq!(config.target(edge).map(|c| c.profile.as_str()), Some("qradar"));
    let record = edge.record.as_ref().unwrap();
    assert_eq!(
        (record.directory.to_str().unwrap(), record.rotate.to_string(), record.compression),
        ("/etc/x/record", "1h".to_owned(), Compression::Zstd)
    );
    assert_eq!(edge.export.as_ref().map(|e| (e.format, e.rotate.to_string())), Some((ExportFormat::Parquet, "5m,aligned".to_owned())));
    assert_eq!(edge.allow.iter().map(ToString::to_string).collect::<Vec<_>>(), ["192.0.2.0/24", "2001:db8::1/128"]);
}

#[test]
fn values_come_along_a_chain() {
    let config = good(
        "[[source]]\nname='a'\ntype=['v9','v5']\nasymmetric=true\nforwarding={enabled=true,destinations=['h1']}\n\
         [[source]]\nname='b'\nfrom='a'\ntype='netflow'\nforwarding.port=2000\n\
         [[source]]\nname='c'\nfrom='b'\nasymmetric=false\nforwarding.enabled=false\n\
         [[source]]\nname='d'\nfrom='default_Netflow'\n",
    );
    let [a, b, c, d] = &config.sources[..] else { panic!() };
    assert_eq!(a.types.names(), ["v5", "v9"]);
    assert!(a.types.takes(Version::V9) && !a.types.takes(Version::Ipfix));
    assert_eq!((b.types.names(), b.types.from.to_string()), (vec!["netflow"], "own".to_owned()));
    assert_eq!((*b.asymmetric, b.asymmetric.from.to_string()), (true, "from a".to_owned()));
    assert_eq!(config.destinations(b), [(Host::Name("h1".to_owned()), 2000)]);
    assert_eq!((*c.forwarding.enabled, *c.forwarding.port, c.forwarding.port.from.to_string()), (false, 2000, "from b".to_owned()));
    assert_eq!(c.forwarding.destinations.from.to_string(), "from a");
    assert_eq!((*d.asymmetric, d.types.from.to_string()), (false, "default".to_owned()));
    assert_eq!(config.sources.iter().map(|s| *s.monitoring_port).collect::<Vec<_>>(), [2055, 2056, 2057, 2058]);
}

#[test]
fn ports_count_up_past_those_that_others_ask_for() {
    let config = good(
        "[[source]]\nname='a'\n[[source]]\nname='b'\n[[source]]\nname='c'\nmonitoring_port=2056\n[[source]]\nname='d'\n\
         [[source]]\nname='e'\nmonitoring_port=9995\n[[source]]\nname='f'\n",
    );
    assert_eq!(config.sources.iter().map(|s| *s.monitoring_port).collect::<Vec<_>>(), [2055, 2057, 2056, 2058, 9995, 9996]);
    assert_eq!(
        faults("[[source]]\nname='a'\nmonitoring_port=65535\n[[source]]\nname='b'\n"),
        ["4:1: no port is left above the flow source before this one: expected a monitoring_port"]
    );
}

#[test]
fn every_fault_has_its_place() {
    let text = "\
colector = 1
[[source]]
name = \"a\"
monitorng_port = 9995
monitoring_port = \"9995\"
type = [\"v9\", \"sflow\", 5]
asymmetric = \"yes\"
allow = [\"10.0.0.1/8\", \"10.0.0.0/33\", \"192.0.2.1\"]
forwarding = { enabled = true, destinations = [\"192.0.2.300\", \"h:0\", \"[2001:db8::1\"] }
target_collector = \"q\"
[[source]]
name = \"a\"
[[source]]
from = \"x y\"
[[source]]
name = \"b c\"
record = { rotate = \"5 minutes\" }
monitoring_interface = \"a-name-that-is-too-long\"
[[collector]]
name = \"q1\"
profile = \"qrader\"
address = \"http://x\"
";
    let found = faults(text);
    let begin: Vec<&str> = found.iter().map(|f| f.split(": expected").next().unwrap()).collect();
    assert_eq!(
        begin,
        [
            "1:1: a configuration has no 'colector': did you mean 'collector'? expected source, collector",
            "4:1: a flow source has no 'monitorng_port': did you mean 'monitoring_port'? expected name, from, target_collector, type, \
             asymmetric, monitoring_interface, source_file_path, monitoring_port, forwarding, allow, record, export",
            "5:19: monitoring_port is a string here",
            "6:15: 'sflow' is no type of NetFlow",
            "6:24: type is an integer here",
            "7:14: asymmetric is a string here",
            "8:10: '10.0.0.1/8' has bits behind its prefix",
            "8:24: '10.0.0.0/33' is no network",
            "9:48: '192.0.2.300' is no destination",
            "9:63: 'h:0' is no destination",
            "9:70: '[2001:db8::1' is no destination",
            "10:20: no collector is called 'q': did you mean 'q1'? expected q1",
            "12:8: there is a flow source 'a' in line 3 already",
            "13:1: this flow source has no name",
            "14:8: no flow source is called 'x y'",
            "16:8: 'b c' is no name",
            "17:10: record names no directory",
            "17:21: '5 minutes' tells no rotation",
            "18:24: 'a-name-that-is-too-long' is no interface",
            "21:11: 'qrader' is no profile: did you mean 'qradar'? expected one of strm, akvorado, firepower, goflow2, kentik, \
             netflow-logic, nfdump, qradar, secure-workload, silk, solarwinds, or a file that ends in .toml",
            "22:11: 'http://x' is neither an address nor a host name",
        ],
        "{found:#?}"
    );
}

#[test]
fn circles_and_ports_taken_twice_are_refused() {
    assert_eq!(
        faults(
            "[[source]]\nname='a'\nfrom='b'\n[[source]]\nname='b'\nfrom='c'\n[[source]]\nname='c'\nfrom='a'\n[[source]]\nname='d'\nfrom='a'\n"
        ),
        ["3:6: flow sources are built from each other in a circle (a from b from c from a): expected a chain that ends"]
    );
    assert_eq!(
        faults("[[source]]\nname='a'\nfrom='a'\n"),
        ["3:6: flow sources are built from each other in a circle (a from a): expected a chain that ends"]
    );
    assert_eq!(
        faults("[[source]]\nname='a'\nmonitoring_port=2055\n[[source]]\nname='b'\nmonitoring_port=2055\n"),
        ["6:17: port 2055 is taken by the flow source of line 3: expected a port of its own"]
    );
    assert_eq!(
        faults("[[source]]\nname='a'\nforwarding={enabled=true}\n"),
        ["3:12: a: forwarding is enabled and leads nowhere: expected destinations = [\"…\"], or a target_collector with an address"]
    );
    assert_eq!(faults("[[source]]\nname='ä'\nallow=['ö']\n'fröm'='x'\n").iter().map(|f| &f[..3]).collect::<Vec<_>>(), ["3:8", "4:1"]);
}

#[test]
fn what_is_no_toml_is_told_by_its_place() {
    let found = faults("[[source]]\nname = \"a\nfrom = 3\n");
    assert!(found[0].starts_with("2:"), "{found:?}");
    assert!(faults("[[source]]\nname='a'\nname='b'\n")[0].starts_with("3:1: duplicate key"));
}

#[test]
fn a_source_forwards_to_its_collector() {
    let config = good(
        "[[collector]]\nname='q'\naddress='2001:db8::7'\n[[source]]\nname='a'\ntarget_collector='q'\nforwarding={enabled=true,port=2055}\n",
    );
    assert_eq!(config.destinations(&config.sources[0]), [(Host::Address("2001:db8::7".parse().unwrap()), 2055)]);
    assert_eq!(config.collectors[0].profile.value, "strm");
}

#[test]
fn destinations_as_people_write_them() {
    for (text, shown, port) in [
        ("192.0.2.1", "192.0.2.1", None),
        ("192.0.2.1:9995", "192.0.2.1:9995", Some(9995)),
        ("2001:db8::1", "2001:db8::1", None),
        ("[2001:db8::1]:2055", "[2001:db8::1]:2055", Some(2055)),
        ("[2001:db8::1]", "2001:db8::1", None),
        ("collector.example:1", "collector.example:1", Some(1)),
    ] {
        let found = destination(text).unwrap();
        assert_eq!((found.to_string().as_str(), found.port), (shown, port));
    }
    for text in ["", ":1", "h:", "h:65536", "h:x", "[192.0.2.1]:1", "[2001:db8::1]x", "-h", "a..b", "1.2.3", "10.0.0.1.5"] {
        assert!(destination(text).is_err(), "{text}");
    }
}

#[test]
fn rotations_as_people_write_them() {
    for (text, shown) in [
        ("5m", "5m"),
        ("90s", "90s"),
        ("120s", "2m"),
        ("100MB", "100MB"),
        ("1 gb, 1h", "1h,1GB"),
        ("5m,aligned", "5m,aligned"),
        ("aligned", "5m,aligned"),
        ("64MiB", "64MiB"),
    ] {
        assert_eq!(text.parse::<Rotation>().unwrap().to_string(), shown);
    }
    for text in ["", "5", "m", "0s", "5m,6m", "5 minutes", "1h,aligned,aligned", "99999999999999999999d"] {
        assert!(text.parse::<Rotation>().is_err(), "{text}");
    }
}

const FILE: &str = "\
# Flow sources of the campus.

# The core.
[[source]]
name = \"core\"   # Juniper
monitoring_port = 9000
asymmetric = true
forwarding = { enabled = true, destinations = [\"192.0.2.9\"] }

# Built from it.
[[source]]
name = \"edge\"
from = \"core\"
forwarding = { port = 7 } # another one

[[source]]
name = \"lab\"
# The end.
";

#[test]
fn a_source_is_added_behind_the_others() {
    let folder = Path::new("/etc/x");
    let change = Change {
        name: "branch".to_owned(),
        from: Some("edge".to_owned()),
        types: vec!["v9".to_owned(), "ipfix".to_owned()],
        asymmetric: Some(false),
        source_file_path: Some("caps/".to_owned()),
        forward_to: vec!["192.0.2.7".to_owned()],
        ..Change::default()
    };
    let edited = add(FILE, "c.toml", folder, &change).unwrap();
    let added = "
[[source]]
name = \"branch\"
from = \"edge\"
type = [\"v9\", \"ipfix\"]
asymmetric = false
source_file_path = \"caps/\"
forwarding = { enabled = true, destinations = [\"192.0.2.7\"] }
monitoring_port = 9003
";
    assert_eq!(edited.text, FILE.replace("# The end.\n", &format!("{added}# The end.\n")));
    assert_eq!(edited.config.destinations(&edited.config.sources[3]), [(Host::Address("192.0.2.7".parse().unwrap()), 7)]);
    let refused = |change: &Change| add(FILE, "c.toml", folder, change).unwrap_err().to_string();
    assert_eq!(
        refused(&Change { name: "lab".to_owned(), ..Change::default() }),
        "there is a flow source 'lab' already; `sources show lab` shows it"
    );
    assert_eq!(
        refused(&Change { name: "x".to_owned(), from: Some("cor".to_owned()), ..Change::default() }),
        "no flow source is called 'cor': did you mean 'core'? expected core, default_Netflow, edge, lab"
    );
    assert_eq!(
        refused(&Change { name: "x".to_owned(), monitoring_port: Some(9000), ..Change::default() }),
        "port 9000 is taken by the flow source of line 6: expected a port of its own"
    );
}

#[test]
fn the_first_source_added_leaves_default_netflow() {
    let edited = add("", "c.toml", Path::new(""), &Change { name: "edge".to_owned(), ..Change::default() }).unwrap();
    assert_eq!(edited.text, "[[source]]\nname = \"default_Netflow\"\n\n[[source]]\nname = \"edge\"\nmonitoring_port = 2056\n");
    let port = Change { name: "edge".to_owned(), monitoring_port: Some(2055), ..Change::default() };
    let instead = add("", "c.toml", Path::new(""), &port).unwrap();
    assert_eq!(instead.text, "[[source]]\nname = \"edge\"\nmonitoring_port = 2055\n");
    let own = add("# mine\n", "c.toml", Path::new(""), &Change { name: "default_Netflow".to_owned(), ..Change::default() }).unwrap();
    assert_eq!(own.text, "# mine\n\n[[source]]\nname = \"default_Netflow\"\nmonitoring_port = 2055\n");
    let both = add("# mine\n", "c.toml", Path::new(""), &Change { name: "edge".to_owned(), ..Change::default() }).unwrap();
    assert_eq!(both.text, "# mine\n\n[[source]]\nname = \"default_Netflow\"\n\n[[source]]\nname = \"edge\"\nmonitoring_port = 2056\n");
}

#[test]
fn a_source_is_removed_and_the_ports_stay() {
    let folder = Path::new("");
    let refused = |name| remove(FILE, "c.toml", folder, name, false).unwrap_err().to_string();
    assert_eq!(refused("core"), "edge is built from 'core': remove edge first, or say --hand-down to write its values down there");
    assert_eq!(refused("lap"), "no flow source is called 'lap' in c.toml; did you mean 'lab'? there are core, edge, lab");
    assert_eq!(refused("default_Netflow"), "'default_Netflow' is there without being configured, so there is nothing to remove");
    let edited = remove(FILE, "c.toml", folder, "core", true).unwrap();
    assert_eq!(
        edited.text,
        "\
# Flow sources of the campus.

# Built from it.
[[source]]
name = \"edge\"
forwarding = { port = 7 , enabled = true, destinations = [\"192.0.2.9\"] } # another one
asymmetric = true
monitoring_port = 9001

[[source]]
name = \"lab\"
monitoring_port = 9002
# The end.
"
    );
    assert_eq!(edited.config.sources.iter().map(|s| *s.monitoring_port).collect::<Vec<_>>(), [9001, 9002]);
    let last = remove("# mine\n[[source]]\nname='a'\n", "c.toml", folder, "a", false).unwrap();
    assert_eq!((last.text.as_str(), last.config.sources[0].name.as_str()), ("", "default_Netflow"));
}
