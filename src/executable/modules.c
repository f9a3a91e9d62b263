#include "host.h"

#include <string.h>

/* The largest group of several modules: tools/modules.mjs. */
#define GROUP_BYTES (32 << 10)

/* The program's modules as bytecode, compressed in groups: where the group of each begins, its length
 * when it is decompressed, and the place and length of the module in that. Made by build.mjs. Those that
 * the snapshot has are not among them. */
extern const uint8_t program_bytes[];
static const struct {
  const char *name;
  size_t start, group_length, offset, length;
} PROGRAM[] = {
#include "program.inc"
    {NULL, 0, 0, 0, 0}};

/* A module of the snapshot that is made. */
static const uint8_t *loaded_modules, *loaded_modules_end;

void give_modules(const uint8_t *bytes, size_t length) {
  loaded_modules = bytes;
  loaded_modules_end = bytes + length;
}

/* Its bytecode, by its name, from what was given: the name with a zero byte, the length, the bytes. */
static const uint8_t *given_module(const char *name, size_t *length) {
  uint32_t size;
  for (const uint8_t *at = loaded_modules; at < loaded_modules_end; at += size) {
    const char *this = (const char *)at;
    at += strlen(this) + 1;
    memcpy(&size, at, sizeof size);
    at += sizeof size;
    *length = size;
    if (strcmp(this, name) == 0) return at;
  }
  return NULL;
}

/* A group of several modules, until the next one is asked for. It takes no memory of the heap, which may
 * have ended: what says so is loaded, too. */
static const uint8_t *inflated_group(const uint8_t *packed) {
  static uint8_t room[GROUP_BYTES];
  inflate(packed, room);
  return room;
}

/* Reads a module of the program by its name. */
static JSValue read_module(JSContext *context, const char *name) {
  size_t length;
  for (size_t n = 0; PROGRAM[n].name; n++) {
    if (strcmp(PROGRAM[n].name, name) != 0) continue;
    length = PROGRAM[n].length;
    uint8_t *bytes = js_malloc(context, length);
    if (!bytes) return JS_EXCEPTION;
    const uint8_t *group = program_bytes + PROGRAM[n].start;
    if (PROGRAM[n].group_length == length) inflate(group, bytes);
    else memcpy(bytes, inflated_group(group) + PROGRAM[n].offset, length);
    /* While it is read, the modules that it imports are loaded. */
    JSValue module = JS_ReadObject(context, bytes, length, JS_READ_OBJ_BYTECODE);
    js_free(context, bytes);
    return module;
  }
  const uint8_t *given = given_module(name, &length);
  return given ? JS_ReadObject(context, given, length, JS_READ_OBJ_BYTECODE)
               : JS_ThrowReferenceError(context, "there is no module %s", name);
}

/* The address keeper, compressed, and its length when it is decompressed. Linked in by build.mjs. */
extern const uint8_t keeper_bytes[];
extern const uint64_t keeper_length;

FUNCTION(keeper_program) {
  UNUSED, (void)arguments;
  uint8_t *bytes = js_malloc(context, keeper_length);
  if (!bytes) return JS_EXCEPTION;
  inflate(keeper_bytes, bytes);
  JSValue program = JS_NewUint8ArrayCopy(context, bytes, keeper_length);
  js_free(context, bytes);
  return program;
}

static const JSCFunctionListEntry KEEPER[] = {JS_CFUNC_DEF("keeperProgram", 0, keeper_program)};
const struct exports keeper_exports = {"host:keeper", KEEPER, COUNT(KEEPER)};

static const struct exports *const HOST[] = {
    &file_exports,  &directory_exports, &status_exports, &path_exports,  &net_exports,
    &timer_exports, &native_exports,    &child_exports,  &keeper_exports};

typedef int take_exports(JSContext *, JSModuleDef *, const JSCFunctionListEntry *, int);

/* Gives what a module of the host exports to `take`; how many files it comes from, or -1. */
static int each_export(JSContext *context, JSModuleDef *module, const char *name, take_exports *take) {
  int files = 0;
  for (size_t n = 0; n < COUNT(HOST); n++) {
    if (strcmp(HOST[n]->module, name) != 0) continue;
    if (take(context, module, HOST[n]->entries, HOST[n]->count) < 0) return -1;
    files++;
  }
  return files;
}

static int fill_module(JSContext *context, JSModuleDef *module) {
  JSAtom atom = JS_GetModuleName(context, module);
  const char *name = JS_AtomToCString(context, atom);
  JS_FreeAtom(context, atom);
  int files = name ? each_export(context, module, name, JS_SetModuleExportList) : -1;
  JS_FreeCString(context, name);
  return files > 0 ? 0 : -1;
}

static JSModuleDef *host_module(JSContext *context, const char *name) {
  JSModuleDef *module = JS_NewCModule(context, name, fill_module);
  return module && each_export(context, module, name, JS_AddModuleExportList) > 0 ? module : NULL;
}

/* The names of the program's modules are those of files beside each other: "./x.js" is "x.js". */
static char *normalize(JSContext *context, const char *base, const char *name, void *opaque) {
  (void)base, (void)opaque;
  return js_strdup(context, strncmp(name, "./", 2) == 0 ? name + 2 : name);
}

JSModuleDef *load_module(JSContext *context, const char *name, void *opaque) {
  (void)opaque;
  for (size_t n = 0; n < COUNT(HOST); n++)
    if (strcmp(HOST[n]->module, name) == 0) return host_module(context, name);
  JSValue module = read_module(context, name);
  if (JS_IsException(module)) return NULL;
  JSModuleDef *definition = JS_VALUE_GET_PTR(module);
  JS_FreeValue(context, module);
  return definition;
}

void add_modules(JSRuntime *runtime) {
  JS_SetModuleLoaderFunc(runtime, normalize, load_module, NULL);
}
