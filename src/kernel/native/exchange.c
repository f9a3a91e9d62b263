#include "door.h"

#include <errno.h>
#include <linux/netlink.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

/* The kernel never builds a datagram larger than this for a dump (32 KiB); a
 * single link with hundreds of virtual functions may need more. */
#define RECEIVE_BYTES (256 * 1024)

/* An answer in many parts that takes longer is given up. */
#define LONGEST_SECONDS 10

/* The sequence number of the last message in a request; false if malformed. */
static bool last_sequence(const uint8_t *request, size_t length, uint32_t *sequence) {
  bool found = false;
  while (length >= sizeof(struct nlmsghdr)) {
    struct nlmsghdr header;
    memcpy(&header, request, sizeof header);
    size_t step = NLMSG_ALIGN(header.nlmsg_len);
    if (header.nlmsg_len < sizeof header || header.nlmsg_len > length) return false;
    *sequence = header.nlmsg_seq;
    found = true;
    if (step >= length) return true;
    request += step;
    length -= step;
  }
  return found && length == 0;
}

/* Whether a datagram holds the closing answer (an acknowledgement, an error or
 * the end of a dump) to the message with this sequence number. */
static bool closes(const uint8_t *datagram, size_t length, uint32_t sequence) {
  while (length >= sizeof(struct nlmsghdr)) {
    struct nlmsghdr header;
    memcpy(&header, datagram, sizeof header);
    size_t step = NLMSG_ALIGN(header.nlmsg_len);
    if (header.nlmsg_len < sizeof header) return false;
    if (header.nlmsg_seq == sequence &&
        (header.nlmsg_type == NLMSG_ERROR || header.nlmsg_type == NLMSG_DONE))
      return true;
    if (step >= length) return false;
    datagram += step;
    length -= step;
  }
  return false;
}

/* Seconds of a clock that nobody sets; no system call. */
static time_t seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec;
}

/* Appends every answer to *answers until the one that closes `sequence`; 0 or errno. The
 * socket limits the wait for each part, this the wait for all of them. */
static int receive_until_closed(int fd, uint32_t sequence, uint8_t **answers, size_t *total) {
  size_t room = 0;
  time_t end = seconds() + LONGEST_SECONDS;
  for (;;) {
    if (room - *total < RECEIVE_BYTES) {
      room = *total * 2 + RECEIVE_BYTES;
      uint8_t *larger = realloc(*answers, room);
      if (larger == NULL) return ENOMEM;
      *answers = larger;
    }
    struct iovec part = {.iov_base = *answers + *total, .iov_len = room - *total};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    ssize_t length = recvmsg(fd, &message, 0);
    if (length < 0 && errno == EINTR) continue;
    if (length < 0) return errno == EAGAIN ? ETIMEDOUT : errno;
    if (message.msg_flags & MSG_TRUNC) return EMSGSIZE;
    bool closed = closes(*answers + *total, (size_t)length, sequence);
    *total += NLMSG_ALIGN((size_t)length);
    if (closed) return 0;
    if (seconds() > end) return ETIMEDOUT;
  }
}

/* One exchange with the kernel: what to send, and what became of it. */
struct exchange {
  int fd;
  uint32_t sequence; /* of the last message of the request */
  uint8_t *request;
  size_t request_length;
  uint8_t *answers;
  size_t answers_length;
  const char *call; /* that failed, with this errno; NULL when all went well */
  int number;
  pthread_t thread;
};

/* The kernel works through a datagram in order and inside sendto(2), so the answer
 * that closes the last message is the last of all. */
static void *carry_out(void *argument) {
  struct exchange *exchange = argument;
  struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
  ssize_t sent;
  do
    sent = sendto(exchange->fd, exchange->request, exchange->request_length, 0,
                  (struct sockaddr *)&kernel, sizeof kernel);
  while (sent < 0 && errno == EINTR);
  if (sent < 0) {
    exchange->call = "sendto";
    exchange->number = errno;
    return NULL;
  }
  exchange->number = receive_until_closed(exchange->fd, exchange->sequence, &exchange->answers,
                                          &exchange->answers_length);
  exchange->call = exchange->number == 0 ? NULL : "recvmsg";
  return NULL;
}

/* Reads the arguments (fd: number, request: Buffer) into an exchange. */
static bool describe_exchange(napi_env env, napi_callback_info info, struct exchange *exchange) {
  napi_value values[2];
  void *request;
  if (!arguments(env, info, 2, values) || !integer(env, values[0], &exchange->fd)) return false;
  if (napi_get_buffer_info(env, values[1], &request, &exchange->request_length) != napi_ok ||
      !last_sequence(request, exchange->request_length, &exchange->sequence)) {
    napi_throw_type_error(env, NULL, "a buffer of netlink messages was expected");
    return false;
  }
  exchange->request = request;
  return true;
}

/* The answers as a buffer; throws what the exchange failed with. */
static napi_value conclude(napi_env env, struct exchange *exchange) {
  napi_value result = NULL;
  if (exchange->call != NULL)
    throw_errno(env, exchange->call, exchange->number);
  else if (napi_create_buffer_copy(env, exchange->answers_length, exchange->answers, NULL,
                                   &result) != napi_ok)
    throw_errno(env, "recvmsg", ENOMEM);
  free(exchange->answers);
  return result;
}

/* transact(fd: number, request: Buffer): Buffer
 *
 * Sends one or more messages in one datagram and returns every answer, one after
 * the other. The last message must ask for an acknowledgement or be a dump. */
napi_value transact(napi_env env, napi_callback_info info) {
  struct exchange exchange = {0};
  if (!describe_exchange(env, info, &exchange)) return NULL;
  carry_out(&exchange);
  return conclude(env, &exchange);
}

/* startTransaction(fd: number, request: Buffer): handle
 *
 * The same on a thread of its own, for the one request during which the kernel
 * sleeps for longer than all the rest of a call takes. */
napi_value start_transaction(napi_env env, napi_callback_info info) {
  struct exchange described = {0};
  napi_value handle;
  if (!describe_exchange(env, info, &described)) return NULL;
  struct exchange *exchange = malloc(sizeof *exchange + described.request_length);
  if (exchange == NULL) return throw_errno(env, "malloc", ENOMEM);
  *exchange = described;
  /* The buffer of the caller may be collected while the thread runs. */
  exchange->request = memcpy(exchange + 1, described.request, described.request_length);
  int number = pthread_create(&exchange->thread, NULL, carry_out, exchange);
  if (number != 0) {
    free(exchange);
    return throw_errno(env, "pthread_create", number);
  }
  napi_create_external(env, exchange, NULL, NULL, &handle);
  return handle;
}

/* finishTransaction(handle): Buffer, once for each handle */
napi_value finish_transaction(napi_env env, napi_callback_info info) {
  napi_value handle;
  void *exchange;
  if (!arguments(env, info, 1, &handle)) return NULL;
  if (napi_get_value_external(env, handle, &exchange) != napi_ok) {
    napi_throw_type_error(env, NULL, "a started transaction was expected");
    return NULL;
  }
  pthread_join(((struct exchange *)exchange)->thread, NULL);
  napi_value result = conclude(env, exchange);
  free(exchange);
  return result;
}
