/*
 * The engine's memory. Its first part, which the engine took when the program was built, is in the
 * executable (snapshot.c); it is at a fixed place, for it is full of addresses of itself.
 */
#define _GNU_SOURCE
#include "host.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* Tables of a hundred thousand routes fit into this. */
#define MOST_HEAP_BYTES ((size_t)1 << 30)

/* What is kept back for the time after an allocation failed: the error is an object, too, and
 * bringing the device home takes memory. JS_SetMemoryLimit knows no such part. */
#define RESERVE_BYTES ((size_t)16 << 20)
/* Undoing a call takes less than this and as much as the call has used. */
#define BYTES_TO_UNDO ((size_t)1 << 20)
/* An ordinary call has enough with this. */
#define LEFT_BYTES ((size_t)4 << 20)

/* So much is asked of the kernel at once, and for each block that is larger than those of a class. */
#define CHUNK_BYTES ((size_t)1 << 20)

/* Blocks that nobody has are in classes, eight between 2^n bytes and twice as many, from 128 bytes on:
 * what is smaller the engine cuts from blocks of 4 KiB. */
#define SMALLEST_BYTES ((size_t)128)
#define LARGEST_OF_LAST ((size_t)4096)
#define CLASSES 96
/* So many of a class are looked at. */
#define MOST_SMALLER 16
#define LARGEST_OF_CLASSES ((size_t)256 << 10)

/* What stands before each block. */
struct block {
  size_t size;
  /* While nobody has it, the next of its class; else TAKEN. */
  struct block *next;
};

static struct block *const TAKEN = (struct block *)1;

static IN_SNAPSHOT size_t used;
static size_t limit = MOST_HEAP_BYTES;
static void *reserve = MAP_FAILED;
static size_t reserve_bytes, used_before;
static bool is_refusing;

#ifdef __SANITIZE_ADDRESS__
/* The sanitizer is to see each block, and at its size. */
static struct block *allocate_block(size_t size) {
  struct block *block = malloc(sizeof *block + size);
  if (block) block->size = size;
  return block;
}

static void give_back(struct block *block) {
  free(block);
}

static struct block *enlarge(struct block *block, size_t size) {
  (void)block, (void)size;
  return NULL;
}

static struct block *allocate_last(size_t size) {
  (void)size;
  return NULL;
}
#else
static IN_SNAPSHOT struct block *unused[CLASSES];

/* What stands at the start of each chunk; its blocks follow, up to its last. */
struct chunk {
  struct chunk *before;
  unsigned char *stop;
};

static IN_SNAPSHOT _Alignas(4096) unsigned char heap[HEAP_BYTES];
static IN_SNAPSHOT struct chunk *chunks = (struct chunk *)(void *)heap;
/* Where no block has been yet, in the latest chunk. */
static IN_SNAPSHOT unsigned char *place = heap + sizeof(struct chunk), *end = heap + sizeof heap;
/* Since blocks were joined. */
static size_t given_back;

size_t heap_bytes(void) {
  return (size_t)(place - heap);
}

/* The class of a block: those of the next class are all larger. */
static unsigned class_of(size_t size) {
  unsigned power = 63 - (unsigned)__builtin_clzl(size);
  return (power - 7) * 8 + (unsigned)(size >> (power - 3) & 7);
}

static void *map(size_t size) {
  void *mapped = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return mapped == MAP_FAILED ? NULL : mapped;
}

static void add_unused(struct block *block) {
  struct block **first = &unused[class_of(block->size)];
  block->next = *first;
  *first = block;
}

void give_room(unsigned char *start, size_t size) {
  if (size < sizeof(struct chunk)) return;
  chunks->stop = place;
  struct chunk *chunk = (struct chunk *)(void *)start;
  chunk->before = chunks;
  chunks = chunk;
  place = start + sizeof *chunk;
  end = start + size;
}

/* Makes room for so many bytes; with less than a whole chunk, where there is no other. */
static bool add_chunk(size_t least) {
  unsigned char *start = NULL;
  size_t size = CHUNK_BYTES, left = (size_t)(end - place);
  while (!(start = map(size)) && size / 2 >= least + sizeof(struct chunk)) size /= 2;
  if (!start) return false;
  if (left >= SMALLEST_BYTES + sizeof(struct block)) {
    struct block *rest = (struct block *)(void *)place;
    rest->size = left - sizeof *rest;
    add_unused(rest);
    place = end;
  }
  give_room(start, size);
  return true;
}

static struct block *new_block(size_t size) {
  if ((size_t)(end - place) < size && !add_chunk(size)) return NULL;
  struct block *block = (struct block *)(void *)place;
  block->size = size - sizeof *block;
  place += size;
  return block;
}

static struct block *after(struct block *block) {
  return (struct block *)(void *)((unsigned char *)(block + 1) + block->size);
}

/* Makes one block of those that lie side by side and that nobody has. */
static void join_unused(void) {
  memset(unused, 0, sizeof unused);
  chunks->stop = place;
  for (struct chunk *chunk = chunks; chunk; chunk = chunk->before) {
    struct block *stop = (struct block *)(void *)chunk->stop, *next = NULL;
    for (struct block *block = (struct block *)(void *)(chunk + 1); block < stop; block = next) {
      next = after(block);
      if (block->next == TAKEN) continue;
      for (; next < stop && next->next != TAKEN; next = after(next)) {
        size_t both = block->size + sizeof *next + next->size;
        if (both > LARGEST_OF_CLASSES) break;
        block->size = both;
      }
      add_unused(block);
    }
  }
  given_back = 0;
}

/* Where the list of a class has a block that is large enough: one that is a little smaller than others of
 * its class must not hide them. */
static struct block **find(unsigned class, size_t size) {
  struct block **at = &unused[class];
  for (int left = MOST_SMALLER; *at && (*at)->size < size && left > 0; left--) at = &(*at)->next;
  return *at && (*at)->size >= size ? at : NULL;
}

/* A block that nobody has, and of which nobody has the rest afterwards; NULL if all are smaller. */
static struct block *reuse(size_t size) {
  unsigned class = class_of(size);
  struct block **at = find(class, size);
  while (!at && ++class < CLASSES) at = unused[class] ? &unused[class] : NULL;
  if (!at) return NULL;
  struct block *block = *at;
  *at = block->next;
  if (block->size - size < SMALLEST_BYTES + sizeof *block) return block;
  size_t left = block->size - size - sizeof *block;
  block->size = size;
  struct block *rest = after(block);
  rest->size = left;
  add_unused(rest);
  return block;
}

/* Blocks are at multiples of 16. */
static size_t rounded(size_t size) {
  return size > SMALLEST_BYTES ? (size + 15) & ~(size_t)15 : SMALLEST_BYTES;
}

/* Blocks are cut, and whoever gives one back does not know what lies beside it: a call that reads tables
 * part by part would take new memory for each part, had it not the old parts joined again. */
static struct block *allocate_small(size_t size) {
  struct block *block = reuse(size);
  if (!block && (size_t)(end - place) < sizeof *block + size && given_back >= CHUNK_BYTES) {
    join_unused();
    block = reuse(size);
  }
  return block ? block : new_block(sizeof *block + size);
}

static struct block *allocate_block(size_t size) {
  bool is_large = size > LARGEST_OF_CLASSES;
  if (!is_large) size = rounded(size);
  struct block *block = is_large ? map(sizeof *block + size) : allocate_small(size);
  if (!block) return NULL;
  if (is_large) block->size = size;
  block->next = TAKEN;
  return block;
}

static void give_back(struct block *block) {
  if (block->size > LARGEST_OF_CLASSES) (void)munmap(block, sizeof *block + block->size);
  else add_unused(block), given_back += block->size;
}

/* The same block with more room, or NULL: then another one has to be taken. */
static struct block *enlarge(struct block *block, size_t size) {
  if (block->size <= LARGEST_OF_CLASSES) return NULL;
  void *larger = mremap(block, sizeof *block + block->size, sizeof *block + size, MREMAP_MAYMOVE);
  if (larger == MAP_FAILED) return NULL;
  block = larger;
  block->size = size;
  return block;
}

/* Once the reserve is used up, too: the engine makes an error of it, which must not fail. */
static struct block *allocate_last(size_t size) {
  static _Alignas(16) unsigned char last[256 << 10];
  static size_t taken;
  size = rounded(size);
  if (size > LARGEST_OF_LAST || sizeof last - taken < sizeof(struct block) + size) return NULL;
  struct block *block = (struct block *)(void *)(last + taken);
  taken += sizeof *block + size;
  block->size = size;
  return block;
}
#endif

static struct block *block_of(const void *bytes) {
  return (struct block *)(uintptr_t)bytes - 1;
}

static size_t size_of(const void *bytes) {
  return bytes ? block_of(bytes)->size : 0;
}

static bool fits(size_t more) {
  return more <= limit && used <= limit - more;
}

static void give_up_reserve(void) {
  if (reserve != MAP_FAILED) (void)munmap(reserve, reserve_bytes);
  reserve = MAP_FAILED;
}

/* Nothing can be had: makes the reserve available to the next. */
static void *refuse(void) {
  limit = MOST_HEAP_BYTES + RESERVE_BYTES;
  give_up_reserve();
  is_refusing = true;
  return NULL;
}

JSValue without_memory(JSContext *context) {
  (void)refuse();
  return JS_ThrowOutOfMemory(context);
}

bool has_refused(void) {
  return is_refusing;
}

static void *allocate(void *opaque, size_t size) {
  (void)opaque;
  struct block *block = fits(size) ? allocate_block(size) : NULL;
  if (!block && is_refusing) block = allocate_last(size);
  if (!block) return refuse();
  used += block->size;
  return block + 1;
}

static void *allocate_zeroed(void *opaque, size_t count, size_t size) {
  if (size != 0 && count > SIZE_MAX / size) return NULL;
  void *bytes = allocate(opaque, count * size);
  return bytes ? memset(bytes, 0, count * size) : NULL;
}

static void release(void *opaque, void *bytes) {
  (void)opaque;
  if (!bytes) return;
  used -= size_of(bytes);
  give_back(block_of(bytes));
}

static void *reallocate(void *opaque, void *bytes, size_t size) {
  size_t before = size_of(bytes);
  if (bytes && size <= before) return bytes;
  if (!fits(size - before)) return refuse();
  struct block *larger = bytes ? enlarge(block_of(bytes), size) : NULL;
  if (larger) {
    used += larger->size - before;
    return larger + 1;
  }
  void *copy = allocate(opaque, size);
  if (!copy) return NULL;
  if (bytes) memcpy(copy, bytes, before);
  release(opaque, bytes);
  return copy;
}

JSRuntime *new_runtime(void) {
  static const JSMallocFunctions functions = {allocate_zeroed, allocate, release, reallocate,
                                              size_of};
  return JS_NewRuntime2(&functions, NULL);
}

/* It counts for the limit of addresses, but takes no memory. Not where nothing would be left. */
void keep_reserve(void) {
  size_t size = RESERVE_BYTES + LEFT_BYTES;
  reserve = mmap(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  reserve_bytes = RESERVE_BYTES;
  used_before = used;
  if (reserve != MAP_FAILED) (void)munmap((char *)reserve + RESERVE_BYTES, LEFT_BYTES);
}

/* What can be written to counts for the limit of data, too: giving it up makes room for as much. It takes
 * no memory either, as nobody writes to it. */
bool keep_to_undo(void) {
  const size_t more = used > used_before ? used - used_before : 0;
  const size_t size = BYTES_TO_UNDO + (more & ~(size_t)4095);
  if (reserve != MAP_FAILED && size <= reserve_bytes)
    return mprotect(reserve, size, PROT_READ | PROT_WRITE) == 0;
  give_up_reserve();
  reserve = mmap(NULL, size, PROT_READ | PROT_WRITE,
                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  reserve_bytes = size;
  return reserve != MAP_FAILED && fits(size);
}
