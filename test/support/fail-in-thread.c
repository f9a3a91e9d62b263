/*
 * Runs a command and has a system call fail in its threads, but never in its first one: strace
 * counts the calls of each thread by itself, and would hit the first thread's as well.
 *
 *     fail-in-thread NUMBER ERRNO COMMAND [ARGUMENT]...
 *
 * Ends as the command ends, but with 99 where there was no such call. For x86-64.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#define NO_SUCH_CALL 99

static long number;
static int error;
static pid_t failing; /* the thread whose call does not happen, until it hears so */
static bool done;

/* The kernel is given a call that it does not have; its answer is replaced. */
static void at_system_call(pid_t thread, bool is_first) {
  struct __ptrace_syscall_info call;
  struct user_regs_struct registers;
  ptrace(PTRACE_GET_SYSCALL_INFO, thread, sizeof call, &call);
  ptrace(PTRACE_GETREGS, thread, 0, &registers);
  if (call.op == PTRACE_SYSCALL_INFO_ENTRY && !is_first && !done &&
      (long)call.entry.nr == number) {
    registers.orig_rax = (unsigned long long)-1;
    failing = thread;
    done = true;
  } else if (call.op == PTRACE_SYSCALL_INFO_EXIT && thread == failing) {
    registers.rax = (unsigned long long)-error;
    failing = 0;
  } else {
    return;
  }
  ptrace(PTRACE_SETREGS, thread, 0, &registers);
}

int main(int count, char *words[]) {
  if (count < 4) return 2;
  number = atol(words[1]);
  error = atoi(words[2]);
  pid_t first = fork();
  if (first == 0) {
    ptrace(PTRACE_TRACEME, 0, 0, 0);
    raise(SIGSTOP);
    execvp(words[3], words + 3);
    _exit(127);
  }
  int status;
  waitpid(first, &status, 0);
  ptrace(PTRACE_SETOPTIONS, first, 0,
         PTRACE_O_TRACECLONE | PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL);
  ptrace(PTRACE_SYSCALL, first, 0, 0);
  for (;;) {
    pid_t thread = waitpid(-1, &status, __WALL);
    if (thread < 0) return 1;
    if (thread == first && WIFSIGNALED(status)) return 128 + WTERMSIG(status);
    if (thread == first && WIFEXITED(status)) return done ? WEXITSTATUS(status) : NO_SUCH_CALL;
    if (!WIFSTOPPED(status)) continue;
    int passed_on = 0;
    if (WSTOPSIG(status) == (SIGTRAP | 0x80)) at_system_call(thread, thread == first);
    else if (WSTOPSIG(status) != SIGTRAP && WSTOPSIG(status) != SIGSTOP)
      passed_on = WSTOPSIG(status);
    ptrace(PTRACE_SYSCALL, thread, 0, passed_on);
  }
}
