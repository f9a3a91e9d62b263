/* The functions as a Node-API addon. It does not use libuv: every call blocks on purpose. */
#include "functions/list.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define NAPI_VERSION 8
#include <node_api.h>

struct call {
  napi_env env;
  napi_value arguments[MOST_ARGUMENTS];
  napi_value result; /* NULL is undefined */
  char *text;        /* the argument that is one */
  bool has_thrown;
};

/* Whether a call of Node-API succeeded; if not, an exception is pending. */
static bool ok(struct call *call, napi_status status) {
  bool pending = false;
  if (status == napi_ok) return true;
  call->has_thrown = true;
  if (napi_is_exception_pending(call->env, &pending) == napi_ok && !pending)
    napi_throw_type_error(call->env, NULL, "an argument is of the wrong type");
  return false;
}

bool is_read(const struct call *call) {
  return !call->has_thrown;
}

int32_t integer_at(struct call *call, int n) {
  int32_t number = 0;
  ok(call, napi_get_value_int32(call->env, call->arguments[n], &number));
  return number;
}

int64_t large_integer_at(struct call *call, int n) {
  int64_t number = 0;
  ok(call, napi_get_value_int64(call->env, call->arguments[n], &number));
  return number;
}

size_t integers_at(struct call *call, int n, int32_t *integers, size_t room) {
  uint32_t count = 0;
  napi_value value;
  if (!ok(call, napi_get_array_length(call->env, call->arguments[n], &count))) return 0;
  for (uint32_t at = 0; at < count && at < room; at++)
    if (!ok(call, napi_get_element(call->env, call->arguments[n], at, &value)) ||
        !ok(call, napi_get_value_int32(call->env, value, &integers[at])))
      break;
  return count;
}

const char *text_at(struct call *call, int n, size_t *length) {
  napi_value text;
  *length = 0;
  if (!ok(call, napi_coerce_to_string(call->env, call->arguments[n], &text)) ||
      !ok(call, napi_get_value_string_utf8(call->env, text, NULL, 0, length)))
    return NULL;
  call->text = malloc(*length + 1);
  if (call->text == NULL) throw_out_of_memory(call);
  else ok(call, napi_get_value_string_utf8(call->env, text, call->text, *length + 1, NULL));
  return call->text;
}

struct bytes bytes_at(struct call *call, int n) {
  struct bytes bytes = {0};
  void *start = NULL;
  ok(call, napi_get_buffer_info(call->env, call->arguments[n], &start, &bytes.length));
  bytes.start = start;
  return bytes;
}

bool call_function(struct call *call, int n, const uint8_t *bytes, size_t length) {
  napi_value nothing, value;
  napi_handle_scope scope;
  if (!ok(call, napi_open_handle_scope(call->env, &scope))) return false;
  const bool done =
      ok(call, napi_create_buffer_copy(call->env, length, bytes, NULL, &value)) &&
      ok(call, napi_get_undefined(call->env, &nothing)) &&
      ok(call, napi_call_function(call->env, nothing, call->arguments[n], 1, &value, NULL));
  return napi_close_handle_scope(call->env, scope) == napi_ok && done;
}

void give_number(struct call *call, int64_t number) {
  ok(call, napi_create_int64(call->env, number, &call->result));
}

void give_boolean(struct call *call, bool boolean) {
  ok(call, napi_get_boolean(call->env, boolean, &call->result));
}

void give_text(struct call *call, const char *text) {
  if (text == NULL) throw_out_of_memory(call);
  else ok(call, napi_create_string_utf8(call->env, text, NAPI_AUTO_LENGTH, &call->result));
}

void give_bytes(struct call *call, const void *bytes, size_t length) {
  if (bytes == NULL) throw_out_of_memory(call);
  else ok(call, napi_create_buffer_copy(call->env, length, bytes, NULL, &call->result));
}

void give_member(struct call *call, const char *name, int32_t number) {
  napi_value value;
  if (call->result == NULL) ok(call, napi_create_object(call->env, &call->result));
  if (ok(call, napi_create_int32(call->env, number, &value)))
    ok(call, napi_set_named_property(call->env, call->result, name, value));
}

bool refuse(struct call *call, const char *message) {
  call->has_thrown = true;
  napi_throw_type_error(call->env, NULL, message);
  return false;
}

void throw_out_of_memory(struct call *call) {
  call->has_thrown = true;
  napi_throw_error(call->env, NULL, "out of memory");
}

void throw_failure(struct call *call, const char *message, struct failure failure) {
  napi_env env = call->env;
  napi_value text, number, name, error;
  call->has_thrown = true;
  if (ok(call, napi_create_string_utf8(env, message, NAPI_AUTO_LENGTH, &text)) &&
      ok(call, napi_create_string_utf8(env, failure.call, NAPI_AUTO_LENGTH, &name)) &&
      ok(call, napi_create_int32(env, failure.number, &number)) &&
      ok(call, napi_create_error(env, NULL, text, &error)) &&
      ok(call, napi_set_named_property(env, error, "errno", number)) &&
      ok(call, napi_set_named_property(env, error, "syscall", name)))
    napi_throw(env, error);
}

const char *error_text(int number) {
  return strerror(number);
}

/* The loader still needs Node's, for functions that are called for the first time. */
void release_memory(void) {}

static napi_value run(napi_env env, napi_callback_info info, size_t count,
                      void (*function)(struct call *)) {
  struct call call = {.env = env};
  size_t given = MOST_ARGUMENTS;
  if (!ok(&call, napi_get_cb_info(env, info, &given, call.arguments, NULL, NULL))) return NULL;
  if (given < count) refuse(&call, "too few arguments");
  else function(&call);
  free(call.text);
  return call.result;
}

#define RUN(name, count)                                                \
  static napi_value run_##name(napi_env env, napi_callback_info info) { \
    return run(env, info, count, js_##name);                            \
  }
FUNCTIONS(RUN)

#define PROPERTY(name, count) {#name, NULL, run_##name, NULL, NULL, NULL, napi_default, NULL},

NAPI_MODULE_INIT() {
  static const napi_property_descriptor PROPERTIES[] = {FUNCTIONS(PROPERTY)};
  const size_t count = sizeof PROPERTIES / sizeof *PROPERTIES;
  return napi_define_properties(env, exports, count, PROPERTIES) == napi_ok ? exports : NULL;
}
