/* The native core as a Node-API addon. It does not use libuv: every call blocks on purpose. */
#include "core.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAPI_VERSION 8
#include <node_api.h>

/* Whether a Node-API call succeeded; if not, an exception is pending. */
static bool ok(napi_env env, napi_status status) {
  bool pending = false;
  if (status == napi_ok) return true;
  if (napi_is_exception_pending(env, &pending) == napi_ok && !pending)
    napi_throw_type_error(env, NULL, "an argument is of the wrong type");
  return false;
}

/* Throws an Error with strerror's text, `errno` and `syscall`. Returns NULL. */
static napi_value throw_failure(napi_env env, struct failure failure) {
  napi_value call, number, text, error;
  char message[256];
  (void)snprintf(message, sizeof message, "%s: %s", failure.call, strerror(failure.number));
  if (ok(env, napi_create_string_utf8(env, message, NAPI_AUTO_LENGTH, &text)) &&
      ok(env, napi_create_string_utf8(env, failure.call, NAPI_AUTO_LENGTH, &call)) &&
      ok(env, napi_create_int32(env, failure.number, &number)) &&
      ok(env, napi_create_error(env, NULL, text, &error)) &&
      ok(env, napi_set_named_property(env, error, "errno", number)) &&
      ok(env, napi_set_named_property(env, error, "syscall", call)))
    napi_throw(env, error);
  return NULL;
}

static napi_value throw_type_error(napi_env env, const char *message) {
  napi_throw_type_error(env, NULL, message);
  return NULL;
}

static bool arguments(napi_env env, napi_callback_info info, size_t count, napi_value *values) {
  size_t given = count;
  if (!ok(env, napi_get_cb_info(env, info, &given, values, NULL, NULL))) return false;
  if (given < count) throw_type_error(env, "too few arguments");
  return given >= count;
}

static bool integers(napi_env env, napi_callback_info info, size_t count, int32_t *numbers) {
  napi_value values[3];
  if (!arguments(env, info, count, values)) return false;
  for (size_t n = 0; n < count; n++)
    if (!ok(env, napi_get_value_int32(env, values[n], &numbers[n]))) return false;
  return true;
}

static napi_value number_value(napi_env env, int32_t number) {
  napi_value value;
  return ok(env, napi_create_int32(env, number, &value)) ? value : NULL;
}

static napi_value text_value(napi_env env, const char *text) {
  napi_value value;
  return ok(env, napi_create_string_utf8(env, text, NAPI_AUTO_LENGTH, &value)) ? value : NULL;
}

static napi_value buffer_value(napi_env env, const void *bytes, size_t length) {
  napi_value value;
  return ok(env, napi_create_buffer_copy(env, length, bytes, NULL, &value)) ? value : NULL;
}

/* What a function gives that only succeeds or fails. */
static napi_value outcome(napi_env env, struct failure failure) {
  return failure.call ? throw_failure(env, failure) : NULL;
}

/* What a function gives that finds a number, unless it fails. */
static napi_value number_outcome(napi_env env, struct failure failure, int32_t number) {
  return failure.call ? throw_failure(env, failure) : number_value(env, number);
}

/* The functions for JavaScript. The comment above each is its signature there. */

/* enterNetworkNamespace(fd: number): void */
static napi_value enter_network_namespace_js(napi_env env, napi_callback_info info) {
  int32_t fd;
  if (!integers(env, info, 1, &fd)) return NULL;
  return outcome(env, enter_network_namespace(fd));
}

/* openNetlinkSocket(protocol: number, timeoutMilliseconds: number): number */
static napi_value open_netlink_socket_js(napi_env env, napi_callback_info info) {
  int32_t numbers[2];
  int fd;
  if (!integers(env, info, 2, numbers)) return NULL;
  struct failure failure = open_netlink_socket(numbers[0], numbers[1], &fd);
  return number_outcome(env, failure, fd);
}

/* setSocketTimeout(fd: number, timeoutMilliseconds: number): void */
static napi_value set_socket_timeout_js(napi_env env, napi_callback_info info) {
  int32_t numbers[2];
  if (!integers(env, info, 2, numbers)) return NULL;
  return outcome(env, set_socket_timeout(numbers[0], numbers[1]));
}

/* namespaceCookie(fd: number): number */
static napi_value namespace_cookie_js(napi_env env, napi_callback_info info) {
  int32_t fd;
  uint64_t cookie;
  napi_value value;
  if (!integers(env, info, 1, &fd)) return NULL;
  struct failure failure = namespace_cookie(fd, &cookie);
  if (failure.call) return throw_failure(env, failure);
  return ok(env, napi_create_int64(env, (int64_t)cookie, &value)) ? value : NULL;
}

/* openSysfs(): number */
static napi_value open_sysfs_js(napi_env env, napi_callback_info info) {
  int fd;
  (void)info;
  struct failure failure = open_sysfs(&fd);
  return number_outcome(env, failure, fd);
}

/* Reads the values (fd: number, request: Buffer). */
static bool read_exchange(napi_env env, const napi_value *values, struct exchange *exchange) {
  int32_t fd;
  void *request;
  size_t length;
  if (!ok(env, napi_get_value_int32(env, values[0], &fd)) ||
      !ok(env, napi_get_buffer_info(env, values[1], &request, &length)))
    return false;
  if (prepare_exchange(exchange, fd, request, length)) return true;
  throw_type_error(env, "a buffer of netlink messages was expected");
  return false;
}

static napi_value answers_value(napi_env env, struct exchange *exchange, struct failure failure) {
  napi_value answers = failure.call
                           ? throw_failure(env, failure)
                           : buffer_value(env, exchange->answers, exchange->answers_length);
  free_answers(exchange);
  return answers;
}

/* transact(fd: number, request: Buffer): Buffer */
static napi_value transact_js(napi_env env, napi_callback_info info) {
  struct exchange exchange;
  napi_value values[2];
  if (!arguments(env, info, 2, values) || !read_exchange(env, values, &exchange)) return NULL;
  carry_out(&exchange);
  return answers_value(env, &exchange, exchange.failure);
}

/* Who gets each datagram of an answer. */
struct receiver {
  napi_env env;
  napi_value function;
};

/* Whether the function was called with the bytes. */
static bool call_with(napi_env env, napi_value function, const uint8_t *bytes, size_t length) {
  napi_value nothing, value = buffer_value(env, bytes, length);
  return value != NULL && ok(env, napi_get_undefined(env, &nothing)) &&
         ok(env, napi_call_function(env, nothing, function, 1, &value, NULL));
}

static bool give(void *whose, const uint8_t *datagram, size_t length) {
  struct receiver *receiver = whose;
  napi_handle_scope scope;
  if (!ok(receiver->env, napi_open_handle_scope(receiver->env, &scope))) return false;
  bool done = call_with(receiver->env, receiver->function, datagram, length);
  return napi_close_handle_scope(receiver->env, scope) == napi_ok && done;
}

/* transactInParts(fd: number, request: Buffer, take: (datagram: Buffer) => void): void */
static napi_value transact_in_parts_js(napi_env env, napi_callback_info info) {
  struct exchange exchange;
  napi_value values[3];
  if (!arguments(env, info, 3, values) || !read_exchange(env, values, &exchange)) return NULL;
  struct receiver receiver = {env, values[2]};
  exchange.take = give;
  exchange.whose = &receiver;
  carry_out(&exchange);
  free_answers(&exchange);
  if (exchange.whose != NULL && exchange.failure.call) return throw_failure(env, exchange.failure);
  return NULL;
}

/* Frees the handle of a transaction. If nobody waited for the transaction, its memory is not freed,
 * because its thread may still use it. */
static void free_handle(napi_env env, void *handle, void *hint) {
  (void)env, (void)hint;
  free(handle);
}

/* startTransaction(fd: number, request: Buffer): handle */
static napi_value start_transaction_js(napi_env env, napi_callback_info info) {
  struct exchange prepared;
  napi_value values[2], value;
  if (!arguments(env, info, 2, values) || !read_exchange(env, values, &prepared)) return NULL;
  struct exchange **handle = malloc(sizeof *handle);
  if (handle == NULL) return throw_failure(env, (struct failure){"malloc", ENOMEM});
  struct failure failure = start_exchange(&prepared, handle);
  if (failure.call == NULL && ok(env, napi_create_external(env, handle, free_handle, NULL, &value)))
    return value;
  free(handle);
  return outcome(env, failure);
}

/* finishTransaction(handle): Buffer, once for each handle */
static napi_value finish_transaction_js(napi_env env, napi_callback_info info) {
  napi_value value;
  void *handle;
  if (!arguments(env, info, 1, &value) || !ok(env, napi_get_value_external(env, value, &handle)))
    return NULL;
  struct exchange *exchange = *(struct exchange **)handle;
  if (exchange == NULL) return throw_type_error(env, "the transaction is finished already");
  *(struct exchange **)handle = NULL;
  napi_value answers = answers_value(env, exchange, finish_exchange(exchange));
  free(exchange);
  return answers;
}

/* tryLock(fd: number): boolean */
static napi_value try_lock_js(napi_env env, napi_callback_info info) {
  napi_value value;
  int32_t fd;
  bool taken;
  if (!integers(env, info, 1, &fd)) return NULL;
  struct failure failure = try_lock(fd, &taken);
  if (failure.call) return throw_failure(env, failure);
  return ok(env, napi_get_boolean(env, taken, &value)) ? value : NULL;
}

/* Reads an array of at most MOST_FILES numbers. */
static bool read_files(napi_env env, napi_value array, int *files, uint32_t *count) {
  napi_value value;
  if (!ok(env, napi_get_array_length(env, array, count))) return false;
  if (*count > MOST_FILES) return throw_type_error(env, "too many files") != NULL;
  for (uint32_t n = 0; n < *count; n++)
    if (!ok(env, napi_get_element(env, array, n, &value)) ||
        !ok(env, napi_get_value_int32(env, value, &files[n])))
      return false;
  return true;
}

/* startProgram(program: number, title: string, files: number[]): number */
static napi_value start_program_js(napi_env env, napi_callback_info info) {
  napi_value values[3];
  int program, files[MOST_FILES];
  uint32_t count;
  char title[TITLE_BYTES];
  pid_t pid;
  if (!arguments(env, info, 3, values) ||
      !ok(env, napi_get_value_int32(env, values[0], &program)) ||
      !ok(env, napi_get_value_string_utf8(env, values[1], title, sizeof title, NULL)) ||
      !read_files(env, values[2], files, &count))
    return NULL;
  struct failure failure = start_program(program, title, files, count, &pid);
  return number_outcome(env, failure, pid);
}

#define LONGEST_DIRECTORY 4096

static bool set_number(napi_env env, napi_value object, const char *name, int32_t number) {
  napi_value value;
  return ok(env, napi_create_int32(env, number, &value)) &&
         ok(env, napi_set_named_property(env, object, name, value));
}

/* findDevice(sysfs: number, directory: string, inode: number): { index: number, count: number } */
static napi_value find_device_js(napi_env env, napi_callback_info info) {
  napi_value values[3], result;
  int32_t sysfs;
  int64_t inode;
  char directory[LONGEST_DIRECTORY];
  struct device_search found;
  if (!arguments(env, info, 3, values) || !ok(env, napi_get_value_int32(env, values[0], &sysfs)) ||
      !ok(env, napi_get_value_string_utf8(env, values[1], directory, sizeof directory, NULL)) ||
      !ok(env, napi_get_value_int64(env, values[2], &inode)))
    return NULL;
  struct failure failure = find_device(sysfs, directory, (uint64_t)inode, &found);
  if (failure.call) return throw_failure(env, failure);
  return ok(env, napi_create_object(env, &result)) &&
                 set_number(env, result, "index", found.index) &&
                 set_number(env, result, "count", found.count)
             ? result
             : NULL;
}

/* startAnnouncement(index: number, frames: Buffer, milliseconds: number): number */
static napi_value start_announcement_js(napi_env env, napi_callback_info info) {
  napi_value values[3];
  struct announcement list;
  void *frames;
  pid_t pid;
  if (!arguments(env, info, 3, values) ||
      !ok(env, napi_get_value_int32(env, values[0], &list.index)) ||
      !ok(env, napi_get_buffer_info(env, values[1], &frames, &list.length)) ||
      !ok(env, napi_get_value_int32(env, values[2], &list.milliseconds)))
    return NULL;
  list.frames = frames;
  struct failure failure = start_announcement(&list, &pid);
  return number_outcome(env, failure, pid);
}

/* waitForProgram(pid: number): number */
static napi_value wait_for_program_js(napi_env env, napi_callback_info info) {
  int32_t pid;
  int status;
  if (!integers(env, info, 1, &pid)) return NULL;
  struct failure failure = wait_for_program(pid, &status);
  return number_outcome(env, failure, status);
}

/* openProcess(pid: number): number */
static napi_value open_process_js(napi_env env, napi_callback_info info) {
  int32_t pid;
  int fd;
  if (!integers(env, info, 1, &pid)) return NULL;
  struct failure failure = open_process(pid, &fd);
  return number_outcome(env, failure, fd);
}

/* killProcess(fd: number): void */
static napi_value kill_process_js(napi_env env, napi_callback_info info) {
  int32_t fd;
  if (!integers(env, info, 1, &fd)) return NULL;
  return outcome(env, kill_process(fd));
}

/* waitForTermination(): void */
static napi_value wait_for_termination_js(napi_env env, napi_callback_info info) {
  (void)info;
  return outcome(env, wait_for_termination());
}

/* tcxPrograms(index: number, type: number): Buffer of a struct attached for each */
static napi_value tcx_programs_js(napi_env env, napi_callback_info info) {
  int32_t numbers[2];
  struct attached found[MOST_PROGRAMS];
  size_t count;
  if (!integers(env, info, 2, numbers)) return NULL;
  struct failure failure = tcx_programs(numbers[0], numbers[1], found, MOST_PROGRAMS, &count);
  if (failure.call) return throw_failure(env, failure);
  return buffer_value(env, found, count * sizeof *found);
}

/* detachTcx(index: number, type: number, program: number): void */
static napi_value detach_tcx_js(napi_env env, napi_callback_info info) {
  int32_t numbers[3];
  if (!integers(env, info, 3, numbers)) return NULL;
  return outcome(env, detach_tcx(numbers[0], numbers[1], (uint32_t)numbers[2]));
}

/* detachLink(link: number): void */
static napi_value detach_link_js(napi_env env, napi_callback_info info) {
  int32_t link;
  if (!integers(env, info, 1, &link)) return NULL;
  return outcome(env, detach_link((uint32_t)link));
}

/* findXdpLink(index: number, program: number): number */
static napi_value find_xdp_link_js(napi_env env, napi_callback_info info) {
  int32_t numbers[2];
  uint32_t link;
  if (!integers(env, info, 2, numbers)) return NULL;
  struct failure failure = find_xdp_link(numbers[0], (uint32_t)numbers[1], &link);
  return number_outcome(env, failure, (int32_t)link);
}

/* A name of at most IFNAMSIZ bytes with its closing zero byte, which the buffer has. */
static const char *name_in(napi_env env, napi_value value) {
  void *bytes;
  size_t length;
  if (!ok(env, napi_get_buffer_info(env, value, &bytes, &length))) return NULL;
  if (length == 0 || memchr(bytes, 0, length) == NULL) {
    throw_type_error(env, "a name with a closing zero byte was expected");
    return NULL;
  }
  return bytes;
}

/* readFeatures(fd: number, name: Buffer): Buffer of a struct feature_block for each */
static napi_value read_features_js(napi_env env, napi_callback_info info) {
  napi_value values[2];
  int32_t fd;
  size_t count;
  struct feature_block found[MOST_FEATURE_BLOCKS];
  if (!arguments(env, info, 2, values) || !ok(env, napi_get_value_int32(env, values[0], &fd)))
    return NULL;
  const char *name = name_in(env, values[1]);
  if (!name) return NULL;
  struct failure failure = read_features(fd, name, found, &count);
  if (failure.call) return throw_failure(env, failure);
  return buffer_value(env, found, count * sizeof *found);
}

/* changeFeatures(fd: number, name: Buffer, wanted: Buffer): void */
static napi_value change_features_js(napi_env env, napi_callback_info info) {
  napi_value values[3];
  int32_t fd;
  void *wanted;
  size_t length;
  struct feature_block blocks[MOST_FEATURE_BLOCKS];
  if (!arguments(env, info, 3, values) || !ok(env, napi_get_value_int32(env, values[0], &fd)) ||
      !ok(env, napi_get_buffer_info(env, values[2], &wanted, &length)))
    return NULL;
  const char *name = name_in(env, values[1]);
  if (!name) return NULL;
  if (length > sizeof blocks) return throw_type_error(env, "too many features");
  memcpy(blocks, wanted, length);
  return outcome(env, change_features(fd, name, blocks, length / sizeof *blocks));
}

/* addressText(bytes: Buffer): string */
static napi_value address_text_js(napi_env env, napi_callback_info info) {
  napi_value value;
  void *bytes;
  size_t length;
  char text[INET6_ADDRSTRLEN];
  if (!arguments(env, info, 1, &value) ||
      !ok(env, napi_get_buffer_info(env, value, &bytes, &length)))
    return NULL;
  if (!address_text(bytes, length, text))
    return throw_type_error(env, "an address of 4 or 16 bytes was expected");
  return text_value(env, text);
}

/* addressBytes(text: string): Buffer of 4 or 16 bytes */
static napi_value address_bytes_js(napi_env env, napi_callback_info info) {
  napi_value value;
  /* One byte more than the longest address, so that a truncated text is not taken for one. */
  char text[INET6_ADDRSTRLEN + 1];
  uint8_t bytes[16];
  if (!arguments(env, info, 1, &value)) return NULL;
  bool is_text = napi_get_value_string_utf8(env, value, text, sizeof text, NULL) == napi_ok;
  size_t length = is_text ? address_bytes(text, bytes) : 0;
  if (length == 0) return throw_type_error(env, "the text of an IP address was expected");
  return buffer_value(env, bytes, length);
}

/* differences(bytes: Buffer, at: number, model: Buffer, from: number, size: number):
 * Buffer or undefined */
static napi_value differences_js(napi_env env, napi_callback_info info) {
  napi_value values[5];
  void *bytes, *model;
  size_t length, model_length, taken;
  int32_t at, from, size;
  if (!arguments(env, info, 5, values) ||
      !ok(env, napi_get_buffer_info(env, values[0], &bytes, &length)) ||
      !ok(env, napi_get_value_int32(env, values[1], &at)) ||
      !ok(env, napi_get_buffer_info(env, values[2], &model, &model_length)) ||
      !ok(env, napi_get_value_int32(env, values[3], &from)) ||
      !ok(env, napi_get_value_int32(env, values[4], &size)))
    return NULL;
  if (at < 0 || (size_t)at > length || from < 0 || size < 0)
    return throw_type_error(env, "a place in a message was expected");
  uint8_t *found = differences((const uint8_t *)bytes + at, length - (size_t)at, model, model_length,
                               (size_t)from, (size_t)size, &taken);
  if (taken == 0) return NULL;
  if (!found) return throw_failure(env, (struct failure){"malloc", ENOMEM});
  napi_value value = buffer_value(env, found, taken);
  free(found);
  return value;
}

/* passRoutes(bytes: Buffer, before: number, at: number, wanted: Buffer): number */
static napi_value pass_routes_js(napi_env env, napi_callback_info info) {
  napi_value values[4], result;
  void *bytes, *attributes;
  size_t length;
  int32_t before, at;
  struct wanted wanted;
  if (!arguments(env, info, 4, values) ||
      !ok(env, napi_get_buffer_info(env, values[0], &bytes, &length)) ||
      !ok(env, napi_get_value_int32(env, values[1], &before)) ||
      !ok(env, napi_get_value_int32(env, values[2], &at)) ||
      !ok(env, napi_get_buffer_info(env, values[3], &attributes, &wanted.length)))
    return NULL;
  if (before < 0 || at < 0) return throw_type_error(env, "a place in a message was expected");
  wanted.attributes = attributes;
  const size_t passed = pass_routes(bytes, length, (size_t)before, (size_t)at, &wanted);
  return ok(env, napi_create_int64(env, (int64_t)passed, &result)) ? result : NULL;
}

/* isWantedRoute(bytes: Buffer, at: number, wanted: Buffer): boolean */
static napi_value is_wanted_route_js(napi_env env, napi_callback_info info) {
  napi_value values[3], result;
  void *bytes, *attributes;
  size_t length;
  int32_t at;
  struct wanted wanted;
  if (!arguments(env, info, 3, values) ||
      !ok(env, napi_get_buffer_info(env, values[0], &bytes, &length)) ||
      !ok(env, napi_get_value_int32(env, values[1], &at)) ||
      !ok(env, napi_get_buffer_info(env, values[2], &attributes, &wanted.length)))
    return NULL;
  if (at < 0) return throw_type_error(env, "a place in a message was expected");
  wanted.attributes = attributes;
  const bool found = is_wanted_route(bytes, length, (size_t)at, &wanted);
  return ok(env, napi_get_boolean(env, found, &result)) ? result : NULL;
}

/* addressListText(bytes: Buffer, size: number): string */
static napi_value address_list_text_js(napi_env env, napi_callback_info info) {
  napi_value values[2], value = NULL;
  void *bytes;
  size_t length;
  int32_t size;
  if (!arguments(env, info, 2, values) ||
      !ok(env, napi_get_buffer_info(env, values[0], &bytes, &length)) ||
      !ok(env, napi_get_value_int32(env, values[1], &size)))
    return NULL;
  if (size < 1) return throw_type_error(env, "addresses of 4 or 16 bytes were expected");
  char *text = address_list_text(bytes, (size_t)size, length / (size_t)size);
  if (text) value = text_value(env, text);
  else (void)throw_type_error(env, "addresses of 4 or 16 bytes were expected");
  free(text);
  return value;
}

/* addressListBytes(text: string): Buffer */
static napi_value address_list_bytes_js(napi_env env, napi_callback_info info) {
  napi_value given, value = NULL;
  size_t size, length, count;
  if (!arguments(env, info, 1, &given) ||
      !ok(env, napi_get_value_string_utf8(env, given, NULL, 0, &size)))
    return NULL;
  char *text = malloc(size + 1);
  uint8_t *bytes = NULL;
  if (text && ok(env, napi_get_value_string_utf8(env, given, text, size + 1, NULL)))
    bytes = address_list_bytes(text, &length, &count);
  if (bytes) value = buffer_value(env, bytes, length * count);
  else (void)throw_type_error(env, "a list of IP addresses was expected");
  free(text);
  free(bytes);
  return value;
}

/* describeErrno(number: number): string, by strerror(3) */
static napi_value describe_errno_js(napi_env env, napi_callback_info info) {
  int32_t number;
  if (!integers(env, info, 1, &number)) return NULL;
  return text_value(env, strerror(number));
}

#define FUNCTION(name, function) {name, NULL, function, NULL, NULL, NULL, napi_default, NULL}

NAPI_MODULE_INIT() {
  const napi_property_descriptor functions[] = {
      FUNCTION("enterNetworkNamespace", enter_network_namespace_js),
      FUNCTION("openNetlinkSocket", open_netlink_socket_js),
      FUNCTION("setSocketTimeout", set_socket_timeout_js),
      FUNCTION("namespaceCookie", namespace_cookie_js),
      FUNCTION("openSysfs", open_sysfs_js),
      FUNCTION("findDevice", find_device_js),
      FUNCTION("transact", transact_js),
      FUNCTION("transactInParts", transact_in_parts_js),
      FUNCTION("startTransaction", start_transaction_js),
      FUNCTION("finishTransaction", finish_transaction_js),
      FUNCTION("tryLock", try_lock_js),
      FUNCTION("startProgram", start_program_js),
      FUNCTION("startAnnouncement", start_announcement_js),
      FUNCTION("waitForProgram", wait_for_program_js),
      FUNCTION("openProcess", open_process_js),
      FUNCTION("killProcess", kill_process_js),
      FUNCTION("waitForTermination", wait_for_termination_js),
      FUNCTION("tcxPrograms", tcx_programs_js),
      FUNCTION("detachTcx", detach_tcx_js),
      FUNCTION("detachLink", detach_link_js),
      FUNCTION("findXdpLink", find_xdp_link_js),
      FUNCTION("readFeatures", read_features_js),
      FUNCTION("changeFeatures", change_features_js),
      FUNCTION("addressText", address_text_js),
      FUNCTION("addressBytes", address_bytes_js),
      FUNCTION("differences", differences_js),
      FUNCTION("passRoutes", pass_routes_js),
      FUNCTION("isWantedRoute", is_wanted_route_js),
      FUNCTION("addressListText", address_list_text_js),
      FUNCTION("addressListBytes", address_list_bytes_js),
      FUNCTION("describeErrno", describe_errno_js),
  };
  ok(env, napi_define_properties(env, exports, sizeof functions / sizeof *functions, functions));
  return exports;
}
