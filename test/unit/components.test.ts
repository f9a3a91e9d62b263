import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { describe, expect, it } from 'vitest'
import { version } from '../../package.json' with { type: 'json' }
import { DIRECTORY } from '../support/artefacts.js'

const { Validation, Spec } = createRequire(import.meta.url)('@cyclonedx/cyclonedx-library')

const notices = readFileSync(`${DIRECTORY}/THIRD-PARTY-NOTICES`, 'utf8')

interface Bill {
  metadata: { component: { name: string; version: string } }
  components: { name: string; version: string; licenses: { expression: string }[]; purl: string }[]
}

describe.each(['host-device-l3', 'host-device-l3.cjs'])('what is said to be in %s', (artefact) => {
  const text = readFileSync(`${DIRECTORY}/${artefact}.cdx.json`, 'utf8')
  const { metadata, components }: Bill = JSON.parse(text)
  const names = components.map(({ name }) => name)

  it('is a valid CycloneDX document', async () => {
    const validator = new Validation.JsonStrictValidator(Spec.Version.v1dot6)
    expect(await validator.validate(text)).toBeNull()
    expect(metadata.component).toMatchObject({ name: artefact, version })
  })

  it('has its licence in THIRD-PARTY-NOTICES', () => {
    for (const component of components) {
      const [{ expression }] = component.licenses as [{ expression: string }]
      const title = /^(.*) in (.*): (.*)$/gm
      const found = [...notices.matchAll(title)].find(
        ([, what]) => what === `${component.name} ${component.version},`,
      )
      expect(found?.[2]?.split(' and ')).toContain(artefact)
      expect(found?.[3]).toBe(expression)
    }
  })

  // Each leaves words of its own in the file.
  it('is what can be seen in it', () => {
    const bytes = readFileSync(`${DIRECTORY}/${artefact}`, 'latin1')
    const isExecutable = artefact === 'host-device-l3'
    expect(bytes).not.toContain('Fatal glibc error')
    expect(names.includes('quickjs-ng')).toBe(isExecutable)
    expect(names.includes('glibc')).toBe(!isExecutable)
    expect(names).toContain('libgcc')
    expect(names).toContain('musl')
    expect(names).toContain('netlink')
    expect(names.includes('execa')).toBe(!isExecutable)
  })
})

describe('THIRD-PARTY-NOTICES', () => {
  it.each([
    'GNU LESSER GENERAL PUBLIC LICENSE',
    'GCC RUNTIME LIBRARY EXCEPTION',
    'Fabrice Bellard',
  ])('has the words %s', (words) => expect(notices.toUpperCase()).toContain(words.toUpperCase()))
})
