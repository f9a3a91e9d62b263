import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { runSync } from './run-sync.js'

/** An address that somebody on the wire says to have: by ARP, or by a neighbour advertisement. */
export interface Announcement {
  address: string
  mac: string
}

/** Hears what a device receives: a capture on the wire. Dispose it. */
export class Listener implements AsyncDisposable {
  #frames: string[] = []

  private constructor(
    private readonly process: ReturnType<typeof startProgram>,
    private readonly directory: string,
  ) {}

  static async start(namespace: string, device: string): Promise<Listener> {
    const directory = mkdtempSync(`${tmpdir()}/hdl3-listener-`)
    const program = `${directory}/listen`
    const source = fileURLToPath(new URL('listen.c', import.meta.url))
    runSync('cc', ['-O2', '-Wall', '-Wextra', '-Werror', '-o', program, source])
    const process = startProgram(namespace, program, device)
    const listener = new Listener(process, directory)
    let rest = ''
    await new Promise<void>((resolve, reject) => {
      process.stdout?.setEncoding('utf8').on('data', (text: string) => {
        const lines = (rest + text).split('\n')
        rest = lines.pop() ?? ''
        listener.#frames.push(...lines)
        resolve()
      })
      process.once('exit', () => reject(new Error('the listener has ended')))
    })
    return listener
  }

  /** The gratuitous ARP requests and unsolicited neighbour advertisements so far, in order. */
  get announcements(): Announcement[] {
    return this.#frames.flatMap((frame) => arpOf(frame) ?? advertisementOf(frame) ?? [])
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.process.kill('SIGKILL')
    await this.process
    rmSync(this.directory, { recursive: true })
  }
}

function startProgram(namespace: string, program: string, device: string) {
  const words = ['netns', 'exec', namespace, program, device]
  return execa('ip', words, { reject: false, buffer: false })
}

const EVERYBODY = 'ff'.repeat(6)

/** Ethernet's header, then the fixed part of ARP: a request between Ethernet and IPv4. */
function arpOf(frame: string): Announcement | undefined {
  const [, mac = '', address = '', target] =
    new RegExp(`^${EVERYBODY}.{12}08060001080006040001(.{12})(.{8}).{12}(.{8})`).exec(frame) ?? []
  if (address === '' || address !== target) return undefined
  const bytes = [...address.matchAll(/../g)].map(([byte]) => Number.parseInt(byte, 16))
  return { address: bytes.join('.'), mac: macText(mac) }
}

/** To all nodes, with the hop limit 255, not solicited, overriding, and with a valid checksum. */
function advertisementOf(frame: string): Announcement | undefined {
  const [, header = '', source = '', message = '', target, mac = ''] =
    /^333300000001.{12}86dd(60.{10}3aff)(.{32})ff02(?:00){13}01(8800.{4}20000000(.{32})0201(.{12}))/.exec(
      frame,
    ) ?? []
  if (source !== target || header === '') return undefined
  const pseudoHeader = `${source}ff02${'00'.repeat(13)}01000000200000003a`
  if (sumOf(pseudoHeader + message) !== 0xffff) return undefined
  const groups = [...source.matchAll(/.{4}/g)].map(([group]) => Number.parseInt(group, 16))
  const text = new URL(`http://[${groups.map((group) => group.toString(16)).join(':')}]`).hostname
  return { address: text.slice(1, -1), mac: macText(mac) }
}

function macText(digits: string): string {
  return [...digits.matchAll(/../g)].join(':')
}

function sumOf(digits: string): number {
  const words = [...digits.matchAll(/.{4}/g)].map(([word]) => Number.parseInt(word, 16))
  let sum = words.reduce((before, word) => before + word, 0)
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16)
  return sum
}
