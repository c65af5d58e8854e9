import requests

import driver
import urllib3_errors


def attempt(a):
    urllib3_errors.seen.attempt = a
    with requests.Session() as session:
        session.trust_env = False  # no proxy of the environment
        session.verify = False
        try:
            answer = session.request(driver.METHOD, driver.URL, data=driver.BODY, headers=driver.HEADERS,
                                     timeout=driver.TIMEOUT, allow_redirects=False, stream=True)
            a.answered()
            got = len(answer.content)
            return driver.judged(answer.status_code, got, answer.headers.get("Content-Length")), ""
        except Exception as e:
            return urllib3_errors.failed(e, a)


driver.run(attempt)
