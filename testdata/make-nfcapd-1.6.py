#!/usr/bin/env python3
"""Writes nfcapd-1.6, a flow file of layout 1, from the description of that layout alone: python3 make-nfcapd-1.6.py nfcapd-1.6"""

import ipaddress
import struct
import sys

# Octets of each extension.
SIZES = {4: 4, 5: 8, 6: 4, 7: 8, 8: 4, 9: 4, 10: 16, 11: 4, 12: 16, 13: 4, 14: 4, 15: 8, 16: 4, 17: 8, 18: 4, 19: 8, 20: 16, 21: 16, 22: 40,
         23: 4, 24: 16, 25: 4, 26: 8, 27: 8, 37: 20, 38: 4, 39: 8, 40: 32, 41: 24, 42: 24, 43: 72, 45: 24, 46: 12, 47: 8, 48: 8}
START = 1420000000000


def v4(address):
    return int(ipaddress.IPv4Address(address)).to_bytes(4, "little")


def v6(address):
    number = int(ipaddress.IPv6Address(address))
    return struct.pack("<QQ", number >> 64, number & (2**64 - 1))


def mac(address):
    return int(address.replace(":", ""), 16)


def record(kind, body):
    return struct.pack("<HH", kind, len(body) + 4) + body


def exporter(version, address, number, domain):
    if ":" in address:
        octets, family = v6(address), 10
    else:
        octets, family = b"\0" * 8 + v4(address) + b"\0" * 4, 2
    return record(7, struct.pack("<I", version) + octets + struct.pack("<HHI", family, number, domain))


def extension_map(number, extensions):
    size = sum(SIZES[e] for e in extensions)
    ids = extensions + [0]
    ids += [0] * (len(ids) % 2)
    return record(2, struct.pack("<HH%dH" % len(ids), number, size, *ids))


def flow(number, flags, first, last, status, tcp, protocol, tos, source, destination, by, body, first_form=False):
    first, last = START + first, START + last
    common = struct.pack("<HHIIBBBBHH", first % 1000, last % 1000, first // 1000, last // 1000, status, tcp, protocol, tos, source, destination)
    if first_form:
        return record(1, struct.pack("<BBH", flags, by, number) + common + body)
    return record(10, struct.pack("<HH", flags, number) + common + struct.pack("<HH", by, 0) + body)


def web(n):
    """v5: interfaces and AS numbers of 2 octets, masks, next hop, the exporter's address and engine, time of arrival."""
    body = (v4("10.0.0.%d" % (n + 1)) + v4("203.0.113.9") + struct.pack("<II", 10 + n, 1500 * (n + 1)) + struct.pack("<HHHH", 3, 4, 64500, 64501)
            + bytes([8, 1, 24, 16]) + v4("10.9.9.9") + v4("192.0.2.1") + struct.pack("<HBBQ", 0, 1, 2, START + 60000 + n))
    return flow(0, 0, n * 1000 + 11, n * 1000 + 5012, 0, 0x1B, 6, 0x10, 1024 + n, 80, 1, body)


records = [
    exporter(5, "192.0.2.1", 1, 0), exporter(9, "192.0.2.2", 2, 4242), exporter(9, "2001:db8::99", 3, 7),
    extension_map(0, [4, 6, 8, 9, 23, 25, 27]), web(0), web(1),
    # Counters of 8 octets, interfaces and AS numbers of 4, BGP next hop, VLANs, what went out, flows added up, MAC addresses.
    extension_map(1, [5, 7, 8, 11, 13, 15, 17, 18, 20, 21, 27]),
    flow(1, 6, 100, 7100, 64, 2, 17, 0, 53, 33000, 2,
         v4("10.1.1.1") + v4("10.1.1.2") + struct.pack("<QQ", 5000000000, 7000000000000) + struct.pack("<IIII", 70000, 70001, 4200000001, 4200000002)
         + bytes([0, 0, 32, 31]) + v4("198.51.100.1") + struct.pack("<HHQQI", 100, 200, 77, 88888, 3)
         + struct.pack("<QQQQQ", mac("00:11:22:33:44:55"), mac("66:77:88:99:aa:bb"), mac("0a:0b:0c:0d:0e:0f"), 0, START + 61234)),
    # IPv6, ICMPv6, two MPLS labels, neighbour AS numbers.
    extension_map(2, [10, 12, 22, 26, 24]),
    flow(2, 57, 200, 9200, 0, 0, 58, 0, 0, 128 * 256, 3,
         v6("2001:db8::1") + v6("2001:db8:1::2") + struct.pack("<II", 4, 416) + v6("2001:db8::fe") + v6("2001:db8::ff")
         + struct.pack("<10I", 1000 << 4, 2000 << 4 | 1, *[0] * 8) + struct.pack("<II", 65001, 65002) + v6("2001:db8::99")),
    # The common record of the first versions: ICMP, what went out in 4 octets.
    extension_map(3, [4, 14, 16]),
    flow(3, 0, 300, 300, 0, 0, 1, 0, 0, 8 * 256, 2,
         v4("10.3.3.3") + v4("10.3.3.4") + struct.pack("<IIHHII", 1, 84, 7, 8, 2, 168), first_form=True),
    # A firewall's event with what it translated, its access list and a user.
    extension_map(4, [37, 38, 39, 41, 42]),
    flow(4, 64, 400, 400, 0, 0, 6, 0, 40000, 443, 2,
         v4("10.4.4.4") + v4("203.0.113.44") + struct.pack("<II", 0, 0) + struct.pack("<QIHBBHH", START + 401, 123456, 0, 2, 0, 1001, 0)
         + struct.pack("<HH", 50000, 8443) + v4("198.51.100.4") + v4("10.4.4.44")
         + struct.pack("<6I", 0x11111111, 0x22222222, 0x33333333, 0, 0, 0) + b"operator".ljust(24, b"\0")),
    # A NAT event with VRFs and a port block, latencies.
    extension_map(5, [46, 39, 48, 45]),
    flow(5, 64, 500, 500, 0, 0, 17, 0, 5353, 5353, 2,
         v4("10.5.5.5") + v4("203.0.113.55") + struct.pack("<II", 1, 60) + struct.pack("<BBHII", 1, 0, 0, 11, 12)
         + v4("198.51.100.5") + v4("203.0.113.55") + struct.pack("<4H", 1024, 2047, 1, 1024) + struct.pack("<3Q", 1500001, 2500002, 3500003)),
]
data = b"".join(records)
statistics = struct.pack("<15Q", 7, 0, 0, 2, 2, 2, 1, *[0] * 8) + struct.pack("<IIHHI", START // 1000, START // 1000 + 10, 0, 0, 0)
with open(sys.argv[1], "wb") as file:
    file.write(struct.pack("<HHII", 0xA50C, 1, 0, 1) + b"made".ljust(128, b"\0") + statistics)
    file.write(struct.pack("<IIHH", len(records), len(data), 2, 0) + data)
