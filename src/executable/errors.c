#define _GNU_SOURCE
#include "host.h"

#include <stdio.h>
#include <string.h>

/* The names and words that Node's C library has for errors: {number, name, words}, made by
 * build.mjs from those of the Node that builds this. */
static const struct error {
  int number;
  const char *name, *words;
} ERRORS[] = {
    {0, "UNKNOWN", "unknown error"},
#include "errors.inc"
};

/* What strerror(3) says of each, on the machine that builds this: as the other artefact says it. */
static const char *const TEXTS[] = {
#include "error-texts.inc"
};

const char *error_text(int number) {
  static char unknown[32];
  if (number >= 0 && number < (int)COUNT(TEXTS) && TEXTS[number]) return TEXTS[number];
  (void)snprintf(unknown, sizeof unknown, "Unknown error %d", number);
  return unknown;
}

static const struct error *find_error(int number) {
  const struct error *error = &ERRORS[COUNT(ERRORS) - 1];
  while (error > ERRORS && error->number != number) error--;
  return error;
}

const char *errno_name(int number) {
  return find_error(number)->name;
}

static const char *const SIGNALS[] = {
#include "signals.inc"
};

const char *signal_name(int number) {
  bool known = number > 0 && number < (int)COUNT(SIGNALS) && SIGNALS[number];
  return known ? SIGNALS[number] : "unknown";
}

JSValue errno_constants(JSContext *context) {
  JSValue constants = JS_NewObject(context);
  for (size_t n = 1; n < COUNT(ERRORS); n++)
    JS_SetPropertyStr(context, constants, ERRORS[n].name, JS_NewInt32(context, ERRORS[n].number));
  return constants;
}

static void set_text(JSContext *context, JSValue error, const char *name, const char *text) {
  if (text) JS_SetPropertyStr(context, error, name, JS_NewString(context, text));
}

JSValue new_error(JSContext *context, const char *message, int number, const char *call) {
  JSValue error = JS_NewError(context);
  if (JS_IsException(error)) return error;
  JS_DefinePropertyValueStr(context, error, "message", JS_NewString(context, message),
                            JS_PROP_WRITABLE | JS_PROP_CONFIGURABLE);
  JS_SetPropertyStr(context, error, "errno", JS_NewInt32(context, number));
  set_text(context, error, "syscall", call);
  return error;
}

static JSValue throw_message(JSContext *context, const char *message, int number,
                             const char *call, const char *path, const char *destination) {
  JSValue error = new_error(context, message, -number, call);
  if (JS_IsException(error)) return error;
  set_text(context, error, "code", errno_name(number));
  set_text(context, error, "path", path);
  set_text(context, error, "dest", destination);
  return JS_Throw(context, error);
}

/* More than a message has besides its paths. */
#define OTHER_WORDS 256

JSValue throw_system_error(JSContext *context, int number, const char *call, const char *path,
                           const char *destination) {
  const size_t paths = (path ? strlen(path) : 0) + (destination ? strlen(destination) : 0);
  const size_t room = paths + OTHER_WORDS;
  char *message = js_malloc(context, room);
  if (!message) return JS_EXCEPTION;
  (void)snprintf(message, room, "%s: %s, %s%s%s%s%s%s%s", errno_name(number), find_error(number)->words,
                 call, path ? " '" : "", path ? path : "", path ? "'" : "",
                 destination ? " -> '" : "", destination ? destination : "",
                 destination ? "'" : "");
  JSValue thrown = throw_message(context, message, number, call, path, destination);
  js_free(context, message);
  return thrown;
}

JSValue throw_errno(JSContext *context, int number, const char *call) {
  char message[64];
  (void)snprintf(message, sizeof message, "%s %s", call, errno_name(number));
  return throw_message(context, message, number, call, NULL, NULL);
}
