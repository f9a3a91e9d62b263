/** `build.mjs` embeds the compiled addon in the bundle as its bytes. */
declare module '*/door.node' {
  const bytes: Uint8Array
  export default bytes
}
