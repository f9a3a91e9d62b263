/* What the files of the address keeper share; keeper.c says what it is. */
#define _GNU_SOURCE
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

/* What it is started with (keeper-process.ts). */
enum { EVENTS = 3, REQUESTS, JOB, ACCEPT_RA, FIRST_UNKNOWN };

/* How it ends; also the order of the lines for the log in its job. */
enum outcome { PUT_BACK, NOT_NEEDED, REFUSED, SANDBOX_GONE };

/* For a datagram of the kernel's. */
#define RECEIVE_BYTES (64 * 1024)

struct section {
  const uint8_t *start;
  uint32_t length;
};

/* The job, as keeper-job.ts writes it: a fixed part, then sections. */
struct job {
  uint32_t timeout_milliseconds, interface_index;
  uint64_t sandbox_device, sandbox_inode;
};
extern const struct job *job;
extern struct section sandbox_path, awaited, additions, log_file, log_lines[SANDBOX_GONE + 1];

/* job.c */
bool read_job(void);

/* log.c: appends the line of an outcome, unless the configuration wants none. */
void tell(enum outcome outcome, int number);

/* requests.c: sends a request; the answers go to `each`, until the one that closes it. 0 or
 * errno. */
int request(const struct nlmsghdr *header, void (*each)(struct nlmsghdr *));
/* Repeats a dump that was cut by a change. */
int dump(const struct nlmsghdr *header, void (*reset)(void), void (*each)(struct nlmsghdr *));
/* An attribute of a message, behind its fixed part; NULL if it has none. */
struct rtattr *attribute(struct nlmsghdr *header, size_t fixed, int type);

/* addresses.c: how many of the awaited addresses are there; 0 or errno. */
int count_addresses(size_t *present);

/* routes.c: deletes all routes of a family on the interface; 0 or errno. */
int delete_routes(uint8_t family);
