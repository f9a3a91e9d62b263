/*
 * Runs a program and says what that took:
 *
 *     measure REPORT [GROUP...] -- PROGRAM [ARGUMENT...]
 *
 * The program runs in the control groups whose cgroup.procs are named. REPORT gets when it started
 * and when it ended, in nanoseconds of CLOCK_MONOTONIC, its CPU time in microseconds and its peak
 * memory in KiB. It ends as the program does.
 *
 * Runtimes that call plugins have been running for long. So it waits before it starts the program,
 * until the kernel has finished what the start of `measure` itself left it to do: this would delay a
 * move of the program.
 */
#define _GNU_SOURCE
#include "clock.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const struct timespec WAIT = {.tv_nsec = 40 * 1000000};

static long long microseconds(struct timeval time) {
  return time.tv_sec * 1000000LL + time.tv_usec;
}

static _Noreturn void run(char **groups, char **words) {
  for (; strcmp(*groups, "--") != 0; groups++) {
    int fd = open(*groups, O_WRONLY | O_CLOEXEC);
    if (fd < 0 || write(fd, "0", 1) != 1) _exit(126);
  }
  (void)execv(words[0], words);
  _exit(127);
}

int main(int count, char **words) {
  int status, first = 2;
  struct rusage usage;
  while (first < count && strcmp(words[first], "--") != 0) first++;
  if (first + 1 >= count || nanosleep(&WAIT, NULL) < 0) return 125;
  long long start = nanoseconds();
  pid_t pid = fork();
  if (pid == 0) run(words + 2, words + first + 1);
  if (pid < 0 || wait4(pid, &status, 0, &usage) < 0) return 125;
  long long end = nanoseconds();
  FILE *report = fopen(words[1], "w");
  if (!report ||
      fprintf(report, "%lld %lld %lld %ld\n", start, end,
              microseconds(usage.ru_utime) + microseconds(usage.ru_stime), usage.ru_maxrss) < 0 ||
      fclose(report) != 0)
    return 125;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 124;
}
