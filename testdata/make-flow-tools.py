#!/usr/bin/env python3
"""Writes the files flow-tools-* into a folder, from the public description of the format alone: python3 make-flow-tools.py FOLDER"""

import ipaddress
import struct
import sys
import zlib

NOW = 1420000000


def v4(address):
    return int(ipaddress.IPv4Address(address))


def header(order, version, flags):
    """Stream version 3: vendor, version, exporter, start, end, flags, flows, host name; padded to four octets."""
    fields = [(1, "B", 1), (2, "H", version), (5, "I", 0), (6, "I", NOW - 300), (7, "I", NOW), (8, "I", flags), (10, "I", 3)]
    octets = b"".join(struct.pack(order + "HH" + kind, number, struct.calcsize(kind), value) for number, kind, value in fields)
    octets += struct.pack(order + "HH", 15, 5) + b"made\0"
    octets += bytes(-len(octets) % 4)
    return struct.pack("BBBB", 0xCF, 0x10, 1 if order == "<" else 2, 3) + struct.pack(order + "I", 8 + len(octets)) + octets


def common(order, source, destination, hop, interfaces, packets, octets, first, last, ports):
    return struct.pack(order + "IIIHHIIIIHH", v4(source), v4(destination), v4(hop), *interfaces, packets, octets, first, last, *ports)


def record(order, version, clock, exporter, engine, flow, protocol, tos, tcp_flags, masks, systems, router=None):
    """Stream version 3; the clock is seconds, nanoseconds, SysUptime."""
    octets = struct.pack(order + "IIII", *clock, v4(exporter)) + common(order, *flow)
    octets += bytes([protocol, tos, tcp_flags, 1 if version == 7 else 0, *engine, *masks]) + struct.pack(order + "HH", *systems)
    return octets + (struct.pack(order + "I", v4(router)) if version == 7 else b"")


FIRST = (NOW, 123456789, 3600000)
WRAPPED = (NOW + 60, 0, 1000)
WEB = ("10.0.0.1", "203.0.113.9", "10.9.9.9", (3, 65535), 10, 1500, 3595000, 3599500, (1024, 80))
DNS = ("10.0.0.2", "203.0.113.53", "0.0.0.0", (3, 4), 4294967295, 4000000000, 0, 3600000, (5353, 53))
PING = ("10.0.0.3", "203.0.113.7", "10.9.9.9", (1, 2), 4, 336, 2**32 - 1000, 500, (0, 8 * 256))


def v5(order):
    return [
        record(order, 5, FIRST, "192.0.2.1", (1, 2), WEB, 6, 16, 27, (24, 16), (64500, 64501)),
        record(order, 5, FIRST, "192.0.2.1", (1, 2), DNS, 17, 0, 0, (32, 0), (0, 65535)),
        record(order, 5, WRAPPED, "192.0.2.9", (0, 0), PING, 1, 0, 0, (8, 8), (0, 0)),
    ]


def v7(order):
    return [
        record(order, 7, FIRST, "192.0.2.3", (0, 0), WEB, 6, 16, 27, (24, 16), (64500, 64501), "10.9.9.1"),
        record(order, 7, FIRST, "192.0.2.3", (3, 4), DNS, 17, 0, 0, (32, 0), (0, 65535), "10.9.9.2"),
        record(order, 7, WRAPPED, "0.0.0.0", (0, 0), PING, 1, 0, 0, (8, 8), (0, 0), "0.0.0.0"),
    ]


def stream_1(order):
    """Stream version 1: the records tell when the exporter was booted, seconds and milliseconds."""
    octets = struct.pack("BBBB", 0xCF, 0x10, 1 if order == "<" else 2, 1)
    octets += struct.pack(order + "HHIIIIIII", 5, 0, NOW - 300, NOW, 1, 0, 2, 0, 0) + b"made".ljust(68, b"\0") + bytes(256)
    late = ("10.0.0.4", "203.0.113.4", "0.0.0.0", (1, 2), 1, 40, 3000000000, 3000001000, (1, 2))
    for flow, protocol, tos, flags, masks, systems in [(WEB, 6, 16, 27, (24, 16), (64500, 64501)), (late, 6, 0, 4, (0, 0), (0, 0))]:
        octets += struct.pack(order + "II", NOW - 3600, 250) + common(order, *flow) + bytes([0, 0, protocol, tos, flags, 9, 9, 9])
        octets += struct.pack(order + "HH", *systems) + bytes([*masks, 9, 9])
    return octets


FILES = {
    "v5-little": header("<", 5, 1) + b"".join(v5("<")),
    "v5-big-zlib": header(">", 5, 3) + zlib.compress(b"".join(v5(">"))),
    "v7-big": header(">", 7, 1) + b"".join(v7(">")),
    "v7-little-zlib": header("<", 7, 3) + zlib.compress(b"".join(v7("<"))),
    "v5-stream-1": stream_1("<"),
}
for name, octets in FILES.items():
    with open(f"{sys.argv[1]}/flow-tools-{name}", "wb") as file:
        file.write(octets)
