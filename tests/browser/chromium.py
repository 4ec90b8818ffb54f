"""A headless Chromium, spoken to through a pipe: no driver, no port, no network.

The browser is `VISQ_CHROMIUM`, or one of the usual names on the path; tests are skipped where there is none.
"""

from __future__ import annotations

import base64
import fcntl
import json
import os
import shutil
import subprocess
import sys
import time
from contextlib import suppress

import pytest

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "chrome-headless-shell")
_SECONDS = 60.0
# The program expects its pipes at 3 and 4, whatever their numbers are here.
_START = "import os,sys; os.dup2(int(sys.argv[1]),3); os.dup2(int(sys.argv[2]),4); os.execv(sys.argv[3], sys.argv[3:])"


def find():
    """Path of a browser; skips the test where there is none."""
    for name in (os.environ.get("VISQ_CHROMIUM", ""), *_NAMES):
        path = shutil.which(name) if name else None
        if path:
            return path
    pytest.skip("needs a Chromium or Chrome on the path, or in VISQ_CHROMIUM")


class Browser:
    """One browser with a profile of its own in `folder`."""

    def __init__(self, folder):
        to_read, to_write = os.pipe(), os.pipe()
        # Beyond 3 and 4, so that neither is overwritten before it is copied.
        theirs = [fcntl.fcntl(fd, fcntl.F_DUPFD, 10) for fd in (to_write[0], to_read[1])]
        os.close(to_write[0])
        os.close(to_read[1])
        arguments = [
            "--headless=new", "--remote-debugging-pipe", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
            "--no-first-run", "--disable-background-networking", "--disable-component-update", "--hide-scrollbars",
            "--force-color-profile=srgb", f"--user-data-dir={folder}", "about:blank",
        ]  # fmt: skip
        self._process = subprocess.Popen(
            [sys.executable, "-c", _START, *map(str, theirs), find(), *arguments],
            pass_fds=theirs, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        for fd in theirs:
            os.close(fd)
        self._in = os.fdopen(to_read[0], "rb")
        self._out = os.fdopen(to_write[1], "wb", buffering=0)
        self._number = 0
        self._rest = b""
        self.events = []

    def close(self):
        """End the browser."""
        with suppress(AssertionError, OSError):
            self.call("Browser.close")
        self._out.close()
        try:
            self._process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._in.close()

    def call(self, method, session="", **parameters):
        """The answer to one command of the DevTools protocol; events that come meanwhile are kept."""
        self._number += 1
        number = self._number
        message = {"id": number, "method": method, "params": parameters} | ({"sessionId": session} if session else {})
        self._out.write(json.dumps(message).encode() + b"\0")
        while True:
            found = self._read()
            if found.get("id") == number:
                assert "error" not in found, (method, found)
                return found["result"]
            self.events.append(found)

    def wait_for(self, method, session):
        """The next event of a kind, or one that has come already; it is taken out of the list."""
        deadline = time.monotonic() + _SECONDS
        while time.monotonic() < deadline:
            for event in self.events:
                if event.get("method") == method and event.get("sessionId") == session:
                    self.events.remove(event)
                    return event
            self.events.append(self._read())
        raise AssertionError(f"{method} did not come")

    def _read(self):
        while b"\0" not in self._rest:
            block = os.read(self._in.fileno(), 1 << 20)
            assert block, "the browser ended"
            self._rest += block
        message, _, self._rest = self._rest.partition(b"\0")
        return json.loads(message)


class Tab:
    """A page of a given width, in light or dark, with or without scripts."""

    def __init__(self, browser, path, *, width=1280, dark=False, script=True, phone=False):
        self.browser = browser
        target = browser.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = browser.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network", "DOM"):
            self.call(f"{domain}.enable")
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=phone)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[scheme])
        if not script:
            self.call("Emulation.setScriptExecutionDisabled", value=True)
        self.call("Page.navigate", url=path.as_uri())
        browser.wait_for("Page.loadEventFired", self.session)

    def call(self, method, **parameters):
        return self.browser.call(method, self.session, **parameters)

    def value(self, expression):
        """What an expression of JavaScript gives."""
        found = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in found, found
        return found["result"].get("value")

    def requests(self):
        """Addresses that the page asked for."""
        own = [e for e in self.browser.events if e.get("sessionId") == self.session]
        return [e["params"]["request"]["url"] for e in own if e["method"] == "Network.requestWillBeSent"]

    def complaints(self):
        """What the browser wrote to its console."""
        own = [e for e in self.browser.events if e.get("sessionId") == self.session]
        kinds = ("Log.entryAdded", "Runtime.consoleAPICalled", "Runtime.exceptionThrown")
        return [e["params"] for e in own if e["method"] in kinds]

    def screenshot(self, path=None, *, height=None):
        """The page as PNG: all of it, or its first `height` pixels."""
        size = self.call("Page.getLayoutMetrics")["cssContentSize"]
        clip = {"x": 0, "y": 0, "width": size["width"], "height": min(height or 1e9, size["height"]), "scale": 1}
        found = self.call("Page.captureScreenshot", format="png", clip=clip, captureBeyondViewport=True)
        data = base64.b64decode(found["data"])
        if path is not None:
            path.write_bytes(data)
        return data
