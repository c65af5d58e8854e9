import httpx

import driver


def failed(error, a):
    if isinstance(error, httpx.ConnectTimeout) and driver.shaking(driver.innermost(error)):
        return "timeout-receive"
    if isinstance(error, httpx.TimeoutException):
        return "timeout-connect" if isinstance(error, (httpx.ConnectTimeout, httpx.PoolTimeout)) else "timeout-send" if isinstance(error, httpx.WriteTimeout) else "timeout-receive"
    if isinstance(error, httpx.RemoteProtocolError):
        if a.first:
            return "truncated"
        return "closed" if "disconnected" in str(error) else "bad-response"
    call = "connect" if isinstance(error, httpx.ConnectError) else "send" if isinstance(error, httpx.WriteError) else "receive"
    return driver.failed(driver.innermost(error), "body" if a.first else call)


def attempt(a):
    # Ignore the environment: no proxy, and no certificates to load.
    with httpx.Client(trust_env=False, verify=False, timeout=driver.TIMEOUT) as client:
        try:
            with client.stream(driver.METHOD, driver.URL, content=driver.BODY, headers=driver.HEADERS) as answer:
                a.answered()
                a.port = answer.extensions["network_stream"].get_extra_info("client_addr")[1]
                got = len(answer.read())
                return driver.judged(answer.status_code, got, answer.headers.get("Content-Length")), ""
        except httpx.HTTPError as e:
            return failed(e, a), repr(e)


driver.run(attempt)
