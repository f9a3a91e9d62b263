#include "../kernel/native/core.h"
#include "host.h"

#include <string.h>

/* Whether an IPv6 address may have this behind its "%". */
static bool is_zone(const char *text, size_t length) {
  static const char CHARACTERS[] =
      "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-.:";
  return length > 0 && strspn(text, CHARACTERS) == length;
}

static int ip_version(const char *text, size_t length) {
  uint8_t bytes[16];
  const char *zone = memchr(text, '%', length);
  const size_t before = zone ? (size_t)(zone - text) : length;
  if (zone && !is_zone(zone + 1, length - before - 1)) return 0;
  const size_t size = address_bytes(text, before, bytes);
  if (size == 4) return zone ? 0 : 4;
  return size == 16 ? 6 : 0;
}

/* isIP(text): 4, 6 or 0, of node:net. IPv6 may come with a zone. */
FUNCTION(is_ip) {
  UNUSED;
  size_t length;
  const char *text = JS_ToCStringLen(context, &length, arguments[0]);
  if (!text) return JS_EXCEPTION;
  const int version = ip_version(text, length);
  JS_FreeCString(context, text);
  return JS_NewInt32(context, version);
}

static const JSCFunctionListEntry NET[] = {JS_CFUNC_DEF("isIP", 1, is_ip)};
const struct exports net_exports = {"node:net", NET, COUNT(NET)};
