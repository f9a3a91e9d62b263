#include "host.h"

/* The program takes JSON of a thousand levels (cni/network.ts). The engine's parser calls itself for
 * each: more of them must not be for the stack to bear. */
#define MOST_LEVELS 1000

static IN_SNAPSHOT JSValue parse;

/* Whether brackets that stand in no string open more levels than that. */
static bool is_deep(const char *text, size_t length) {
  size_t levels = 0;
  bool in_string = false;
  for (size_t n = 0; n < length; n++) {
    char one = text[n];
    if (in_string && one == '\\') n++;
    else if (one == '"') in_string = !in_string;
    else if (!in_string && (one == '[' || one == '{') && ++levels > MOST_LEVELS) return true;
    else if (!in_string && (one == ']' || one == '}') && levels > 0) levels--;
  }
  return false;
}

/* JSON.parse(text) */
FUNCTION(parse_bounded) {
  size_t length;
  const char *text = JS_ToCStringLen(context, &length, arguments[0]);
  if (!text) return JS_EXCEPTION;
  bool deep = is_deep(text, length);
  JS_FreeCString(context, text);
  if (deep) return JS_ThrowSyntaxError(context, "exceeded max depth");
  return JS_Call(context, parse, self, count, arguments);
}

void bound_json(JSContext *context) {
  JSValue global = JS_GetGlobalObject(context);
  JSValue json = JS_GetPropertyStr(context, global, "JSON");
  parse = JS_GetPropertyStr(context, json, "parse");
  JS_DefinePropertyValueStr(context, json, "parse",
                            JS_NewCFunction(context, parse_bounded, "parse", 2),
                            JS_PROP_WRITABLE | JS_PROP_CONFIGURABLE);
  JS_FreeValue(context, json);
  JS_FreeValue(context, global);
}
