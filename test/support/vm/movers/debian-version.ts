import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'

/** The version of a package that was unpacked in a directory, without Debian's own part. */
export function debianVersion(name: string, directory: string): string {
  const file = `${directory}/usr/share/doc/${name}/changelog.Debian.gz`
  const [, version] = /\(([^)+-]+)/.exec(gunzipSync(readFileSync(file)).toString()) ?? []
  if (version === undefined) throw new Error(`no version in ${file}`)
  return version
}
