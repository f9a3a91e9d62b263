/*
 * Compiles one module to bytecode, for the executable to be linked with:
 *
 *     compile NAME < SOURCE > BYTECODE
 *
 * Where its functions were in the source stays in it only if it has an import(): the engine looks
 * for what is imported beside the file that the function is of.
 */
#include <quickjs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int fill_nothing(JSContext *context, JSModuleDef *module) {
  (void)context, (void)module;
  return 0;
}

/* What it imports is not looked at before it runs. */
static JSModuleDef *stand_in(JSContext *context, const char *name, void *opaque) {
  (void)opaque;
  return JS_NewCModule(context, name, fill_nothing);
}

static int flags_for(const char *source) {
  int flags = JS_WRITE_OBJ_BYTECODE | JS_WRITE_OBJ_STRIP_SOURCE;
  return strstr(source, "import(") ? flags : flags | JS_WRITE_OBJ_STRIP_DEBUG;
}

static int fail(JSContext *context) {
  JSValue error = JS_GetException(context);
  const char *text = JS_ToCString(context, error);
  (void)fprintf(stderr, "%s\n", text ? text : "cannot be compiled");
  return 1;
}

int main(int count, char **words) {
  static char source[16 << 20];
  size_t length = fread(source, 1, sizeof source - 1, stdin), size;
  JSRuntime *runtime = JS_NewRuntime();
  JSContext *context = runtime ? JS_NewContext(runtime) : NULL;
  if (count != 2 || !context || length == sizeof source - 1) return 2;
  JS_SetModuleLoaderFunc(runtime, NULL, stand_in, NULL);
  JSValue module = JS_Eval(context, source, length, words[1],
                           JS_EVAL_TYPE_MODULE | JS_EVAL_FLAG_COMPILE_ONLY);
  if (JS_IsException(module)) return fail(context);
  uint8_t *bytes = JS_WriteObject(context, &size, module, flags_for(source));
  if (!bytes) return fail(context);
  return fwrite(bytes, 1, size, stdout) == size && fflush(stdout) == 0 ? 0 : 1;
}
