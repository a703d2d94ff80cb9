#!/usr/bin/env python3
"""Turns the output of `nfdump -o raw`, on standard input, into CSV: a column for each name that it prints, the number before any text."""
import csv
import re
import sys

LEFT_OUT = {"RecordCount", "Ident", "Flags", "Elements", "size", "export sysid"}
records, columns = [], []
for line in sys.stdin:
    if line.startswith("Flow Record"):
        records.append({})
        continue
    match = re.match(r"  ([A-Za-z][^=]*?) += +(.*)$", line)
    if not match or not records:
        continue
    name, value = match.groups()
    if name in LEFT_OUT:
        continue
    if name in records[-1]:
        # The largest TTL is printed under the name of the smallest.
        name += " 2"
    words = value.split()
    word = words[0] if words else ""
    records[-1][name] = str(int(word, 16)) if word.startswith("0x") and "/" not in word else word
    if name not in columns:
        columns.append(name)
out = csv.DictWriter(sys.stdout, columns, restval="", lineterminator="\n")
out.writeheader()
out.writerows(records)
