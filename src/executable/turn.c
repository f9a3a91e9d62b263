/*
 * Where memory is scarce, calls take turns. Multus's daemon runs the plugins in its container, by
 * default of 50 MiB, and as many at once as pods start. A call needs 3 MB; where 64 of them do
 * not fit, the kernel kills one, or the daemon. So a call waits here, before it has used anything.
 *
 * A call that gets no turn in time fails before it has changed anything, and the runtime tries again.
 */
#define _GNU_SOURCE
#include "host.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

/* With less than this there are turns, one for each such part: a call, the IPAM plugin that it
 * runs, and what the daemon needs for it. */
#define SCARCE_BYTES (256ull << 20)
#define BYTES_OF_A_TURN (12ull << 20)

/* Less than timeoutSeconds is by default: these seconds count for it. */
#define MOST_SECONDS 90

#define MOUNT "/sys/fs/cgroup"
#define MOST_PATH 4096

/* One byte of this file is locked for each turn: only root can open it. */
static const char TURNS[] = "/run/host-device-l3.turns";

/* This process's control group as a directory, and the name of the file with its memory limit: of
 * version 1 where that has the controller, as in "4:memory:/kubepods/x", else of version 2, as in
 * "0::/kubepods/x". */
static const char *find_group(char *groups, char *path, size_t size) {
  const char *in_version_2 = NULL;
  char *rest = groups;
  for (char *line; (line = strsep(&rest, "\n"));) {
    const char *controllers = strchr(line, ':');
    const char *group = controllers ? strchr(controllers + 1, ':') : NULL;
    if (!group) continue;
    if (strncmp(controllers, ":memory:", 8) == 0)
      return snprintf(path, size, MOUNT "/memory%s", group + 1) < (int)size ? "memory.limit_in_bytes"
                                                                           : NULL;
    if (strncmp(line, "0::", 3) == 0) in_version_2 = group + 1;
  }
  return in_version_2 && snprintf(path, size, MOUNT "%s", in_version_2) < (int)size ? "memory.max"
                                                                                    : NULL;
}

/* The limit in bytes; 0 for none. "max" in version 2 is no number, and becomes 0. */
static unsigned long long limit_of(const char *group, const char *file, bool *exists) {
  char path[MOST_PATH + 32], text[32];
  (void)snprintf(path, sizeof path, "%s/%s", group, file);
  *exists = read_text(path, text, sizeof text) > 0;
  return strtoull(text, NULL, 10);
}

/* Leaves in `group` the group, of this and those that it is in, that allows the least. */
static unsigned long long find_least(char *group, const char *file) {
  char each[MOST_PATH];
  unsigned long long least = 0;
  (void)snprintf(each, sizeof each, "%s", group);
  /* In version 2 a group has no such file where the one that it is in does not give it the controller. */
  bool may_lack = file[sizeof "memory." - 1] == 'm';
  for (bool exists = true; (exists || may_lack) && strlen(each) > strlen(MOUNT);) {
    unsigned long long bytes = limit_of(each, file, &exists);
    if (bytes != 0 && (least == 0 || bytes < least)) {
      least = bytes;
      (void)strcpy(group, each);
    }
    *strrchr(each, '/') = '\0';
  }
  return least;
}

/* The turns of the calls in one control group: so many bytes of the file, from its own first one. */
struct turns {
  int fd, count;
  off_t first;
};

/* A place for each control group. Two that share one wait for each other, too. */
static off_t place_of(const char *path) {
  uint32_t hash = 2166136261u; /* FNV-1a */
  for (; *path; path++) hash = (hash ^ (unsigned char)*path) * 16777619u;
  return (off_t)hash * 4096;
}

/* Whether calls are to take turns here. */
static bool find_turns(struct turns *turns) {
  char text[MOST_PATH - 64], group[MOST_PATH];
  if (read_text("/proc/self/cgroup", text, sizeof text) == 0) return false;
  const char *file = find_group(text, group, sizeof group);
  unsigned long long bytes = file ? find_least(group, file) : 0;
  if (bytes == 0 || bytes >= SCARCE_BYTES) return false;
  turns->count = bytes < BYTES_OF_A_TURN ? 1 : (int)(bytes / BYTES_OF_A_TURN);
  turns->first = place_of(group);
  turns->fd = open(TURNS, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
  return turns->fd >= 0;
}

/* Whether this call need not wait: it has the turn, or there can be no turns in this file. */
static bool take(const struct turns *turns, int command, int turn) {
  /* The lock is the open file's: it ends with this process, and not when another descriptor closes. */
  struct flock byte = {
      .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = turns->first + turn, .l_len = 1};
  return fcntl(turns->fd, command, &byte) == 0 ||
         (errno != EAGAIN && errno != EACCES && errno != EINTR);
}

static bool take_any(const struct turns *turns) {
  for (int turn = 0; turn < turns->count; turn++)
    if (take(turns, F_OFD_SETLK, turn)) return true;
  return false;
}

static time_t seconds(void) {
  struct timespec now;
  return clock_gettime(CLOCK_MONOTONIC, &now) < 0 ? 0 : now.tv_sec;
}

static void on_alarm(int number) { (void)number; }

int seconds_waited;

/* Waits for each turn in order, a second each: the one who has it may wait for an IPAM plugin. */
static bool wait_for_any(const struct turns *turns) {
  sigset_t none;
  sigemptyset(&none);
  /* The caller may have blocked the alarm, and nothing else ends the wait. */
  (void)sigprocmask(SIG_SETMASK, &none, NULL);
  /* No SA_RESTART: the alarm ends the wait. It comes again, should it come before the wait. */
  (void)sigaction(SIGALRM, &(struct sigaction){.sa_handler = on_alarm}, NULL);
  struct timeval second = {.tv_sec = 1};
  (void)setitimer(ITIMER_REAL, &(struct itimerval){second, second}, NULL);
  time_t start = seconds(), end = start + MOST_SECONDS;
  bool has_turn = false;
  for (int turn = getpid(); !has_turn && seconds() < end; turn++)
    has_turn = take(turns, F_OFD_SETLKW, turn % turns->count) || take_any(turns);
  (void)setitimer(ITIMER_REAL, &(struct itimerval){0}, NULL);
  (void)signal(SIGALRM, SIG_DFL);
  seconds_waited = (int)(seconds() - start);
  return has_turn;
}

/* The cniVersion of a configuration, which is changed for it; NULL if none can be seen. The first one
 * will do: prevResult, which may be before it, has the same. */
static const char *version_in(char *configuration) {
  static const char KEY[] = "\"cniVersion\"";
  char *value = strstr(configuration, KEY);
  if (!value) return NULL;
  value += sizeof KEY - 1;
  value += strspn(value, " \t\r\n:");
  if (*value++ != '"') return NULL;
  size_t length = strspn(value, "0123456789.");
  if (length == 0 || value[length] != '"') return NULL;
  value[length] = '\0';
  return value;
}

/* A person waits for nobody, and VERSION needs next to nothing. */
bool is_at_work(void) {
  const char *command = getenv("CNI_COMMAND");
  return command && strcmp(command, "VERSION") != 0;
}

void take_turn(void) {
  struct turns turns;
  if (!find_turns(&turns) || take_any(&turns) || wait_for_any(&turns)) return;
  static char configuration[64 << 10];
  /* What the pipe holds, and no more: nobody else is to be waited for. */
  if (poll(&(struct pollfd){.events = POLLIN}, 1, 0) == 1)
    (void)!read(STDIN_FILENO, configuration, sizeof configuration - 1);
  const char *version = version_in(configuration);
  (void)printf("{\"cniVersion\":\"%s\",\"code\":11,\"msg\":\"waited %d seconds for a turn: no more than "
               "%d calls at once fit into the memory of this container\",\"details\":\"nothing was changed; a "
               "later call tries again; raise the memory limit of the container that runs the plugin\"}\n",
               version ? version : "1.0.0", MOST_SECONDS, turns.count);
  exit(1);
}
