#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The pictures of README that tell of facts: docs/pictures/quickstart.svg and badges.svg.

usage: pictures.py [--write]

The first is a recording of the commands of README, run here and now, with what they print; the second is
what other pages and CI say. As a test, this finds out whether both are up to date.
"""

import html
import os
import re
import subprocess
import sys
import tempfile

source = os.environ.get("TRENT_SOURCE", os.path.join(os.path.dirname(__file__), "..", ".."))
build = os.path.abspath(os.environ.get("TRENT_BUILD", os.path.join(source, "build")))
PICTURES = os.path.join(source, "docs", "pictures")
FIRST, LAST = "Make a token.", "The same with the verbs"
COLUMNS, FONT, LINE = 100, 13, 19
HOME = "/home/you"  # as the recording shows it


def read(*path):
    with open(os.path.join(source, *path), encoding="utf-8") as file:
        return file.read()


def commands():
    """The commands of the first five minutes, each with its continuation lines."""
    part = read("README.md").split(FIRST)[1].split(LAST)[0]
    return re.findall(r"(?m)^(?:[^\n]*\\\n)*[^\n]+$", "".join(re.findall(r"```sh\n(.*?)```", part, re.S)))


def record(lines):
    """What each of the commands prints."""
    with tempfile.TemporaryDirectory() as home:
        environment = {"HOME": home, "LC_ALL": "C.UTF-8", "PATH": os.path.join(build, "src") + ":/usr/bin:/bin"}
        script = "set -eu\nexec 2>&1\n" + "".join(f"{line}\nprintf '\\001'\n" for line in lines)
        done = subprocess.run(["sh", "-c", script], cwd=home, env=environment, capture_output=True, text=True,
                              stdin=subprocess.DEVNULL, timeout=120)
        if done.returncode != 0:
            raise SystemExit(done.stdout)
        return done.stdout.replace(home, HOME).split("\001")[:-1]


def recording():
    shown = []  # (class, text)
    lines = commands()
    for command, printed in zip(lines, record(lines)):
        for number, line in enumerate(command.split("\n")):
            shown.append(("command", ("$ " if number == 0 else "> ") + line))
        output = printed.rstrip("\n").split("\n") if printed else []
        if len(output) > 6:
            output = output[:2] + ["  ..."]
        shown += [("output", line) for line in output]
    height = LINE * len(shown) + 60
    width = round(COLUMNS * FONT * 0.602) + 32
    text, time = "", 0.0
    for number, (kind, line) in enumerate(shown):
        time += 0.7 if line.startswith("$ ") else 0.15
        prompt = ""
        if kind == "command":
            prompt, line = f'<tspan class="prompt">{html.escape(line[:2])}</tspan>', line[2:]
        text += (f'  <text class="{kind}" x="16" y="{52 + LINE * number}" style="animation-delay:{time:.2f}s" '
                 f'xml:space="preserve">{prompt}{html.escape(line)}</text>\n')
    return f"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img" aria-labelledby="t">
  <!-- SPDX-License-Identifier: Apache-2.0 -->
  <!-- A recording of the commands of README, made by tests/docs/pictures.py. -->
  <title id="t">A terminal: the commands of "The first five minutes by hand", and what they print</title>
  <style>
    text {{ font: {FONT}px ui-monospace, "DejaVu Sans Mono", monospace; fill: #e6edf3; animation: show 0.01s both }}
    .output {{ fill: #7ee787 }}
    .prompt {{ fill: #8b949e }}
    @keyframes show {{ from {{ opacity: 0 }} to {{ opacity: 1 }} }}
    @media (prefers-reduced-motion: reduce) {{ text {{ animation: none }} }}
  </style>
  <rect width="{width}" height="{height}" rx="8" fill="#0d1117" stroke="#30363d"/>
  <circle cx="20" cy="18" r="5.5" fill="#ff7b72"/><circle cx="38" cy="18" r="5.5" fill="#e3b341"/><circle cx="56" cy="18" r="5.5" fill="#3fb950"/>
{text}</svg>
"""


def facts():
    """What a badge says, each found where it stands."""
    there, all_of_them = re.search(r"(\d+) of (\d+) operations\.", read("docs", "kms-compatibility.md")).groups()
    ci = read(".ci", "run")
    kinds = [name for name, sign in (("ASan", "'memory and undefined behaviour'"), ("UBSan", "UBSAN_OPTIONS"),
                                     ("TSan", "'data races'"), ("fuzzing", "tests/fuzz/run.sh"),
                                     ("clang-tidy", "run-clang-tidy")) if sign in ci]
    if len(kinds) != 5:
        raise SystemExit(f"CI has only {kinds}")
    licence = re.search(r"license: '([^']+)'", read("meson.build"))[1]
    openssl = re.search(r"dependency\('libcrypto', version: '>=([\d.]+)'\)", read("meson.build"))[1]
    return [("operations of AWS KMS", f"{there} of {all_of_them}"), ("CI", ", ".join(kinds)),
            ("OpenSSL", f"{openssl} and later"), ("licence", licence)]


def badges():
    x, out = 0, ""
    for name, value in facts():
        left, right = 12 + round(6.6 * len(name)), 12 + round(6.6 * len(value))
        out += (f'  <g transform="translate({x})"><rect width="{left + right}" height="20" rx="4" fill="#0969da"/>'
                f'<path d="M4 0h{left - 4}v20H4a4 4 0 0 1-4-4V4a4 4 0 0 1 4-4z" fill="#555d67"/>'
                f'<text x="{left / 2:g}" y="14">{html.escape(name)}</text>'
                f'<text x="{left + right / 2:g}" y="14">{html.escape(value)}</text></g>\n')
        x += left + right + 6
    words = "; ".join(f"{name}: {value}" for name, value in facts())
    return f"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {x - 6} 20" width="{x - 6}" height="20" role="img" aria-labelledby="t">
  <!-- SPDX-License-Identifier: Apache-2.0 -->
  <!-- Made by tests/docs/pictures.py. -->
  <title id="t">{html.escape(words)}</title>
  <style>text {{ font: 11px system-ui, "DejaVu Sans", sans-serif; fill: #fff; text-anchor: middle }}</style>
{out}</svg>
"""


def main():
    pictures = {"quickstart.svg": recording, "badges.svg": badges}
    failed = 0
    for number, (name, make) in enumerate(pictures.items(), 1):
        text = make()
        path = os.path.join(PICTURES, name)
        if sys.argv[1:] == ["--write"]:
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)
            continue
        is_same = os.path.exists(path) and read(path) == text
        if not is_same:
            failed += 1
            print("# run it with --write")
        print(("ok" if is_same else "not ok") + f" {number} - {name} is up to date", flush=True)
    if sys.argv[1:] != ["--write"]:
        print(f"1..{len(pictures)}")
    sys.exit(failed > 0)


main()
