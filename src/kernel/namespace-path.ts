import { readlinkSync } from 'node:fs'
import { requireTime } from '../deadline.js'
import { unlessGone } from './proc.js'

/** A path that leads to a network namespace (see `kernel-text.ts`), and the namespace's inode number. */
export interface NamespacePath {
  path: string
  inode: number
  /** Whether it is where the namespace is mounted: another mount may cover it. */
  isMount?: boolean
}

/** The link of a process or a thread says what it leads to, without opening it. */
export function* namespaceAt(path: string): Generator<NamespacePath> {
  // A pod may have very many.
  requireTime()
  const inode = inodeIn(linkAt(path))
  if (inode !== undefined) yield { path, inode }
}

/** The inode number in "net:[4026531840]". */
export function inodeIn(text: string | undefined): number | undefined {
  const [, inode] = /^net:\[(\d+)\]$/.exec(text ?? '') ?? []
  return inode === undefined ? undefined : Number(inode)
}

/** @returns undefined where nothing is, or this process may not see it */
export function linkAt(path: string): string | undefined {
  return unlessGone(() => readlinkSync(path))
}
