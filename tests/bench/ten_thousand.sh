#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What many keys cost on SoftHSM: the table of docs/tokens.md, and the ratios that Trent is to keep at
# ten thousand keys with an alias each. Takes some minutes, most of them to make the tokens.
#
#   meson setup -Dbench=true --buildtype=release build-bench && ninja -C build-bench
#   TRENT_BUILD=$PWD/build-bench sh tests/bench/ten_thousand.sh [COUNT...]
[ $# -gt 0 ] || set -- 10 100 1000 10000
. "$(dirname "$0")/../support/lib.sh"
many=$TRENT_BUILD/tests/bench/many-keys
[ -x "$many" ] || bail_out "no $many: meson configure -Dbench=true"

for count in "$@"; do
  mkdir "$work/$count"
  # What make_token says of the work directory goes for this one.
  whole=$work
  work=$whole/$count
  SOFTHSM2_CONF=$work/softhsm2.conf
  make_token
  LD_LIBRARY_PATH=$TRENT_BUILD/tests "$many" make "$count"
  work=$whole
done

LD_LIBRARY_PATH=$TRENT_BUILD/tests python3 - "$trent" "$many" "$softhsm_module" "$@" <<'PYTHON'
import os, resource, subprocess, sys, time

trent, many, softhsm = sys.argv[1:4]
counts = [int(count) for count in sys.argv[4:]]

def use(count):
    os.environ["SOFTHSM2_CONF"] = os.path.abspath(f"{count}/softhsm2.conf")
    os.environ["TRENT_CONF"] = os.path.abspath(f"{count}/trent.toml")

# Seconds of processor time (what else the machine does is not in it), megabytes, what was printed.
def run(*command):
    with open("out", "w+") as out:
        child = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT)
        _, status, used = os.wait4(child.pid, 0)
        out.seek(0)
        text = out.read()
    if status != 0:
        sys.exit(f"{' '.join(command)}: {text}")
    return used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, text

def best(command, runs):
    return min(run(*command)[0] for _ in range(runs))

print("| keys | connecting | one cold command | create-key | one listing | check |")
print("|---|---|---|---|---|---|")
measured = {}
for count in counts:
    use(count)
    runs = 3 if count > 1000 else 5
    key = run(trent, "describe-key", "--key-id", f"alias/key-{count // 2}")[2]
    key_id = key.split('"KeyId": "')[1].split('"')[0]
    material = key.split('"CurrentKeyMaterialId": "')[1].split('"')[0]
    tool = ["pkcs11-tool", "--module", softhsm, "--token-label", "kms", "--login", "--pin", "1234",
            "-O", "--type", "secrkey", "--id", material]
    m = measured[count] = {
        "connect": best([many, "connect"], runs),
        "cold": best([trent, "describe-key", "--key-id", key_id], runs),
        "tool": best(tool, runs),
        "list": best([trent, "list-aliases", "--output", "raw"], runs),
        "check": best([trent, "check"], runs),
        "create": best([trent, "create-key", "--output", "raw"], 2),
        "encrypt": float(run(many, "encrypt", f"alias/key-{count // 2}")[2]),
        "rss": run(trent, "list-aliases", "--output", "raw")[1],
        "bare": run(many, "bare")[1],
        "connected": run(many, "connect")[1],
    }
    print(f"| {count:,} | {m['connect']:.3f} s | {m['cold']:.3f} s | {m['create']:.3f} s | "
          f"{m['list']:.3f} s | {m['check']:.3f} s |", flush=True)

few, lots = measured[counts[0]], measured[counts[-1]]
print(f"\nAt {counts[-1]:,} keys (wanted):")
print(f"  check / one listing: {lots['check'] / lots['list']:.2f} (2.00)")
print(f"  warm Encrypt / the same with {counts[0]} keys: {lots['encrypt'] / few['encrypt']:.2f} (1.10)"
      f"; {lots['encrypt']:.0f} us")
print(f"  cold describe-key / pkcs11-tool -O of one key: {lots['cold'] / lots['tool']:.2f} (1.30)"
      f"; {lots['tool']:.3f} s")
print(f"  a process that listed all: {lots['rss']:.0f} MB, of which SoftHSM alone "
      f"{lots['bare']:.0f} MB ({lots['connected']:.0f} MB when it has connected): "
      f"Trent adds {lots['rss'] - lots['bare']:.0f} MB (64)")
PYTHON
