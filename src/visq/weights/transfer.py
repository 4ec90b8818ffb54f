"""One file over HTTP with the standard library: bounded in size and time, taken up again where it broke off."""

from __future__ import annotations

import hashlib
import http.client
import re
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from typing import IO, Any

from visq.errors import WeightsError

#: Seconds without a single byte after which a server is given up.
QUIET_SECONDS = 30.0
#: Seconds in which at least this many bytes must come: a server that drips is given up as well.
DRIP_SECONDS, DRIP_BYTES = 60.0, 60_000
#: How often a transfer that broke off is taken up again.
ATTEMPTS = 4
#: Before it is; twice as long after each time.
PAUSE_SECONDS = 0.2
_BLOCK = 1 << 18


@dataclass(frozen=True, slots=True)
class Source:
    """Where a file is, and what is known of it beforehand: its size (0: nothing) and its whole SHA-256."""

    url: str
    size: int = 0
    sha256: str = ""


class _BrokenOffError(Exception):
    """The connection ended before the file did."""


@dataclass(slots=True)
class _State:
    """What has come so far."""

    hasher: Any
    done: int = 0
    total: int = 0
    tag: str = ""


def receive(
    source: Source, stream: IO[bytes], *, limit: int, room: int, report: Callable[[int, int], None] | None = None
) -> str:
    """Write the file into `stream`, which is empty, and return its SHA-256.

    Parameters
    ----------
    source : Source
    stream : binary file
        Open for writing, seekable.
    limit, room : int
        The most bytes taken, and those that are free on the disk.
    report : callable, optional
        Told after each block how many bytes have come, and of how many (0: unknown).

    Raises
    ------
    WeightsError
        No answer, refused, too large, too slow, or cut off again and again.
    """
    state = _State(hashlib.sha256())
    for attempt in range(ATTEMPTS):
        try:
            _attempt(source, stream, state, limit, room, report)
            return str(state.hasher.hexdigest())
        except _BrokenOffError as error:
            reason = str(error)
            # A server that sends nothing at all will not do so the next time.
            if state.done == 0 and attempt:
                break
        time.sleep(PAUSE_SECONDS * 2**attempt)
    raise WeightsError(
        f"{source.url} was cut off after {state.done} bytes",
        expected=f"{state.total} bytes" if state.total else "",
        got=reason,
        hint="Try again.",
    )


def _attempt(
    source: Source,
    stream: IO[bytes],
    state: _State,
    limit: int,
    room: int,
    report: Callable[[int, int], None] | None,
) -> None:
    with _open(source, state) as response:
        _begin(response, source, stream, state)
        for size, most, what in (
            (state.total, limit, f"at most {limit} bytes"),
            (state.total - state.done, room, f"{room} bytes of room on the disk"),
        ):
            if size > most:
                raise WeightsError(f"{source.url} is too large", expected=what, got=f"{state.total} bytes")
        since, before = time.monotonic(), state.done
        while block := _read(response):
            state.done += len(block)
            if state.done > (state.total or min(limit, room)):
                raise WeightsError(f"{source.url} sends more than the {state.total or limit} bytes that it may")
            stream.write(block)
            state.hasher.update(block)
            if report is not None:
                report(state.done, state.total)
            if time.monotonic() - since > DRIP_SECONDS:
                if state.done - before < DRIP_BYTES:
                    raise WeightsError(
                        f"{source.url} is too slow", got=f"{state.done - before} bytes in {DRIP_SECONDS:g} s"
                    )
                since, before = time.monotonic(), state.done
    if state.total and state.done < state.total:
        raise _BrokenOffError("the end of the connection")


def _begin(response: Any, source: Source, stream: IO[bytes], state: _State) -> None:
    """Go on where the last attempt ended if the server does, otherwise from the beginning."""
    headers = response.headers
    whole = re.fullmatch(r"bytes (\d+)-\d+/(\d+)", headers.get("Content-Range", "") or "")
    goes_on = response.status == http.client.PARTIAL_CONTENT and whole and int(whole[1]) == state.done
    if goes_on and whole and int(whole[2]) == state.total:
        return
    if headers.get("Content-Encoding", "identity") != "identity":
        raise WeightsError(f"{source.url} answers in an encoding that was not asked for")
    if response.status != http.client.OK:
        raise WeightsError(f"{source.url} answers with another part of the file than was asked for")
    stream.seek(0)
    stream.truncate()
    length = headers.get("Content-Length", "")
    state.hasher, state.done = hashlib.sha256(), 0
    state.total = int(length) if length.isdigit() else source.size
    state.tag = headers.get("ETag", "") or ""
    if source.size and state.total != source.size:
        raise WeightsError(
            f"{source.url} is another file than was announced", expected=f"{source.size} bytes", got=f"{state.total}"
        )


def _open(source: Source, state: _State) -> Any:
    headers = {"User-Agent": "visq", "Accept-Encoding": "identity"}
    # A weak tag does not promise the same bytes.
    if state.done and state.total and state.tag and not state.tag.startswith("W/"):
        headers |= {"Range": f"bytes={state.done}-", "If-Range": state.tag}
    if source.url.partition(":")[0].lower() not in ("http", "https"):
        raise WeightsError(f"{source.url} is no web address", expected="https://...")
    try:
        request = urllib.request.Request(source.url, headers=headers)
        return _opener().open(request, timeout=QUIET_SECONDS)
    except urllib.error.HTTPError as error:
        error.close()
        if state.done and error.code >= http.client.INTERNAL_SERVER_ERROR:
            raise _BrokenOffError(f"{error.code} {error.reason}") from None
        said = next(iter(str(error.reason).splitlines()), "")
        raise WeightsError(f"{source.url} answers {error.code} {said}".rstrip(" :")) from None
    except (OSError, http.client.HTTPException, ValueError) as error:
        reason = error.reason if isinstance(error, urllib.error.URLError) else error
        if state.done:
            raise _BrokenOffError(str(reason) or type(reason).__name__) from None
        raise _unreachable(source.url, reason) from None


def _unreachable(url: str, reason: object) -> WeightsError:
    if isinstance(reason, TimeoutError):
        return WeightsError(f"{url} does not answer within {QUIET_SECONDS:g} s")
    if isinstance(reason, ssl.SSLError):
        return WeightsError(f"{url} cannot be trusted", got=str(reason))
    return WeightsError(
        f"{url} cannot be reached", got=str(reason) or type(reason).__name__, hint="Is there a network?"
    )


def _read(response: Any) -> bytes:
    try:
        block: bytes = response.read1(_BLOCK)
    except TimeoutError:
        raise _BrokenOffError(f"nothing for {QUIET_SECONDS:g} s") from None
    except (OSError, http.client.HTTPException) as error:
        raise _BrokenOffError(str(error) or type(error).__name__) from None
    return block


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows redirects (those to files are refused by the library), but from a protected connection to no open one."""

    def redirect_request(self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str) -> Any:
        if req.full_url.lower().startswith("https:") and not newurl.lower().startswith("https:"):
            raise WeightsError(f"{req.full_url} redirects to {newurl}, which is unprotected and not followed")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _opener() -> urllib.request.OpenerDirector:
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(), urllib.request.HTTPHandler(), urllib.request.HTTPSHandler(),
        urllib.request.HTTPDefaultErrorHandler(), urllib.request.HTTPErrorProcessor(), _Redirects(),
    ):  # fmt: skip
        opener.add_handler(handler)
    return opener
