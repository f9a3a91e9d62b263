import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { execa } from 'execa'
import { runSync } from '../run-sync.js'
import type { Testbed } from '../testbed.js'

/** A web server that answers "hello" on port 8000, of both families. */
export const WEB_SERVER = 'echo ready; exec busybox httpd -f -h /www -p 8000'

/** A shell command that asks a web server for its page, or for the reason it has not got it. */
export const askFor = (address: string) =>
  `printf 'GET / HTTP/1.0\\r\\n\\r\\n' | busybox nc -w 10 ${address} 8000 2>&1 | busybox tail -n 1`

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
  return fetchPages(testbed, from, [address])[0] ?? ''
}

/** The same at several addresses, all at once: where everything is slow, that is much faster. */
export function fetchPages(testbed: Testbed, from: string, addresses: string[]): string[] {
  const fetch = (address: string, n: number) =>
    `(exec 3<>/dev/tcp/${address}/8000 && printf 'GET / HTTP/1.0\\r\\n\\r\\n' >&3 &&
      mapfile -u 3 lines && printf %s "\${lines[@]}" >page-${n}) &`
  const files = addresses.map((_, n) => `${testbed.stateDirectory}/page-${n}`)
  for (const file of files) rmSync(file, { force: true })
  const script = [...addresses.map(fetch), 'wait'].join('\n')
  const words = ['netns', 'exec', from, 'timeout', '3', 'bash', '-c', script]
  runSync('ip', words, { reject: false, cwd: testbed.stateDirectory })
  return files.map((file) => (existsSync(file) ? lastLine(readFileSync(file, 'utf8')) : ''))
}

const lastLine = (text: string) => text.split('\n').at(-1) ?? ''
