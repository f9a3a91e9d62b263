/* The sysfs of a namespace: sysfs.c of the core. */
#include "call.h"

#include <stdlib.h>

/* openSysfs(): number */
CALL(openSysfs) {
  int fd;
  if (succeeds(call, open_sysfs(&fd))) give_number(call, fd);
}

/* findDevice(sysfs: number, directory: string, inode: number): { index: number, count: number } */
CALL(findDevice) {
  size_t length;
  const int sysfs = integer_at(call, 0);
  const char *directory = text_at(call, 1, &length);
  const uint64_t inode = (uint64_t)large_integer_at(call, 2);
  struct device_search found;
  if (!is_read(call) || !succeeds(call, find_device(sysfs, directory, inode, &found))) return;
  give_member(call, "index", found.index);
  give_member(call, "count", found.count);
}

/* listDevices(sysfs: number, path: string, inode: number):
 *   Buffer of a struct listed_device for each | undefined */
CALL(listDevices) {
  size_t length;
  const int sysfs = integer_at(call, 0);
  const char *path = text_at(call, 1, &length);
  const uint64_t inode = (uint64_t)large_integer_at(call, 2);
  struct listed_devices devices = {0};
  if (!is_read(call)) return;
  if (succeeds(call, list_devices(sysfs, path, inode, &devices)) && devices.is_there)
    give_bytes(call, devices.count == 0 ? (void *)&devices : devices.start,
               devices.count * sizeof *devices.start);
  free(devices.start);
}
