const REPORTING = '/sys/module/page_reporting/parameters'

/**
 * What to put before a command for the kernel to say of its memory what is given here.
 * @param order of the free pages that the hypervisor is told of; undefined where the kernel tells none
 * @param blocks how many free blocks there are of each order, from one page on
 */
export function withMemory(order: string | undefined, blocks: number[]): string[] {
  const script = [
    'mount -t tmpfs none /sys/module',
    ...(order === undefined
      ? []
      : [`mkdir -p ${REPORTING}`, `echo ${order} > ${REPORTING}/page_reporting_order`]),
    `echo "Node 0, zone   Normal ${blocks.join(' ')}" > /sys/module/buddyinfo`,
    'mount --bind /sys/module/buddyinfo /proc/buddyinfo',
    'exec "$@"',
  ]
  return ['unshare', '--mount', 'sh', '-ec', script.join('\n'), 'sh']
}

/** As many huge pages, of 4 and 2 MiB, as the executable takes one of. */
export const MANY_HUGE_PAGES = [0, 0, 0, 0, 0, 0, 0, 0, 0, 40, 24]
