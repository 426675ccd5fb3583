#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""As much of `docker` as docs/container.md uses, on a Debian in a directory: carries out the last stage of
the recipe there (once), and runs what it says, as its user. The stage before builds the packages, as packages.sh
has done: engine.py takes those of $PACKAGES.

Environment: ROOT (the directory), PACKAGES. One image, and one container of it.
"""
import glob
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time

ROOT = os.environ["ROOT"]
STATE = ROOT + ".json"
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def inside(path):
    return os.path.join(ROOT, path.lstrip("/"))


def instructions(recipe):
    """The last stage: pairs of an instruction and its argument."""
    text = "".join(line for line in open(recipe) if not re.match(r"\s*#", line)).replace("\\\n", " ")
    found = [line.split(None, 1) for line in text.splitlines() if line.strip()]
    last = max(i for i, (name, _) in enumerate(found) if name == "FROM")
    return found[last:]


def copy(argument, context):
    words = shlex.split(argument)
    if words[0] == "--from=build":
        patterns, base = [os.path.basename(word) for word in words[1:-1]], os.environ["PACKAGES"]
    else:
        patterns, base = words[:-1], context
    target = inside(words[-1])
    if words[-1].endswith("/"):
        os.makedirs(target, exist_ok=True)
    for pattern in patterns:
        files = glob.glob(os.path.join(base, pattern))
        assert files, f"nothing to copy: {pattern}"
        for file in files:
            shutil.copy(file, target)


def environment(more):
    return {"PATH": PATH, "LC_ALL": "C.UTF-8", **more}


def in_root(command, image, user="root", env=None, **options):
    user_words = [] if user == "root" else [
        "setpriv", f"--reuid={user}", f"--regid={user}", "--init-groups", "--bounding-set=-all",
        "--inh-caps=-all", "--no-new-privs"]
    words = ["chroot", ROOT, *user_words, "env", "-C", image.get("WORKDIR", "/"), *command]
    return subprocess.Popen(words, env=environment({**image["ENV"], **(env or {})}), **options)


def build(arguments):
    if os.path.exists(STATE):  # as a cache has it
        return print("image")
    recipe, context = arguments[arguments.index("-f") + 1], arguments[-1]
    image = {"ENV": {}, "USER": "root", "VOLUME": []}
    for name, argument in instructions(recipe):
        if name == "FROM":
            assert argument.startswith("debian:12"), argument
        elif name == "COPY":
            copy(argument, context)
        elif name == "RUN":
            env = {"DEBIAN_FRONTEND": "noninteractive"}
            env |= {k: v for k, v in os.environ.items() if k.lower() in ("http_proxy", "https_proxy")}
            running = in_root(["sh", "-ec", argument], image, env=env, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True)
            said = running.communicate()[0]
            assert running.returncode == 0, said
        elif name == "HEALTHCHECK":
            image[name] = json.loads(re.search(r"CMD (\[.*\])", argument).group(1))
        elif name in ("ENTRYPOINT", "CMD"):
            image[name] = json.loads(argument)
        elif name == "ENV":
            image["ENV"] |= dict(word.split("=", 1) for word in shlex.split(argument))
        elif name in ("USER", "WORKDIR", "VOLUME", "EXPOSE"):
            image[name] = argument
        else:
            sys.exit(f"engine.py knows no {name}")
    assert image["USER"] != "root" and image["HEALTHCHECK"] and image["VOLUME"] == image["WORKDIR"]
    save({"image": image})
    print("image")


def save(state):
    with open(STATE, "w") as file:
        json.dump(state, file)


def load():
    with open(STATE) as file:
        return json.load(file)


def start(state):
    image = state["image"]
    with open(ROOT + ".log", "ab") as log:
        server = in_root(image["ENTRYPOINT"] + (state["arguments"] or image["CMD"]), image, image["USER"],
                         stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
    save({**state, "pid": server.pid})
    print(state["name"])


def run(arguments):
    options = {}
    while arguments[0].startswith("-"):
        option = arguments.pop(0)
        options[option] = True if option in ("-d", "--rm", "--read-only") else arguments.pop(0)
    state = {**load(), "name": options.get("--name", ""), "arguments": arguments[1:]}
    if "-d" in options:
        start(state)
    else:
        image = state["image"]
        sys.exit(in_root(image["ENTRYPOINT"] + state["arguments"], image, image["USER"]).wait())


def execute(arguments):
    state = load()
    # Of a container that has ended, nothing runs.
    os.kill(state["pid"], 0)
    sys.exit(in_root(arguments[1:], state["image"], state["image"]["USER"]).wait())


def stop(_):
    pid = load()["pid"]
    os.kill(pid, signal.SIGTERM)
    while os.path.exists(f"/proc/{pid}"):
        time.sleep(0.05)
    print("stopped")


def main():
    verb, arguments = sys.argv[1], sys.argv[2:]
    if verb == "build":
        build(arguments)
    elif verb == "run":
        run(arguments)
    elif verb == "start":
        start(load())
    elif verb == "exec":
        execute(arguments)
    elif verb == "kill":
        os.kill(load()["pid"], getattr(signal, "SIG" + arguments[arguments.index("-s") + 1]))
    elif verb == "stop":
        stop(arguments)
    elif verb == "inspect":
        state = load()
        check = in_root(state["image"]["HEALTHCHECK"], state["image"], state["image"]["USER"],
                        stdout=subprocess.DEVNULL)
        print("unhealthy" if check.wait() else "healthy")
    else:
        sys.exit(f"engine.py knows no {verb}")


main()
