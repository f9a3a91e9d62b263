import type { NetworkNamespace } from './namespace.js'
import { nativeAddon } from './native-addon.js'
import { readU32 } from './netlink/bytes.js'
import { detachXdp } from './netlink/link-change.js'
import type { Link, XdpMode } from './netlink/link-schema.js'

/** A BPF program attached to a device. It stays attached when the device is moved. */
export type Program =
  | { place: 'xdp'; id: number; mode: XdpMode }
  | {
      place: 'tcx ingress' | 'tcx egress'
      id: number
      /** The link that holds it there; 0 if none does. */
      link: number
    }

/** enum bpf_attach_type of linux/bpf.h. */
const TCX = { 'tcx ingress': 46, 'tcx egress': 47 } as const

/** The XDP and tcx programs of a device. */
export function programsOn(namespace: NetworkNamespace, link: Link): Program[] {
  const { index, xdp = [] } = link
  const tcx = namespace.run(() =>
    (['tcx ingress', 'tcx egress'] as const).flatMap((place) => tcxPrograms(index, place)),
  )
  return [...xdp.map(({ program: id, mode }) => ({ place: 'xdp' as const, id, mode })), ...tcx]
}

function tcxPrograms(index: number, place: keyof typeof TCX): Program[] {
  const found = nativeAddon().tcxPrograms(index, TCX[place])
  const programs: Program[] = []
  for (let at = 0; at + 8 <= found.length; at += 8)
    programs.push({ place, id: readU32(found, at), link: readU32(found, at + 4) })
  return programs
}

/**
 * Detaches a program from a device, whatever process has attached it.
 * @throws Error if the kernel refuses
 */
export function detachProgram(namespace: NetworkNamespace, link: Link, program: Program): void {
  const { index } = link
  if (program.place === 'xdp') {
    const holder = namespace.run(() => nativeAddon().findXdpLink(index, program.id))
    if (holder === 0) detachXdp(namespace.socket, index, program.mode)
    else nativeAddon().detachLink(holder)
  } else if (program.link !== 0) nativeAddon().detachLink(program.link)
  else namespace.run(() => nativeAddon().detachTcx(index, TCX[program.place], program.id))
}
