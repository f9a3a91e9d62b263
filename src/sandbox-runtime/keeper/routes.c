#include "keeper.h"

#include <errno.h>
#include <string.h>

static uint8_t found[RECEIVE_BYTES];
static size_t found_length;

static void find_none(void) { found_length = 0; }

static bool leaves_by_interface(struct nlmsghdr *header) {
  struct rtattr *out = attribute(header, sizeof(struct rtmsg), RTA_OIF);
  if (out) return *(uint32_t *)RTA_DATA(out) == job->interface_index;
  struct rtattr *hops = attribute(header, sizeof(struct rtmsg), RTA_MULTIPATH);
  if (!hops) return false;
  struct rtnexthop *hop = RTA_DATA(hops);
  for (int left = (int)RTA_PAYLOAD(hops); RTNH_OK(hop, left);
       left -= NLMSG_ALIGN(hop->rtnh_len), hop = RTNH_NEXT(hop))
    if ((uint32_t)hop->rtnh_ifindex == job->interface_index) return true;
  return false;
}

/* Keeps each route of the interface as the request that deletes it. */
static void find_route(struct nlmsghdr *header) {
  struct rtmsg *route = NLMSG_DATA(header);
  size_t length = NLMSG_ALIGN(header->nlmsg_len);
  if (header->nlmsg_type != RTM_NEWROUTE || route->rtm_table == RT_TABLE_LOCAL ||
      (route->rtm_flags & RTM_F_CLONED) || !leaves_by_interface(header) ||
      length > sizeof found - found_length)
    return;
  header->nlmsg_type = RTM_DELROUTE;
  header->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
  route->rtm_flags = 0;
  memcpy(found + found_length, header, length);
  found_length += length;
}

/* With a route, the host's stack would answer: it resets connections it does not
 * know of. Those of IPv4 went with its last address, IPv6 ones by a gateway did not. */
int delete_routes(uint8_t family) {
  struct {
    struct nlmsghdr header;
    struct rtmsg message;
  } query = {{NLMSG_LENGTH(sizeof query.message), RTM_GETROUTE, NLM_F_REQUEST | NLM_F_DUMP, 2, 0},
             {.rtm_family = family}};
  int number = 0;
  for (int pass = 0; pass < 1000; pass++) {
    size_t deleted = 0;
    number = dump(&query.header, find_none, find_route);
    for (size_t at = 0; at < found_length;) {
      struct nlmsghdr *deletion = (void *)(found + at);
      at += NLMSG_ALIGN(deletion->nlmsg_len);
      int refusal = request(deletion, NULL);
      if (refusal == 0) deleted++;
      else if (refusal != ESRCH) number = refusal;
    }
    if (deleted == 0) break;
  }
  return number;
}
