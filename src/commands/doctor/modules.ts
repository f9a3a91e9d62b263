import { existsSync, readFileSync } from 'node:fs'
import type { Configuration } from '../../cni/configuration-schema.js'
import { isObject } from '../../cni/network.js'
import type { CheckOfFiles, Finding } from './finding.js'

/** What needs a module of the kernel. */
interface Need {
  /** For an operator: `the plugin "ipvlan"`. */
  who: string
  module: string
  /** A fault where calls fail without it. */
  level: Finding['level']
}

/** The modules that other plugins of a list need, by their type. */
const OF_PLUGIN: Record<string, string[]> = {
  bandwidth: ['act_mirred', 'cls_u32', 'ifb', 'sch_ingress', 'sch_tbf'],
  bridge: ['bridge', 'veth'],
  dhcp: ['af_packet'],
  dummy: ['dummy'],
  ipvlan: ['ipvlan'],
  macvlan: ['macvlan'],
  ptp: ['veth'],
  tap: ['tun'],
  vlan: ['8021q'],
  vrf: ['vrf'],
}

/** What gives frames of gVisor their protocol on an ipvlan device in mode l3 (gvisor/l3.ts). */
const OF_IPVLAN_L3 = ['act_vlan', 'cls_matchall', 'sch_ingress']

/** A function of each module, by which a kernel shows that it has it (/proc/kallsyms). */
const FUNCTIONS: Record<string, string> = {
  '8021q': 'register_vlan_dev',
  act_mirred: 'tcf_mirred_act',
  act_vlan: 'tcf_vlan_act',
  af_packet: 'packet_create',
  bridge: 'br_add_bridge',
  cls_matchall: 'mall_classify',
  cls_u32: 'u32_classify',
  dummy: 'dummy_setup',
  ifb: 'ifb_setup',
  ipvlan: 'ipvlan_link_setup',
  macvlan: 'macvlan_common_setup',
  sch_ingress: 'ingress_init',
  sch_tbf: 'tbf_init',
  tun: 'tun_chr_open',
  veth: 'veth_setup',
  vrf: 'vrf_setup',
}

/** Whether the kernel has, or can load, what the plugins of the configuration use. */
export const modules: CheckOfFiles = (configuration, plugins) => {
  const needs = [...needsOf(configuration, plugins)]
  const isFirst = ({ module }: Need, index: number) =>
    needs.findIndex((other) => other.module === module) === index
  return needs.filter(isFirst).flatMap(lack)
}

function* needsOf({ gvisor }: Configuration, plugins: Record<string, unknown>[]): Generator<Need> {
  for (const { type, mode, ipam } of plugins) {
    for (const name of [type, isObject(ipam) ? ipam.type : ''].map(String))
      for (const module of (Object.hasOwn(OF_PLUGIN, name) && OF_PLUGIN[name]) || [])
        yield { who: `the plugin "${name}"`, module, level: 'fault' }
    if (gvisor && type === 'ipvlan' && mode === 'l3')
      for (const module of OF_IPVLAN_L3)
        yield { who: 'gVisor on ipvlan in mode l3', module, level: 'warning' }
  }
  // runsc reads and writes frames by it.
  if (gvisor) yield { who: 'gVisor', module: 'af_packet', level: 'fault' }
}

/** Nothing where the kernel has the module, or loads it when it is needed. */
function lack({ who, module, level }: Need): Finding[] {
  if (existsSync(`/sys/module/${module}`)) return []
  const release = read('/proc/sys/kernel/osrelease')?.trim() ?? ''
  const directory = `/lib/modules/${release}`
  const found = (why: string, cure: string, as = level): Finding[] => [
    {
      level: as,
      about: 'kernel modules',
      text: `${who} needs the kernel module ${module}, ${why}`,
      cure,
    },
  ]
  switch (listedAs(module, directory)) {
    case 'builtin':
      return []
    case 'loadable':
      return read('/proc/sys/kernel/modules_disabled')?.trim() !== '1'
        ? []
        : found(
            'which is not loaded, and nothing can be loaded any more (kernel.modules_disabled)',
            `have it loaded at boot: echo ${module} >> /etc/modules-load.d/cni.conf`,
          )
    case 'missing':
      return found(
        `and ${directory} has none`,
        `install the rest of this kernel's modules (Ubuntu: linux-modules-extra-${release}; Debian: the kernel without "cloud" in its name), or take another kernel`,
      )
    case 'unknown':
      if (isInKernel(module)) return []
      return existsSync('/proc/modules')
        ? found(
            `which is not loaded, and ${directory} does not say whether it could be`,
            `see on the node whether it can be loaded: modprobe ${module}`,
            'warning',
          )
        : found(`and this kernel, ${release}, has none and loads none`, 'take another kernel')
  }
}

/** What depmod's lists say of a module: `unknown` where there are none, as in a container. */
function listedAs(
  module: string,
  directory: string,
): 'builtin' | 'loadable' | 'missing' | 'unknown' {
  // The file may be compressed, and have a dash where the module has an underscore.
  const file = new RegExp(`(^|/)${module.replaceAll('_', '[_-]')}\\.ko(\\.\\w+)?(:|$)`, 'm')
  if (file.test(read(`${directory}/modules.builtin`) ?? '')) return 'builtin'
  const loadable = read(`${directory}/modules.dep`)
  if (loadable === undefined) return 'unknown'
  return file.test(loadable) ? 'loadable' : 'missing'
}

/** Whether a function of the module is there. */
function isInKernel(module: string): boolean {
  return new RegExp(` ${FUNCTIONS[module]}\\b`).test(read('/proc/kallsyms') ?? '')
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}
