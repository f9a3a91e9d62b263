/* All functions of this directory, and how many arguments each has. */
#ifndef LIST_H
#define LIST_H

#include "call.h"

#define FUNCTIONS(EACH)          \
  /* process.c */                \
  EACH(enterNetworkNamespace, 1) \
  EACH(tryLock, 2)               \
  EACH(nextEntries, 1)           \
  EACH(waitForTermination, 0)    \
  EACH(describeErrno, 1)         \
  EACH(startProgram, 3)          \
  EACH(waitForProgram, 1)        \
  EACH(openProcess, 1)           \
  EACH(killProcess, 1)           \
  EACH(startAnnouncement, 3)     \
  /* netlink.c */                \
  EACH(openNetlinkSocket, 2)     \
  EACH(setSocketTimeout, 2)      \
  EACH(namespaceCookie, 1)       \
  EACH(transact, 2)              \
  EACH(transactInParts, 3)       \
  EACH(startTransaction, 2)      \
  EACH(finishTransaction, 1)     \
  /* routes.c */                 \
  EACH(isWantedRoute, 3)         \
  EACH(passRoutes, 4)            \
  EACH(digestOfRoutes, 2)        \
  EACH(differences, 5)           \
  /* addresses.c */              \
  EACH(addressText, 1)           \
  EACH(addressBytes, 1)          \
  EACH(addressListText, 2)       \
  EACH(addressListBytes, 1)      \
  /* sysfs.c */                  \
  EACH(openSysfs, 0)             \
  EACH(findDevice, 3)            \
  EACH(listDevices, 3)           \
  /* open_files.c */             \
  EACH(namespaceInode, 1)        \
  EACH(shareFiles, 2)            \
  /* bpf.c */                    \
  EACH(tcxPrograms, 2)           \
  EACH(detachTcx, 3)             \
  EACH(detachLink, 1)            \
  EACH(findXdpLink, 2)           \
  /* ethtool.c */                \
  EACH(readFeatures, 2)          \
  EACH(changeFeatures, 3)

#define MOST_ARGUMENTS 5

#define DECLARE(name, count) CALL(name);
FUNCTIONS(DECLARE)
#undef DECLARE

#endif
