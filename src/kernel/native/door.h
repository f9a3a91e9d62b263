/* What the files of the kernel door share; door.c says what it is. */
#define _GNU_SOURCE
#define NAPI_VERSION 8

#include <node_api.h>
#include <stdbool.h>
#include <stdint.h>

/* Throws an error with `errno` and `syscall`, in the words of the C library; NULL. */
napi_value throw_errno(napi_env env, const char *call, int number);

/* Reads `count` arguments; false, with an exception pending, if there are fewer. */
bool arguments(napi_env env, napi_callback_info info, size_t count, napi_value *values);

/* Reads a whole number; false, with an exception pending, if it is none. */
bool integer(napi_env env, napi_value value, int32_t *number);

/* What JavaScript calls. Above each stands its signature there. */
napi_value enter_network_namespace(napi_env env, napi_callback_info info);
napi_value open_route_socket(napi_env env, napi_callback_info info);
napi_value limit_waits(napi_env env, napi_callback_info info);
napi_value transact(napi_env env, napi_callback_info info);
napi_value start_transaction(napi_env env, napi_callback_info info);
napi_value finish_transaction(napi_env env, napi_callback_info info);
napi_value try_lock(napi_env env, napi_callback_info info);
napi_value start_program(napi_env env, napi_callback_info info);
napi_value wait_for_program(napi_env env, napi_callback_info info);
napi_value address_text(napi_env env, napi_callback_info info);
napi_value address_bytes(napi_env env, napi_callback_info info);
napi_value describe_errno(napi_env env, napi_callback_info info);
