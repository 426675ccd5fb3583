#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A process that forks while its threads encrypt: every child works at once, gives other salts, and
# ends; the parent and its threads go on.
#
#   TRENT_BUILD=$PWD/build sh tests/attack/forks.sh [FORKS]      500; about half a minute
. "$(dirname "$0")/lib.sh"
attack - "${1:-500}" <<'PYTHON'
import os, signal, sys, threading, time
import evp

forks, tally = int(sys.argv[1]), evp.Tally()
old, new = evp.Key("alias/old"), evp.Key("alias/new")
context = '{"tenant":"acme"}'

def work():
    """Encrypt, ReEncrypt, Decrypt; the two salts."""
    blob = old.encrypt(b"secret", context)
    moved = new.take(blob, context, context)
    if new.decrypt(moved, context) != b"secret":
        raise SystemExit("another plaintext")
    return blob[38:54] + moved[38:54]

stop, done, faults = threading.Event(), [0, 0], []
def busy(number):
    try:
        while not stop.is_set():
            work()
            done[number] += 1
    except BaseException as error:
        faults.append(error)

work()
threads = [threading.Thread(target=busy, args=(n,)) for n in range(2)]
for thread in threads:
    thread.start()
salts, bad, start = [], 0, time.monotonic()
for number in range(forks):
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        signal.alarm(60)
        status = 1
        try:
            os.write(write, work())
            status = 0
        finally:
            os._exit(status)
    os.close(write)
    text = os.read(read, 32)
    os.close(read)
    _, status = os.waitpid(pid, 0)
    bad += status != 0 or len(text) != 32
    salts += [text[:16], text[16:]]
seconds = time.monotonic() - start
stop.set()
for thread in threads:
    thread.join(60)
print(f"{forks} forks in {seconds:.0f} s, among {sum(done)} rounds of two threads")
tally.check(bad == 0, f"{bad} of {forks} children failed or hung")
tally.check(len(set(salts)) == len(salts), f"{len(set(salts))} different salts of {len(salts)}")
tally.check(not faults and all(done), f"{len(faults)} threads of the parent failed")
work()
tally.check(True, "the parent still works")
sys.exit(tally.end())
PYTHON
