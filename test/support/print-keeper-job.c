/*
 * Reads a job on stdin as the address keeper does, and prints what it has understood, a field
 * a line; ends as the keeper ends where it refuses the job.
 */
#define main keeper_main
#include "../../src/gvisor/keeper/keeper.c"
#undef main

#include <inttypes.h>
#include <stdlib.h>

static void print_bytes(const char *name, struct span bytes) {
  printf("%s ", name);
  for (size_t n = 0; n < bytes.length; n++) printf("%02x", bytes.start[n]);
  printf("\n");
}

static void print_job(void) {
  printf("version %" PRIu32 "\ntimeout %" PRIu32 "\ninterface %" PRIu32 "\n", job.version,
         job.timeout_milliseconds, job.interface_index);
  printf("device %" PRIu64 "\ninode %" PRIu64 "\n", job.sandbox_device, job.sandbox_inode);
  printf("sandbox %s\n", (const char *)sandbox_path.start);
  const struct address *one = (const void *)awaited.start;
  for (size_t n = 0; n < awaited.length / sizeof *one; n++) {
    printf("family %" PRIu32 "\n", one[n].family);
    print_bytes("address", (struct span){(uint8_t *)one[n].bytes, sizeof one[n].bytes});
  }
  struct span rest = additions;
  for (struct nlmsghdr *addition; (addition = take_message(&rest));)
    print_bytes("addition", (struct span){(uint8_t *)addition, addition->nlmsg_len});
  printf("log %s\n", (const char *)log_file.start);
  for (int n = 0; n < LOG_LINES; n++)
    printf("line %.*s\n", (int)log_lines[n].length, (const char *)log_lines[n].start);
}

/* Reads a job as the keeper does, from a copy of just its size, so that the sanitizer sees every
 * byte that is read beyond its end. */
static enum outcome read_copy(const uint8_t *input, size_t size, bool print) {
  uint8_t *bytes = malloc(size);
  memcpy(bytes, input, size);
  enum outcome outcome = read_job(bytes, size);
  if (print && outcome == PUT_BACK) print_job();
  free(bytes);
  return outcome;
}

/* With an argument, the input is many jobs, each after its length in four bytes: prints how the
 * keeper would end with each, a number a line. */
int main(int count, char **arguments) {
  (void)arguments;
  static uint8_t input[16 << 20];
  size_t size = fread(input, 1, sizeof input, stdin);
  if (count == 1) return read_copy(input, size, true);
  for (size_t at = 0; at < size;) {
    uint32_t length;
    memcpy(&length, input + at, sizeof length);
    at += sizeof length;
    printf("%d\n", read_copy(input + at, length, false));
    at += length;
  }
  return 0;
}
