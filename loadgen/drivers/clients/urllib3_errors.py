"""What urllib3 and requests share: their errors stand around the system's own."""
import threading

import urllib3

import driver

seen = threading.local()  # the attempt of this thread


class Connection(urllib3.connection.HTTPConnection):
    """The library's connection, which tells its port."""

    def connect(self):
        super().connect()
        seen.attempt.port = self.sock.getsockname()[1]


urllib3.connectionpool.HTTPConnectionPool.ConnectionCls = Connection


def failed(error, a):
    inner = driver.innermost(error)
    return driver.failed(inner, "body" if a.first else driver.call_of(inner)), repr(error)
