import { COMPILED } from '../../artefacts.js'
import { SYSCTLS } from '../comparison/sysctls.js'
import { CniPlugin } from './cni-plugin.js'

/** This plugin, which is asked for all that can be asked of it. */
export const THIS_PLUGIN = new CniPlugin('this plugin', '', COMPILED, {
  sysctls: SYSCTLS,
})
