import urllib3

import driver
import urllib3_errors


def attempt(a):
    urllib3_errors.seen.attempt = a
    pool = urllib3.HTTPConnectionPool(driver.SERVER.hostname, driver.SERVER.port, timeout=driver.TIMEOUT)
    try:
        answer = pool.urlopen(driver.METHOD, driver.SERVER.path, body=driver.BODY, headers=driver.HEADERS,
                              retries=False, redirect=False, preload_content=False)
        a.answered()
        got = len(answer.read())
        return driver.judged(answer.status, got, answer.headers.get("Content-Length")), ""
    except Exception as e:
        return urllib3_errors.failed(e, a)
    finally:
        pool.close()


driver.run(attempt)
