"""The shared part of urllib3 and requests, whose errors contain the system's."""
import threading

import urllib3

import driver

seen = threading.local()  # the attempt of this thread


class TellsItsPort:
    """The library's connection, which reports its port before a TLS handshake."""

    def _new_conn(self):
        sock = super()._new_conn()
        seen.attempt.port = sock.getsockname()[1]
        return sock


class Connection(TellsItsPort, urllib3.connection.HTTPConnection):
    pass


class TLSConnection(TellsItsPort, urllib3.connection.HTTPSConnection):
    pass


urllib3.connectionpool.HTTPConnectionPool.ConnectionCls = Connection
urllib3.connectionpool.HTTPSConnectionPool.ConnectionCls = TLSConnection
urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)  # the drivers accept every certificate


def failed(error, a):
    inner = driver.innermost(error)
    return driver.failed(inner, "body" if a.first else driver.call_of(inner)), repr(error)
