package targets

import (
	"fmt"
	"strconv"
	"time"
)

// Directive is the equivalent of a setting in another server's configuration, or a
// note on what a server without an equivalent does.
type Directive struct {
	Setting string // a name of Settings
	Server  string
	Name    string // of the directive, or of a constant in the source; empty if there is neither
	Default string // value without configuration
	Note    string // how the directive differs from the setting
	Source  string // of the fact: documentation, or a file of the server's source
	write   func(v int64) string
}

// Settable reports whether the server's configuration can set it.
func (d Directive) Settable() bool { return d.write != nil }

// Write returns the line of configuration for a value in the setting's unit. It is
// empty if the directive is not Settable.
func (d Directive) Write(v int64) string {
	if d.write == nil {
		return ""
	}
	return d.write(v)
}

// Directives is the one table of the equivalents of settings in other servers. The
// facts are from versions of 2024 to 2026.
var Directives = []Directive{
	{"linger-total", "nginx", "lingering_time", "30s", "applies only while the request's body is being discarded; lingering_close must not be off",
		"nginx.org ngx_http_core_module; src/http/ngx_http_request.c", line("lingering_time %s;", milliseconds)},
	{"linger-total", "Apache httpd", "MAX_SECS_TO_LINGER", "30 s", "compile-time constant; no directive",
		"server/connection.c", nil},
	{"linger-total", "lighttpd", "HTTP_LINGER_TIMEOUT", "5 s", "compile-time constant; no directive",
		"src/connections.c", nil},
	{"linger-total", "aiohttp", "lingering_time", "10.0", "keeps reading without the half-close; 0 is off",
		"aiohttp/web_protocol.py", line("web.AppRunner(app, lingering_time=%s)", seconds)},
	{"linger-total", "HAProxy", "", "", "reads the request to its end since 3.0; only timeout client, which restarts at every byte, ends it earlier",
		"src/mux_h1.c", nil},
	{"linger-total", "Kestrel", "RequestBodyDrainTimeout", "5 s", "constant in the source; no option",
		"Http1MessageBody.cs", nil},
	{"linger-total", "Envoy", "", "", "does not read after its answer: see close-delay",
		"http_connection_manager.proto, delayed_close_timeout", nil},
	{"linger-total", "Go net/http", "", "", "does not read after its answer: see close-delay",
		"net/http/server.go", nil},

	{"linger-idle", "nginx", "lingering_timeout", "5s", "",
		"nginx.org ngx_http_core_module; src/http/ngx_http_request.c", line("lingering_timeout %s;", milliseconds)},
	{"linger-idle", "Apache httpd", "SECONDS_TO_LINGER", "2 s", "compile-time constant; no directive",
		"server/connection.c", nil},
	{"linger-idle", "HAProxy", "timeout client", "none", "bounds every idle time of the client, not only while a request is drained",
		"doc/configuration.txt; src/mux_h1.c", line("timeout client %s", milliseconds)},

	{"linger-bytes", "Tomcat", "maxSwallowSize", "2097152", "keeps reading without the half-close, but not after a 503 or another status that drops the connection; -1 is no limit",
		"webapps/docs/config/http.xml; IdentityInputFilter.java; Http11Processor.java, statusDropsConnection", line(`maxSwallowSize="%s"`, plain)},
	{"linger-bytes", "Go net/http", "maxPostHandlerReadBytes", "256 KiB", "constant in the source, for the bytes read before the answer; no option",
		"net/http/server.go", nil},
	{"linger-bytes", "Jetty", "maxUnconsumedRequestContentReads", "16", "counts reads, not bytes, and does not wait for them",
		"HttpConfiguration.java; HttpStream.java", nil},
	{"linger-bytes", "nginx", "", "", "discards without a byte limit",
		"src/http/ngx_http_request.c", nil},
	{"linger-bytes", "HAProxy", "", "", "drains without a byte limit",
		"src/mux_h1.c", nil},

	{"close-delay", "Envoy", "delayed_close_timeout", "1s", "without the half-close; 0 is off",
		"http_connection_manager.proto, field 26", line("delayed_close_timeout: %ss", seconds)},
	{"close-delay", "Go net/http", "rstAvoidanceDelay", "500 ms", "constant in the source; no option",
		"net/http/server.go", nil},

	{"ack-timeout", "every known server", "", "", "none waits for the acknowledgement; RFC 9112 9.6 allows it", "RFC 9112 9.6", nil},
	{"quiet-floor", "every known server", "", "", "none drains until the acknowledgement and a quiet round trip", "RFC 9112 9.6", nil},

	{"lingerers", "nginx", "", "", "lingering connections count as worker_connections; nginx closes them first when those run out",
		"src/core/ngx_connection.c", nil},
	{"lingerers", "Apache httpd", "", "", "the event MPM keeps them in a separate queue and closes them when it is busy",
		"server/mpm/event/event.c", nil},

	{"limit", "nginx", "limit_conn", "none", "a zone with a constant key such as $server_name counts all connections; limit_conn_status is 503",
		"nginx.org ngx_http_limit_conn_module", line("limit_conn_zone $server_name zone=all:1m; limit_conn all %s;", plain)},
	{"limit", "Apache httpd", "MaxRequestWorkers", "256 or more, by MPM", "further connections wait in the backlog without an answer",
		"httpd.apache.org mpm_common", line("MaxRequestWorkers %s", plain)},
	{"limit", "HAProxy", "maxconn", "none", "further connections to a frontend wait in the backlog, further requests to a server wait in a queue for timeout queue",
		"doc/configuration.txt", line("maxconn %s", plain)},
	{"limit", "Envoy", "max_connections", "none", "the network filter connection_limit closes without an answer",
		"connection_limit.cc", line("max_connections: %s", plain)},
	{"limit", "Tomcat", "maxConnections", "8192", "up to acceptCount further connections wait in the backlog without an answer",
		"webapps/docs/config/http.xml", line(`maxConnections="%s"`, plain)},
	{"limit", "Jetty", "ConnectionLimit", "none", "accepts no further connection",
		"ConnectionLimit.java", line("server.addBean(new ConnectionLimit(%s, server));", plain)},
	{"limit", "Kestrel", "MaxConcurrentConnections", "none", "closes further connections without an answer",
		"ConnectionLimitMiddleware.cs", line("options.Limits.MaxConcurrentConnections = %s;", plain)},
	{"limit", "h2o", "max-connections", "1024", "accepts no further connection",
		"src/main.c", line("max-connections: %s", plain)},
	{"limit", "Go net/http", "netutil.LimitListener", "none", "accepts no further connection; a 503 needs a handler that counts",
		"golang.org/x/net/netutil", line("listener = netutil.LimitListener(listener, %s)", plain)},
}

// DirectivesOf returns the equivalents of a setting in other servers.
func DirectivesOf(setting string) []Directive {
	var of []Directive
	for _, d := range Directives {
		if d.Setting == setting {
			of = append(of, d)
		}
	}
	return of
}

func line(format string, value func(int64) string) func(int64) string {
	return func(v int64) string { return fmt.Sprintf(format, value(v)) }
}

// Values are rounded up, so that a server's value is at least the measured one.

func milliseconds(v int64) string {
	return strconv.FormatInt((v+int64(time.Millisecond)-1)/int64(time.Millisecond), 10) + "ms"
}

func seconds(v int64) string {
	ms := (v + int64(time.Millisecond) - 1) / int64(time.Millisecond)
	return strconv.FormatFloat(float64(ms)/1e3, 'f', -1, 64)
}

func plain(v int64) string { return strconv.FormatInt(v, 10) }
