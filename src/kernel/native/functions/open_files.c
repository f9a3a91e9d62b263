/* What processes have open: open_files.c of the core. */
#include "call.h"

/* namespaceInode(path: string): number */
CALL(namespaceInode) {
  size_t length;
  const char *path = text_at(call, 0, &length);
  uint64_t inode;
  if (is_read(call) && succeeds(call, namespace_inode(path, &inode)))
    give_number(call, (int64_t)inode);
}

/* shareFiles(one: number, other: number): boolean */
CALL(shareFiles) {
  const pid_t one = integer_at(call, 0), other = integer_at(call, 1);
  if (is_read(call)) give_boolean(call, share_files(one, other));
}
