import { copyFileSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'

const HOOKS = new URL('../../../cni-conf/gvisor/oci-hooks.json', import.meta.url)

/** What an OCI runtime is to call, and when. */
export type Hooks = Record<string, { path: string; args: string[] }[]>

/** The hooks to copy, for an artefact and a state directory of a test's own. */
export function hooksToCopy(artefactPath: string, stateDirectory: string): Hooks {
  const { hooks } = JSON.parse(readFileSync(HOOKS, 'utf8')) as { hooks: Hooks }
  const own = (hook: { args: string[] }) => ({
    ...hook,
    path: artefactPath,
    args: [...hook.args, '--state-dir', stateDirectory],
  })
  return Object.fromEntries(Object.entries(hooks).map(([when, list]) => [when, list.map(own)]))
}

/** Makes a bundle of a container that has busybox, and runs a shell command in a namespace. */
export function makeBundle(
  directory: string,
  sandboxPath: string,
  command: string,
  hooks: Hooks,
): void {
  const rootfs = `${directory}/rootfs`
  mkdirSync(`${rootfs}/bin`, { recursive: true })
  for (const name of ['www', 'proc']) mkdirSync(`${rootfs}/${name}`)
  copyFileSync('/bin/busybox', `${rootfs}/bin/busybox`)
  for (const applet of ['sh', 'ip', 'nc', 'sleep'])
    symlinkSync('busybox', `${rootfs}/bin/${applet}`)
  writeFileSync(`${rootfs}/www/index.html`, 'hello')
  const specification = {
    ociVersion: '1.0.0',
    process: {
      user: { uid: 0, gid: 0 },
      args: ['/bin/sh', '-c', command],
      env: ['PATH=/bin'],
      cwd: '/',
    },
    root: { path: 'rootfs', readonly: true },
    hostname: 'gvisor',
    hooks,
    mounts: [{ destination: '/proc', type: 'proc', source: 'proc' }],
    linux: {
      namespaces: [
        { type: 'network', path: sandboxPath },
        ...['pid', 'ipc', 'uts', 'mount'].map((type) => ({ type })),
      ],
    },
  }
  writeFileSync(`${directory}/config.json`, JSON.stringify(specification))
}
