"""A web server on this machine that gives a file in good and in bad ways, one a path."""

from __future__ import annotations

import contextlib
import hashlib
import threading
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from visq import weights
from visq.types import Weights

BODY = bytes(range(256)) * 3000
SHA256 = hashlib.sha256(BODY).hexdigest()


class Server:
    """`address` and one path for each way; `asked` counts the requests of each."""

    def __init__(self, body: bytes = BODY) -> None:
        self.body = body
        self.sha256 = hashlib.sha256(body).hexdigest()
        self.asked: Counter[str] = Counter()
        self.ranges: list[str] = []
        self.half_sent = threading.Event()
        self.stop_waiting = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self.address = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    def __enter__(self) -> Server:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop_waiting.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.0"

            def log_message(self, *_: object) -> None:
                pass

            def do_HEAD(self) -> None:
                server.answer(self, head=True)

            def do_GET(self) -> None:
                server.asked[self.path] += 1
                with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                    server.answer(self)

        return Handler

    def answer(self, request: BaseHTTPRequestHandler, head: bool = False) -> None:
        """Do what the path says."""
        name = request.path.strip("/").partition("?")[0].replace("-", "_")
        if "resolve" in name:
            self._hub(request, head)
            return
        way = getattr(self, f"_{name}", None)
        if way is None:
            request.send_error(404)
            return
        way(request)

    def _head(self, request, status=200, length=None, **headers):
        request.send_response(status)
        if length is not None:
            request.send_header("Content-Length", str(length))
        for name, value in headers.items():
            request.send_header(name.replace("_", "-"), value)
        request.end_headers()

    def _good(self, request):
        self._head(request, length=len(self.body), ETag='"tag"')
        request.wfile.write(self.body)

    def _unannounced(self, request):
        self._head(request)
        request.wfile.write(self.body)

    def _moved(self, request):
        self._head(request, 302, Location="/good")

    def _round(self, request):
        self._head(request, 302, Location="/round")

    def _to_a_file(self, request):
        self._head(request, 302, Location="file:///etc/passwd")

    def _forbidden(self, request):
        request.send_error(403)

    def _broken(self, request):
        request.send_error(503)

    def _other(self, request):
        self._head(request, length=len(self.body))
        request.wfile.write(self.body[::-1])

    def _page(self, request):
        page = b"<html>log in first</html>"
        self._head(request, length=len(page))
        request.wfile.write(page)

    def _empty(self, request):
        self._head(request, length=0)

    def _cut(self, request):
        self._head(request, length=len(self.body), ETag='"tag"')
        request.wfile.write(self.body[: len(self.body) // 2])

    def _cut_unannounced(self, request):
        self._head(request)
        request.wfile.write(self.body[: len(self.body) // 2])

    def _cut_once(self, request):
        """Breaks off once, and goes on where it is asked to."""
        asked = request.headers.get("Range", "")
        self.ranges.append(asked)
        if self.asked["/cut-once"] == 1:
            self._cut(request)
            return
        start = int(asked.removeprefix("bytes=").removesuffix("-") or 0)
        end = len(self.body)
        self._head(request, 206, end - start, ETag='"tag"', Content_Range=f"bytes {start}-{end - 1}/{end}")
        request.wfile.write(self.body[start:])

    def _cut_then_whole(self, request):
        """Breaks off once, then begins anew whatever it is asked for."""
        if self.asked["/cut-then-whole"] == 1:
            self._cut(request)
        else:
            self._good(request)

    def _cut_then_wrong_part(self, request):
        if self.asked["/cut-then-wrong-part"] == 1:
            self._cut(request)
            return
        end = len(self.body)
        self._head(request, 206, 10, Content_Range=f"bytes 0-9/{end}")
        request.wfile.write(self.body[:10])

    def _more(self, request):
        """Without an end and without a length."""
        self._head(request)
        while not self.stop_waiting.is_set():
            request.wfile.write(self.body)

    def _more_than_announced(self, request):
        self._head(request, length=len(self.body))
        request.wfile.write(self.body * 2)

    def _huge(self, request):
        self._head(request, length=10**13)
        request.wfile.write(self.body)

    def _silent(self, request):
        self.stop_waiting.wait(20)

    def _stalls(self, request):
        self._head(request, length=len(self.body))
        request.wfile.write(self.body[: len(self.body) // 2])
        request.wfile.flush()
        self.half_sent.set()
        self.stop_waiting.wait(20)

    def _drips(self, request):
        self._head(request, length=len(self.body))
        for i in range(2000):
            if self.stop_waiting.is_set():
                return
            request.wfile.write(self.body[i : i + 1])
            time.sleep(0.01)

    def _packed(self, request):
        self._head(request, length=len(self.body), Content_Encoding="gzip")
        request.wfile.write(self.body)

    def _hub(self, request, head):
        """What the model hub answers: the hash and the size first, and where the file is."""
        if "absent" in request.path:
            request.send_response(404)
            request.send_header("X-Error-Code", "EntryNotFound")
            request.end_headers()
            return
        stated = "0" * 64 if "misstated" in request.path else self.sha256
        size = len(self.body) + 1 if "missized" in request.path else len(self.body)
        if not head and "misrouted" in request.path:
            self._head(request, 302, Location="/other")
            return
        # Another host, as the hub's files are on: what the hub says of a file stands in this answer alone.
        elsewhere = self.address.replace("127.0.0.1", "localhost")
        self._head(
            request, 302, Location=f"{elsewhere}/good", X_Linked_Etag=f'"{stated}"', X_Linked_Size=str(size),
            X_Repo_Commit="a" * 40, ETag='"1"',
        )  # fmt: skip


def weights_at(server, way, sha256=SHA256, name="network.bin", **more):
    return Weights(name, sha256, "CC0", "here", ships=False, url=f"{server.address}/{way}", **more)


def kept_files():
    folder = weights.cache_folder()
    return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []
