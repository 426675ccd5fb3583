# SPDX-License-Identifier: Apache-2.0
"""Kills short commands at random moments, and sees whether the token still works:

    kill_commands.py NUMBER SECONDS COMMAND...

Runs the shell command COMMAND up to NUMBER times, for SECONDS at most, and sends it SIGKILL after a
random part of the time that it takes; every other one when token.object in ./tokens is seen to be
empty, which SoftHSM leaves for a moment in every login. Then CHECK=... , a shell command, has to
succeed. Prints what was done. $SEED makes a run repeatable but for the scheduler's part in it.
"""
import glob
import os
import random
import shlex
import signal
import subprocess
import sys
import time

number, seconds = int(sys.argv[1]), float(sys.argv[2])
command = shlex.split(" ".join(sys.argv[3:]))
seed = int(os.environ.get("SEED", random.randrange(1 << 32)))
random.seed(seed)
quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
[token] = glob.glob("tokens/*/token.object")


def empty():
    return os.path.getsize(token) == 0


start = time.monotonic()
subprocess.run(command, check=True, **quiet)
duration = time.monotonic() - start

kills = emptied = 0
while kills < number and time.monotonic() < start + seconds:
    process = subprocess.Popen(command, **quiet)
    if kills % 2:
        while process.poll() is None and not empty():
            pass
    else:
        time.sleep(random.random() * duration * 1.2)
    process.send_signal(signal.SIGKILL)
    process.wait()
    kills += 1
    if empty():
        emptied += 1
        check = subprocess.run(os.environ["CHECK"], shell=True, capture_output=True, text=True)
        if check.returncode != 0:
            sys.exit(f"kill {kills} of seed {seed} destroyed the token:\n{check.stdout}{check.stderr}")
check = subprocess.run(os.environ["CHECK"], shell=True, capture_output=True, text=True)
if check.returncode != 0:
    sys.exit(f"the token is destroyed after {kills} kills of seed {seed}:\n{check.stdout}{check.stderr}")
print(f"{kills} kills in {time.monotonic() - start:.0f} s, of which {emptied} left an empty "
      f"token.object; the token works (seed {seed})")
