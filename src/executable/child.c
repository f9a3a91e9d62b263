/* Runs another program: what execa does in the bundle. child-process.ts says what of it. */
#define _GNU_SOURCE
#include "../kernel/native/core.h"
#include "host.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* How long what a program started may hold its stdout open after the program's own end was
 * brought about. */
#define GRACE_MILLISECONDS 1000

struct child {
  pid_t pid;
  int input, output; /* -1 when closed */
  char *printed;
  size_t length, room, limit;
  const char *text; /* what is left to write to its stdin */
  size_t left;
  bool late, verbose; /* ended by us: after its time, or since it printed too much */
};

static long long milliseconds(void) {
  struct timespec now = {0};
  (void)clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

static void close_file(int *fd) {
  if (*fd >= 0) close(*fd);
  *fd = -1;
}

/* Starts it in a session and group of its own; 0 or errno. */
static int start(struct child *child, const char *path, char **words, char **variables) {
  int in[2] = {-1, -1}, out[2] = {-1, -1};
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  if (pipe2(in, O_CLOEXEC) < 0) return errno;
  /* Only this side of each, and while nobody has to be ended should it fail. */
  bool ready = pipe2(out, O_CLOEXEC) == 0 && fcntl(in[1], F_SETFL, O_NONBLOCK) == 0 &&
               fcntl(out[0], F_SETFL, O_NONBLOCK) == 0;
  int number = ready ? posix_spawn_file_actions_init(&actions) : errno;
  if (number == 0) {
    number = posix_spawnattr_init(&attributes);
    if (number == 0) {
      number = posix_spawn_file_actions_adddup2(&actions, in[0], 0);
      if (number == 0) number = posix_spawn_file_actions_adddup2(&actions, out[1], 1);
      if (number == 0) number = arrange_process(&attributes);
      if (number == 0)
        number = posix_spawn(&child->pid, path, &actions, &attributes, words, variables);
      posix_spawnattr_destroy(&attributes);
    }
    posix_spawn_file_actions_destroy(&actions);
  }
  close_file(&in[0]);
  close_file(&out[1]);
  child->input = in[1];
  child->output = out[0];
  return number;
}

/* Writes what its stdin takes. One that does not read has all it wants. */
static void feed(struct child *child) {
  ssize_t part = write(child->input, child->text, child->left);
  if (part < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (part > 0) {
    child->text += part;
    child->left -= (size_t)part;
  }
  if (part < 0 || child->left == 0) close_file(&child->input);
}

/* Reads what it has printed; false without memory. */
static bool listen_to(struct child *child) {
  if (child->length == child->room) {
    size_t room = child->room ? child->room * 2 : 4096;
    char *larger = realloc(child->printed, room);
    if (!larger) return false;
    child->printed = larger;
    child->room = room;
  }
  ssize_t part = read(child->output, child->printed + child->length, child->room - child->length);
  if (part < 0 && (errno == EAGAIN || errno == EINTR)) return true;
  if (part <= 0) close_file(&child->output);
  else child->length += (size_t)part;
  if (child->length > child->limit) {
    child->length = child->limit;
    child->verbose = true;
  }
  return true;
}

/* Goes on until its stdout is closed, or its time is over; 0 or errno. */
static int converse(struct child *child, long long end) {
  bool ended = false;
  while (child->output >= 0) {
    long long left = end - milliseconds();
    if (left <= 0 || child->verbose) {
      if (ended) break;
      /* With all that it started: else they could keep its stdout open. */
      (void)kill(-child->pid, SIGKILL);
      ended = true;
      child->late = !child->verbose;
      end = milliseconds() + GRACE_MILLISECONDS;
      if (child->verbose) break;
      continue;
    }
    struct pollfd files[] = {{.fd = child->output, .events = POLLIN},
                             {.fd = child->input, .events = POLLOUT}};
    if (poll(files, 2, left > 1000000 ? 1000000 : (int)left) < 0 && errno != EINTR) return errno;
    if (files[1].revents) feed(child);
    if (files[0].revents && !listen_to(child)) return ENOMEM;
  }
  return 0;
}

/* Waits for its end, which may come later than that of its stdout; 0 or errno. */
static int wait_for_end(struct child *child, long long end, int *status) {
  for (long pause = 100000;; pause = pause < 5000000 ? pause * 2 : pause) {
    pid_t ended = waitpid(child->pid, status, child->late || child->verbose ? 0 : WNOHANG);
    if (ended == child->pid) return 0;
    if (ended < 0 && errno != EINTR) return errno;
    if (milliseconds() >= end && !child->late) {
      (void)kill(-child->pid, SIGKILL);
      child->late = true;
    }
    struct timespec briefly = {.tv_nsec = pause};
    if (ended == 0) (void)nanosleep(&briefly, NULL);
  }
}

static void free_all(char **texts) {
  for (char **text = texts; text && *text; text++) free(*text);
  free(texts);
}

/* The same, or NULL, with an exception, where one of them could not be had. */
static char **all_or_none(JSContext *context, char **texts, bool all) {
  if (texts && all) return texts;
  free_all(texts);
  if (!JS_HasException(context)) (void)without_memory(context);
  return NULL;
}

/* The environment as execve(2) takes it; NULL, with an exception, where it cannot be read. */
static char **read_variables(JSContext *context, JSValueConst object) {
  JSPropertyEnum *names;
  uint32_t count, done = 0;
  bool all = true;
  if (JS_GetOwnPropertyNames(context, &names, &count, object, JS_GPN_STRING_MASK | JS_GPN_ENUM_ONLY))
    return NULL;
  char **variables = calloc(count + 1, sizeof *variables);
  for (uint32_t n = 0; variables && all && n < count; n++) {
    JSValue value = JS_GetProperty(context, object, names[n].atom);
    if (!JS_IsUndefined(value)) {
      const char *name = JS_AtomToCString(context, names[n].atom);
      const char *text = JS_ToCString(context, value);
      char *variable = name && text ? malloc(strlen(name) + strlen(text) + 2) : NULL;
      if (variable) variables[done++] = strcat(strcat(strcpy(variable, name), "="), text);
      else all = false;
      JS_FreeCString(context, text);
      JS_FreeCString(context, name);
    }
    JS_FreeValue(context, value);
  }
  JS_FreePropertyEnum(context, names, count);
  return all_or_none(context, variables, all);
}

/* The words of a command line, its program first; NULL, with an exception, where they cannot be read. */
static char **read_words(JSContext *context, const char *path, JSValueConst array) {
  int64_t count = 0;
  if (!JS_IsUndefined(array) && JS_GetLength(context, array, &count) < 0) return NULL;
  char **words = calloc((size_t)count + 2, sizeof *words);
  bool all = words && (words[0] = strdup(path));
  for (int64_t n = 0; all && n < count; n++) {
    JSValue value = JS_GetPropertyInt64(context, array, n);
    const char *text = JS_ToCString(context, value);
    all = text && (words[n + 1] = strdup(text));
    JS_FreeCString(context, text);
    JS_FreeValue(context, value);
  }
  return all_or_none(context, words, all);
}

static void set(JSContext *context, JSValue object, const char *name, JSValue value) {
  JS_SetPropertyStr(context, object, name, value);
}

static JSValue outcome_of(JSContext *context, const struct child *child, int number, int status) {
  JSValue outcome = JS_NewObject(context);
  set(context, outcome, "stdout",
      text_value(context, child->printed ? child->printed : "", child->length));
  if (child->late || child->verbose)
    set(context, outcome, "ended", JS_NewString(context, child->verbose ? "verbose" : "late"));
  if (number != 0) set(context, outcome, "error", JS_NewString(context, errno_name(number)));
  else if (WIFEXITED(status))
    set(context, outcome, "exitCode", JS_NewInt32(context, WEXITSTATUS(status)));
  else if (WIFSIGNALED(status))
    set(context, outcome, "signal", JS_NewString(context, signal_name(WTERMSIG(status))));
  return outcome;
}

/* runChild(path, variables, input, deadlineMilliseconds, limitBytes, words) */
FUNCTION(run_child) {
  UNUSED;
  struct child child = {.input = -1, .output = -1};
  double time, limit;
  int status = 0;
  if (JS_ToFloat64(context, &time, arguments[3]) < 0 ||
      JS_ToFloat64(context, &limit, arguments[4]) < 0)
    return JS_EXCEPTION;
  child.limit = (size_t)limit;
  size_t length;
  const char *path = utf8_text(context, &length, arguments[0]);
  const char *input = path ? utf8_text(context, &child.left, arguments[2]) : NULL;
  char **variables = input ? read_variables(context, arguments[1]) : NULL;
  char **words = variables ? read_words(context, path, arguments[5]) : NULL;
  JSValue outcome = JS_EXCEPTION;
  if (words) {
    long long end = milliseconds() + (long long)time;
    child.text = input;
    int number = start(&child, path, words, variables);
    if (number == 0) {
      if (child.left == 0) close_file(&child.input);
      number = converse(&child, end);
      close_file(&child.input);
      /* Nobody reads any more what it prints: it is not waited for. */
      int lost = wait_for_end(&child, number == 0 ? end : 0, &status);
      if (number == 0) number = lost;
    }
    close_file(&child.input);
    close_file(&child.output);
    outcome = number == ENOMEM ? without_memory(context)
                               : outcome_of(context, &child, number, status);
    free(child.printed);
  }
  free_all(words);
  free_all(variables);
  JS_FreeCString(context, input);
  JS_FreeCString(context, path);
  return outcome;
}

static const JSCFunctionListEntry ENTRIES[] = {JS_CFUNC_DEF("runChild", 6, run_child)};
const struct exports child_exports = {"host:child", ENTRIES, COUNT(ENTRIES)};
