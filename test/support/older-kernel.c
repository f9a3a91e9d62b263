/*
 * Runs a command as on Linux 4.18: the kernel refuses what came later, as that one would.
 *
 *     older-kernel COMMAND [ARGUMENT]...
 *
 * System calls and their options are refused by a filter, which is for all that the command starts, too. A
 * message to rtnetlink of a later type gets a type that this kernel does not know either: it
 * answers as an older one does. That is for the command itself only. For x86-64.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/audit.h>
#include <linux/bpf.h>
#include <linux/filter.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

/* RTM_MAX of Linux 4.18; the last of all with a new type has this number in the same place. */
#define LAST_KNOWN 99
#define LAST_OF_ALL 0x7fc

#define FIELD(name) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, name))
/* The lower half of an argument. */
#define ARGUMENT(n) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[n]))
#define SKIP_UNLESS(value, count) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, count)
#define ANSWER(what) BPF_STMT(BPF_RET | BPF_K, what)
#define REFUSE(number) ANSWER(SECCOMP_RET_ERRNO | (number))
#define UNKNOWN(name) SKIP_UNLESS(SYS_##name, 1), REFUSE(ENOSYS)
/* A call with this value of one argument, and with those of two. */
#define OPTION(name, n, value, number) \
  FIELD(nr), SKIP_UNLESS(SYS_##name, 3), ARGUMENT(n), SKIP_UNLESS(value, 1), REFUSE(number)
#define OPTIONS(name, level, option, number)                                                  \
  FIELD(nr), SKIP_UNLESS(SYS_##name, 5), ARGUMENT(1), SKIP_UNLESS(level, 3), ARGUMENT(2), \
      SKIP_UNLESS(option, 1), REFUSE(number)

static struct sock_filter program[] = {
    FIELD(nr),
    /* Linux 5.1 to 5.9 */
    UNKNOWN(pidfd_send_signal), UNKNOWN(pidfd_open), UNKNOWN(clone3), UNKNOWN(close_range),
    UNKNOWN(openat2), UNKNOWN(faccessat2), UNKNOWN(open_tree), UNKNOWN(move_mount),
    UNKNOWN(fsopen), UNKNOWN(fsconfig), UNKNOWN(fsmount), UNKNOWN(fspick),
    /* Links of BPF (5.8) and tcx (6.6) */
    OPTION(bpf, 0, BPF_LINK_GET_NEXT_ID, EINVAL), OPTION(bpf, 0, BPF_LINK_GET_FD_BY_ID, EINVAL),
    OPTION(bpf, 0, BPF_PROG_QUERY, EINVAL),
    /* MADV_POPULATE_WRITE (5.14) */
    OPTION(madvise, 2, 23, EINVAL),
    /* NETLINK_GET_STRICT_CHK (4.20) and SO_NETNS_COOKIE (5.14) */
    OPTIONS(setsockopt, SOL_NETLINK, NETLINK_GET_STRICT_CHK, ENOPROTOOPT),
    OPTIONS(getsockopt, SOL_SOCKET, 71, ENOPROTOOPT),
    /* With an address: netlink, but not the address keeper, which goes on by itself. */
    FIELD(nr), SKIP_UNLESS(SYS_sendto, 3), ARGUMENT(5),
    SKIP_UNLESS(sizeof(struct sockaddr_nl), 1), ANSWER(SECCOMP_RET_TRACE),
    ANSWER(SECCOMP_RET_ALLOW),
};

static int run(char *words[]) {
  const struct sock_fprog filter = {sizeof program / sizeof *program, program};
  ptrace(PTRACE_TRACEME, 0, 0, 0);
  raise(SIGSTOP);
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
      prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0)
    execvp(words[0], words);
  return 127;
}

/* The messages of a sendto(2), in the memory of the thread that calls it. */
static void change_types(pid_t thread) {
  struct user_regs_struct registers;
  ptrace(PTRACE_GETREGS, thread, 0, &registers);
  for (unsigned long long at = 0; at + sizeof(struct nlmsghdr) <= registers.rdx;) {
    struct nlmsghdr header;
    const struct iovec here = {&header, sizeof header},
                       there = {(void *)(uintptr_t)(registers.rsi + at), sizeof header};
    if (process_vm_readv(thread, &here, 1, &there, 1, 0) < 0 || header.nlmsg_len < sizeof header) return;
    /* Generic netlink and RDMA have numbers of their own, below and above. */
    if (header.nlmsg_type > LAST_KNOWN && header.nlmsg_type <= RTM_MAX) {
      header.nlmsg_type = LAST_OF_ALL | (header.nlmsg_type & 3);
      (void)!process_vm_writev(thread, &here, 1, &there, 1, 0);
    }
    at += NLMSG_ALIGN(header.nlmsg_len);
  }
}

int main(int count, char *words[]) {
  if (count < 2) return 2;
  pid_t first = fork();
  if (first == 0) _exit(run(words + 1));
  int status;
  waitpid(first, &status, 0);
  ptrace(PTRACE_SETOPTIONS, first, 0,
         PTRACE_O_TRACESECCOMP | PTRACE_O_TRACECLONE | PTRACE_O_EXITKILL);
  ptrace(PTRACE_CONT, first, 0, 0);
  for (;;) {
    pid_t thread = waitpid(-1, &status, __WALL);
    if (thread < 0) return 1;
    if (thread == first && WIFSIGNALED(status)) return 128 + WTERMSIG(status);
    if (thread == first && WIFEXITED(status)) return WEXITSTATUS(status);
    if (!WIFSTOPPED(status)) continue;
    int passed_on = 0;
    if (status >> 8 == (SIGTRAP | PTRACE_EVENT_SECCOMP << 8)) change_types(thread);
    else if (WSTOPSIG(status) != SIGTRAP && WSTOPSIG(status) != SIGSTOP)
      passed_on = WSTOPSIG(status);
    ptrace(PTRACE_CONT, thread, 0, passed_on);
  }
}
