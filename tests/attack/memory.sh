#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Many ReEncrypts in one process, by OpenSSL's door, and as many that are refused: what the process
# keeps of each.
#
#   TRENT_BUILD=$PWD/build sh tests/attack/memory.sh [CALLS]      200,000; about a minute
#
# SoftHSM 2.6.1 itself keeps 243 bytes of every session object that there ever was, until the process
# ends: of three in a ReEncrypt, and of four in one that is refused, because Trent then looks whether
# it is the token that failed.
. "$(dirname "$0")/lib.sh"
attack - "${1:-200000}" <<'PYTHON'
import sys, time
import evp

calls, tally = int(sys.argv[1]), evp.Tally()
old, new = evp.Key("alias/old"), evp.Key("alias/new")
context = '{"tenant":"acme"}'
blob = old.encrypt(b"a secret of 32 bytes, more or so", context)

def measure(what, call, count, most):
    for _ in range(count // 100 + 100):  # what is allocated once
        call()
    before, files, start = evp.resident_kib(), evp.open_files(), time.monotonic()
    for _ in range(count):
        call()
    seconds = time.monotonic() - start
    kept = 1024 * (evp.resident_kib() - before) / count
    tally.check(kept < most, f"{count} {what}: {kept:.0f} bytes kept of each (at most {most}), "
                f"{evp.resident_kib() // 1024} MiB resident, {count / seconds:.0f} a second")
    tally.check(evp.open_files() == files, f"{files} open files before and after")

def refused():
    try:
        new.take(blob, '{"tenant":"other"}')
    except evp.Refused as error:
        if error.name == "InvalidCiphertextException":
            return
    raise SystemExit("a wrong context was not refused")

measure("ReEncrypts", lambda: new.take(blob, context), calls, 3 * 243 + 100)
measure("refused ReEncrypts", refused, calls // 4, 4 * 243 + 100)
tally.check(new.decrypt(new.take(blob, context)) == old.decrypt(blob, context), "and it still works")
sys.exit(tally.end())
PYTHON
