//! `query`: the questions of a network engineer's day with answers that are known, the same SQL asked of DuckDB over what `export` wrote,
//! and what is told of SQL that is wrong.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::support::{PROGRAM, program, run, skip, stderr, stdout, testdata};

const V9: &str = "softflowd-v9.pcap";

/// The rows of a query as objects.
fn rows(files: &[&str], sql: &str, more: &[&str]) -> Vec<Value> {
    text(files, sql, more).lines().map(|line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{sql}: {e}: {line}"))).collect()
}

/// The rows as ndjson.
fn text(files: &[&str], sql: &str, more: &[&str]) -> String {
    let files: Vec<String> = files.iter().map(|f| testdata(f).display().to_string()).collect();
    let mut args = vec!["query", "--format", "ndjson", "--quiet"];
    args.extend(more);
    args.extend(files.iter().map(String::as_str));
    args.push(sql);
    let output = run(&args);
    assert!(output.status.success(), "{sql}: {}", stderr(&output));
    stdout(&output)
}

/// The rows as lists of values, in the order of the columns.
fn values(files: &[&str], sql: &str) -> Vec<Vec<Value>> {
    text(files, sql, &[]).lines().map(|line| serde_json::from_str::<Ordered>(line).unwrap().0).collect()
}

/// The values of an object as they stand.
struct Ordered(Vec<Value>);

impl<'de> serde::Deserialize<'de> for Ordered {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;
        impl<'de> serde::de::Visitor<'de> for Members {
            type Value = Ordered;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Ordered, A::Error> {
                let mut values = Vec::new();
                while let Some((_, value)) = map.next_entry::<String, Value>()? {
                    values.push(value);
                }
                Ok(Ordered(values))
            }
        }
        deserializer.deserialize_map(Members)
    }
}

/// The table of a query, for people.
fn table(files: &[&str], sql: &str) -> String {
    let files: Vec<String> = files.iter().map(|f| testdata(f).display().to_string()).collect();
    let mut args = vec!["query", "--quiet"];
    args.extend(files.iter().map(String::as_str));
    args.push(sql);
    let output = run(&args);
    assert!(output.status.success(), "{sql}: {}", stderr(&output));
    stdout(&output)
}

/// What is said of a query that fails.
fn complaint(sql: &str) -> String {
    let output = run(&["query", &testdata(V9).display().to_string(), sql]);
    assert_eq!(output.status.code(), Some(2), "{sql}: {}", stdout(&output));
    assert!(output.stdout.is_empty(), "{sql}");
    stderr(&output)
}

#[test]
fn ten_questions_of_a_day() {
    // Top talkers.
    assert_eq!(
        table(&[V9], "SELECT src_addr, SUM(bytes) AS bytes, COUNT(*) AS flows FROM flows GROUP BY src_addr ORDER BY bytes DESC LIMIT 3"),
        "src_addr           bytes  flows\n192.0.2.20      21073026     67\n192.0.2.10        322017     72\n2001:db8:1::20    321109     42\n"
    );
    // Who scanned: one source, many ports of one host.
    let scans = "SELECT src_addr, dst_addr, COUNT(DISTINCT dst_port) AS ports, COUNT(*) AS flows FROM flows WHERE protocol = 6 \
                 AND tcp_flags = 2 GROUP BY src_addr, dst_addr HAVING COUNT(DISTINCT dst_port) > 20";
    assert_eq!(values(&[V9], scans), [["192.0.2.12".into(), "192.0.2.21".into(), 60.into(), Value::from(60)]]);
    // Which exporter went silent, and when: three captures, and the last of them goes on for a minute after the others.
    let silent = "SELECT exporter, nde_version, flows, quiet_ms, silent_since FROM exporters ORDER BY last_seen";
    assert_eq!(
        values(&[V9, "ulogd2-ipfix.pcap", "restart-pmacct-v9-redefined.pcap"], silent),
        [
            ["203.0.113.2".into(), 9.into(), 536.into(), 235_761.into(), "2026-11-22T20:49:49.610311Z".into()],
            ["203.0.113.4".into(), 10.into(), 273.into(), 64_721.into(), "2026-11-22T20:52:40.650299Z".into()],
            ["203.0.113.17".into(), 9.into(), 1_078.into(), 0.into(), Value::Null],
        ]
    );
    // The share of TCP flows without flags: softflowd leaves them out of templates that track protocols alone.
    let share = "SELECT nde_version, COUNT(*) AS tcp, COUNT(*) FILTER (WHERE tcp_flags = 0 OR tcp_flags IS NULL) * 100.0 / COUNT(*) AS percent \
                 FROM flows WHERE protocol = 6 GROUP BY nde_version ORDER BY nde_version";
    assert_eq!(
        values(&[V9, "softflowd-ipfix-proto-level.pcap"], share),
        [[9.into(), 298.into(), Value::from(0.0)], [10.into(), 16.into(), Value::from(100.0)]]
    );
    // Utilisation of an interface in bits a second, minute by minute.
    let load = "SELECT time_bucket('1m', flow_start) AS minute, in_if, SUM(bytes) * 8 / 60 AS bps FROM flows GROUP BY minute, in_if ORDER BY minute";
    assert_eq!(values(&[V9], load), [["2026-11-22T20:49:00.000Z".into(), 0.into(), Value::from(22_661_326.0 * 8.0 / 60.0)]]);
    // Subnets.
    let nets = "SELECT net(src_addr, 24) AS net, SUM(bytes) AS bytes FROM flows GROUP BY net ORDER BY bytes DESC LIMIT 2";
    assert_eq!(values(&[V9], nets), [["192.0.2.0/24".into(), Value::from(21_648_194)], ["2001:db8:1::/64".into(), Value::from(374_601)]]);
    // Connections that nobody answered.
    let half_open = "SELECT f.dst_addr, COUNT(*) AS half_open FROM flows f WHERE f.protocol = 6 AND f.tcp_flags = 2 AND NOT EXISTS \
                     (SELECT 1 FROM flows r WHERE r.src_addr = f.dst_addr AND r.dst_addr = f.src_addr AND r.src_port = f.dst_port \
                     AND r.dst_port = f.src_port) GROUP BY f.dst_addr ORDER BY f.dst_addr";
    assert_eq!(values(&[V9], half_open), [["192.0.2.20".into(), Value::from(1)], ["2001:db8:1::20".into(), Value::from(1)]]);
    // Applications and interfaces by their names in options data.
    let names =
        "SELECT application, in_if_name, SUM(bytes) AS bytes FROM flows GROUP BY application, in_if_name ORDER BY bytes DESC LIMIT 1";
    assert_eq!(values(&["scapy-v9-options.pcap"], names), [["http".into(), "ge-0/0/2".into(), Value::from(16_674_533)]]);
    // Templates without a field that the collector needs.
    let without = "SELECT template_id, flows FROM templates WHERE kind = 'data' AND template_id NOT IN \
                   (SELECT template_id FROM fields WHERE feeds = 'tcp_flags') ORDER BY template_id";
    assert_eq!(values(&[V9], without), [[1025, 6], [2049, 10]].map(|row| row.map(Value::from)));
    // A share of the whole.
    let whole = "SELECT src_addr, ROUND(SUM(bytes) * 100.0 / (SELECT SUM(bytes) FROM flows), 2) AS percent FROM flows GROUP BY src_addr \
                 ORDER BY SUM(bytes) DESC LIMIT 1";
    assert_eq!(values(&[V9], whole), [["192.0.2.20".into(), Value::from(92.99)]]);
    // Names out of options data.
    let names = "SELECT DISTINCT scope, value FROM options WHERE name = 'interfaceName'";
    assert_eq!(values(&[V9], names), [["scope_interface=0", "traffic.pcap"].map(Value::from)]);
    let records = "SELECT scope_interface, samplingInterval, interfaceName FROM options_256 LIMIT 1";
    assert_eq!(values(&[V9], records), [[Value::from(0), 1.into(), "traffic.pcap".into()]]);
    // Problems.
    let problems = "SELECT severity, code, \"count\", frame FROM problems ORDER BY severity, code";
    assert!(values(&[V9], problems).is_empty());
    assert!(!values(&["pmacct-v9-malformed-sets.pcap"], problems).is_empty());
}

/// SQL that both understand, over `flows`.
const BOTH: &[&str] = &[
    "SELECT COUNT(*) AS n FROM flows",
    "SELECT src_addr, SUM(bytes) AS b, SUM(packets) AS p, COUNT(*) AS n FROM flows GROUP BY src_addr ORDER BY b DESC, src_addr",
    "SELECT protocol, MIN(bytes) AS least, MAX(bytes) AS most, AVG(packets) AS mean FROM flows GROUP BY protocol ORDER BY protocol",
    "SELECT COUNT(DISTINCT dst_port) AS ports, COUNT(DISTINCT dst_addr) AS hosts FROM flows",
    "SELECT src_addr, dst_addr, src_port, dst_port, bytes FROM flows WHERE dst_port BETWEEN 50 AND 500 ORDER BY 1, 2, 3, 4, 5",
    "SELECT src_addr, SUM(bytes) AS b FROM flows GROUP BY src_addr HAVING SUM(bytes) > 100000 ORDER BY SUM(bytes) DESC",
    "SELECT src_addr FROM flows GROUP BY src_addr ORDER BY SUM(bytes) DESC LIMIT 4",
    "SELECT CASE WHEN bytes > 1000 THEN 'big' ELSE 'small' END AS size, COUNT(*) AS n FROM flows GROUP BY size ORDER BY size",
    "SELECT COUNT(*) FILTER (WHERE protocol = 6) AS tcp, COUNT(*) FILTER (WHERE protocol = 17) AS udp FROM flows",
    "SELECT src_addr FROM flows UNION SELECT dst_addr FROM flows ORDER BY 1",
    "SELECT DISTINCT src_addr, protocol FROM flows ORDER BY src_addr, protocol",
    "WITH t AS (SELECT src_addr, SUM(bytes) AS b FROM flows GROUP BY src_addr) SELECT src_addr, b * 100.0 / (SELECT SUM(b) FROM t) AS p FROM t ORDER BY p DESC, src_addr LIMIT 5",
    "SELECT f.src_addr AS a, COUNT(*) AS n FROM flows f JOIN (SELECT DISTINCT dst_addr FROM flows WHERE protocol = 6) d ON f.src_addr = d.dst_addr GROUP BY f.src_addr ORDER BY n DESC, a",
    "SELECT src_addr, bytes FROM flows WHERE bytes > (SELECT AVG(bytes) FROM flows) ORDER BY bytes, src_addr",
    "SELECT src_addr, COUNT(*) AS n FROM flows WHERE src_addr LIKE '192.0.2.%' GROUP BY src_addr ORDER BY n DESC, src_addr",
    "SELECT src_addr FROM flows WHERE src_addr NOT IN (SELECT dst_addr FROM flows WHERE dst_addr IS NOT NULL) ORDER BY src_addr",
    "SELECT COUNT(*) AS n FROM flows WHERE tcp_flags & 2 = 2 AND tcp_flags & 16 = 0",
    "SELECT CAST(src_port AS BIGINT) - 40000 AS d, CAST(packets AS BIGINT) - bytes AS e FROM flows WHERE src_port IS NOT NULL ORDER BY d, e LIMIT 20",
    "SELECT SUM(packets) - SUM(bytes) AS d FROM flows",
    "SELECT COUNT(*) AS n FROM flows WHERE flow_start >= TIMESTAMP '2026-11-22 20:49:12'",
    "SELECT COUNT(*) AS n FROM flows WHERE flow_start BETWEEN '2026-11-22 20:49:11' AND '2026-11-22 20:49:12'",
    "SELECT EXTRACT(minute FROM flow_start) AS m, COUNT(*) AS n FROM flows GROUP BY m ORDER BY m",
    "SELECT src_addr, MAX(duration_ms) AS longest FROM flows GROUP BY src_addr ORDER BY longest DESC, src_addr LIMIT 5",
    "SELECT protocol, COUNT(*) AS n FROM flows WHERE dst_port IS NULL GROUP BY protocol ORDER BY protocol",
    "SELECT COALESCE(dst_port, 0) AS port, SUM(bytes) AS b FROM flows GROUP BY port ORDER BY b DESC, port LIMIT 6",
    "SELECT src_addr, dst_addr, bytes, ROW_NUMBER() OVER (PARTITION BY src_addr ORDER BY bytes DESC, dst_addr DESC, dst_port DESC, src_port DESC) AS r FROM flows WHERE protocol = 6 ORDER BY src_addr, r LIMIT 12",
    "SELECT UPPER(src_addr) AS u, LENGTH(dst_addr) AS l FROM flows WHERE protocol = 58 ORDER BY u, l",
    "SELECT CAST(bytes AS DOUBLE) / packets AS bpp, src_addr FROM flows WHERE packets > 10 ORDER BY bpp DESC, src_addr LIMIT 5",
    "SELECT dst_port, COUNT(DISTINCT src_addr) AS who FROM flows GROUP BY dst_port ORDER BY who DESC, dst_port LIMIT 8",
    "SELECT a.n AS tcp, b.n AS rest FROM (SELECT COUNT(*) AS n FROM flows WHERE protocol = 6) a CROSS JOIN (SELECT COUNT(*) AS n FROM flows WHERE protocol <> 6) b",
    "SELECT src_addr FROM flows WHERE protocol = 6 INTERSECT SELECT src_addr FROM flows WHERE protocol = 17 ORDER BY 1",
    "SELECT src_addr, bytes % 7 AS m FROM flows WHERE bytes > 1e4 ORDER BY src_addr, m",
    // What 8 to 32 bits can't hold.
    "SELECT SUM(CASE WHEN protocol = 6 THEN 4000000 ELSE 0 END) AS s FROM flows",
    "SELECT dst_port, SUM(CASE WHEN protocol = 6 THEN 100000000 ELSE 0 END) AS s FROM flows GROUP BY dst_port ORDER BY s DESC, dst_port LIMIT 3",
    "SELECT SUM(src_port) AS s, SUM(protocol) AS p FROM flows",
    "SELECT src_addr, SUM(n) AS s FROM (SELECT src_addr, COUNT(*) * 2000000000 AS n FROM flows GROUP BY src_addr) t GROUP BY src_addr ORDER BY s DESC, src_addr",
    "SELECT EXTRACT(hour FROM flow_start) * 60 + EXTRACT(minute FROM flow_start) AS m, COUNT(*) AS n FROM flows GROUP BY m ORDER BY m",
    "SELECT SUM(EXTRACT(year FROM flow_start) * 10000) AS s FROM flows",
    "SELECT SUM(CAST(src_port AS BIGINT) * 100000) AS s FROM flows",
    "SELECT MAX(POWER(src_port, 2)) AS p, AVG(POWER(src_port, 2)) AS a FROM flows",
    "SELECT LOG(2, 8 * packets) AS l FROM flows ORDER BY l DESC LIMIT 3",
    "SELECT src_addr, bytes, SUM(bytes) OVER (PARTITION BY src_addr ORDER BY bytes, dst_addr, dst_port, src_port, flow_start ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS s FROM flows WHERE protocol = 6 ORDER BY src_addr, s LIMIT 12",
    // Nulls come last, however it is ordered.
    "SELECT src_port, COUNT(*) AS n FROM flows GROUP BY src_port ORDER BY src_port DESC LIMIT 5",
    "SELECT src_port, protocol, COUNT(*) AS n FROM flows WHERE src_port IS NULL OR src_port > 60000 GROUP BY src_port, protocol ORDER BY src_port, protocol",
];

const DUCKDB: &str = r"
import duckdb, json, sys
con = duckdb.connect()
con.execute('SET TimeZone = ''UTC''')
con.execute('CREATE VIEW flows AS SELECT * FROM read_parquet(?)'.replace('?', repr(sys.argv[1])))
for sql in json.load(sys.stdin):
    rows = con.execute(sql).fetchall()
    print(json.dumps([[float(v) if isinstance(v, float) else (int(v) if isinstance(v, int) else (float(v) if type(v).__name__ == 'Decimal' else v)) for v in row] for row in rows]))
";

#[test]
fn duckdb_answers_the_same() {
    let Some(python) = std::env::var_os("IPFIX_INSPECT_PYTHON") else { return skip("duckdb_answers_the_same", "IPFIX_INSPECT_PYTHON") };
    let folder = tempfile::tempdir().unwrap();
    let mut compared = 0;
    for file in [V9, "softflowd-ipfix-bidir-milli.pcap", "pmacct-ipfix-custom.pcap"] {
        let parquet = folder.path().join(format!("{file}.parquet"));
        let output = run(&["export".as_ref(), testdata(file).as_os_str(), "-o".as_ref(), parquet.as_os_str()]);
        assert!(output.status.success(), "{}", stderr(&output));
        let columns: Vec<String> = values(&[file], "DESCRIBE flows").into_iter().map(|row| row[0].as_str().unwrap().to_owned()).collect();
        // A column that does not occur is null here, and unknown there.
        let asked: Vec<&str> = BOTH.iter().copied().filter(|sql| names(sql).all(|n| columns.contains(&n))).collect();
        let theirs = duckdb(&python, &parquet, &asked);
        for (sql, theirs) in asked.iter().zip(theirs) {
            let ours = values(&[file], sql);
            assert_eq!(ours.len(), theirs.len(), "{file}: {sql}");
            for (ours, theirs) in ours.iter().zip(&theirs) {
                let same = |(a, b): (&Value, &Value)| match (a.as_f64(), b.as_f64()) {
                    (Some(a), Some(b)) => (a - b).abs() <= 1e-9 * a.abs().max(b.abs()),
                    _ => a == b,
                };
                assert!(
                    ours.len() == theirs.len() && ours.iter().zip(theirs).all(same),
                    "{file}: {sql}\n  ours   {ours:?}\n  theirs {theirs:?}"
                );
            }
            compared += 1;
        }
    }
    assert!(compared > 70, "only {compared} answers were compared");
}

/// Words of SQL that are names of canonical columns.
fn names(sql: &str) -> impl Iterator<Item = String> + '_ {
    const COLUMNS: [&str; 10] =
        ["src_addr", "dst_addr", "src_port", "dst_port", "protocol", "tcp_flags", "bytes", "packets", "flow_start", "duration_ms"];
    sql.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').filter(|w| COLUMNS.contains(w)).map(str::to_owned)
}

fn duckdb(python: &std::ffi::OsStr, parquet: &Path, asked: &[&str]) -> Vec<Vec<Vec<Value>>> {
    let script = parquet.with_extension("py");
    fs::write(&script, DUCKDB).unwrap();
    let questions = parquet.with_extension("json");
    fs::write(&questions, serde_json::to_string(asked).unwrap()).unwrap();
    let output = Command::new(python).arg(&script).arg(parquet).stdin(fs::File::open(&questions).unwrap()).output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    let answers: Vec<Vec<Vec<Value>>> = stdout(&output).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(answers.len(), asked.len());
    answers
}

#[test]
fn every_form_has_the_same_rows() {
    let folder = tempfile::tempdir().unwrap();
    let sql = "SELECT src_addr, dst_port, bytes, flow_start, in_net(src_addr, '192.0.2.0/24') AS inside FROM flows ORDER BY bytes DESC, flow_start, src_addr, dst_port LIMIT 50";
    let ours = rows(&[V9], sql, &[]);
    assert_eq!(ours.len(), 50);
    let write = |name: &str, more: &[&str]| {
        let path = folder.path().join(name);
        let (capture, out) = (testdata(V9).display().to_string(), path.display().to_string());
        let mut args = vec!["query", &capture, sql, "-o", &out];
        args.extend(more);
        (run(&args), path)
    };
    let (output, json) = write("x.json", &[]);
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(serde_json::from_slice::<Vec<Value>>(&fs::read(&json).unwrap()).unwrap(), ours);
    let (output, csv) = write("x.csv", &[]);
    assert!(output.status.success(), "{}", stderr(&output));
    let csv = crate::support::csv(&csv);
    assert_eq!(csv.len(), 50);
    for (row, json) in csv.iter().zip(&ours) {
        for (name, value) in json.as_object().unwrap() {
            assert_eq!(row[name], crate::support::cell(value));
        }
    }
    // An existing file stays as it is.
    let (output, path) = write("x.csv", &[]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("exists already; --force replaces it"), "{}", stderr(&output));
    assert_eq!(crate::support::csv(&path).len(), 50);
    assert!(write("x.csv", &["--force"]).0.status.success());
    // Parquet, asked with SQL as a table of the user's.
    let (output, parquet) = write("x.parquet", &[]);
    assert!(output.status.success(), "{}", stderr(&output));
    let user = format!("mine={}", parquet.display());
    let again = rows(&[V9], "SELECT * FROM mine ORDER BY bytes DESC, flow_start, src_addr, dst_port", &["--table", &user]);
    assert_eq!(again, ours);
    // Nothing but what was asked for is left behind.
    let mut left: Vec<String> = fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    left.sort();
    assert_eq!(left, ["x.csv", "x.json", "x.parquet"]);
}

#[test]
fn a_users_table_joins() {
    let folder = tempfile::tempdir().unwrap();
    let hosts = folder.path().join("hosts.csv");
    fs::write(&hosts, "net,site\n192.0.2.0/24,Lab\n198.51.100.0/24,Office\n").unwrap();
    let table = format!("sites={}", hosts.display());
    let sql = "SELECT site, SUM(bytes) AS bytes FROM flows JOIN sites ON net(src_addr, 24) = sites.net GROUP BY site ORDER BY site";
    let ours = rows(&[V9], sql, &["--table", &table]);
    assert_eq!(ours, [json!({ "site": "Lab", "bytes": 21_648_194 }), json!({ "site": "Office", "bytes": 361_424 })]);
    let refused = run(&["query", &testdata(V9).display().to_string(), "SELECT 1", "--table", "flows=x.csv"]);
    assert!(stderr(&refused).contains("there is a table 'flows' already"), "{}", stderr(&refused));
}

#[test]
fn filters_and_scale_come_before_sql() {
    let sql = "SELECT COUNT(*) AS n, SUM(bytes) AS b FROM flows";
    assert_eq!(rows(&[V9], sql, &["--filter", "proto tcp"]), [json!({ "n": 298, "b": 22_521_158 })]);
    // What the exporters sent is not a matter of the filter.
    let both = "SELECT (SELECT COUNT(*) FROM flows) AS f, (SELECT SUM(flows) FROM exporters) AS e";
    assert_eq!(rows(&[V9], both, &["--filter", "proto tcp"]), [json!({ "f": 298, "e": 536 })]);
    let sampled = ["softflowd-v9-sampled.pcap"];
    let plain = rows(&sampled, "SELECT SUM(packets) AS p FROM flows", &[])[0]["p"].as_u64().unwrap();
    let scaled = rows(&sampled, "SELECT SUM(packets) AS p, MAX(sampling_interval) AS i FROM flows", &["--scale"])[0].clone();
    assert_eq!(scaled["p"].as_u64().unwrap(), plain * scaled["i"].as_u64().unwrap());
}

#[test]
fn mistakes_are_told_with_their_place() {
    let first = |sql: &str| complaint(sql).lines().next().unwrap().to_owned();
    assert_eq!(
        complaint("SELECT src_adr\nFROM flows").lines().map(|l| l.split(" There are").next().unwrap()).collect::<Vec<_>>(),
        [
            "ipfix-inspect: SQL, line 1, column 8: no column 'src_adr' in these tables; did you mean 'src_addr'?",
            "  SELECT src_adr",
            "         ^^^^^^^"
        ]
    );
    assert!(complaint("SELECT src_adr FROM flows").contains("There are: received, exporter,"));
    for (sql, begins) in [
        ("SELECT 1 FROM flow", "SQL, line 1, column 15: no table 'flow'; did you mean 'flows'? There are: exporters, fields, flows,"),
        ("SELECT * FROM options_999", "SQL, line 1, column 15: no table 'options_999'"),
        ("SELECT bytes FROM flows WHERE", "SQL, line 1, column 30: expected an expression, found the end of the SQL"),
        ("DROP TABLE flows", "SQL: DROP is refused: the tables can only be asked"),
        ("DELETE FROM flows", "SQL: DELETE is refused"),
        ("CREATE TABLE x AS SELECT * FROM flows", "SQL: CREATE is refused"),
        ("SELECT * FROM read_csv('/etc/passwd')", "SQL: read_csv(…) is refused: SQL opens no files here"),
        ("SELECT foo(bytes) FROM flows", "SQL: no function 'foo'; beside SQL's own there are: in_net, net,"),
        ("SELECT in_nett(src_addr, '10.0.0.0/8') FROM flows", "SQL: no function 'in_nett'; did you mean 'in_net'?"),
        ("SELECT in_net(src_addr, '10.0.0.0/88') FROM flows", "SQL: in_net: '10.0.0.0/88' is no network"),
        ("SELECT in_net(src_addr) FROM flows", "SQL: in_net takes 2 or more arguments, not 1"),
        ("SELECT net(src_addr, 64) FROM flows", "SQL: net: a prefix has 0 to 32 bits; IPv6 has a length of its own"),
        ("SELECT time_bucket('1w', flow_start) FROM flows", "SQL: time_bucket: '1w' is no stretch of time"),
        ("SELECT bytes, bytes FROM flows", "SQL: two columns of the result are called 'bytes'"),
        ("SELECT bytes FROM flows WHERE src_addr > 5", "SQL: a text can't be compared with"),
        ("SELECT src_addr, SUM(bytes) FROM flows", "SQL: 'src_addr' has a value a row"),
        ("SELECT 1; SELECT 2", "SQL: one statement at a time; there are 2"),
    ] {
        let line = first(sql);
        assert!(line.starts_with(&format!("ipfix-inspect: {begins}")), "{sql}: {line}");
        assert!(!complaint(sql).contains("panicked"), "{sql}");
    }
}

#[test]
fn arguments_that_are_mixed_up() {
    let file = testdata(V9).display().to_string();
    let said = |args: &[&str]| {
        let output = run(args);
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        stderr(&output)
    };
    assert!(said(&["query", &file]).contains("no SQL is given"));
    assert!(
        said(&["query", "SELECT 1 FROM flows"])
            .contains("no file is given before the SQL: ipfix-inspect query FILE... 'SELECT 1 FROM flows'")
    );
    assert!(said(&["query", "SELECT * FROM flows", &file]).contains("the SQL comes last, behind the files"));
    assert!(said(&["query", &file, "missing.sql"]).contains("'missing.sql' is neither a file that is there nor SQL"));
    assert!(said(&["query", &file, "@missing.sql"]).contains("@missing.sql: No such file"));
    assert!(said(&["query", "missing.pcap", "SELECT 1 FROM flows"]).contains("missing.pcap"));
    assert!(said(&["query", &file, "SELECT 1 FROM flows", "-o", "x.doc"]).contains("its name tells no form"));
    assert!(said(&["query", &file, "SELECT 1 FROM flows", "--temp-dir", "/nowhere"]).contains("there is no folder '/nowhere'"));
    let folder = tempfile::tempdir().unwrap();
    let sql = folder.path().join("q.sql");
    fs::write(&sql, "-- the flows\nSELECT COUNT(*) AS n\nFROM flows;\n").unwrap();
    assert!(said(&["query", &file, &sql.display().to_string()]).contains("reads it from that file"));
    let output = run(&["query", &file, &format!("@{}", sql.display())]);
    assert_eq!(stdout(&output), "  n\n536\n", "{}", stderr(&output));
}

#[test]
fn exported_flows_are_asked_as_captures_are() {
    let folder = tempfile::tempdir().unwrap();
    let sql = "SELECT src_addr, dst_port, SUM(bytes) AS b, MIN(flow_start) AS t, MAX(duration_ms) AS d, MAX(src_as) AS a FROM flows \
               GROUP BY src_addr, dst_port ORDER BY b DESC, src_addr, dst_port";
    let theirs = text(&[V9], sql, &[]);
    assert!(theirs.lines().count() > 100);
    // Where they lie; of other types, and so decoded; as text; in folders that hold a column.
    for (name, more) in [
        ("plain.parquet", &[][..]),
        ("nanos.parquet", &["--time-unit", "ns"]),
        ("binary.parquet", &["--addresses", "binary"]),
        ("x.csv", &[]),
        ("set", &["--partition-by", "exporter", "--format", "parquet"]),
    ] {
        let out = folder.path().join(name).display().to_string();
        let capture = testdata(V9).display().to_string();
        let mut args = vec!["export", &capture, "-o", &out];
        args.extend(more);
        let output = run(&args);
        assert!(output.status.success(), "{name}: {}", stderr(&output));
        let output = run(&["query", "--format", "ndjson", &out, sql]);
        assert_eq!(stdout(&output), theirs, "{name}: {}", stderr(&output));
        // Rows alone, of one file and of two.
        let output = run(&["query", "--format", "csv", &out, "SELECT COUNT(*) AS n FROM flows"]);
        assert_eq!(stdout(&output), "n\n536\n", "{name}: {}", stderr(&output));
        if !args.contains(&"--partition-by") {
            let second = folder.path().join(format!("second-{name}")).display().to_string();
            fs::copy(&out, &second).unwrap();
            let output = run(&["query", "--format", "csv", &out, &second, "SELECT COUNT(*) AS n FROM flows WHERE packets > 0"]);
            assert_eq!(stdout(&output), "n\n1072\n", "{name}: {}", stderr(&output));
        }
        let output = run(&["query", &out, "SELECT * FROM exporters"]);
        assert!(stderr(&output).contains("holds exported flows and no counts of exporters"), "{name}: {}", stderr(&output));
    }
}

#[test]
fn names_know_no_case_and_have_synonyms() {
    // The element's own column, by its NetFlow v9 name; a column that occurs nowhere is null and no mistake.
    let sql = "select SRC_ADDR, sum(In_Bytes) as B, max(src_as) as a from FLOWS group by Src_Addr order by b desc limit 1";
    let row = &rows(&[V9], sql, &[])[0];
    assert_eq!((row["src_addr"].as_str(), row["B"].as_u64(), row["a"].is_null()), (Some("192.0.2.20"), Some(21_073_026), true));
    let columns = values(&[V9], "DESCRIBE exporters");
    assert_eq!(columns[0], ["exporter", "text"].map(Value::from));
    assert!(columns.contains(&["silent_since", "timestamp, UTC"].map(Value::from).to_vec()), "{columns:?}");
    let tables: Vec<Value> = values(&[V9], "SHOW TABLES").into_iter().map(|mut row| row.swap_remove(0)).collect();
    assert!(
        ["flows", "exporters", "templates", "fields", "problems", "options", "options_256"]
            .iter()
            .all(|t| tables.contains(&Value::from(*t)))
    );
}

#[test]
fn a_plan_is_shown_and_nothing_decoded() {
    let file = testdata(V9).display().to_string();
    let output = run(&["query", &file, "SELECT src_addr, SUM(bytes) FROM flows GROUP BY src_addr", "--explain"]);
    let text = stdout(&output);
    assert!(
        text.starts_with("Columns of flows that are decoded: src_addr, bytes\nSQL as the engine gets it: SELECT src_addr, SUM(bytes)"),
        "{text}"
    );
    assert!(text.contains("AGGREGATE") || text.contains("GROUP"), "{text}");
    let output = run(&["query", &file, "EXPLAIN SELECT COUNT(*) FROM flows"]);
    assert!(stdout(&output).starts_with("Columns of flows that are decoded: nde_version"), "{}", stdout(&output));
}

#[test]
fn a_pipe_is_asked_too() {
    let octets = fs::read(testdata(V9)).unwrap();
    let output = crate::support::run_with_input(&["query", "-", "SELECT COUNT(*) AS n, SUM(bytes) AS b FROM flows"], &octets);
    assert_eq!(stdout(&output), "  n         b\n536  22661326\n", "{}", stderr(&output));
    let output = crate::support::run_with_input(&["query", "-", "SELECT COUNT(*) AS n FROM options_256"], &octets);
    assert_eq!(stdout(&output), "n\n2\n", "{}", stderr(&output));
    let both = "SELECT COUNT(*) AS n FROM flows, options";
    let output = crate::support::run_with_input(&["query", "-", both], &octets);
    assert!(stderr(&output).contains("a pipe can be read only once"), "{}", stderr(&output));
}

#[test]
fn a_closed_pipe_ends_quietly() {
    let command = format!("'{PROGRAM}' query '{}' 'SELECT * FROM flows' --format csv | head -n 2", testdata(V9).display());
    let output = Command::new("sh").arg("-c").arg(command).output().unwrap();
    assert_eq!((stdout(&output).lines().count(), stderr(&output).as_str()), (2, ""));
}

#[test]
fn the_table_fits_the_terminal() {
    let file = testdata(V9).display().to_string();
    let output = program(&["query", &file, "SELECT * FROM exporters"]).env("COLUMNS", "80").output().unwrap();
    let text = stdout(&output);
    assert!(text.starts_with("row 1\nexporter"), "{text}");
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
}
