// The epoll engine's yardstick: a closed loop that makes the engine's system
// calls, call for call, and as little as possible between them. It reads no
// clock, keeps no ledger and has no time limits of its own; an answer is
// checked as far as its status and its Content-Length.
//
// Usage: client PORT CONCURRENCY ATTEMPTS. It prints the seconds from the first
// connect to the last close, and fails if any attempt did not get a whole 503.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <linux/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

struct slot {
	int fd;
	int connected;
	int received;	// bytes of the answer
	int whole;	// bytes of the whole answer, once its header has been read
	int reset_before_read;
	unsigned handshake_us;
	unsigned short port;
};

static struct sockaddr_in server = {.sin_family = AF_INET};
static char request[256];
static int request_size, loop;
static struct slot *slots;
static struct tcp_info info;

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

static void start(int i)
{
	struct slot *s = &slots[i];
	*s = (struct slot){0};
	if ((s->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP)) < 0)
		fail("socket");
	int one = 1;
	setsockopt(s->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	if (connect(s->fd, (struct sockaddr *)&server, sizeof server) < 0 && errno != EINPROGRESS)
		fail("connect");
	struct sockaddr_in6 name;
	socklen_t size = sizeof name;
	getsockname(s->fd, (struct sockaddr *)&name, &size);
	s->port = name.sin6_port;
	struct epoll_event ev = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data.u64 = i};
	if (epoll_ctl(loop, EPOLL_CTL_ADD, s->fd, &ev) < 0)
		fail("epoll_ctl");
}

static void ask_info(int fd)
{
	socklen_t size = sizeof info;
	if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) < 0)
		fail("TCP_INFO");
}

// check finds out how long the answer is, which comes in one piece.
static void check(struct slot *s, char *b, int n)
{
	b[n] = 0;
	char *length = strstr(b, "Content-Length: "), *body = strstr(b, "\r\n\r\n");
	if (strncmp(b, "HTTP/1.1 503 ", 13) != 0 || !length || !body)
		fail("the answer is not a 503");
	s->whole = body + 4 - b + atoi(length + 16);
}

// receive reads what is there; it returns 1 once the attempt is over.
static int receive(struct slot *s)
{
	static char b[(16 << 10) + 1];
	if (!s->received) {
		ask_info(s->fd);
		s->reset_before_read = info.tcpi_state == 7; // TCP_CLOSE
	}
	for (;;) {
		ssize_t n = recv(s->fd, b, sizeof b - 1, 0);
		if (n < 0 && errno == EAGAIN)
			return 0;
		if (n < 0)
			fail("recv");
		if (n == 0) {
			if (!s->whole || s->received != s->whole)
				fail("the answer is not whole");
			close(s->fd);
			return 1;
		}
		if (!s->received)
			check(s, b, n);
		s->received += n;
	}
}

int main(int argc, char **argv)
{
	if (argc != 4)
		return 2;
	int concurrency = atoi(argv[2]);
	long left = atol(argv[3]), running = 0;
	server.sin_port = htons(atoi(argv[1]));
	server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	request_size = snprintf(request, sizeof request,
		"GET / HTTP/1.1\r\nHost: 127.0.0.1:%s\r\nUser-Agent: rejectbench\r\nAccept: */*\r\n\r\n", argv[1]);
	loop = epoll_create1(EPOLL_CLOEXEC);
	slots = calloc(concurrency, sizeof *slots);
	alarm(60); // a client that hangs would have the benchmark hang

	struct timespec begin, end;
	clock_gettime(CLOCK_MONOTONIC, &begin);
	for (int i = 0; i < concurrency && left > 0; i++, left--, running++)
		start(i);
	while (running > 0) {
		struct epoll_event events[256];
		static int ended[256];
		int num_ended = 0;
		struct timespec limit = {.tv_sec = 10};
		int n = epoll_pwait2(loop, events, 256, &limit, NULL);
		if (n == 0)
			fail("the server does not answer");
		for (int k = 0; k < n; k++) {
			int i = events[k].data.u64;
			struct slot *s = &slots[i];
			int readable = events[k].events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR);
			if (!s->connected) {
				s->connected = 1;
				ask_info(s->fd);
				s->handshake_us = info.tcpi_rtt;
				if (sendto(s->fd, request, request_size, MSG_NOSIGNAL, NULL, 0) != request_size)
					fail("send");
			}
			if (readable && receive(s))
				ended[num_ended++] = i;
		}
		// As in the engine, a slot is given out again after the events.
		for (int k = 0; k < num_ended; k++)
			if (left > 0) {
				left--;
				start(ended[k]);
			} else {
				running--;
			}
	}
	clock_gettime(CLOCK_MONOTONIC, &end);
	printf("%.9f\n", (end.tv_sec - begin.tv_sec) + (end.tv_nsec - begin.tv_nsec) / 1e9);
	return 0;
}
