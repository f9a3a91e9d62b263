import { readFile } from 'node:fs/promises'

/** The codec's two modules: one of plain functions, and one generated on top of it. */
const CODEC = /netlink\/dist\/(structs|rt\/gen_structs)\.js$/

/**
 * Bundles the netlink codec as if it had been published as ES modules.
 *
 * As CommonJS all of it would be in the bundle and evaluated, and every file that
 * imports it would make a copy of its five hundred exports: together more than
 * all else that a call does in JavaScript. The functions themselves stay as they
 * are; what changes is how names come in and go out, so that the bundler can see
 * which are used.
 */
export const netlinkCodecPlugin = {
  name: 'netlink-codec',
  setup(build) {
    build.onLoad({ filter: CODEC }, async ({ path }) => ({
      contents: asModule(await readFile(path, 'utf8')),
      loader: 'js',
    }))
  },
}

/** What the compiler made of the codec's TypeScript, and what it stood for. */
const REWRITES = [
  // The preamble, and the export of what is declared as a function or class.
  [/^"use strict";$/m, ''],
  [/^Object\.defineProperty\(exports, "__esModule".*$/m, ''],
  [/^exports\.\w+ = exports\..*= void 0;$/gm, ''],
  [/^exports\.(\w+) = \1;$/gm, 'export { $1 };'],
  // Imports.
  [/^var __(createBinding|setModuleDefault|importStar) = [\s\S]*?^}\)?;$/gm, ''],
  [/^const structs = .*$/m, "import * as structs from 'netlink/dist/structs';"],
  [/^const os_1 = .*$/m, ''],
  [/\(0, os_1\.endianness\)\(\)/, "(new Uint8Array(new Uint16Array([1]).buffer)[0] ? 'LE' : 'BE')"],
  // Enumerations.
  [
    /^var (\w+);\n((?:\/\*\*[\s\S]*?\*\/\n)?)\(function \(\1\) \{([\s\S]*?)^}\)\(\1 = exports\.\1 .*$/gm,
    'export const $1 = /* @__PURE__ */ (($1) => {$3return $1 })({});',
  ],
  // Constants, and their uses.
  [/^exports\.(\w+) = /gm, 'export const $1 = /* @__PURE__ */ '],
  [/\(0, exports\.(\w+)\)/g, '$1'],
  [/\bexports\.(\w+)/g, '$1'],
]

function asModule(source) {
  const module = REWRITES.reduce((text, [from, to]) => text.replace(from, to), source)
  const leftOver = module.match(/^.*\b(exports\.|require\(|module\.).*$/m)
  if (leftOver) throw new Error(`the netlink codec has a form not seen before: ${leftOver[0]}`)
  return module
}
