import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, realpathSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'

/**
 * What Debian's source packages put into a program that is linked with them, and its licence. What
 * is not listed here ends the build.
 */
const KNOWN_SOURCES = [
  [/^gcc-/, 'libgcc', 'GPL-3.0-or-later WITH GCC-exception-3.1'],
  [/^(glibc|cross-toolchain-base)$/, 'glibc', 'LGPL-2.1-or-later'],
  [/^musl$/, 'musl', 'MIT'],
  [/^quickjs-ng$/, 'quickjs-ng', 'MIT'],
]

/**
 * A component of somebody else's that is in an artefact.
 * @typedef {{
 *   name: string, version: string, licence: string, purl: string,
 *   texts: string[],
 * }} Component
 */

/**
 * The npm packages that a bundle has code of.
 * @param inputs of esbuild's metafile: what each file of an output contributes
 * @returns {Component[]}
 */
export function packagesOf(inputs) {
  const roots = Object.entries(inputs)
    .filter(([, { bytesInOutput }]) => bytesInOutput > 0)
    .flatMap(([path]) => path.match(/^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/)?.[0] ?? [])
  return [...new Set(roots)].map((root) => {
    const { name, version, license } = JSON.parse(readFileSync(`${root}/package.json`, 'utf8'))
    const files = readdirSync(root).filter((file) => /^(licen[cs]e|notice|copying)/i.test(file))
    if (files.length === 0) throw new Error(`${root} has no licence text`)
    return {
      ...{
        name,
        version,
        licence: license,
        purl: `pkg:npm/${name.replace('@', '%40')}@${version}`,
      },
      texts: files.sort().map((file) => readFileSync(`${root}/${file}`, 'utf8')),
    }
  })
}

/** To ask for each file once. */
const owners = new Map()

/**
 * The Debian packages that something was linked or compiled from.
 * @param files the objects and archives that the linker says it took, and sources
 * @returns {Component[]}
 */
export function librariesOf(files) {
  for (const file of files.map((path) => realpathSync(path)))
    if (!owners.has(file)) owners.set(file, ownerOf(file))
  const found = files.map((path) => owners.get(realpathSync(path)))
  return [...new Map(found.map((owner) => [owner.purl, owner])).values()]
}

/** Files that the linker took, from what it prints with -Wl,-t; without those of this build. */
export function tracedFiles(output) {
  return output
    .split('\n')
    .map((line) => line.replace(/^\((.*?)\).*/, '$1').trim())
    .filter((path) => path.startsWith('/') && !path.startsWith('/tmp/') && existsSync(path))
    .filter((path) => /\.(a|o)$/.test(path))
}

/** @returns {Component} */
function ownerOf(file) {
  // A package that was unpacked beside the installed ones.
  const [, root = ''] = file.match(/^(.*\/build\/[^/]+\/root)\//) ?? []
  const owner = root === '' ? installedOwner(file) : unpackedOwner(`${root}/usr/share/doc`)
  const [, name, licence] = KNOWN_SOURCES.find(([source]) => source.test(owner.source)) ?? []
  if (!name) throw new Error(`${file} is of ${owner.source}, which tools/components.mjs lacks`)
  const version = encodeURIComponent(owner.version)
  return {
    ...{ name, version: owner.version, licence },
    purl: `pkg:deb/debian/${owner.package}@${version}`,
    texts: [readFileSync(`${owner.documents}/copyright`, 'utf8')],
  }
}

function installedOwner(file) {
  const name = execFileSync('dpkg', ['-S', file], { encoding: 'utf8' }).split(/[:,]/)[0]
  // biome-ignore lint/suspicious/noTemplateCurlyInString: dpkg-query has such fields, too
  const format = '${source:Package} ${Version}\n'
  const words = execFileSync('dpkg-query', ['-W', '-f', format, name], { encoding: 'utf8' })
  const [source, version] = words.split('\n')[0].split(' ')
  return { package: name, source, version, documents: `/usr/share/doc/${name}` }
}

/** Of a package that is only unpacked, the changelog has the source and the version. */
function unpackedOwner(directory) {
  const [name, ...others] = readdirSync(directory)
  if (!name || others.length > 0) throw new Error(`${directory} is not that of one package`)
  const documents = `${directory}/${name}`
  const changelog = gunzipSync(readFileSync(`${documents}/changelog.Debian.gz`)).toString()
  const [, source, version] = changelog.match(/^(\S+) \((.*?)\)/) ?? []
  return { package: name, source, version, documents }
}
