#include "door.h"

#include <stdio.h>
#include <string.h>

napi_value throw_errno(napi_env env, const char *call, int number) {
  napi_value text, error, value;
  char message[256];
  snprintf(message, sizeof message, "%s: %s", call, strerror(number));
  napi_create_string_utf8(env, message, NAPI_AUTO_LENGTH, &text);
  napi_create_error(env, NULL, text, &error);
  napi_create_int32(env, number, &value);
  napi_set_named_property(env, error, "errno", value);
  napi_create_string_utf8(env, call, NAPI_AUTO_LENGTH, &value);
  napi_set_named_property(env, error, "syscall", value);
  napi_throw(env, error);
  return NULL;
}

bool arguments(napi_env env, napi_callback_info info, size_t count, napi_value *values) {
  size_t given = count;
  if (napi_get_cb_info(env, info, &given, values, NULL, NULL) != napi_ok) return false;
  if (given < count) {
    napi_throw_type_error(env, NULL, "too few arguments");
    return false;
  }
  return true;
}

bool integer(napi_env env, napi_value value, int32_t *number) {
  if (napi_get_value_int32(env, value, number) == napi_ok) return true;
  napi_throw_type_error(env, NULL, "a whole number was expected");
  return false;
}

/* describeErrno(number: number): string, in the words of the C library */
napi_value describe_errno(napi_env env, napi_callback_info info) {
  napi_value argument, result;
  int32_t number;
  if (!arguments(env, info, 1, &argument) || !integer(env, argument, &number)) return NULL;
  napi_create_string_utf8(env, strerror(number), NAPI_AUTO_LENGTH, &result);
  return result;
}
