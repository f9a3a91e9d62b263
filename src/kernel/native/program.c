#include "door.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

/* As many files as a started program is given at most. */
#define MOST_FILES 8
/* Where they are put out of the way of those they are to become. */
#define OUT_OF_THE_WAY 64

/* Reads the arguments (program: number, title: string, files: number[]). */
static bool describe_program(napi_env env, napi_callback_info info, int32_t *program, char *title,
                             size_t room, int32_t *files, uint32_t *count) {
  napi_value values[3], value;
  size_t length;
  if (!arguments(env, info, 3, values) || !integer(env, values[0], program)) return false;
  if (napi_get_value_string_utf8(env, values[1], title, room, &length) != napi_ok ||
      napi_get_array_length(env, values[2], count) != napi_ok || *count > MOST_FILES) {
    napi_throw_type_error(env, NULL, "a title and a few files were expected");
    return false;
  }
  for (uint32_t n = 0; n < *count; n++)
    if (napi_get_element(env, values[2], n, &value) != napi_ok || !integer(env, value, &files[n]))
      return false;
  return true;
}

/* startProgram(program: number, title: string, files: number[]): number
 *
 * The C library's spawn shares the memory until the program runs: a fork would copy
 * the page tables of a JavaScript engine, and must not do much among its threads. */
napi_value start_program(napi_env env, napi_callback_info info) {
  int32_t program, files[MOST_FILES];
  uint32_t count;
  char title[256], path[32];
  if (!describe_program(env, info, &program, title, sizeof title, files, &count)) return NULL;

  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  sigset_t none, all;
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawn_file_actions_init(&actions);
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &all);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK |
                                            POSIX_SPAWN_SETSIGDEF);
  for (int stream = 0; stream <= 2; stream++)
    posix_spawn_file_actions_addopen(&actions, stream, "/dev/null", O_RDWR, 0);
  int away[MOST_FILES + 1];
  away[count] = fcntl(program, F_DUPFD_CLOEXEC, OUT_OF_THE_WAY);
  for (uint32_t n = 0; n < count; n++) {
    away[n] = fcntl(files[n], F_DUPFD_CLOEXEC, OUT_OF_THE_WAY);
    posix_spawn_file_actions_adddup2(&actions, away[n], 3 + (int)n);
  }
  snprintf(path, sizeof path, "/proc/self/fd/%d", away[count]);
  char *words[] = {title, NULL}, *environment[] = {NULL};
  pid_t pid;
  int number = posix_spawn(&pid, path, &actions, &attributes, words, environment);
  for (uint32_t n = 0; n <= count; n++) close(away[n]);
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  if (number != 0) return throw_errno(env, "posix_spawn", number);
  napi_value result;
  napi_create_int32(env, pid, &result);
  return result;
}

/* waitForProgram(pid: number): number, its exit status, or -1 where a signal ended it */
napi_value wait_for_program(napi_env env, napi_callback_info info) {
  napi_value argument, result;
  int32_t pid;
  int status;
  if (!arguments(env, info, 1, &argument) || !integer(env, argument, &pid)) return NULL;
  while (waitpid(pid, &status, 0) < 0)
    if (errno != EINTR) return throw_errno(env, "waitpid", errno);
  napi_create_int32(env, WIFEXITED(status) ? WEXITSTATUS(status) : -1, &result);
  return result;
}
