//! Frames of a network interface (packet(7)), as the octets of a capture: they go through the same layers as those of a file.
//!
//! Linux alone. An interface that mirrors another's traffic gets frames for other machines: it has to be promiscuous (`ip link set DEV promisc on`).

use std::collections::VecDeque;
use std::io::{self, IoSliceMut, Read};
use std::os::fd::{AsRawFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use nix::errno::Errno;
use nix::ifaddrs::getifaddrs;
use nix::sys::socket::{
    AddressFamily, ControlMessageOwned, LinkAddr, MsgFlags, SockFlag, SockProtocol, SockType, SockaddrStorage, bind, recvmsg, setsockopt,
    socket, sockopt,
};
use nix::sys::time::{TimeSpec, TimeVal};

use super::error::InputError;
use super::opened::Input;
use super::options::InputOptions;
use super::socket::{ListenError, SocketCounters, WAIT, index_of};
use super::socket_receive::now;

/// Octets of a frame that are kept: more than any that comes.
const LONGEST: usize = 262_144;
/// Octets that are gathered before they are handed on.
const ENOUGH: usize = 128 << 10;
/// Between two looks where there is not more to take.
const PACE: Duration = Duration::from_millis(1);
/// `sll_pkttype`: what this machine sends. On loopback every frame is seen a second time as that.
const OUTGOING: u8 = 4;
/// `sll_hatype` (if_arp.h): Ethernet, loopback, none (tun).
const ETHER: u16 = 1;
const LOOPBACK: u16 = 772;
const NONE: u16 = 0xfffe;
/// Link types of captures.
const EN10MB: u32 = 1;
const RAW: u32 = 101;

/// An interface whose frames are read: a stream of octets in pcap's form, with times in nanoseconds.
#[derive(Debug)]
pub struct Device {
    socket: OwnedFd,
    /// True to leave out what this machine sends.
    skip_outgoing: bool,
    /// True once it was told that the interface went down.
    told_down: bool,
    stop: Arc<AtomicBool>,
    counters: Arc<SocketCounters>,
    waiting: VecDeque<u8>,
    frame: Vec<u8>,
}

impl Device {
    /// Opens an interface; it ends when `stop` is set.
    ///
    /// # Errors
    /// There is none of that name, it is of an unknown kind, or the permission is missing.
    pub fn open(name: &str, port: u16, receive_buffer: usize, stop: Arc<AtomicBool>) -> Result<Self, ListenError> {
        if index_of(name).is_none() {
            return Err(ListenError::NoInterface { name: name.to_owned() });
        }
        let failed = |what| move |e: Errno| ListenError::System { port, what, source: e.into() };
        let addr = link_addr(name).map_err(failed("looking for the interface"))?;
        let addr = addr.ok_or_else(|| ListenError::NoInterface { name: name.to_owned() })?;
        let link = match addr.hatype() {
            ETHER | LOOPBACK => EN10MB,
            NONE => RAW,
            _ => return Err(ListenError::System { port, what: "capturing from this kind of interface", source: Errno::EOPNOTSUPP.into() }),
        };
        let socket = socket(AddressFamily::Packet, SockType::Raw, SockFlag::SOCK_CLOEXEC, SockProtocol::EthAll).map_err(|e| match e {
            Errno::EPERM | Errno::EACCES => ListenError::NotPermitted { port, what: "capturing takes the capability CAP_NET_RAW" },
            e => ListenError::System { port, what: "capturing", source: e.into() },
        })?;
        if setsockopt(&socket, sockopt::RcvBufForce, &receive_buffer).is_err() {
            let _ = setsockopt(&socket, sockopt::RcvBuf, &receive_buffer);
        }
        let _ = setsockopt(&socket, sockopt::RxqOvfl, &1);
        let _ = setsockopt(&socket, sockopt::ReceiveTimestampns, &true);
        let millis = i64::try_from(WAIT.as_micros()).unwrap_or(100_000);
        setsockopt(&socket, sockopt::ReceiveTimeout, &TimeVal::new(0, millis)).map_err(failed("a time to wait"))?;
        bind(socket.as_raw_fd(), &addr).map_err(failed("binding to the interface"))?;
        Ok(Self {
            socket,
            skip_outgoing: addr.hatype() == LOOPBACK,
            told_down: false,
            stop,
            counters: Arc::default(),
            waiting: header(link).into(),
            frame: vec![0; LONGEST],
        })
    }

    /// Leaves out what this machine sends itself, if that is wanted; else it does so on loopback alone, where every frame is seen twice. To be
    /// asked for where datagrams are sent on: going out by the interface they came in by, they would be captured again and again.
    #[must_use]
    pub fn skip_outgoing(self, skip: bool) -> Self {
        Self { skip_outgoing: self.skip_outgoing || skip, ..self }
    }

    /// What it counts: frames.
    pub fn counters(&self) -> &Arc<SocketCounters> {
        &self.counters
    }

    /// Its frames as an input. `file` is the number that origins say.
    ///
    /// # Errors
    /// None that is to be expected.
    pub fn input(self, name: &str, file: u32, options: &InputOptions) -> Result<Input, InputError> {
        Input::live(name, Box::new(self), file, options)
    }

    /// Takes one frame, waiting for it if that is wanted; false if none came.
    fn take(&mut self, wait: bool) -> io::Result<bool> {
        let mut space = nix::cmsg_space!(TimeSpec, u32);
        let flags = if wait { MsgFlags::MSG_TRUNC } else { MsgFlags::MSG_TRUNC | MsgFlags::MSG_DONTWAIT };
        let (length, outgoing, mut nanos, drops) = {
            let mut parts = [IoSliceMut::new(&mut self.frame)];
            let message = match recvmsg::<SockaddrStorage>(self.socket.as_raw_fd(), &mut parts, Some(&mut space), flags) {
                Ok(message) => message,
                Err(Errno::EAGAIN | Errno::EINTR) => return Ok(false),
                // Told once each time the interface goes down; frames come again when it is up (packet(7)).
                Err(Errno::ENETDOWN) => {
                    self.counters.downs.fetch_add(1, Ordering::Relaxed);
                    if !std::mem::replace(&mut self.told_down, true) {
                        tracing::warn!("the interface that is captured from went down; frames are taken again when it is up");
                    }
                    return Ok(false);
                }
                Err(e) => return Err(e.into()),
            };
            let kind = message.address.as_ref().and_then(|a| a.as_link_addr()).map(LinkAddr::pkttype);
            let (mut nanos, mut drops) = (None, None);
            for told in message.cmsgs().into_iter().flatten() {
                match told {
                    ControlMessageOwned::ScmTimestampns(time) => nanos = Some((time.tv_sec(), time.tv_nsec())),
                    ControlMessageOwned::RxqOvfl(number) => drops = Some(number),
                    _ => {}
                }
            }
            (message.bytes, kind == Some(OUTGOING), nanos, drops)
        };
        if let Some(drops) = drops {
            self.counters.tell_drops(drops);
        }
        if self.skip_outgoing && outgoing {
            return Ok(true);
        }
        if nanos.is_none_or(|(seconds, _)| seconds == 0) {
            let now = now().nanos();
            nanos = Some((now.div_euclid(1_000_000_000), now.rem_euclid(1_000_000_000)));
        }
        let (seconds, rest) = nanos.unwrap_or_default();
        let octets = self.frame.get(..length.min(LONGEST)).unwrap_or(&[]);
        let number = |n: i64| u32::try_from(n).unwrap_or(u32::MAX).to_le_bytes();
        let size = |n: usize| u32::try_from(n).unwrap_or(u32::MAX).to_le_bytes();
        for word in [number(seconds), number(rest), size(octets.len()), size(length)] {
            self.waiting.extend(word);
        }
        self.waiting.extend(octets);
        self.counters.datagrams.fetch_add(1, Ordering::Relaxed);
        self.counters.octets.fetch_add(u64::try_from(length).unwrap_or(0), Ordering::Relaxed);
        Ok(true)
    }
}

impl Read for Device {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        while self.waiting.is_empty() {
            if self.stop.load(Ordering::Relaxed) {
                return Ok(0);
            }
            if self.take(true)? {
                thread::sleep(PACE);
                while self.waiting.len() < ENOUGH && self.take(false)? {}
            }
        }
        self.waiting.read(buf)
    }
}

/// The address by which an interface is bound to.
fn link_addr(name: &str) -> nix::Result<Option<LinkAddr>> {
    let mut all = getifaddrs()?.filter(|i| i.interface_name == name);
    Ok(all.find_map(|i| i.address.and_then(|a| a.as_link_addr().copied())))
}

/// The header of a pcap file whose times have nanoseconds.
fn header(link: u32) -> Vec<u8> {
    let words = [0xa1b2_3c4d, 0x0004_0002, 0, 0, u32::try_from(LONGEST).unwrap_or(u32::MAX), link];
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}
