import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { version } from '../../package.json' with { type: 'json' }
import { runSync } from '../support/run-sync.js'

const NAME = `host-device-l3-${version}`
const MACHINES = ['amd64', 'arm64']

/** What the documents name, and only those who build the plugin need. */
const OF_THE_SOURCE = /^(?:src|test|tools|bench|demo|CONTRIBUTING\.md|Makefile)(?:\/|$)/

describe('a release', () => {
  let directory: string
  const release = () => `${directory}/release`
  const podman = (...words: string[]) =>
    runSync('podman', [
      ...['--root', `${directory}/root`, '--runroot', `${directory}/run`],
      ...['--storage-driver', 'vfs', ...words],
    ]).stdout

  beforeAll(() => {
    directory = mkdtempSync(`${tmpdir()}/hdl3-release-`)
    // Whether the downloads are the expected ones is a question for who publishes it.
    const inputs = `${directory}/inputs`
    runSync('sh', [
      '-c',
      `cat build/quickjs/packages.sha256 build/musl-*/packages.sha256 >${inputs}`,
    ])
    runSync('tools/release.sh', [release(), inputs], { env: { SOURCE_DATE_EPOCH: '1800000000' } })
  }, 240_000)
  afterAll(() => rmSync(directory, { recursive: true, force: true }))

  it.each(MACHINES)('has an image for %s that podman loads', (machine) => {
    podman('load', '--quiet', '--input', `${release()}/${NAME}-image-${machine}.tar`)
    const image = `localhost/host-device-l3:${version}`
    expect(podman('image', 'inspect', '--format', '{{.Architecture}}', image)).toBe(machine)
  })

  it('has images that podman makes one list of, as docs/kubernetes.md says', () => {
    const docs = readFileSync('docs/kubernetes.md', 'utf8').replace(/^ {4}/gm, '')
    const [commands = ''] = /^podman manifest create (?:.*\n)+? +docker:.*$/m.exec(docs) ?? []
    const own = `podman() { command podman --root ${directory}/root --runroot ${directory}/run --storage-driver vfs "$@"; }`
    const toDirectory = commands.replace(/docker:.*/, `dir:${directory}/pushed`)
    runSync('sh', ['-ec', `${own}\n${toDirectory}`], { cwd: release() })
    const pushed = JSON.parse(readFileSync(`${directory}/pushed/manifest.json`, 'utf8'))
    expect(pushed.manifests.map(({ platform }: never) => platform)).toEqual(
      MACHINES.map((architecture) => ({ architecture, os: 'linux' })),
    )
  })

  it.each(MACHINES)(
    'has an archive for %s with all that its documents tell operators to use',
    (machine) => {
      const name = `${NAME}-linux-${machine}`
      runSync('tar', ['-C', directory, '-xf', `${release()}/${name}.tar.gz`])
      const unpacked = `${directory}/${name}`
      for (const file of readdirSync('systemd'))
        expect(readFileSync(`${unpacked}/systemd/${file}`)).toEqual(readFileSync(`systemd/${file}`))
      const documents = runSync('find', [unpacked, '-name', '*.md']).stdout.split('\n')
      const dead = documents.flatMap((document) =>
        [...readFileSync(document, 'utf8').matchAll(/\]\((?!https?:|#)([^)#]+)(?:#[^)]*)?\)/g)]
          .map(([, link = '']) => join(dirname(document), link).slice(unpacked.length + 1))
          .filter((path) => !existsSync(`${unpacked}/${path}`) && !OF_THE_SOURCE.test(path)),
      )
      expect(dead).toEqual([])
    },
  )
})
