/* Fuzzes what the address keeper reads: events and answers, as if the kernel had sent them, and a
 * job. */
#define main keeper_main
#include "../../src/gvisor/keeper/keeper.c"
#undef main

#include "mutate.h"

static void handle_all(uint8_t *bytes, size_t length, void (*handle)(struct nlmsghdr *)) {
  uint8_t *copy = malloc(length);
  memcpy(copy, bytes, length);
  struct span rest = {copy, length};
  for (struct nlmsghdr *one; (one = take_message(&rest));) handle(one);
  free(copy);
}

/* A socket that keeps datagrams apart in place of one of the keeper's; returns its other end. */
static int replace(int fd) {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, ends) < 0) exit(2);
  if (dup2(ends[0], fd) < 0) exit(2);
  close(ends[0]);
  return ends[1];
}

static void try_datagrams(const struct datagram *datagrams, size_t count) {
  static const struct address expected[2] = {{AF_INET, {127, 0, 0, 1}}, {AF_INET6, {[15] = 1}}};
  awaited = (struct span){(uint8_t *)expected, sizeof expected};
  job.interface_index = 1;
  deletions_length = 0;
  for (size_t n = 0; n < count; n++) {
    handle_all(datagrams[n].bytes, datagrams[n].length, count_address);
    handle_all(datagrams[n].bytes, datagrams[n].length, keep_deletion);
  }
  int events = replace(EVENTS), requests = replace(REQUESTS);
  for (size_t n = 0; n < count; n++) {
    (void)!send(events, datagrams[n].bytes, datagrams[n].length, 0);
    (void)!send(requests, datagrams[n].bytes, datagrams[n].length, 0);
  }
  (void)drain(milliseconds() + 1000);
  struct nlmsghdr query = {NLMSG_LENGTH(0), RTM_GETADDR, NLM_F_REQUEST, (uint32_t)below(4), 0};
  (void)request(&query, below(2) ? count_address : keep_deletion);
  close(events);
  close(requests);
  (void)read_job(datagrams[0].bytes, datagrams[0].length);
}

int main(int argument_count, char **arguments) {
  /* Takes the keeper's descriptors, so that no socket gets one of them by chance. */
  for (int fd = EVENTS; fd < FIRST_UNKNOWN; fd++)
    if (dup2(0, fd) < 0) return 2;
  return fuzz(argument_count, arguments);
}
