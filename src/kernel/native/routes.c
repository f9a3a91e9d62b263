#define _GNU_SOURCE
#include "core.h"

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>

/* What is seen of a route without decoding it. */
struct glimpse {
  const struct nlmsghdr *header; /* NULL where there is no route */
  const uint8_t *destination;    /* NULL of a default route */
  size_t size;                   /* of that address */
  bool has_attribute;            /* one of those that are wanted */
  bool is_wanted;
};

/* Steps over an attribute and returns it; NULL at the end, or if its length is invalid. */
static const struct rtattr *next_attribute(const uint8_t **at, size_t *left) {
  const struct rtattr *attribute = (const struct rtattr *)*at;
  if (*left < sizeof *attribute) return NULL;
  if (attribute->rta_len < sizeof *attribute || attribute->rta_len > *left) return NULL;
  size_t step = RTA_ALIGN((size_t)attribute->rta_len);
  if (step > *left) step = *left;
  *at += step;
  *left -= step;
  return attribute;
}

static bool is_among(const struct rtattr *attribute, struct wanted wanted) {
  const struct rtattr *one;
  while ((one = next_attribute(&wanted.attributes, &wanted.length)) != NULL)
    if (one->rta_len == attribute->rta_len && memcmp(one, attribute, one->rta_len) == 0) return true;
  return false;
}

/* Whether one of several nexthops is through a device that is wanted. */
static bool leads_through(const struct rtattr *multipath, const struct wanted *wanted) {
  const struct rtnexthop *hop = (const struct rtnexthop *)(multipath + 1);
  size_t left = multipath->rta_len - sizeof *multipath;
  while (left >= sizeof *hop && hop->rtnh_len >= sizeof *hop && hop->rtnh_len <= left) {
    const struct {
      struct rtattr attribute;
      int index;
    } device = {{.rta_len = sizeof device, .rta_type = RTA_OIF}, hop->rtnh_ifindex};
    if (is_among(&device.attribute, *wanted)) return true;
    const size_t step = RTA_ALIGN((size_t)hop->rtnh_len);
    if (step >= left) break;
    left -= step;
    hop = (const struct rtnexthop *)((const uint8_t *)hop + step);
  }
  return false;
}

static struct glimpse glimpse_at(const uint8_t *bytes, size_t length, size_t at,
                                 const struct wanted *wanted) {
  const size_t fixed = NLMSG_LENGTH(sizeof(struct rtmsg));
  const struct nlmsghdr *header = (const struct nlmsghdr *)(bytes + at);
  struct glimpse seen = {0};
  if (at % NLMSG_ALIGNTO != 0 || at > length || length - at < fixed) return seen;
  if (header->nlmsg_len < fixed || header->nlmsg_len > length - at) return seen;
  seen.header = header;
  bool has_object = false, has_device = false;
  const uint8_t *next = bytes + at + fixed;
  size_t left = header->nlmsg_len - fixed;
  const struct rtattr *attribute;
  while ((attribute = next_attribute(&next, &left)) != NULL) {
    if (attribute->rta_type == RTA_NH_ID) has_object = true;
    if (attribute->rta_type == RTA_OIF) has_device = true;
    if (attribute->rta_type == RTA_MULTIPATH) {
      has_device = true;
      if (leads_through(attribute, wanted)) seen.has_attribute = true;
    }
    if (attribute->rta_type == RTA_DST) {
      seen.destination = (const uint8_t *)(attribute + 1);
      seen.size = attribute->rta_len - sizeof *attribute;
    }
    if (is_among(attribute, *wanted)) seen.has_attribute = true;
  }
  /* Only the object tells where it leads (net.ipv4.nexthop_compat_mode). */
  seen.is_wanted = seen.has_attribute || (has_object && !has_device);
  return seen;
}

static bool leads_to(const struct glimpse *seen, const uint8_t address[16], unsigned char length) {
  const struct rtmsg *route = NLMSG_DATA(seen->header);
  return route->rtm_dst_len == length && seen->size == 16 &&
         memcmp(seen->destination, address, 16) == 0;
}

/* Whether it is one of those that the kernel gives every device. A node has as many of these as it
 * has pods, and their order does not count. */
static bool is_of_every_device(const struct glimpse *seen) {
  static const uint8_t LINK_LOCAL[16] = {0xfe, 0x80}, MULTICAST[16] = {0xff};
  const struct rtmsg *route = NLMSG_DATA(seen->header);
  return route->rtm_protocol == RTPROT_KERNEL &&
         (leads_to(seen, LINK_LOCAL, 64) || leads_to(seen, MULTICAST, 8));
}

/* Whether two routes of a family have the same destination, and their order counts. */
static bool share_destination(const struct glimpse *one, const struct glimpse *other) {
  const struct rtmsg *route = NLMSG_DATA(one->header), *next = NLMSG_DATA(other->header);
  return route->rtm_dst_len == next->rtm_dst_len && one->size == other->size &&
         (one->size == 0 || memcmp(one->destination, other->destination, one->size) == 0) &&
         !is_of_every_device(one) && !is_of_every_device(other);
}

/* Whether a message is of the same dump and family as one before, with the same flags. */
static bool goes_on(const struct nlmsghdr *first, const struct nlmsghdr *header) {
  const struct rtmsg *route = NLMSG_DATA(first), *next = NLMSG_DATA(header);
  return header->nlmsg_type == first->nlmsg_type && header->nlmsg_flags == first->nlmsg_flags &&
         header->nlmsg_seq == first->nlmsg_seq && route->rtm_family == next->rtm_family;
}

bool is_wanted_route(const uint8_t *bytes, size_t length, size_t at, const struct wanted *wanted) {
  return glimpse_at(bytes, length, at, wanted).is_wanted;
}

size_t pass_routes(const uint8_t *bytes, size_t length, size_t before, size_t at,
                   const struct wanted *wanted) {
  struct glimpse last = glimpse_at(bytes, length, before, wanted);
  struct glimpse seen = glimpse_at(bytes, length, at, wanted);
  const struct nlmsghdr *first = seen.header;
  if (!last.header || !first || (before != at && share_destination(&last, &seen))) return at;
  size_t passed = at, next = at;
  while (!seen.is_wanted) {
    next += NLMSG_ALIGN((size_t)seen.header->nlmsg_len);
    last = seen;
    seen = glimpse_at(bytes, length, next, wanted);
    /* More of the last ones may come in the next datagram. */
    if (!seen.header || !goes_on(first, seen.header)) break;
    if (!share_destination(&last, &seen)) passed = next;
  }
  return passed;
}

/* FNV-1a. */
static uint32_t digest_more(uint32_t digest, const void *start, size_t length) {
  const uint8_t *bytes = start;
  for (size_t n = 0; n < length; n++) digest = (digest ^ bytes[n]) * 16777619;
  return digest;
}

static uint32_t digest_of_route(const struct nlmsghdr *header) {
  const size_t fixed = NLMSG_LENGTH(sizeof(struct rtmsg));
  const uint8_t *next = (const uint8_t *)header + fixed;
  size_t left = header->nlmsg_len - fixed;
  uint32_t digest = digest_more(2166136261, NLMSG_DATA(header), sizeof(struct rtmsg));
  const struct rtattr *attribute;
  while ((attribute = next_attribute(&next, &left)) != NULL)
    if (attribute->rta_type != RTA_CACHEINFO)
      digest = digest_more(digest, attribute, attribute->rta_len);
  return digest;
}

uint32_t digest_of_routes(const uint8_t *bytes, size_t length, const struct wanted *wanted) {
  const struct {
    struct rtattr attribute;
    uint8_t address[16];
  } everything = {{.rta_len = sizeof everything, .rta_type = RTA_DST}, {0}};
  uint32_t sum = 0;
  for (size_t at = 0;;) {
    const struct glimpse seen = glimpse_at(bytes, length, at, wanted);
    if (!seen.header) return sum;
    if (wanted->length == 0 || seen.has_attribute ||
        (!seen.destination && is_among(&everything.attribute, *wanted)))
      sum += digest_of_route(seen.header);
    at += NLMSG_ALIGN((size_t)seen.header->nlmsg_len);
  }
}

/* How many messages at the beginning of `bytes` differ from a model in nothing but `size` bytes. */
static size_t count_alike(const uint8_t *bytes, size_t length, const uint8_t *model,
                          size_t model_length, size_t from, size_t size) {
  const size_t after = from + size;
  size_t count = 0;
  if (size == 0 || after > model_length) return 0;
  for (; length >= model_length; length -= model_length, bytes += model_length, count++)
    if (memcmp(bytes, model, from) != 0 ||
        memcmp(bytes + after, model + after, model_length - after) != 0)
      break;
  return count;
}

uint8_t *differences(const uint8_t *bytes, size_t length, const uint8_t *model, size_t model_length,
                     size_t from, size_t size, size_t *taken) {
  const size_t count = count_alike(bytes, length, model, model_length, from, size);
  *taken = count * size;
  uint8_t *found = count > 0 ? malloc(*taken) : NULL;
  for (size_t n = 0; found && n < count; n++)
    memcpy(found + n * size, bytes + n * model_length + from, size);
  return found;
}
