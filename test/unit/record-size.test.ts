import { mkdtempSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { attachmentRecords } from '../../src/records/attachments.js'
import type { AttachmentRecord } from '../../src/records/record-schema.js'

const MOST_BYTES = 64 * 1024 * 1024

describe('a record', () => {
  let stateDirectory: string
  beforeEach(() => {
    stateDirectory = mkdtempSync(`${tmpdir()}/hdl3-state-`)
  })
  afterEach(() => rmSync(stateDirectory, { recursive: true }))

  const record = (network: string): AttachmentRecord => ({
    format: 2,
    mode: 'move',
    containerId: 'container-1',
    interfaceName: 'net1',
    network,
    sandboxPath: '/run/netns/x',
    lentAt: 0,
    device: {
      nameInSandbox: 'net1',
      onHost: {
        ...{ index: 3, name: 'eth1', alternativeNames: [], hardwareAddress: '', mtu: 1500 },
        ...{ up: true, loopback: false, netnsImmutable: false },
      },
    },
    state: { addresses: [], routes: [], rules: [], neighbors: [], sysctls: [] },
  })

  it('that no call could read again is not written', () => {
    const store = attachmentRecords(stateDirectory)
    expect(() => store.write(record('x'.repeat(MOST_BYTES)))).toThrow('it would have')
    expect(store.list()).toEqual([])
  })

  it('of more bytes than any is set aside, and the others are read', () => {
    const store = attachmentRecords(stateDirectory)
    store.write(record('lent'))
    const path = `${stateDirectory}/attachments/large:net1.json`
    writeFileSync(path, '{}', { mode: 0o600 })
    truncateSync(path, 2 * MOST_BYTES)
    expect(store.list()).toEqual([record('lent')])
    expect(readdirSync(`${stateDirectory}/attachments`).toSorted()).toEqual([
      'container-1:net1.json',
      'large:net1.json.set-aside',
    ])
  })
})
