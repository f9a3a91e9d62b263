#include "keeper.h"

#include <errno.h>

static uint8_t answer[RECEIVE_BYTES];

int request(const struct nlmsghdr *header, void (*each)(struct nlmsghdr *)) {
  int number = 0;
  if (send(REQUESTS, header, header->nlmsg_len, 0) < 0) return errno;
  for (;;) {
    ssize_t length = recv(REQUESTS, answer, sizeof answer, 0);
    if (length < 0 && errno == EINTR) continue;
    if (length < 0) return errno;
    for (struct nlmsghdr *one = (void *)answer; NLMSG_OK(one, (size_t)length);
         one = NLMSG_NEXT(one, length)) {
      if (one->nlmsg_seq != header->nlmsg_seq) continue;
      if (one->nlmsg_flags & NLM_F_DUMP_INTR) number = EINTR;
      if (one->nlmsg_type == NLMSG_DONE || one->nlmsg_type == NLMSG_ERROR) {
        int error = -*(int *)NLMSG_DATA(one);
        return error ? error : number;
      }
      if (each) each(one);
    }
  }
}

int dump(const struct nlmsghdr *header, void (*reset)(void), void (*each)(struct nlmsghdr *)) {
  for (int attempt = 0;; attempt++) {
    reset();
    int number = request(header, each);
    if (number != EINTR || attempt == 20) return number;
  }
}

struct rtattr *attribute(struct nlmsghdr *header, size_t fixed, int type) {
  struct rtattr *one = (void *)((uint8_t *)NLMSG_DATA(header) + NLMSG_ALIGN(fixed));
  int left = (int)header->nlmsg_len - (int)NLMSG_SPACE(fixed);
  for (; RTA_OK(one, left); one = RTA_NEXT(one, left))
    if ((one->rta_type & NLA_TYPE_MASK) == type) return one;
  return NULL;
}
