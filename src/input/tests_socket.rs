//! Sockets: what is sent over loopback comes out of a receiver as it was sent.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::socket::{PortOptions, open};
use super::socket_portable;
use super::socket_receive::{Receiver, SLOT};
use crate::datagram::{DatagramBatch, Endpoint};

fn options(bind: Option<IpAddr>) -> PortOptions {
    PortOptions { bind, port: 0, interface: None, receive_buffer: 8 << 20, sockets: 1 }
}

/// Receives until so many datagrams have come, and gives the batches.
fn received(mut receiver: Receiver, datagrams: usize) -> Vec<DatagramBatch> {
    let (stop, mut batches, mut count) = (AtomicBool::new(false), Vec::new(), 0);
    let began = Instant::now();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while began.elapsed() < Duration::from_secs(20) && !stop.load(Ordering::Relaxed) {
                std::thread::sleep(Duration::from_millis(20));
            }
            stop.store(true, Ordering::Relaxed);
        });
        receiver
            .run(&stop, |batch| {
                count += batch.datagrams.len();
                batches.push(batch);
                if count >= datagrams {
                    stop.store(true, Ordering::Relaxed);
                }
            })
            .unwrap();
    });
    batches
}

#[test]
fn octets_ends_and_numbers_over_both_families() {
    let Some(socket) = open(&options(None)).unwrap().pop() else { panic!("no socket") };
    let (port, granted) = (socket.local.port(), socket.granted);
    assert!(granted >= 4096, "{granted}");
    let v4 = UdpSocket::bind((Ipv4Addr::new(127, 0, 0, 9), 0)).unwrap();
    let v6 = UdpSocket::bind((Ipv6Addr::LOCALHOST, 0)).ok();
    let payload = |number: u32, length: usize| -> Vec<u8> { number.to_be_bytes().into_iter().cycle().take(length).collect() };
    let lengths = [0, 1, 1_400, SLOT, SLOT + 1, 9_000, 65_000];
    let mut sent = Vec::new();
    for (number, length) in (0u32..).zip(lengths.into_iter().chain((0..600).map(|n| 100 + n))) {
        let octets = payload(number, length);
        match &v6 {
            Some(v6) if number % 2 == 1 => {
                v6.send_to(&octets, SocketAddr::from((Ipv6Addr::LOCALHOST, port))).unwrap();
                sent.push((v6.local_addr().unwrap(), IpAddr::V6(Ipv6Addr::LOCALHOST), octets));
            }
            _ => {
                v4.send_to(&octets, SocketAddr::from((Ipv4Addr::new(127, 3, 2, 1), port))).unwrap();
                sent.push((v4.local_addr().unwrap(), IpAddr::from([127, 3, 2, 1]), octets));
            }
        }
    }
    let batches = received(Receiver::new(socket, 7, Arc::default()), sent.len());
    let mut seen = 0;
    for batch in &batches {
        for datagram in &batch.datagrams {
            let (from, to, octets) = &sent[seen];
            assert_eq!(datagram.exporter, Endpoint { addr: from.ip(), port: from.port() });
            assert_eq!(datagram.collector, Endpoint { addr: *to, port });
            assert_eq!(batch.payload(datagram), octets, "datagram {seen}");
            seen += 1;
            assert_eq!((datagram.origin.file, datagram.origin.frame), (7, seen as u64));
            assert!(datagram.time.unwrap().nanos() > 1_700_000_000_000_000_000);
        }
    }
    assert_eq!(seen, sent.len());
}

#[test]
fn one_at_a_time_gives_the_same_octets() {
    let Some(socket) = open(&options(Some(Ipv4Addr::LOCALHOST.into()))).unwrap().pop() else { panic!("no socket") };
    let sender = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    for length in [5, 0, SLOT, 3_000, 7] {
        sender.send_to(&vec![length as u8; length], socket.local).unwrap();
    }
    let mut slots = vec![0; SLOT * 4];
    let (mut extra, mut arrivals) = (Vec::new(), Vec::new());
    let mut calls = socket_portable::Calls::new(4);
    calls.receive(&socket.socket, &mut slots, 4, true, &mut extra, &mut arrivals).unwrap();
    assert_eq!(arrivals.iter().map(|a| (a.length, a.beyond)).collect::<Vec<_>>(), [(5, None), (0, None), (SLOT, None), (3_000, Some(0))]);
    assert_eq!(slots[..6], [5, 5, 5, 5, 5, 0]);
    assert_eq!(extra, vec![3_000u32 as u8; 3_000]);
    assert_eq!(arrivals[0].from.port, sender.local_addr().unwrap().port());
    arrivals.clear();
    calls.receive(&socket.socket, &mut slots, 4, true, &mut extra, &mut arrivals).unwrap();
    assert_eq!(arrivals.iter().map(|a| a.length).collect::<Vec<_>>(), [7]);
    assert!(calls.receive(&socket.socket, &mut slots, 4, false, &mut extra, &mut arrivals).is_err());
}

/// Gives its first octets, and then shows that it was asked for more.
struct Quiet(Vec<u8>);

impl std::io::Read for Quiet {
    fn read(&mut self, buf: &mut [u8]) -> std::io::Result<usize> {
        assert!(!self.0.is_empty(), "a device would wait for a frame here");
        let octets = std::mem::take(&mut self.0);
        buf[..octets.len()].copy_from_slice(&octets);
        Ok(octets.len())
    }
}

#[test]
fn a_live_capture_opens_by_its_header_alone() {
    let words = [0xa1b2_3c4du32, 0x0004_0002, 0, 0, 262_144, 1];
    let header: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
    let input = super::Input::live("quiet", Box::new(Quiet(header)), 0, &super::InputOptions::default()).unwrap();
    assert!(!input.holds_flows());
}
