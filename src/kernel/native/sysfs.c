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

/* The number in a file of a device's directory, such as `ifindex`; 0 if it cannot be read, or -errno. */
static int number_in(int directory, const char *name) {
  char text[16] = "";
  int fd = openat(directory, name, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return lack();
  ssize_t length = read(fd, text, sizeof text - 1);
  close(fd);
  return length > 0 ? (int)strtol(text, NULL, 10) : 0;
}

/* The index of the device with this name, if its inode number is the wanted one; or as `number_in`.
 * With an index, *fd is its directory. */
static int index_of(int directory, const char *name, uint64_t inode, int *fd) {
  struct stat status;
  *fd = openat(directory, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (*fd < 0) return lack();
  int index = fstat(*fd, &status) == 0 && status.st_ino == inode ? number_in(*fd, "ifindex") : 0;
  if (index <= 0) close(*fd);
  return index;
}

static bool is_dots(const char *name) {
  return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

/* What is done with each entry of a directory; returns an error number, which ends the reading. */
typedef int visit(int directory, const struct dirent *entry, void *whose);

/* Reads all entries. Not by readdir, which has the kernel map memory for it each time. */
static int each_entry(int directory, visit *visit, void *whose) {
  _Alignas(struct dirent) char entries[4096];
  for (;;) {
    const ssize_t length = syscall(SYS_getdents64, directory, entries, sizeof entries);
    if (length <= 0) return length < 0 ? errno : 0;
    for (ssize_t at = 0; at < length;) {
      const struct dirent *entry = (const struct dirent *)(const void *)(entries + at);
      const int number = visit(directory, entry, whose);
      if (number != 0) return number;
      at += entry->d_reclen;
    }
  }
}

struct search {
  uint64_t inode;
  struct device_search found;
  bool listed; /* whether the wanted device was among the entries */
  int fd;      /* its directory, if it has an index */
};

static int look_at(int directory, const struct dirent *entry, void *whose) {
  struct search *search = whose;
  if (entry->d_type != DT_DIR || is_dots(entry->d_name)) return 0;
  search->found.count++;
  if (entry->d_ino != search->inode || search->found.index > 0) return 0;
  search->listed = true;
  int index = index_of(directory, entry->d_name, search->inode, &search->fd);
  if (index < 0) return -index;
  search->found.index = index;
  return 0;
}

/* Looks for a device in an open directory, which is closed. Returns an error number. */
static int search_in(int directory, struct search *search) {
  int number = 0, misses = 0, attempts = 0;
  while (number == 0 && search->found.index == 0 && misses < MISSES) {
    if (attempts > 0) (void)lseek(directory, 0, SEEK_SET);
    search->found = (struct device_search){0};
    search->listed = false;
    number = ++attempts > MOST_ATTEMPTS ? EAGAIN : each_entry(directory, look_at, search);
    misses = search->listed ? 0 : misses + 1;
  }
  close(directory);
  return number;
}

static struct failure failed(const char *call, int number) {
  return number == 0 ? (struct failure){0} : (struct failure){call, number};
}

static int open_directory(int sysfs, const char *path) {
  return openat(sysfs, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

struct failure find_device(int sysfs, const char *directory, uint64_t inode,
                           struct device_search *found) {
  struct search search = {.inode = inode};
  *found = search.found;
  int fd = open_directory(sysfs, directory);
  if (fd < 0) return failed("openat", errno == ENOENT ? 0 : errno);
  int number = search_in(fd, &search);
  *found = search.found;
  if (found->index > 0) close(search.fd);
  return failed("readdir", number);
}

/* The devices that are in a directory as links. */
struct listing {
  uint64_t inode;     /* of the device whose directory it has to be; 0 for any directory */
  const char *prefix; /* of their names */
  struct listed_devices *devices;
};

static bool append(struct listed_devices *devices, struct listed_device device) {
  if (devices->count == devices->room) {
    const size_t room = 2 * devices->room + 16;
    struct listed_device *larger = realloc(devices->start, room * sizeof device);
    if (larger == NULL) return false;
    devices->start = larger;
    devices->room = room;
  }
  devices->start[devices->count++] = device;
  return true;
}

/* One that is gone by now is passed by. All is read from its open directory, whatever name it has. */
static int list_entry(int directory, const struct dirent *entry, void *whose) {
  const struct listing *listing = whose;
  struct stat status;
  /* The directory itself comes first. */
  if (strcmp(entry->d_name, ".") == 0)
    return listing->inode == 0 || entry->d_ino == listing->inode ? 0 : ENOENT;
  if (entry->d_type != DT_LNK || strncmp(entry->d_name, listing->prefix, strlen(listing->prefix)))
    return 0;
  int fd = open_directory(directory, entry->d_name);
  if (fd < 0) return -lack();
  int index = number_in(fd, "ifindex"), beneath = number_in(fd, "iflink");
  bool there = fstat(fd, &status) == 0 && index > 0 && beneath > 0;
  close(fd);
  if (index < 0 || beneath < 0) return index < 0 ? -index : -beneath;
  if (!there) return 0;
  const uint64_t inode = status.st_ino;
  const struct listed_device device = {index, beneath, (uint32_t)inode, (uint32_t)(inode >> 32)};
  return append(listing->devices, device) ? 0 : ENOMEM;
}

/* Lists what is in an open directory. The number is ENOENT where that is another device's. */
static int list(int directory, const struct listing *listing) {
  return each_entry(directory, list_entry, (void *)listing);
}

struct failure list_devices(int sysfs, const char *path, uint64_t inode,
                            struct listed_devices *devices) {
  const struct listing listing = {inode, inode == 0 ? "" : "upper_", devices};
  struct search search = {.inode = inode};
  int fd = open_directory(sysfs, path);
  if (fd < 0) return failed("openat", errno == ENOENT ? 0 : errno);
  int number = list(fd, &listing);
  devices->is_there = number != ENOENT;
  if (devices->is_there) close(fd);
  else {
    (void)lseek(fd, 0, SEEK_SET);
    number = search_in(fd, &search);
    devices->is_there = search.found.index > 0;
    if (devices->is_there) {
      number = list(search.fd, &listing);
      close(search.fd);
    }
  }
  return failed("readdir", number);
}
