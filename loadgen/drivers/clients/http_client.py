import http.client

import driver


def attempt(a):
    conn = http.client.HTTPConnection(driver.SERVER.hostname, driver.SERVER.port, timeout=driver.TIMEOUT)
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
