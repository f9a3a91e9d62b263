#include "door.h"

#include <errno.h>
#include <sched.h>

/* enterNetworkNamespace(fd: number): void */
napi_value enter_network_namespace(napi_env env, napi_callback_info info) {
  napi_value argument;
  int32_t fd;
  if (!arguments(env, info, 1, &argument) || !integer(env, argument, &fd)) return NULL;
  if (setns(fd, CLONE_NEWNET) < 0) return throw_errno(env, "setns", errno);
  return NULL;
}
