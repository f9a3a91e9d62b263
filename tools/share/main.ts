// Writes what is installed beside the plugin into a directory that is laid out as /usr/local/share:
// node build/share.mjs DIRECTORY
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { version } from '../../package.json'
import { SUBCOMMANDS } from '../../src/commands/line/subcommands.js'
import { bashCompletion } from './bash.js'
import { configurationSchema } from './configuration-schema.js'
import { fishCompletion } from './fish.js'
import { manual } from './manual.js'
import { zshCompletion } from './zsh.js'

const FILES = {
  'bash-completion/completions/host-device-l3': bashCompletion(SUBCOMMANDS),
  'fish/vendor_completions.d/host-device-l3.fish': fishCompletion(SUBCOMMANDS),
  'host-device-l3/configuration.schema.json': configurationSchema(),
  'man/man8/host-device-l3.8': manual(SUBCOMMANDS, version),
  'zsh/site-functions/_host-device-l3': zshCompletion(SUBCOMMANDS),
}

const [directory = 'dist/share'] = process.argv.slice(2)
for (const [name, text] of Object.entries(FILES)) {
  const path = `${directory}/${name}`
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, text)
}
