/*
 * The address keeper: waits in the background until gVisor has removed all addresses of an
 * interface, adds them again as /32 or /128 without routes, and ends. The driver then knows the
 * addresses, but the host's stack has no route to answer by.
 *
 * It is a separate program, because a waiting JavaScript engine would take too much memory for each
 * pod. keeper-job.ts prepares its requests and log lines in advance.
 *
 * The pod may be hostile: it can change anything in its namespace and send to netlink sockets. So
 * the keeper accepts messages of the kernel only, checks every length, and limits every loop.
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

#include "confine.h"

/* Descriptors passed by keeper-process.ts: two rtnetlink sockets in the sandbox that are connected
 * to the kernel, the job, and the interface's accept_ra, open for writing. */
enum { EVENTS = 3, REQUESTS, JOB, ACCEPT_RA, FIRST_UNKNOWN };

/* Outcome and exit status. The job has a prepared log line for each of the first four. */
enum outcome { PUT_BACK, NOT_NEEDED, REFUSED, SANDBOX_GONE, OTHER_VERSION, MALFORMED_JOB };
enum { LOG_LINES = SANDBOX_GONE + 1 };

/* Interval for checking whether the sandbox still exists: the keeper's sockets keep its namespace
 * alive. */
#define PATIENCE_MILLISECONDS 500
/* Time limit for deleting the routes of each family while another process adds them. Both leave some of
 * the grace for adding the addresses. */
#define DELETING_MILLISECONDS 5000
/* What putting back may take after the deadline. Then the kernel ends the process. */
#define GRACE_SECONDS 15u
/* Size of a receive buffer. The kernel makes no larger datagram for a dump than the receiver has
 * room for. */
#define RECEIVE_BYTES (64 * 1024)
/* The kernel's MAX_ERRNO. */
#define MOST_ERRNO 4095
/* What a runtime may leave open for it. */
#define MOST_INHERITED_FILES 1024
typedef uint8_t datagram[RECEIVE_BYTES] __attribute__((aligned(NLMSG_ALIGNTO)));

/* ---- Reading untrusted bytes. ---- */

/* A sequence of bytes, aligned to 4. */
struct span {
  uint8_t *start;
  size_t length;
};

/* Takes one item off the front of *rest. It begins with its own length, in `width` bytes, and has
 * at least `least` bytes. Returns NULL at the end, or if the length is invalid. */
static void *take(struct span *rest, size_t width, size_t least) {
  uint8_t *start = rest->start;
  if (rest->length < least) return NULL;
  size_t length = width == 2 ? *(uint16_t *)start : *(uint32_t *)start;
  if (length < least || length > rest->length) return NULL;
  size_t step = NLMSG_ALIGN(length) < rest->length ? NLMSG_ALIGN(length) : rest->length;
  *rest = (struct span){start + step, rest->length - step};
  return start;
}

static struct nlmsghdr *take_message(struct span *rest) {
  return take(rest, sizeof(uint32_t), sizeof(struct nlmsghdr));
}

/* The fixed part of a message; NULL if the message is too short for it. */
static void *payload(struct nlmsghdr *message, size_t size) {
  return message->nlmsg_len >= NLMSG_LENGTH(size) ? NLMSG_DATA(message) : NULL;
}

/* The value of an attribute behind the fixed part of a message; empty if there is none. */
static struct span attribute(struct nlmsghdr *message, size_t fixed, int type) {
  size_t before = NLMSG_SPACE(fixed);
  if (message->nlmsg_len < before) return (struct span){0};
  struct span rest = {(uint8_t *)message + before, message->nlmsg_len - before};
  for (struct rtattr *one; (one = take(&rest, sizeof one->rta_len, sizeof *one));)
    if ((one->rta_type & NLA_TYPE_MASK) == type)
      return (struct span){RTA_DATA(one), one->rta_len - sizeof *one};
  return (struct span){0};
}

/* ---- The job. ---- */

/* A fixed part, then sections, in the machine's byte order. Each section is its length as 32 bits
 * (these included), its bytes, and zeros up to a multiple of 4. Another layout gets another
 * version. */
#define JOB_VERSION 1u
static struct job {
  uint32_t version, total_bytes, timeout_milliseconds, interface_index;
  uint64_t sandbox_device, sandbox_inode;
} job;
static struct span sandbox_path, awaited, additions, log_file, log_lines[LOG_LINES];
struct address { /* an address whose removal is awaited */
  uint32_t family;
  uint8_t bytes[16]; /* IPv4 uses the first four */
};

static bool take_section(struct span *rest, struct span *section) {
  uint32_t *length = take(rest, sizeof *length, sizeof *length);
  if (length) *section = (struct span){(uint8_t *)(length + 1), *length - sizeof *length};
  return length != NULL;
}

static bool is_text(struct span section) {
  return memchr(section.start, 0, section.length) == section.start + section.length - 1;
}

static bool are_messages(struct span section) {
  while (take_message(&section)) continue;
  return section.length == 0;
}

/* Returns PUT_BACK on success, or the outcome for a job of another version or shape. */
static enum outcome read_job(uint8_t *bytes, size_t size) {
  if (size < sizeof job.version) return MALFORMED_JOB;
  if (*(uint32_t *)bytes != JOB_VERSION) return OTHER_VERSION;
  if (size < sizeof job) return MALFORMED_JOB;
  memcpy(&job, bytes, sizeof job);
  struct span rest = {bytes + sizeof job, size - sizeof job};
  bool good = job.total_bytes == size && take_section(&rest, &sandbox_path) &&
              take_section(&rest, &awaited) && take_section(&rest, &additions) &&
              take_section(&rest, &log_file) && is_text(sandbox_path) && is_text(log_file) &&
              awaited.length % sizeof(struct address) == 0 && are_messages(additions);
  for (int n = 0; n < LOG_LINES; n++) good = good && take_section(&rest, &log_lines[n]);
  return good && rest.length == 0 ? PUT_BACK : MALFORMED_JOB;
}

static enum outcome map_job(void) {
  struct stat status;
  if (fstat(JOB, &status) < 0 || status.st_size <= 0) return MALFORMED_JOB;
  size_t size = (size_t)status.st_size;
  uint8_t *bytes = mmap(NULL, size, PROT_READ, MAP_PRIVATE, JOB, 0);
  return bytes == MAP_FAILED ? MALFORMED_JOB : read_job(bytes, size);
}

/* ---- Talking with the kernel. ---- */

static long long milliseconds(void) {
  struct timespec now = {0};
  (void)clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

/* Receives one datagram from the kernel; 0 or errno. EINTR for a datagram from another
 * sender, which the caller skips. */
static int receive(int fd, int flags, uint8_t *room, struct span *received) {
  struct sockaddr_nl sender = {0};
  socklen_t size = sizeof sender;
  ssize_t length = recvfrom(fd, room, RECEIVE_BYTES, flags, (struct sockaddr *)&sender, &size);
  if (length < 0) return errno;
  *received = (struct span){room, (size_t)length};
  return sender.nl_pid == 0 ? 0 : EINTR;
}

/* Sends a request and calls `each` for every answer until the final one. Returns 0 or errno: EINTR
 * for a dump that the kernel marks as interrupted. */
static int request(const struct nlmsghdr *header, void (*each)(struct nlmsghdr *)) {
  static datagram room;
  struct span rest;
  int cut = 0;
  if (send(REQUESTS, header, header->nlmsg_len, 0) < 0) return errno;
  for (;;) {
    int number = receive(REQUESTS, 0, room, &rest);
    if (number == EINTR) continue;
    if (number != 0) return number;
    for (struct nlmsghdr *one; (one = take_message(&rest));) {
      if (one->nlmsg_seq != header->nlmsg_seq) continue;
      if (one->nlmsg_flags & NLM_F_DUMP_INTR) cut = EINTR;
      if (one->nlmsg_type == NLMSG_DONE || one->nlmsg_type == NLMSG_ERROR) {
        const int *error = payload(one, sizeof *error);
        if (!error || *error == 0) return cut;
        return *error < 0 && *error >= -MOST_ERRNO ? -*error : EPROTO;
      }
      if (each) each(one);
    }
  }
}

/* ---- Counting the addresses that are still there. ---- */

static size_t addresses_present;

static void count_address(struct nlmsghdr *header) {
  const struct ifaddrmsg *message = payload(header, sizeof *message);
  if (header->nlmsg_type != RTM_NEWADDR || !message || message->ifa_index != job.interface_index)
    return;
  struct span value = attribute(header, sizeof *message, IFA_LOCAL);
  if (!value.start) value = attribute(header, sizeof *message, IFA_ADDRESS);
  if (value.length != (message->ifa_family == AF_INET ? 4 : 16)) return;
  const struct address *one = (const void *)awaited.start;
  for (size_t n = 0; n < awaited.length / sizeof *one; n++)
    if (one[n].family == message->ifa_family &&
        memcmp(one[n].bytes, value.start, value.length) == 0)
      addresses_present++;
}

static int count_addresses(void) {
  const struct {
    struct nlmsghdr header;
    struct ifaddrmsg message;
  } query = {{NLMSG_LENGTH(sizeof query.message), RTM_GETADDR, NLM_F_REQUEST | NLM_F_DUMP, 1, 0},
             {.ifa_index = job.interface_index}};
  for (int attempt = 0;; attempt++) {
    addresses_present = 0;
    int number = request(&query.header, count_address);
    if (number != EINTR || attempt == 20) return number;
  }
}

/* ---- Putting back. ---- */

static datagram deletions;
static size_t deletions_length;

static bool leaves_by_interface(struct nlmsghdr *route) {
  struct span out = attribute(route, sizeof(struct rtmsg), RTA_OIF);
  if (out.length == sizeof(uint32_t)) return *(uint32_t *)out.start == job.interface_index;
  struct span hops = attribute(route, sizeof(struct rtmsg), RTA_MULTIPATH);
  for (struct rtnexthop *hop; (hop = take(&hops, sizeof hop->rtnh_len, sizeof *hop));)
    if ((uint32_t)hop->rtnh_ifindex == job.interface_index) return true;
  return false;
}

/* Turns each route of the interface into a request to delete it, as far as there is room. */
static void keep_deletion(struct nlmsghdr *header) {
  struct rtmsg *route = payload(header, sizeof *route);
  if (header->nlmsg_type != RTM_NEWROUTE || !route || route->rtm_table == RT_TABLE_LOCAL ||
      (route->rtm_flags & RTM_F_CLONED) || !leaves_by_interface(header) ||
      NLMSG_ALIGN(header->nlmsg_len) > sizeof deletions - deletions_length)
    return;
  header->nlmsg_type = RTM_DELROUTE;
  header->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
  route->rtm_flags = 0;
  memcpy(deletions + deletions_length, header, header->nlmsg_len);
  deletions_length += NLMSG_ALIGN(header->nlmsg_len);
}

/* Deletes all routes of a family on the interface; 0 or errno. With a route, the host's stack would
 * answer incoming packets, for example with TCP resets. The kernel removes IPv4 routes with the
 * last address, but not IPv6 gateway routes. */
static int delete_routes(uint8_t family) {
  const struct {
    struct nlmsghdr header;
    struct rtmsg message;
  } query = {{NLMSG_LENGTH(sizeof query.message), RTM_GETROUTE, NLM_F_REQUEST | NLM_F_DUMP, 2, 0},
             {.rtm_family = family}};
  for (long long end = milliseconds() + DELETING_MILLISECONDS; milliseconds() < end;) {
    deletions_length = 0;
    int number = request(&query.header, keep_deletion);
    struct span rest = {deletions, deletions_length};
    bool any = false;
    for (struct nlmsghdr *deletion; (deletion = take_message(&rest));) {
      int refusal = request(deletion, NULL);
      if (refusal == 0) any = true;
      else if (refusal != ESRCH) number = refusal;
    }
    if (!any && number != EINTR) return number;
  }
  return ETIMEDOUT;
}

static int put_back(void) {
  /* accept_ra=0: otherwise the next router advertisement would add a route. */
  (void)!write(ACCEPT_RA, "0", 1);
  int number = delete_routes(AF_INET), other = delete_routes(AF_INET6);
  if (number == 0) number = other;
  struct span rest = additions;
  for (const struct nlmsghdr *addition; (addition = take_message(&rest));) {
    int refusal = request(addition, NULL);
    if (refusal != 0 && refusal != EEXIST) number = refusal;
  }
  return number;
}

/* ---- Waiting. ---- */

/* A link that goes down also loses its IPv6 addresses; gVisor leaves the link up. So after the link
 * was down, missing addresses mean nothing until some have been seen again (`armed`). */
static bool armed = true, down, gone;

static void note_link(struct nlmsghdr *header) {
  const struct ifinfomsg *link = payload(header, sizeof *link);
  bool about_link = header->nlmsg_type == RTM_NEWLINK || header->nlmsg_type == RTM_DELLINK;
  /* Messages about bridge ports have family AF_BRIDGE; they are skipped. */
  if (!about_link || !link || link->ifi_family != AF_UNSPEC ||
      (uint32_t)link->ifi_index != job.interface_index)
    return;
  if (header->nlmsg_type == RTM_DELLINK) gone = true;
  down = !(link->ifi_flags & IFF_UP);
  if (down) armed = false;
}

/* Reads pending events until there are none, or until `end`. Returns whether there were any. */
static bool drain(long long end) {
  static datagram room;
  for (bool any = false;; any = true) {
    struct span rest = {0};
    int number = receive(EVENTS, MSG_DONTWAIT, room, &rest);
    if (number == EAGAIN) return any;
    if (number != 0) rest.length = 0;
    for (struct nlmsghdr *header; (header = take_message(&rest));) note_link(header);
    if (milliseconds() >= end) return true;
  }
}

/* Counts the addresses until no event arrives meanwhile; false if events never stop. */
static bool count_in_peace(int *number) {
  long long end = milliseconds() + PATIENCE_MILLISECONDS;
  drain(end);
  do {
    *number = count_addresses();
    if (!drain(end)) return true;
  } while (milliseconds() < end);
  return false;
}

/* Whether the path still leads to the same namespace. */
static bool sandbox_is_there(void) {
  struct stat status;
  return stat((const char *)sandbox_path.start, &status) == 0 &&
         status.st_dev == job.sandbox_device && status.st_ino == job.sandbox_inode;
}

static enum outcome wait_and_act(int *number) {
  for (long long deadline = milliseconds() + job.timeout_milliseconds;;) {
    bool sure = count_in_peace(number) && *number == 0 && !down;
    if (gone || *number == ENODEV || !sandbox_is_there()) return SANDBOX_GONE;
    if (sure && addresses_present > 0) armed = true;
    if (sure && addresses_present == 0 && armed) {
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

/* ---- The log. ---- */

/* Opens the log if the job has a line for it; -1 if there is none. Only a regular file: opening or
 * writing to another could block. And only one without a second name, which somebody else could have
 * given to a file of ours: trusted-path.ts has the same rules. */
static int open_log(void) {
  const int flags = O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW;
  size_t length = 0;
  for (int n = 0; n < LOG_LINES; n++) length += log_lines[n].length;
  int fd = length == 0 ? -1 : open((const char *)log_file.start, flags, 0600);
  struct stat status;
  if (fd < 0 || (fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && status.st_nlink <= 1)) return fd;
  close(fd);
  return -1;
}

/* Appends the line of an outcome to the log; does nothing if the job has no such line. */
static void write_log(int fd, enum outcome outcome, int number) {
  struct span line = log_lines[outcome];
  if (fd < 0 || line.length == 0) return;
  struct timespec now = {0};
  struct tm utc = {0};
  char time[32] = "", cause[32] = "";
  (void)clock_gettime(CLOCK_REALTIME, &now);
  if (gmtime_r(&now.tv_sec, &utc)) (void)strftime(time, sizeof time, "%Y-%m-%dT%H:%M:%S", &utc);
  if (number != 0) (void)snprintf(cause, sizeof cause, ",\"errno\":%d", number);
  (void)dprintf(fd, "{\"time\":\"%s.%03ldZ\",%.*s%s}\n", time, now.tv_nsec / 1000000,
                (int)line.length, (const char *)line.start, cause);
}

int main(void) {
  const int groups[] = {RTNLGRP_LINK, RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR};
  int number = 0;
  (void)prctl(PR_SET_NAME, "address-keeper");
  /* Before Linux 5.9 each has to be closed. */
  if (syscall(SYS_close_range, FIRST_UNKNOWN, ~0U, 0) < 0)
    for (int fd = FIRST_UNKNOWN; fd < MOST_INHERITED_FILES; fd++) close(fd);
  enum outcome outcome = map_job();
  if (outcome != PUT_BACK) return outcome;
  if (chdir("/") < 0) return REFUSED;
  for (size_t n = 0; n < sizeof groups / sizeof *groups; n++)
    if (setsockopt(EVENTS, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &groups[n], sizeof *groups) < 0)
      return REFUSED;
  int log = open_log();
  if (!confine(job.timeout_milliseconds / 1000 + GRACE_SECONDS, (const char *)sandbox_path.start))
    return REFUSED;
  outcome = wait_and_act(&number);
  write_log(log, outcome, number);
  return outcome;
}
