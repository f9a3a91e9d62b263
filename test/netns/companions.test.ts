import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ARTEFACTS } from '../support/artefacts.js'
import { callPlugin } from '../support/plugin.js'
import { runSync } from '../support/run-sync.js'
import { Testbed } from '../support/testbed.js'

/**
 * RDMA devices in a sysfs of our own, in the mount namespace that `ip netns exec` made: most kernels
 * have none. test/vm/rdma.test.ts and test/vm/rdma-moves.test.ts have real ones.
 */
function withRdma(mode: 'Y' | 'N', ...more: string[]): string[] {
  const script = [
    'mount -t tmpfs kept /mnt && mkdir /mnt/net && mount --bind /sys/class/net /mnt/net',
    'mount -t tmpfs class /sys/class && mkdir /sys/class/net && mount --bind /mnt/net /sys/class/net',
    'mkdir -p /sys/class/infiniband/mlx5_0/device/net/eth1',
    'mkdir -p /sys/class/infiniband/mlx5_1/device/net/eth2',
    'mkdir -p /sys/class/infiniband/rxe0 && echo eth1 >/sys/class/infiniband/rxe0/parent',
    'mkdir -p /sys/class/infiniband/rxe1 && echo eth10 >/sys/class/infiniband/rxe1/parent',
    'mount -t tmpfs module /sys/module && mkdir -p /sys/module/ib_core/parameters',
    `echo ${mode} >/sys/module/ib_core/parameters/netns_mode`,
    ...more,
    'exec "$@"',
  ]
  return ['sh', '-ec', script.join('\n'), 'sh']
}

const MADE_ON_IT = 'RDMA device rxe0, made on it: the kernel removes it when the device moves'
const SHARED = 'RDMA device mlx5_0: stays, and every namespace can use it (netns shared)'
const EXCLUSIVE = (reason: string) =>
  `RDMA device mlx5_0: stays on the host, whose alone it is (netns exclusive): ${reason}`

describe.each(ARTEFACTS)('$artefact names what hangs together with a device', ({ path }) => {
  let testbed: Testbed
  const explain = (mode: 'Y' | 'N', ...more: string[]) => {
    const words = [...withRdma(mode, ...more), path, 'explain', 'eth1', '--json']
    return JSON.parse(runSync('ip', ['netns', 'exec', testbed.host, ...words]).stdout)
  }
  const add = (mode: 'Y' | 'N', ...more: string[]) => {
    const logFile = `${testbed.stateDirectory}/log`
    const configuration = { logFile, logLevel: 'info' }
    return callPlugin(testbed, path, 'ADD', { configuration, wrapper: withRdma(mode, ...more) })
  }
  const log = () =>
    runSync('cat', [`${testbed.stateDirectory}/log`])
      .stdout.split('\n')
      .map((line) => JSON.parse(line))

  beforeEach(() => {
    testbed = new Testbed()
    testbed.onHost('address add 198.51.100.5/24 dev eth1')
  })
  afterEach(() => testbed[Symbol.dispose]())

  it('RDMA devices that all namespaces share', () => {
    expect(explain('Y').companions).toEqual([SHARED, MADE_ON_IT])
    const { exitCode, stderr } = add('Y')
    expect(exitCode).toBe(0)
    expect(stderr).toContain(
      'the kernel has removed RDMA device rxe0, made on eth1, which does not come back',
    )
    expect(stderr).not.toContain('mlx5_0')
    expect(log().find(({ companions }) => companions)?.companions).toEqual([SHARED, MADE_ON_IT])
    const record = `${testbed.stateDirectory}/attachments/container-1:net1.json`
    expect(JSON.parse(runSync('cat', [record]).stdout).device.companions).toEqual([
      { kind: 'rdma', name: 'mlx5_0' },
      { kind: 'rdma-on-it', name: 'rxe0' },
    ])
  })

  it.each([
    // It is in sysfs alone.
    ['the kernel does not list it', ''],
    [
      'other network devices of the NIC need it, too',
      'mkdir /sys/class/infiniband/mlx5_0/device/net/eth2',
    ],
    [
      'its move would remove eth1',
      'echo 32 >/mnt/type && mount --bind /mnt/type /sys/class/net/eth1/type',
    ],
  ])('an RDMA device of the host alone, and why it stays there: %s', (reason, preparation) => {
    const { companions, warnings } = explain('N', preparation)
    expect(companions).toEqual([EXCLUSIVE(reason), MADE_ON_IT])
    const warning = `RDMA device mlx5_0 of eth1 stays on the host, and the pod cannot use it: ${reason}`
    expect(warnings).toContain(warning)
    const { exitCode, stderr } = add('N', preparation)
    expect(exitCode).toBe(0)
    expect(stderr).toContain(warning)
    const record = `${testbed.stateDirectory}/attachments/container-1:net1.json`
    expect(JSON.parse(runSync('cat', [record]).stdout).device.rdma ?? []).toEqual([])
  })

  it('nothing where there is nothing', () => {
    const words = ['netns', 'exec', testbed.host, path, 'explain', 'eth1']
    expect(JSON.parse(runSync('ip', [...words, '--json']).stdout).companions).toEqual([])
    expect(runSync('ip', words).stdout).not.toContain('what hangs together')
  })
})
