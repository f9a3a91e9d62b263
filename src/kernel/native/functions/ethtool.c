/* The features (offloads) of a device: ethtool.c of the core. */
#include "call.h"

#include <string.h>

/* A name with its closing zero byte, which the bytes have. */
static const char *name_at(struct call *call, int n) {
  const struct bytes name = bytes_at(call, n);
  if (is_read(call) && (name.length == 0 || memchr(name.start, 0, name.length) == NULL))
    refuse(call, "a name with a closing zero byte was expected");
  return (const char *)name.start;
}

/* readFeatures(fd: number, name: Buffer): Buffer of a struct feature_block for each 32 */
CALL(readFeatures) {
  const int fd = integer_at(call, 0);
  const char *name = name_at(call, 1);
  struct feature_block found[MOST_FEATURE_BLOCKS];
  size_t count;
  if (is_read(call) && succeeds(call, read_features(fd, name, found, &count)))
    give_bytes(call, found, count * sizeof *found);
}

/* changeFeatures(fd: number, name: Buffer, wanted: Buffer): void */
CALL(changeFeatures) {
  const int fd = integer_at(call, 0);
  const char *name = name_at(call, 1);
  const struct bytes wanted = bytes_at(call, 2);
  struct feature_block blocks[MOST_FEATURE_BLOCKS];
  if (!is_read(call)) return;
  if (wanted.length > sizeof blocks) {
    refuse(call, "too many features");
    return;
  }
  memcpy(blocks, wanted.start, wanted.length);
  succeeds(call, change_features(fd, name, blocks, wanted.length / sizeof *blocks));
}
