#!/usr/bin/env python3
"""Writes the frames of ovs-v5.pcap (first argument), shortened, bare and in tunnels, to the file of the second argument."""
import struct
import sys

MACS = bytes.fromhex("02005e00000102005e000002")
V6 = bytes.fromhex("20010db8000000000000000000000001") + bytes.fromhex("20010db8000000000000000000000002")


def checksum(header):
    header = header[:10] + b"\0\0" + header[12:]
    total = sum(struct.unpack(f">{len(header) // 2}H", header))
    total = (total & 0xFFFF) + (total >> 16)
    return struct.pack(">H", 0xFFFF - ((total & 0xFFFF) + (total >> 16)))


def in_v4(protocol, packet, number):
    header = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(packet), number, 0, 64, protocol, 0,
                         bytes([198, 51, 100, 1]), bytes([203, 0, 113, 1]))
    return b"\x08\x00" + header[:10] + checksum(header) + header[12:] + packet


capture = open(sys.argv[1], "rb").read()
link = struct.unpack("<I", capture[20:24])[0]
with open(sys.argv[2], "wb") as out:
    out.write(capture[:20] + struct.pack("<I", 1))
    at, number = 24, 0
    while at < len(capture):
        time, length = capture[at:at + 8], struct.unpack("<I", capture[at + 8:at + 12])[0]
        frame, at = capture[at + 16:at + 16 + length], at + 16 + length
        ip = frame[14:] if link == 1 else frame[20:]
        if ip[0] >> 4 != 4:
            continue
        ip = ip[:struct.unpack(">H", ip[2:4])[0]]
        kind, number = number % 4, number + 1
        # A source port for each kind, so that they are flows of their own; no checksum of UDP.
        ip = ip[:20] + struct.pack(">H", 10000 + kind) + ip[22:26] + b"\0\0" + ip[28:]
        if len(ip) > 400:
            ip = ip[:2] + struct.pack(">H", 128) + ip[4:24] + struct.pack(">H", 108) + ip[26:128]
            ip = ip[:10] + checksum(ip[:20]) + ip[12:]
        frame = MACS + [b"\x08\x00" + ip, in_v4(4, ip, number), in_v4(47, b"\0\0\x08\0" + ip, number),
                        b"\x86\xdd" + struct.pack(">IHBB", 0x60000000, len(ip), 4, 64) + V6 + ip][kind]
        out.write(time + struct.pack("<II", len(frame), len(frame)) + frame)
