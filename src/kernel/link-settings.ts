import { readS32, readU32 } from './netlink/bytes.js'
import type { Sysctl } from './sysctl.js'

/**
 * IFLA_INET_CONF and IFLA_INET6_CONF: the device's net.ipv4.conf and net.ipv6.conf as arrays of
 * 32-bit numbers. Kept undecoded as hexadecimal text, because few of the numbers are ever needed.
 */
export interface LinkSettings {
  /** net.ipv4.conf, of IFLA_INET_CONF. */
  ipv4?: string
  /** net.ipv6.conf, of IFLA_INET6_CONF. */
  ipv6?: string
  /** The interface identifier of addresses from router advertisements, if one was set. */
  token?: string
}

/** A value of these arrays that can be set. */
interface Setting {
  /** As sysctl(8) has it, such as "net.ipv4.conf.rp_filter". */
  name: string
  /** Where it is in the array, in bytes. */
  at: number
  /** The value, as the sysctl has it. */
  read: (bytes: Buffer, at: number) => number
}

/** The kernel reports these in milliseconds, but takes them in seconds. */
const IN_SECONDS = [
  'router_solicitation_interval',
  'router_solicitation_max_interval',
  'router_solicitation_delay',
  'router_probe_interval',
]

const UNSIGNED = ['ra_defrtr_metric', 'ioam6_id', 'ioam6_id_wide']

/**
 * The settings of an array.
 * @param names those in /proc/sys, in the kernel's order (linux/ip.h counts from 1, linux/ipv6.h
 *   from 0). A dot marks a value that is not restored: read-only (mc_forwarding), computed by the
 *   kernel (the IPv6 mtu), or not reported (stable_secret)
 */
function settingsOf(directory: string, names: string): Setting[] {
  const words = names.trim().split(/\s+/)
  return words
    .map((word, n) => ({
      name: `${directory}.${word}`,
      at: n * NUMBER_BYTES,
      read: readerOf(word),
    }))
    .filter((_, n) => words[n] !== '.')
}

/** How the value of a setting is read. */
function readerOf(word: string): Setting['read'] {
  if (IN_SECONDS.includes(word)) return (bytes, at) => Math.trunc(readS32(bytes, at) / 1000)
  return UNSIGNED.includes(word) ? readU32 : readS32
}

const NUMBER_BYTES = 4

const IPV4 = settingsOf(
  'net.ipv4.conf',
  `
  forwarding . proxy_arp accept_redirects secure_redirects send_redirects shared_media
  rp_filter accept_source_route bootp_relay log_martians tag arp_filter medium_id disable_xfrm
  disable_policy force_igmp_version arp_announce arp_ignore promote_secondaries arp_accept
  arp_notify accept_local src_valid_mark proxy_arp_pvlan route_localnet
  igmpv2_unsolicited_report_interval igmpv3_unsolicited_report_interval
  ignore_routes_with_linkdown drop_unicast_in_l2_multicast drop_gratuitous_arp bc_forwarding
  arp_evict_nocarrier`,
)
const IPV6 = settingsOf(
  'net.ipv6.conf',
  `
  forwarding hop_limit . accept_ra accept_redirects autoconf dad_transmits router_solicitations
  router_solicitation_interval router_solicitation_delay use_tempaddr temp_valid_lft
  temp_prefered_lft regen_max_retry max_desync_factor max_addresses force_mld_version
  accept_ra_defrtr accept_ra_pinfo accept_ra_rtr_pref router_probe_interval
  accept_ra_rt_info_max_plen proxy_ndp optimistic_dad accept_source_route . disable_ipv6
  accept_dad force_tllao ndisc_notify mldv1_unsolicited_report_interval
  mldv2_unsolicited_report_interval suppress_frag_ndisc accept_ra_from_local use_optimistic
  accept_ra_mtu . use_oif_addrs_only accept_ra_min_hop_limit ignore_routes_with_linkdown
  drop_unicast_in_l2_multicast drop_unsolicited_na keep_addr_on_down
  router_solicitation_max_interval seg6_enabled seg6_require_hmac enhanced_dad addr_gen_mode
  disable_policy accept_ra_rt_info_min_plen ndisc_tclass rpl_seg_enabled ra_defrtr_metric
  ioam6_enabled ioam6_id ioam6_id_wide ndisc_evict_nocarrier accept_untracked_na
  accept_ra_min_lft force_forwarding`,
)

/** The settings that have a known name and can be written, as sysctl(8) would show them. */
export function sysctlsIn({ ipv4, ipv6 }: LinkSettings): Sysctl[] {
  return [...valuesOf(IPV4, ipv4), ...valuesOf(IPV6, ipv6)]
}

/** A setting that has another value than before. */
export interface ChangedSysctl {
  name: string
  before: string
  now: string
}

/** The settings that both have, with another value. */
export function changedSysctls(before: LinkSettings, now: LinkSettings): ChangedSysctl[] {
  return [...changesIn(IPV4, before.ipv4, now.ipv4), ...changesIn(IPV6, before.ipv6, now.ipv6)]
}

function changesIn(settings: Setting[], before?: string, now?: string): ChangedSysctl[] {
  if (before === now) return []
  const valuesNow = valuesOf(settings, now)
  return valuesOf(settings, before)
    .slice(0, valuesNow.length)
    .map(({ name, value }, n) => ({ name, before: value, now: valuesNow[n]?.value ?? '' }))
    .filter((one) => one.before !== one.now)
}

const ADDRESS_MODE = IPV6.filter(({ name }) => name === 'net.ipv6.conf.addr_gen_mode')
/** IN6_ADDR_GEN_MODE_STABLE_PRIVACY of linux/if_link.h. */
const STABLE_PRIVACY = '2'

/** Whether the device makes its IPv6 addresses with a secret (stable_secret). */
export function usesStableSecret({ ipv6 }: LinkSettings): boolean {
  return valuesOf(ADDRESS_MODE, ipv6).some(({ value }) => value === STABLE_PRIVACY)
}

const DISABLED = IPV6.filter(({ name }) => name === 'net.ipv6.conf.disable_ipv6')

/** Whether the device surely has IPv6: false for what an older kernel does not report. */
export function hasIpv6({ ipv6 }: LinkSettings): boolean {
  return valuesOf(DISABLED, ipv6).some(({ value }) => value === '0')
}

const HEEDS_ADVERTISEMENTS = IPV6.filter(({ name }) => name === 'net.ipv6.conf.accept_ra')

/** Whether the kernel heeds router advertisements on the device: true for what it does not report. */
export function heedsAdvertisements({ ipv6 }: LinkSettings): boolean {
  return !valuesOf(HEEDS_ADVERTISEMENTS, ipv6).some(({ value }) => value === '0')
}

const ROUTER_METRIC = IPV6.filter(({ name }) => name === 'net.ipv6.conf.ra_defrtr_metric')

/** The metric of the default route that the kernel makes with a router advertisement, if it can be set. */
export function metricOfRouter({ ipv6 }: LinkSettings): number | undefined {
  const [metric] = valuesOf(ROUTER_METRIC, ipv6)
  return metric && Number(metric.value)
}

/** Of an array as hexadecimal text. One of an older kernel is shorter. */
function valuesOf(settings: Setting[], hexadecimal = ''): Sysctl[] {
  const bytes = Buffer.from(hexadecimal, 'hex')
  return settings
    .filter(({ at }) => at + NUMBER_BYTES <= bytes.length)
    .map(({ name, at, read }) => ({ name, value: `${read(bytes, at)}` }))
}
