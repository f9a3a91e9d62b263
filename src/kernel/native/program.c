#define _GNU_SOURCE
#include "core.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* The files are first duplicated to descriptors from here on, so that dup2 to 3, 4, ... cannot
 * overwrite one of them. */
#define OUT_OF_THE_WAY 64

/* Duplicates of a program's files, and last of the program itself. */
struct copies {
  int fds[MOST_FILES + 1];
  size_t count;
};

static struct failure copy_file(struct copies *copies, int fd) {
  int copy = fcntl(fd, F_DUPFD_CLOEXEC, OUT_OF_THE_WAY);
  if (copy < 0) return (struct failure){"fcntl", errno};
  copies->fds[copies->count++] = copy;
  return (struct failure){0};
}

static struct failure copy_files(struct copies *copies, int program, const int *files,
                                 size_t count) {
  struct failure failure = {0};
  for (size_t n = 0; n < count && failure.call == NULL; n++)
    failure = copy_file(copies, files[n]);
  return failure.call == NULL ? copy_file(copies, program) : failure;
}

/* Opens the standard streams and places the files in the new process; 0 or errno. */
static int arrange_files(posix_spawn_file_actions_t *actions, const struct copies *copies) {
  int number = 0;
  for (int stream = 0; stream <= 2 && number == 0; stream++)
    number = posix_spawn_file_actions_addopen(actions, stream, "/dev/null", O_RDWR, 0);
  for (int n = 0; n + 1 < (int)copies->count && number == 0; n++)
    number = posix_spawn_file_actions_adddup2(actions, copies->fds[n], 3 + n);
  return number;
}

/* Of a child of who ignores SIGCHLD the kernel does not say how it has ended. Whoever started this process
 * may have left that to it. What handles the signal stays: Node does, to wait for its own children. */
static void heed_children(void) {
  struct sigaction action;
  if (sigaction(SIGCHLD, NULL, &action) == 0 && action.sa_handler == SIG_IGN)
    (void)signal(SIGCHLD, SIG_DFL);
}

int arrange_process(posix_spawnattr_t *attributes) {
  sigset_t none, all;
  heed_children();
  sigemptyset(&none);
  sigfillset(&all);
  int number = posix_spawnattr_setsigmask(attributes, &none);
  if (number == 0) number = posix_spawnattr_setsigdefault(attributes, &all);
  if (number == 0)
    number = posix_spawnattr_setflags(
        attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  return number;
}

/* Uses posix_spawn, because it does not copy the engine's page tables as fork does, and because
 * little is allowed in the forked child of a multi-threaded process. */
static int spawn_copies(const struct copies *copies, char *title, pid_t *pid) {
  char path[32], *words[] = {title, NULL}, *environment[] = {NULL};
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  (void)snprintf(path, sizeof path, "/proc/self/fd/%d", copies->fds[copies->count - 1]);
  int number = posix_spawn_file_actions_init(&actions);
  if (number != 0) return number;
  number = posix_spawnattr_init(&attributes);
  if (number == 0) {
    number = arrange_files(&actions, copies);
    if (number == 0) number = arrange_process(&attributes);
    if (number == 0)
      number = posix_spawn(pid, path, &actions, &attributes, words, environment);
    posix_spawnattr_destroy(&attributes);
  }
  posix_spawn_file_actions_destroy(&actions);
  return number;
}

struct failure start_program(int program, const char *title, const int *files, size_t count,
                             pid_t *pid) {
  struct copies copies = {.count = 0};
  char words[TITLE_BYTES];
  if (count > MOST_FILES) return (struct failure){"posix_spawn", E2BIG};
  (void)snprintf(words, sizeof words, "%s", title);
  struct failure failure = copy_files(&copies, program, files, count);
  if (failure.call == NULL) {
    int number = spawn_copies(&copies, words, pid);
    if (number != 0) failure = (struct failure){"posix_spawn", number};
  }
  for (size_t n = 0; n < copies.count; n++) close(copies.fds[n]);
  return failure;
}

/* Newer than some headers; the same on all machines (Linux 5.1 and 5.3). */
#define PIDFD_SEND_SIGNAL 424
#define PIDFD_OPEN 434

struct failure open_process(pid_t pid, int *fd) {
  *fd = (int)syscall(PIDFD_OPEN, pid, 0);
  if (*fd < 0 && errno != ESRCH && errno != ENOSYS) return (struct failure){"pidfd_open", errno};
  return (struct failure){0};
}

struct failure kill_process(int fd) {
  if (syscall(PIDFD_SEND_SIGNAL, fd, SIGKILL, NULL, 0) < 0 && errno != ESRCH)
    return (struct failure){"pidfd_send_signal", errno};
  return (struct failure){0};
}

struct failure wait_for_program(pid_t pid, int *status) {
  int how;
  while (waitpid(pid, &how, 0) < 0)
    if (errno != EINTR) return (struct failure){"waitpid", errno};
  *status = WIFEXITED(how) ? WEXITSTATUS(how) : -1;
  return (struct failure){0};
}
