#define _GNU_SOURCE
#include "core.h"

#include <errno.h>
#include <linux/bpf.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The kernel takes a structure of another size than its own, if what it does not know is 0. Those
 * below are parts of union bpf_attr, and newer than some headers (Linux 6.6). */

struct query {
  uint32_t index, type, query_flags, attach_flags;
  uint64_t programs;
  uint32_t count, unused;
  uint64_t program_flags, links, link_flags, revision;
};

struct detachment {
  uint32_t index, program, type, flags, replaced, relative;
  uint64_t revision;
};

/* struct bpf_link_info of a link to a device. */
struct link_info {
  uint32_t type, id, program, unused;
  uint32_t index, attach_type;
};

static int bpf(int command, void *attributes, size_t size) {
  return (int)syscall(SYS_bpf, command, attributes, size);
}

/* Opens a program or a link by its id; -1 with errno. */
static int open_by_id(int command, uint32_t id) {
  union bpf_attr attributes;
  memset(&attributes, 0, sizeof attributes);
  attributes.prog_id = id;
  return bpf(command, &attributes, sizeof attributes);
}

struct failure tcx_programs(int index, int type, struct attached *found, size_t room,
                            size_t *count) {
  uint32_t programs[MOST_PROGRAMS] = {0}, links[MOST_PROGRAMS] = {0};
  *count = 0;
  if (room > MOST_PROGRAMS) room = MOST_PROGRAMS;
  struct query query = {.index = (uint32_t)index,
                        .type = (uint32_t)type,
                        .programs = (uintptr_t)programs,
                        .links = (uintptr_t)links,
                        .count = (uint32_t)room};
  /* Another error than ENOSPC: a kernel without tcx (EINVAL), or no right to ask. */
  if (bpf(BPF_PROG_QUERY, &query, sizeof query) < 0 && errno != ENOSPC) {
    bool is_unknown = errno == EINVAL || errno == E2BIG || errno == ENOSYS || errno == EPERM;
    return is_unknown ? (struct failure){0} : (struct failure){"bpf", errno};
  }
  *count = query.count < room ? query.count : room;
  for (size_t n = 0; n < *count; n++) found[n] = (struct attached){programs[n], links[n]};
  return (struct failure){0};
}

struct failure detach_tcx(int index, int type, uint32_t program) {
  int fd = open_by_id(BPF_PROG_GET_FD_BY_ID, program);
  if (fd < 0) return (struct failure){"bpf", errno};
  struct detachment detachment = {
      .index = (uint32_t)index, .program = (uint32_t)fd, .type = (uint32_t)type};
  int number = bpf(BPF_PROG_DETACH, &detachment, sizeof detachment) < 0 ? errno : 0;
  (void)close(fd);
  return number == 0 ? (struct failure){0} : (struct failure){"bpf", number};
}

struct failure detach_link(uint32_t link) {
  int fd = open_by_id(BPF_LINK_GET_FD_BY_ID, link);
  if (fd < 0) return (struct failure){"bpf", errno};
  union bpf_attr attributes;
  memset(&attributes, 0, sizeof attributes);
  attributes.link_detach.link_fd = (uint32_t)fd;
  int number = bpf(BPF_LINK_DETACH, &attributes, sizeof attributes) < 0 ? errno : 0;
  (void)close(fd);
  return number == 0 ? (struct failure){0} : (struct failure){"bpf", number};
}

static bool read_link(uint32_t id, struct link_info *info) {
  int fd = open_by_id(BPF_LINK_GET_FD_BY_ID, id);
  if (fd < 0) return false;
  union bpf_attr attributes;
  memset(&attributes, 0, sizeof attributes);
  attributes.info.bpf_fd = (uint32_t)fd;
  attributes.info.info_len = sizeof *info;
  attributes.info.info = (uintptr_t)info;
  bool is_read = bpf(BPF_OBJ_GET_INFO_BY_FD, &attributes, sizeof attributes) == 0;
  (void)close(fd);
  return is_read;
}

struct failure find_xdp_link(int index, uint32_t program, uint32_t *link) {
  union bpf_attr attributes;
  *link = 0;
  memset(&attributes, 0, sizeof attributes);
  while (bpf(BPF_LINK_GET_NEXT_ID, &attributes, sizeof attributes) == 0) {
    struct link_info info = {0};
    uint32_t id = attributes.next_id;
    memset(&attributes, 0, sizeof attributes);
    attributes.start_id = id;
    if (!read_link(id, &info) || info.type != BPF_LINK_TYPE_XDP) continue;
    if (info.index != (uint32_t)index || info.program != program) continue;
    /* In another namespace, a device may have the same index. */
    if (*link != 0) return (struct failure){"bpf", ENOTUNIQ};
    *link = id;
  }
  /* EINVAL: a kernel that knows no links (before Linux 5.8), so none holds the program. */
  bool is_last = errno == ENOENT || errno == EINVAL;
  return is_last ? (struct failure){0} : (struct failure){"bpf", errno};
}
