import * as functions from 'host:native'
import type { NativeAddon } from '../kernel/native-addon.js'

/** In place of kernel/native-addon.ts: the native core is part of the executable. */
export function nativeAddon(): NativeAddon {
  return functions
}
