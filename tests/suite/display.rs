//! The display options: time zone, units of octets, titles.

use crate::support::{program, run, stderr, stdout, testdata};

/// The lines of two flows; how wide columns are depends on the flows after them, so blanks in a row are one.
fn flows(more: &[&str]) -> Vec<String> {
    let file = testdata("softflowd-v9.pcap");
    let args =
        [&["flows", file.to_str().expect("UTF-8"), "--quiet", "--limit", "2", "--columns", "flow_start,src_addr,bytes"][..], more].concat();
    let output = run(&args);
    assert_eq!(output.status.code(), Some(0), "{more:?}: {}", stderr(&output));
    stdout(&output).lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
}

#[test]
fn tables_follow_the_reader() {
    assert_eq!(
        flows(&["--time-zone", "Asia/Kolkata", "--bytes", "si"]),
        ["flow_start src_addr bytes", "2026-11-23T02:19:11.126+05:30 192.0.2.10 60 B", "2026-11-23T02:19:11.126+05:30 192.0.2.20 40 B",]
    );
    assert_eq!(flows(&["--no-headers"]), ["2026-11-22T20:49:11.126Z 192.0.2.10 60", "2026-11-22T20:49:11.126Z 192.0.2.20 40"]);
    assert_eq!(
        flows(&["--no-headers", "--format", "csv"]),
        ["2026-11-22T20:49:11.126Z,192.0.2.10,60", "2026-11-22T20:49:11.126Z,192.0.2.20,40"]
    );
}

#[test]
fn local_is_the_zone_of_the_environment() {
    let file = testdata("softflowd-v9.pcap");
    let local = |zone: &str| {
        let args =
            ["flows", file.to_str().expect("UTF-8"), "--limit", "1", "--columns", "flow_start", "--no-headers", "--time-zone", "local"];
        program(&args).env("TZ", zone).output().expect("the program starts")
    };
    assert_eq!(stdout(&local(":America/New_York")), "2026-11-22T15:49:11.126-05:00\n");
    assert_eq!(stdout(&local("UTC")), "2026-11-22T20:49:11.126Z\n");
    let wrong = local("CET-1CEST");
    assert_eq!(wrong.status.code(), Some(2));
    assert!(stderr(&wrong).contains("the zone of this system 'CET-1CEST' is not in the IANA database; name one"), "{}", stderr(&wrong));
}

#[test]
fn what_would_change_nothing_is_refused() {
    let file = testdata("softflowd-v9.pcap");
    let file = file.to_str().expect("UTF-8");
    for (more, told) in [
        (["--format", "csv", "--time-zone", "Europe/Berlin"], "times in CSV are always in UTC"),
        (["--format", "ndjson", "--bytes", "iec"], "numbers in ndjson are always exact"),
        (["--format", "ndjson", "--no-headers", "--quiet"], "ndjson has no header"),
        (["--format", "table", "--time-zone", "Berlin"], "did you mean 'Europe/Berlin'?"),
    ] {
        let output = run(&[&["flows", file][..], &more].concat());
        assert_eq!(output.status.code(), Some(2), "{more:?}");
        assert!(stderr(&output).contains(told), "{more:?}: {}", stderr(&output));
    }
}
