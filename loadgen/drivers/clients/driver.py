"""The shared part of the Python drivers: the start lines, the output lines and the
outcomes."""
import errno
import http.client
import json
import os
import ssl
import sys
import threading
import time
import traceback
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

URL = os.environ["REJECTBENCH_URL"]
CONCURRENCY = int(os.environ["REJECTBENCH_CONCURRENCY"])
TIMEOUT = float(os.environ["REJECTBENCH_TIMEOUT"])
BODY = b"x" * int(os.environ["REJECTBENCH_BODY"]) or None
METHOD = "POST" if BODY else "GET"
HEADERS = {"Content-Type": "application/octet-stream"} if BODY else {}
SERVER = urlsplit(URL)
TLS = SERVER.scheme == "https"


class Attempt:
    """One attempt in flight."""

    def __init__(self, index):
        self.index = index
        self.port = 0
        self.date = time.time()
        self.started = time.perf_counter()
        self.first = None

    def since(self):
        return (time.perf_counter() - self.started) * 1000

    def answered(self):
        self.first = self.since()

    def line(self, outcome, error=""):
        end = self.since()
        return json.dumps({"attempt": self.index, "outcome": outcome, "started_ms": self.date * 1000, "response_ms": self.first or 0,
                           "end_ms": end, "port": self.port, "error": str(error)[:400]}) + "\n"


def judged(status, got=0, length=None):
    """The outcome of an answer without an error."""
    if length is not None and got < int(length):
        return "truncated"
    if 200 <= status <= 299:
        return "admitted"
    return "delivered" if status == 503 else "bad-response"


def failed(error, call):
    """The outcome of an error that a call ended with: connect, send, receive, or
    body once the answer's header was there. What ends a TLS handshake is met by a
    receive."""
    if call == "connect" and shaking(error):
        call = "receive"
    if isinstance(error, (ssl.SSLEOFError, ssl.SSLZeroReturnError)):
        return {"body": "truncated", "send": "broken-pipe"}.get(call, "closed")
    if isinstance(error, ssl.SSLError):
        return "bad-response"
    if isinstance(error, ConnectionRefusedError):
        return "refused"
    if isinstance(error, TimeoutError):
        return "timeout-" + ("receive" if call == "body" else call)
    if isinstance(error, http.client.RemoteDisconnected):
        return "closed"
    if isinstance(error, http.client.IncompleteRead):
        return "truncated"
    if isinstance(error, BrokenPipeError) and call == "send":
        return "broken-pipe"
    if isinstance(error, ConnectionError):
        return "truncated" if call == "body" else "reset-" + call
    if isinstance(error, http.client.HTTPException):
        return "bad-response"
    if isinstance(error, OSError) and error.errno is not None:
        return "local-error"
    raise error


def innermost(error):
    """The error of the system or of http.client inside a library's error."""
    found = error
    while error:
        if isinstance(error, (OSError, http.client.HTTPException)):
            found = error
        error = error.__cause__ or error.__context__
    return found


def shaking(error):
    """Whether an error was raised in a TLS handshake, by its own traceback."""
    return any(frame.name == "do_handshake" for frame in traceback.extract_tb(error.__traceback__))


def call_of(error):
    """The call in which an error was raised, by its own traceback."""
    names = [frame.name for frame in traceback.extract_tb(error.__traceback__)]
    if "getresponse" in names:
        return "receive"
    if "connect" in names or "_new_conn" in names:
        return "connect"
    return "send"


def run(attempt):
    """Make an attempt for each line of the input; attempt(a) returns an outcome and
    the client's error text."""
    lock = threading.Lock()

    def write(line):
        with lock:
            sys.stdout.write(line)
            sys.stdout.flush()

    def one(index):
        try:
            a = Attempt(index)
            write(a.line(*attempt(a)))
        except BaseException:
            traceback.print_exc()
            os._exit(1)

    write("ready\n")
    with ThreadPoolExecutor(CONCURRENCY) as threads:
        for line in sys.stdin:
            threads.submit(one, int(line))
