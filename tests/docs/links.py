#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The pages in Markdown: what they link to is there, without asking the network.

Files, headings (by the names that GitHub gives them) and pictures; tables are whole; and each page of docs/ is reached
from docs/index.md and has its place in the navigation of the site (conf/mkdocs.yml).

usage: links.py [DIRECTORY]     with the documentation as it is installed: only that its links lead somewhere
"""

import glob
import html
import os
import re
import sys

installed = len(sys.argv) > 1
source = os.environ.get("TRENT_SOURCE", os.path.join(os.path.dirname(__file__), "..", ".."))
if installed:
    source = sys.argv[1]


def pages():
    for pattern in ("*.md", "docs/*.md", "examples/*.md", "examples/*/*.md"):
        yield from sorted(glob.glob(os.path.join(source, pattern)))


def without_code(text):
    return re.sub(r"(?ms)^(```+).*?^\1[ \t]*$", "", text)


def anchors(path):
    """The names of the headings, as GitHub makes them."""
    with open(path, encoding="utf-8") as file:
        text = without_code(file.read())
    names = set(re.findall(r'(?:id|name)="([^"]+)"', text))
    for heading in re.findall(r"(?m)^#{1,6} +(.*?) *#*$", text):
        heading = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading)
        name = re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        number = 1
        unique = name
        while unique in names:
            unique = f"{name}-{number}"
            number += 1
        names.add(unique)
    return names


def links(path):
    with open(path, encoding="utf-8") as file:
        text = without_code(file.read())
    # Code in a line is no link, but may be the text of one.
    text = re.sub(r"`[^`\n]*`", "code", text)
    for target in re.findall(r"\]\(\s*<?([^)\s>]+)", text):
        yield html.unescape(target)
    for target in re.findall(r'<(?:img|a|source)\b[^>]*?\b(?:src|href|srcset)="([^"]+)"', text):
        yield html.unescape(target)


def fault_of(page, target):
    if re.match(r"[a-z]+:", target):
        return None if re.match(r"https://[\w.-]+\.[a-z]+(/|$)", target) else "only https:// and files here"
    name, _, anchor = target.partition("#")
    path = os.path.normpath(os.path.join(os.path.dirname(page), name)) if name else page
    if not path.startswith(os.path.normpath(source) + os.sep):
        return "leads out of the project"
    if not os.path.exists(path):
        return "is not there"
    if anchor and path.endswith(".md") and anchor not in anchors(path):
        return "has no such heading"
    return None


def all_lead_somewhere():
    faults = []
    count = 0
    for page in pages():
        for target in links(page):
            count += 1
            if fault := fault_of(page, target):
                faults.append(f"{os.path.relpath(page, source)}: {target} {fault}")
    return faults if count > 100 else faults + ["hardly any links: this does not see them"]


def each_page_is_reached():
    with open(os.path.join(source, "docs", "index.md"), encoding="utf-8") as file:
        index = file.read()
    with open(os.path.join(source, "conf", "mkdocs.yml"), encoding="utf-8") as file:
        navigation = file.read()
    faults = []
    for page in glob.glob(os.path.join(source, "docs", "*.md")):
        name = os.path.basename(page)
        if name == "index.md":
            continue
        if f"({name})" not in index:
            faults.append(f"docs/index.md does not link to {name}")
        if not re.search(rf"(?m): {re.escape(name)}$", navigation):
            faults.append(f"conf/mkdocs.yml has no {name}")
    return faults


def tables_are_whole():
    """A row that an empty line cuts off from its table is shown as it is written."""
    faults = []
    for page in pages():
        with open(page, encoding="utf-8") as file:
            text = without_code(file.read())
        for rows in re.findall(r"(?m)(?:^\|.*\n)+", text):
            if not re.search(r"\A.*\n\|[-:| ]+\|\n", rows):
                faults.append(f"{os.path.relpath(page, source)}: a row outside of a table: {rows[:60]!r}")
    return faults


def commands_are_run():
    """A page with commands is named by the test that runs them."""
    tests = ""
    for test in glob.glob(os.path.join(source, "tests", "docs", "*.*")):
        if os.path.basename(test) not in ("links.py", "lint.sh", "pictures.py", "site.py", "meson.build"):
            with open(test, encoding="utf-8") as file:
                tests += file.read()
    faults = []
    for page in pages():
        name = os.path.relpath(page, source)
        with open(page, encoding="utf-8") as file:
            has_commands = "\n```sh" in file.read()
        as_parts = '"' + name.replace("/", '", "') + '"'  # os.path.join(source, "docs", "operations.md")
        # The container's are run by tests/install/container_root.sh.
        if has_commands and name not in ("CONTRIBUTING.md", "docs/container.md") and f"/{name}" not in tests and as_parts not in tests:
            faults.append(f"no test in tests/docs runs the commands of {name}")
    return faults


def main():
    failed = 0
    cases = {"all links lead somewhere": all_lead_somewhere, "each page is reached": each_page_is_reached,
             "tables are whole": tables_are_whole, "commands of all pages are run": commands_are_run}
    if installed:
        cases = {"all links lead somewhere": all_lead_somewhere}
    for number, (name, case) in enumerate(cases.items(), 1):
        faults = case()
        for fault in faults:
            print("# " + fault)
        failed += bool(faults)
        print(("not ok" if faults else "ok") + f" {number} - {name}")
    print(f"1..{len(cases)}")
    sys.exit(failed > 0)


main()
