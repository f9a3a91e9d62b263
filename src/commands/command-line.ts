import { parseArgs } from 'node:util'
import { version } from '../../package.json'
import type { Answer } from './answer.js'

const HELP = `host-device-l3: lends a network device of the host to a pod, with its addresses and routes.

A container runtime calls it with CNI_COMMAND and the other CNI variables set and the
configuration on stdin. A person can ask:

  host-device-l3 explain DEVICE [--config FILE] [--json]
      what of a device would be carried into a pod, what left behind, and why;
      changes nothing. FILE is a network configuration, or a list of them.
  host-device-l3 keep (--netns PATH | --oci-state) [--interface NAME] [--state-dir DIR]
      for a hook that is called when a gVisor sandbox has started: puts the addresses
      back that gVisor took. --oci-state reads which sandbox is meant on stdin.
  host-device-l3 --help
  host-device-l3 --version
`

/**
 * Runs a command given on the command line.
 * @param words the arguments, without the program
 * @param readInput reads stdin; not called for a command without input
 */
export async function answerCommandLine(words: string[], readInput: () => string): Promise<Answer> {
  try {
    const { values, positionals } = parseArgs({
      args: words,
      allowPositionals: true,
      options: {
        help: { type: 'boolean' },
        version: { type: 'boolean' },
        config: { type: 'string' },
        json: { type: 'boolean' },
        netns: { type: 'string' },
        'oci-state': { type: 'boolean' },
        interface: { type: 'string' },
        'state-dir': { type: 'string' },
      },
    })
    if (values.help) return { kind: 'text', text: HELP, failed: false }
    if (values.version) return { kind: 'text', text: `${version}\n`, failed: false }
    const [command, device, ...others] = positionals
    if (command === 'keep' && device === undefined) {
      const { keep } = await import('./keep.js')
      return { kind: 'text', text: await keep(values, readInput), failed: false }
    }
    if (command !== 'explain' || device === undefined || others.length > 0)
      return { kind: 'message', text: HELP, failed: true }
    const { explain } = await import('./explain.js')
    return await explain(device, values.config, values.json === true)
  } catch (error) {
    return { kind: 'message', text: `host-device-l3: ${(error as Error).message}`, failed: true }
  }
}
