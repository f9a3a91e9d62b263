/*
 * Takes from the address keeper what it does not need. It runs beside a pod that may be hostile and
 * reads messages about things that the pod made, so a mistake in it must not be of use to the pod.
 */
#ifndef CONFINE_H
#define CONFINE_H

#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define MOST_MEMORY_BYTES (8 * 1024 * 1024)
#define MOST_OPEN_FILES 16

#if defined __x86_64__
#define ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined __aarch64__
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#else
#error "the system calls of this architecture are not known here"
#endif

#define CAPABILITY(name) (1u << (name))

/* Leaves these capabilities, permitted and in effect as given; none above 31 is needed. */
static bool set_capabilities(uint32_t permitted, uint32_t effective) {
  struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
  const struct __user_cap_data_struct data[2] = {{effective, permitted, 0}};
  return syscall(SYS_capset, &header, data) == 0;
}

/* Leaves CAP_NET_ADMIN. Looking at the path of the sandbox may take more: /proc/PID/ns/net of a pod
 * that has more capabilities than this process, or a directory of another user. */
static bool drop_capabilities(const char *path) {
  const uint32_t needed = CAPABILITY(CAP_NET_ADMIN);
  const uint32_t to_look = needed | CAPABILITY(CAP_SYS_PTRACE) | CAPABILITY(CAP_DAC_READ_SEARCH);
  struct stat status;
  bool was_visible = stat(path, &status) == 0;
  if (!set_capabilities(to_look, needed)) return set_capabilities(needed, needed);
  if (was_visible && stat(path, &status) < 0) return set_capabilities(to_look, to_look);
  return set_capabilities(needed, needed);
}

static bool limit_resources(void) {
  const struct rlimit memory = {MOST_MEMORY_BYTES, MOST_MEMORY_BYTES},
                      files = {MOST_OPEN_FILES, MOST_OPEN_FILES}, none = {0, 0};
  return setrlimit(RLIMIT_AS, &memory) == 0 && setrlimit(RLIMIT_NOFILE, &files) == 0 &&
         setrlimit(RLIMIT_CORE, &none) == 0 && setrlimit(RLIMIT_NPROC, &none) == 0;
}

#define ALLOW(name)                                                                            \
  BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_##name, 0, 1), BPF_STMT(BPF_RET | BPF_K,              \
                                                                   SECCOMP_RET_ALLOW)

/* Any other system call ends the process. No file can be opened: the log is open already. */
static bool filter_system_calls(void) {
  static struct sock_filter program[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCHITECTURE, 1, 0),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
      ALLOW(recvfrom), ALLOW(sendto), ALLOW(ppoll), ALLOW(newfstatat), ALLOW(statx),
#ifdef SYS_poll
      ALLOW(poll), ALLOW(stat),
#endif
      ALLOW(clock_gettime), ALLOW(write), ALLOW(writev), ALLOW(close), ALLOW(exit_group),
      /* After SIGSTOP and SIGCONT, in the middle of poll. */
      ALLOW(restart_syscall),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
  };
  const struct sock_fprog filter = {sizeof program / sizeof *program, program};
  return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0;
}

/*
 * Confines the process for the rest of its life.
 * seconds: after which the kernel ends it, whatever it does
 * path: a path that it must still be able to look at
 * Returns false if the kernel refuses. A kernel without seccomp filters is not an error.
 */
static bool confine(unsigned seconds, const char *path) {
  alarm(seconds);
  if (!limit_resources() || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
      prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 || !drop_capabilities(path))
    return false;
  return filter_system_calls() || prctl(PR_GET_SECCOMP) < 0;
}

#endif
