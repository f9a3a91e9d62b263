/*
 * Starts the engine and loads what a runtime's calls need of the program: once, when the program is
 * built. The executable holds what the engine's memory held then, and a call begins there. To do it
 * at every call would be most of the call's work.
 *
 * So what a module does when it is loaded must come out the same on every machine: it cannot open a
 * file, nor read the clock, the environment or the words of the command line.
 */
#define _GNU_SOURCE
#include "host.h"

#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

static IN_SNAPSHOT struct program program;

/* Only what the program needs. */
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

/* Nobody reads where an error was made: not even names are left of functions. */
static void forget_stacks(JSContext *context) {
  JSValue global = JS_GetGlobalObject(context), error = JS_GetPropertyStr(context, global, "Error");
  JS_SetPropertyStr(context, error, "stackTraceLimit", JS_NewInt32(context, 0));
  JS_FreeValue(context, error);
  JS_FreeValue(context, global);
}

/* Loads the module of the program itself, and what it imports, but does not run it yet. */
static void start_engine(void) {
  JSRuntime *runtime = new_runtime();
  if (!runtime) give_up("out of memory");
  /* The process ends before cycles could matter. */
  JS_SetGCThreshold(runtime, SIZE_MAX);
  JS_SetCanBlock(runtime, true);
  JSContext *context = new_context(runtime);
  add_buffer(context);
  add_process(context);
  bound_json(context);
  add_modules(runtime);
  forget_stacks(context);
  JSModuleDef *main = load_module(context, "main.js", NULL);
  if (!main || JS_ResolveModule(context, JS_MKPTR(JS_TAG_MODULE, main)) < 0) give_up_with(context);
  program = (struct program){runtime, context, main};
}

#ifdef HEAP_BYTES
/* The names of the modules that are loaded when the program is built: made by build.mjs. */
static const char *const LOADED[] = {
#include "loaded.inc"
    NULL};

/* What only building needs, and no call is to have room for: a stack, and the bytecode of the modules.
 * The engine notes where its stack is. That must not be another place at every build. */
struct workshop {
  unsigned char stack[1 << 20];
  uint8_t modules[2 << 20];
};
#define WORKSHOP ((struct workshop *)0x20000000)

static bool is_starting, has_seed;

int __real_gettimeofday(struct timeval *now, void *zone);
int __wrap_gettimeofday(struct timeval *now, void *zone);

/* The engine takes its seed from the clock, for Math.random and for where a key is in a Map. */
int __wrap_gettimeofday(struct timeval *now, void *zone) {
  if (!is_starting) return __real_gettimeofday(now, zone);
  if (has_seed) give_up("a module reads the clock when it is loaded");
  has_seed = true;
  *now = (struct timeval){0};
  return 0;
}

static void load(const char *name) {
  JSContext *context = program.context;
  JSValue outcome = JS_LoadModule(context, NULL, name);
  run_jobs(program.runtime);
  /* What it has left is for the next. */
  JS_RunGC(program.runtime);
  if (JS_PromiseState(context, outcome) == JS_PROMISE_FULFILLED) return;
  (void)JS_Throw(context, JS_PromiseResult(context, outcome));
  give_up_with(context);
}

static size_t read_all(uint8_t *bytes, size_t length) {
  for (size_t at = 0; at < length;) {
    ssize_t more = read(STDIN_FILENO, bytes + at, length - at);
    if (more < 0) give_up("cannot read");
    if (more == 0) return at;
    at += (size_t)more;
  }
  give_up("there are too many modules");
}

static void write_all(const void *bytes, size_t length) {
  for (size_t at = 0; at < length;) {
    ssize_t written = write(STDOUT_FILENO, (const char *)bytes + at, length - at);
    if (written < 0) give_up("cannot write");
    at += (size_t)written;
  }
}

/* For build.mjs: reads the modules, and writes how many bytes of the heap they use, and then all of
 * the snapshot. */
static int start_apart(void *unused) {
  (void)unused;
  /* What asks the kernel for more than to read and write is killed. Emulators do not know it. */
  (void)prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT);
  is_starting = true;
  give_modules(WORKSHOP->modules, read_all(WORKSHOP->modules, sizeof WORKSHOP->modules));
  start_engine();
  for (const char *const *name = LOADED; *name; name++) load(*name);
  const uint64_t taken = heap_bytes();
  write_all(&taken, sizeof taken);
  write_all(snapshot_start, (size_t)(snapshot_room - snapshot_start));
  (void)syscall(SYS_exit, 0);
  return 0;
}

static _Noreturn void write_snapshot(void) {
  int status = 0;
  if (mmap(WORKSHOP, sizeof *WORKSHOP, PROT_READ | PROT_WRITE,
           MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) != WORKSHOP)
    give_up("no room at the place of the snapshot's stack");
  pid_t pid = clone(start_apart, WORKSHOP->stack + sizeof WORKSHOP->stack, SIGCHLD, NULL);
  if (pid < 0 || waitpid(pid, &status, 0) != pid) give_up("cannot start another process");
  if (WIFSIGNALED(status)) give_up("a module needs the kernel when it is loaded");
  exit(WEXITSTATUS(status));
}

const struct program *started_program(void) {
  if (!program.main) write_snapshot();
  give_room(snapshot_room, (size_t)(snapshot_end - snapshot_room));
  return &program;
}
#else
const struct program *started_program(void) {
  start_engine();
  return &program;
}
#endif
