/*
 * Linked into an executable with -Wl,--wrap=JS_ReadObject: every module whose bytecode is read is
 * a line "BYTES NAME" in the file that MODULES_READ names. Without that it is built.
 */
#include <quickjs.h>
#include <stdio.h>
#include <stdlib.h>

JSValue __real_JS_ReadObject(JSContext *context, const uint8_t *bytes, size_t length, int flags);
JSValue __wrap_JS_ReadObject(JSContext *context, const uint8_t *bytes, size_t length, int flags);

JSValue __wrap_JS_ReadObject(JSContext *context, const uint8_t *bytes, size_t length, int flags) {
  JSValue module = __real_JS_ReadObject(context, bytes, length, flags);
  const char *path = getenv("MODULES_READ");
  if (!path) return module;
  FILE *file = fopen(path, "a");
  if (!file || JS_IsException(module)) abort();
  JSAtom atom = JS_GetModuleName(context, JS_VALUE_GET_PTR(module));
  const char *name = JS_AtomToCString(context, atom);
  JS_FreeAtom(context, atom);
  if (!name || fprintf(file, "%zu %s\n", length, name) < 0 || fclose(file) != 0) abort();
  JS_FreeCString(context, name);
  return module;
}
