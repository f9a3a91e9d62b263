import { copyFileSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { execa, execaSync } from 'execa'
import type { Testbed } from '../testbed.js'

const SCRIPT = fileURLToPath(new URL('runsc.sh', import.meta.url))

/** A web server that answers "hello" on port 8000, of both families. */
export const WEB_SERVER = 'busybox httpd -f -h /www -p 8000'

let count = 0

/** A sandbox of Debian's runsc in the pod of a testbed. Dispose it. */
export class GvisorSandbox implements AsyncDisposable {
  private constructor(private readonly life: ReturnType<typeof startLife>) {}

  /** Starts one that runs a shell command, and does not wait. */
  static start(testbed: Testbed, command: string): GvisorSandbox {
    const id = `${testbed.pod}-${++count}`
    const directory = `${testbed.stateDirectory}/${id}`
    makeBundle(directory, testbed.sandboxPath, command)
    return new GvisorSandbox(startLife(testbed.pod, `${directory}/root`, directory, id))
  }

  /** Waits until it ends by itself; what it and runsc said. */
  async end(): Promise<{ exitCode: number | undefined; said: string }> {
    const { exitCode, stdout, stderr } = await this.life
    return { exitCode, said: stdout + stderr }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.life.kill('SIGKILL')
    await this.life
  }
}

/** A shell command that asks a web server for its page, from inside. */
export const askFor = (address: string) =>
  `printf 'GET / HTTP/1.0\\r\\n\\r\\n' | busybox nc ${address} 8000 | busybox tail -n 1`

/** Runs a shell command to its end. */
export async function runInGvisor(testbed: Testbed, command: string) {
  await using sandbox = GvisorSandbox.start(testbed, command)
  return await sandbox.end()
}

/** A web server as in the sandbox, but in a namespace without gVisor. */
export function startWebServer(testbed: Testbed, namespace: string): AsyncDisposable {
  const directory = `${testbed.stateDirectory}/www`
  mkdirSync(directory)
  writeFileSync(`${directory}/index.html`, 'hello')
  const words = [
    'netns',
    'exec',
    namespace,
    'busybox',
    'httpd',
    '-f',
    '-h',
    directory,
    '-p',
    '8000',
  ]
  const server = execa('ip', words, { reject: false })
  return {
    async [Symbol.asyncDispose]() {
      server.kill()
      await server
    },
  }
}

/** Asks the web server for its page, from another namespace; empty where it does not answer. */
export function fetchPage(testbed: Testbed, from: string, address: string): string {
  const script = `exec 3<>/dev/tcp/${address}/8000 && printf 'GET / HTTP/1.0\\r\\n\\r\\n' >&3 && cat <&3`
  const words = ['netns', 'exec', from, 'timeout', '3', 'bash', '-c', script]
  const { stdout } = execaSync('ip', words, { reject: false, cwd: testbed.stateDirectory })
  return stdout.split('\n').at(-1) ?? ''
}

function makeBundle(directory: string, sandboxPath: string, command: string): void {
  const rootfs = `${directory}/rootfs`
  mkdirSync(`${rootfs}/bin`, { recursive: true })
  mkdirSync(`${rootfs}/www`)
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

function startLife(namespace: string, ...words: string[]) {
  const options = { reject: false, stdin: 'ignore', timeout: 20_000 } as const
  return execa('ip', ['netns', 'exec', namespace, 'sh', SCRIPT, ...words], options)
}
