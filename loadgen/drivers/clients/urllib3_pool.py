import urllib3

import driver
import urllib3_errors


def pool_of(*server, **options):
    if driver.TLS:
        return urllib3.HTTPSConnectionPool(*server, cert_reqs="CERT_NONE", **options)
    return urllib3.HTTPConnectionPool(*server, **options)


def attempt(a):
    urllib3_errors.seen.attempt = a
    pool = pool_of(driver.SERVER.hostname, driver.SERVER.port, timeout=driver.TIMEOUT)
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
