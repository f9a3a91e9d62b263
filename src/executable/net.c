#include "../kernel/native/core.h"
#include "host.h"

#include <string.h>

/* isIP(text): 4, 6 or 0, of node:net. IPv6 may come with a zone. */
FUNCTION(is_ip) {
  UNUSED;
  static const char ZONE[] =
      "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-.:";
  char address[INET6_ADDRSTRLEN];
  uint8_t bytes[16];
  size_t length = 0, given;
  const char *text = JS_ToCStringLen(context, &given, arguments[0]);
  if (!text) return JS_EXCEPTION;
  size_t before = strcspn(text, "%");
  const char *zone = text[before] == '%' ? text + before + 1 : NULL;
  /* What comes after a NUL is part of the text, too. */
  if (strlen(text) == given && before < sizeof address && (!zone || (*zone && zone[strspn(zone, ZONE)] == '\0'))) {
    memcpy(address, text, before);
    address[before] = '\0';
    length = address_bytes(address, bytes);
  }
  JS_FreeCString(context, text);
  return JS_NewInt32(context, length == 16 ? 6 : length == 4 && !zone ? 4 : 0);
}

static const JSCFunctionListEntry NET[] = {JS_CFUNC_DEF("isIP", 1, is_ip)};
const struct exports net_exports = {"node:net", NET, COUNT(NET)};
