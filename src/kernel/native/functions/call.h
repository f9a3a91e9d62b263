/*
 * How JavaScript calls the core. The functions in this directory are those of the core's files, and
 * know no engine: napi.c is for Node's, src/executable/native.c for QuickJS. What an engine has to
 * provide is here.
 */
#ifndef CALL_H
#define CALL_H

#include "../core.h"

/* A call of a function. A failure or a refusal is thrown when the function returns. */
struct call;

/* Defines the function of that name; list.h has them all. The comment above each is its signature. */
#define CALL(name) void js_##name(struct call *call)

/* The arguments. `n` says which, from 0; the type is checked or converted as the engine does it. */

/* Whether all arguments could be read; an error is thrown otherwise. */
bool is_read(const struct call *call);

int32_t integer_at(struct call *call, int n);
int64_t large_integer_at(struct call *call, int n);

/* Reads at most `room` integers of an array, and returns how many it has. */
size_t integers_at(struct call *call, int n, int32_t *integers, size_t room);

/* Ends with a NUL that *length does not count. It is there until the call ends; a call has one text. */
const char *text_at(struct call *call, int n, size_t *length);

struct bytes {
  const uint8_t *start;
  size_t length;
};
struct bytes bytes_at(struct call *call, int n);

/* An offset in these bytes, which may be their end. */
size_t offset_at(struct call *call, int n, struct bytes bytes);

/* Calls a function that was given, with a copy of the bytes. False if it throws. */
bool call_function(struct call *call, int n, const uint8_t *bytes, size_t length);

/* The result; undefined if nothing is given. */

void give_number(struct call *call, int64_t number);
void give_boolean(struct call *call, bool boolean);

/* A copy. NULL means that there was no memory for it, which is thrown. */
void give_text(struct call *call, const char *text);
void give_bytes(struct call *call, const void *bytes, size_t length);

/* Gives an object with this member, or adds it to the one that is given already. */
void give_member(struct call *call, const char *name, int32_t number);

/* Errors. */

/* Throws a TypeError. Returns false. */
bool refuse(struct call *call, const char *message);

/* Whether there is no failure. Throws it otherwise. */
bool succeeds(struct call *call, struct failure failure);

/* Throws an Error that says "out of memory". */
void throw_out_of_memory(struct call *call);

/* Throws an Error with the members `errno` and `syscall`. */
void throw_failure(struct call *call, const char *message, struct failure failure);

/* What strerror(3) says on the machine that builds. */
const char *error_text(int number);

#endif
