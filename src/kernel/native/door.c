/*
 * The kernel door: the few system calls JavaScript has no name for.
 *
 * Everything here blocks and runs on the calling thread, on purpose: setns(2)
 * changes the namespace of one thread only, and a plugin that lives for some
 * milliseconds has nothing else to do while the kernel works. No libuv, so the
 * same binary serves Node and Bun.
 */
#include "door.h"

NAPI_MODULE_INIT() {
  const napi_property_descriptor door[] = {
      {"enterNetworkNamespace", NULL, enter_network_namespace, NULL, NULL, NULL, napi_default, NULL},
      {"openRouteSocket", NULL, open_route_socket, NULL, NULL, NULL, napi_default, NULL},
      {"setSocketTimeout", NULL, limit_waits, NULL, NULL, NULL, napi_default, NULL},
      {"transact", NULL, transact, NULL, NULL, NULL, napi_default, NULL},
      {"startTransaction", NULL, start_transaction, NULL, NULL, NULL, napi_default, NULL},
      {"finishTransaction", NULL, finish_transaction, NULL, NULL, NULL, napi_default, NULL},
      {"tryLock", NULL, try_lock, NULL, NULL, NULL, napi_default, NULL},
      {"startProgram", NULL, start_program, NULL, NULL, NULL, napi_default, NULL},
      {"waitForProgram", NULL, wait_for_program, NULL, NULL, NULL, napi_default, NULL},
      {"addressText", NULL, address_text, NULL, NULL, NULL, napi_default, NULL},
      {"addressBytes", NULL, address_bytes, NULL, NULL, NULL, napi_default, NULL},
      {"describeErrno", NULL, describe_errno, NULL, NULL, NULL, napi_default, NULL},
  };
  napi_define_properties(env, exports, sizeof door / sizeof *door, door);
  return exports;
}
