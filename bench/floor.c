/*
 * The floor that the engine is measured against: makes network namespaces and sends the engine's own rtnetlink messages to
 * them, in the engine's order, from one small process that waits for nothing but the kernel's answer.
 *
 *     floor MESSAGES        prints: nanoseconds of the build, nanoseconds of the teardown
 *
 * MESSAGES holds records of unsigned 32-bit numbers in native byte order:
 *     0 COUNT                                    makes COUNT namespaces
 *     1 NAMESPACE BYTES PATCHES {OFFSET NAMESPACE}... MESSAGES...
 *                                                sends BYTES of messages from NAMESPACE, the last of which asks to be
 *                                                acknowledged; each patch writes a namespace's descriptor at OFFSET
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static void die(const char *what)
{
	fprintf(stderr, "floor: %s: %s\n", what, strerror(errno));
	exit(1);
}

static int64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static int own_namespace(void)
{
	int fd = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		die("/proc/thread-self/ns/net");
	return fd;
}

/* Reads answers until the last message is acknowledged. */
static void collect(int socket)
{
	char answer[65536];

	for (;;) {
		ssize_t length = recv(socket, answer, sizeof(answer), 0);
		struct nlmsghdr *message = (struct nlmsghdr *)answer;

		if (length < 0)
			die("recv");
		for (; NLMSG_OK(message, length); message = NLMSG_NEXT(message, length)) {
			struct nlmsgerr *error = NLMSG_DATA(message);

			if (message->nlmsg_type != NLMSG_ERROR)
				continue;
			if (error->error == 0)
				return;
			errno = -error->error;
			die("a message was refused");
		}
	}
}

int main(int argc, char **argv)
{
	int file = argc > 1 ? open(argv[1], O_RDONLY) : -1;
	struct stat status;

	if (file < 0 || fstat(file, &status) < 0)
		die("the messages");
	uint32_t *words = malloc(status.st_size);
	if (!words || read(file, words, status.st_size) != status.st_size)
		die("read");

	int home = own_namespace();
	int *namespaces = NULL, *sockets = NULL;
	uint32_t count = 0;
	uint32_t *end = words + status.st_size / 4;
	int64_t began = now();

	while (words < end) {
		if (*words == 0) {
			count = words[1];
			namespaces = calloc(count, sizeof(int));
			sockets = calloc(count, sizeof(int));
			for (uint32_t i = 0; i < count; i++) {
				if (unshare(CLONE_NEWNET) < 0)
					die("unshare");
				namespaces[i] = own_namespace();
				sockets[i] = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
				if (sockets[i] < 0)
					die("socket");
			}
			if (setns(home, CLONE_NEWNET) < 0)
				die("setns");
			words += 2;
			continue;
		}
		uint32_t from = words[1], bytes = words[2], patches = words[3];
		char *messages = (char *)(words + 4 + 2 * patches);

		for (uint32_t i = 0; i < patches; i++)
			memcpy(messages + words[4 + 2 * i], &namespaces[words[5 + 2 * i]], sizeof(int));
		if (send(sockets[from], messages, bytes, 0) != (ssize_t)bytes)
			die("send");
		collect(sockets[from]);
		words = (uint32_t *)(messages + bytes);
	}
	int64_t built = now();

	for (uint32_t i = 0; i < count; i++) {
		close(sockets[i]);
		close(namespaces[i]);
	}
	printf("%lld %lld\n", (long long)(built - began), (long long)(now() - built));
	return 0;
}
