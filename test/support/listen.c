/* Prints each ARP and ICMPv6 frame that a device receives, as a line of hexadecimal digits, until it
 * is killed: listen DEVICE. It says "ready" first. */
#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <stdio.h>
#include <sys/socket.h>

int main(int count, char **words) {
  unsigned char frame[2048];
  struct sockaddr_ll name = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL)};
  int fd = socket(AF_PACKET, SOCK_RAW, htons(ETH_P_ALL));
  if (count != 2 || fd < 0) return 1;
  name.sll_ifindex = (int)if_nametoindex(words[1]);
  if (bind(fd, (const struct sockaddr *)&name, sizeof name) < 0) return 1;
  setvbuf(stdout, NULL, _IOLBF, 1 << 16);
  puts("ready");
  for (;;) {
    struct sockaddr_ll from;
    socklen_t size = sizeof from;
    ssize_t length = recvfrom(fd, frame, sizeof frame, 0, (struct sockaddr *)&from, &size);
    if (length < ETH_HLEN || from.sll_pkttype == PACKET_OUTGOING) continue;
    int protocol = frame[12] << 8 | frame[13];
    if (protocol != ETH_P_ARP && protocol != ETH_P_IPV6) continue;
    for (ssize_t n = 0; n < length; n++) printf("%02x", frame[n]);
    puts("");
  }
}
