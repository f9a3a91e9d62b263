/*
 * The executable: the program's modules as bytecode of QuickJS-ng, and the little of Node that
 * they use. The engine is built as it is published.
 */
#define _GNU_SOURCE
#include "host.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

/* Half of what a process usually has; JSON of two thousand levels takes a fifth of it. */
#define STACK_BYTES (4u << 20)

/* One line for what went wrong, and never any source. */
static _Noreturn void give_up(const char *why) {
  (void)fprintf(stderr, "host-device-l3: %.*s\n", (int)strcspn(why, "\n"), why);
  exit(1);
}

static _Noreturn void give_up_with(JSContext *context) {
  JSValue error = JS_GetException(context);
  const char *text = JS_ToCString(context, error);
  give_up(text ? text : "out of memory");
}

/* A file that is opened later must not become one of the standard streams. */
static void open_missing_streams(void) {
  for (int fd = 0; fd <= 2; fd++)
    if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDWR) < 0) _exit(1);
}

/* Only what the program needs: each costs time at every start. */
static JSContext *new_context(JSRuntime *runtime) {
  JSContext *context = JS_NewContextRaw(runtime);
  if (!context || JS_AddIntrinsicBaseObjects(context) < 0 || JS_AddIntrinsicDate(context) < 0 ||
      JS_AddIntrinsicRegExp(context) < 0 || JS_AddIntrinsicJSON(context) < 0 ||
      JS_AddIntrinsicMapSet(context) < 0 || JS_AddIntrinsicTypedArrays(context) < 0 ||
      JS_AddIntrinsicPromise(context) < 0 || JS_AddIntrinsicBigInt(context) < 0)
    give_up("out of memory");
  JS_AddIntrinsicRegExpCompiler(context);
  return context;
}

/* The engine's part of the stack: it throws where that is used up, before the kernel would. */
static size_t stack_bytes(void) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_STACK, &limit) < 0 || limit.rlim_cur / 2 > STACK_BYTES) return STACK_BYTES;
  return (size_t)limit.rlim_cur / 2;
}

int main(int count, char **words) {
  open_missing_streams();
  /* As in Node: who writes hears of it. */
  (void)signal(SIGPIPE, SIG_IGN);
  take_turn();
  JSRuntime *runtime = new_runtime();
  if (!runtime) give_up("out of memory");
  JS_SetMaxStackSize(runtime, stack_bytes());
  /* The process ends before cycles could matter. */
  JS_SetGCThreshold(runtime, SIZE_MAX);
  JS_SetCanBlock(runtime, true);
  JSContext *context = new_context(runtime);
  add_buffer(context);
  add_process(context, count, words);
  bound_json(context);
  add_modules(runtime);
  JSModuleDef *module = load_module(context, "main.js", NULL);
  if (!module) give_up_with(context);
  JSValue function = JS_DupValue(context, JS_MKPTR(JS_TAG_MODULE, module));
  if (JS_ResolveModule(context, function) < 0) give_up_with(context);
  JSValue outcome = JS_EvalFunction(context, function);
  if (JS_IsException(outcome)) give_up_with(context);
  for (JSContext *job; JS_IsJobPending(runtime);)
    if (JS_ExecutePendingJob(runtime, &job) < 0) give_up_with(job);
  if (JS_PromiseState(context, outcome) == JS_PROMISE_REJECTED) {
    JS_Throw(context, JS_PromiseResult(context, outcome));
    give_up_with(context);
  }
  give_up("the program waits for what never comes");
}
