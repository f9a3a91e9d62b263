// Gives the source a version: node tools/set-version.mjs 0.2.0. What is unreleased in the changelog
// becomes that version's section.
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'

const [version = ''] = process.argv.slice(2)
if (!/^\d+\.\d+\.\d+(-[0-9A-Za-z.]+)?$/.test(version))
  throw new Error(`"${version}" is no version, such as 0.2.0 or 0.2.0-rc.1`)

const former = JSON.parse(readFileSync('package.json', 'utf8')).version
const replace = (file, pattern, text) => {
  const before = readFileSync(file, 'utf8')
  if (!pattern.test(before)) throw new Error(`${file} has nothing like ${pattern}`)
  writeFileSync(file, before.replace(pattern, text))
}

if (version !== former) {
  execFileSync('npm', ['version', '--no-git-tag-version', version], { stdio: 'ignore' })
  for (const key of ['version', 'appVersion'])
    replace('deploy/chart/Chart.yaml', new RegExp(`^${key}: .*$`, 'm'), `${key}: ${version}`)
  for (const directory of ['kustomize', 'uninstall'])
    replace(`deploy/${directory}/kustomization.yaml`, /newTag: .*/, `newTag: ${version}`)
}
const seconds = Number(process.env.SOURCE_DATE_EPOCH ?? Date.now() / 1000)
const date = new Date(seconds * 1000).toISOString().slice(0, 10)
if (!readFileSync('CHANGELOG.md', 'utf8').includes(`## [${version}]`))
  replace('CHANGELOG.md', /^## Unreleased$/m, `## Unreleased\n\n## [${version}] - ${date}`)
