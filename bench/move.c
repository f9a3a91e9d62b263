/*
 * Moves a device to another network namespace in one message, and does nothing else:
 *
 *     move MILLISECONDS FROM TO DEVICE NAME
 *
 * FROM and TO are the files of the namespaces, DEVICE is its name in the one and NAME in the other.
 * The message is sent when the program has run for so many milliseconds, in which it waits busily,
 * and brings the device up, too. The program ends when the kernel has acknowledged it, with 1 if the
 * kernel refuses.
 */
#define _GNU_SOURCE
#include "clock.h"

#include <fcntl.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

struct request {
  struct nlmsghdr header;
  struct ifinfomsg link;
  char attributes[64];
};

struct reply {
  struct nlmsghdr header;
  struct nlmsgerr acknowledgement;
};

static void append(struct request *request, unsigned short type, const void *bytes, size_t length) {
  struct rtattr *attribute = (void *)((char *)request + request->header.nlmsg_len);
  attribute->rta_type = type;
  attribute->rta_len = (unsigned short)RTA_LENGTH(length);
  memcpy(RTA_DATA(attribute), bytes, length);
  request->header.nlmsg_len += (unsigned)RTA_SPACE(length);
}

/* A rtnetlink socket in that namespace. */
static int open_in(const char *namespace) {
  int file = open(namespace, O_RDONLY | O_CLOEXEC);
  if (file < 0 || setns(file, CLONE_NEWNET) < 0) exit(125);
  int netlink = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
  if (netlink < 0) exit(125);
  return netlink;
}

static int index_of(int netlink, const char *device) {
  struct ifreq wanted = {0};
  memcpy(wanted.ifr_name, device, strnlen(device, IFNAMSIZ - 1));
  if (ioctl(netlink, SIOCGIFINDEX, &wanted) < 0) exit(125);
  return wanted.ifr_ifindex;
}

int main(int count, char **words) {
  long long start = nanoseconds();
  if (count != 6 || strlen(words[5]) >= IFNAMSIZ) return 125;
  /* Before the program changes its own namespace, which TO may be. */
  int to = open(words[3], O_RDONLY | O_CLOEXEC);
  if (to < 0) return 125;
  int netlink = open_in(words[2]);
  struct request request = {
      .header = {.nlmsg_len = NLMSG_LENGTH(sizeof request.link),
                 .nlmsg_type = RTM_NEWLINK,
                 .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK},
      .link = {.ifi_index = index_of(netlink, words[4]), .ifi_flags = IFF_UP, .ifi_change = IFF_UP},
  };
  append(&request, IFLA_NET_NS_FD, &to, sizeof to);
  append(&request, IFLA_IFNAME, words[5], strlen(words[5]) + 1);
  long long earliest = start + atoll(words[1]) * 1000000;
  while (nanoseconds() < earliest) continue;
  if (send(netlink, &request, request.header.nlmsg_len, 0) < 0) return 125;
  struct reply reply;
  if (recv(netlink, &reply, sizeof reply, 0) < (ssize_t)sizeof reply) return 125;
  return reply.acknowledgement.error == 0 ? 0 : 1;
}
