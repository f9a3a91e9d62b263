/*
 * The address keeper: waits in the background of a sandbox until gVisor has taken
 * all addresses of an interface, puts them back so that the host's stack owns them
 * without being able to answer for them, and ends.
 *
 * A program of its own, because a pod that starts must not cost the memory of a
 * JavaScript engine for a minute. All that needs thought is thought before, in
 * `keeper-job.ts`: here is only what can be done no earlier.
 */
#include "keeper.h"

#include <errno.h>
#include <net/if.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* How long a sandbox that is gone may be kept alive by the sockets in it. */
#define PATIENCE_MILLISECONDS 500

static uint8_t events[RECEIVE_BYTES];
static bool armed = true, down;

static long long milliseconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

/* Whether the path still leads to the same namespace. */
static bool sandbox_is_there(void) {
  struct stat status;
  return stat((const char *)sandbox_path.start, &status) == 0 &&
         status.st_dev == job->sandbox_device && status.st_ino == job->sandbox_inode;
}

/* Takes note of what happened; whether anything did. An interface that goes down
 * loses its IPv6 addresses, too: that is not gVisor, which leaves it up. */
static bool drain(bool *gone) {
  bool any = false;
  for (;;) {
    ssize_t length = recv(EVENTS, events, sizeof events, MSG_DONTWAIT);
    if (length < 0 && errno == EAGAIN) return any;
    any = true;
    if (length < 0) continue;
    for (struct nlmsghdr *header = (void *)events; NLMSG_OK(header, (size_t)length);
         header = NLMSG_NEXT(header, length)) {
      struct ifinfomsg *link = NLMSG_DATA(header);
      bool about_link = header->nlmsg_type == RTM_NEWLINK || header->nlmsg_type == RTM_DELLINK;
      /* What is said of a bridge's member comes with that family. */
      if (!about_link || link->ifi_family != AF_UNSPEC ||
          (uint32_t)link->ifi_index != job->interface_index)
        continue;
      if (header->nlmsg_type == RTM_DELLINK) *gone = true;
      down = !(link->ifi_flags & IFF_UP);
      if (down) armed = false;
    }
  }
}

static int put_back(void) {
  /* Else the next router advertisement would bring a route again. */
  if (write(ACCEPT_RA, "0", 1) < 0) errno = 0;
  int number = delete_routes(AF_INET);
  int other = delete_routes(AF_INET6);
  if (number == 0) number = other;
  for (uint32_t at = 0; at < additions.length;) {
    const struct nlmsghdr *addition = (const void *)(additions.start + at);
    int refusal = request(addition, NULL);
    if (refusal != 0 && refusal != EEXIST) number = refusal;
    at += NLMSG_ALIGN(addition->nlmsg_len);
  }
  return number;
}

static enum outcome wait_and_act(int *number) {
  long long deadline = milliseconds() + job->timeout_milliseconds;
  for (;;) {
    bool gone = false;
    size_t present = 0;
    do {
      drain(&gone);
      *number = count_addresses(&present);
    } while (drain(&gone));
    if (gone || *number == ENODEV || !sandbox_is_there()) return SANDBOX_GONE;
    if (*number == 0 && present > 0 && !down) armed = true;
    if (*number == 0 && present == 0 && !down && armed) {
      *number = put_back();
      return *number == 0 ? PUT_BACK : REFUSED;
    }
    struct pollfd news = {.fd = EVENTS, .events = POLLIN};
    do {
      long long left = deadline - milliseconds();
      if (left <= 0) return NOT_NEEDED;
      if (poll(&news, 1, (int)(left < PATIENCE_MILLISECONDS ? left : PATIENCE_MILLISECONDS)) > 0)
        break;
    } while (sandbox_is_there());
  }
}

int main(void) {
  const int groups[] = {RTNLGRP_LINK, RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR};
  int number = 0;
  prctl(PR_SET_NAME, "address-keeper");
  syscall(SYS_close_range, FIRST_UNKNOWN, ~0U, 0);
  if (chdir("/") < 0 || !read_job()) return REFUSED;
  for (size_t n = 0; n < sizeof groups / sizeof *groups; n++)
    if (setsockopt(EVENTS, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &groups[n], sizeof *groups) < 0)
      return REFUSED;
  enum outcome outcome = wait_and_act(&number);
  tell(outcome, number);
  return outcome;
}
