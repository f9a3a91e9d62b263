#define _GNU_SOURCE
#include "host.h"

#include <string.h>

/* The kernel would end a path at a NUL in it. */
char *path_text(JSContext *context, JSValueConst value) {
  size_t length;
  const char *text = JS_IsString(value) ? utf8_text(context, &length, value) : NULL;
  const char *bytes = text ? text : (const char *)JS_GetUint8Array(context, &length, value);
  char *path = bytes && !memchr(bytes, 0, length) ? js_strndup(context, bytes, length) : NULL;
  JS_FreeCString(context, text);
  if (!path && !JS_HasException(context))
    JS_ThrowTypeError(context, "a path without null bytes was expected");
  return path;
}

bool option(JSContext *context, JSValueConst options, const char *name) {
  JSValue value = JS_IsObject(options) ? JS_GetPropertyStr(context, options, name) : JS_UNDEFINED;
  bool set = JS_ToBool(context, value) > 0;
  JS_FreeValue(context, value);
  return set;
}

bool read_mode(JSContext *context, JSValueConst value, uint32_t *mode) {
  return JS_IsUndefined(value) || JS_ToUint32(context, mode, value) == 0;
}

bool read_mode_option(JSContext *context, JSValueConst options, uint32_t *mode) {
  if (!JS_IsObject(options)) return true;
  JSValue value = JS_GetPropertyStr(context, options, "mode");
  return !JS_IsException(value) && read_mode(context, value, mode);
}
