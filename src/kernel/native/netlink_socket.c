#define _GNU_SOURCE
#include "core.h"

#include <errno.h>
#include <linux/netlink.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#ifndef SOL_NETLINK
#define SOL_NETLINK 270
#endif
#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE 71
#endif

/* Sets at least 1 ms: for the kernel, 0 means no timeout. */
struct failure set_socket_timeout(int fd, int timeout_milliseconds) {
  if (timeout_milliseconds < 1) timeout_milliseconds = 1;
  struct timeval limit = {.tv_sec = timeout_milliseconds / 1000,
                          .tv_usec = (timeout_milliseconds % 1000) * 1000};
  if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) < 0 ||
      setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit) < 0)
    return (struct failure){"setsockopt", errno};
  return (struct failure){0};
}

/* Sets the options that older kernels lack, as far as this one has them. */
static void set_optional_options(int fd) {
  int one = 1, buffer = 1 << 20;
  /* Extended ack messages, shorter acknowledgements, filtered dumps. */
  (void)setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &one, sizeof one);
  (void)setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &one, sizeof one);
  (void)setsockopt(fd, SOL_NETLINK, NETLINK_GET_STRICT_CHK, &one, sizeof one);
  (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &buffer, sizeof buffer);
}

/* Connects the socket to the kernel: a connected socket receives from its peer only. A pod could
 * otherwise send messages to any netlink socket of its namespace. */
static struct failure connect_to_kernel(int fd) {
  const struct sockaddr_nl self = {.nl_family = AF_NETLINK}, kernel = self;
  if (bind(fd, (const struct sockaddr *)&self, sizeof self) < 0)
    return (struct failure){"bind", errno};
  if (connect(fd, (const struct sockaddr *)&kernel, sizeof kernel) < 0)
    return (struct failure){"connect", errno};
  return (struct failure){0};
}

struct failure open_netlink_socket(int protocol, int timeout_milliseconds, int *fd) {
  *fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol);
  if (*fd < 0) return (struct failure){"socket", errno};
  set_optional_options(*fd);
  struct failure failure = set_socket_timeout(*fd, timeout_milliseconds);
  if (failure.call == NULL) failure = connect_to_kernel(*fd);
  if (failure.call != NULL) close(*fd);
  return failure;
}

struct failure namespace_cookie(int fd, uint64_t *cookie) {
  socklen_t length = sizeof *cookie;
  *cookie = 0;
  if (getsockopt(fd, SOL_SOCKET, SO_NETNS_COOKIE, cookie, &length) < 0 && errno != ENOPROTOOPT)
    return (struct failure){"getsockopt", errno};
  return (struct failure){0};
}
