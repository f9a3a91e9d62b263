import { closeSync, openSync, readSync } from 'node:fs'

/** As much of a program as the kernel looks at to start it (BINPRM_BUF_SIZE of linux/binfmts.h). */
const HEADER_BYTES = 256

/** The beginning of a program, which may be shorter. Throws where it cannot be read. */
export function headerOf(path: string): Buffer {
  const fd = openSync(path, 'r')
  try {
    const bytes = Buffer.alloc(HEADER_BYTES)
    return bytes.subarray(0, readSync(fd, bytes))
  } finally {
    closeSync(fd)
  }
}
