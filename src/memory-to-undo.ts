/**
 * Makes sure of the memory that undoing a call takes, before the call changes anything. Costs one system
 * call, and no memory. The executable has it from its host; where the memory of Node ends, Node ends
 * itself, and DEL goes on from the record.
 * @throws an error that says "out of memory"
 */
export function requireMemoryToUndo(): void {}
