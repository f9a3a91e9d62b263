#include "door.h"

#include <arpa/inet.h>

/* addressText(bytes: Buffer): string, of 4 or 16 bytes */
napi_value address_text(napi_env env, napi_callback_info info) {
  napi_value argument, result;
  void *bytes;
  size_t length;
  char text[INET6_ADDRSTRLEN];
  if (!arguments(env, info, 1, &argument)) return NULL;
  if (napi_get_buffer_info(env, argument, &bytes, &length) != napi_ok ||
      (length != 4 && length != 16)) {
    napi_throw_type_error(env, NULL, "an address of 4 or 16 bytes was expected");
    return NULL;
  }
  inet_ntop(length == 4 ? AF_INET : AF_INET6, bytes, text, sizeof text);
  napi_create_string_utf8(env, text, NAPI_AUTO_LENGTH, &result);
  return result;
}

/* addressBytes(text: string): Buffer of 4 or 16 bytes */
napi_value address_bytes(napi_env env, napi_callback_info info) {
  napi_value argument, result;
  char text[INET6_ADDRSTRLEN + 1];
  size_t length;
  uint8_t bytes[16];
  if (!arguments(env, info, 1, &argument)) return NULL;
  int family = 0;
  if (napi_get_value_string_utf8(env, argument, text, sizeof text, &length) == napi_ok)
    family = inet_pton(AF_INET, text, bytes) == 1    ? AF_INET
             : inet_pton(AF_INET6, text, bytes) == 1 ? AF_INET6
                                                     : 0;
  if (family == 0) {
    napi_throw_type_error(env, NULL, "the text of an IP address was expected");
    return NULL;
  }
  napi_create_buffer_copy(env, family == AF_INET ? 4 : 16, bytes, NULL, &result);
  return result;
}
