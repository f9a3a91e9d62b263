/* The functions of the kernel part for QuickJS; native-addon.ts says what each does. */
#include "../kernel/native/functions/list.h"
#include "host.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

struct call {
  JSContext *context;
  JSValueConst *arguments;
  JSValue result;
  const char *text; /* the argument that is one */
};

bool is_read(const struct call *call) {
  return !JS_IsException(call->result);
}

/* Apart: a variable in memory, which the compiler protects, would make integer_at three times as long. */
static __attribute__((noinline)) int32_t converted_integer(struct call *call, int n) {
  int32_t number = 0;
  if (JS_ToInt32(call->context, &number, call->arguments[n]) < 0) call->result = JS_EXCEPTION;
  return number;
}

/* It nearly always is an integer already. */
int32_t integer_at(struct call *call, int n) {
  if (JS_VALUE_GET_TAG(call->arguments[n]) != JS_TAG_INT) return converted_integer(call, n);
  return JS_VALUE_GET_INT(call->arguments[n]);
}

int64_t large_integer_at(struct call *call, int n) {
  int64_t number = 0;
  if (JS_ToInt64(call->context, &number, call->arguments[n]) < 0) call->result = JS_EXCEPTION;
  return number;
}

size_t integers_at(struct call *call, int n, int32_t *integers, size_t room) {
  int64_t count = 0;
  if (JS_GetLength(call->context, call->arguments[n], &count) < 0) call->result = JS_EXCEPTION;
  for (int64_t at = 0; at < count && at < (int64_t)room; at++) {
    JSValue value = JS_GetPropertyInt64(call->context, call->arguments[n], at);
    if (JS_ToInt32(call->context, &integers[at], value) < 0) call->result = JS_EXCEPTION;
  }
  return (size_t)count;
}

const char *text_at(struct call *call, int n, size_t *length) {
  call->text = utf8_text(call->context, length, call->arguments[n]);
  if (!call->text) call->result = JS_EXCEPTION;
  return call->text;
}

struct bytes bytes_at(struct call *call, int n) {
  size_t length;
  const uint8_t *start = JS_GetUint8Array(call->context, &length, call->arguments[n]);
  if (start) return (struct bytes){start, length};
  call->result = JS_EXCEPTION;
  return (struct bytes){0};
}

bool call_function(struct call *call, int n, const uint8_t *bytes, size_t length) {
  JSContext *context = call->context;
  JSValueConst function = call->arguments[n];
  JSValue value = JS_NewUint8ArrayCopy(context, bytes, length), result = value;
  if (!JS_IsException(value)) result = JS_Call(context, function, JS_UNDEFINED, 1, &value);
  JS_FreeValue(context, value);
  JS_FreeValue(context, result);
  if (JS_IsException(result)) call->result = JS_EXCEPTION;
  return !JS_IsException(result);
}

void give_number(struct call *call, int64_t number) {
  call->result = JS_NewInt64(call->context, number);
}

void give_boolean(struct call *call, bool boolean) {
  call->result = JS_NewBool(call->context, boolean);
}

void give_text(struct call *call, const char *text) {
  if (text) call->result = JS_NewString(call->context, text);
  else throw_out_of_memory(call);
}

void give_bytes(struct call *call, const void *bytes, size_t length) {
  if (bytes) call->result = JS_NewUint8ArrayCopy(call->context, bytes, length);
  else throw_out_of_memory(call);
}

void give_member(struct call *call, const char *name, int32_t number) {
  JSContext *context = call->context;
  if (JS_IsUndefined(call->result)) call->result = JS_NewObject(context);
  JS_SetPropertyStr(context, call->result, name, JS_NewInt32(context, number));
}

bool refuse(struct call *call, const char *message) {
  call->result = JS_ThrowTypeError(call->context, "%s", message);
  return false;
}

void throw_out_of_memory(struct call *call) {
  call->result = without_memory(call->context);
}

void throw_failure(struct call *call, const char *message, struct failure failure) {
  JSValue error = new_error(call->context, message, failure.number, failure.call);
  call->result = JS_IsException(error) ? error : JS_Throw(call->context, error);
}

/* What can be written to between the snapshot and the stack: before that is the program with its variables,
 * and those of the C library. */
void release_memory(void) {
#ifdef HEAP_BYTES
  char text[4096], *rest = text;
  (void)read_text("/proc/self/maps", text, sizeof text);
  /* Of each mapping a line: "600000-800000 rw-p ..." */
  for (char *line; (line = strsep(&rest, "\n")) && *line;) {
    uintptr_t start = strtoul(line, &line, 16), end = strtoul(line + 1, &line, 16);
    if (start >= (uintptr_t)snapshot_page && end <= (uintptr_t)text && line[2] == 'w')
      (void)munmap((void *)start, end - start);
  }
#endif
}

static JSValue run(JSContext *context, JSValueConst *arguments, void (*function)(struct call *)) {
  struct call call = {context, arguments, JS_UNDEFINED, NULL};
  function(&call);
  if (call.text) JS_FreeCString(context, call.text);
  return call.result;
}

#define RUN(name, count)                       \
  FUNCTION(run_##name) {                       \
    UNUSED;                                    \
    return run(context, arguments, js_##name); \
  }
FUNCTIONS(RUN)

#define ENTRY(name, count) JS_CFUNC_DEF(#name, count, run_##name),

static const JSCFunctionListEntry ENTRIES[] = {FUNCTIONS(ENTRY)};
const struct exports native_exports = {"host:native", ENTRIES, COUNT(ENTRIES)};
