#include "call.h"

#include <stdio.h>
#include <string.h>

size_t offset_at(struct call *call, int n, struct bytes bytes) {
  /* A negative one becomes larger than any length. */
  const size_t offset = (size_t)integer_at(call, n);
  if (offset <= bytes.length) return offset;
  if (is_read(call)) refuse(call, "a place in a message was expected");
  return 0;
}

bool succeeds(struct call *call, struct failure failure) {
  char message[256];
  if (failure.call == NULL) return true;
  if (strcmp(failure.call, NO_MEMORY.call) == 0) {
    throw_out_of_memory(call);
    return false;
  }
  (void)snprintf(message, sizeof message, "%s: %s", failure.call, error_text(failure.number));
  throw_failure(call, message, failure);
  return false;
}
