import { beforeAll, expect, it } from 'vitest'
import { COMPILED } from '../support/artefacts.js'
import { callPlugin, runCommandLine } from '../support/plugin.js'
import { runSync } from '../support/run-sync.js'
import { Testbed } from '../support/testbed.js'

beforeAll(() => {
  runSync('modprobe', ['--all', 'rdma_rxe', 'ib_uverbs'])
})

/**
 * rdma_rxe makes an RDMA device on any NIC. The kernel lets no such device into another namespace, and
 * removes it when its NIC moves.
 */
it('says what becomes of an RDMA device that software made on a NIC', () => {
  using testbed = new Testbed()
  const rdma = (words: string) => testbed.run(testbed.host, `rdma ${words}`)
  testbed.onHost('address add 198.51.100.5/24 dev eth1')
  expect(rdma('link add hdl3rxe type rxe netdev eth1').exitCode).toBe(0)
  const { stdout } = runCommandLine(testbed, COMPILED, ['explain', 'eth1'])
  expect(stdout.replaceAll(/\s+/g, ' ')).toContain(
    'RDMA device hdl3rxe, made on it: the kernel removes it when the device moves',
  )
  const { exitCode, stderr } = callPlugin(testbed, COMPILED, 'ADD')
  expect(exitCode).toBe(0)
  expect(stderr).toContain('the kernel has removed RDMA device hdl3rxe, made on eth1')
  expect(rdma('dev').stdout).not.toContain('hdl3rxe')
  expect(testbed.run(testbed.pod, 'rdma dev').stdout).not.toContain('hdl3rxe')
  expect(callPlugin(testbed, COMPILED, 'DEL')).toMatchObject({ exitCode: 0, stderr: '' })
})
