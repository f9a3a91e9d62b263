#include "core.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Where the first of the longest runs of zero words begins; *length is that of the run, 0 if no run
 * is longer than one. */
static size_t longest_zeros(const uint16_t words[8], size_t *length) {
  size_t start = 0;
  *length = 0;
  for (size_t n = 0, run = 0; n < 8; n++) {
    run = words[n] == 0 ? run + 1 : 0;
    if (run < 2 || run <= *length) continue;
    *length = run;
    start = n + 1 - run;
  }
  return start;
}

static void ipv6_text(const uint8_t bytes[16], char text[INET6_ADDRSTRLEN]) {
  uint16_t words[8];
  size_t zeros;
  for (size_t n = 0; n < 8; n++) words[n] = (uint16_t)(bytes[2 * n] << 8 | bytes[2 * n + 1]);
  size_t start = longest_zeros(words, &zeros), end = start + zeros;
  bool has_ipv4 = start == 0 && (zeros == 6 || (zeros == 5 && words[5] == 0xffff));
  char *at = text;
  for (size_t n = 0; n < 8; n++) {
    if (zeros > 0 && n == start) at += sprintf(at, "::");
    if (zeros > 0 && n >= start && n < end) continue;
    if (has_ipv4 && n == 6) {
      (void)sprintf(at, "%s%d.%d.%d.%d", zeros == 5 ? ":" : "", bytes[12], bytes[13], bytes[14], bytes[15]);
      return;
    }
    at += sprintf(at, "%s%x", n == 0 || (zeros > 0 && n == end) ? "" : ":", words[n]);
  }
}

/* Not by the C library: musl has another text than glibc for an address with a single zero word. */
bool address_text(const uint8_t *bytes, size_t length, char text[INET6_ADDRSTRLEN]) {
  if (length == 16) ipv6_text(bytes, text);
  else if (length == 4) (void)sprintf(text, "%d.%d.%d.%d", bytes[0], bytes[1], bytes[2], bytes[3]);
  return length == 4 || length == 16;
}

/* The address that a part of a text is. */
static size_t part_bytes(const char *text, size_t length, uint8_t bytes[16]) {
  char part[INET6_ADDRSTRLEN];
  if (length >= sizeof part) return 0;
  memcpy(part, text, length);
  part[length] = '\0';
  if (inet_pton(AF_INET, part, bytes) == 1) return 4;
  if (inet_pton(AF_INET6, part, bytes) == 1) return 16;
  return 0;
}

/* What comes after a NUL is part of the text, too. */
size_t address_bytes(const char *text, size_t length, uint8_t bytes[16]) {
  return memchr(text, '\0', length) ? 0 : part_bytes(text, length, bytes);
}

bool address_list_text(const uint8_t *bytes, size_t length, size_t size, char **text) {
  if (size != 4 && size != 16) return false;
  const size_t count = length / size;
  char *at = *text = malloc(count * INET6_ADDRSTRLEN + 1);
  if (at == NULL) return true;
  for (size_t n = 0; n < count; n++) {
    (void)address_text(bytes + n * size, size, at);
    at += strlen(at);
    *at++ = ' ';
  }
  *(at > *text ? at - 1 : at) = '\0';
  return true;
}

bool address_list_bytes(const char *text, uint8_t **bytes, size_t *length) {
  size_t size = 0;
  *length = 0;
  /* The shortest address has two characters. */
  *bytes = malloc((strlen(text) / 3 + 1) * 16);
  for (size_t word = 0; *bytes && *text; text += word + (text[word] == ' ')) {
    word = strcspn(text, " ");
    const size_t found = part_bytes(text, word, *bytes + *length);
    if (found == 0 || (size > 0 && found != size)) {
      free(*bytes);
      return false;
    }
    size = found;
    *length += found;
  }
  return true;
}
