/* Attaches a BPF program that drops every packet to a device:
 *   attach-program DEVICE xdp|xdp-link|tcx-ingress|tcx-egress|tcx-link
 * With a link, it says "ready" and holds the link until it is ended. */
#include <errno.h>
#include <linux/bpf.h>
#include <linux/if_link.h>
#include <linux/pkt_cls.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Of kernels newer than this machine's headers. */
#define TCX_INGRESS 46
#define TCX_EGRESS 47

static int bpf(int command, union bpf_attr *attr, size_t size) {
  return (int)syscall(SYS_bpf, command, attr, size);
}

static int load(uint32_t type, int result) {
  struct bpf_insn code[] = {
      {.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = result},
      {.code = BPF_JMP | BPF_EXIT},
  };
  union bpf_attr attr = {0};
  attr.prog_type = type;
  attr.insns = (uint64_t)(uintptr_t)code;
  attr.insn_cnt = 2;
  attr.license = (uint64_t)(uintptr_t)"GPL";
  return bpf(BPF_PROG_LOAD, &attr, sizeof attr);
}

/* An XDP program without a link is attached by netlink. */
static int attach_xdp(uint32_t index, int program) {
  struct {
    struct nlmsghdr header;
    struct ifinfomsg link;
    struct nlattr xdp, fd;
    int32_t program;
  } request = {
      .header = {.nlmsg_len = sizeof request,
                 .nlmsg_type = RTM_SETLINK,
                 .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK},
      .link = {.ifi_index = (int)index},
      .xdp = {.nla_len = 12, .nla_type = IFLA_XDP | NLA_F_NESTED},
      .fd = {.nla_len = 8, .nla_type = IFLA_XDP_FD},
      .program = program,
  };
  struct {
    struct nlmsghdr header;
    struct nlmsgerr error;
  } answer;
  int netlink = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
  if (send(netlink, &request, sizeof request, 0) < 0 || recv(netlink, &answer, sizeof answer, 0) < 0)
    return -1;
  errno = -answer.error.error;
  return answer.error.error;
}

int main(int count, char **words) {
  if (count != 3) return 2;
  uint32_t index = if_nametoindex(words[1]);
  const char *how = words[2];
  int is_xdp = strncmp(how, "xdp", 3) == 0, is_link = strstr(how, "link") != NULL;
  int program = load(is_xdp ? BPF_PROG_TYPE_XDP : BPF_PROG_TYPE_SCHED_CLS, is_xdp ? XDP_DROP : TC_ACT_SHOT);
  if (program < 0) return perror("load"), 1;
  /* The size of a kernel's union is not that of this header's; zeros are good everywhere. */
  union bpf_attr attr = {0};
  uint32_t *raw = (uint32_t *)&attr;
  uint32_t type = is_xdp ? BPF_XDP : strstr(how, "egress") ? TCX_EGRESS : TCX_INGRESS;
  int done;
  if (is_xdp && !is_link) {
    done = attach_xdp(index, program);
  } else if (is_link) {
    raw[0] = (uint32_t)program, raw[1] = index, raw[2] = type;
    done = bpf(BPF_LINK_CREATE, &attr, 64);
  } else {
    raw[0] = index, raw[1] = (uint32_t)program, raw[2] = type;
    done = bpf(BPF_PROG_ATTACH, &attr, 32);
  }
  if (done < 0) return perror("attach"), 1;
  printf("ready\n"), fflush(stdout);
  if (is_link) pause();
  return 0;
}
