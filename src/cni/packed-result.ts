import type { Result, ResultRoute } from './result-schema.js'

/**
 * The key under which a result has more routes until it is printed. JSON has no such key: what a
 * runtime sends has none.
 */
export const PACKED = Symbol('packed routes')

/** Routes of a result that differ in their destination only. */
export interface PackedResultRoutes {
  /** One of them. */
  like: ResultRoute
  /** Of all destinations, with a space between. */
  addresses: string
}

/** A result with more routes. */
export type PackedResult = Result & { [PACKED]?: PackedResultRoutes[] }

const INDENT = 4

/** The routes, each by itself. */
export function unpackResultRoutes({ like, addresses }: PackedResultRoutes): ResultRoute[] {
  const length = lengthIn(like)
  return addresses.split(' ').map((address) => ({ ...like, dst: address + length }))
}

/** Whether a route leads to one of the destinations. */
export function isAmong({ dst }: ResultRoute, { like, addresses }: PackedResultRoutes): boolean {
  const [address, length] = [dst.slice(0, dst.indexOf('/')), lengthIn(like)]
  return dst.endsWith(length) && ` ${addresses} `.includes(` ${address} `)
}

/**
 * The JSON of a document. An object for each of ten thousands of routes would take most of the time
 * and memory of a call, so the text of packed routes is made of that of one.
 */
export function textOfDocument(document: { [PACKED]?: PackedResultRoutes[] }): string {
  const { [PACKED]: packed = [], ...rest } = document
  if (packed.length === 0) return jsonOf(rest)
  const { routes = [], ...others } = rest as { routes?: ResultRoute[] }
  const list = [...routes.map((route) => indented(jsonOf(route), 2)), ...packed.map(textOf)]
  const [start, end] = [indented('\n', 1), indented('\n', 2)]
  const entries = Object.entries(others).map(
    ([key, value]) => `${JSON.stringify(key)}: ${indented(jsonOf(value), 1)}`,
  )
  const all = `"routes": [${end}${list.join(`,${end}`)}${start}]`
  return `{${start}${[...entries, all].join(`,${start}`)}\n}`
}

function textOf({ like, addresses }: PackedResultRoutes): string {
  const length = lengthIn(like)
  const text = indented(jsonOf({ ...like, dst: length }), 2)
  const at = text.indexOf(length)
  const [before, after] = [text.slice(0, at), text.slice(at)]
  return before + addresses.replaceAll(' ', `${after},${indented('\n', 2)}${before}`) + after
}

/** "/24", for example. */
function lengthIn({ dst }: ResultRoute): string {
  return dst.slice(dst.indexOf('/'))
}

function jsonOf(value: unknown): string {
  return JSON.stringify(value, undefined, INDENT)
}

/** A text of JSON, whose strings have no line ends, further to the right from its second line on. */
function indented(json: string, levels: number): string {
  return json.replaceAll('\n', `\n${' '.repeat(INDENT * levels)}`)
}
