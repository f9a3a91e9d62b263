#include "door.h"

#include <errno.h>
#include <linux/netlink.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#ifndef NETLINK_EXT_ACK
#define NETLINK_EXT_ACK 11
#endif
#ifndef NETLINK_GET_STRICT_CHK
#define NETLINK_GET_STRICT_CHK 12
#endif

/* How long sends and receives of a socket may block; 0 or -1 with errno. No time at all
 * would mean for ever. */
static int limit_waits_of(int fd, int32_t milliseconds) {
  if (milliseconds < 1) milliseconds = 1;
  struct timeval limit = {.tv_sec = milliseconds / 1000, .tv_usec = (milliseconds % 1000) * 1000};
  if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) < 0) return -1;
  return setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
}

/* limitWaits(fd: number, timeoutMilliseconds: number): void */
napi_value limit_waits(napi_env env, napi_callback_info info) {
  napi_value values[2];
  int32_t fd, milliseconds;
  if (!arguments(env, info, 2, values) || !integer(env, values[0], &fd) ||
      !integer(env, values[1], &milliseconds))
    return NULL;
  if (limit_waits_of(fd, milliseconds) < 0) return throw_errno(env, "setsockopt", errno);
  return NULL;
}

/* openRouteSocket(timeoutMilliseconds: number): number
 *
 * A routing socket of the current network namespace; it stays in that namespace
 * wherever the thread goes later. */
napi_value open_route_socket(napi_env env, napi_callback_info info) {
  napi_value argument, result;
  int32_t timeout;
  if (!arguments(env, info, 1, &argument) || !integer(env, argument, &timeout)) return NULL;

  int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
  if (fd < 0) return throw_errno(env, "socket", errno);

  int one = 1, buffer = 1 << 20;
  struct sockaddr_nl self = {.nl_family = AF_NETLINK};
  /* Older kernels lack some of these; nothing but comfort is lost then: the
   * kernel's explanation, a shorter acknowledgement, dumps it filters for us. */
  setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &one, sizeof one);
  setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &one, sizeof one);
  setsockopt(fd, SOL_NETLINK, NETLINK_GET_STRICT_CHK, &one, sizeof one);
  setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &buffer, sizeof buffer);
  if (limit_waits_of(fd, timeout) < 0 ||
      bind(fd, (struct sockaddr *)&self, sizeof self) < 0) {
    int number = errno;
    close(fd);
    return throw_errno(env, "bind", number);
  }
  napi_create_int32(env, fd, &result);
  return result;
}
