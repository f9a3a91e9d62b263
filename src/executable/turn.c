/*
 * Where memory is scarce, calls take turns. Multus's daemon runs the plugins in its container, by
 * default of 50 MiB, and as many at once as pods start. A call needs 2 MB; where 64 of them do
 * not fit, the kernel kills one, or the daemon. So a call waits here, before it has used anything.
 *
 * Nothing depends on a turn: who cannot have one goes on without.
 */
#define _GNU_SOURCE
#include "host.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* With less than this there are turns, one for each such part: a call, the IPAM plugin that it
 * runs, and what the daemon needs for it. */
#define SCARCE_BYTES (256ull << 20)
#define BYTES_OF_A_TURN (12ull << 20)

/* Less than a runtime waits for a plugin. */
#define MOST_SECONDS 60

/* One byte of this file is locked for each turn: only root can open it. */
static const char TURNS[] = "/run/host-device-l3.turns";

/* The length of what was read; the text ends with a NUL. */
static size_t read_text(const char *path, char *text, size_t size) {
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  ssize_t length = fd < 0 ? -1 : read(fd, text, size - 1);
  if (fd >= 0) (void)close(fd);
  text[length < 0 ? 0 : length] = '\0';
  return strlen(text);
}

/* The file with the memory limit of this process's control group: of version 1 where that has the
 * controller, as in "4:memory:/kubepods/x", else of version 2, as in "0::/kubepods/x". */
static bool find_limit(char *groups, char *path, size_t size) {
  const char *in_version_2 = NULL;
  char *rest = groups;
  for (char *line; (line = strsep(&rest, "\n"));) {
    const char *controllers = strchr(line, ':');
    const char *group = controllers ? strchr(controllers + 1, ':') : NULL;
    if (!group) continue;
    if (strncmp(controllers, ":memory:", 8) == 0)
      return snprintf(path, size, "/sys/fs/cgroup/memory%s/memory.limit_in_bytes", group + 1) <
             (int)size;
    if (strncmp(line, "0::", 3) == 0) in_version_2 = group + 1;
  }
  return in_version_2 &&
         snprintf(path, size, "/sys/fs/cgroup%s/memory.max", in_version_2) < (int)size;
}

/* How many calls may run at once; 0 for any number. */
static int count_turns(void) {
  char text[4096], path[4096 + 64];
  if (read_text("/proc/self/cgroup", text, sizeof text) == 0 ||
      !find_limit(text, path, sizeof path) || read_text(path, text, sizeof text) == 0)
    return 0;
  /* "max" in version 2 is no number, and becomes 0. */
  unsigned long long bytes = strtoull(text, NULL, 10);
  if (bytes == 0 || bytes >= SCARCE_BYTES) return 0;
  return bytes < BYTES_OF_A_TURN ? 1 : (int)(bytes / BYTES_OF_A_TURN);
}

static void on_alarm(int number) { (void)number; }

void take_turn(void) {
  int count = count_turns();
  if (count == 0) return;
  int fd = open(TURNS, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0) return;
  /* The lock is the open file's: it ends with this process, and with no descriptor closed before. */
  struct flock turn = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 1};
  for (turn.l_start = 0; turn.l_start < count; turn.l_start++)
    if (fcntl(fd, F_OFD_SETLK, &turn) == 0) return;
  /* No SA_RESTART: the alarm ends the wait. */
  (void)sigaction(SIGALRM, &(struct sigaction){.sa_handler = on_alarm}, NULL);
  (void)alarm(MOST_SECONDS);
  turn.l_start = getpid() % count;
  (void)fcntl(fd, F_OFD_SETLKW, &turn);
  (void)alarm(0);
  (void)signal(SIGALRM, SIG_DFL);
}
