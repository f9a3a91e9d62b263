#include "door.h"

#include <errno.h>
#include <sys/file.h>

/* tryLock(fd: number): boolean, false when another process holds the lock */
napi_value try_lock(napi_env env, napi_callback_info info) {
  napi_value argument, result;
  int32_t fd;
  if (!arguments(env, info, 1, &argument) || !integer(env, argument, &fd)) return NULL;
  int status = flock(fd, LOCK_EX | LOCK_NB);
  if (status < 0 && errno != EWOULDBLOCK) return throw_errno(env, "flock", errno);
  napi_get_boolean(env, status == 0, &result);
  return result;
}
