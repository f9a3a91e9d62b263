import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'

const require = createRequire(import.meta.url)
const { Enums, Models, Serialize, Spec } = require('@cyclonedx/cyclonedx-library')

const COMMON_LICENCES = '/usr/share/common-licenses'

const PREFACE = `host-device-l3 itself is licensed under the Apache License 2.0; see LICENSE.

Its two artefacts, the executable host-device-l3 and the JavaScript file host-device-l3.cjs, have in
them what is listed here, each under its own licence. The text that follows each is what its package
says of itself; a part of such a text may be about files that are not in these artefacts.
`

/**
 * Writes what is in the artefacts: THIRD-PARTY-NOTICES, and a CycloneDX document for each artefact.
 * @param directory of the artefacts
 * @param artefacts the components in each, by its file's name
 */
export function writeComponents(directory, artefacts) {
  writeFileSync(`${directory}/THIRD-PARTY-NOTICES`, noticesOf(artefacts))
  const { version } = JSON.parse(readFileSync('package.json', 'utf8'))
  for (const [name, components] of Object.entries(artefacts))
    writeFileSync(`${directory}/${name}.cdx.json`, billOf(name, version, inOrder(components)))
}

/** Each once, always in the same order. */
function inOrder(components) {
  const each = new Map(components.map((component) => [component.purl, component]))
  return [...each.values()].sort((one, other) => (one.purl < other.purl ? -1 : 1))
}

function noticesOf(artefacts) {
  const components = inOrder(Object.values(artefacts).flat())
  const placesOf = ({ purl }) =>
    Object.keys(artefacts).filter((name) => artefacts[name].some((other) => other.purl === purl))
  const sections = components.map((component) => {
    const { name, version, licence, texts } = component
    const places = placesOf(component).join(' and ')
    return section(`${name} ${version}, in ${places}: ${licence}`, texts.join('\n\n'))
  })
  const all = components.flatMap(({ texts }) => texts).join('\n')
  return [PREFACE, ...sections, ...commonLicences(all)].join('\n')
}

function section(title, text) {
  const line = '='.repeat(80)
  return `${line}\n${title}\n${line}\n\n${text.trim()}\n`
}

/** The licences that Debian's packages name by their place on a Debian machine. */
function commonLicences(text) {
  const names = [...text.matchAll(/\/usr\/share\/common-licenses\/([\w.-]*\w)/g)].map(
    ([, name]) => name,
  )
  return [...new Set(names)]
    .sort()
    .filter((name) => existsSync(`${COMMON_LICENCES}/${name}`))
    .map((name) => section(name, readFileSync(`${COMMON_LICENCES}/${name}`, 'utf8')))
}

function billOf(artefact, version, components) {
  const bill = new Models.Bom()
  bill.metadata.component = new Models.Component(Enums.ComponentType.Application, artefact, {
    ...{ bomRef: artefact, version },
    licenses: new Models.LicenseRepository([new Models.LicenseExpression('Apache-2.0')]),
  })
  for (const { name, version: itsVersion, licence, purl } of components) {
    const component = new Models.Component(Enums.ComponentType.Library, name, {
      ...{ bomRef: purl, version: itsVersion, purl },
      licenses: new Models.LicenseRepository([new Models.LicenseExpression(licence)]),
    })
    bill.components.add(component)
    bill.metadata.component.dependencies.add(component.bomRef)
  }
  const normalize = new Serialize.JSON.Normalize.Factory(Spec.Spec1dot6)
  const options = { sortLists: true, space: 2 }
  return `${new Serialize.JsonSerializer(normalize).serialize(bill, options)}\n`
}
