# SPDX-License-Identifier: Apache-2.0
"""Runs a command at a terminal of its own, and answers a prompt, each line of ANSWER once:

    terminal.py PROMPT ANSWER COMMAND [ARGUMENT...]

Prints what the terminal shows; an empty PROMPT is never awaited. Exits as the command does. A shell
command in $MEANWHILE is run before the answer; it has to succeed.
"""
import os
import pty
import signal
import subprocess
import sys
import termios
import time


def wait_for_silence(terminal):
    """A person answers a while after the prompt: then the terminal must not echo any more."""
    for _ in range(200):
        if not termios.tcgetattr(terminal)[3] & termios.ECHO:
            return
        time.sleep(0.01)


prompt, answer, *command = sys.argv[1:]
signal.alarm(60)
pid, terminal = pty.fork()
if pid == 0:
    os.execv(command[0], command)
shown = b""
answers = answer.split("\n") if prompt else []
seen = 0  # of what is shown, up to the last prompt that was answered
while True:
    try:
        piece = os.read(terminal, 4096)
    except OSError:  # what Linux says when the last program at the terminal has ended
        break
    if not piece:
        break
    shown += piece
    if answers and prompt.encode() in shown[seen:]:
        wait_for_silence(terminal)
        if "MEANWHILE" in os.environ:
            subprocess.run(os.environ["MEANWHILE"], shell=True, check=True, stdin=subprocess.DEVNULL)
        seen = len(shown)
        os.write(terminal, answers.pop(0).encode() + b"\n")
sys.stdout.buffer.write(shown.replace(b"\r\n", b"\n"))
sys.stdout.flush()
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
