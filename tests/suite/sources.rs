//! Flow sources: where the configuration is looked for, the commands that change it, and what `--source` means for what is read.

use std::fs;
use std::path::Path;
use std::process::Output;

use serde_json::Value;

use crate::support::{program, stderr, stdout, testdata};

/// A folder to run in, and a user's folder of configurations beside it.
struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        fs::create_dir(folder.path().join("here")).expect("a folder");
        Self { folder }
    }

    fn here(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join("here").join(name)
    }

    fn home(&self) -> std::path::PathBuf {
        self.folder.path().join("xdg/ipfix-inspect/config.toml")
    }

    fn run(&self, args: &[&str]) -> Output {
        let mut command = program(args);
        command.current_dir(self.here("")).env("XDG_CONFIG_HOME", self.folder.path().join("xdg")).env("HOME", self.folder.path());
        command.output().expect("the program starts")
    }

    /// Standard output of a run that ends well.
    fn good(&self, args: &[&str]) -> String {
        let output = self.run(args);
        assert_eq!(output.status.code(), Some(0), "{args:?}: {}", stderr(&output));
        stdout(&output)
    }

    /// Standard error of a run that ends with 2.
    fn refused(&self, args: &[&str]) -> String {
        let output = self.run(args);
        assert_eq!(output.status.code(), Some(2), "{args:?}: {}", stderr(&output));
        assert_eq!(stdout(&output), "", "{args:?}");
        stderr(&output)
    }

    fn write(&self, text: &str) {
        fs::write(self.here("ipfix-inspect.toml"), text).expect("a file");
    }
}

fn capture(name: &str) -> String {
    testdata(name).to_string_lossy().into_owned()
}

fn names(text: &str) -> Vec<String> {
    let list: Value = serde_json::from_str(text).expect("JSON");
    list["sources"].as_array().expect("a list").iter().map(|s| s["name"].as_str().expect("a name").to_owned()).collect()
}

#[test]
fn the_configuration_is_looked_for_in_three_places() {
    let place = Place::new();
    let list = |args: &[&str]| names(&place.good(&[&["sources", "--format", "json"], args].concat()));
    assert_eq!(list(&[]), ["default_Netflow"]);
    fs::create_dir_all(place.home().parent().expect("a folder")).expect("folders");
    fs::write(place.home(), "[[source]]\nname = 'home'\n").expect("a file");
    assert_eq!(list(&[]), ["home"]);
    place.write("[[source]]\nname = 'here'\n");
    assert_eq!(list(&[]), ["here"]);
    fs::write(place.here("other.toml"), "[[source]]\nname = 'other'\n").expect("a file");
    assert_eq!(list(&["--config", "other.toml"]), ["other"]);
    assert_eq!(
        place.refused(&["sources", "--config", "no.toml"]),
        "ipfix-inspect: --config no.toml: there is no such file; `sources add` makes one\n"
    );
    assert_eq!(
        place.refused(&["flows", "--config", "no.toml", "--source", "x"]),
        "ipfix-inspect: --config no.toml: there is no such file\n"
    );
    // Where files are named, nobody asks for it.
    place.write("[[source");
    place.good(&["flows", &capture("fprobe-v5.pcap"), "--limit", "1"]);
    assert!(place.refused(&["sources"]).starts_with("ipfix-inspect: ipfix-inspect.toml:1:"));
}

#[test]
fn faults_are_told_all_at_once_each_with_its_place() {
    let place = Place::new();
    place.write("[[source]]\nname = \"a\"\nmonitoring_prt = 9995\nfrom = \"a\"\n[[source]]\nname = \"b\"\ntype = [\"v8\"]\n");
    let expected = [
        "ipfix-inspect.toml:3:1: a flow source has no 'monitoring_prt': did you mean 'monitoring_port'? expected name, from, target_collector, \
         type, asymmetric, monitoring_interface, source_file_path, monitoring_port, forwarding, allow, record, export",
        "ipfix-inspect.toml:4:8: flow sources are built from each other in a circle (a from a): expected a chain that ends",
        "ipfix-inspect.toml:7:9: 'v8' is no type of NetFlow: expected \"netflow\", or a list of \"v1\", \"v5\", \"v7\", \"v9\", \"ipfix\"",
    ];
    assert_eq!(place.refused(&["sources", "check"]), format!("{}\nipfix-inspect: ipfix-inspect.toml: 3 faults\n", expected.join("\n")));
    assert_eq!(place.refused(&["flows", "--source", "b"]), format!("ipfix-inspect: {}\n", expected.join("\n")));
}

#[test]
fn sources_are_added_shown_checked_and_removed() {
    let place = Place::new();
    assert_eq!(
        place.good(&["sources", "check"]),
        format!("There is no configuration file; `ipfix-inspect sources add NAME` makes {}.\n", place.home().display())
    );
    place.write("# Ours.\n[[collector]]\nname = \"q\" # new\naddress = \"192.0.2.50\"\nprofile = \"qradar\"\n");
    let add = [
        "sources",
        "add",
        "core",
        "--collector",
        "q",
        "--file",
        "core/",
        "--asymmetric",
        "--forward-to",
        "192.0.2.9,h.example:9",
        "--type",
        "v9,ipfix",
    ];
    let output = place.run(&add);
    assert_eq!(
        (output.status.code(), stderr(&output)),
        (Some(0), "ipfix-inspect: added 'core', port 2056, to ipfix-inspect.toml\n".to_owned())
    );
    place.good(&["sources", "add", "edge", "--like", "core", "--port", "9995", "--allow", "192.0.2.0/24,2001:db8::1", "--interface", "lo"]);
    let text = fs::read_to_string(place.here("ipfix-inspect.toml")).expect("a file");
    assert_eq!(
        text,
        "# Ours.\n[[collector]]\nname = \"q\" # new\naddress = \"192.0.2.50\"\nprofile = \"qradar\"\n\n\
         [[source]]\nname = \"default_Netflow\"\n\n\
         [[source]]\nname = \"core\"\ntarget_collector = \"q\"\ntype = [\"v9\", \"ipfix\"]\nasymmetric = true\nsource_file_path = \"core/\"\n\
         forwarding = { enabled = true, destinations = [\"192.0.2.9\", \"h.example:9\"] }\nmonitoring_port = 2056\n\n\
         [[source]]\nname = \"edge\"\nfrom = \"core\"\nmonitoring_interface = \"lo\"\nmonitoring_port = 9995\n\
         allow = [\"192.0.2.0/24\", \"2001:db8::1\"]\n"
    );
    let shown = place.good(&["sources", "show", "edge"]);
    for line in [
        "Flow source edge, in ipfix-inspect.toml",
        "target_collector q (192.0.2.50, profile qradar) from core",
        "type v9, ipfix from core",
        "asymmetric true from core",
        "monitoring_interface lo own",
        "monitoring_port 9995 own",
        "forwarding.port 1025 default",
        "forwarding.destinations 192.0.2.9, h.example:9 from core",
        "allow 192.0.2.0/24, 2001:db8::1/128 own",
    ] {
        let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        assert!(shown.lines().any(|l| words(l) == words(line)), "{line}\n{shown}");
    }
    let list = place.good(&["sources"]);
    assert!(list.lines().any(|l| l.starts_with("edge ") && l.contains("192.0.2.9:1025, h.example:9")), "{list}");
    let checked = place.good(&["sources", "check"]);
    assert_eq!(
        checked,
        "ipfix-inspect.toml: 3 flow sources, 1 collector: no fault\ncore: the source_file_path core/ is not there\nedge: the source_file_path core/ is not \
         there\n"
    );
    let why = "ipfix-inspect: ipfix-inspect.toml stays as it is: edge is built from 'core': remove edge first, or say --hand-down to write its \
               values down there\n";
    assert_eq!(place.refused(&["sources", "remove", "core"]), why);
    assert_eq!(fs::read_to_string(place.here("ipfix-inspect.toml")).expect("a file"), text);
    place.good(&["sources", "remove", "core", "--hand-down", "-q"]);
    let shown: Value = serde_json::from_str(&place.good(&["sources", "show", "edge", "--format", "json"])).expect("JSON");
    assert_eq!(shown["schema"], "ipfix-inspect/sources/1");
    let edge = &shown["sources"][0];
    assert_eq!((&edge["from"], &edge["type"]["value"][1], &edge["type"]["comes_from"]), (&Value::Null, &"ipfix".into(), &"own".into()));
    assert_eq!(edge["forwarding"]["leads_to"], serde_json::json!(["192.0.2.9:1025", "h.example:9"]));
    assert_eq!(fs::read_to_string(place.here("ipfix-inspect.toml")).expect("a file").lines().next(), Some("# Ours."));
    // Nothing is left beside the file.
    assert_eq!(fs::read_dir(place.here("")).expect("the folder").count(), 1);
}

#[test]
fn a_wrong_addition_leaves_the_file_as_it_is() {
    let place = Place::new();
    place.write("[[source]]\nname = \"a\"\n");
    for (args, expected) in [
        (&["sources", "add", "a"][..], "there is a flow source 'a' already"),
        (&["sources", "add", "b", "--type", "v8"], "'v8' is no type of NetFlow"),
        (&["sources", "add", "b", "--port", "2055", "--like", "c"], "no flow source is called 'c'"),
        (&["sources", "add", "b", "--allow", "10.0.0.1/8"], "'10.0.0.1/8' has bits behind its prefix"),
        (&["sources", "add", "b", "--forward-to", "h:0"], "'h:0' is no destination"),
        (&["sources", "add", "b c"], "'b c' is no name"),
        (&["sources", "add", "b", "--port", "1,2"], "--port: a flow source has one port"),
        (&["sources", "remove", "xyz"], "no flow source is called 'xyz' in ipfix-inspect.toml; there are a"),
        (&["sources", "show", "xyz"], "no flow source is called 'xyz' in ipfix-inspect.toml; there are a"),
    ] {
        let why = place.refused(args);
        assert!(why.contains(expected), "{args:?}: {why}");
    }
    assert_eq!(fs::read_to_string(place.here("ipfix-inspect.toml")).expect("a file"), "[[source]]\nname = \"a\"\n");
    // A new file goes to the user's folder, and paths in it are from there on absolute.
    fs::remove_file(place.here("ipfix-inspect.toml")).expect("it was there");
    place.good(&["sources", "add", "a", "--file", "caps"]);
    let text = fs::read_to_string(place.home()).expect("a file");
    let path = place.here("caps").canonicalize().unwrap_or_else(|_| place.here("").canonicalize().expect("a folder").join("caps"));
    assert!(text.contains(&format!("source_file_path = \"{}\"", path.display())), "{text}");
}

/// Of the overview: flows, NDE datagrams, and what the sources did not let in.
fn overview(place: &Place, args: &[&str]) -> (u64, u64, Vec<(String, u64)>) {
    let value: Value = serde_json::from_str(&place.good(&[args, &["--format", "json"]].concat())).expect("JSON");
    let problems = value["problems"].as_array().expect("a list");
    let of_sources = |p: &&Value| p["code"] == "exporter-not-allowed" || p["code"] == "type-not-taken";
    let problems = problems
        .iter()
        .filter(of_sources)
        .map(|p| (p["code"].as_str().expect("a code").to_owned(), p["count"].as_u64().expect("a count")))
        .collect();
    (value["totals"]["flows"].as_u64().expect("a number"), value["totals"]["nde_datagrams"].as_u64().expect("a number"), problems)
}

#[test]
fn a_source_stands_in_place_of_files() {
    let place = Place::new();
    let folder = place.here("caps");
    fs::create_dir_all(folder.join("deep")).expect("folders");
    for (name, into) in [("softflowd-v9.pcap", "one.pcap"), ("fprobe-v5.pcap", "deep/two.pcap")] {
        fs::copy(testdata(name), folder.join(into)).expect("a copy");
    }
    place.write(
        "[[collector]]\nname = 'q'\nprofile = 'qradar'\n\
         [[source]]\nname = 'all'\nsource_file_path = 'caps'\ntarget_collector = 'q'\n\
         [[source]]\nname = 'nine'\nfrom = 'all'\nmonitoring_port = 2070\ntype = 'v9'\n\
         [[source]]\nname = 'few'\nfrom = 'all'\nallow = ['192.0.2.0/24']\nsource_file_path = 'caps/*.pcap'\n\
         [[source]]\nname = 'none'\nsource_file_path = ''\nfrom = 'all'\n",
    );
    // 536 flows in 20 datagrams of v9 and 327 in 12 of v5, all to port 2055: MANIFEST.tsv.
    assert_eq!(overview(&place, &["--source", "all"]), (863, 32, vec![]));
    let flows = place.good(&["flows", "--source", "all", "--format", "csv", "--columns", "bytes"]);
    assert_eq!(flows.lines().count(), 864);
    // The command line's ports win over the source's.
    let (flows, datagrams, problems) = overview(&place, &["--source", "nine", "--port", "2055"]);
    assert_eq!((flows, datagrams, problems), (536, 20, vec![("type-not-taken".to_owned(), 12)]));
    let (flows, _, problems) = overview(&place, &["--source", "few", "--port", "2055"]);
    assert_eq!((flows, problems), (0, vec![("exporter-not-allowed".to_owned(), 20)]));
    // Nothing went to the source's own port.
    let output = place.run(&["flows", "--source", "nine", "--format", "csv"]);
    assert_eq!(
        stderr(&output),
        "ipfix-inspect: nine: no datagram went to the monitoring_port (2070), and 32 datagrams of NDE to port 2055; --port 2055 reads them\n"
    );
    // Neither files nor a source: all of them, each file once.
    assert_eq!(overview(&place, &[]).0, 863);
    // The profile of the collector.
    let audit =
        |args: &[&str]| stdout(&place.run(&[&["audit", "--fail-on", "never"], args].concat())).lines().next().expect("a line").to_owned();
    let title = |name: &str| audit(&[&capture("softflowd-v9.pcap"), "--profile", name]);
    assert_eq!(audit(&["--source", "all"]), title("qradar"));
    assert_eq!(audit(&["--source", "all", "--profile", "silk"]), title("silk"));
    assert_eq!(audit(&[&capture("softflowd-v9.pcap")]), title("strm"));
    assert_ne!(title("qradar"), title("strm"));
    for command in ["templates", "options", "summary", "conversations"] {
        place.good(&[command, "--source", "all"]);
    }
    place.good(&["export", "--source", "all", "-o", "all.csv"]);
    assert_eq!(fs::read_to_string(place.here("all.csv")).expect("a file").lines().count(), 864);
}

/// A flow source with asymmetric flows pairs as `--asymmetric` does; in this capture, which is damaged, that makes a difference.
#[test]
fn the_asymmetric_setting_is_taken_over() {
    let place = Place::new();
    let file = capture("pmacct-v9-malformed-sets.pcap");
    place.write(&format!(
        "[[source]]\nname = 'no'\nsource_file_path = '{file}'\n[[source]]\nname = 'yes'\nfrom = 'no'\nasymmetric = true\n"
    ));
    let run = |args: &[&str]| place.good(&[&["conversations", "--port", "2055", "--format", "csv"], args].concat());
    assert!(run(&["--source", "no"]) == run(&[&file]));
    assert!(run(&["--source", "yes"]) == run(&[&file, "--asymmetric"]));
    assert!(run(&[&file]) != run(&[&file, "--asymmetric"]));
}

#[test]
fn mistakes_around_sources_are_told() {
    let place = Place::new();
    let file = capture("fprobe-v5.pcap");
    let begin = place.refused(&[]);
    assert!(
        begin.contains("no file given; `ipfix-inspect capture.pcap` shows")
            && begin.contains("`ipfix-inspect sources add NAME --file PATH`"),
        "{begin}"
    );
    assert_eq!(
        place.refused(&["flows", &file, "--source", "a"]),
        format!(
            "ipfix-inspect: {file} and --source a: a flow source brings its own captures (source_file_path), so name either files or flow sources\n"
        )
    );
    let none = "ipfix-inspect: --source default_Netflow: this flow source has no source_file_path, so there is nothing to read; `ipfix-inspect sources \
                add default_Netflow --file captures/` gives it one, or name a file\n";
    assert_eq!(place.refused(&["flows", "--source", "default_Netflow"]), none);
    assert_eq!(
        place.refused(&["flows", "--source", "defalt_Netflow"]),
        "ipfix-inspect: --source: no flow source is called 'defalt_Netflow', and there is no configuration file; did you mean 'default_Netflow'? there is \
         default_Netflow\n"
    );
    place.write("[[source]]\nname = 'a'\n");
    assert!(place.refused(&[]).contains("no flow source of ipfix-inspect.toml has a source_file_path"));
    for command in ["elements", "profiles", "explain"] {
        assert!(place.refused(&[command, "--source", "a"]).contains("this command reads no captures"), "{command}");
    }
    assert_eq!(
        place.refused(&["--config", "ipfix-inspect.toml", "sources"]),
        "ipfix-inspect: 'sources' is a command and stands before all options: `ipfix-inspect sources …`\n"
    );
    assert!(Path::new(&file).exists());
}

#[test]
fn a_flow_file_is_let_in_by_its_exporter() {
    let place = Place::new();
    let path = capture("nfcapd-1.6");
    place.write(&format!(
        "[[source]]\nname = 'a'\nsource_file_path = '{path}'\n[[source]]\nname = 'b'\nfrom = 'a'\nallow = ['198.51.100.0/30']\n"
    ));
    let (all, ..) = overview(&place, &["--source", "a"]);
    let (some, _, problems) = overview(&place, &["--source", "b"]);
    assert!(all > 0);
    assert_eq!((some, problems), (0, vec![("exporter-not-allowed".to_owned(), all)]));
}
