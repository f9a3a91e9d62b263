#define _GNU_SOURCE
#include "core.h"

#include <arpa/inet.h>
#include <errno.h>
#include <sched.h>
#include <sys/file.h>

struct failure enter_network_namespace(int fd) {
  if (setns(fd, CLONE_NEWNET) < 0) return (struct failure){"setns", errno};
  return (struct failure){0};
}

struct failure try_lock(int fd, bool *taken) {
  *taken = flock(fd, LOCK_EX | LOCK_NB) == 0;
  if (!*taken && errno != EWOULDBLOCK) return (struct failure){"flock", errno};
  return (struct failure){0};
}

bool address_text(const uint8_t *bytes, size_t length, char text[INET6_ADDRSTRLEN]) {
  if (length != 4 && length != 16) return false;
  return inet_ntop(length == 4 ? AF_INET : AF_INET6, bytes, text, INET6_ADDRSTRLEN) != NULL;
}

size_t address_bytes(const char *text, uint8_t bytes[16]) {
  if (inet_pton(AF_INET, text, bytes) == 1) return 4;
  if (inet_pton(AF_INET6, text, bytes) == 1) return 16;
  return 0;
}
