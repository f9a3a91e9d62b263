/*
 * Runs a program and waits for its end, for run-sync.ts. Unlike Node, it copies nothing of the process
 * for that: where memory is slow to map, that makes a start three times as fast.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define NAPI_VERSION 8
#include <node_api.h>

/* What a program printed. */
struct text {
  char *bytes;
  size_t length, room;
};

static napi_value fail(napi_env env, const char *call, int number) {
  napi_throw_error(env, call, strerror(number));
  return NULL;
}

static bool read_more(int fd, struct text *text) {
  if (text->room - text->length < 65536) {
    text->room = text->room * 2 + 131072;
    text->bytes = realloc(text->bytes, text->room);
    if (text->bytes == NULL) abort();
  }
  ssize_t got = read(fd, text->bytes + text->length, text->room - text->length);
  if (got > 0) text->length += (size_t)got;
  return got > 0;
}

static long now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

/*
 * Gives the program its input, and takes its output, until it has ended and closed both.
 * At the deadline it is killed.
 */
static void converse(pid_t pid, int in, int out[2], const char *input, size_t length,
                     struct text text[2], int timeout) {
  long deadline = now() + timeout;
  while (out[0] >= 0 || out[1] >= 0) {
    struct pollfd fds[] = {{out[0], POLLIN, 0}, {out[1], POLLIN, 0}, {in, POLLOUT, 0}};
    long left = timeout > 0 ? deadline - now() : -1;
    if (timeout > 0 && left <= 0) {
      kill(pid, SIGKILL);
      break;
    }
    if (poll(fds, 3, (int)left) < 0) continue;
    for (int n = 0; n < 2; n++)
      if (fds[n].revents != 0 && !read_more(out[n], &text[n])) close(out[n]), out[n] = -1;
    if (fds[2].revents == 0) continue;
    ssize_t put = length > 0 ? write(in, input, length) : 0;
    if (put > 0) input += put, length -= (size_t)put;
    if (length == 0 || (put < 0 && errno != EAGAIN)) close(in), in = -1;
  }
  for (int n = 0; n < 2; n++)
    if (out[n] >= 0) close(out[n]);
  if (in >= 0) close(in);
}

/* A JavaScript array of strings as execve wants it, to be freed at once. */
static char **words_of(napi_env env, napi_value array) {
  uint32_t count = 0;
  napi_get_array_length(env, array, &count);
  char **words = calloc(count + 1, sizeof *words);
  for (uint32_t n = 0; words != NULL && n < count; n++) {
    napi_value value;
    size_t length = 0;
    napi_get_element(env, array, n, &value);
    napi_get_value_string_utf8(env, value, NULL, 0, &length);
    words[n] = malloc(length + 1);
    if (words[n] == NULL) abort();
    napi_get_value_string_utf8(env, value, words[n], length + 1, &length);
  }
  return words;
}

static void free_words(char **words) {
  for (char **word = words; *word != NULL; word++) free(*word);
  free(words);
}

static int start(pid_t *pid, char **words, char **environment, const char *directory, int in,
                 const int out[2]) {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  sigset_t none, all;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, in, 0);
  posix_spawn_file_actions_adddup2(&actions, out[0], 1);
  posix_spawn_file_actions_adddup2(&actions, out[1], 2);
  if (*directory != '\0') posix_spawn_file_actions_addchdir_np(&actions, directory);
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &all);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  int number = posix_spawnp(pid, words[0], &actions, &attributes, words, environment);
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  return number;
}

/*
 * spawn(words: string[], environment: string[], directory: string, input: Buffer, timeout: number):
 *   [exitCode or -signal, stdout: Buffer, stderr: Buffer]
 */
static napi_value spawn_js(napi_env env, napi_callback_info info) {
  napi_value given[5], result, value;
  size_t count = 5, length = 0, input_length = 0;
  char directory[4096] = "";
  void *input = NULL;
  int32_t timeout = 0;
  napi_get_cb_info(env, info, &count, given, NULL, NULL);
  napi_get_value_string_utf8(env, given[2], directory, sizeof directory, &length);
  napi_get_buffer_info(env, given[3], &input, &input_length);
  napi_get_value_int32(env, given[4], &timeout);

  int in[2], out[2], error[2];
  if (pipe2(in, O_CLOEXEC) != 0 || pipe2(out, O_CLOEXEC) != 0 || pipe2(error, O_CLOEXEC) != 0)
    return fail(env, "pipe2", errno);
  fcntl(in[1], F_SETFL, O_NONBLOCK);
  char **words = words_of(env, given[0]), **environment = words_of(env, given[1]);
  const int written[] = {out[1], error[1]};
  pid_t pid;
  int number = start(&pid, words, environment, directory, in[0], written);
  free_words(words);
  free_words(environment);
  close(in[0]);
  close(out[1]);
  close(error[1]);
  if (number != 0) {
    close(in[1]);
    close(out[0]);
    close(error[0]);
    return fail(env, "posix_spawn", number);
  }

  int status = 0, read_from[] = {out[0], error[0]};
  struct text text[2] = {{0}, {0}};
  converse(pid, in[1], read_from, input, input_length, text, timeout);
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) continue;
  napi_create_array_with_length(env, 3, &result);
  napi_create_int32(env, WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status), &value);
  napi_set_element(env, result, 0, value);
  for (uint32_t n = 0; n < 2; n++) {
    napi_create_buffer_copy(env, text[n].length, text[n].bytes, NULL, &value);
    napi_set_element(env, result, n + 1, value);
    free(text[n].bytes);
  }
  return result;
}

NAPI_MODULE_INIT() {
  napi_value spawn;
  napi_create_function(env, "spawn", NAPI_AUTO_LENGTH, spawn_js, NULL, &spawn);
  napi_set_named_property(env, exports, "spawn", spawn);
  return exports;
}
