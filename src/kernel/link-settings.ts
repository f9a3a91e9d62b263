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

/**
 * Names in /proc/sys of the values in these arrays, in the kernel's order (linux/ip.h counts from
 * 1, linux/ipv6.h from 0). A dot marks a value that is not restored: read-only (mc_forwarding),
 * computed by the kernel (the IPv6 mtu), or not reported (stable_secret).
 */
const IPV4 = `
  forwarding . proxy_arp accept_redirects secure_redirects send_redirects shared_media
  rp_filter accept_source_route bootp_relay log_martians tag arp_filter medium_id disable_xfrm
  disable_policy force_igmp_version arp_announce arp_ignore promote_secondaries arp_accept
  arp_notify accept_local src_valid_mark proxy_arp_pvlan route_localnet
  igmpv2_unsolicited_report_interval igmpv3_unsolicited_report_interval
  ignore_routes_with_linkdown drop_unicast_in_l2_multicast drop_gratuitous_arp bc_forwarding
  arp_evict_nocarrier`
const IPV6 = `
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
  accept_ra_min_lft force_forwarding`

/** The kernel reports these in milliseconds, but takes them in seconds. */
const IN_SECONDS = /^router_(solicitation_(max_)?interval|solicitation_delay|probe_interval)$/

const UNSIGNED = /^(ra_defrtr_metric|ioam6_id(_wide)?)$/

/** The settings that have a known name and can be written, as sysctl(8) would show them. */
export function sysctlsIn({ ipv4, ipv6 }: LinkSettings): Sysctl[] {
  return [...named('net.ipv4.conf', IPV4, ipv4), ...named('net.ipv6.conf', IPV6, ipv6)]
}

/** IN6_ADDR_GEN_MODE_STABLE_PRIVACY of linux/if_link.h. */
const STABLE_PRIVACY = 2

/** Whether the device makes its IPv6 addresses with a secret (stable_secret). */
export function usesStableSecret({ ipv6 = '' }: LinkSettings): boolean {
  const position = IPV6.trim().split(/\s+/).indexOf('addr_gen_mode')
  const bytes = Buffer.from(ipv6, 'hex')
  return bytes.length > position * 4 && readS32(bytes, position * 4) === STABLE_PRIVACY
}

function named(directory: string, names: string, hexadecimal = ''): Sysctl[] {
  const bytes = Buffer.from(hexadecimal, 'hex')
  const words = names.trim().split(/\s+/)
  return words.slice(0, bytes.length / 4).flatMap((word, position) => {
    if (word === '.') return []
    const reported = (UNSIGNED.test(word) ? readU32 : readS32)(bytes, position * 4)
    const value = IN_SECONDS.test(word) ? Math.trunc(reported / 1000) : reported
    return [{ name: `${directory}.${word}`, value: `${value}` }]
  })
}
