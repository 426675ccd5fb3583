# SPDX-License-Identifier: Apache-2.0
"""Types each line of standard input, and a tab, at an interactive shell, and prints what has become of
the line: with "|" behind it, for the blank that the shell adds counts.

    completed.py FILE COMMAND [ARGUMENT...]

^T has to append the shell's line to FILE, and to empty it. Whatever else the shell shows goes to standard
error.
"""
import os
import pathlib
import pty
import select
import signal
import sys
import time

path, *command = sys.argv[1:]
completed = pathlib.Path(path)
completed.write_text("")
signal.alarm(60)
pid, terminal = pty.fork()
if pid == 0:
    os.execvp(command[0], command)


def await_lines(count):
    while completed.read_text().count("\n") < count:
        if select.select([terminal], [], [], 0.02)[0]:
            sys.stderr.buffer.write(os.read(terminal, 4096))


for number, line in enumerate(sys.stdin.read().splitlines(), 1):
    os.write(terminal, line.encode() + b"\t\x14")
    await_lines(number)
    time.sleep(0.05)  # until the shell reads keys again
os.kill(pid, signal.SIGKILL)
for line in completed.read_text().splitlines():
    print(line + "|")
