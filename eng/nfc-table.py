#!/usr/bin/env python3
"""Writes src/AdmitOne.Platform/Text/nfc.txt from the Unicode data of this Python: eng/nfc-table.py > src/AdmitOne.Platform/Text/nfc.txt

One line for each range of characters with the same combining class ("from-to class"), and one for each character with a canonical
decomposition ("character=parts", or "character>parts" where the parts are not put together again). All numbers but classes are hexadecimal.
"""
import sys
import unicodedata as u

print(f"# Unicode {u.unidata_version}, made by eng/nfc-table.py")
start = None
for point in range(0x110001):
    now = u.combining(chr(point)) if point < 0x110000 else 0
    if start is not None and now != start[1]:
        print(f"{start[0]:X}-{point - 1:X} {start[1]}")
        start = None
    if now and start is None:
        start = (point, now)
for point in range(0x110000):
    if 0xAC00 <= point <= 0xD7A3:  # Hangul syllables are computed
        continue
    parts = u.decomposition(chr(point))
    if parts and not parts.startswith("<"):
        kept = u.normalize("NFC", "".join(chr(int(part, 16)) for part in parts.split())) == chr(point)
        sys.stdout.write(f"{point:X}{'=' if kept else '>'}{parts}\n")
