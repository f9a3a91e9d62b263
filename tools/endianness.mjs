/**
 * In place of the module `os` for the netlink codec, which needs nothing else of it: to load
 * that module takes longer than all that the codec does in a call.
 */
export function endianness() {
  const [lowest] = new Uint8Array(new Uint16Array([1]).buffer)
  return lowest === 1 ? 'LE' : 'BE'
}
