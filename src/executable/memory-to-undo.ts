/** In place of memory-to-undo.ts: the host has the memory. */
export { requireMemoryToUndo } from 'host:memory'
