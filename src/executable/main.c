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

/* Half of what a process usually has; JSON of a thousand levels takes a tenth of it. */
#define STACK_BYTES (4u << 20)
/* With this an ADD can do its work; with a third of it, not even an error could be made. */
#define LEAST_STACK_BYTES (64u << 10)

void give_up(const char *why) {
  char line[1024];
  /* Without room for an error, what is thrown says nothing, or a job does not go on. */
  if (has_refused()) why = "out of memory";
  int length = snprintf(line, sizeof line, "host-device-l3: %.900s", why);
  length = (int)strcspn(line, "\n");
  line[length++] = '\n';
  /* Not by stdio, which asks the kernel for more than to write. */
  if (write(STDERR_FILENO, line, (size_t)length) < 0) _exit(1);
  exit(1);
}

void give_up_with(JSContext *context) {
  JSValue error = JS_GetException(context);
  const char *text = JS_ToCString(context, error);
  give_up(text ? text : "out of memory");
}

void run_jobs(JSRuntime *runtime) {
  for (JSContext *context; JS_IsJobPending(runtime);)
    if (JS_ExecutePendingJob(runtime, &context) < 0) give_up_with(context);
}

/* A file that is opened later must not become one of the standard streams. */
static void open_missing_streams(void) {
  for (int fd = 0; fd <= 2; fd++)
    if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDWR) < 0) _exit(1);
}

/* The engine's part of the stack: it throws where that is used up, before the kernel would. */
static size_t stack_bytes(void) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_STACK, &limit) < 0 || limit.rlim_cur / 2 > STACK_BYTES) return STACK_BYTES;
  if (limit.rlim_cur < LEAST_STACK_BYTES)
    give_up("its stack may have less than 64 KiB (RLIMIT_STACK, ulimit -s), which is too little");
  return (size_t)limit.rlim_cur / 2;
}

int main(int count, char **words) {
  open_missing_streams();
  /* As in Node: who writes hears of it, and of a file that may not get so large. */
  (void)signal(SIGPIPE, SIG_IGN);
  (void)signal(SIGXFSZ, SIG_IGN);
  size_t engine_stack = stack_bytes();
  if (is_at_work()) {
    take_turn();
    copy_snapshot();
  }
  const struct program *program = started_program();
  JSContext *context = program->context;
  keep_reserve();
  JS_SetMaxStackSize(program->runtime, engine_stack);
  JS_UpdateStackTop(program->runtime);
  fill_process(context, count, words);
  JSValue function = JS_DupValue(context, JS_MKPTR(JS_TAG_MODULE, program->main));
  JSValue outcome = JS_EvalFunction(context, function);
  if (JS_IsException(outcome)) give_up_with(context);
  run_jobs(program->runtime);
  if (JS_PromiseState(context, outcome) == JS_PROMISE_REJECTED) {
    JS_Throw(context, JS_PromiseResult(context, outcome));
    give_up_with(context);
  }
  give_up("the program waits for what never comes");
}
