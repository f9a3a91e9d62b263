/* Fuzzes how the native core receives: any datagrams, as if the kernel had sent them. */
#include "../../src/kernel/native/exchange.c"

#include "mutate.h"

#include <sys/time.h>
#include <unistd.h>

static volatile uint8_t sum;

/* What was received is whole: the bindings hand these bytes on. Some takers give up. */
static bool read_all(void *left, const uint8_t *bytes, size_t length) {
  for (size_t n = 0; n < length; n++) sum ^= bytes[n];
  return (*(size_t *)left)-- > 0;
}

/* As answers, through a socket that keeps datagrams apart; and each as a request. */
static void try_datagrams(const struct datagram *datagrams, size_t count) {
  struct exchange exchange;
  size_t left = below(4);
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, ends) < 0) exit(2);
  for (size_t n = 0; n < count; n++) {
    struct exchange request;
    (void)prepare_exchange(&request, -1, datagrams[n].bytes, datagrams[n].length);
    (void)send(ends[0], datagrams[n].bytes, datagrams[n].length, 0);
  }
  exchange = (struct exchange){.fd = ends[1], .last_sequence = (uint32_t)below(4)};
  bool in_parts = below(2) == 1;
  if (in_parts) exchange.take = read_all, exchange.whose = &left;
  struct failure failure = receive_until_closed(&exchange);
  for (size_t n = 0; n < exchange.answers_length; n++) sum ^= exchange.answers[n];
  if (in_parts && exchange.answers_length > 0) abort();
  if (failure.number < 0 || exchange.answers_length % NLMSG_ALIGNTO != 0) abort();
  free_answers(&exchange);
  close(ends[0]);
  close(ends[1]);
}

int main(int argument_count, char **arguments) { return fuzz(argument_count, arguments); }
