/*
 * The native core: the few system calls JavaScript has no name for, in plain C.
 *
 * Everything here blocks and runs on the calling thread, on purpose: setns(2) changes the
 * namespace of one thread only, and a plugin that lives for some milliseconds has nothing
 * else to do while the kernel works. A JavaScript engine gets it by a thin binding, such as
 * napi.c for Node; no binding does anything that another would have to do, too.
 */
#ifndef CORE_H
#define CORE_H

#include <netinet/in.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* How a call went: the name of the system call that failed, and its errno. */
struct failure {
  const char *call; /* NULL where nothing failed */
  int number;
};

/* core.c */

/* Moves the calling thread into the network namespace open as `fd`. */
struct failure enter_network_namespace(int fd);

/* Takes an exclusive flock(2) without waiting; *taken is false when another process has it. */
struct failure try_lock(int fd, bool *taken);

/* Writes the usual text of 4 or 16 bytes; false for another length. */
bool address_text(const uint8_t *bytes, size_t length, char text[INET6_ADDRSTRLEN]);

/* The bytes of an address, and how many they are: 4, 16, or 0 where the text is none. */
size_t address_bytes(const char *text, uint8_t bytes[16]);

/* route_socket.c */

/* Opens a routing socket of the current network namespace. It stays in that namespace
 * wherever the thread goes later, and hears nobody but the kernel. */
struct failure open_route_socket(int timeout_milliseconds, int *fd);

/* Has the sends and receives of a socket fail with ETIMEDOUT after so long. */
struct failure set_socket_timeout(int fd, int timeout_milliseconds);

/* exchange.c */

/* One exchange with the kernel: a datagram of one or more messages and all that is
 * answered. The last message must ask for an acknowledgement or be a dump. */
struct exchange {
  int fd;
  const uint8_t *request;
  size_t request_length;
  uint32_t last_sequence; /* the sequence number of the last message of the request */
  uint8_t *answers;       /* one after the other, each aligned; to be freed */
  size_t answers_length;
  struct failure failure;
  pthread_t thread;
};

/* Prepares an exchange; false where the request is not made of netlink messages. The request
 * is not copied. */
bool prepare_exchange(struct exchange *exchange, int fd, const uint8_t *request, size_t length);

/* Sends the request and waits for all answers. */
void carry_out(struct exchange *exchange);

/* Does the same on a thread of its own, for the one request during which the kernel sleeps
 * for longer than all the rest of a call takes. *started has a copy of the request; it is to
 * be freed after finish_exchange. */
struct failure start_exchange(const struct exchange *prepared, struct exchange **started);

/* Waits for a started exchange. */
struct failure finish_exchange(struct exchange *exchange);

/* program.c */

/* As many files as a program is given at most, and as long as its title is with its NUL. */
#define MOST_FILES 8
#define TITLE_BYTES 256

/* Starts the executable file open as `program`: a session of its own, no environment,
 * nothing on its standard streams, `files` as its descriptors from 3 on, and `title` for ps
 * to show. */
struct failure start_program(int program, const char *title, const int *files, size_t count,
                             pid_t *pid);

/* Waits for its end; *status is its exit status, or -1 where a signal ended it. */
struct failure wait_for_program(pid_t pid, int *status);

#endif
