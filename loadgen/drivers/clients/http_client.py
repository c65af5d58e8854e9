import http.client
import ssl

import driver


def connection():
    where, port = driver.SERVER.hostname, driver.SERVER.port
    if driver.TLS:
        return http.client.HTTPSConnection(where, port, timeout=driver.TIMEOUT, context=ssl._create_unverified_context())
    return http.client.HTTPConnection(where, port, timeout=driver.TIMEOUT)


def attempt(a):
    conn = connection()
    call = "connect"
    try:
        conn.connect()
        a.port = conn.sock.getsockname()[1]
        call = "send"
        conn.request(driver.METHOD, driver.SERVER.path, body=driver.BODY, headers=driver.HEADERS)
        call = "receive"
        answer = conn.getresponse()
        a.answered()
        call = "body"
        answer.read()
        return driver.judged(answer.status), ""
    except Exception as e:
        return driver.failed(e, call), repr(e)
    finally:
        conn.close()


driver.run(attempt)
