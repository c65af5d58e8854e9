package targets

import (
	"fmt"
	"strconv"
	"time"
)

// Directive says what one of our settings is called in a server, or that the
// server has no word for it and what it does instead.
type Directive struct {
	Setting string // a name of Settings
	Server  string
	Name    string // the directive, or the constant in the source; empty where there is neither
	Default string // what holds when nobody says anything
	Note    string // where the directive is not the same thing
	Source  string // where the fact is from: documentation, or a file of the server's source
	write   func(v int64) string
}

// Settable tells whether the server's configuration can have it.
func (d Directive) Settable() bool { return d.write != nil }

// Write returns the line of configuration for a value in the setting's unit;
// empty where there is none to write.
func (d Directive) Write(v int64) string {
	if d.write == nil {
		return ""
	}
	return d.write(v)
}

// Directives is the one table of the words that servers have for our settings.
// The facts are of the versions of 2024 to 2026.
var Directives = []Directive{
	{"linger-total", "nginx", "lingering_time", "30s", "holds only while the request's body is being discarded; lingering_close must not be off",
		"nginx.org ngx_http_core_module; src/http/ngx_http_request.c", line("lingering_time %s;", milliseconds)},
	{"linger-total", "Apache httpd", "MAX_SECS_TO_LINGER", "30 s", "a constant of the build; no directive",
		"server/connection.c", nil},
	{"linger-total", "lighttpd", "HTTP_LINGER_TIMEOUT", "5 s", "a constant of the build; no directive",
		"src/connections.c", nil},
	{"linger-total", "aiohttp", "lingering_time", "10.0", "reads on without the half-close; 0 is off",
		"aiohttp/web_protocol.py", line("web.AppRunner(app, lingering_time=%s)", seconds)},
	{"linger-total", "HAProxy", "", "", "drains to the request's end since 3.0; only timeout client, armed again by every byte, ends it",
		"src/mux_h1.c", nil},
	{"linger-total", "Kestrel", "RequestBodyDrainTimeout", "5 s", "a constant of the source; no option",
		"Http1MessageBody.cs", nil},
	{"linger-total", "Envoy", "", "", "it does not read on: see close-delay",
		"http_connection_manager.proto, delayed_close_timeout", nil},
	{"linger-total", "Go net/http", "", "", "it does not read on: see close-delay",
		"net/http/server.go", nil},

	{"linger-idle", "nginx", "lingering_timeout", "5s", "",
		"nginx.org ngx_http_core_module; src/http/ngx_http_request.c", line("lingering_timeout %s;", milliseconds)},
	{"linger-idle", "Apache httpd", "SECONDS_TO_LINGER", "2 s", "a constant of the build; no directive",
		"server/connection.c", nil},
	{"linger-idle", "HAProxy", "timeout client", "none", "bounds every silence of the client, not only while a request is drained",
		"doc/configuration.txt; src/mux_h1.c", line("timeout client %s", milliseconds)},

	{"linger-bytes", "Tomcat", "maxSwallowSize", "2097152", "reads on without the half-close; -1 is no limit",
		"webapps/docs/config/http.xml; IdentityInputFilter.java", line(`maxSwallowSize="%s"`, plain)},
	{"linger-bytes", "Go net/http", "maxPostHandlerReadBytes", "256 KiB", "a constant of the source, and of what is read before the answer; no option",
		"net/http/server.go", nil},
	{"linger-bytes", "Jetty", "maxUnconsumedRequestContentReads", "16", "counts reads, not bytes, and does not wait for them",
		"HttpConfiguration.java; HttpStream.java", nil},
	{"linger-bytes", "nginx", "", "", "discards without a limit of bytes",
		"src/http/ngx_http_request.c", nil},
	{"linger-bytes", "HAProxy", "", "", "drains without a limit of bytes",
		"src/mux_h1.c", nil},

	{"close-delay", "Envoy", "delayed_close_timeout", "1s", "without the half-close; 0 is off",
		"http_connection_manager.proto, field 26", line("delayed_close_timeout: %ss", seconds)},
	{"close-delay", "Go net/http", "rstAvoidanceDelay", "500 ms", "a constant of the source; no option",
		"net/http/server.go", nil},

	{"ack-timeout", "every server known", "", "", "none waits for the acknowledgement; RFC 9112 9.6 allows it", "RFC 9112 9.6", nil},
	{"quiet-floor", "every server known", "", "", "none drains until the acknowledgement and a quiet round trip", "RFC 9112 9.6", nil},

	{"lingerers", "nginx", "", "", "lingering connections count as worker_connections, and are the first to be closed when those run out",
		"src/core/ngx_connection.c", nil},
	{"lingerers", "Apache httpd", "", "", "the event MPM keeps them in a queue of their own, which it closes when busy",
		"server/mpm/event/event.c", nil},

	{"limit", "nginx", "limit_conn", "none", "a zone whose key is constant, as $server_name is, counts all; limit_conn_status is 503",
		"nginx.org ngx_http_limit_conn_module", line("limit_conn_zone $server_name zone=all:1m; limit_conn all %s;", plain)},
	{"limit", "Apache httpd", "MaxRequestWorkers", "256 or more, by MPM", "above it connections wait in the backlog and get no answer",
		"httpd.apache.org mpm_common", line("MaxRequestWorkers %s", plain)},
	{"limit", "HAProxy", "maxconn", "none", "above it connections of a frontend wait in the backlog, of a server in a queue for timeout queue",
		"doc/configuration.txt", line("maxconn %s", plain)},
	{"limit", "Envoy", "max_connections", "none", "the network filter connection_limit closes without an answer",
		"connection_limit.cc", line("max_connections: %s", plain)},
	{"limit", "Tomcat", "maxConnections", "8192", "above it acceptCount connections wait in the backlog and get no answer",
		"webapps/docs/config/http.xml", line(`maxConnections="%s"`, plain)},
	{"limit", "Jetty", "ConnectionLimit", "none", "above it nothing is accepted",
		"ConnectionLimit.java", line("server.addBean(new ConnectionLimit(%s, server));", plain)},
	{"limit", "Kestrel", "MaxConcurrentConnections", "none", "above it connections are closed without an answer",
		"ConnectionLimitMiddleware.cs", line("options.Limits.MaxConcurrentConnections = %s;", plain)},
	{"limit", "h2o", "max-connections", "1024", "above it nothing is accepted",
		"src/main.c", line("max-connections: %s", plain)},
	{"limit", "Go net/http", "netutil.LimitListener", "none", "above it nothing is accepted; a 503 needs a handler that counts",
		"golang.org/x/net/netutil", line("listener = netutil.LimitListener(listener, %s)", plain)},
}

// DirectivesOf returns the words that servers have for a setting.
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

// A value in a server's words is rounded up: what was confirmed is kept.

func milliseconds(v int64) string {
	return strconv.FormatInt((v+int64(time.Millisecond)-1)/int64(time.Millisecond), 10) + "ms"
}

func seconds(v int64) string {
	ms := (v + int64(time.Millisecond) - 1) / int64(time.Millisecond)
	return strconv.FormatFloat(float64(ms)/1e3, 'f', -1, 64)
}

func plain(v int64) string { return strconv.FormatInt(v, 10) }
