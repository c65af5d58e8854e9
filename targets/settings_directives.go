package targets

import (
	"fmt"
	"math"
	"strconv"
	"strings"
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
	form    *form  // nil if the server's configuration cannot set it
}

// form is how a directive is written.
type form struct {
	catalogue string
	line      string // of configuration, with %s for the value
	value     func(v int64) string
	steps     Steps
}

// Steps are the values that a server keeps of a directive, in the setting's unit. It
// rounds others off, or refuses them.
type Steps struct {
	Step int64 // the server keeps multiples of it
	// Spare is how much earlier than its value the server may act. It is added to what
	// is needed.
	Spare int64
	Min   int64
	Max   int64 // 0 is no bound that matters
	// Source is the documentation, or the file and the function of the server's source,
	// that the steps come from.
	Source string
}

// Keep returns the value that has the server do at least what v asks for: v with the
// spare, rounded up to a step. For a setting of which less is asked by a smaller
// value, such as a limit, down is set and the value is rounded down. It reports false
// if the server keeps no such value.
func (s Steps) Keep(v int64, down bool) (int64, bool) {
	if down {
		v = v / s.Step * s.Step
		if s.Max > 0 {
			v = min(v, s.Max)
		}
		return v, v >= max(s.Min, 1)
	}
	v = max((v+s.Spare+s.Step-1)/s.Step*s.Step, s.Min)
	return v, s.Max == 0 || v <= s.Max
}

// Settable reports whether the server's configuration can set it.
func (d Directive) Settable() bool { return d.form != nil }

// Catalogue returns the directive's name in the catalogue of servers, SERVER:NAME. It
// is empty where the catalogue lacks the server, and if the directive is not Settable.
func (d Directive) Catalogue() string {
	if d.form == nil {
		return ""
	}
	return d.form.catalogue
}

// Steps returns the values that the server keeps; the zero value if the directive is
// not Settable.
func (d Directive) Steps() Steps {
	if d.form == nil {
		return Steps{}
	}
	return d.form.steps
}

// StepsText says which values the server keeps; empty for whole milliseconds, bytes and
// connections without more.
func (d Directive) StepsText() string {
	s, err := SettingByName(d.Setting)
	if err != nil || d.form == nil {
		return ""
	}
	steps := d.form.steps
	var texts []string
	if steps.Step > 1 && steps.Step != int64(time.Millisecond) {
		texts = append(texts, "in steps of "+s.Unit.Pretty(steps.Step))
	}
	if steps.Spare > 0 {
		texts = append(texts, "with "+s.Unit.Pretty(steps.Spare)+" to spare")
	}
	return strings.Join(texts, ", ")
}

// Keep returns the value that the server keeps and that does at least what v does, in
// the setting's unit. It reports false if there is none.
func (d Directive) Keep(v int64) (int64, bool) {
	if d.form == nil {
		return 0, false
	}
	return d.form.steps.Keep(v, d.Setting == limitSetting)
}

// Value writes a value that the server keeps, as its configuration has it.
func (d Directive) Value(kept int64) string {
	if d.form == nil {
		return ""
	}
	return d.form.value(kept)
}

// Line writes the line of configuration with a value that the server keeps.
func (d Directive) Line(kept int64) string {
	if d.form == nil {
		return ""
	}
	return fmt.Sprintf(d.form.line, d.form.value(kept))
}

// Write returns the line of configuration that does at least what v does, in the
// setting's unit; see Keep. It is empty if the server keeps no such value.
func (d Directive) Write(v int64) string {
	kept, ok := d.Keep(v)
	if !ok {
		return ""
	}
	return d.Line(kept)
}

// The steps of several directives.
var (
	// nginx counts in the whole seconds of its cached time: a lingering that begins at
	// the end of a second loses almost all of its first one.
	nginxSeconds = Steps{Step: int64(time.Second), Spare: int64(time.Second), Min: int64(time.Second),
		Source: "src/http/ngx_http_request.c, ngx_http_set_lingering_close and ngx_http_lingering_close_handler; src/http/ngx_http_request_body.c, ngx_http_discarded_request_body_handler"}
	// nginx leaves a timer as it is when the new time is less than 300 ms from it. So the
	// time without input may count from a byte up to 300 ms before the last.
	nginxMilliseconds = Steps{Step: int64(time.Millisecond), Spare: int64(300 * time.Millisecond), Min: int64(time.Millisecond),
		Source: "src/event/ngx_event_timer.h, ngx_event_add_timer, NGX_TIMER_LAZY_DELAY"}
	// The value is a float, which is written here in milliseconds. A wait of more than 5 s
	// ends later, at a whole second.
	aiohttpSeconds = Steps{Step: int64(time.Millisecond), Min: int64(time.Millisecond),
		Source: "aiohttp/web_protocol.py, RequestHandler.start; aiohttp/helpers.py, ceil_timeout"}
	haproxyMilliseconds = Steps{Step: int64(time.Millisecond), Min: int64(time.Millisecond), Max: math.MaxInt32 * int64(time.Millisecond),
		Source: "doc/configuration.txt, 2.5 Time format; src/tools.c, parse_time_err"}
	envoyMilliseconds = Steps{Step: int64(time.Millisecond), Min: int64(time.Millisecond),
		Source: "http_connection_manager/config.cc, PROTOBUF_GET_MS_OR_DEFAULT"}
	// The event MPM lowers the value to a multiple of ThreadsPerChild (25), raises one
	// below that, and lowers it to ServerLimit (16) times as much.
	apacheWorkers = Steps{Step: 25, Min: 25, Max: 400,
		Source: "server/mpm/event/event.c, event_check_config"}
)

func tomcatInt(source string) Steps {
	return Steps{Step: 1, Min: 1, Max: math.MaxInt32, Source: "a Java int of " + source}
}

// Directives is the one table of the equivalents of settings in other servers. The
// facts are from versions of 2024 to 2026.
var Directives = []Directive{
	{"linger-total", "nginx", "lingering_time", "30s", "applies only where input is unread or the request's body is being discarded; lingering_close must not be off",
		"nginx.org ngx_http_core_module; src/http/ngx_http_request.c, ngx_http_finalize_connection", settable("nginx:lingering_time", "lingering_time %s;", milliseconds, nginxSeconds)},
	{"linger-total", "Apache httpd", "MAX_SECS_TO_LINGER", "30 s", "compile-time constant; no directive",
		"server/connection.c; server/mpm/event/event.c, linger_q", nil},
	{"linger-total", "lighttpd", "HTTP_LINGER_TIMEOUT", "5 s", "compile-time constant; no directive",
		"src/connections.c", nil},
	{"linger-total", "aiohttp", "lingering_time", "10.0", "keeps reading without the half-close; 0 is off",
		"aiohttp/web_protocol.py", settable("aiohttp:lingering_time", "web.AppRunner(app, lingering_time=%s)", seconds, aiohttpSeconds)},
	{"linger-total", "HAProxy", "", "", "reads the request to its end since 3.0; only timeout client, which restarts at every byte, ends it earlier",
		"src/mux_h1.c", nil},
	{"linger-total", "Kestrel", "RequestBodyDrainTimeout", "5 s", "constant in the source; no option",
		"Constants.cs; Http1MessageBody.cs", nil},
	{"linger-total", "Envoy", "", "", "does not read after its answer: see close-delay",
		"http_connection_manager.proto, delayed_close_timeout", nil},
	{"linger-total", "Go net/http", "", "", "does not read after its answer: see close-delay",
		"net/http/server.go", nil},

	{"linger-idle", "nginx", "lingering_timeout", "5s", "lingering_time ends it as well",
		"nginx.org ngx_http_core_module; src/http/ngx_http_request.c", settable("nginx:lingering_timeout", "lingering_timeout %s;", milliseconds, nginxMilliseconds)},
	{"linger-idle", "Apache httpd", "SECONDS_TO_LINGER", "2 s", "compile-time constant; no directive; under the event MPM only the time of a shortened lingering, so that of an idle client is MAX_SECS_TO_LINGER",
		"server/connection.c; server/mpm/event/event.c", nil},
	{"linger-idle", "HAProxy", "timeout client", "none", "bounds every idle time of the client, not only while a request is drained",
		"doc/configuration.txt; src/mux_h1.c", settable("haproxy:timeout_client", "timeout client %s", milliseconds, haproxyMilliseconds)},

	{"linger-bytes", "Tomcat", "maxSwallowSize", "2097152", "keeps reading without the half-close, but, as measured with 10.1.60, not after a 503; -1 is no limit",
		"webapps/docs/config/http.xml; AbstractHttp11Protocol.java; IdentityInputFilter.java", settable("tomcat:maxSwallowSize", `maxSwallowSize="%s"`, plain, tomcatInt("bytes; AbstractHttp11Protocol.java, setMaxSwallowSize"))},
	{"linger-bytes", "Go net/http", "maxPostHandlerReadBytes", "256 KiB", "constant in the source, for the bytes read before the answer; no option",
		"net/http/server.go", nil},
	{"linger-bytes", "Jetty", "maxUnconsumedRequestContentReads", "16", "can be set, but counts reads, not bytes, and does not wait for them",
		"HttpConfiguration.java; HttpStream.java", nil},
	{"linger-bytes", "nginx", "", "", "discards without a byte limit",
		"src/http/ngx_http_request.c", nil},
	{"linger-bytes", "HAProxy", "", "", "drains without a byte limit",
		"src/mux_h1.c", nil},

	{"close-delay", "Envoy", "delayed_close_timeout", "1s", "without the half-close; 0 is off",
		"http_connection_manager.proto, field 26", settable("", "delayed_close_timeout: %ss", seconds, envoyMilliseconds)},
	{"close-delay", "Go net/http", "rstAvoidanceDelay", "500 ms", "fixed in the source; no option",
		"net/http/server.go", nil},

	{"ack-timeout", "every known server", "", "", "none waits for the acknowledgement; RFC 9112 9.6 allows it", "RFC 9112 9.6", nil},
	{"quiet-floor", "every known server", "", "", "none drains until the acknowledgement and a quiet round trip", "RFC 9112 9.6", nil},

	{"lingerers", "nginx", "", "", "lingering connections count as worker_connections; nginx closes them, as idle kept ones, when those run out",
		"src/core/ngx_connection.c", nil},
	{"lingerers", "Apache httpd", "", "", "the event MPM keeps them in a separate queue until their time is over",
		"server/mpm/event/event.c", nil},

	{"limit", "nginx", "limit_conn", "none", "a zone with a constant key counts all connections whose request is in process; an empty key, such as $server_name without a server_name, counts none; limit_conn_status is 503",
		"nginx.org ngx_http_limit_conn_module; src/http/modules/ngx_http_limit_conn_module.c, ngx_http_limit_conn_handler", settable("nginx:limit_conn", "limit_conn_zone $server_port zone=all:1m; limit_conn all %s;", plain, Steps{Step: 1, Min: 1, Max: 65535, Source: "src/http/modules/ngx_http_limit_conn_module.c, ngx_http_limit_conn"})},
	{"limit", "Apache httpd", "MaxRequestWorkers", "256 or more, by MPM", "limits requests in process; the event MPM accepts more connections than that, and the rest wait in the backlog without an answer",
		"httpd.apache.org mpm_common", settable("apache:MaxRequestWorkers", "MaxRequestWorkers %s", plain, apacheWorkers)},
	{"limit", "HAProxy", "maxconn", "the global maxconn", "further connections to a frontend wait in the backlog, further requests to a server wait in a queue for timeout queue",
		"doc/configuration.txt", settable("haproxy:maxconn", "maxconn %s", plain, Steps{Step: 1, Min: 1, Max: math.MaxInt32, Source: "doc/configuration.txt, maxconn"})},
	{"limit", "Envoy", "max_connections", "none", "the network filter connection_limit closes without an answer",
		"connection_limit.cc", settable("", "max_connections: %s", plain, Steps{Step: 1, Min: 1, Source: "connection_limit.proto, max_connections"})},
	{"limit", "Tomcat", "maxConnections", "8192", "up to acceptCount further connections wait in the backlog without an answer",
		"webapps/docs/config/http.xml", settable("tomcat:maxConnections", `maxConnections="%s"`, plain, tomcatInt("connections; AbstractEndpoint.java, setMaxConnections"))},
	{"limit", "Jetty", "ConnectionLimit", "none", "accepts no further connection",
		"ConnectionLimit.java", settable("jetty:ConnectionLimit", "server.addBean(new ConnectionLimit(%s, server));", plain, Steps{Step: 1, Min: 1, Max: math.MaxInt32, Source: "ConnectionLimit.java, setMaxConnections"})},
	{"limit", "Kestrel", "MaxConcurrentConnections", "none", "closes further connections without an answer",
		"ConnectionLimitMiddleware.cs", settable("", "options.Limits.MaxConcurrentConnections = %s;", plain, Steps{Step: 1, Min: 1, Source: "KestrelServerLimits.cs, MaxConcurrentConnections"})},
	{"limit", "h2o", "max-connections", "1024", "accepts no further connection",
		"src/main.c", settable("h2o:max-connections", "max-connections: %s", plain, Steps{Step: 1, Min: 1, Max: math.MaxInt32, Source: "src/main.c, on_config_max_connections"})},
	{"limit", "Go net/http", "netutil.LimitListener", "none", "accepts no further connection; a 503 needs a handler that counts",
		"golang.org/x/net/netutil", settable("", "listener = netutil.LimitListener(listener, %s)", plain, Steps{Step: 1, Min: 1, Source: "golang.org/x/net/netutil, LimitListener"})},
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

// DirectiveByCatalogue returns the directive with a name in the catalogue.
func DirectiveByCatalogue(name string) (Directive, bool) {
	for _, d := range Directives {
		if name != "" && d.Catalogue() == name {
			return d, true
		}
	}
	return Directive{}, false
}

func settable(catalogue, line string, value func(int64) string, steps Steps) *form {
	return &form{catalogue, line, value, steps}
}

// milliseconds writes whole milliseconds, in seconds where they are whole.
func milliseconds(v int64) string {
	if v%int64(time.Second) == 0 {
		return strconv.FormatInt(v/int64(time.Second), 10) + "s"
	}
	return strconv.FormatInt(v/int64(time.Millisecond), 10) + "ms"
}

func seconds(v int64) string {
	return strconv.FormatFloat(float64(v/int64(time.Millisecond))/1e3, 'f', -1, 64)
}

func plain(v int64) string { return strconv.FormatInt(v, 10) }
