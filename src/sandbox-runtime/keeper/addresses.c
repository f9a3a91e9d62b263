#include "keeper.h"

#include <string.h>

struct address {
  uint32_t family;
  uint8_t bytes[16];
};

static size_t count;

static void count_none(void) { count = 0; }

static void count_address(struct nlmsghdr *header) {
  struct ifaddrmsg *message = NLMSG_DATA(header);
  if (header->nlmsg_type != RTM_NEWADDR || message->ifa_index != job->interface_index) return;
  struct rtattr *value = attribute(header, sizeof *message, IFA_LOCAL);
  if (!value) value = attribute(header, sizeof *message, IFA_ADDRESS);
  if (!value) return;
  const struct address *one = (const void *)awaited.start;
  for (size_t n = 0; n < awaited.length / sizeof *one; n++)
    if (one[n].family == message->ifa_family &&
        memcmp(one[n].bytes, RTA_DATA(value), RTA_PAYLOAD(value)) == 0)
      count++;
}

int count_addresses(size_t *present) {
  struct {
    struct nlmsghdr header;
    struct ifaddrmsg message;
  } query = {
      {NLMSG_LENGTH(sizeof query.message), RTM_GETADDR, NLM_F_REQUEST | NLM_F_DUMP, 1, 0},
      {.ifa_index = job->interface_index}};
  int number = dump(&query.header, count_none, count_address);
  *present = count;
  return number;
}
