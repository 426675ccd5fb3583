# SPDX-License-Identifier: Apache-2.0
"""A program for Windows of nothing but headers: MS-DOS's, COFF's, and the optional one of 64 bits."""

import struct
import sys

program = bytearray(512)
struct.pack_into("<2s58xI", program, 0, b"MZ", 0x40)
struct.pack_into("<4sHHIIIHH", program, 0x40, b"PE", 0x8664, 0, 0, 0, 0, 0xF0, 0x22)
struct.pack_into("<H106xI", program, 0x58, 0x20B, 16)
with open(sys.argv[1], "wb") as file:
    file.write(program)
