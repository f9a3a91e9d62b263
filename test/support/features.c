/* Prints the features (offloads) of a device, of each 32 those that are asked for and those that it
 * has; with masks, exchanges the features in them before, on for off:
 *   features DEVICE [MASK MASK] */
#include <errno.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#define BLOCKS 2

static int ask(int fd, const char *device, void *request) {
  struct ifreq interface = {.ifr_data = request};
  strncpy(interface.ifr_name, device, sizeof interface.ifr_name - 1);
  return ioctl(fd, SIOCETHTOOL, &interface);
}

int main(int count, char **words) {
  struct {
    uint32_t command, size;
    struct ethtool_get_features_block blocks[BLOCKS];
  } now = {ETHTOOL_GFEATURES, BLOCKS, {{0}}};
  struct {
    uint32_t command, size;
    struct ethtool_set_features_block blocks[BLOCKS];
  } change = {ETHTOOL_SFEATURES, BLOCKS, {{0}}};
  int fd = socket(AF_INET, SOCK_DGRAM, 0);
  if (count < 2 || ask(fd, words[1], &now) < 0) return errno;
  for (int n = 0; n < BLOCKS && count >= 2 + BLOCKS; n++) {
    const struct ethtool_get_features_block *block = &now.blocks[n];
    change.blocks[n].valid =
        (uint32_t)strtoul(words[2 + n], NULL, 16) & block->available & ~block->never_changed;
    change.blocks[n].requested = ~block->requested;
  }
  now.size = BLOCKS;
  if (count >= 2 + BLOCKS && (ask(fd, words[1], &change) < 0 || ask(fd, words[1], &now) < 0))
    return errno;
  for (int n = 0; n < BLOCKS; n++)
    printf("%08x %08x\n", now.blocks[n].requested, now.blocks[n].active);
  return 0;
}
