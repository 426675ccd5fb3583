#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Damaged, cut, lengthened and spliced ciphertexts, by OpenSSL's door: none is accepted, by Decrypt or
# by ReEncrypt, and no error tells a plaintext.
#
#   TRENT_BUILD=$PWD/build sh tests/attack/mutated_blobs.sh [BLOBS [SEED]]      20,000; about half a minute
. "$(dirname "$0")/lib.sh"
attack - "${1:-20000}" "${2:-}" <<'PYTHON'
import collections, random, sys, time
import evp

count, tally = int(sys.argv[1]), evp.Tally()
seed = int(sys.argv[2] or random.SystemRandom().randrange(1 << 32))
draw = random.Random(seed)
old, new = evp.Key("alias/old"), evp.Key("alias/new")
context = '{"tenant":"acme"}'
lengths = (1, 8, 16, 31, 32, 37, 100, 113, 256, 1000)
plaintexts = [bytes(draw.randrange(33, 127) for _ in range(n)) for n in lengths]
blobs = [old.encrypt(p, context) for p in plaintexts]
blobs += [old.encrypt(p) for p in plaintexts]  # valid ones, but of another context
good = set(blobs[:len(plaintexts)])

def flip(b):
    b[draw.randrange(len(b))] ^= 1 << draw.randrange(8)

def set_bytes(b):
    for _ in range(draw.randrange(1, 9)):
        b[draw.randrange(len(b))] = draw.choice((0, 0x7F, 0x80, 0xFF, draw.randrange(256)))

def cut(b):
    del b[draw.randrange(len(b)):]

def lengthen(b):
    b += draw.randbytes(draw.randrange(1, 70))

def remove(b):
    start = draw.randrange(len(b))
    del b[start:start + draw.randrange(1, 17)]

def splice(b):
    other = draw.choice(blobs)
    at = draw.choice((3, 5, 37, 38, 54, 58, draw.randrange(len(b))))
    b[at:] = other[at:]

def other_padding(b):
    b[37] ^= draw.randrange(1, 256)

def other_key(b):
    b[5:37] = draw.choice((draw.randbytes(32), new_material))

ways = (flip, set_bytes, cut, lengthen, remove, splice, other_padding, other_key)
new_material = new.encrypt(b"x")[5:37]
refusals, accepted, told, tried = collections.Counter(), 0, 0, 0
start = time.monotonic()
while tried < count:
    blob = bytearray(draw.choice(blobs))
    for _ in range(draw.choice((1, 1, 1, 2, 3))):
        if len(blob) > 37:
            draw.choice(ways)(blob)
    blob = bytes(blob)
    if blob in good:
        continue
    tried += 1
    for call in (lambda: old.decrypt(blob, context), lambda: new.take(blob, context)):
        try:
            call()
            accepted += 1
            print("accepted:", blob.hex())
        except evp.Refused as error:
            refusals[error.name] += 1
            told += any(p.decode() in str(error) for p in plaintexts if len(p) >= 8)
seconds = time.monotonic() - start
print(f"seed {seed}: {tried} blobs in {seconds:.0f} s; " +
      ", ".join(f"{name} {n}" for name, n in refusals.most_common()))
tally.check(accepted == 0, f"{accepted} of {2 * tried} accepted")
expected = {"InvalidCiphertextException", "IncorrectKeyException", "AccessDeniedException",
            "ValidationException"}
tally.check(set(refusals) <= expected, "only errors that say it is the ciphertext")
tally.check(told == 0, f"{told} errors tell a plaintext")
tally.check(all(old.decrypt(b, context) == p for b, p in zip(blobs, plaintexts)),
            "the good ones still open")
sys.exit(tally.end())
PYTHON
