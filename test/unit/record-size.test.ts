import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
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

  it('that another call has written in place of a broken one is not set aside', () => {
    const store = attachmentRecords(stateDirectory)
    store.write(record('lent'))
    const path = `${stateDirectory}/attachments/container-1:net1.json`
    writeFileSync(path, '{')
    const isMeant = () => {
      store.write(record('lent since'))
      return true
    }
    store.list(isMeant)
    expect(store.list()).toEqual([record('lent since')])
    expect(readdirSync(`${stateDirectory}/attachments`)).toEqual(['container-1:net1.json'])
  })

  it('that is broken is set aside beside earlier ones', () => {
    const store = attachmentRecords(stateDirectory)
    const broken = ['{', '{"a', '[']
    store.write(record('lent'))
    for (const text of broken) {
      writeFileSync(`${stateDirectory}/attachments/container-1:net1.json`, text, { mode: 0o600 })
      expect(store.list()).toEqual([])
    }
    const files = readdirSync(`${stateDirectory}/attachments`).toSorted()
    expect(files).toEqual([
      'container-1:net1.json.2.set-aside',
      'container-1:net1.json.3.set-aside',
      'container-1:net1.json.set-aside',
    ])
    const text = readFileSync(`${stateDirectory}/attachments/${files[2]}`, 'utf8')
    expect(text).toBe(broken[0])
  })
})
