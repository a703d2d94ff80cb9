//! In: the facts of a run ([`crate::summary`]), and batches of flows. Out: text for people, JSON for programs, a table that streams.
//! May use: everything to its left (`time` … `summary`, `write`); comfy_table, serde and serde_json are at home here.
//! All text from the wire goes through [`escape`] before it can reach a terminal.
//!
//! # JSON
//! Both reports are one object, pretty-printed, with one newline at the end. Times are ISO 8601 in UTC with 3, 6 or 9 digits of
//! fraction. What is not known is `null`. Sums beyond 64 bits are held at 18446744073709551615. A new field may be added under the same
//! schema; a change of meaning makes a new one.
//!
//! ## `ipfix-inspect/overview/1`
//! - `schema`
//! - `files`, an object each: `path`; `container`; `compression`; `octets` of the capture, decompressed; `frames`; `datagrams` (UDP, and
//!   IPFIX messages over TCP); `nde_datagrams`; `messages`, counts by version (`v1`, `v5`, `v7`, `v9`, `IPFIX`); `first` and `last`, the
//!   times of frames. A flow log has no `frames`: its `datagrams` are its messages, its times those of their export.
//! - `totals`: `frames`, `datagrams`, `nde_datagrams`, `messages`; `templates` and `options_templates`, distinct ones; `template_records`
//!   and `options_template_records`, refreshes counted; `flows`; `options_records`; `bytes`; `packets`; `sets_without_template`;
//!   `sets_by_kept_template`, Data Sets read with a template of `--templates` that had not been sent by then; `lost`, units that the
//!   sequence numbers miss; `scaled`, true if bytes and packets are multiplied by the sampling rates.
//! - `exporters`, one for each address, version and domain: `exporter`, `version`, `domain` (v5: engine type · 256 + engine id; null in v1
//!   and v7), `ports` it sends from (`exporter` is null and `ports` empty for a flow log, which does not tell them); the counts of `totals`
//!   but frames and datagrams, with `messages` a number; `reordered`, `duplicates`, `restarts`; `sequence`, what the sequence numbers
//!   count; `sequence_deviates`, true if that is not what the version's document says; `other_scopes`, what a wider `--template-scope`
//!   would let be decoded of `sets_without_template`: `template_scope`, the rule; `sets`, how many; `ports` that they come from;
//!   `template_ports` and `template_domains` that their templates come from; `problems` worse than a note; `first_seen`, `last_seen`;
//!   `sampling` (null where nothing is said of it): `rates`, each with `source` (`header`, `options`), `of` (`all`, `sampler`, `interface`,
//!   `template`), `id` and `interval`; `in_records`, true if flows tell their rate themselves; `unannounced`, samplers that flows name and
//!   whose rate nothing tells; `strm`, a verdict for each layout: `template_id` (null for fixed records), `definition` (1 for the first
//!   content of the id), `flows`, `icmp_only`, `verdict` (`complete`, `complete-by-alternates`, `unknown`, `incomplete`, `not-applicable`), `missing` names
//!   of STRM's list, `undecided` those that only TCP flows need where no flow came, `alternates`: `for` a name of the list, `element`,
//!   `name`.
//! - `problems`, worst first: `code`, `severity` (`error`, `warning`, `note`), `count`, `message`, `first`, the first example: `file`,
//!   `frame` (a flow log's message), `exporter`, `domain`, `offset` in octets from the beginning of the payload, `detail`.
//! - `flows`, the first ten: canonical columns that have a value; times, addresses, MACs and octets as strings.
//! - `columns`, of exported flows alone: `name`, `kind`, `values`, how many flows have one. Such files have no frames, messages and templates,
//!   and no verdicts; the `frame` of their problems is the row.
//!
//! ## `ipfix-inspect/summary/1`
//! - `schema`; `files`, the names of the inputs; `filter`, or null; `scaled`, true if bytes and packets are multiplied by the sampling rates
//! - A counter is null where none of the flows says it.
//! - `totals`: `flows`, `packets`, `bytes`; `packets_reverse` and `bytes_reverse` of the reverse direction, which no other sum has; `bps`,
//!   bits a second from `first` to `last`, the earliest begin and the latest end of a flow
//! - `series`, or null: `seconds` of an interval; `flows_without_time`, in no interval; `intervals` in order, an object each: `interval`,
//!   when it begins; `flows`, `packets`, `bytes`, `bps`. Intervals in which nothing was are there too, unless they were a hundred thousand.
//! - `tables`: `by`, the columns grouped by; `order` (`bytes`, `packets`, `flows`, `bps`); `seconds` of an interval, or null; `groups`, how
//!   many there are in all (with intervals: in all of them); `temporary_files`, true if they did not fit memory; `rows`, the first groups in
//!   order (with intervals: of each, which is the first member `interval`): a member for each column by its name, null where flows have no
//!   value, with --names `in_if_name` and `out_if_name` behind the interfaces; `flows`, `packets`, `bytes`, `bps` (null where there is no
//!   time between first and last); and without intervals `first` and `last`. Values are as in `flows` of the overview.
//!
//! ## `ipfix-inspect/templates/1`
//! - `schema`; `files`, the names of the inputs; `kept_from`, the file of `--templates`, or null
//! - `templates`, by exporter, domain, version and id: `exporter` and `port` (null for a flow log), `version`, `domain`, `id`, `kind`
//!   (`data`, `options`), `definition` (1 for the first content of the id), `first_seen`, `first_file`, `first_frame`, `last_seen`,
//!   `times_sent`, `sets` and `records` read with it; `list_uses`, how many lists (RFC 6313) hold records by it; `kept`, what earlier runs
//!   know of it, or null: `first_seen`, `last_seen`, `times_sent`, which the fields before it do not count; `fields` in wire order: `id`,
//!   `pen` (0 for IANA), `name`, `column` (for `--columns`), `v9_name`, `vendor`, `length` (a number, or `"variable"`), `scope`.
//!
//! ## `ipfix-inspect/template-history/1`
//! - `schema`; `events_left_out`, beyond the first hundred thousand
//! - `templates`: `exporter` and `port` (null for a flow log), `version`, `domain`, `id`; `events` in order: `event` (`learned`, `refreshed`, `redefined`,
//!   `withdrawn`, `withdrawal-ignored`), `first_time`, `first_frame`, `last_time`, `count` (refreshes in a row are one), `fields`, `changes` (phrases
//!   that begin with `+`, `-`, `~` for another length, `>` for another place), `shortest_interval_ns` and `longest_interval_ns` of refreshes
//!
//! ## `ipfix-inspect/template-diff/1`
//! - `schema`; `comparisons`: `id`, `old` and `new` as words, `changes` as above
//!
//! ## `ipfix-inspect/live/1`
//! One object a line; all counts are since the beginning unless they stand in `period`.
//! - `schema`; `began`, `time`; `last`, true in the last object of a run
//! - running totals: `datagrams` received and `octets` of their payloads; `messages` decoded; `flows`, `bytes`, `packets` in them;
//!   `kernel_drops`, datagrams that the kernel dropped; `queue_drops`, datagrams received and not decoded, since decoding was behind;
//!   `refused`, datagrams of exporters that are not allowed; `lost` by sequence numbers; `templates`; `sets_waiting` for a template and
//!   `sets_without_template`, given up
//! - `period`: `seconds` since the object before, and the `messages`, `flows`, `bytes` and `packets` of it
//! - `sources`, the flow sources: `name`, `profile` of the target collector, `local` address and port, `sockets`, `receive_buffer` that the
//!   kernel granted each, `datagrams`, `octets`, `kernel_drops`, `refused`, `refused_exporters`, `open`, and `failed` once receiving has ended by an error
//! - `exporters`, the hundred with the most flows: `source` of the latest message, the fields of the overview's exporters, `silent_since` (null
//!   unless no datagram came for longer than is usual), `verdict` for the target collector (null before there is a template; templates that only ICMP flows
//!   came by count where there are no others), `missing`;
//!   `exporters_in_all`
//! - `problems`, worst first: `code`, `severity`, `count`, `message`, `first_exporter`, `detail` of the first
//! - `queues`: `name`, `waiting` datagrams, `octets` that they hold, `dropped`; `forwards`: `to`, `sent`, `octets`, `dropped` (its queue was full),
//!   `filtered`, `refused` (nobody listens there), `failed`, `shared` (sessions that share a socket); `recorders`: `folder`, `stopped`, `datagrams`, `octets`, `dropped`, `lost`, `files`;
//!   `exports`: `folder`, `stopped`, `flows`, `lost`, `files`
//!
//! ## `ipfix-inspect/options/1`
//! - `schema`
//! - `tables`, by exporter, domain, version and id: `exporter`, `version`, `domain`, `template_id`, `definition`; `scopes`, the columns of
//!   scope fields; `columns`, all of them in wire order; `count` of records; `records`, an object each.
//!
//! ## `ipfix-inspect/elements/1`
//! - `schema`
//! - `elements`, the exact matches first, then by number: `number` as people write it (`8`, `9/12235`), `pen` (0 for IANA), `id`, `name`,
//!   `column`, `v9_name`, `type`, `units`, `semantics`, `status` (`current`, `deprecated`, `obsolete`), `vendor`, `description`, `source`
//!   (`built-in`, `file`: of `--elements`).
//!
//! ## `ipfix-inspect/audit/1`
//! - `schema`; `files`; `first` and `last` message; `messages`; `traffic` (`flows`, `bytes`, `packets`, `tcp`, `icmp` flows); `looked_at`,
//!   flows whose values were looked at
//! - `profiles`: `name`, `title`, `demands`, their names in order
//! - `exporters`: `exporter` (null for a flow log), `version`, `domain`, `ports`, `messages`, `first_seen`, `last_seen`, `traffic`; `platform`
//!   (null if not recognised): `id`, `title`, `evidence` (null if the user named it); `verdicts`, one by profile: `profile`, `verdict`,
//!   `message`; `layouts`: `template_id` and `definition` (null for fixed records), `kind` (`data`, `options`), `sent` (false for kept
//!   templates), `traffic`, `fields` (how many), `verdicts` by profile: `verdict` (`complete`, `complete-by-alternates`, `incomplete`,
//!   `unknown`, `not-applicable`), `version_taken`, `demands`: `name`, `judgement` (`met`, `plausible`, `missing`, `undecided`, `not-needed`),
//!   `by` the elements
//! - `findings`, worst first: `code`, `severity`, `title`; `exporter`, `version`, `domain`, `template_id`, `definition`, `profile`, as far as they
//!   apply; `statement`; `evidence`: `file`, `frame`, `offset`, `what`; `consequence`; `hint`
//! - `octets`: `total`; `classes`: `class`, `octets`, `decoded`; `undecoded`, the first thousand places: `class`, `file`, `frame`, `offset`, `octets`,
//!   `exporter`, `domain`; `more_undecoded`
//! - `timeline`: the exporter's names, `template_id`, `definition`, `marks` (`time`, `event`: `learned`, `refreshed`, `redefined`, `withdrawn`,
//!   `withdrawal-ignored`), `data` (`from`, `to`, `records`)
//!
//! ## `ipfix-inspect/findings/1`
//! - `schema`; `findings`, all kinds or one: `code`, `severity`, `title`, `explanation`, `consequence`
//!
//! ## `ipfix-inspect/conversations/1`
//! - `schema`; `window_ns`, `horizon_ns`, `max_open`, `asymmetric`, `deduplicate`, as they were set
//! - `flows`, records read; `bidirectional_records` of them; `flows_without_addresses`, left out; `flows_without_times`; `late_flows`, which
//!   arrived more than the horizon after they began; `folded_flows`, left out as counted twice; `conversations`, and `both` of them with both
//!   directions; `closed_early` by `max_open`, the first `closed_early_after_s` seconds after its latest flow (null for none); `most_open` at a time
//! - `total`: where the other direction is, each exporter on its own: `both` at one exporter and its interfaces, `at_other_interfaces`,
//!   `at_other_exporters`, `one_way` (nowhere), `no_answer_due` (multicast, broadcast, ICMP that nobody answers); each with `conversations`,
//!   `flows` (a bidirectional record counts as two) and `bytes`
//! - `exporters`: `exporter` (null where a flow log does not tell it), the same fields; `interfaces`: `interface` (null where no flow tells
//!   it), the same fields, `conversations` being directions
//! - `asymmetric_flows`, STRM's setting: `on`, `off`, `no-help` (nearly all is one-way everywhere), null without flows; `advice`, the sentence
//!
//! ## `ipfix-inspect/profiles/1`
//! - `schema`
//! - `profiles`: `name`, `title` of the collector, `document`, `url` and `date` of the source, `versions` it takes (none: all), `notes`;
//!   `demands` in the document's order: `name`, `any` groups of elements of which one is enough (`8`, `9/12235`, `231+232`), `plausible`
//!   ones that the document does not name, `when` (`always`, `tcp`, `sampled`), `need` (`required`, `recommended`).
//!
//! ## `ipfix-inspect/sources/1`
//! - `schema`; `file`, the configuration file (null: there is none)
//! - `sources`: `name`; `from`, the flow source that it is built from; the keys of the configuration, each with `value`, `comes_from` (`own`,
//!   `source`, `default`) and `source`, the name where it comes from another; `forwarding` holds such keys, and `leads_to`, the destinations
//!   with their ports, none where it is not enabled
//! - `collectors`: `name`, `address`, `profile`

mod audit;
mod cell;
mod conversations;
mod conversations_json;
mod display;
mod elements;
mod escape;
mod explain;
mod exporters;
mod files;
mod first_flows;
mod flow_table;
mod grid;
mod json;
mod live;
mod live_json;
mod live_view;
mod number;
mod options_tables;
mod other_scopes;
mod overview;
mod overview_json;
mod problems;
mod profiles;
mod result_table;
mod sampling;
mod sources;
mod stored_columns;
mod strm;
mod style;
mod summary;
mod template_changes;
mod templates;
mod templates_json;
mod width;
mod zone;

pub use audit::{audit_html, audit_json, audit_junit, audit_markdown, audit_sarif, audit_text};
pub use conversations::{conversations_advice, conversations_text};
pub use conversations_json::conversations_json;
pub use display::{ByteUnits, Display};
pub use elements::{elements_json, elements_text};
pub use escape::escape;
pub use explain::{finding_text, findings_json, findings_text};
pub use flow_table::{FlowTable, FlowTableSink, TablePart};
pub use json::pretty;
pub use live::live_text;
pub use live_json::live_json;
pub use live_view::{LiveKey, LiveView};
pub use options_tables::{OptionsTable, OptionsTables, SetPart, TableDigest, TableRows, options_csv, options_json, options_text};
pub use overview::overview_text;
pub use overview_json::overview_json;
pub use profiles::{profile_text, profiles_json, profiles_text};
pub use result_table::result_table;
pub use sources::{source_json, source_text, sources_json, sources_text};
pub use style::Style;
pub use summary::{SummaryView, summary_csv, summary_json, summary_markdown, summary_text};
pub use template_changes::{diff_json, diff_text, history_json, history_text};
pub use templates::templates_text;
pub use templates_json::templates_json;
pub use zone::{UnknownZone, Zone};

#[cfg(test)]
mod tests;
#[cfg(test)]
mod tests_table;
