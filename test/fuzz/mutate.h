/*
 * A fuzzer: changes datagrams of a corpus at random, and hands them to `try_datagrams`, which the
 * including file defines. The same seed makes the same inputs.
 *
 * arguments: number of executions, seed, files of the corpus
 */
#ifndef MUTATE_H
#define MUTATE_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_ORIGINS = 64, MOST_BYTES = 1 << 16, MOST_DATAGRAMS = 4 };

struct datagram {
  uint8_t *bytes;
  size_t length;
};

static struct datagram corpus[MOST_ORIGINS];
static size_t corpus_count;
static uint64_t random_state;

/* What the including file tries. Datagrams have just their own size, so that the sanitizer sees
 * each byte that is read beyond it. */
static void try_datagrams(const struct datagram *datagrams, size_t count);

/* xorshift64: a number below `limit`. */
static size_t below(size_t limit) {
  random_state ^= random_state << 13;
  random_state ^= random_state >> 7;
  random_state ^= random_state << 17;
  return limit == 0 ? 0 : (size_t)(random_state % limit);
}

static void read_corpus_file(const char *path) {
  static uint8_t room[MOST_BYTES];
  FILE *file = fopen(path, "rb");
  if (!file || corpus_count == MOST_ORIGINS) exit(2);
  size_t length = fread(room, 1, sizeof room, file);
  fclose(file);
  corpus[corpus_count] = (struct datagram){malloc(length), length};
  memcpy(corpus[corpus_count++].bytes, room, length);
}

/* One change: of a byte, of a length or type of 16 or 32 bits, of the size, or of a whole part. */
static size_t mutate(uint8_t *bytes, size_t length) {
  static const uint32_t telling[] = {0, 1, 2, 3, 4, 5, 7, 8, 15, 16, 17, 0x7fff, 0xffff,
                                     0x7fffffff, 0x80000000, 0xfffffffc, 0xffffffff};
  uint32_t value = telling[below(sizeof telling / sizeof *telling)];
  size_t at = below(length) & ~(size_t)3;
  switch (length < 8 ? 4 : below(6)) {
    case 0: bytes[below(length)] ^= (uint8_t)(1u << below(8)); return length;
    case 1: memcpy(bytes + at, &value, 2); return length;
    case 2: memcpy(bytes + (at + 4 > length ? 0 : at), &value, 4); return length;
    case 3: return below(length + 1);
    case 4: {
      const struct datagram *other = &corpus[below(corpus_count)];
      size_t part = below(other->length + 1);
      if (length + part > MOST_BYTES) return length;
      memcpy(bytes + length, other->bytes, part);
      return length + part;
    }
    default: {
      size_t part = below(length - at);
      memmove(bytes + at, bytes + at + part, length - at - part);
      return length - part;
    }
  }
}

static void try_once(void) {
  static uint8_t room[MOST_BYTES];
  struct datagram datagrams[MOST_DATAGRAMS];
  size_t count = 1 + below(MOST_DATAGRAMS);
  for (size_t n = 0; n < count; n++) {
    const struct datagram *origin = &corpus[below(corpus_count)];
    size_t length = origin->length;
    memcpy(room, origin->bytes, length);
    for (size_t changes = below(5); changes > 0; changes--) length = mutate(room, length);
    datagrams[n] = (struct datagram){malloc(length), length};
    memcpy(datagrams[n].bytes, room, length);
  }
  try_datagrams(datagrams, count);
  for (size_t n = 0; n < count; n++) free(datagrams[n].bytes);
}

static int fuzz(int argument_count, char **arguments) {
  if (argument_count < 4) return 2;
  long executions = atol(arguments[1]);
  random_state = strtoull(arguments[2], NULL, 10) | 1;
  for (int n = 3; n < argument_count; n++) read_corpus_file(arguments[n]);
  for (long n = 0; n < executions; n++) try_once();
  printf("%ld executions\n", executions);
  return 0;
}

#endif
