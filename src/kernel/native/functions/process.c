/* This process, and others: process.c, program.c and announce.c of the core. */
#include "call.h"

/* enterNetworkNamespace(fd: number): void */
CALL(enterNetworkNamespace) {
  const int fd = integer_at(call, 0);
  if (is_read(call)) succeeds(call, enter_network_namespace(fd));
}

/* tryLock(fd: number, operation: number): boolean */
CALL(tryLock) {
  const int fd = integer_at(call, 0), operation = integer_at(call, 1);
  bool taken;
  if (is_read(call) && succeeds(call, try_lock(fd, operation, &taken))) give_boolean(call, taken);
}

/* nextEntries(fd: number): string */
CALL(nextEntries) {
  char names[ENTRIES_BYTES];
  const int fd = integer_at(call, 0);
  if (is_read(call) && succeeds(call, next_entries(fd, names))) give_text(call, names);
}

/* waitForTermination(): void */
CALL(waitForTermination) {
  succeeds(call, wait_for_termination());
}

/* describeErrno(number: number): string */
CALL(describeErrno) {
  const int number = integer_at(call, 0);
  if (is_read(call)) give_text(call, error_text(number));
}

/* startProgram(program: number, title: string, files: number[]): number */
CALL(startProgram) {
  int files[MOST_FILES];
  size_t length;
  const int program = integer_at(call, 0);
  const char *title = text_at(call, 1, &length);
  const size_t count = integers_at(call, 2, files, MOST_FILES);
  pid_t pid;
  if (!is_read(call)) return;
  if (count > MOST_FILES) refuse(call, "too many files");
  else if (succeeds(call, start_program(program, title, files, count, &pid))) give_number(call, pid);
}

/* waitForProgram(pid: number): number */
CALL(waitForProgram) {
  const pid_t pid = integer_at(call, 0);
  int status;
  if (is_read(call) && succeeds(call, wait_for_program(pid, &status))) give_number(call, status);
}

/* openProcess(pid: number): number */
CALL(openProcess) {
  const pid_t pid = integer_at(call, 0);
  int fd;
  if (is_read(call) && succeeds(call, open_process(pid, &fd))) give_number(call, fd);
}

/* killProcess(fd: number): void */
CALL(killProcess) {
  const int fd = integer_at(call, 0);
  if (is_read(call)) succeeds(call, kill_process(fd));
}

/* startAnnouncement(index: number, frames: Buffer, milliseconds: number): number */
CALL(startAnnouncement) {
  const int index = integer_at(call, 0), milliseconds = integer_at(call, 2);
  const struct bytes frames = bytes_at(call, 1);
  const struct announcement announcement = {index, frames.start, frames.length, milliseconds};
  pid_t pid;
  if (is_read(call) && succeeds(call, start_announcement(&announcement, &pid)))
    give_number(call, pid);
}
