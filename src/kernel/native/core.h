/*
 * The native core: system calls that Node has no function for, in plain C.
 *
 * Calls block the calling thread on purpose (except start_exchange and start_program). setns(2)
 * affects only one thread, and a plugin that runs for milliseconds has nothing else to do while the
 * kernel works. functions/ has what JavaScript calls of it.
 */
#ifndef CORE_H
#define CORE_H

#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <spawn.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* The outcome of a call: the name of the system call that failed, and its errno. */
struct failure {
  const char *call; /* NULL on success */
  int number;
};

/* This process could have no memory: not the kernel's ENOMEM, which is that of a system call. */
#define NO_MEMORY ((struct failure){"malloc", ENOMEM})

/* process.c */

/* Moves the calling thread into the network namespace open as `fd`. */
struct failure enter_network_namespace(int fd);

/* Takes a flock(2), LOCK_SH or LOCK_EX, without waiting; *taken is false when another process has it. */
struct failure try_lock(int fd, int operation, bool *taken);

/* Waits for SIGTERM or SIGINT, also as the first process of a container, which neither would end
 * otherwise. */
struct failure wait_for_termination(void);

/* The names of the next entries of a directory that is open, each with a slash behind it; empty at the end.
 * A pod decides how many files are in some. */
#define ENTRIES_BYTES 4096
struct failure next_entries(int fd, char names[ENTRIES_BYTES]);

/* addresses.c */

/* inet_ntop(3) of 4 or 16 bytes; false for another length. */
bool address_text(const uint8_t *bytes, size_t length, char text[INET6_ADDRSTRLEN]);

/* inet_pton(3) of the first `length` characters. Returns the number of bytes: 4, 16, or 0 if they are
 * not an address. */
size_t address_bytes(const char *text, size_t length, uint8_t bytes[16]);

/* Addresses of one size, 4 or 16 bytes each, as text with a space between; false for another size.
 * *text is allocated; NULL if that fails. */
bool address_list_text(const uint8_t *bytes, size_t length, size_t size, char **text);

/* The addresses of such a text; false if they are not all of the same size or something else is in
 * the text. *bytes is allocated; NULL if that fails. */
bool address_list_bytes(const char *text, uint8_t **bytes, size_t *length);

/* netlink_socket.c */

/* Opens a netlink socket of a protocol (NETLINK_*) in the current network namespace. It stays in that
 * namespace when the thread enters another one. It receives messages of the kernel only. */
struct failure open_netlink_socket(int protocol, int timeout_milliseconds, int *fd);

/* Sets the send and receive timeouts of a socket. After them, calls fail with ETIMEDOUT. */
struct failure set_socket_timeout(int fd, int timeout_milliseconds);

/* The cookie (SO_NETNS_COOKIE) of a socket's network namespace: unlike the inode number, no later
 * namespace gets it. *cookie is 0 before Linux 5.14. */
struct failure namespace_cookie(int fd, uint64_t *cookie);

/* sysfs.c */

/* Mounts the sysfs of the current network namespace, attached to no directory. *fd is its root, or
 * -1 where this kernel (before Linux 5.2) or this process (without CAP_SYS_ADMIN) cannot. */
struct failure open_sysfs(int *fd);

/* What a namespace's sysfs has in a directory of network devices ("devices/virtual/net"). */
struct device_search {
  int index; /* of the device with the wanted inode number; 0 if it is not there */
  int count; /* of all devices there */
};

/* Looks for the network device whose own directory has this inode number. It may be renamed
 * meanwhile, by whoever is in that namespace. */
struct failure find_device(int sysfs, const char *directory, uint64_t inode,
                           struct device_search *found);

/* Devices of a namespace. `beneath` is the index of the device that one was made on, there or in
 * another namespace; its own index if there is none. */
struct listed_devices {
  struct listed_device {
    int32_t index, beneath;
    uint32_t inode_low, inode_high;
  } *start; /* to be freed, also after a failure */
  size_t count, room;
  bool is_there; /* the device or the directory that was asked for */
};

/* Lists the devices that are above the device whose own directory has this inode number: were made on
 * it, or have it as a port. `path` is its directory, or the directory that this is in. With 0 in place of
 * the inode number, lists those that are links in the directory `path`. What is renamed meanwhile may be
 * missed. *devices is all zero before. */
struct failure list_devices(int sysfs, const char *path, uint64_t inode,
                            struct listed_devices *devices);

/* open_files.c */

/* The inode number of the namespace of any kind to which a path leads; 0 if it leads to something else.
 * No server of a file system is asked, which might never answer. */
struct failure namespace_inode(const char *path, uint64_t *inode);

/* Whether two threads have the same table of open files. False where the kernel or the rights of this
 * process do not tell. */
bool share_files(pid_t one, pid_t other);

/* exchange.c */

/* Takes one datagram of an answer, aligned, which is its own only until it returns. After false, the
 * rest of the answer is received all the same, but nobody gets it. */
typedef bool taker(void *whose, const uint8_t *datagram, size_t length);

/* One exchange with the kernel: a datagram of one or more requests, and all answers. The last
 * request must ask for an acknowledgement or be a dump. */
struct exchange {
  int fd;
  const uint8_t *request;
  size_t request_length;
  uint32_t last_sequence; /* of the last message in the request */
  taker *take;            /* gets each datagram of the answers; NULL: all are kept */
  void *whose;
  uint8_t *answers; /* concatenated, each aligned; for free_answers */
  size_t answers_length, room;
  struct failure failure;
  pthread_t thread;
  bool in_thread; /* else it is done already */
};

/* Prepares an exchange; false if the request is not a sequence of netlink messages. Does not copy
 * the request. */
bool prepare_exchange(struct exchange *exchange, int fd, const uint8_t *request, size_t length);

void free_answers(struct exchange *exchange);

/* Sends the request and waits for all answers. */
void carry_out(struct exchange *exchange);

/* Like carry_out, but on a new thread if there can be one. For the move between namespaces, during which the kernel
 * sleeps (RCU) for most of the time of an ADD. *started has a copy of the request; free it after
 * finish_exchange. */
struct failure start_exchange(const struct exchange *prepared, struct exchange **started);

/* Waits for a started exchange. */
struct failure finish_exchange(struct exchange *exchange);

/* routes.c */

/* Attributes of routes, one behind the other. A route is wanted that has one of these, or a nexthop
 * through a device that one of these (RTA_OIF) names, or that names no device but a nexthop object. */
struct wanted {
  const uint8_t *attributes;
  size_t length;
};

/* Whether the route at this place of a datagram is wanted. */
bool is_wanted_route(const uint8_t *bytes, size_t length, size_t at, const struct wanted *wanted);

/* Passes by routes that share their destination with none that is wanted: the kernel lists those of
 * one destination one behind the other. What it gives every device (fe80::/64, ff00::/8) is taken for
 * shared with none. Returns where the first begins that is not passed by; those of the last
 * destination in a datagram never are. `before` is where the route before begins, or is `at`. */
size_t pass_routes(const uint8_t *bytes, size_t length, size_t before, size_t at,
                   const struct wanted *wanted);

/* A number that is the same for the same routes in a datagram, in whatever order and without the time
 * that they have left: sums of it compare dumps. Only those count that have one of the attributes, or a
 * nexthop through a device that one of these (RTA_OIF) names; all, if there are no attributes. One
 * without a destination counts as if it had RTA_DST with sixteen zeros. */
uint32_t digest_of_routes(const uint8_t *bytes, size_t length, const struct wanted *wanted);

/* The bytes in which messages differ from a model: `size` bytes at `from` of each message from the
 * beginning of `bytes` on, as long as they differ in nothing else. *taken is how many bytes these
 * are. They are allocated; NULL if that fails, or there are none. */
uint8_t *differences(const uint8_t *bytes, size_t length, const uint8_t *model, size_t model_length,
                     size_t from, size_t size, size_t *taken);

/* announce.c */

/* How many frames one announcement can have. */
#define MOST_FRAMES 64

/* Frames to send from a device of the current namespace, once each. */
struct announcement {
  int index;             /* of the device */
  const uint8_t *frames; /* each after two bytes with its length */
  size_t length;
  int milliseconds; /* how long to wait for the carrier, and for IPv6 addresses to be usable */
};

/* Starts a process that sends the frames once the device has its carrier. It has no file and no
 * capability besides a packet socket, and ends when all is sent, when the device has left the
 * namespace, or when the time is over. */
struct failure start_announcement(const struct announcement *announcement, pid_t *pid);

/* Of the engine, for a child that only makes system calls from then on: gives back all memory of the call but
 * the stack. */
void release_memory(void);

/* program.c */

/* Has a new process start in a new session, with no signal blocked or ignored; 0 or errno. */
int arrange_process(posix_spawnattr_t *attributes);

/* Maximum number of files passed to a program, and maximum size of its title with the NUL. */
#define MOST_FILES 8
#define TITLE_BYTES 256

/* Starts the executable file open as `program`: in a new session, with an empty environment,
 * /dev/null as standard streams, `files` as descriptors 3, 4, ..., and `title` shown by ps. */
struct failure start_program(int program, const char *title, const int *files, size_t count,
                             pid_t *pid);

/* Waits for a program to end; *status is its exit status, or -1 if a signal ended it. */
struct failure wait_for_program(pid_t pid, int *status);

/* Opens a process (pidfd_open); *fd is -1 if there is none of that id, or before Linux 5.3. */
struct failure open_process(pid_t pid, int *fd);

/* Kills an open process: that one, whoever has its id now. */
struct failure kill_process(int fd);

/* bpf.c */

/* A program attached to a device, and the link that holds it there, or 0. */
struct attached {
  uint32_t program, link;
};
#define MOST_PROGRAMS 64

/* The tcx programs of a device in the thread's network namespace; `type` is BPF_TCX_INGRESS or
 * BPF_TCX_EGRESS. None where the kernel has no tcx, or does not tell this process. */
struct failure tcx_programs(int index, int type, struct attached *found, size_t room,
                            size_t *count);

/* Detaches a tcx program that no link holds. */
struct failure detach_tcx(int index, int type, uint32_t program);

/* Detaches what a link holds, whoever has that link. */
struct failure detach_link(uint32_t link);

/* Finds the link that holds an XDP program on a device; *link is 0 if there is none. ENOTUNIQ if
 * devices of that index with that program are in several namespaces. */
struct failure find_xdp_link(int index, uint32_t program, uint32_t *link);

/* ethtool.c */

/* 32 features (offloads) of a device: which can be changed, and which of them are asked for. */
struct feature_block {
  uint32_t mask, on;
};
#define MOST_FEATURE_BLOCKS 8

/* The features of a device in the namespace of a socket of any kind; *found has room for
 * MOST_FEATURE_BLOCKS. */
struct failure read_features(int fd, const char *name, struct feature_block *found, size_t *count);

/* Asks for features of a device: those of the mask, on or off. It takes as many blocks as were read. */
struct failure change_features(int fd, const char *name, const struct feature_block *wanted,
                               size_t count);

#endif
