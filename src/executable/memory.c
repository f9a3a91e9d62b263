#define _GNU_SOURCE
#include "host.h"

#include <malloc.h>
#include <stdlib.h>
#include <sys/mman.h>

/* Tables of a hundred thousand routes fit into this. */
#define MOST_BYTES ((size_t)1 << 30)

/* What is kept back for the time after an allocation failed: the error is an object, too, and
 * bringing the device home takes memory. JS_SetMemoryLimit knows no such part. */
#define RESERVE_BYTES ((size_t)16 << 20)

static size_t used, limit = MOST_BYTES;
static void *reserve = MAP_FAILED;

static bool fits(size_t more) {
  return more <= limit && used <= limit - more;
}

/* Nothing can be had: makes the reserve available to the next. */
static void *refuse(void) {
  limit = MOST_BYTES + RESERVE_BYTES;
  if (reserve != MAP_FAILED) (void)munmap(reserve, RESERVE_BYTES);
  reserve = MAP_FAILED;
  return NULL;
}

static void *counted(void *block) {
  if (!block) return refuse();
  used += malloc_usable_size(block);
  return block;
}

static void *allocate_zeroed(void *opaque, size_t count, size_t size) {
  (void)opaque;
  if (size != 0 && count > SIZE_MAX / size) return NULL;
  return fits(count * size) ? counted(calloc(count, size)) : refuse();
}

static void *allocate(void *opaque, size_t size) {
  (void)opaque;
  return fits(size) ? counted(malloc(size)) : refuse();
}

static void release(void *opaque, void *block) {
  (void)opaque;
  used -= malloc_usable_size(block);
  free(block);
}

static void *reallocate(void *opaque, void *block, size_t size) {
  (void)opaque;
  size_t before = malloc_usable_size(block);
  if (size > before && !fits(size - before)) return refuse();
  void *larger = realloc(block, size);
  if (larger) used -= before;
  return counted(larger);
}

static size_t size_of(const void *block) {
  return malloc_usable_size((void *)(uintptr_t)block);
}

JSRuntime *new_runtime(void) {
  static const JSMallocFunctions functions = {allocate_zeroed, allocate, release, reallocate,
                                              size_of};
  /* Counts for the limit of the process, but takes no memory. */
  reserve = mmap(NULL, RESERVE_BYTES, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  return JS_NewRuntime2(&functions, NULL);
}
