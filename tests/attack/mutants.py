# SPDX-License-Identifier: Apache-2.0
"""The work of mutants.sh: mutants.py SOURCE-COPY LIST [PART-OF-A-NAME...]
mutants.py --check SOURCE LIST says only whether the source still has the text of each.

The list has a block for each mutant, and blank lines between them:

  mutant: what is wrong then
  file: src/...
  - the text that is there, once; white space may differ
  + the text in its place (no such line: nothing)
  test: a test by its name, which has to fail
"""
import json
import os
import re
import signal
import subprocess
import sys
import time

LONGEST_TEST = 300  # seconds


def read_list(path):
    mutants = []
    for block in re.split(r"\n\s*\n", open(path).read()):
        mutant = {"old": [], "new": []}
        for line in block.splitlines():
            if line.startswith("#"):
                continue
            kind, _, text = line.partition(" ")
            if kind in ("-", "+"):
                mutant["old" if kind == "-" else "new"].append(text)
            else:
                mutant[kind.rstrip(":")] = text
        if "mutant" in mutant:
            mutants.append(mutant)
    return mutants


def find(mutant, root):
    """The file's text and where in it the mutant's is; or no place, and what is wrong."""
    path = os.path.join(root, mutant["file"])
    if not os.path.exists(path):
        return f"there is no {mutant['file']}: correct mutants.txt", None
    source = open(path).read()
    words = " ".join(mutant["old"]).split()
    found = list(re.finditer(r"\s+".join(map(re.escape, words)), source))
    if len(found) == 1:
        return source, found[0]
    return f"its text is {len(found)} times in {mutant['file']}: correct mutants.txt", None


class Copy:
    def __init__(self, root):
        self.build = os.path.join(root, "build")
        self.root = root
        targets = {t["id"]: t["filename"][0] for t in self.introspect("--targets")}
        self.needs = {t["name"]: [os.path.relpath(targets[d], self.build) for d in t["depends"] if d in targets]
                      for t in self.introspect("--tests")}

    def introspect(self, what):
        return json.loads(subprocess.check_output(["meson", "introspect", self.build, what]))

    def compile(self, tests):
        """None, or what the compiler said."""
        targets = sorted({target for test in tests for target in self.needs[test]})
        if not targets:
            return None
        done = subprocess.run(["ninja", "-C", self.build, *targets], stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True)
        return None if done.returncode == 0 else done.stdout

    def failure_of(self, test):
        """None if the test passes, or which case failed first."""
        process = subprocess.Popen(["meson", "test", "-C", self.build, "--no-rebuild", test],
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                   start_new_session=True)
        try:
            status = process.wait(LONGEST_TEST)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            return "it hangs"
        if status == 0:
            return None
        log = open(os.path.join(self.build, "meson-logs", "testlog.txt"), errors="replace").read()
        case = re.search(r"^not ok \d+ - (.*)$", log, re.MULTILINE)
        return case.group(1) if case else "it crashes"

    def try_mutant(self, mutant):
        """(whether the test noticed, what to say)."""
        original, place = find(mutant, self.root)
        if not place:
            return False, original
        path = os.path.join(self.root, mutant["file"])
        changed = original[:place.start()] + "\n".join(mutant["new"]) + original[place.end():]
        try:
            open(path, "w").write(changed)
            said = self.compile([mutant["test"]])
            if said:
                errors = [line for line in said.splitlines() if "error" in line]
                return False, "it does not compile: " + "; ".join(errors[:2])
            failure = self.failure_of(mutant["test"])
            if failure is None:
                return False, f"SURVIVES {mutant['test']}"
            return True, f"killed by {mutant['test']}: {failure}"
        finally:
            open(path, "w").write(original)


def check(root, path):
    mutants = read_list(path)
    lost = 0
    for number, mutant in enumerate(mutants, 1):
        said, place = find(mutant, root)
        lost += not place
        print("ok" if place else "not ok", number, "-", mutant["mutant"] + ("" if place else ": " + said))
    print(f"1..{len(mutants)}")
    sys.exit(lost != 0)


def main():
    if sys.argv[1] == "--check":
        check(*sys.argv[2:])
    copy, wanted = Copy(sys.argv[1]), sys.argv[3:]
    mutants = [m for m in read_list(sys.argv[2])
               if not wanted or any(part in m["mutant"] or part == m["file"] for part in wanted)]
    tests = sorted({m["test"] for m in mutants})
    unknown = [test for test in tests if test not in copy.needs]
    if unknown:
        sys.exit(f"there is no test {unknown[0]}")
    started, limit = time.monotonic(), float(os.environ.get("MUTANTS_SECONDS", "3600"))
    said = copy.compile(tests)
    if said:
        sys.exit("the source does not compile:\n" + said)
    for test in tests:
        failure = copy.failure_of(test)
        if failure:
            sys.exit(f"{test} fails without any mutant: {failure}")
    passed = failed = 0
    for number, mutant in enumerate(mutants, 1):
        if time.monotonic() - started > limit:
            noticed, text = False, "not tried: the time is over"
        else:
            noticed, text = copy.try_mutant(mutant)
        passed, failed = passed + noticed, failed + (not noticed)
        print("ok" if noticed else "not ok", number, "-", mutant["mutant"] + ":", text, flush=True)
    print(f"{len(mutants)} mutants in {time.monotonic() - started:.0f} s")
    print(f"{passed} passed, {failed} failed")
    sys.exit(failed != 0)


main()
