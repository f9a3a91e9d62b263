#define _GNU_SOURCE
#include "core.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define PAUSE_MILLISECONDS 50
/* Where a frame of IPv6 has its source: after the headers of Ethernet, and 8 bytes of its own. */
#define IPV6_SOURCE (ETH_HLEN + 8)
#define IPV6_BYTES 16
/* The descriptors of the child; the packet socket stays open at the first, the rest is closed. */
#define PACKETS 0
#define FIRST_UNKNOWN 1
/* Before Linux 5.9 each has to be closed. */
#define MOST_OPEN_FILES 1024
/* An IPv6 frame has 86 bytes, and two with its length. */
#define MOST_FRAME_BYTES (MOST_FRAMES * 88)

struct frame {
  const uint8_t *bytes;
  size_t length;
};

/* The next frame of a list: two bytes of length, in the machine's order, and the frame. False at its
 * end. */
static bool next_frame(const struct announcement *list, size_t *at, struct frame *frame) {
  uint16_t length;
  if (*at + sizeof length > list->length) return false;
  memcpy(&length, list->frames + *at, sizeof length);
  *frame = (struct frame){list->frames + *at + sizeof length, length};
  *at += sizeof length + length;
  return length >= ETH_HLEN && *at <= list->length;
}

static bool is_for_ipv6(struct frame frame) {
  return frame.bytes[12] == ETH_P_IPV6 >> 8 && frame.bytes[13] == (ETH_P_IPV6 & 0xff) &&
         frame.length >= IPV6_SOURCE + IPV6_BYTES;
}

/* Whether an IPv6 address can be used: not while detection of duplicates runs, nor if it failed. */
static bool is_usable(const uint8_t *address, int index) {
  struct sockaddr_in6 name = {.sin6_family = AF_INET6, .sin6_scope_id = (uint32_t)index};
  memcpy(&name.sin6_addr, address, IPV6_BYTES);
  int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return false;
  bool usable = bind(fd, (const struct sockaddr *)&name, sizeof name) == 0;
  close(fd);
  return usable;
}

/* Whether a device has its carrier; *gone where it has left the namespace. */
static bool has_carrier(int index, bool *gone) {
  struct ifreq request = {.ifr_ifindex = index};
  *gone = ioctl(PACKETS, SIOCGIFNAME, &request) < 0;
  return !*gone && ioctl(PACKETS, SIOCGIFFLAGS, &request) == 0 && (request.ifr_flags & IFF_RUNNING);
}

/* Sends the frames that can be sent; the others stay: true if there are none. */
static bool send_frames(const struct announcement *list, uint64_t *sent) {
  const struct sockaddr_ll device = {.sll_family = AF_PACKET, .sll_ifindex = list->index};
  struct frame frame;
  bool all = true;
  size_t at = 0;
  for (unsigned n = 0; n < MOST_FRAMES && next_frame(list, &at, &frame); n++) {
    if (*sent & (1ull << n)) continue;
    if (is_for_ipv6(frame) && !is_usable(frame.bytes + IPV6_SOURCE, list->index)) {
      all = false;
      continue;
    }
    (void)sendto(PACKETS, frame.bytes, frame.length, MSG_DONTWAIT,
                 (const struct sockaddr *)&device, sizeof device);
    *sent |= 1ull << n;
  }
  return all;
}

/* What the child does. It has no thread of its parent: system calls only. */
static void announce_in_child(const struct announcement *list) {
  const struct timespec rest = {.tv_nsec = PAUSE_MILLISECONDS * 1000000};
  uint64_t sent = 0;
  bool gone = false;
  for (int left = list->milliseconds; left > 0 && !gone; left -= PAUSE_MILLISECONDS) {
    if (has_carrier(list->index, &gone) && send_frames(list, &sent)) return;
    (void)nanosleep(&rest, NULL);
  }
}

/* Leaves the child neither files of the call, whose end others wait for, nor capabilities. */
static bool let_go(int packets) {
  struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
  const struct __user_cap_data_struct none[2] = {{0}};
  (void)setsid();
  if (dup2(packets, PACKETS) < 0 || chdir("/") < 0) return false;
  if (syscall(SYS_close_range, FIRST_UNKNOWN, ~0U, 0) < 0)
    for (int fd = FIRST_UNKNOWN; fd < MOST_OPEN_FILES; fd++) close(fd);
  (void)prctl(PR_SET_NAME, "announcer");
  (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  return syscall(SYS_capset, &header, none) == 0;
}

/* The memory of the call would stay in use as long as the child waits, and counts for its container. */
static void keep_frames_only(const struct announcement *list) {
  uint8_t frames[MOST_FRAME_BYTES];
  struct announcement copy = *list;
  if (copy.length > sizeof frames) copy.length = sizeof frames;
  copy.frames = memcpy(frames, list->frames, copy.length);
  release_memory();
  announce_in_child(&copy);
}

struct failure start_announcement(const struct announcement *list, pid_t *pid) {
  int packets = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
  if (packets < 0) return (struct failure){"socket", errno};
  *pid = fork();
  if (*pid == 0) {
    if (let_go(packets)) keep_frames_only(list);
    _exit(0);
  }
  struct failure failure = {*pid < 0 ? "fork" : NULL, errno};
  close(packets);
  return failure;
}
