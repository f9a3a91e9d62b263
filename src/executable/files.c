#define _GNU_SOURCE
#include "host.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

/* What is read into memory at most: nothing that the program reads comes near it. */
#define MOST_BYTES (256u << 20)

/* The flags of open(2) for a number or one of Node's letters; false with an exception. */
static bool read_flags(JSContext *context, JSValueConst value, int *flags) {
  static const struct {
    const char *letters;
    int flags;
  } LETTERS[] = {{"r", O_RDONLY}, {"w", O_WRONLY | O_CREAT | O_TRUNC},
                 {"a", O_WRONLY | O_CREAT | O_APPEND}};
  if (JS_IsNumber(value)) return JS_ToInt32(context, flags, value) == 0;
  const char *text = JS_IsUndefined(value) ? NULL : JS_ToCString(context, value);
  for (size_t n = 0; n < COUNT(LETTERS); n++)
    if (strcmp(text ? text : "r", LETTERS[n].letters) == 0) {
      *flags = LETTERS[n].flags;
      JS_FreeCString(context, text);
      return true;
    }
  JS_FreeCString(context, text);
  JS_ThrowTypeError(context, "unknown flags");
  return false;
}

/* A number that may be missing; false with an exception. */
static bool read_mode(JSContext *context, JSValueConst value, uint32_t *mode) {
  return JS_IsUndefined(value) || JS_ToUint32(context, mode, value) == 0;
}

/* The same as the member `mode` of an object that may be missing, too. */
static bool read_mode_option(JSContext *context, JSValueConst options, uint32_t *mode) {
  if (!JS_IsObject(options)) return true;
  JSValue value = JS_GetPropertyStr(context, options, "mode");
  return !JS_IsException(value) && read_mode(context, value, mode);
}

static bool option(JSContext *context, JSValueConst options, const char *name) {
  JSValue value = JS_IsObject(options) ? JS_GetPropertyStr(context, options, name) : JS_UNDEFINED;
  bool set = JS_ToBool(context, value) > 0;
  JS_FreeValue(context, value);
  return set;
}

/* A path given as a text or as bytes, to be freed with js_free. The kernel would end one with a NUL
 * in it there: it throws. */
static char *path_text(JSContext *context, JSValueConst value) {
  size_t length;
  const char *text = JS_IsString(value) ? JS_ToCStringLen(context, &length, value) : NULL;
  const char *bytes = text ? text : (const char *)JS_GetUint8Array(context, &length, value);
  char *path = bytes && !memchr(bytes, 0, length) ? js_strndup(context, bytes, length) : NULL;
  JS_FreeCString(context, text);
  if (!path && !JS_HasException(context))
    JS_ThrowTypeError(context, "a path without null bytes was expected");
  return path;
}

/* openSync(path, flags, mode): number */
FUNCTION(open_file) {
  UNUSED;
  int flags;
  uint32_t mode = 0666;
  if (!read_flags(context, arguments[1], &flags) || !read_mode(context, arguments[2], &mode))
    return JS_EXCEPTION;
  char *path = path_text(context, arguments[0]);
  if (!path) return JS_EXCEPTION;
  int fd = open(path, flags | O_CLOEXEC, mode);
  JSValue result = fd < 0 ? throw_system_error(context, errno, "open", path, NULL)
                          : JS_NewInt32(context, fd);
  js_free(context, path);
  return result;
}

/* closeSync(fd), fsyncSync(fd) */
static JSValue on_file(JSContext *context, JSValueConst fd, int (*call)(int), const char *name) {
  int number;
  if (JS_ToInt32(context, &number, fd) < 0) return JS_EXCEPTION;
  if (call(number) < 0) return throw_system_error(context, errno, name, NULL, NULL);
  return JS_UNDEFINED;
}

FUNCTION(close_file) {
  UNUSED;
  return on_file(context, arguments[0], close, "close");
}

FUNCTION(sync_file) {
  UNUSED;
  return on_file(context, arguments[0], fsync, "fsync");
}

/* fchmodSync(fd, mode) */
FUNCTION(change_mode) {
  UNUSED;
  int fd;
  uint32_t mode = 0;
  if (JS_ToInt32(context, &fd, arguments[0]) < 0 || JS_ToUint32(context, &mode, arguments[1]) < 0)
    return JS_EXCEPTION;
  if (fchmod(fd, mode) < 0) return throw_system_error(context, errno, "fchmod", NULL, NULL);
  return JS_UNDEFINED;
}

/* All that can be read, as a text; throws. */
static JSValue read_all(JSContext *context, int fd) {
  size_t length = 0, room = 4096;
  char *bytes = js_malloc(context, room);
  for (ssize_t part = 1; bytes && part != 0;) {
    if (length == room) {
      char *larger = room < MOST_BYTES ? js_realloc(context, bytes, room * 4) : NULL;
      if (!larger) {
        js_free(context, bytes);
        return JS_HasException(context) ? JS_EXCEPTION
                                        : JS_ThrowRangeError(context, "the file is too large");
      }
      bytes = larger;
      room *= 4;
    }
    part = read(fd, bytes + length, room - length);
    if (part < 0 && errno != EINTR) {
      int number = errno;
      js_free(context, bytes);
      return throw_system_error(context, number, "read", NULL, NULL);
    }
    if (part > 0) length += (size_t)part;
  }
  if (!bytes) return JS_EXCEPTION;
  JSValue text = text_value(context, bytes, length);
  js_free(context, bytes);
  return text;
}

/* readFileSync(path | fd, 'utf8'): string */
FUNCTION(read_file) {
  UNUSED;
  int fd;
  if (JS_IsNumber(arguments[0]))
    return JS_ToInt32(context, &fd, arguments[0]) < 0 ? JS_EXCEPTION : read_all(context, fd);
  char *path = path_text(context, arguments[0]);
  if (!path) return JS_EXCEPTION;
  fd = open(path, O_RDONLY | O_CLOEXEC);
  JSValue text = fd < 0 ? throw_system_error(context, errno, "open", path, NULL)
                        : read_all(context, fd);
  if (fd >= 0) close(fd);
  js_free(context, path);
  return text;
}

/* readSync(fd, bytes): number, in one call of read(2); 0 at the end */
FUNCTION(read_part) {
  UNUSED;
  int fd;
  size_t room;
  if (JS_ToInt32(context, &fd, arguments[0]) < 0) return JS_EXCEPTION;
  uint8_t *place = JS_GetUint8Array(context, &room, arguments[1]);
  if (!place) return JS_ThrowTypeError(context, "bytes were expected");
  ssize_t length = read(fd, place, room);
  return length < 0 ? throw_system_error(context, errno, "read", NULL, NULL)
                    : JS_NewInt64(context, length);
}

/* The bytes of a text or a Uint8Array. */
struct content {
  const char *text; /* to be freed; NULL for an array */
  const uint8_t *bytes;
  size_t length;
};

static bool read_content(JSContext *context, JSValueConst value, struct content *content) {
  content->text = NULL;
  if (JS_IsString(value)) {
    content->text = utf8_text(context, &content->length, value);
    content->bytes = (const uint8_t *)content->text;
    return content->text != NULL;
  }
  content->bytes = JS_GetUint8Array(context, &content->length, value);
  return content->bytes != NULL || !JS_HasException(context);
}

/* writeSync(fd, content): number, in one call of write(2) */
FUNCTION(write_part) {
  UNUSED;
  int fd;
  struct content content;
  if (JS_ToInt32(context, &fd, arguments[0]) < 0 || !read_content(context, arguments[1], &content))
    return JS_EXCEPTION;
  ssize_t length = write(fd, content.bytes, content.length);
  JSValue result = length < 0 ? throw_system_error(context, errno, "write", NULL, NULL)
                              : JS_NewInt64(context, length);
  JS_FreeCString(context, content.text);
  return result;
}

/* Writes all of it; 0 or errno. */
static int write_all(int fd, struct content content) {
  while (content.length > 0) {
    ssize_t part = write(fd, content.bytes, content.length);
    if (part < 0 && errno == EINTR) continue;
    if (part < 0) return errno;
    content.bytes += part;
    content.length -= (size_t)part;
  }
  return 0;
}

/* Writes to a path or an open file; `flags` are for the path. */
static JSValue write_to(JSContext *context, JSValueConst *arguments, int flags) {
  uint32_t mode = 0666;
  struct content content;
  char *path = NULL;
  int fd, number = 0;
  if (!read_mode_option(context, arguments[2], &mode) ||
      !read_content(context, arguments[1], &content))
    return JS_EXCEPTION;
  if (JS_IsNumber(arguments[0])) {
    if (JS_ToInt32(context, &fd, arguments[0]) < 0) return JS_EXCEPTION;
  } else {
    path = path_text(context, arguments[0]);
    if (!path) return JS_EXCEPTION;
    fd = open(path, flags | O_WRONLY | O_CREAT | O_CLOEXEC, mode);
    if (fd < 0) throw_system_error(context, errno, "open", path, NULL);
  }
  if (fd >= 0) number = write_all(fd, content);
  if (number != 0) throw_system_error(context, number, "write", NULL, NULL);
  if (path && fd >= 0) close(fd);
  js_free(context, path);
  JS_FreeCString(context, content.text);
  return fd < 0 || number != 0 ? JS_EXCEPTION : JS_UNDEFINED;
}

/* writeFileSync(path | fd, content, { mode }) */
FUNCTION(write_file) {
  UNUSED;
  return write_to(context, arguments, O_TRUNC);
}

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

/* fstatSync(fd, { bigint }) */
FUNCTION(stat_file) {
  UNUSED;
  int fd;
  struct stat status;
  if (JS_ToInt32(context, &fd, arguments[0]) < 0) return JS_EXCEPTION;
  if (fstat(fd, &status) < 0) return throw_system_error(context, errno, "fstat", NULL, NULL);
  return status_value(context, &status, option(context, arguments[1], "bigint"));
}

/* statfsSync(path): type */
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
    JS_SetPropertyStr(context, result, "type", JS_NewInt64(context, (int64_t)status.f_type));
  }
  js_free(context, path);
  return result;
}

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
  for (size_t n = 0; n < count; n++)
    JS_SetPropertyUint32(context, result, (uint32_t)n,
                         text_value(context, names[n], strlen(names[n])));
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

#define CONSTANT(name) JS_PROP_INT32_DEF(#name, name, JS_PROP_ENUMERABLE)

static const JSCFunctionListEntry CONSTANTS[] = {
    CONSTANT(O_RDONLY),   CONSTANT(O_WRONLY), CONSTANT(O_APPEND),   CONSTANT(O_CREAT),
    CONSTANT(O_EXCL),     CONSTANT(O_NOFOLLOW), CONSTANT(O_NONBLOCK), CONSTANT(O_DIRECTORY),
};

static const JSCFunctionListEntry ENTRIES[] = {
    JS_CFUNC_DEF("openSync", 3, open_file),
    JS_CFUNC_DEF("closeSync", 1, close_file),
    JS_CFUNC_DEF("fsyncSync", 1, sync_file),
    JS_CFUNC_DEF("fchmodSync", 2, change_mode),
    JS_CFUNC_DEF("readFileSync", 2, read_file),
    JS_CFUNC_DEF("readSync", 2, read_part),
    JS_CFUNC_DEF("writeSync", 2, write_part),
    JS_CFUNC_DEF("writeFileSync", 3, write_file),
    JS_CFUNC_MAGIC_DEF("statSync", 2, stat_path, true),
    JS_CFUNC_MAGIC_DEF("lstatSync", 2, stat_path, false),
    JS_CFUNC_DEF("fstatSync", 2, stat_file),
    JS_CFUNC_DEF("statfsSync", 1, stat_file_system),
    JS_CFUNC_DEF("existsSync", 1, exists),
    JS_CFUNC_DEF("readdirSync", 1, read_directory),
    JS_CFUNC_DEF("readlinkSync", 1, read_link),
    JS_CFUNC_DEF("realpathSync", 1, real_path),
    JS_CFUNC_DEF("renameSync", 2, rename_file),
    JS_CFUNC_DEF("rmSync", 2, remove_file),
    JS_CFUNC_DEF("mkdirSync", 2, make_directory),
    JS_OBJECT_DEF("constants", CONSTANTS, COUNT(CONSTANTS), JS_PROP_ENUMERABLE),
};

const struct exports file_exports = {"node:fs", ENTRIES, COUNT(ENTRIES)};
