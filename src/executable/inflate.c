/*
 * Decompresses what few calls need, the bytecode of modules and the address keeper: what deflate has
 * made of it (RFC 1951) when the program was built. It is part of the executable's file, and so believed.
 */
#include "host.h"

#define MOST_BITS 15
#define LITERALS 288
#define DISTANCES 30
#define END_OF_BLOCK 256

struct reader {
  const uint8_t *at;
  uint32_t bits;
  unsigned count;
};

static unsigned take_bits(struct reader *reader, unsigned count) {
  for (; reader->count < count; reader->count += 8)
    reader->bits |= (uint32_t)*reader->at++ << reader->count;
  unsigned value = reader->bits & ((1u << count) - 1);
  reader->bits >>= count;
  reader->count -= count;
  return value;
}

/* A Huffman code: how many symbols have each length, and the symbols by their codes. */
struct code {
  uint16_t counts[MOST_BITS + 1], symbols[LITERALS];
};

static void make_code(struct code *code, const uint8_t *lengths, unsigned count) {
  uint16_t places[MOST_BITS + 2] = {0};
  for (unsigned n = 0; n <= MOST_BITS; n++) code->counts[n] = 0;
  for (unsigned n = 0; n < count; n++) code->counts[lengths[n]]++;
  code->counts[0] = 0;
  for (unsigned n = 1; n <= MOST_BITS; n++)
    places[n + 1] = (uint16_t)(places[n] + code->counts[n]);
  for (unsigned n = 0; n < count; n++)
    if (lengths[n]) code->symbols[places[lengths[n]]++] = (uint16_t)n;
}

static unsigned take_symbol(struct reader *reader, const struct code *code) {
  unsigned value = 0, first = 0, place = 0;
  for (unsigned length = 1; length <= MOST_BITS; length++) {
    value |= take_bits(reader, 1);
    unsigned count = code->counts[length];
    if (value - first < count) return code->symbols[place + value - first];
    place += count;
    first = (first + count) << 1;
    value <<= 1;
  }
  give_up("a module of the program is damaged");
}

/* How many bytes a symbol stands for. */
static unsigned take_length(struct reader *reader, unsigned symbol) {
  unsigned n = symbol - 257;
  if (n < 8) return n + 3;
  if (n == 28) return 258;
  unsigned bits = (n - 4) >> 2;
  return ((4 + (n & 3)) << bits) + 3 + take_bits(reader, bits);
}

/* How far before them the same bytes are. */
static unsigned take_distance(struct reader *reader, unsigned symbol) {
  if (symbol < 2) return symbol + 1;
  unsigned bits = (symbol >> 1) - 1;
  return ((2 + (symbol & 1)) << bits) + 1 + take_bits(reader, bits);
}

static uint8_t *copy_stored(struct reader *reader, uint8_t *to) {
  (void)take_bits(reader, reader->count % 8);
  unsigned length = take_bits(reader, 16);
  (void)take_bits(reader, 16);
  while (length-- > 0) *to++ = (uint8_t)take_bits(reader, 8);
  return to;
}

static void make_fixed_codes(struct code *literals, struct code *distances) {
  uint8_t lengths[LITERALS];
  for (unsigned n = 0; n < LITERALS; n++) lengths[n] = n < 144 ? 8 : n < 256 ? 9 : n < 280 ? 7 : 8;
  make_code(literals, lengths, LITERALS);
  for (unsigned n = 0; n < DISTANCES; n++) lengths[n] = 5;
  make_code(distances, lengths, DISTANCES);
}

static void take_codes(struct reader *reader, struct code *literals, struct code *distances) {
  static const uint8_t ORDER[] = {16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15};
  uint8_t lengths[LITERALS + DISTANCES + 2] = {0};
  unsigned of_literals = take_bits(reader, 5) + 257, of_distances = take_bits(reader, 5) + 1;
  unsigned given = take_bits(reader, 4) + 4;
  for (unsigned n = 0; n < given; n++) lengths[ORDER[n]] = (uint8_t)take_bits(reader, 3);
  make_code(literals, lengths, COUNT(ORDER));
  for (unsigned n = 0; n < of_literals + of_distances;) {
    unsigned symbol = take_symbol(reader, literals), times = 1;
    uint8_t length = symbol < 16 ? (uint8_t)symbol : 0;
    if (symbol == 16) {
      length = lengths[n - 1];
      times = 3 + take_bits(reader, 2);
    } else if (symbol > 16) {
      times = symbol == 17 ? 3 + take_bits(reader, 3) : 11 + take_bits(reader, 7);
    }
    while (times-- > 0) lengths[n++] = length;
  }
  make_code(literals, lengths, of_literals);
  make_code(distances, lengths + of_literals, of_distances);
}

static uint8_t *take_block(struct reader *reader, uint8_t *to, const struct code *literals,
                           const struct code *distances) {
  for (;;) {
    unsigned symbol = take_symbol(reader, literals);
    if (symbol == END_OF_BLOCK) return to;
    if (symbol < END_OF_BLOCK) {
      *to++ = (uint8_t)symbol;
      continue;
    }
    unsigned length = take_length(reader, symbol);
    const uint8_t *from = to - take_distance(reader, take_symbol(reader, distances));
    while (length-- > 0) *to++ = *from++;
  }
}

void inflate(const uint8_t *packed, uint8_t *to) {
  struct reader reader = {.at = packed};
  struct code literals, distances;
  for (bool is_last = false; !is_last;) {
    is_last = take_bits(&reader, 1);
    unsigned kind = take_bits(&reader, 2);
    if (kind == 0) {
      to = copy_stored(&reader, to);
      continue;
    }
    if (kind == 1) make_fixed_codes(&literals, &distances);
    else take_codes(&reader, &literals, &distances);
    to = take_block(&reader, to, &literals, &distances);
  }
}
