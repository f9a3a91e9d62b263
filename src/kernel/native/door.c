/*
 * The kernel door: the few system calls JavaScript has no name for.
 *
 * Everything here blocks and runs on the calling thread, on purpose: setns(2)
 * changes the namespace of one thread only, and a plugin that lives for some
 * milliseconds has nothing else to do while the kernel works. No libuv, so the
 * same binary serves Node and Bun.
 */
#define _GNU_SOURCE
#define NAPI_VERSION 8

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <node_api.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifndef NETLINK_EXT_ACK
#define NETLINK_EXT_ACK 11
#endif
#ifndef NETLINK_GET_STRICT_CHK
#define NETLINK_GET_STRICT_CHK 12
#endif

/* The kernel never builds a datagram larger than this for a dump (32 KiB); a
 * single link with hundreds of virtual functions may need more. */
#define RECEIVE_BYTES (256 * 1024)

/* An answer in many parts that takes longer is given up. */
#define LONGEST_SECONDS 10

static napi_value throw_errno(napi_env env, const char *call, int number) {
  napi_value text, error, value;
  char message[256];
  snprintf(message, sizeof message, "%s: %s", call, strerror(number));
  napi_create_string_utf8(env, message, NAPI_AUTO_LENGTH, &text);
  napi_create_error(env, NULL, text, &error);
  napi_create_int32(env, number, &value);
  napi_set_named_property(env, error, "errno", value);
  napi_create_string_utf8(env, call, NAPI_AUTO_LENGTH, &value);
  napi_set_named_property(env, error, "syscall", value);
  napi_throw(env, error);
  return NULL;
}

/* Reads `count` arguments; false, with an exception pending, if there are fewer. */
static bool arguments(napi_env env, napi_callback_info info, size_t count, napi_value *values) {
  size_t given = count;
  if (napi_get_cb_info(env, info, &given, values, NULL, NULL) != napi_ok) return false;
  if (given < count) {
    napi_throw_type_error(env, NULL, "too few arguments");
    return false;
  }
  return true;
}

static bool integer(napi_env env, napi_value value, int32_t *number) {
  if (napi_get_value_int32(env, value, number) == napi_ok) return true;
  napi_throw_type_error(env, NULL, "a whole number was expected");
  return false;
}

/* enterNetworkNamespace(fd: number): void */
static napi_value enter_network_namespace(napi_env env, napi_callback_info info) {
  napi_value argument;
  int32_t fd;
  if (!arguments(env, info, 1, &argument) || !integer(env, argument, &fd)) return NULL;
  if (setns(fd, CLONE_NEWNET) < 0) return throw_errno(env, "setns", errno);
  return NULL;
}

/* How long sends and receives of a socket may block; 0 or -1 with errno. No time at all
 * would mean for ever. */
static int limit_waits_of(int fd, int32_t milliseconds) {
  if (milliseconds < 1) milliseconds = 1;
  struct timeval limit = {.tv_sec = milliseconds / 1000, .tv_usec = (milliseconds % 1000) * 1000};
  if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) < 0) return -1;
  return setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
}

/* limitWaits(fd: number, timeoutMilliseconds: number): void */
static napi_value limit_waits(napi_env env, napi_callback_info info) {
  napi_value values[2];
  int32_t fd, milliseconds;
  if (!arguments(env, info, 2, values) || !integer(env, values[0], &fd) ||
      !integer(env, values[1], &milliseconds))
    return NULL;
  if (limit_waits_of(fd, milliseconds) < 0) return throw_errno(env, "setsockopt", errno);
  return NULL;
}

/* openRouteSocket(timeoutMilliseconds: number): number
 *
 * A routing socket of the current network namespace; it stays in that namespace
 * wherever the thread goes later. */
static napi_value open_route_socket(napi_env env, napi_callback_info info) {
  napi_value argument, result;
  int32_t timeout;
  if (!arguments(env, info, 1, &argument) || !integer(env, argument, &timeout)) return NULL;

  int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
  if (fd < 0) return throw_errno(env, "socket", errno);

  int one = 1, buffer = 1 << 20;
  struct sockaddr_nl self = {.nl_family = AF_NETLINK};
  /* Older kernels lack some of these; nothing but comfort is lost then: the
   * kernel's explanation, a shorter acknowledgement, dumps it filters for us. */
  setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &one, sizeof one);
  setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &one, sizeof one);
  setsockopt(fd, SOL_NETLINK, NETLINK_GET_STRICT_CHK, &one, sizeof one);
  setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &buffer, sizeof buffer);
  if (limit_waits_of(fd, timeout) < 0 ||
      bind(fd, (struct sockaddr *)&self, sizeof self) < 0) {
    int number = errno;
    close(fd);
    return throw_errno(env, "bind", number);
  }
  napi_create_int32(env, fd, &result);
  return result;
}

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
static napi_value transact(napi_env env, napi_callback_info info) {
  struct exchange exchange = {0};
  if (!describe_exchange(env, info, &exchange)) return NULL;
  carry_out(&exchange);
  return conclude(env, &exchange);
}

/* startTransaction(fd: number, request: Buffer): handle
 *
 * The same on a thread of its own, for the one request during which the kernel
 * sleeps for longer than all the rest of a call takes. */
static napi_value start_transaction(napi_env env, napi_callback_info info) {
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
static napi_value finish_transaction(napi_env env, napi_callback_info info) {
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

/* tryLock(fd: number): boolean, false when another process holds the lock */
static napi_value try_lock(napi_env env, napi_callback_info info) {
  napi_value argument, result;
  int32_t fd;
  if (!arguments(env, info, 1, &argument) || !integer(env, argument, &fd)) return NULL;
  int status = flock(fd, LOCK_EX | LOCK_NB);
  if (status < 0 && errno != EWOULDBLOCK) return throw_errno(env, "flock", errno);
  napi_get_boolean(env, status == 0, &result);
  return result;
}

/* As many files as a started program is given at most. */
#define MOST_FILES 8
/* Where they are put out of the way of those they are to become. */
#define OUT_OF_THE_WAY 64

/* Reads the arguments (program: number, title: string, files: number[]). */
static bool describe_program(napi_env env, napi_callback_info info, int32_t *program, char *title,
                             size_t room, int32_t *files, uint32_t *count) {
  napi_value values[3], value;
  size_t length;
  if (!arguments(env, info, 3, values) || !integer(env, values[0], program)) return false;
  if (napi_get_value_string_utf8(env, values[1], title, room, &length) != napi_ok ||
      napi_get_array_length(env, values[2], count) != napi_ok || *count > MOST_FILES) {
    napi_throw_type_error(env, NULL, "a title and a few files were expected");
    return false;
  }
  for (uint32_t n = 0; n < *count; n++)
    if (napi_get_element(env, values[2], n, &value) != napi_ok || !integer(env, value, &files[n]))
      return false;
  return true;
}

/* startProgram(program: number, title: string, files: number[]): number
 *
 * The C library's spawn shares the memory until the program runs: a fork would copy
 * the page tables of a JavaScript engine, and must not do much among its threads. */
static napi_value start_program(napi_env env, napi_callback_info info) {
  int32_t program, files[MOST_FILES];
  uint32_t count;
  char title[256], path[32];
  if (!describe_program(env, info, &program, title, sizeof title, files, &count)) return NULL;

  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  sigset_t none, all;
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawn_file_actions_init(&actions);
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &all);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK |
                                            POSIX_SPAWN_SETSIGDEF);
  for (int stream = 0; stream <= 2; stream++)
    posix_spawn_file_actions_addopen(&actions, stream, "/dev/null", O_RDWR, 0);
  int away[MOST_FILES + 1];
  away[count] = fcntl(program, F_DUPFD_CLOEXEC, OUT_OF_THE_WAY);
  for (uint32_t n = 0; n < count; n++) {
    away[n] = fcntl(files[n], F_DUPFD_CLOEXEC, OUT_OF_THE_WAY);
    posix_spawn_file_actions_adddup2(&actions, away[n], 3 + (int)n);
  }
  snprintf(path, sizeof path, "/proc/self/fd/%d", away[count]);
  char *words[] = {title, NULL}, *environment[] = {NULL};
  pid_t pid;
  int number = posix_spawn(&pid, path, &actions, &attributes, words, environment);
  for (uint32_t n = 0; n <= count; n++) close(away[n]);
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  if (number != 0) return throw_errno(env, "posix_spawn", number);
  napi_value result;
  napi_create_int32(env, pid, &result);
  return result;
}

/* waitForProgram(pid: number): number, its exit status, or -1 where a signal ended it */
static napi_value wait_for_program(napi_env env, napi_callback_info info) {
  napi_value argument, result;
  int32_t pid;
  int status;
  if (!arguments(env, info, 1, &argument) || !integer(env, argument, &pid)) return NULL;
  while (waitpid(pid, &status, 0) < 0)
    if (errno != EINTR) return throw_errno(env, "waitpid", errno);
  napi_create_int32(env, WIFEXITED(status) ? WEXITSTATUS(status) : -1, &result);
  return result;
}

/* describeErrno(number: number): string, in the words of the C library */
static napi_value describe_errno(napi_env env, napi_callback_info info) {
  napi_value argument, result;
  int32_t number;
  if (!arguments(env, info, 1, &argument) || !integer(env, argument, &number)) return NULL;
  napi_create_string_utf8(env, strerror(number), NAPI_AUTO_LENGTH, &result);
  return result;
}

/* addressText(bytes: Buffer): string, of 4 or 16 bytes */
static napi_value address_text(napi_env env, napi_callback_info info) {
  napi_value argument, result;
  void *bytes;
  size_t length;
  char text[INET6_ADDRSTRLEN];
  if (!arguments(env, info, 1, &argument)) return NULL;
  if (napi_get_buffer_info(env, argument, &bytes, &length) != napi_ok ||
      (length != 4 && length != 16)) {
    napi_throw_type_error(env, NULL, "an address of 4 or 16 bytes was expected");
    return NULL;
  }
  inet_ntop(length == 4 ? AF_INET : AF_INET6, bytes, text, sizeof text);
  napi_create_string_utf8(env, text, NAPI_AUTO_LENGTH, &result);
  return result;
}

/* addressBytes(text: string): Buffer of 4 or 16 bytes */
static napi_value address_bytes(napi_env env, napi_callback_info info) {
  napi_value argument, result;
  char text[INET6_ADDRSTRLEN + 1];
  size_t length;
  uint8_t bytes[16];
  if (!arguments(env, info, 1, &argument)) return NULL;
  int family = 0;
  if (napi_get_value_string_utf8(env, argument, text, sizeof text, &length) == napi_ok)
    family = inet_pton(AF_INET, text, bytes) == 1    ? AF_INET
             : inet_pton(AF_INET6, text, bytes) == 1 ? AF_INET6
                                                     : 0;
  if (family == 0) {
    napi_throw_type_error(env, NULL, "the text of an IP address was expected");
    return NULL;
  }
  napi_create_buffer_copy(env, family == AF_INET ? 4 : 16, bytes, NULL, &result);
  return result;
}

NAPI_MODULE_INIT() {
  const napi_property_descriptor door[] = {
      {"enterNetworkNamespace", NULL, enter_network_namespace, NULL, NULL, NULL, napi_default, NULL},
      {"openRouteSocket", NULL, open_route_socket, NULL, NULL, NULL, napi_default, NULL},
      {"limitWaits", NULL, limit_waits, NULL, NULL, NULL, napi_default, NULL},
      {"transact", NULL, transact, NULL, NULL, NULL, napi_default, NULL},
      {"startTransaction", NULL, start_transaction, NULL, NULL, NULL, napi_default, NULL},
      {"finishTransaction", NULL, finish_transaction, NULL, NULL, NULL, napi_default, NULL},
      {"tryLock", NULL, try_lock, NULL, NULL, NULL, napi_default, NULL},
      {"startProgram", NULL, start_program, NULL, NULL, NULL, napi_default, NULL},
      {"waitForProgram", NULL, wait_for_program, NULL, NULL, NULL, napi_default, NULL},
      {"addressText", NULL, address_text, NULL, NULL, NULL, napi_default, NULL},
      {"addressBytes", NULL, address_bytes, NULL, NULL, NULL, napi_default, NULL},
      {"describeErrno", NULL, describe_errno, NULL, NULL, NULL, napi_default, NULL},
  };
  napi_define_properties(env, exports, sizeof door / sizeof *door, door);
  return exports;
}
