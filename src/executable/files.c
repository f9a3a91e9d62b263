#define _GNU_SOURCE
#include "host.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* What is read into memory at most: nothing that the program reads comes near it. */
#define MOST_FILE_BYTES (256u << 20)

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
      char *larger = room < MOST_FILE_BYTES ? js_realloc(context, bytes, room * 4) : NULL;
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
    JS_OBJECT_DEF("constants", CONSTANTS, COUNT(CONSTANTS), JS_PROP_ENUMERABLE),
};

const struct exports file_exports = {"node:fs", ENTRIES, COUNT(ENTRIES)};
