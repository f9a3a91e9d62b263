import { readFileSync } from 'node:fs'

/**
 * Makes an ECMAScript module of the netlink package's codec. It is CommonJS, of which a bundler
 * keeps all of its hundred functions; the program uses ten.
 */
export const codecPlugin = {
  name: 'codec',
  setup({ onLoad }) {
    onLoad({ filter: /\/netlink\/dist\/structs\.js$/ }, ({ path }) => ({
      contents: readFileSync(path, 'utf8')
        .replaceAll(/^(exports\.\w+ = )+void 0;$/gm, '')
        .replaceAll(/^Object\.defineProperty\(exports, .*$/gm, '')
        .replaceAll(/^const (\w+) = require\("(\w+)"\);$/gm, 'import * as $1 from "$2";')
        .replaceAll(/^exports\.(\w+) = \1;$/gm, 'export { $1 };')
        .replaceAll(/^exports\.(\w+) = /gm, 'export const $1 = ')
        .replaceAll(/\bexports\.(\w+)/g, '$1'),
    }))
  },
}
