#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The documentation as a site (conf/site.sh), in a browser: it is built, opened, searched and pictured.

The browser is Chromium, told what to do by WebDriver; nothing of the site may come from elsewhere.
Screenshots go to $TRENT_BUILD/site-pictures.
"""

import base64
import functools
import glob
import html.parser
import http.server
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request

source = os.environ.get("TRENT_SOURCE", os.path.join(os.path.dirname(__file__), "..", ".."))
build = os.path.abspath(os.environ.get("TRENT_BUILD", os.path.join(source, "build")))
work = tempfile.mkdtemp(prefix="trent-test-")
site = os.path.join(work, "site")
PICTURES = os.path.join(build, "site-pictures")
PROGRAMS = ("mkdocs", "mandoc", "chromium", "chromedriver")


class Page(html.parser.HTMLParser):
    def __init__(self, path):
        super().__init__()
        self.ids, self.links, self.loaded = set(), [], []
        with open(path, encoding="utf-8") as file:
            self.feed(file.read())

    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        self.ids.update(value for name, value in attributes if name in ("id", "name") and value)
        if tag == "a" and values.get("href"):
            self.links.append(values["href"])
        elif tag != "a":
            self.loaded += [value for name, value in attributes if name in ("src", "href", "srcset") and value]


class Browser:
    """A session of WebDriver."""

    def __init__(self):
        self.driver = subprocess.Popen(["chromedriver", "--port=0"], stdout=subprocess.PIPE, text=True,
                                       stderr=subprocess.DEVNULL)
        for line in self.driver.stdout:
            if "successfully on port" in line:
                self.url = "http://127.0.0.1:" + line.rstrip(".\n").split()[-1] + "/session"
                break
        arguments = ["--headless", "--disable-gpu", "--window-size=1280,1000", 
                     "--user-data-dir=" + tempfile.mkdtemp(dir=work)]
        if os.geteuid() == 0:
            arguments.append("--no-sandbox")  # which is not for root
        # All that the browser asks elsewhere ends here.
        arguments.append("--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1")
        try:
            self.url += "/" + self.ask("", {"capabilities": {"alwaysMatch": {
                "goog:chromeOptions": {"args": arguments}}}})["sessionId"]
        except BaseException:
            self.driver.kill()
            raise

    def ask(self, path, body=None, method=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, {"Content-Type": "application/json"}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as error:
            raise AssertionError(json.load(error)["value"]["message"]) from error

    def open(self, url):
        self.ask("/url", {"url": url})

    def run(self, script):
        return self.ask("/execute/sync", {"script": script, "args": []})

    def until(self, script):
        for _ in range(300):
            if value := self.run(script):
                return value
            time.sleep(0.1)
        raise AssertionError("never true: " + script)

    def type_into(self, selector, text):
        element = self.ask("/element", {"using": "css selector", "value": selector})
        self.ask(f"/element/{list(element.values())[0]}/value", {"text": text})

    def dark(self, is_dark):
        self.ask("/goog/cdp/execute", {"cmd": "Emulation.setEmulatedMedia", "params": {"features": [
            {"name": "prefers-color-scheme", "value": "dark" if is_dark else "light"}]}})

    def picture(self, name):
        os.makedirs(PICTURES, exist_ok=True)
        with open(os.path.join(PICTURES, name + ".png"), "wb") as file:
            file.write(base64.b64decode(self.ask("/screenshot")))

    def close(self):
        try:
            self.ask("", method="DELETE")
        finally:
            self.driver.terminate()
            self.driver.wait()


def is_built():
    subprocess.run(["sh", os.path.join(source, "conf", "site.sh"), site], check=True,
                   stdout=subprocess.DEVNULL)
    pages = {os.path.basename(page) for page in glob.glob(site + "/*.html")}
    for page in glob.glob(os.path.join(source, "docs", "*.md")):
        assert os.path.basename(page)[:-3] + ".html" in pages, page


def links_lead_somewhere():
    pages = {page: Page(page) for page in glob.glob(site + "/**/*.html", recursive=True)}
    count = 0
    for path, page in pages.items():
        if "/man/" in path or path.endswith("404.html"):
            continue
        for link in page.links:
            if ":" in link:
                continue
            name, _, anchor = link.partition("#")
            target = os.path.normpath(os.path.join(os.path.dirname(path), name)) if name else path
            assert os.path.exists(target), f"{path}: {link}"
            if anchor and target in pages:
                count += 1
                assert urllib.request.unquote(anchor) in pages[target].ids, f"{path}: {link}"
    assert count > 100, count


def nothing_comes_from_elsewhere():
    for path in glob.glob(site + "/**/*.html", recursive=True):
        for loaded in Page(path).loaded:
            assert "//" not in loaded, f"{path}: {loaded}"


def can_be_read(browser, base):
    browser.open(base + "index.html")
    assert "Trent" in browser.ask("/title")
    assert browser.run("return [...document.images].every(image => image.complete && image.naturalWidth > 0)")
    for is_dark in (False, True):
        browser.dark(is_dark)
        browser.run("localStorage.clear()")  # which remembers the first one
        browser.open(base + "index.html")
        scheme = browser.run("return document.body.dataset.mdColorScheme")
        assert scheme == ("slate" if is_dark else "default"), scheme
        browser.picture("index-dark" if is_dark else "index")
    browser.dark(False)
    browser.open(base + "start.html")
    browser.picture("start")
    browser.open(base + "your-hsm.html#which-hsms-work")
    browser.picture("your-hsm")
    wide = "return document.documentElement.scrollWidth <= window.innerWidth"
    assert browser.run(wide), "the page is wider than the window"


def can_be_searched(browser, base):
    browser.open(base + "index.html")
    browser.type_into("input.md-search__input", "derivation")
    browser.until("return document.querySelectorAll('.md-search-result__item').length > 2")
    browser.picture("search")
    found = browser.run("return [...document.querySelectorAll('.md-search-result__link')].map(link => link.href)")
    assert any("how-reencrypt-works.html" in link or "tokens.html" in link for link in found), found
    browser.open(found[0])
    assert browser.run("return document.body.innerText.toLowerCase().includes('deriv')")


def in_the_browser(case):
    class Quiet(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *arguments, **options):
            super().__init__(*arguments, directory=site, **options)

        def log_message(self, *arguments):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Quiet)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    browser = Browser()
    try:
        case(browser, f"http://127.0.0.1:{server.server_port}/")
    finally:
        browser.close()
        server.shutdown()


CASES = {
    "it is built": is_built,
    "its links lead somewhere": links_lead_somewhere,
    "nothing in it comes from elsewhere": nothing_comes_from_elsewhere,
    "it can be read, by day and by night": functools.partial(in_the_browser, can_be_read),
    "it can be searched": functools.partial(in_the_browser, can_be_searched),
}


def main():
    missing = [program for program in PROGRAMS if shutil.which(program) is None]
    if missing and not os.environ.get("TRENT_TEST_ALL_CLIENTS"):
        print(f"1..0 # SKIP no {', '.join(missing)}: sh conf/install-deps.sh clients")
        return
    failed = 0
    for number, (name, case) in enumerate(CASES.items(), 1):
        try:
            case()
        except Exception as error:  # pylint: disable=broad-except
            failed += 1
            print("# " + repr(error).replace("\n", "\n# "))
            print(f"not ok {number} - {name}")
        else:
            print(f"ok {number} - {name}", flush=True)
    print(f"1..{len(CASES)}")
    sys.exit(failed > 0)


try:
    main()
finally:
    shutil.rmtree(work, ignore_errors=True)
