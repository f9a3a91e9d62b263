#define _GNU_SOURCE
#include "core.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* How often a directory is read in which a device is renamed meanwhile. One reading may then miss
 * it, so it must be missed twice in a row. */
#define MOST_ATTEMPTS 100
#define MISSES 2

/* By number: the C library has no functions for them before glibc 2.36. */

static int mount_detached(int context) {
  if (syscall(SYS_fsconfig, context, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0) return -1;
  return (int)syscall(SYS_fsmount, context, FSMOUNT_CLOEXEC, 0);
}

/* Errors that stay as long as the kernel and the rights of this process are the same. */
static bool is_never_possible(int number) {
  return number == ENOSYS || number == ENODEV || number == EPERM || number == EACCES;
}

struct failure open_sysfs(int *fd) {
  const char *call = "fsopen";
  *fd = -1;
  int number = 0, context = (int)syscall(SYS_fsopen, "sysfs", FSOPEN_CLOEXEC);
  if (context >= 0) {
    call = "fsmount";
    *fd = mount_detached(context);
  }
  if (*fd < 0) number = errno;
  if (context >= 0) close(context);
  if (*fd >= 0 || is_never_possible(number)) return (struct failure){0};
  return (struct failure){call, number};
}

/* For what a process has too few of, such as descriptors. What was there a moment ago may be gone. */
static int lack(void) {
  return errno == EMFILE || errno == ENFILE || errno == ENOMEM ? -errno : 0;
}

/* The number in the file `ifindex` of a device's directory; 0 if it cannot be read, or -errno. */
static int index_in(int directory) {
  char text[16] = "";
  int fd = openat(directory, "ifindex", O_RDONLY | O_CLOEXEC);
  if (fd < 0) return lack();
  ssize_t length = read(fd, text, sizeof text - 1);
  close(fd);
  return length > 0 ? (int)strtol(text, NULL, 10) : 0;
}

/* The index of the device with this name, if its inode number is the wanted one; or as `index_in`. */
static int index_of(int directory, const char *name, uint64_t inode) {
  struct stat status;
  int fd = openat(directory, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return lack();
  int index = fstat(fd, &status) == 0 && status.st_ino == inode ? index_in(fd) : 0;
  close(fd);
  return index;
}

static bool is_dots(const char *name) {
  return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

/* An entry of the directory; *listed tells whether it was the wanted device. Returns an error number. */
static int look_at(int directory, const struct dirent *entry, uint64_t inode,
                   struct device_search *found, bool *listed) {
  if (entry->d_type != DT_DIR || is_dots(entry->d_name)) return 0;
  found->count++;
  if (entry->d_ino != inode) return 0;
  *listed = true;
  int index = index_of(directory, entry->d_name, inode);
  if (index < 0) return -index;
  found->index = index;
  return 0;
}

/* Reads all entries. Not by readdir, which has the kernel map memory for it each time. */
static int search(int directory, uint64_t inode, struct device_search *found, bool *listed) {
  _Alignas(struct dirent) char entries[4096];
  *found = (struct device_search){0};
  *listed = false;
  for (;;) {
    const ssize_t length = syscall(SYS_getdents64, directory, entries, sizeof entries);
    if (length <= 0) return length < 0 ? errno : 0;
    for (ssize_t at = 0; at < length;) {
      const struct dirent *entry = (const struct dirent *)(const void *)(entries + at);
      const int number = look_at(directory, entry, inode, found, listed);
      if (number != 0) return number;
      at += entry->d_reclen;
    }
  }
}

struct failure find_device(int sysfs, const char *directory, uint64_t inode,
                           struct device_search *found) {
  *found = (struct device_search){0};
  int fd = openat(sysfs, directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return errno == ENOENT ? (struct failure){0} : (struct failure){"openat", errno};
  int number = 0, misses = 0, attempts = 0;
  while (number == 0 && found->index == 0 && misses < MISSES) {
    bool listed = true;
    if (attempts > 0) (void)lseek(fd, 0, SEEK_SET);
    number = ++attempts > MOST_ATTEMPTS ? EAGAIN : search(fd, inode, found, &listed);
    misses = listed ? 0 : misses + 1;
  }
  close(fd);
  return number == 0 ? (struct failure){0} : (struct failure){"readdir", number};
}
