#include "keeper.h"

#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

const struct job *job;
struct section sandbox_path, awaited, additions, log_file, log_lines[SANDBOX_GONE + 1];

static const uint8_t *read_section(const uint8_t *at, struct section *section) {
  memcpy(&section->length, at, sizeof section->length);
  section->start = at + sizeof section->length;
  return section->start + NLMSG_ALIGN(section->length);
}

bool read_job(void) {
  struct stat status;
  if (fstat(JOB, &status) < 0) return false;
  const uint8_t *at = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_SHARED, JOB, 0);
  if (at == MAP_FAILED) return false;
  job = (const void *)at;
  at = read_section(at + sizeof *job, &sandbox_path);
  at = read_section(at, &awaited);
  at = read_section(at, &additions);
  at = read_section(at, &log_file);
  for (int n = 0; n <= SANDBOX_GONE; n++) at = read_section(at, &log_lines[n]);
  return true;
}
