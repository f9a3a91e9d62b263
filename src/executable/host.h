/*
 * What the files of the executable share: a host for QuickJS-ng that gives the program the
 * modules `node:…` and the globals it uses, as Node would, and nothing else.
 *
 * Everything is synchronous, and a value of JavaScript is freed where that costs nothing to
 * write: the process lives for milliseconds.
 */
#ifndef HOST_H
#define HOST_H

#include <quickjs.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* A function that JavaScript calls. As many arguments are there as it is declared with: those
 * that were not given are undefined. */
#define FUNCTION(name) \
  static JSValue name(JSContext *context, JSValueConst self, int count, JSValueConst *arguments)
#define UNUSED (void)self, (void)count

/* Functions that a module exports: all of them, or those of one file. */
struct exports {
  const char *module;
  const JSCFunctionListEntry *entries;
  int count;
};
extern const struct exports file_exports, directory_exports, status_exports, path_exports, net_exports,
    timer_exports, native_exports, child_exports, keeper_exports;

/* A variable that is kept from when the program was built: snapshot.c. */
#define IN_SNAPSHOT __attribute__((section("snapshot")))

/* main.c */

/* One line for what went wrong, and never any source. */
_Noreturn void give_up(const char *why);
_Noreturn void give_up_with(JSContext *context);

/* Runs what waits for nothing more. */
void run_jobs(JSRuntime *runtime);

/* snapshot.ld: huge pages, in them the variables of the snapshot, and room for what a call takes. */
extern unsigned char snapshot_page[], snapshot_start[], snapshot_room[], snapshot_end[];

/* snapshot-copy.c: for a call that writes to most of the snapshot, which takes less time after this. */
void copy_snapshot(void);

/* snapshot.c: the engine with the program in it, of which nothing has run yet. */
struct program {
  JSRuntime *runtime;
  JSContext *context;
  JSModuleDef *main;
};
const struct program *started_program(void);

/* turn.c: whether this is a call that does something; and it waits while as many of them run as
 * memory allows. It costs the reading of /proc/self/cgroup, and of a limit for
 * each level of the control group. */
bool is_at_work(void);
void take_turn(void);
/* How long that took. */
extern int seconds_waited;

/* heap.c: a runtime that takes a bounded amount of memory, with a part kept back for undoing. What
 * give_room gives is at a multiple of 16, and all zero. */
JSRuntime *new_runtime(void);
void give_room(unsigned char *start, size_t size);
void keep_reserve(void);
/* Whether there is enough to undo what the call has prepared; it is kept back until there is no other. */
bool keep_to_undo(void);
/* Throws that there is no memory, where others than the engine had none; for undoing, there is more. */
JSValue without_memory(JSContext *context);
/* Whether there was no memory at some time. */
bool has_refused(void);
size_t heap_bytes(void);

/* buffer.c: the global Buffer. Its methods are those of every Uint8Array: it is no class of its
 * own, so that a view of one costs no more than the engine's own. */
void add_buffer(JSContext *context);

/* json.c: keeps JSON.parse from texts that are nested too deep for the stack. */
void bound_json(JSContext *context);

/* process.c: the global process, as far as the program uses it; and what differs from call to call:
 * its environment, its words and the path of the executable. */
void add_process(JSContext *context);
void fill_process(JSContext *context, int count, char **words);

/* modules.c: loads the program's modules, compiled into this file, and those of the host. */
void add_modules(JSRuntime *runtime);
void give_modules(const uint8_t *bytes, size_t length);
JSModuleDef *load_module(JSContext *context, const char *name, void *opaque);

/* inflate.c: decompresses bytes to where there is room for them. */
void inflate(const uint8_t *packed, uint8_t *to);

/* text.c: texts from and to bytes, as in Node: what is no UTF-8 becomes U+FFFD, and so does a
 * surrogate without the other one of its pair. utf8_text is to be freed with JS_FreeCString. */
JSValue text_value(JSContext *context, const char *bytes, size_t length);
const char *utf8_text(JSContext *context, size_t *length, JSValueConst value);
/* Reads so much of a small file; the text ends with a NUL, and is empty if it cannot be read. Returns its
 * length. */
size_t read_text(const char *path, char *text, size_t size);

/* arguments.c: what functions of node:fs are given */

/* A path given as a text or as bytes, to be freed with js_free; throws if there is a NUL in it. */
char *path_text(JSContext *context, JSValueConst value);

/* Whether a member of an object that may be missing is set. */
bool option(JSContext *context, JSValueConst options, const char *name);

/* A mode that may be missing, and the same as the member `mode` of an object that may be missing, too;
 * false with an exception. */
bool read_mode(JSContext *context, JSValueConst value, uint32_t *mode);
bool read_mode_option(JSContext *context, JSValueConst options, uint32_t *mode);

/* errors.c */

/* An Error with `errno` and `syscall`; an exception where there is no memory for it. */
JSValue new_error(JSContext *context, const char *message, int number, const char *call);

/* Throws what Node would for a failed system call: "ENOENT: no such file or directory, open
 * '/x'". Both paths may be NULL. */
JSValue throw_system_error(JSContext *context, int number, const char *call, const char *path,
                           const char *destination);

/* Throws "kill ESRCH", as Node does where no file is concerned. */
JSValue throw_errno(JSContext *context, int number, const char *call);

/* "No such file or directory" for 2. */
const char *error_text(int number);

/* "ENOENT" for 2, "SIGKILL" for 9. */
const char *errno_name(int number);
const char *signal_name(int number);

/* An object with the number of each name. */
JSValue errno_constants(JSContext *context);

#endif
