/*
 * A pod that hides a device, and has its descriptors lead to a namespace at one moment and to a FIFO
 * without a writer at the next.
 *
 * It begins in a namespace of its own and waits for a byte on stdin: by then the device is there. From
 * then on only a socket keeps that namespace alive.
 */
#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define NAMESPACES 8

/* Two descriptors, of which one at least leads to a namespace at each moment, and neither for long. */
struct pair {
  int first, second;
};

static int checked(int result, const char *what) {
  if (result < 0) err(1, "%s", what);
  return result;
}

static void enter_new_namespace(void) {
  checked(unshare(CLONE_NEWNET), "unshare");
}

static void say(const char *what) {
  puts(what);
  fflush(stdout);
}

static struct pair open_pair(int fifo) {
  enter_new_namespace();
  const int namespace = checked(open("/proc/self/ns/net", O_RDONLY), "open");
  return (struct pair){namespace, checked(dup(fifo), "dup")};
}

static void flip(struct pair *pair, int fifo) {
  dup2(pair->first, pair->second);
  dup2(fifo, pair->first);
  *pair = (struct pair){pair->second, pair->first};
}

int main(int count, char **words) {
  if (count != 2) errx(2, "usage: %s FIFO", words[0]);
  checked(mkfifo(words[1], 0600), "mkfifo");
  const int fifo = checked(open(words[1], O_RDONLY | O_NONBLOCK), "open");
  enter_new_namespace();
  say("ready");
  if (getchar() == EOF) return 1;
  checked(socket(AF_NETLINK, SOCK_RAW, 0), "socket");
  struct pair pairs[NAMESPACES];
  for (int n = 0; n < NAMESPACES; n++) pairs[n] = open_pair(fifo);
  enter_new_namespace();
  say("flipping");
  for (;;)
    for (int n = 0; n < NAMESPACES; n++) flip(&pairs[n], fifo);
}
