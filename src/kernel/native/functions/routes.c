/* Routes in the datagrams of a dump: routes.c of the core. */
#include "call.h"

#include <stdlib.h>

static struct wanted wanted_at(struct call *call, int n) {
  const struct bytes attributes = bytes_at(call, n);
  return (struct wanted){attributes.start, attributes.length};
}

/* isWantedRoute(bytes: Buffer, at: number, wanted: Buffer): boolean */
CALL(isWantedRoute) {
  const struct bytes bytes = bytes_at(call, 0);
  const size_t at = offset_at(call, 1, bytes);
  const struct wanted wanted = wanted_at(call, 2);
  if (is_read(call)) give_boolean(call, is_wanted_route(bytes.start, bytes.length, at, &wanted));
}

/* passRoutes(bytes: Buffer, before: number, at: number, wanted: Buffer): number */
CALL(passRoutes) {
  const struct bytes bytes = bytes_at(call, 0);
  const size_t before = offset_at(call, 1, bytes), at = offset_at(call, 2, bytes);
  const struct wanted wanted = wanted_at(call, 3);
  if (!is_read(call)) return;
  give_number(call, (int64_t)pass_routes(bytes.start, bytes.length, before, at, &wanted));
}

/* digestOfRoutes(bytes: Buffer, wanted: Buffer): number */
CALL(digestOfRoutes) {
  const struct bytes bytes = bytes_at(call, 0);
  const struct wanted wanted = wanted_at(call, 1);
  if (is_read(call)) give_number(call, digest_of_routes(bytes.start, bytes.length, &wanted));
}

/* differences(bytes: Buffer, at: number, model: Buffer, from: number, size: number):
 * Buffer or undefined */
CALL(differences) {
  const struct bytes bytes = bytes_at(call, 0), model = bytes_at(call, 2);
  const size_t at = offset_at(call, 1, bytes);
  const size_t from = offset_at(call, 3, model), size = offset_at(call, 4, model);
  size_t taken;
  if (!is_read(call)) return;
  uint8_t *found = differences(bytes.start + at, bytes.length - at, model.start, model.length, from,
                               size, &taken);
  if (taken > 0) give_bytes(call, found, taken);
  free(found);
}
