#define _GNU_SOURCE
#include "core.h"

#include <dirent.h>
#include <errno.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <string.h>
#include <sys/file.h>
#include <sys/syscall.h>
#include <unistd.h>

struct failure enter_network_namespace(int fd) {
  if (setns(fd, CLONE_NEWNET) < 0) return (struct failure){"setns", errno};
  return (struct failure){0};
}

struct failure try_lock(int fd, int operation, bool *taken) {
  *taken = flock(fd, operation | LOCK_NB) == 0;
  if (!*taken && errno != EWOULDBLOCK) return (struct failure){"flock", errno};
  return (struct failure){0};
}

struct failure next_entries(int fd, char names[ENTRIES_BYTES]) {
  _Alignas(struct dirent) char entries[ENTRIES_BYTES];
  const ssize_t length = syscall(SYS_getdents64, fd, entries, sizeof entries);
  /* What is there of a process that has ended meanwhile is nothing. */
  if (length < 0 && errno != ENOENT) return (struct failure){"getdents64", errno};
  /* A name and its slash take less than the entry. */
  for (ssize_t at = 0; at < length;) {
    const struct dirent *entry = (const struct dirent *)(const void *)(entries + at);
    names = stpcpy(stpcpy(names, entry->d_name), "/");
    at += entry->d_reclen;
  }
  *names = '\0';
  return (struct failure){0};
}

static sem_t terminated;

/* Runs on whichever thread the kernel chooses; Node has several. */
static void note_termination(int number) {
  (void)number;
  (void)sem_post(&terminated);
}

struct failure wait_for_termination(void) {
  struct sigaction action = {.sa_handler = note_termination};
  if (sem_init(&terminated, 0, 0) < 0) return (struct failure){"sem_init", errno};
  if (sigaction(SIGTERM, &action, NULL) < 0 || sigaction(SIGINT, &action, NULL) < 0)
    return (struct failure){"sigaction", errno};
  while (sem_wait(&terminated) < 0)
    if (errno != EINTR) return (struct failure){"sem_wait", errno};
  return (struct failure){0};
}
