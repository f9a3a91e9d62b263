/*
 * Takes, resizes and gives back blocks of the engine's heap at random. Each must keep what was
 * written to it.
 *
 * arguments: number of steps, seed
 */
#define HEAP_BYTES (1 << 20)
#include "../../src/executable/heap.c"

#include <stdio.h>

enum { SLOTS = 500 };

static struct slot {
  uint8_t *bytes, mark;
  size_t length;
} slots[SLOTS];
static const JSMallocFunctions *functions;
static uint64_t random_state;

JSRuntime *JS_NewRuntime2(const JSMallocFunctions *given, void *opaque) {
  (void)opaque;
  functions = given;
  return NULL;
}

JSValue JS_ThrowOutOfMemory(JSContext *context) {
  (void)context;
  return JS_EXCEPTION;
}

static size_t below(size_t limit) {
  random_state ^= random_state << 13;
  random_state ^= random_state >> 7;
  random_state ^= random_state << 17;
  return (size_t)(random_state % limit);
}

/* Mostly what the engine asks for: its own blocks of 4 KiB, and what is a little larger than their parts. */
static size_t any_length(void) {
  switch (below(8)) {
    case 0: return 1 + below(64);
    case 1: return 1 + below(700000);
    case 2: return 1 + below(40000);
    case 3: case 4: return 500 + below(1500);
    default: return 3700 + below(400);
  }
}

static void require(bool holds, const char *what) {
  if (holds) return;
  (void)fprintf(stderr, "%s\n", what);
  exit(1);
}

static void require_marks(const uint8_t *bytes, size_t length, uint8_t mark) {
  for (size_t n = 0; n < length; n++) require(bytes[n] == mark, "a block has lost what was in it");
}

static void fill(struct slot *slot, uint8_t *bytes, size_t length) {
  require(bytes && (uintptr_t)bytes % 16 == 0, "a block is not where it should be");
  require(functions->js_malloc_usable_size(bytes) >= length, "a block is too small");
  *slot = (struct slot){bytes, (uint8_t)(1 + below(255)), length};
  memset(bytes, slot->mark, length);
}

static void step(struct slot *slot) {
  size_t length = any_length();
  if (!slot->bytes) {
    bool zeroed = below(4) == 0;
    uint8_t *bytes = zeroed ? functions->js_calloc(NULL, 1, length) : functions->js_malloc(NULL, length);
    if (zeroed) require_marks(bytes, length, 0);
    fill(slot, bytes, length);
    return;
  }
  require_marks(slot->bytes, slot->length, slot->mark);
  if (below(3) == 0) {
    functions->js_free(NULL, slot->bytes);
    slot->bytes = NULL;
    return;
  }
  uint8_t *bytes = functions->js_realloc(NULL, slot->bytes, length);
  require_marks(bytes, slot->length < length ? slot->length : length, slot->mark);
  fill(slot, bytes, length);
}

#ifndef __SANITIZE_ADDRESS__
static size_t count_chunks(void) {
  size_t count = 0;
  for (struct chunk *chunk = chunks; chunk; chunk = chunk->before) count++;
  return count;
}

/* A large table comes in parts. Each is given back, and cut up for what is made of the next, some of which
 * stays: that must not take new memory for ever. */
static void try_parts(void) {
  enum { PARTS = 20000, OF_A_PART = 100 };
  static void *parts[OF_A_PART], *kept[PARTS];
  size_t before = count_chunks();
  for (size_t part = 0; part < PARTS; part++) {
    functions->js_free(NULL, functions->js_malloc(NULL, 20000 + below(30000)));
    for (size_t n = 0; n < OF_A_PART; n++) parts[n] = functions->js_malloc(NULL, 1 + below(5000));
    kept[part] = below(50) == 0 ? functions->js_malloc(NULL, 200) : NULL;
    for (size_t n = 0; n < OF_A_PART; n++) functions->js_free(NULL, parts[n]);
  }
  require(count_chunks() <= before + 2, "blocks that lie side by side are not joined");
  for (size_t part = 0; part < PARTS; part++) functions->js_free(NULL, kept[part]);
}
#endif

/* Of the first that does not fit there is none; the reserve is for those after it. */
static void try_the_limit(void) {
  keep_reserve();
  limit = used + 10000;
  require(functions->js_malloc(NULL, 20000) == NULL, "there is no limit");
  void *block = functions->js_malloc(NULL, 20000);
  require(block != NULL, "there is no reserve");
  functions->js_free(NULL, block);
}

int main(int count, char **words) {
  size_t steps = count == 3 ? (size_t)atol(words[1]) : 0;
  random_state = count == 3 ? (uint64_t)atoll(words[2]) | 1 : 1;
  (void)new_runtime();
  for (size_t n = 0; n < steps; n++) step(&slots[below(SLOTS)]);
#ifndef __SANITIZE_ADDRESS__
  try_parts();
#endif
  try_the_limit();
  for (size_t n = 0; n < SLOTS; n++) functions->js_free(NULL, slots[n].bytes);
  require(used == 0, "more is counted than is used");
  (void)printf("%zu steps\n", steps);
  return 0;
}
