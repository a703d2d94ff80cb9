#!/usr/bin/env python3
"""Writes a capture of two IPFIX messages to the file that is named: NAT events, and flows with payload of both directions."""
import struct
import sys

CERT = 6871
REVERSE = 0x4000
NAT = [(323, 8), (8, 4), (12, 4), (7, 2), (11, 2), (4, 1), (230, 1), (283, 4), (225, 4), (226, 4), (227, 2), (228, 2),
       (361, 2), (362, 2), (363, 2), (364, 2), (234, 4), (235, 4)]
PAYLOAD = [(152, 8), (153, 8), (8, 4), (12, 4), (7, 2), (11, 2), (4, 1), (2, 8), (1, 8), (6, 2),
           (18, 65535, CERT), (18 | REVERSE, 65535, CERT)]


def template(number, fields):
    body = struct.pack(">HH", number, len(fields))
    for field in fields:
        body += struct.pack(">HH", *field) if len(field) == 2 else struct.pack(">HHI", field[0] | 0x8000, *field[1:])
    return struct.pack(">HH", 2, len(body) + 4) + body


def data(number, records):
    return struct.pack(">HH", number, len(records) + 4) + records


def message(sequence, sets):
    return struct.pack(">HHIII", 10, 16 + len(sets), 1795380600, sequence, 7) + sets


def address(text):
    return bytes(map(int, text.split(".")))


def nat(time, event):
    return (struct.pack(">Q", time) + address("10.0.0.5") + address("203.0.113.80") + struct.pack(">HHBB", 50001, 443, 6, event)
            + struct.pack(">I", 3) + address("198.51.100.7") + address("203.0.113.80") + struct.pack(">HH", 61000, 443)
            + struct.pack(">HHHH", 61000, 61063, 1, 64) + struct.pack(">II", 11, 12))


def payload(port, there, back):
    return (struct.pack(">QQ", 1795380602000, 1795380603000) + address("10.0.0.6") + address("203.0.113.81")
            + struct.pack(">HHBQQH", port, 80, 6, 5, 700, 27) + bytes([len(there)]) + there + bytes([len(back)]) + back)


messages = [
    message(0, template(256, NAT) + data(256, nat(1795380600123, 4) + nat(1795380601456, 5))),
    message(2, template(257, PAYLOAD) + data(257, payload(50002, b"GET / HTTP/1.1\r\n", b"HTTP/1.1 200 OK\r\n")
                                             + payload(50003, b"GET /a HTTP/1.0\r\n", b""))),
]
with open(sys.argv[1], "wb") as out:
    out.write(struct.pack("<IHHIIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1))
    for number, octets in enumerate(messages):
        udp = struct.pack(">HHHH", 4739, 4739, 8 + len(octets), 0) + octets
        ip = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(udp), number, 0, 64, 17, 0) + address("192.0.2.200") + address("192.0.2.201")
        frame = bytes(12) + b"\x08\x00" + ip + udp
        out.write(struct.pack("<IIII", 1795380604 + number, 0, len(frame), len(frame)) + frame)
