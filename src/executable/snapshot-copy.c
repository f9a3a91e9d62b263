/*
 * A call writes to four in five pages of the snapshot, for most of it are counts of references. A fault
 * for each, at which the kernel copies it, would take longer than all else before the work. So a call
 * reads the snapshot anew, into a huge page where the kernel has one.
 */
#define _GNU_SOURCE
#include "host.h"

#ifdef HEAP_BYTES
#include <elf.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/vfs.h>
#include <unistd.h>

/* So much of the room an ordinary call uses. */
#define USED_BYTES ((size_t)128 << 10)

/* 2^9 pages of 4 KiB are a huge page. So many as start at once may each take one. */
#define HUGE_ORDER 9
#define LEAST_HUGE_PAGES 64

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

/* How many blocks of a huge page or more a zone of memory has: of "Node 0, zone Normal 5 2 1 ..." the
 * numbers from the tenth on. */
static unsigned long huge_blocks(char *zone) {
  unsigned long count = 0;
  char *number = strstr(zone, "zone");
  if (!number) return 0;
  number += strlen("zone");
  number += strspn(number, " ");
  number += strcspn(number, " ");
  for (int order = 0; *number != '\0'; order++) {
    char *rest;
    unsigned long blocks = strtoul(number, &rest, 10);
    if (rest == number) break;
    if (order >= HUGE_ORDER) count += blocks;
    number = rest;
  }
  return count;
}

/* Whether free huge pages are given back to the hypervisor (virtio-balloon, Hyper-V): then the
 * first write to one takes milliseconds. The kernel says -1, or an impossible order, if not. */
static bool reports_free_pages(void) {
  char text[16];
  if (read_text("/sys/module/page_reporting/parameters/page_reporting_order", text, sizeof text) == 0)
    return false;
  long order = strtol(text, NULL, 10);
  return order >= 0 && order <= HUGE_ORDER;
}

/* Whether the kernel has huge pages at hand. Else it would make one out of others' pages, which takes
 * longer than is saved. */
static bool has_huge_pages(void) {
  char text[4096], *rest = text;
  unsigned long count = 0;
  if (reports_free_pages()) return false;
  (void)read_text("/proc/buddyinfo", text, sizeof text);
  for (char *zone; (zone = strsep(&rest, "\n"));) count += huge_blocks(zone);
  return count >= LEAST_HUGE_PAGES;
}

/* Where the file of the executable has the snapshot. */
static const Elf64_Phdr *part_of_file(void) {
  extern const unsigned char __ehdr_start[];
  const Elf64_Ehdr *file = (const void *)__ehdr_start;
  const Elf64_Phdr *part = (const void *)(__ehdr_start + file->e_phoff);
  while (part->p_vaddr != (uintptr_t)snapshot_start) part++;
  return part;
}

/* Where there is no huge page, all pages at once: older kernels than Linux 5.14 refuse that, too. */
static void read_snapshot(int fd) {
  const Elf64_Phdr *part = part_of_file();
  size_t all = (size_t)(snapshot_end - snapshot_page);
  size_t used = (size_t)(snapshot_room - snapshot_page) + USED_BYTES;
  if (mmap(snapshot_page, all, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
           0) == MAP_FAILED)
    return;
  if (has_huge_pages()) (void)madvise(snapshot_page, all, MADV_HUGEPAGE);
  (void)madvise(snapshot_page, used < all ? used : all, MADV_POPULATE_WRITE);
  for (size_t at = 0; at < part->p_filesz;) {
    ssize_t length =
        pread(fd, snapshot_start + at, part->p_filesz - at, (off_t)(part->p_offset + at));
    if (length <= 0) give_up("cannot read the executable");
    at += (size_t)length;
  }
}

/* Without the kernel's /proc its own mapping of the file stays. */
void copy_snapshot(void) {
  struct statfs system;
  if (statfs("/proc/self", &system) < 0 || system.f_type != PROC_SUPER_MAGIC) return;
  int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
  if (fd < 0) return;
  read_snapshot(fd);
  (void)close(fd);
}
#else
void copy_snapshot(void) {}
#endif
