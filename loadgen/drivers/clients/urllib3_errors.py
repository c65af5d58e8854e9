"""What urllib3 and requests share: their errors stand around the system's own."""
import threading

import urllib3

import driver

seen = threading.local()  # the attempt of this thread


class TellsItsPort:
    """The library's connection, which tells its port before any TLS handshake."""

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
urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)  # verifying is nobody's wish here


def failed(error, a):
    inner = driver.innermost(error)
    return driver.failed(inner, "body" if a.first else driver.call_of(inner)), repr(error)
