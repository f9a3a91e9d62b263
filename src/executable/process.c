#define _GNU_SOURCE
#include "host.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static struct timespec started;

/* process.exit(code) */
FUNCTION(exit_process) {
  UNUSED;
  int code = 0;
  if (JS_ToInt32(context, &code, arguments[0]) < 0) return JS_EXCEPTION;
  exit(code);
}

FUNCTION(get_uid) {
  UNUSED, (void)arguments;
  return JS_NewUint32(context, getuid());
}

/* process.uptime(): seconds, of a clock that nobody sets */
FUNCTION(uptime) {
  UNUSED, (void)arguments;
  struct timespec now = {0};
  (void)clock_gettime(CLOCK_MONOTONIC, &now);
  return JS_NewFloat64(context, (double)(now.tv_sec - started.tv_sec) +
                                    (double)(now.tv_nsec - started.tv_nsec) / 1e9);
}

/* process.kill(pid, 'SIGKILL'), or with a number */
FUNCTION(kill_process) {
  UNUSED;
  int pid, number = SIGKILL;
  if (JS_ToInt32(context, &pid, arguments[0]) < 0) return JS_EXCEPTION;
  if (JS_IsNumber(arguments[1])) {
    if (JS_ToInt32(context, &number, arguments[1]) < 0) return JS_EXCEPTION;
  } else {
    const char *name = JS_ToCString(context, arguments[1]);
    bool known = name && strcmp(name, "SIGKILL") == 0;
    JS_FreeCString(context, name);
    if (!known) return JS_ThrowTypeError(context, "Unknown signal");
  }
  return kill(pid, number) < 0 ? throw_errno(context, errno, "kill") : JS_TRUE;
}

/* process.requireMemoryToUndo(), which Node has not: exhausted.ts */
FUNCTION(require_memory) {
  UNUSED, (void)arguments;
  return keep_to_undo() ? JS_UNDEFINED : without_memory(context);
}

/* process.getBuiltinModule('node:os'), of which there is constants.errno */
FUNCTION(builtin_module) {
  UNUSED;
  const char *name = JS_ToCString(context, arguments[0]);
  bool known = name && strcmp(name, "node:os") == 0;
  JS_FreeCString(context, name);
  if (!known) return JS_UNDEFINED;
  JSValue os = JS_NewObject(context), constants = JS_NewObject(context);
  JS_SetPropertyStr(context, constants, "errno", errno_constants(context));
  JS_SetPropertyStr(context, os, "constants", constants);
  return os;
}

/* dirname(path) of node:path: without its last part, and one slash before that */
FUNCTION(directory_name) {
  UNUSED;
  size_t end;
  const char *path = JS_ToCStringLen(context, &end, arguments[0]);
  if (!path) return JS_EXCEPTION;
  while (end > 1 && path[end - 1] == '/') end--;
  while (end > 0 && path[end - 1] != '/') end--;
  /* What begins with two slashes may not be what begins with one. */
  if (end > 1 && !(end == 2 && path[0] == '/')) end--;
  JSValue name = end == 0 ? JS_NewString(context, ".") : text_value(context, path, end);
  JS_FreeCString(context, path);
  return name;
}

/* setTimeout(milliseconds) of node:timers/promises: it is over when this returns. */
FUNCTION(sleep_for) {
  UNUSED;
  double milliseconds;
  if (JS_ToFloat64(context, &milliseconds, arguments[0]) < 0) return JS_EXCEPTION;
  if (milliseconds > 0 && milliseconds < 1e9) {
    struct timespec left = {.tv_sec = (time_t)(milliseconds / 1000)};
    left.tv_nsec = (long)((milliseconds - (double)left.tv_sec * 1000) * 1e6);
    while (nanosleep(&left, &left) < 0 && errno == EINTR) continue;
  }
  return JS_UNDEFINED;
}

/* process.execPath: few calls ask for it. */
static JSValue get_program_path(JSContext *context, JSValueConst this_value) {
  char path[4096];
  (void)this_value;
  ssize_t length = readlink("/proc/self/exe", path, sizeof path);
  return text_value(context, path, length < 0 ? 0 : (size_t)length);
}

static JSValue environment(JSContext *context) {
  JSValue variables = JS_NewObject(context);
  for (char **variable = environ; *variable; variable++) {
    size_t length = strcspn(*variable, "=");
    if ((*variable)[length] != '=') continue;
    JSAtom name = JS_NewAtomLen(context, *variable, length);
    JS_DefinePropertyValue(context, variables, name, text_value(context, *variable + length + 1, strlen(*variable + length + 1)),
                           JS_PROP_C_W_E);
    JS_FreeAtom(context, name);
  }
  return variables;
}

static const JSCFunctionListEntry PROCESS[] = {
    JS_CFUNC_DEF("exit", 1, exit_process),     JS_CFUNC_DEF("getuid", 0, get_uid),
    JS_CFUNC_DEF("uptime", 0, uptime),         JS_CFUNC_DEF("kill", 2, kill_process),
    JS_CFUNC_DEF("requireMemoryToUndo", 0, require_memory),
    JS_CFUNC_DEF("getBuiltinModule", 1, builtin_module), JS_CGETSET_DEF("execPath", get_program_path, NULL),
};

static const JSCFunctionListEntry PATH[] = {JS_CFUNC_DEF("dirname", 1, directory_name)};
const struct exports path_exports = {"node:path", PATH, COUNT(PATH)};

static const JSCFunctionListEntry TIMERS[] = {JS_CFUNC_DEF("setTimeout", 1, sleep_for)};
const struct exports timer_exports = {"node:timers/promises", TIMERS, COUNT(TIMERS)};

void add_process(JSContext *context) {
  JSValue global = JS_GetGlobalObject(context), process = JS_NewObject(context);
  JS_SetPropertyFunctionList(context, process, PROCESS, COUNT(PROCESS));
  JS_SetPropertyStr(context, global, "process", process);
  JS_FreeValue(context, global);
}

void fill_process(JSContext *context, int count, char **words) {
  (void)clock_gettime(CLOCK_MONOTONIC, &started);
  JSValue arguments = JS_NewArray(context);
  /* Where Node has the paths of itself and of the script: both are this file, so they are equal. */
  JS_SetPropertyUint32(context, arguments, 0, JS_NewString(context, ""));
  JS_SetPropertyUint32(context, arguments, 1, JS_NewString(context, ""));
  for (int n = 1; n < count; n++)
    JS_SetPropertyUint32(context, arguments, (uint32_t)n + 1, text_value(context, words[n], strlen(words[n])));
  JSValue global = JS_GetGlobalObject(context);
  JSValue process = JS_GetPropertyStr(context, global, "process");
  JS_SetPropertyStr(context, process, "argv", arguments);
  JS_SetPropertyStr(context, process, "env", environment(context));
  /* Node has no such thing: deadline.ts */
  if (seconds_waited > 0)
    JS_SetPropertyStr(context, process, "secondsWaited", JS_NewInt32(context, seconds_waited));
  JS_FreeValue(context, process);
  JS_FreeValue(context, global);
}
