import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { IsolatedNode } from './isolated-node.js'

export const IMAGE = 'localhost/hdl3:latest'

/** Where the archive is on an isolated node that has one. */
export const IMAGE_ARCHIVE = '/run/image.tar'

const LAYER = `
  mkdir -p /run/image/root/bin
  cd /run/image/root/bin
  cp /bin/busybox .
  for applet in sh sleep ip ping cat; do ln -s busybox $applet; done
  tar -C /run/image/root -cf /run/image/layer.tar .
`

const ARCHITECTURES: Partial<Record<NodeJS.Architecture, string>> = { x64: 'amd64' }

/** Makes an image of nothing but Debian's static busybox, as an archive like `docker save`'s. */
export function makeImage(node: IsolatedNode): void {
  node.mustRun(['sh', '-euc', LAYER])
  const layer = readFileSync(node.path('/run/image/layer.tar'))
  node.write('/run/image/config.json', {
    architecture: ARCHITECTURES[process.arch] ?? process.arch,
    os: 'linux',
    // The sandbox of a pod runs it: it has to wait, and to end when told.
    config: { Env: ['PATH=/bin'], Cmd: ['sh', '-c', 'trap exit TERM; sleep 1000 & wait'] },
    rootfs: {
      type: 'layers',
      diff_ids: [`sha256:${createHash('sha256').update(layer).digest('hex')}`],
    },
  })
  const manifest = [{ Config: 'config.json', RepoTags: [IMAGE], Layers: ['layer.tar'] }]
  node.write('/run/image/manifest.json', JSON.stringify(manifest))
  const files = ['manifest.json', 'config.json', 'layer.tar']
  node.mustRun(['tar', '-C', '/run/image', '-cf', IMAGE_ARCHIVE, ...files])
}
