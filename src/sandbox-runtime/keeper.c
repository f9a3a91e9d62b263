/*
 * The address keeper: waits in the background of a sandbox until gVisor has taken
 * all addresses of an interface, puts them back so that the host's stack owns them
 * without being able to answer for them, and ends.
 *
 * A program of its own, because a pod that starts must not cost the memory of a
 * JavaScript engine for a minute. All that needs thought is thought before, in
 * `keeper-job.ts`: here is only what can be done no earlier.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* What it is started with (keeper-process.ts). */
enum { EVENTS = 3, REQUESTS, JOB, ACCEPT_RA, FIRST_UNKNOWN };

/* How it ends; also the order of the lines for the log in its job. */
enum outcome { PUT_BACK, NOT_NEEDED, REFUSED, SANDBOX_GONE };

/* How long a sandbox that is gone may be kept alive by the sockets in it. */
#define PATIENCE_MILLISECONDS 500
#define RECEIVE_BYTES (64 * 1024)

struct address {
  uint32_t family;
  uint8_t bytes[16];
};

struct section {
  const uint8_t *start;
  uint32_t length;
};

/* The job, as keeper-job.ts writes it: a fixed part, then sections. */
static const struct {
  uint32_t timeout_milliseconds, interface_index;
  uint64_t sandbox_device, sandbox_inode;
} *job;
static struct section sandbox_path, awaited, additions, log_file, log_lines[SANDBOX_GONE + 1];

static uint8_t answer[RECEIVE_BYTES], found[RECEIVE_BYTES];
static bool armed = true, down;

static const uint8_t *read_section(const uint8_t *at, struct section *section) {
  memcpy(&section->length, at, sizeof section->length);
  section->start = at + sizeof section->length;
  return section->start + NLMSG_ALIGN(section->length);
}

static bool read_job(void) {
  struct stat status;
  if (fstat(JOB, &status) < 0) return false;
  const uint8_t *at = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_SHARED, JOB, 0);
  if (at == MAP_FAILED) return false;
  job = (const void *)at;
  at = read_section(at + sizeof *job, &sandbox_path);
  at = read_section(at, &awaited);
  at = read_section(at, &additions);
  at = read_section(at, &log_file);
  for (int n = 0; n <= SANDBOX_GONE; n++) at = read_section(at, &log_lines[n]);
  return true;
}

/* Appends the line of an outcome, unless the configuration wants none. */
static void tell(enum outcome outcome, int number) {
  struct section line = log_lines[outcome];
  if (line.length == 0) return;
  int fd = open((const char *)log_file.start, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) return;
  struct timespec now;
  struct tm utc;
  char time[32], cause[32] = "";
  clock_gettime(CLOCK_REALTIME, &now);
  gmtime_r(&now.tv_sec, &utc);
  strftime(time, sizeof time, "%Y-%m-%dT%H:%M:%S", &utc);
  if (number != 0) snprintf(cause, sizeof cause, ",\"errno\":%d", number);
  dprintf(fd, "{\"time\":\"%s.%03ldZ\",%.*s%s}\n", time, now.tv_nsec / 1000000,
          (int)line.length, (const char *)line.start, cause);
  close(fd);
}

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
    ssize_t length = recv(EVENTS, answer, sizeof answer, MSG_DONTWAIT);
    if (length < 0 && errno == EAGAIN) return any;
    any = true;
    if (length < 0) continue;
    for (struct nlmsghdr *header = (void *)answer; NLMSG_OK(header, (size_t)length);
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

/* Sends a request; the answers go to `each`, until the one that closes it. 0 or errno. */
static int request(const struct nlmsghdr *header, void (*each)(struct nlmsghdr *)) {
  int number = 0;
  if (send(REQUESTS, header, header->nlmsg_len, 0) < 0) return errno;
  for (;;) {
    ssize_t length = recv(REQUESTS, answer, sizeof answer, 0);
    if (length < 0 && errno == EINTR) continue;
    if (length < 0) return errno;
    for (struct nlmsghdr *one = (void *)answer; NLMSG_OK(one, (size_t)length);
         one = NLMSG_NEXT(one, length)) {
      if (one->nlmsg_seq != header->nlmsg_seq) continue;
      if (one->nlmsg_flags & NLM_F_DUMP_INTR) number = EINTR;
      if (one->nlmsg_type == NLMSG_DONE || one->nlmsg_type == NLMSG_ERROR) {
        int error = -*(int *)NLMSG_DATA(one);
        return error ? error : number;
      }
      if (each) each(one);
    }
  }
}

/* Repeats a dump that was cut by a change. */
static int dump(const struct nlmsghdr *header, void (*reset)(void),
                void (*each)(struct nlmsghdr *)) {
  for (int attempt = 0;; attempt++) {
    reset();
    int number = request(header, each);
    if (number != EINTR || attempt == 20) return number;
  }
}

static struct rtattr *attribute(struct nlmsghdr *header, size_t fixed, int type) {
  struct rtattr *one = (void *)((uint8_t *)NLMSG_DATA(header) + NLMSG_ALIGN(fixed));
  int left = (int)header->nlmsg_len - (int)NLMSG_SPACE(fixed);
  for (; RTA_OK(one, left); one = RTA_NEXT(one, left))
    if ((one->rta_type & NLA_TYPE_MASK) == type) return one;
  return NULL;
}

static size_t present;

static void count_none(void) { present = 0; }

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
      present++;
}

/* How many of the addresses are there; 0 or errno. */
static int count_addresses(void) {
  struct {
    struct nlmsghdr header;
    struct ifaddrmsg message;
  } query = {
      {NLMSG_LENGTH(sizeof query.message), RTM_GETADDR, NLM_F_REQUEST | NLM_F_DUMP, 1, 0},
      {.ifa_index = job->interface_index}};
  return dump(&query.header, count_none, count_address);
}

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
static int delete_routes(uint8_t family) {
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
    do {
      drain(&gone);
      *number = count_addresses();
    } while (drain(&gone));
    if (gone || *number == ENODEV || !sandbox_is_there()) return SANDBOX_GONE;
    if (*number == 0 && present > 0 && !down) armed = true;
    if (*number == 0 && present == 0 && !down && armed) {
      *number = put_back();
      return *number == 0 ? PUT_BACK : REFUSED;
    }
    struct pollfd events = {.fd = EVENTS, .events = POLLIN};
    do {
      long long left = deadline - milliseconds();
      if (left <= 0) return NOT_NEEDED;
      if (poll(&events, 1, (int)(left < PATIENCE_MILLISECONDS ? left : PATIENCE_MILLISECONDS)) > 0)
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
