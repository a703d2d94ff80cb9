//! Metrics for Prometheus on `/metrics`, and `/health`, over HTTP: both read the latest moment that was published.
//!
//! Labels are bounded: an exporter has series of its own if it is among the hundred with the most flows; all others together have `other`.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;
use thiserror::Error;
use tiny_http::{Header, Method, Request, Response, Server};

use super::answers::Answers;
use crate::summary::Live;

/// A moment that is older than this is no sign of health: one is published each second.
const STALE: Duration = Duration::from_secs(15);

/// The latest moment of a run; the one place that everybody reads who watches.
#[derive(Clone, Debug, Default)]
pub struct Published(Arc<Mutex<Option<Latest>>>);

/// A moment, and when it was published.
type Latest = (Arc<Live>, Instant);

impl Published {
    /// Puts a moment in place of the one before.
    pub fn publish(&self, live: Arc<Live>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((live, Instant::now()));
    }

    /// The latest one, and how old it is.
    pub fn latest(&self) -> Option<(Arc<Live>, Duration)> {
        let latest = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        latest.map(|(live, at)| (live, at.elapsed()))
    }
}

/// Why there are no metrics.
#[derive(Debug, Error)]
#[error("{addr}: {why}")]
pub struct ServeError {
    addr: SocketAddr,
    why: String,
}

/// A server at work; it ends with the process.
#[derive(Clone, Debug)]
pub struct MetricsServer {
    /// Where it listens.
    pub addr: SocketAddr,
}

impl MetricsServer {
    /// Begins to serve.
    ///
    /// # Errors
    /// The address is in use, or not of this machine.
    pub fn start(addr: SocketAddr, published: Published) -> Result<Self, ServeError> {
        let failed = |why: String| ServeError { addr, why };
        let server = Server::http(addr).map_err(|e| failed(e.to_string()))?;
        let bound = server.server_addr().to_ip().unwrap_or(addr);
        let serve = move || {
            let answers = Answers::default();
            for request in server.incoming_requests() {
                let published = published.clone();
                let long = path(&request) == METRICS;
                answers.give(request, long, move |request| respond(request, &published));
            }
        };
        thread::Builder::new().name("metrics".into()).spawn(serve).map_err(|e| failed(e.to_string()))?;
        Ok(Self { addr: bound })
    }
}

/// The path that is asked for.
fn path(request: &Request) -> &str {
    request.url().split('?').next().unwrap_or_default()
}

/// Answers one request; it takes as long as whoever asked takes to read.
fn respond(request: Request, published: &Published) {
    let answer = match (request.method(), path(&request)) {
        (Method::Get | Method::Head, METRICS) => (200, OPENMETRICS, metrics(published.latest().map(|(l, _)| l).as_deref())),
        (Method::Get | Method::Head, "/health") => health(published.latest()),
        (Method::Get | Method::Head, _) => (404, PLAIN, "there are /metrics and /health\n".to_owned()),
        _ => (405, PLAIN, "GET alone\n".to_owned()),
    };
    let (status, kind, body) = answer;
    let mut response = Response::from_string(body).with_status_code(status);
    if let Ok(header) = Header::from_bytes("Content-Type", kind) {
        response = response.with_header(header);
    }
    // Whoever asked may be gone.
    let _ = request.respond(response);
}

const METRICS: &str = "/metrics";
const OPENMETRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
const PLAIN: &str = "text/plain; charset=utf-8";
const JSON: &str = "application/json";

/// 200 while datagrams are taken and written as they should; 503 with the reason otherwise.
fn health(latest: Option<(Arc<Live>, Duration)>) -> (u16, &'static str, String) {
    let (status, why) = match latest {
        None => (503, "starting"),
        Some((_, age)) if age > STALE => (503, "decoding stands still"),
        Some((live, _)) if live.sources.iter().any(|s| s.failed) => (503, "receiving has ended"),
        Some((live, _)) if live.recorders.iter().any(|r| r.stopped) => (503, "recording has stopped"),
        Some((live, _)) if live.exports.iter().any(|e| e.stopped) => (503, "exporting has stopped"),
        Some(_) => (200, "ok"),
    };
    (status, JSON, format!("{{\"status\":\"{why}\"}}\n"))
}

type Labels = Vec<(&'static str, String)>;

/// Families with their values, made anew for each reader: there is one truth, and it is elsewhere.
struct Text(Registry);

impl Text {
    fn counters(&mut self, name: &str, help: &str, values: impl IntoIterator<Item = (Labels, u64)>) {
        let family = Family::<Labels, Counter>::default();
        for (labels, value) in values {
            family.get_or_create(&labels).inc_by(value);
        }
        self.0.register(name, help, family);
    }

    fn gauges(&mut self, name: &str, help: &str, values: impl IntoIterator<Item = (Labels, u64)>) {
        let family = Family::<Labels, Gauge>::default();
        for (labels, value) in values {
            family.get_or_create(&labels).inc_by(i64::try_from(value).unwrap_or(i64::MAX));
        }
        self.0.register(name, help, family);
    }
}

fn metrics(live: Option<&Live>) -> String {
    let mut text = Text(Registry::with_prefix("ipfix_inspect"));
    if let Some(live) = live {
        sources(&mut text, live);
        exporters(&mut text, live);
        others(&mut text, live);
    }
    let mut out = String::new();
    // Writing to memory does not fail.
    let _ = encode(&mut out, &text.0);
    out
}

fn sources(text: &mut Text, live: &Live) {
    let each = |value: fn(&crate::summary::LiveSource) -> u64| {
        live.sources.iter().map(move |s| (vec![("source", s.name.clone())], value(s))).collect::<Vec<_>>()
    };
    text.counters("datagrams", "Datagrams received", each(|s| s.datagrams));
    text.counters("octets", "Octets of their payloads", each(|s| s.octets));
    text.counters("kernel_drops", "Datagrams that the kernel dropped since the receive buffer was full", each(|s| s.kernel_drops));
    text.counters("refused", "Datagrams of exporters that are not allowed", each(|s| s.refused));
    text.gauges("receive_buffer_octets", "Receive buffer that the kernel granted each socket", each(|s| s.granted as u64));
}

fn exporters(text: &mut Text, live: &Live) {
    let named = |e: &crate::summary::LiveExporter| -> Labels {
        let key = &e.line.key;
        let domain = key.domain.map(|d| d.to_string()).unwrap_or_default();
        vec![("exporter", key.exporter.to_string()), ("version", key.version.to_string()), ("domain", domain)]
    };
    let other = || -> Labels { vec![("exporter", "other".to_owned()), ("version", String::new()), ("domain", String::new())] };
    let saturated = |sum: u128| u64::try_from(sum).unwrap_or(u64::MAX);
    let mut all = |name: &str, help: &str, total: Option<u64>, value: fn(&crate::summary::ExporterLine) -> u64| {
        let mut values: Vec<(Labels, u64)> = live.exporters.iter().map(|e| (named(e), value(&e.line))).collect();
        let told: u64 = values.iter().map(|(_, v)| *v).fold(0, u64::saturating_add);
        if let Some(rest) = total.map(|t| t.saturating_sub(told)).filter(|_| live.exporters_in_all > live.exporters.len()) {
            values.push((other(), rest));
        }
        text.counters(name, help, values);
    };
    let t = &live.totals;
    all("messages", "Messages decoded", Some(t.messages), |e| e.messages);
    all("flows", "Flows decoded", Some(t.sums.flows), |e| e.sums.flows);
    all("flow_octets", "Octets that flows report", Some(saturated(t.sums.bytes)), |e| u64::try_from(e.sums.bytes).unwrap_or(u64::MAX));
    all("flow_packets", "Packets that flows report", Some(saturated(t.sums.packets)), |e| {
        u64::try_from(e.sums.packets).unwrap_or(u64::MAX)
    });
    all("lost", "Units that sequence numbers show as lost", Some(t.lost), |e| e.sequence.lost);
    all("sets_without_template", "Data Sets given up for want of a template", Some(t.sets_without_template), |e| e.sets_without_template);
    all("exporter_problems", "Problems worse than a note", None, |e| e.problems);
    let templates = live.exporters.iter().map(|e| (named(e), e.line.templates + e.line.options_templates));
    text.gauges("exporter_templates", "Templates and options templates", templates.collect::<Vec<_>>());
    let silent = live.exporters.iter().map(|e| (named(e), u64::from(e.silent_since.is_some())));
    text.gauges("exporter_silent", "1 where no datagram came for longer than is usual", silent.collect::<Vec<_>>());
    let complete = live.exporters.iter().filter_map(|e| {
        let outcome = e.outcome()?;
        let mut labels = named(e);
        labels.push(("verdict", outcome.name().to_owned()));
        Some((labels, 1))
    });
    text.gauges("exporter_verdict", "1 for what the target collector would make of the exporter's templates", complete.collect::<Vec<_>>());
}

fn others(text: &mut Text, live: &Live) {
    let one = |value: u64| vec![(Labels::new(), value)];
    text.gauges("exporters", "Exporters: address, version and domain", one(live.exporters_in_all as u64));
    text.gauges("templates", "Templates and options templates", one(live.totals.templates));
    text.gauges("sets_waiting", "Data Sets that wait for their template", one(live.totals.sets_waiting));
    let problems = live.problems.iter().map(|p| (vec![("cause", p.code.to_owned()), ("severity", p.severity.name().to_owned())], p.count));
    text.counters("problems", "Problems by cause", problems.collect::<Vec<_>>());
    let queue = |value: fn(&crate::summary::LiveQueue) -> u64| {
        live.queues.iter().map(move |q| (vec![("queue", q.name.clone())], value(q))).collect::<Vec<_>>()
    };
    text.gauges("queue_datagrams", "Datagrams that wait in a queue", queue(|q| q.waiting));
    text.gauges("queue_octets", "Octets of memory that they hold", queue(|q| q.octets));
    text.counters("queue_drops", "Datagrams dropped since a queue was full", queue(|q| q.dropped));
    let forward = |value: fn(&crate::summary::LiveForward) -> u64| {
        live.forwards.iter().map(move |f| (vec![("destination", f.to.clone())], value(f))).collect::<Vec<_>>()
    };
    text.counters("forwarded", "Datagrams sent on", forward(|f| f.sent));
    text.counters("forward_refused", "Datagrams that the destination answered nobody wants", forward(|f| f.refused));
    text.counters("forward_failed", "Datagrams that could not be sent on", forward(|f| f.failed));
    let recorder = |value: fn(&crate::summary::LiveRecorder) -> u64| {
        live.recorders.iter().map(move |r| (vec![("folder", r.folder.clone())], value(r))).collect::<Vec<_>>()
    };
    text.counters("recorded", "Datagrams recorded", recorder(|r| r.datagrams));
    text.counters("record_lost", "Datagrams that could not be recorded", recorder(|r| r.lost));
    text.gauges("recording_stopped", "1 while nothing can be written", recorder(|r| u64::from(r.stopped)));
    let export = |value: fn(&crate::summary::LiveExport) -> u64| {
        live.exports.iter().map(move |e| (vec![("folder", e.folder.clone())], value(e))).collect::<Vec<_>>()
    };
    // A flow counts as exported once it is on its way into a file, and no more if that file could not be made whole: so it is no counter.
    text.gauges("exported_flows", "Flows written, or on their way into the file that is open", export(|e| e.flows));
    text.counters("export_lost", "Flows that could not be exported", export(|e| e.lost));
    text.counters("export_files", "Files that are whole", export(|e| e.files));
    text.gauges("exporting_stopped", "1 while nothing can be written", export(|e| u64::from(e.stopped)));
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader, Write};
    use std::net::TcpStream;

    use super::*;
    use crate::summary::{LiveExport, LiveRecorder, LiveTotals};

    fn live(stopped: bool) -> Live {
        let recorder = LiveRecorder { folder: "/r".into(), stopped, datagrams: 5, octets: 9, dropped: 0, lost: 2, files: 1 };
        Live { totals: LiveTotals { templates: 3, ..LiveTotals::default() }, recorders: vec![recorder], ..Live::default() }
    }

    #[test]
    fn the_text_is_open_metrics() {
        let text = metrics(Some(&live(false)));
        assert!(text.contains("# TYPE ipfix_inspect_templates gauge\nipfix_inspect_templates 3\n"), "{text}");
        assert!(text.contains("ipfix_inspect_record_lost_total{folder=\"/r\"} 2\n"), "{text}");
        assert!(text.ends_with("# EOF\n"));
    }

    #[test]
    fn health_tells_what_is_wrong() {
        let at = |live, seconds| health(Some((Arc::new(live), Duration::from_secs(seconds)))).0;
        assert_eq!((at(live(false), 1), at(live(false), 16), at(live(true), 1), health(None).0), (200, 503, 503, 503));
        let export = |stopped| Live { exports: vec![LiveExport { stopped, ..LiveExport::default() }], ..live(false) };
        assert_eq!((at(export(false), 1), at(export(true), 1)), (200, 503));
    }

    /// Asks over a connection of its own, and gives the first line of the answer. Of connections that come at once the library leaves some
    /// waiting for a thread to be free, so whoever gets no answer asks anew.
    fn ask(addr: SocketAddr, path: &str) -> String {
        let answer = || {
            let mut stream = TcpStream::connect(addr).ok()?;
            stream.set_read_timeout(Some(Duration::from_secs(4))).ok()?;
            write!(stream, "GET {path} HTTP/1.1\r\nHost: x\r\n\r\n").ok()?;
            let mut line = String::new();
            BufReader::new(stream).read_line(&mut line).ok()?;
            Some(line.trim_end().to_owned())
        };
        (0..5).find_map(|_| answer()).expect("an answer")
    }

    /// Asks again and again without reading, until there is no room for more, or enough was asked.
    fn flood(addr: SocketAddr, path: &str) -> TcpStream {
        let mut stream = TcpStream::connect(addr).unwrap();
        stream.set_write_timeout(Some(Duration::from_millis(200))).unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n").repeat(100);
        for _ in 0..100 {
            if stream.write_all(request.as_bytes()).is_err() {
                break;
            }
        }
        stream
    }

    #[test]
    fn who_does_not_read_keeps_nobody_waiting() {
        let published = Published::default();
        // An answer of some megabytes: no buffer on the way takes it.
        let recorders = (0..20_000).map(|n| LiveRecorder { folder: format!("/{n:0100}"), ..live(false).recorders[0].clone() });
        published.publish(Arc::new(Live { recorders: recorders.collect(), ..live(false) }));
        let server = MetricsServer::start(SocketAddr::from(([127, 0, 0, 1], 0)), published).unwrap();
        let stuck: Vec<TcpStream> = (0..4).map(|n| flood(server.addr, ["/metrics", "/health"][n % 2])).collect();
        assert_eq!([ask(server.addr, "/health"), ask(server.addr, "/metrics")], ["HTTP/1.1 200 OK", "HTTP/1.1 200 OK"]);
        // With as many as there may be, health is still told.
        let more: Vec<TcpStream> = (0..10).map(|_| flood(server.addr, "/metrics")).collect();
        assert_eq!(ask(server.addr, "/health"), "HTTP/1.1 200 OK");
        drop((stuck, more));
    }

    #[test]
    fn requests_of_one_connection_are_answered_in_their_order() {
        let server = MetricsServer::start(SocketAddr::from(([127, 0, 0, 1], 0)), Published::default()).unwrap();
        let mut stream = TcpStream::connect(server.addr).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        for path in ["/health", "/nowhere", "/metrics"] {
            write!(stream, "GET {path} HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
        }
        let mut lines = BufReader::new(stream).lines().map(|l| l.unwrap()).filter(|l| l.contains("HTTP/1.1"));
        let status = [lines.next(), lines.next(), lines.next()].map(|l| l.unwrap_or_default());
        // A body without a line's end stands before the next status.
        assert!(status.iter().zip(["503", "404", "200"]).all(|(line, code)| line.contains(code)), "{status:?}");
    }
}
