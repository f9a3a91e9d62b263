#include "core.h"

#include <errno.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>

/* struct ethtool_gfeatures and struct ethtool_sfeatures with room for the blocks. */
struct reading {
  uint32_t command, size;
  struct ethtool_get_features_block blocks[MOST_FEATURE_BLOCKS];
};
struct change {
  uint32_t command, size;
  struct ethtool_set_features_block blocks[MOST_FEATURE_BLOCKS];
};

/* Any socket will do: it says in which namespace the name is looked for. */
static struct failure ask(int fd, const char *name, void *request) {
  struct ifreq interface = {.ifr_data = request};
  if (strlen(name) >= sizeof interface.ifr_name) return (struct failure){"ioctl", ENODEV};
  memcpy(interface.ifr_name, name, strlen(name));
  if (ioctl(fd, SIOCETHTOOL, &interface) < 0) return (struct failure){"ioctl", errno};
  return (struct failure){0};
}

struct failure read_features(int fd, const char *name, struct feature_block *found, size_t *count) {
  struct reading reading = {.command = ETHTOOL_GFEATURES, .size = MOST_FEATURE_BLOCKS};
  struct failure failure = ask(fd, name, &reading);
  *count = 0;
  if (failure.call) return failure;
  /* The kernel has fewer, and says how many. */
  *count = reading.size < MOST_FEATURE_BLOCKS ? reading.size : MOST_FEATURE_BLOCKS;
  for (size_t n = 0; n < *count; n++) {
    const struct ethtool_get_features_block *block = &reading.blocks[n];
    found[n] = (struct feature_block){block->available & ~block->never_changed, block->requested};
  }
  return (struct failure){0};
}

struct failure change_features(int fd, const char *name, const struct feature_block *wanted,
                               size_t count) {
  struct change change = {.command = ETHTOOL_SFEATURES, .size = (uint32_t)count};
  if (count > MOST_FEATURE_BLOCKS) return (struct failure){"ioctl", EINVAL};
  for (size_t n = 0; n < count; n++)
    change.blocks[n] = (struct ethtool_set_features_block){wanted[n].mask, wanted[n].on};
  return ask(fd, name, &change);
}
