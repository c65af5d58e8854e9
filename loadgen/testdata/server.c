// The server that the fleet's benchmark hits: one epoll loop that reads a
// request to the end of its header, answers 503 and closes. It is meant to be
// faster than any client on the other core.
//
// It listens on a port of its own choice on 127.0.0.1, prints that port on a
// line, and ends when its standard input does.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

static const char answer[] =
	"HTTP/1.1 503 Service Unavailable\r\n"
	"Content-Type: text/plain\r\nContent-Length: 9\r\nConnection: close\r\n\r\noverload\n";

static void must(int ok, const char *what)
{
	if (!ok) {
		perror(what);
		exit(1);
	}
}

// serve answers a connection whose request is there; 0 when it is not yet. A
// request of the benchmark fits one segment, so that its end is at the end of
// what one recv returns.
static int serve(int fd)
{
	char request[16384];
	ssize_t n = recv(fd, request, sizeof request, 0);
	if (n < 0)
		return 0;
	if (n >= 4 && memcmp(request + n - 4, "\r\n\r\n", 4) == 0)
		send(fd, answer, sizeof answer - 1, MSG_NOSIGNAL);
	close(fd);
	return 1;
}

int main(void)
{
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	struct sockaddr_in name = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof name;
	must(bind(listener, (struct sockaddr *)&name, size) == 0, "bind");
	must(listen(listener, 4096) == 0, "listen");
	must(getsockname(listener, (struct sockaddr *)&name, &size) == 0, "getsockname");
	printf("%d\n", ntohs(name.sin_port));
	fflush(stdout);

	int loop = epoll_create1(EPOLL_CLOEXEC);
	struct epoll_event ev = {.events = EPOLLIN, .data.fd = listener}, events[256];
	must(epoll_ctl(loop, EPOLL_CTL_ADD, listener, &ev) == 0, "watch the listener");
	ev = (struct epoll_event){.events = EPOLLIN, .data.fd = 0};
	must(epoll_ctl(loop, EPOLL_CTL_ADD, 0, &ev) == 0, "watch standard input");
	for (;;) {
		int n = epoll_wait(loop, events, 256, -1);
		for (int i = 0; i < n; i++) {
			if (events[i].data.fd == 0)
				return 0;
			if (events[i].data.fd != listener) {
				serve(events[i].data.fd);
				continue;
			}
			int fd;
			while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
				ev = (struct epoll_event){.events = EPOLLIN | EPOLLET, .data.fd = fd};
				if (!serve(fd))
					epoll_ctl(loop, EPOLL_CTL_ADD, fd, &ev);
			}
		}
	}
}
