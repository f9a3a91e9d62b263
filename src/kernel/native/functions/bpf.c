/* Programs attached to a device: bpf.c of the core. */
#include "call.h"

/* tcxPrograms(index: number, type: number): Buffer of a struct attached for each */
CALL(tcxPrograms) {
  const int index = integer_at(call, 0), type = integer_at(call, 1);
  struct attached found[MOST_PROGRAMS];
  size_t count;
  if (is_read(call) && succeeds(call, tcx_programs(index, type, found, MOST_PROGRAMS, &count)))
    give_bytes(call, found, count * sizeof *found);
}

/* detachTcx(index: number, type: number, program: number): void */
CALL(detachTcx) {
  const int index = integer_at(call, 0), type = integer_at(call, 1);
  const uint32_t program = (uint32_t)integer_at(call, 2);
  if (is_read(call)) succeeds(call, detach_tcx(index, type, program));
}

/* detachLink(link: number): void */
CALL(detachLink) {
  const uint32_t link = (uint32_t)integer_at(call, 0);
  if (is_read(call)) succeeds(call, detach_link(link));
}

/* findXdpLink(index: number, program: number): number */
CALL(findXdpLink) {
  const int index = integer_at(call, 0);
  const uint32_t program = (uint32_t)integer_at(call, 1);
  uint32_t link;
  if (is_read(call) && succeeds(call, find_xdp_link(index, program, &link)))
    give_number(call, link);
}
