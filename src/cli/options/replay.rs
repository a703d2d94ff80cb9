//! What the arguments of `replay` mean.

use std::net::{SocketAddr, ToSocketAddrs};

use crate::cli::Failure;
use crate::cli::args::{CommonArgs, ReplayArgs};
use crate::config::{Destination, Host, destination};
use crate::input::Location;
use crate::replay::Pace;

use super::{Reading, reading};

/// A replay.
#[derive(Clone, Debug)]
pub(in crate::cli) struct ReplayOptions {
    pub(in crate::cli) reading: Reading,
    /// As it was typed.
    pub(in crate::cli) destination: String,
    pub(in crate::cli) to: SocketAddr,
    pub(in crate::cli) pace: Pace,
    pub(in crate::cli) templates_first: bool,
    pub(in crate::cli) spoof: bool,
    /// How often the inputs are sent.
    pub(in crate::cli) rounds: u64,
    pub(in crate::cli) retime: bool,
    pub(in crate::cli) limit: Option<u64>,
}

pub(in crate::cli) fn replay(args: &ReplayArgs, common: &CommonArgs) -> Result<ReplayOptions, Failure> {
    let to = looked_up(&args.to)?;
    let pace = match (&args.rate, args.speed) {
        (Some(rate), _) => rate_of(rate)?,
        (None, Some(speed)) if speed.is_finite() && speed > 0.0 => Pace::Captured(speed),
        (None, Some(speed)) => return Err(Failure(format!("--speed {speed}: expected a number above 0, such as 10 or 0.5"))),
        (None, None) => Pace::Captured(1.0),
    };
    let reading = reading(&args.files, common)?;
    if common.save_templates.is_some() || common.templates.is_some() {
        return Err(Failure(
            "--templates and --save-templates: a replay decodes nothing, so it keeps no templates; leave them out".to_owned(),
        ));
    }
    // 0, or nothing, is for ever.
    let rounds = match args.rounds {
        None => 1,
        Some(0) => u64::MAX,
        Some(rounds) => rounds,
    };
    let twice = [("--loop", rounds > 1), ("--templates-first", args.templates_first)];
    if reading.locations.contains(&Location::Stdin)
        && let Some((option, _)) = twice.iter().find(|(_, wanted)| *wanted)
    {
        return Err(Failure(format!("{option}: standard input can be read only once; name a file")));
    }
    Ok(ReplayOptions {
        reading,
        destination: args.to.clone(),
        to,
        pace,
        templates_first: args.templates_first,
        spoof: args.spoof,
        rounds,
        retime: args.retime,
        limit: args.limit,
    })
}

fn rate_of(text: &str) -> Result<Pace, Failure> {
    if text == "max" {
        return Ok(Pace::Fastest);
    }
    match text.parse::<f64>() {
        Ok(0.0) => Ok(Pace::Fastest),
        Ok(rate) if rate.is_finite() && rate > 0.0 => Ok(Pace::Rate(rate)),
        _ => Err(Failure(format!("--rate {text}: expected datagrams a second, such as 50000, or max"))),
    }
}

/// The address of a destination, which must name its port.
fn looked_up(text: &str) -> Result<SocketAddr, Failure> {
    let Destination { host, port } = destination(text).map_err(|why| Failure(format!("--to: {why}")))?;
    let port = port.ok_or_else(|| Failure(format!("--to {text}: expected a port as well, such as {}", with_port(&host))))?;
    match host {
        Host::Address(address) => Ok(SocketAddr::new(address, port)),
        Host::Name(name) => {
            let found =
                (name.as_str(), port).to_socket_addrs().map_err(|e| Failure(format!("--to {text}: {name} can't be looked up: {e}")))?;
            found.into_iter().next().ok_or_else(|| Failure(format!("--to {text}: {name} has no address")))
        }
    }
}

fn with_port(host: &Host) -> String {
    Destination { host: host.clone(), port: Some(crate::config::DEFAULT_PORT) }.to_string()
}
