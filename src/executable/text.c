#include "host.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* How many bytes of a text are one character of UTF-8. Where they are none, *valid is false, and
 * it is how many bytes one U+FFFD stands for: as many as could begin a character. */
static size_t next_character(const uint8_t *at, size_t left, bool *valid) {
  uint8_t first = at[0], least = 0x80, most = 0xbf;
  size_t length = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  *valid = false;
  if (first >= 0x80 && (first < 0xc2 || first > 0xf4)) return 1;
  /* Neither what has a shorter form, nor half of a pair, nor what lies beyond U+10FFFF. */
  if (first == 0xe0) least = 0xa0;
  if (first == 0xed) most = 0x9f;
  if (first == 0xf0) least = 0x90;
  if (first == 0xf4) most = 0x8f;
  for (size_t n = 1; n < length; n++, least = 0x80, most = 0xbf)
    if (n >= left || at[n] < least || at[n] > most) return n;
  *valid = true;
  return length;
}

JSValue text_value(JSContext *context, const char *bytes, size_t length) {
  const uint8_t *at = (const uint8_t *)bytes, *end = at + length;
  bool valid = true;
  while (valid && at < end) at += next_character(at, (size_t)(end - at), &valid);
  if (valid) return JS_NewStringLen(context, bytes, length);
  char *text = malloc(3 * length), *place = text;
  if (!text) return without_memory(context);
  for (at = (const uint8_t *)bytes; at < end;) {
    size_t step = next_character(at, (size_t)(end - at), &valid);
    memcpy(place, valid ? (const char *)at : "\xef\xbf\xbd", valid ? step : 3);
    place += valid ? step : 3;
    at += step;
  }
  JSValue value = JS_NewStringLen(context, text, (size_t)(place - text));
  free(text);
  return value;
}

/* The engine writes such a surrogate as three bytes, in a copy of the text's characters. */
const char *utf8_text(JSContext *context, size_t *length, JSValueConst value) {
  const char *text = JS_ToCStringLen(context, length, value);
  uint8_t *bytes = (uint8_t *)(uintptr_t)text;
  for (size_t n = 0; text && n + 2 < *length; n++)
    if (bytes[n] == 0xed && bytes[n + 1] >= 0xa0) memcpy(bytes + n, "\xef\xbf\xbd", 3);
  return text;
}

size_t read_text(const char *path, char *text, size_t size) {
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  ssize_t length = fd < 0 ? -1 : read(fd, text, size - 1);
  if (fd >= 0) (void)close(fd);
  text[length < 0 ? 0 : length] = '\0';
  return strlen(text);
}
