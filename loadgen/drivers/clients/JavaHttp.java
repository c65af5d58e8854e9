import java.io.BufferedReader;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.ConnectException;
import java.net.ProtocolException;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpConnectTimeoutException;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpTimeoutException;
import java.nio.channels.ClosedChannelException;
import java.security.GeneralSecurityException;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Arrays;
import java.util.Locale;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLException;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509ExtendedTrustManager;

/** Makes attempts with java.net.http; its exceptions determine the outcomes. */
public class JavaHttp {
    static final Duration TIMEOUT = Duration.ofMillis((long) (1000 * Double.parseDouble(System.getenv("REJECTBENCH_TIMEOUT"))));
    static final HttpClient.Builder CLIENTS = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1)
            .followRedirects(HttpClient.Redirect.NEVER).connectTimeout(TIMEOUT).sslContext(unverified());

    public static void main(String[] args) throws Exception {
        byte[] body = new byte[Integer.parseInt(System.getenv("REJECTBENCH_BODY"))];
        Arrays.fill(body, (byte) 'x');
        HttpRequest.Builder b = HttpRequest.newBuilder(URI.create(System.getenv("REJECTBENCH_URL"))).timeout(TIMEOUT);
        HttpRequest request = body.length == 0 ? b.GET().build()
                : b.header("Content-Type", "application/octet-stream").POST(HttpRequest.BodyPublishers.ofByteArray(body)).build();
        Thread.setDefaultUncaughtExceptionHandler((t, e) -> {
            e.printStackTrace();
            Runtime.getRuntime().halt(1);
        });
        CLIENTS.build(); // loads the classes
        ExecutorService threads = Executors.newCachedThreadPool();
        System.out.print("ready\n");
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in));
        for (String line; (line = in.readLine()) != null; ) {
            long index = Long.parseLong(line);
            threads.execute(() -> attempt(index, request));
        }
        threads.shutdown();
        threads.awaitTermination(Long.MAX_VALUE, TimeUnit.NANOSECONDS);
        System.out.flush();
        System.exit(0); // the clients' threads would keep the process alive
    }

    static void attempt(long index, HttpRequest request) {
        HttpClient client = CLIENTS.build(); // a new client per attempt, or it would reuse a connection that the server keeps open
        Instant date = Instant.now();
        long started = System.nanoTime();
        long[] first = {0};
        String outcome, words = "";
        try {
            HttpResponse<byte[]> answer = client.send(request, info -> {
                first[0] = System.nanoTime() - started;
                return HttpResponse.BodySubscribers.ofByteArray();
            });
            int status = answer.statusCode();
            outcome = status >= 200 && status <= 299 ? "admitted" : status == 503 ? "delivered" : "bad-response";
        } catch (IOException e) {
            outcome = failed(e, first[0] != 0);
            words = chain(e);
        } catch (InterruptedException e) {
            throw new RuntimeException(e);
        }
        double end = (System.nanoTime() - started) / 1e6;
        // One call per line, so that lines of several threads do not mix.
        System.out.print(String.format(Locale.ROOT, "{\"attempt\":%d,\"outcome\":\"%s\",\"started_ms\":%.3f,\"response_ms\":%.6f,\"end_ms\":%.6f,\"port\":0,\"error\":\"%s\"}\n",
                index, outcome, ChronoUnit.MICROS.between(Instant.EPOCH, date) / 1e3, first[0] / 1e6, end, words.replaceAll("[\\\\\"\\p{Cntrl}]", " ")));
    }

    /** A context that accepts every certificate and name. */
    static SSLContext unverified() {
        try {
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(null, new TrustManager[] {new X509ExtendedTrustManager() {
                public void checkClientTrusted(X509Certificate[] c, String type) {}
                public void checkClientTrusted(X509Certificate[] c, String type, Socket s) {}
                public void checkClientTrusted(X509Certificate[] c, String type, SSLEngine e) {}
                public void checkServerTrusted(X509Certificate[] c, String type) {}
                public void checkServerTrusted(X509Certificate[] c, String type, Socket s) {}
                public void checkServerTrusted(X509Certificate[] c, String type, SSLEngine e) {}
                public X509Certificate[] getAcceptedIssuers() { return new X509Certificate[0]; }
            }}, null);
            return context;
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    /** The outcome of an exception: by its class if that suffices, otherwise by the system's error text. */
    static String failed(IOException e, boolean answered) {
        if (e instanceof HttpConnectTimeoutException) return "timeout-connect";
        if (e instanceof HttpTimeoutException) return "timeout-receive";
        String words = chain(e);
        if (words.contains("Connection refused") || e instanceof ConnectException && words.contains("ClosedChannelException")) return "refused";
        if (words.contains("Address already in use") || words.contains("Cannot assign requested address") || words.contains("Too many open files")
                || words.contains("unreachable")) return "local-error";
        if (answered) return "truncated";
        // Bytes came that are no TLS; whether the end of the connection is told first is a race.
        if (words.contains("Unrecognized SSL message")) return "bad-response";
        if (words.contains("Broken pipe")) return "broken-pipe";
        if (words.contains("Connection reset by peer")) return "reset-send"; // the system's text for a write; the text for a read is shorter
        if (words.contains("Connection reset")) return "reset-receive";
        for (Throwable t = e; t != null; t = t.getCause()) {
            if (t instanceof ProtocolException) return "bad-response";
            if (t instanceof EOFException) return words.contains("received no bytes") ? "closed" : "truncated";
            if (t instanceof ClosedChannelException) return "closed";
        }
        if (words.contains("received no bytes") || words.contains("terminated the handshake")) return "closed";
        return "bad-response";
    }

    static String chain(Throwable e) {
        StringBuilder s = new StringBuilder();
        for (Throwable t = e; t != null; t = t.getCause()) s.append(s.length() > 0 ? ": " : "").append(t);
        return s.toString();
    }
}
