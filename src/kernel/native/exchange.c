#define _GNU_SOURCE
#include "core.h"

#include <errno.h>
#include <linux/netlink.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

/* The kernel builds no larger datagram than 32 KiB for a dump, but a single link with hundreds of
 * virtual functions may need more. */
#define RECEIVE_BYTES (256 * 1024)

/* So much room is there at first: the answers of most exchanges, and the next datagram. */
#define FIRST_ROOM_BYTES (RECEIVE_BYTES + 64 * 1024)

/* The room of an exchange before, for the next: it is new memory of the kernel's otherwise, at each. */
static uint8_t *_Atomic spare;

/* Timeout for all parts of an answer together, without the time that their taker needs. */
#define LONGEST_SECONDS 10

/* Reads the header at *at and steps over its message. Returns false at the end, or if the message's
 * length is invalid. */
static bool next_header(const uint8_t **at, size_t *left, struct nlmsghdr *header) {
  if (*left < sizeof *header) return false;
  memcpy(header, *at, sizeof *header);
  if (header->nlmsg_len < sizeof *header || header->nlmsg_len > *left) return false;
  /* The last message may lack the padding. */
  size_t step = NLMSG_ALIGN((size_t)header->nlmsg_len);
  if (step > *left) step = *left;
  *at += step;
  *left -= step;
  return true;
}

bool prepare_exchange(struct exchange *exchange, int fd, const uint8_t *request, size_t length) {
  struct nlmsghdr header;
  *exchange = (struct exchange){.fd = fd, .request = request, .request_length = length};
  if (length == 0) return false;
  while (next_header(&request, &length, &header)) exchange->last_sequence = header.nlmsg_seq;
  return length == 0;
}

/* Whether a datagram holds the closing answer (an acknowledgement, an error or the end of a
 * dump) to the message with this sequence number. */
static bool closes(const uint8_t *datagram, size_t length, uint32_t sequence) {
  struct nlmsghdr header;
  while (next_header(&datagram, &length, &header))
    if (header.nlmsg_seq == sequence &&
        (header.nlmsg_type == NLMSG_ERROR || header.nlmsg_type == NLMSG_DONE))
      return true;
  return false;
}

/* Monotonic time in seconds. Through the vDSO: no system call, and it cannot fail. */
static time_t seconds(void) {
  struct timespec now = {0};
  (void)clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec;
}

/* Keeps a datagram that was received behind the answers, or hands it on; returns how long that
 * took, in seconds. */
static time_t keep(struct exchange *exchange, uint8_t *datagram, size_t length) {
  size_t aligned = NLMSG_ALIGN(length);
  memset(datagram + length, 0, aligned - length);
  if (exchange->take == NULL) {
    exchange->answers_length += aligned;
    return 0;
  }
  time_t before = seconds();
  if (exchange->whose != NULL && !exchange->take(exchange->whose, datagram, aligned))
    exchange->whose = NULL;
  return seconds() - before;
}

/* Makes room for one more datagram; false if there is no memory. */
static bool make_room(struct exchange *exchange) {
  if (exchange->room - exchange->answers_length >= RECEIVE_BYTES) return true;
  size_t room = exchange->answers_length * 2 + FIRST_ROOM_BYTES;
  uint8_t *larger = exchange->room == 0 ? atomic_exchange(&spare, NULL) : NULL;
  if (larger == NULL) larger = realloc(exchange->answers, room);
  if (larger == NULL) return false;
  exchange->answers = larger;
  exchange->room = room;
  return true;
}

void free_answers(struct exchange *exchange) {
  uint8_t *room = exchange->answers;
  if (exchange->room == FIRST_ROOM_BYTES) room = atomic_exchange(&spare, room);
  free(room);
}

/* Drops what came after all before an answer found no room: the next exchange needs the room. */
static void drop_rest(int fd) {
  uint8_t byte;
  while (recv(fd, &byte, sizeof byte, MSG_DONTWAIT) >= 0) continue;
}

/* Receives all answers up to the one that ends the exchange. SO_RCVTIMEO limits the wait for each
 * part; LONGEST_SECONDS limits the total. */
static struct failure receive_until_closed(struct exchange *exchange) {
  for (time_t end = seconds() + LONGEST_SECONDS; seconds() <= end;) {
    if (!make_room(exchange)) return NO_MEMORY;
    uint8_t *place = exchange->answers + exchange->answers_length;
    struct sockaddr_nl sender = {0};
    struct iovec part = {.iov_base = place, .iov_len = exchange->room - exchange->answers_length};
    struct msghdr message = {
        .msg_name = &sender, .msg_namelen = sizeof sender, .msg_iov = &part, .msg_iovlen = 1};
    ssize_t received = recvmsg(exchange->fd, &message, 0);
    if (received < 0 && errno == EINTR) continue;
    if (received < 0) {
      const int number = errno;
      if (number == ENOBUFS) drop_rest(exchange->fd);
      return (struct failure){"recvmsg", number == EAGAIN ? ETIMEDOUT : number};
    }
    if (sender.nl_pid != 0) continue;
    if (message.msg_flags & MSG_TRUNC) return (struct failure){"recvmsg", EMSGSIZE};
    size_t length = (size_t)received;
    end += keep(exchange, place, length);
    if (closes(place, length, exchange->last_sequence)) return (struct failure){0};
  }
  return (struct failure){"recvmsg", ETIMEDOUT};
}

/* The kernel handles the messages of a datagram in order, inside sendto(2). So the answer that ends
 * the last message comes last. Nothing is asked without room for the answer. */
void carry_out(struct exchange *exchange) {
  const struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
  ssize_t sent;
  if (!make_room(exchange)) {
    exchange->failure = NO_MEMORY;
    return;
  }
  do
    sent = sendto(exchange->fd, exchange->request, exchange->request_length, 0,
                  (const struct sockaddr *)&kernel, sizeof kernel);
  while (sent < 0 && errno == EINTR);
  if (sent < 0) {
    exchange->failure = (struct failure){"sendto", errno};
    return;
  }
  exchange->failure = receive_until_closed(exchange);
}

static void *carry_out_in_thread(void *exchange) {
  carry_out(exchange);
  return NULL;
}

struct failure start_exchange(const struct exchange *prepared, struct exchange **started) {
  struct exchange *exchange = malloc(sizeof *exchange + prepared->request_length);
  if (exchange == NULL) return NO_MEMORY;
  *exchange = *prepared;
  /* Copied, because the caller may free its request while the thread runs. */
  exchange->request = memcpy(exchange + 1, prepared->request, prepared->request_length);
  exchange->in_thread = pthread_create(&exchange->thread, NULL, carry_out_in_thread, exchange) == 0;
  /* Without room for another thread it only takes longer. */
  if (!exchange->in_thread) carry_out(exchange);
  *started = exchange;
  return (struct failure){0};
}

struct failure finish_exchange(struct exchange *exchange) {
  int number = exchange->in_thread ? pthread_join(exchange->thread, NULL) : 0;
  return number == 0 ? exchange->failure : (struct failure){"pthread_join", number};
}
