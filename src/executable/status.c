#define _GNU_SOURCE
#include "host.h"

#include <errno.h>
#include <sys/stat.h>
#include <sys/vfs.h>

static JSValue is_kind(JSContext *context, JSValueConst self, int count, JSValueConst *arguments,
                       int kind) {
  (void)count, (void)arguments;
  uint32_t mode = 0;
  JSValue value = JS_GetPropertyStr(context, self, "mode");
  if (JS_ToUint32(context, &mode, value) < 0) return JS_EXCEPTION;
  return JS_NewBool(context, (mode & S_IFMT) >> 12 == (uint32_t)kind);
}

static const JSCFunctionListEntry KINDS[] = {
    JS_CFUNC_MAGIC_DEF("isFile", 0, is_kind, S_IFREG >> 12),
    JS_CFUNC_MAGIC_DEF("isDirectory", 0, is_kind, S_IFDIR >> 12),
    JS_CFUNC_MAGIC_DEF("isSymbolicLink", 0, is_kind, S_IFLNK >> 12),
};

static JSValue status_value(JSContext *context, const struct stat *status, bool large) {
  JSValue value = JS_NewObject(context);
  JS_SetPropertyFunctionList(context, value, KINDS, COUNT(KINDS));
  JS_SetPropertyStr(context, value, "dev",
                    large ? JS_NewBigUint64(context, status->st_dev)
                          : JS_NewInt64(context, (int64_t)status->st_dev));
  JS_SetPropertyStr(context, value, "ino",
                    large ? JS_NewBigUint64(context, status->st_ino)
                          : JS_NewInt64(context, (int64_t)status->st_ino));
  JS_SetPropertyStr(context, value, "rdev", JS_NewInt64(context, (int64_t)status->st_rdev));
  JS_SetPropertyStr(context, value, "nlink", JS_NewInt64(context, (int64_t)status->st_nlink));
  JS_SetPropertyStr(context, value, "mode", JS_NewUint32(context, status->st_mode));
  JS_SetPropertyStr(context, value, "uid", JS_NewUint32(context, status->st_uid));
  return value;
}

/* statSync(path, { throwIfNoEntry }), lstatSync: dev, ino, rdev, mode, nlink, uid and kinds */
static JSValue stat_path(JSContext *context, JSValueConst self, int count,
                         JSValueConst *arguments, int follows) {
  UNUSED;
  struct stat status;
  char *path = path_text(context, arguments[0]);
  if (!path) return JS_EXCEPTION;
  bool quiet = JS_IsObject(arguments[1]) && !option(context, arguments[1], "throwIfNoEntry");
  JSValue result = JS_UNDEFINED;
  if ((follows ? stat : lstat)(path, &status) == 0) result = status_value(context, &status, false);
  else if (!quiet || errno != ENOENT)
    result = throw_system_error(context, errno, follows ? "stat" : "lstat", path, NULL);
  js_free(context, path);
  return result;
}

/* fstatSync(fd, { bigint }): the same, and size */
FUNCTION(stat_file) {
  UNUSED;
  int fd;
  struct stat status;
  if (JS_ToInt32(context, &fd, arguments[0]) < 0) return JS_EXCEPTION;
  if (fstat(fd, &status) < 0) return throw_system_error(context, errno, "fstat", NULL, NULL);
  JSValue value = status_value(context, &status, option(context, arguments[1], "bigint"));
  JS_SetPropertyStr(context, value, "size", JS_NewInt64(context, status.st_size));
  return value;
}

/* statfsSync(path): type, bsize, blocks, bfree, files, ffree */
FUNCTION(stat_file_system) {
  UNUSED;
  struct statfs status;
  char *path = path_text(context, arguments[0]);
  if (!path) return JS_EXCEPTION;
  JSValue result;
  if (statfs(path, &status) < 0) {
    result = throw_system_error(context, errno, "statfs", path, NULL);
  } else {
    result = JS_NewObject(context);
    const struct {
      const char *name;
      int64_t value;
    } fields[] = {
        {"type", (int64_t)status.f_type},      {"bsize", (int64_t)status.f_bsize},
        {"blocks", (int64_t)status.f_blocks},  {"bfree", (int64_t)status.f_bfree},
        {"files", (int64_t)status.f_files},    {"ffree", (int64_t)status.f_ffree},
    };
    for (size_t n = 0; n < COUNT(fields); n++)
      JS_SetPropertyStr(context, result, fields[n].name, JS_NewInt64(context, fields[n].value));
  }
  js_free(context, path);
  return result;
}

static const JSCFunctionListEntry ENTRIES[] = {
    JS_CFUNC_MAGIC_DEF("statSync", 2, stat_path, true),
    JS_CFUNC_MAGIC_DEF("lstatSync", 2, stat_path, false),
    JS_CFUNC_DEF("fstatSync", 2, stat_file),
    JS_CFUNC_DEF("statfsSync", 1, stat_file_system),
};

const struct exports status_exports = {"node:fs", ENTRIES, COUNT(ENTRIES)};
