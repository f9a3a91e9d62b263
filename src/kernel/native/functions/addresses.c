/* IP addresses as bytes and as text: addresses.c of the core. */
#include "call.h"

#include <stdlib.h>

/* addressText(bytes: Buffer): string */
CALL(addressText) {
  const struct bytes bytes = bytes_at(call, 0);
  char text[INET6_ADDRSTRLEN];
  if (!is_read(call)) return;
  if (address_text(bytes.start, bytes.length, text)) give_text(call, text);
  else refuse(call, "an address of 4 or 16 bytes was expected");
}

/* addressBytes(text: string): Buffer of 4 or 16 bytes */
CALL(addressBytes) {
  size_t length;
  const char *text = text_at(call, 0, &length);
  uint8_t bytes[16];
  if (!is_read(call)) return;
  const size_t size = address_bytes(text, length, bytes);
  if (size > 0) give_bytes(call, bytes, size);
  else refuse(call, "the text of an IP address was expected");
}

/* addressListText(bytes: Buffer, size: number): string */
CALL(addressListText) {
  const struct bytes bytes = bytes_at(call, 0);
  const int size = integer_at(call, 1);
  char *text;
  if (!is_read(call)) return;
  if (!address_list_text(bytes.start, bytes.length, (size_t)size, &text)) {
    refuse(call, "addresses of 4 or 16 bytes were expected");
    return;
  }
  give_text(call, text);
  free(text);
}

/* addressListBytes(text: string): Buffer */
CALL(addressListBytes) {
  size_t ignored, length;
  const char *text = text_at(call, 0, &ignored);
  uint8_t *bytes;
  if (!is_read(call)) return;
  if (!address_list_bytes(text, &bytes, &length)) {
    refuse(call, "a list of IP addresses was expected");
    return;
  }
  give_bytes(call, bytes, length);
  free(bytes);
}
