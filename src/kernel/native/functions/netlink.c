/* Sockets of netlink and exchanges with the kernel: netlink_socket.c and exchange.c of the core. */
#include "call.h"

#include <stdlib.h>

/* openNetlinkSocket(protocol: number, timeoutMilliseconds: number): number */
CALL(openNetlinkSocket) {
  const int protocol = integer_at(call, 0), milliseconds = integer_at(call, 1);
  int fd;
  if (is_read(call) && succeeds(call, open_netlink_socket(protocol, milliseconds, &fd)))
    give_number(call, fd);
}

/* setSocketTimeout(fd: number, timeoutMilliseconds: number): void */
CALL(setSocketTimeout) {
  const int fd = integer_at(call, 0), milliseconds = integer_at(call, 1);
  if (is_read(call)) succeeds(call, set_socket_timeout(fd, milliseconds));
}

/* namespaceCookie(fd: number): number */
CALL(namespaceCookie) {
  const int fd = integer_at(call, 0);
  uint64_t cookie;
  if (is_read(call) && succeeds(call, namespace_cookie(fd, &cookie)))
    give_number(call, (int64_t)cookie);
}

/* Reads the first two arguments (fd: number, request: Buffer). */
static bool read_exchange(struct call *call, struct exchange *exchange) {
  const int fd = integer_at(call, 0);
  const struct bytes request = bytes_at(call, 1);
  return is_read(call) && (prepare_exchange(exchange, fd, request.start, request.length) ||
                           refuse(call, "a buffer of netlink messages was expected"));
}

static void give_answers(struct call *call, struct exchange *exchange, struct failure failure) {
  if (succeeds(call, failure)) give_bytes(call, exchange->answers, exchange->answers_length);
  free_answers(exchange);
}

/* transact(fd: number, request: Buffer): Buffer */
CALL(transact) {
  struct exchange exchange;
  if (!read_exchange(call, &exchange)) return;
  carry_out(&exchange);
  give_answers(call, &exchange, exchange.failure);
}

static bool hand_on(void *call, const uint8_t *datagram, size_t length) {
  return call_function(call, 2, datagram, length);
}

/* transactInParts(fd: number, request: Buffer, take: (datagram: Buffer) => void): void */
CALL(transactInParts) {
  struct exchange exchange;
  if (!read_exchange(call, &exchange)) return;
  exchange.take = hand_on;
  exchange.whose = call;
  carry_out(&exchange);
  free_answers(&exchange);
  const bool has_thrown = exchange.whose == NULL;
  if (!has_thrown) succeeds(call, exchange.failure);
}

/* A started transaction is an index into these: one at a time is all there ever is. */
#define MOST_STARTED 4
static struct exchange *started[MOST_STARTED];

/* startTransaction(fd: number, request: Buffer): number */
CALL(startTransaction) {
  struct exchange prepared;
  int index = 0;
  while (index < MOST_STARTED && started[index]) index++;
  if (index == MOST_STARTED) refuse(call, "too many transactions");
  else if (read_exchange(call, &prepared) &&
           succeeds(call, start_exchange(&prepared, &started[index])))
    give_number(call, index);
}

/* finishTransaction(transaction: number): Buffer, once for each */
CALL(finishTransaction) {
  const int index = integer_at(call, 0);
  if (!is_read(call)) return;
  if (index < 0 || index >= MOST_STARTED || !started[index]) {
    refuse(call, "the transaction is finished already");
    return;
  }
  struct exchange *exchange = started[index];
  started[index] = NULL;
  give_answers(call, exchange, finish_exchange(exchange));
  free(exchange);
}
