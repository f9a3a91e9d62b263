#define _GNU_SOURCE
#include "host.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

FUNCTION(exists) {
  UNUSED;
  char *path = path_text(context, arguments[0]);
  if (!path) {
    JS_FreeValue(context, JS_GetException(context));
    return JS_FALSE;
  }
  bool found = access(path, F_OK) == 0;
  js_free(context, path);
  return JS_NewBool(context, found);
}

/* What is read at once at first; and more than any entry has. */
#define DIRECTORY_BYTES 8192
#define MOST_ENTRY_BYTES 1024

/* All entries of a directory as the kernel gives them, or NULL: then errno says why, or it is 0, and an
 * exception does. Not by scandir, which has the kernel map memory each time. */
static char *read_entries(JSContext *context, const char *path, size_t *length) {
  size_t room = DIRECTORY_BYTES;
  ssize_t more = 1;
  int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return NULL;
  char *entries = NULL;
  for (*length = 0; more > 0; *length += (size_t)more) {
    if (!entries || room - *length < MOST_ENTRY_BYTES) {
      if (entries) room *= 2;
      char *larger = js_realloc(context, entries, room);
      if (!larger) break;
      entries = larger;
    }
    more = syscall(SYS_getdents64, fd, entries + *length, room - *length);
    if (more < 0) break;
  }
  int number = more < 0 ? errno : 0;
  (void)close(fd);
  errno = number;
  if (more == 0) return entries;
  js_free(context, entries);
  return NULL;
}

static int by_name(const void *one, const void *other) {
  return strcmp(*(const char *const *)one, *(const char *const *)other);
}

/* The names of entries in the order of their bytes, without those of the directory and its parent. */
static JSValue names_of(JSContext *context, char *entries, size_t length) {
  size_t count = 0;
  /* No entry has fewer than 24 bytes. */
  char **names = js_malloc(context, (length / 24 + 1) * sizeof *names);
  if (!names) return JS_EXCEPTION;
  for (char *at = entries; at < entries + length;) {
    struct dirent *entry = (struct dirent *)(void *)at;
    at += entry->d_reclen;
    if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
      names[count++] = entry->d_name;
  }
  qsort(names, count, sizeof *names, by_name);
  JSValue result = JS_NewArray(context);
  for (size_t n = 0; n < count && !JS_IsException(result); n++)
    if (JS_SetPropertyUint32(context, result, (uint32_t)n,
                             text_value(context, names[n], strlen(names[n]))) < 0) {
      JS_FreeValue(context, result);
      result = JS_EXCEPTION;
    }
  js_free(context, names);
  return result;
}

/* readdirSync(path): string[] */
FUNCTION(read_directory) {
  UNUSED;
  size_t length;
  char *path = path_text(context, arguments[0]);
  if (!path) return JS_EXCEPTION;
  char *entries = read_entries(context, path, &length);
  JSValue result = entries      ? names_of(context, entries, length)
                   : errno == 0 ? JS_EXCEPTION
                                : throw_system_error(context, errno, "scandir", path, NULL);
  js_free(context, entries);
  js_free(context, path);
  return result;
}

/* readlinkSync(path): string */
FUNCTION(read_link) {
  UNUSED;
  char target[4096];
  char *path = path_text(context, arguments[0]);
  if (!path) return JS_EXCEPTION;
  ssize_t length = readlink(path, target, sizeof target);
  JSValue result = length < 0 ? throw_system_error(context, errno, "readlink", path, NULL)
                              : text_value(context, target, (size_t)length);
  js_free(context, path);
  return result;
}

/* realpathSync(path): string */
FUNCTION(real_path) {
  UNUSED;
  char *path = path_text(context, arguments[0]);
  if (!path) return JS_EXCEPTION;
  char *found = realpath(path, NULL);
  JSValue result = found ? text_value(context, found, strlen(found))
                         : throw_system_error(context, errno, "lstat", path, NULL);
  free(found);
  js_free(context, path);
  return result;
}

/* renameSync(from, to) */
FUNCTION(rename_file) {
  UNUSED;
  char *from = path_text(context, arguments[0]);
  char *to = from ? path_text(context, arguments[1]) : NULL;
  JSValue result = JS_EXCEPTION;
  if (to)
    result = rename(from, to) < 0 ? throw_system_error(context, errno, "rename", from, to)
                                  : JS_UNDEFINED;
  js_free(context, to);
  js_free(context, from);
  return result;
}

/* rmSync(path, { force }), of a file */
FUNCTION(remove_file) {
  UNUSED;
  char *path = path_text(context, arguments[0]);
  if (!path) return JS_EXCEPTION;
  bool failed = unlink(path) < 0;
  JSValue result = JS_UNDEFINED;
  if (failed && (errno != ENOENT || !option(context, arguments[1], "force")))
    result = throw_system_error(context, errno, errno == ENOENT ? "lstat" : "unlink", path, NULL);
  js_free(context, path);
  return result;
}

/* mkdirSync(path, { mode }) */
FUNCTION(make_directory) {
  UNUSED;
  uint32_t mode = 0777;
  if (!read_mode_option(context, arguments[1], &mode)) return JS_EXCEPTION;
  char *path = path_text(context, arguments[0]);
  if (!path) return JS_EXCEPTION;
  JSValue result = mkdir(path, mode) < 0 ? throw_system_error(context, errno, "mkdir", path, NULL)
                                         : JS_UNDEFINED;
  js_free(context, path);
  return result;
}

static const JSCFunctionListEntry ENTRIES[] = {
    JS_CFUNC_DEF("existsSync", 1, exists),
    JS_CFUNC_DEF("readdirSync", 1, read_directory),
    JS_CFUNC_DEF("readlinkSync", 1, read_link),
    JS_CFUNC_DEF("realpathSync", 1, real_path),
    JS_CFUNC_DEF("renameSync", 2, rename_file),
    JS_CFUNC_DEF("rmSync", 2, remove_file),
    JS_CFUNC_DEF("mkdirSync", 2, make_directory),
};

const struct exports directory_exports = {"node:fs", ENTRIES, COUNT(ENTRIES)};
