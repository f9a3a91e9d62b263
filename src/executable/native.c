/* The native core for QuickJS; native-addon.ts says what each function does. */
#include "../kernel/native/core.h"
#include "host.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static JSValue throw_failure(JSContext *context, struct failure failure) {
  char message[256];
  (void)snprintf(message, sizeof message, "%s: %s", failure.call, error_text(failure.number));
  JSValue error = new_error(context, message, failure.number, failure.call);
  return JS_IsException(error) ? error : JS_Throw(context, error);
}

static JSValue bytes_value(JSContext *context, const uint8_t *bytes, size_t length) {
  return JS_NewUint8ArrayCopy(context, bytes, length);
}

static bool read_integers(JSContext *context, JSValueConst *arguments, int count, int *numbers) {
  for (int n = 0; n < count; n++)
    if (JS_ToInt32(context, &numbers[n], arguments[n]) < 0) return false;
  return true;
}

/* What a function gives that only succeeds or fails. */
static JSValue outcome(JSContext *context, struct failure failure) {
  return failure.call ? throw_failure(context, failure) : JS_UNDEFINED;
}

/* What a function gives that finds a number, unless it fails. */
static JSValue number_outcome(JSContext *context, struct failure failure, int number) {
  return failure.call ? throw_failure(context, failure) : JS_NewInt32(context, number);
}

FUNCTION(enter_network_namespace_js) {
  UNUSED;
  int fd;
  if (!read_integers(context, arguments, 1, &fd)) return JS_EXCEPTION;
  return outcome(context, enter_network_namespace(fd));
}

FUNCTION(open_netlink_socket_js) {
  UNUSED;
  int numbers[2], fd;
  if (!read_integers(context, arguments, 2, numbers)) return JS_EXCEPTION;
  struct failure failure = open_netlink_socket(numbers[0], numbers[1], &fd);
  return number_outcome(context, failure, fd);
}

FUNCTION(set_socket_timeout_js) {
  UNUSED;
  int numbers[2];
  if (!read_integers(context, arguments, 2, numbers)) return JS_EXCEPTION;
  return outcome(context, set_socket_timeout(numbers[0], numbers[1]));
}

FUNCTION(namespace_cookie_js) {
  UNUSED;
  int fd;
  uint64_t cookie;
  if (!read_integers(context, arguments, 1, &fd)) return JS_EXCEPTION;
  struct failure failure = namespace_cookie(fd, &cookie);
  return failure.call ? throw_failure(context, failure) : JS_NewInt64(context, (int64_t)cookie);
}

FUNCTION(open_sysfs_js) {
  UNUSED;
  int fd;
  (void)arguments;
  struct failure failure = open_sysfs(&fd);
  return number_outcome(context, failure, fd);
}

FUNCTION(find_device_js) {
  UNUSED;
  int sysfs;
  int64_t inode;
  struct device_search found;
  if (JS_ToInt32(context, &sysfs, arguments[0]) < 0 ||
      JS_ToInt64(context, &inode, arguments[2]) < 0)
    return JS_EXCEPTION;
  const char *directory = JS_ToCString(context, arguments[1]);
  if (!directory) return JS_EXCEPTION;
  struct failure failure = find_device(sysfs, directory, (uint64_t)inode, &found);
  JS_FreeCString(context, directory);
  if (failure.call) return throw_failure(context, failure);
  JSValue result = JS_NewObject(context);
  JS_SetPropertyStr(context, result, "index", JS_NewInt32(context, found.index));
  JS_SetPropertyStr(context, result, "count", JS_NewInt32(context, found.count));
  return result;
}

static bool read_exchange(JSContext *context, JSValueConst *arguments, struct exchange *exchange) {
  int fd;
  size_t length;
  if (JS_ToInt32(context, &fd, arguments[0]) < 0) return false;
  const uint8_t *request = JS_GetUint8Array(context, &length, arguments[1]);
  if (request && prepare_exchange(exchange, fd, request, length)) return true;
  JS_ThrowTypeError(context, "a buffer of netlink messages was expected");
  return false;
}

static JSValue answers_value(JSContext *context, struct exchange *exchange,
                             struct failure failure) {
  JSValue answers = failure.call
                        ? throw_failure(context, failure)
                        : bytes_value(context, exchange->answers, exchange->answers_length);
  free_answers(exchange);
  return answers;
}

FUNCTION(transact_js) {
  UNUSED;
  struct exchange exchange;
  if (!read_exchange(context, arguments, &exchange)) return JS_EXCEPTION;
  carry_out(&exchange);
  return answers_value(context, &exchange, exchange.failure);
}

/* Who gets each datagram of an answer. */
struct receiver {
  JSContext *context;
  JSValueConst function;
};

static bool give(void *whose, const uint8_t *datagram, size_t length) {
  struct receiver *receiver = whose;
  JSContext *context = receiver->context;
  JSValue bytes = bytes_value(context, datagram, length);
  if (JS_IsException(bytes)) return false;
  JSValue result = JS_Call(context, receiver->function, JS_UNDEFINED, 1, &bytes);
  JS_FreeValue(context, bytes);
  if (JS_IsException(result)) return false;
  JS_FreeValue(context, result);
  return true;
}

FUNCTION(transact_in_parts_js) {
  UNUSED;
  struct exchange exchange;
  struct receiver receiver = {context, arguments[2]};
  if (!read_exchange(context, arguments, &exchange)) return JS_EXCEPTION;
  exchange.take = give;
  exchange.whose = &receiver;
  carry_out(&exchange);
  free_answers(&exchange);
  if (exchange.whose == NULL) return JS_EXCEPTION;
  return outcome(context, exchange.failure);
}

/* A started transaction is an index into these: one at a time is all there ever is. */
static struct exchange *started[4];

FUNCTION(start_transaction_js) {
  UNUSED;
  struct exchange prepared;
  int32_t handle = 0;
  while (handle < (int32_t)COUNT(started) && started[handle]) handle++;
  if (handle == COUNT(started)) return JS_ThrowRangeError(context, "too many transactions");
  if (!read_exchange(context, arguments, &prepared)) return JS_EXCEPTION;
  struct failure failure = start_exchange(&prepared, &started[handle]);
  return number_outcome(context, failure, handle);
}

FUNCTION(finish_transaction_js) {
  UNUSED;
  uint32_t handle;
  if (JS_ToUint32(context, &handle, arguments[0]) < 0) return JS_EXCEPTION;
  if (handle >= COUNT(started) || !started[handle])
    return JS_ThrowTypeError(context, "the transaction is finished already");
  struct exchange *exchange = started[handle];
  started[handle] = NULL;
  JSValue answers = answers_value(context, exchange, finish_exchange(exchange));
  free(exchange);
  return answers;
}

FUNCTION(try_lock_js) {
  UNUSED;
  int fd;
  bool taken;
  if (!read_integers(context, arguments, 1, &fd)) return JS_EXCEPTION;
  struct failure failure = try_lock(fd, &taken);
  return failure.call ? throw_failure(context, failure) : JS_NewBool(context, taken);
}

static bool read_files(JSContext *context, JSValueConst array, int *files, int64_t *count) {
  if (JS_GetLength(context, array, count) < 0) return false;
  if (*count > MOST_FILES) {
    JS_ThrowTypeError(context, "too many files");
    return false;
  }
  for (int64_t n = 0; n < *count; n++) {
    JSValue file = JS_GetPropertyInt64(context, array, n);
    if (JS_ToInt32(context, &files[n], file) < 0) return false;
  }
  return true;
}

FUNCTION(start_program_js) {
  UNUSED;
  int program, files[MOST_FILES];
  int64_t length;
  pid_t pid;
  if (JS_ToInt32(context, &program, arguments[0]) < 0 ||
      !read_files(context, arguments[2], files, &length))
    return JS_EXCEPTION;
  const char *title = JS_ToCString(context, arguments[1]);
  if (!title) return JS_EXCEPTION;
  struct failure failure = start_program(program, title, files, (size_t)length, &pid);
  JS_FreeCString(context, title);
  return number_outcome(context, failure, pid);
}

FUNCTION(start_announcement_js) {
  UNUSED;
  struct announcement list;
  pid_t pid;
  if (JS_ToInt32(context, &list.index, arguments[0]) < 0 ||
      JS_ToInt32(context, &list.milliseconds, arguments[2]) < 0)
    return JS_EXCEPTION;
  list.frames = JS_GetUint8Array(context, &list.length, arguments[1]);
  if (!list.frames) return JS_EXCEPTION;
  struct failure failure = start_announcement(&list, &pid);
  return number_outcome(context, failure, pid);
}

FUNCTION(wait_for_program_js) {
  UNUSED;
  int pid, status;
  if (!read_integers(context, arguments, 1, &pid)) return JS_EXCEPTION;
  struct failure failure = wait_for_program(pid, &status);
  return number_outcome(context, failure, status);
}

FUNCTION(open_process_js) {
  UNUSED;
  int pid, fd;
  if (!read_integers(context, arguments, 1, &pid)) return JS_EXCEPTION;
  struct failure failure = open_process(pid, &fd);
  return number_outcome(context, failure, fd);
}

FUNCTION(kill_process_js) {
  UNUSED;
  int fd;
  if (!read_integers(context, arguments, 1, &fd)) return JS_EXCEPTION;
  return outcome(context, kill_process(fd));
}

FUNCTION(tcx_programs_js) {
  UNUSED;
  int numbers[2];
  struct attached found[MOST_PROGRAMS];
  size_t length;
  if (!read_integers(context, arguments, 2, numbers)) return JS_EXCEPTION;
  struct failure failure = tcx_programs(numbers[0], numbers[1], found, MOST_PROGRAMS, &length);
  if (failure.call) return throw_failure(context, failure);
  return bytes_value(context, (const uint8_t *)found, length * sizeof *found);
}

FUNCTION(detach_tcx_js) {
  UNUSED;
  int numbers[3];
  if (!read_integers(context, arguments, 3, numbers)) return JS_EXCEPTION;
  return outcome(context, detach_tcx(numbers[0], numbers[1], (uint32_t)numbers[2]));
}

FUNCTION(detach_link_js) {
  UNUSED;
  int link;
  if (!read_integers(context, arguments, 1, &link)) return JS_EXCEPTION;
  return outcome(context, detach_link((uint32_t)link));
}

FUNCTION(find_xdp_link_js) {
  UNUSED;
  int numbers[2];
  uint32_t link;
  if (!read_integers(context, arguments, 2, numbers)) return JS_EXCEPTION;
  struct failure failure = find_xdp_link(numbers[0], (uint32_t)numbers[1], &link);
  return number_outcome(context, failure, (int32_t)link);
}

/* A name with its closing zero byte, which the bytes have. */
static const char *name_in(JSContext *context, JSValueConst value) {
  size_t length;
  const uint8_t *bytes = JS_GetUint8Array(context, &length, value);
  if (bytes && length > 0 && memchr(bytes, 0, length)) return (const char *)bytes;
  JS_ThrowTypeError(context, "a name with a closing zero byte was expected");
  return NULL;
}

/* The first two arguments of a function about a device: a socket of its namespace, and its name. */
static const char *read_device(JSContext *context, JSValueConst *arguments, int *fd) {
  return read_integers(context, arguments, 1, fd) ? name_in(context, arguments[1]) : NULL;
}

FUNCTION(read_features_js) {
  UNUSED;
  int fd;
  size_t length;
  struct feature_block found[MOST_FEATURE_BLOCKS];
  const char *name = read_device(context, arguments, &fd);
  if (!name) return JS_EXCEPTION;
  struct failure failure = read_features(fd, name, found, &length);
  if (failure.call) return throw_failure(context, failure);
  return bytes_value(context, (const uint8_t *)found, length * sizeof *found);
}

FUNCTION(change_features_js) {
  UNUSED;
  int fd;
  size_t length;
  struct feature_block blocks[MOST_FEATURE_BLOCKS];
  const char *name = read_device(context, arguments, &fd);
  if (!name) return JS_EXCEPTION;
  const uint8_t *wanted = JS_GetUint8Array(context, &length, arguments[2]);
  if (!wanted || length > sizeof blocks) return JS_ThrowTypeError(context, "too many features");
  memcpy(blocks, wanted, length);
  return outcome(context, change_features(fd, name, blocks, length / sizeof *blocks));
}

FUNCTION(address_text_js) {
  UNUSED;
  char text[INET6_ADDRSTRLEN];
  size_t length;
  const uint8_t *bytes = JS_GetUint8Array(context, &length, arguments[0]);
  if (!bytes || !address_text(bytes, length, text))
    return JS_ThrowTypeError(context, "an address of 4 or 16 bytes was expected");
  return JS_NewString(context, text);
}

FUNCTION(address_bytes_js) {
  UNUSED;
  uint8_t bytes[16];
  size_t given;
  const char *text = JS_ToCStringLen(context, &given, arguments[0]);
  size_t length = text && strlen(text) == given ? address_bytes(text, bytes) : 0;
  JS_FreeCString(context, text);
  if (length == 0) return JS_ThrowTypeError(context, "the text of an IP address was expected");
  return bytes_value(context, bytes, length);
}

FUNCTION(address_list_text_js) {
  UNUSED;
  int size;
  size_t length;
  const uint8_t *bytes = JS_GetUint8Array(context, &length, arguments[0]);
  if (!bytes || JS_ToInt32(context, &size, arguments[1]) < 0) return JS_EXCEPTION;
  if (size < 1) return JS_ThrowTypeError(context, "addresses of 4 or 16 bytes were expected");
  char *text = address_list_text(bytes, (size_t)size, length / (size_t)size);
  JSValue value = text ? JS_NewString(context, text) : JS_ThrowOutOfMemory(context);
  free(text);
  return value;
}

FUNCTION(address_list_bytes_js) {
  UNUSED;
  size_t length, how_many;
  const char *text = JS_ToCString(context, arguments[0]);
  uint8_t *bytes = text ? address_list_bytes(text, &length, &how_many) : NULL;
  JS_FreeCString(context, text);
  if (!bytes) return JS_ThrowTypeError(context, "a list of IP addresses was expected");
  JSValue value = bytes_value(context, bytes, length * how_many);
  free(bytes);
  return value;
}

FUNCTION(differences_js) {
  UNUSED;
  int at, from, size;
  size_t length, model_length, taken;
  const uint8_t *bytes = JS_GetUint8Array(context, &length, arguments[0]);
  const uint8_t *model = bytes ? JS_GetUint8Array(context, &model_length, arguments[2]) : NULL;
  if (!model || JS_ToInt32(context, &at, arguments[1]) < 0 ||
      JS_ToInt32(context, &from, arguments[3]) < 0 || JS_ToInt32(context, &size, arguments[4]) < 0)
    return JS_EXCEPTION;
  if (at < 0 || (size_t)at > length || from < 0 || size < 0)
    return JS_ThrowTypeError(context, "a place in a message was expected");
  uint8_t *found = differences(bytes + at, length - (size_t)at, model, model_length, (size_t)from,
                               (size_t)size, &taken);
  if (taken == 0) return JS_UNDEFINED;
  JSValue value = found ? bytes_value(context, found, taken) : JS_ThrowOutOfMemory(context);
  free(found);
  return value;
}

/* (bytes: Uint8Array, before: number, at: number, wanted: Uint8Array): number */
FUNCTION(pass_routes_js) {
  UNUSED;
  int places[2];
  size_t length;
  struct wanted wanted;
  const uint8_t *bytes = JS_GetUint8Array(context, &length, arguments[0]);
  if (!bytes || !read_integers(context, arguments + 1, 2, places)) return JS_EXCEPTION;
  wanted.attributes = JS_GetUint8Array(context, &wanted.length, arguments[3]);
  if (!wanted.attributes) return JS_EXCEPTION;
  if (places[0] < 0 || places[1] < 0)
    return JS_ThrowTypeError(context, "a place in a message was expected");
  const size_t passed = pass_routes(bytes, length, (size_t)places[0], (size_t)places[1], &wanted);
  return JS_NewInt64(context, (int64_t)passed);
}

/* (bytes: Uint8Array, at: number, wanted: Uint8Array): boolean */
FUNCTION(is_wanted_route_js) {
  UNUSED;
  int at;
  size_t length;
  struct wanted wanted;
  const uint8_t *bytes = JS_GetUint8Array(context, &length, arguments[0]);
  if (!bytes || !read_integers(context, arguments + 1, 1, &at)) return JS_EXCEPTION;
  wanted.attributes = JS_GetUint8Array(context, &wanted.length, arguments[2]);
  if (!wanted.attributes) return JS_EXCEPTION;
  if (at < 0) return JS_ThrowTypeError(context, "a place in a message was expected");
  return JS_NewBool(context, is_wanted_route(bytes, length, (size_t)at, &wanted));
}

FUNCTION(describe_errno_js) {
  UNUSED;
  int number;
  if (!read_integers(context, arguments, 1, &number)) return JS_EXCEPTION;
  return JS_NewString(context, error_text(number));
}

FUNCTION(wait_for_termination_js) {
  UNUSED;
  (void)arguments;
  return outcome(context, wait_for_termination());
}

static const JSCFunctionListEntry ENTRIES[] = {
    JS_CFUNC_DEF("enterNetworkNamespace", 1, enter_network_namespace_js),
    JS_CFUNC_DEF("openNetlinkSocket", 2, open_netlink_socket_js),
    JS_CFUNC_DEF("setSocketTimeout", 2, set_socket_timeout_js),
    JS_CFUNC_DEF("namespaceCookie", 1, namespace_cookie_js),
    JS_CFUNC_DEF("openSysfs", 0, open_sysfs_js),
    JS_CFUNC_DEF("findDevice", 3, find_device_js),
    JS_CFUNC_DEF("transact", 2, transact_js),
    JS_CFUNC_DEF("transactInParts", 3, transact_in_parts_js),
    JS_CFUNC_DEF("startTransaction", 2, start_transaction_js),
    JS_CFUNC_DEF("finishTransaction", 1, finish_transaction_js),
    JS_CFUNC_DEF("tryLock", 1, try_lock_js),
    JS_CFUNC_DEF("startProgram", 3, start_program_js),
    JS_CFUNC_DEF("startAnnouncement", 3, start_announcement_js),
    JS_CFUNC_DEF("waitForProgram", 1, wait_for_program_js),
    JS_CFUNC_DEF("openProcess", 1, open_process_js),
    JS_CFUNC_DEF("killProcess", 1, kill_process_js),
    JS_CFUNC_DEF("waitForTermination", 0, wait_for_termination_js),
    JS_CFUNC_DEF("tcxPrograms", 2, tcx_programs_js),
    JS_CFUNC_DEF("detachTcx", 3, detach_tcx_js),
    JS_CFUNC_DEF("detachLink", 1, detach_link_js),
    JS_CFUNC_DEF("findXdpLink", 2, find_xdp_link_js),
    JS_CFUNC_DEF("readFeatures", 2, read_features_js),
    JS_CFUNC_DEF("changeFeatures", 3, change_features_js),
    JS_CFUNC_DEF("addressText", 1, address_text_js),
    JS_CFUNC_DEF("addressBytes", 1, address_bytes_js),
    JS_CFUNC_DEF("differences", 5, differences_js),
    JS_CFUNC_DEF("passRoutes", 4, pass_routes_js),
    JS_CFUNC_DEF("isWantedRoute", 3, is_wanted_route_js),
    JS_CFUNC_DEF("addressListText", 2, address_list_text_js),
    JS_CFUNC_DEF("addressListBytes", 1, address_list_bytes_js),
    JS_CFUNC_DEF("describeErrno", 1, describe_errno_js),
};
const struct exports native_exports = {"host:native", ENTRIES, COUNT(ENTRIES)};
