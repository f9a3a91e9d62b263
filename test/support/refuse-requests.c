/* LD_PRELOAD: the kernel answers requests of the type REFUSE_TYPE with the error REFUSE_ERRNO. They
 * are sent with a type that it does not know, and its answer to that is changed. With ONLY_UP, only
 * those that bring a link up. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <linux/if.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* A multiple of four above all known types means "new" to the kernel, as RTM_NEWROUTE does. */
#define UNKNOWN 0x7f0

static int brings_up(struct nlmsghdr *header) {
  struct ifinfomsg *link = NLMSG_DATA(header);
  return (link->ifi_flags & link->ifi_change & IFF_UP) != 0;
}

static int number(const char *name) { return atoi(getenv(name)); }

ssize_t sendto(int fd, const void *data, size_t length, int flags, const struct sockaddr *to,
               socklen_t to_length) {
  ssize_t (*real)(int, const void *, size_t, int, const struct sockaddr *, socklen_t) =
      dlsym(RTLD_NEXT, "sendto");
  char *copy = memcpy(malloc(length), data, length);
  for (size_t at = 0; at + sizeof(struct nlmsghdr) <= length;) {
    struct nlmsghdr *header = (struct nlmsghdr *)(copy + at);
    if (header->nlmsg_len < sizeof *header) break;
    if (header->nlmsg_type == number("REFUSE_TYPE") && (!getenv("ONLY_UP") || brings_up(header)))
      header->nlmsg_type = UNKNOWN;
    at += NLMSG_ALIGN(header->nlmsg_len);
  }
  ssize_t sent = real(fd, copy, length, flags, to, to_length);
  int kept = errno;
  free(copy);
  errno = kept;
  return sent;
}

ssize_t recvmsg(int fd, struct msghdr *message, int flags) {
  ssize_t (*real)(int, struct msghdr *, int) = dlsym(RTLD_NEXT, "recvmsg");
  ssize_t received = real(fd, message, flags);
  if (message->msg_namelen < sizeof(sa_family_t) ||
      ((struct sockaddr *)message->msg_name)->sa_family != AF_NETLINK)
    return received;
  char *data = message->msg_iov->iov_base;
  for (ssize_t at = 0; at + (ssize_t)sizeof(struct nlmsghdr) <= received;) {
    struct nlmsghdr *header = (struct nlmsghdr *)(data + at);
    if (header->nlmsg_len < sizeof *header) break;
    struct nlmsgerr *answer = NLMSG_DATA(header);
    if (header->nlmsg_type == NLMSG_ERROR && answer->msg.nlmsg_type == UNKNOWN)
      answer->error = -number("REFUSE_ERRNO");
    at += NLMSG_ALIGN(header->nlmsg_len);
  }
  return received;
}
