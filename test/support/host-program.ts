/**
 * Prints what a host of the program offers, and how it behaves: run by Node and by the host of
 * the executable, for tests to compare.
 */
import * as fs from 'node:fs'
import * as net from 'node:net'
import * as path from 'node:path'
import * as timers from 'node:timers/promises'

const names = (object: object) => Object.getOwnPropertyNames(object).sort()

const surface = {
  'node:fs': names(fs),
  'node:fs constants': names(fs.constants),
  'node:net': names(net),
  'node:path': names(path),
  'node:timers/promises': names(timers),
  globals: names(globalThis),
  process: names(process),
  Buffer: names(Buffer),
  'Buffer.prototype': names(Buffer.prototype),
}

const words = process.argv.slice(2)
const [directory = '.'] = words

/** What a call returns, or the error that it throws. */
function outcome(call: () => unknown): unknown {
  try {
    return readable(call()) ?? 'undefined'
  } catch (error) {
    const { name, message, code, errno, syscall, path, dest } = error as NodeJS.ErrnoException & {
      dest?: string
    }
    // Of what does not come from the system, only the kind of the error is the same.
    return syscall ? { message, code, errno, syscall, path, dest } : { name }
  }
}

function readable(value: unknown): unknown {
  if (value instanceof Uint8Array) return [...value]
  if (typeof value === 'bigint') return `${value}n`
  return value
}

const method = <T>(object: object, name: string) =>
  (Reflect.get(object, name) as (...values: unknown[]) => unknown).bind(object) as T

const file = `${directory}/file`
const status = (path: string) => {
  const found = fs.statSync(path)
  const { dev, mode, uid } = found
  return { dev, mode, uid, isFile: found.isFile(), isDirectory: found.isDirectory() }
}
const withFile = <T>(path: string, flags: string, work: (fd: number) => T): T => {
  const fd = fs.openSync(path, flags, 0o640)
  try {
    return work(fd)
  } finally {
    fs.closeSync(fd)
  }
}

const files = [
  () => fs.writeFileSync(file, 'Äpfel 𝄞 \ud800.', { mode: 0o600 }),
  () =>
    withFile(file, 'a', (fd) =>
      fs.writeFileSync(fd, Buffer.from([0, 0xff, 0xc3, 0x28, 0xed, 0xa0, 0x80])),
    ),
  () => fs.readFileSync(file, 'utf8'),
  () => withFile(file, 'r', (fd) => fs.readFileSync(fd, 'utf8').length),
  () => withFile(file, 'r', (fd) => fs.fstatSync(fd).ino === fs.statSync(file).ino),
  () =>
    withFile(file, 'r', (fd) => {
      const [{ dev, ino }, small] = [fs.fstatSync(fd, { bigint: true }), fs.statSync(file)]
      return dev === BigInt(small.dev) && ino === BigInt(small.ino)
    }),
  () => withFile(file, 'a', (fd) => [fs.writeSync(fd, Buffer.from('more')), fs.fsyncSync(fd)]),
  () => withFile(file, 'r', (fd) => fs.writeSync(fd, Buffer.from('more'))),
  () =>
    withFile(file, 'r', (fd) => {
      const part = Buffer.alloc(4)
      return [fs.readSync(fd, part), ...part, fs.readSync(fd, Buffer.alloc(1000))]
    }),
  () => withFile(file, 'a', (fd) => fs.readSync(fd, Buffer.alloc(4))),
  () =>
    withFile('/dev/null', 'r', (fd) => [fs.readSync(fd, Buffer.alloc(1)), fs.fstatSync(fd).rdev]),
  ...['openSync', 'readFileSync', 'statSync', 'readdirSync', 'mkdirSync'].map(
    (name) => () => method<(path: string) => unknown>(fs, name)('/dev/null\0x'),
  ),
  () => fs.existsSync('/dev/null\0'),
  () => fs.mkdirSync(`${directory}/\ud800`),
  () => fs.existsSync(`${directory}/\ufffd`),
  () => fs.mkdirSync(Buffer.from(`${directory}/é`)),
  () => fs.existsSync(`${directory}/é`),
  () => fs.readdirSync(Buffer.from(`${directory}/é`)),
  () => fs.statSync(Buffer.from(`${directory}/é/none`)),
  () => withFile(`${directory}/new`, 'w', (fd) => fs.writeFileSync(fd, 'x'.repeat(100_000))),
  () => status(`${directory}/new`),
  () => status(directory),
  () => fs.readFileSync('/proc/self/none', 'utf8'),
  () => fs.readFileSync(directory, 'utf8'),
  () => fs.openSync(`${directory}/none`, 'r'),
  () => fs.openSync(`${file}/none`, fs.constants.O_WRONLY),
  () => fs.closeSync(999),
  () => fs.fsyncSync(999),
  () => withFile(file, 'r', (fd) => [fs.fchmodSync(fd, 0o751), fs.fstatSync(fd).mode]),
  () => fs.fchmodSync(999, 0o700),
  () => fs.fstatSync(999),
  () => fs.writeFileSync(`${directory}/none/x`, ''),
  () => fs.writeFileSync('/dev/full', 'x'),
  () => fs.writeFileSync(directory, 'x'),
  () => fs.statSync(`${directory}/none`),
  () => fs.statSync(`${directory}/none`, { throwIfNoEntry: false }),
  () => fs.statSync(`${file}/none`, { throwIfNoEntry: false }),
  () => fs.lstatSync('/proc/self').isSymbolicLink(),
  () => [fs.lstatSync(file).isSymbolicLink(), fs.lstatSync(file).nlink],
  () => fs.lstatSync(`${directory}/none`),
  () => fs.lstatSync(`${directory}/none`, { throwIfNoEntry: false }),
  ...(['APPEND', 'CREAT', 'EXCL', 'NOFOLLOW', 'NONBLOCK', 'DIRECTORY'] as const).map(
    (name) => () => fs.constants[`O_${name}`],
  ),
  () => fs.openSync('/proc/self/exe', fs.constants.O_NOFOLLOW),
  () => fs.statfsSync(`${directory}/none`),
  () => fs.statfsSync('/proc').type,
  () => {
    const { bsize, blocks, files } = fs.statfsSync('/proc/self')
    return [bsize, blocks, files]
  },
  () => {
    const { bfree, ffree } = fs.statfsSync('/')
    return [bfree > 0, ffree > 0]
  },
  () => [fs.existsSync(file), fs.existsSync(`${directory}/none`)],
  () => fs.mkdirSync(`${directory}/b`, { mode: 0o700 }),
  () => fs.mkdirSync(`${directory}/b`, { mode: 0o700 }),
  () => fs.mkdirSync(`${directory}/none/b`),
  () => fs.readdirSync(directory),
  () => fs.readdirSync(`${directory}/none`),
  () => fs.readdirSync(file),
  () => fs.readlinkSync('/proc/self').length > 0,
  () => fs.readlinkSync(file),
  () => fs.realpathSync(`${directory}/b/../file`),
  () => fs.realpathSync(`${directory}/none`),
  () => fs.renameSync(file, `${directory}/renamed`),
  () => fs.renameSync(file, `${directory}/renamed`),
  () => fs.rmSync(file),
  () => fs.rmSync(file, { force: true }),
  () => fs.rmSync(`${directory}/renamed`),
  () => fs.rmSync(`${directory}/new`, { force: true }),
  () => process.kill(2 ** 30, 'SIGKILL'),
]

const bytes = Buffer.from('00ff7f8001c3a4ed9fbf', 'hex')
const KINDS = ['UInt8', 'Int8', ...['UInt16', 'Int16', 'UInt32', 'Int32'].flatMap(inBothOrders)]
const LARGE = ['BigUInt64', 'BigInt64'].flatMap(inBothOrders)
function inBothOrders(kind: string): string[] {
  return [`${kind}LE`, `${kind}BE`]
}
type Read = (offset?: number) => number | bigint
type Write = (value: number | bigint, offset?: number) => number

const buffers = [
  ...[...KINDS, ...LARGE].flatMap((kind) =>
    [undefined, 1, 2, 9, 10, -1].map((at) => () => method<Read>(bytes, `read${kind}`)(at)),
  ),
  ...KINDS.flatMap((kind) =>
    [0, 1, -1, 127, 128, 255, 256, 65535, 65536, 2 ** 31, 2 ** 32 - 1, 2 ** 32, -(2 ** 31)].map(
      (value) => () => {
        const written = Buffer.alloc(8)
        return [method<Write>(written, `write${kind}`)(value, 3), ...written]
      },
    ),
  ),
  ...LARGE.map((kind) => () => {
    const written = Buffer.alloc(9)
    return [method<Write>(written, `write${kind}`)(2n ** 63n - 2n, 1), ...written]
  }),
  ...['', 'a', 'Äpfel', '𝄞', '\ud800', '\udc00x', 'a\0b'].flatMap((text) => [
    () => Buffer.from(text),
    () => Buffer.byteLength(text),
    () => Buffer.from(text).toString(),
  ]),
  ...[
    ...[[0xc0, 0x80], [0xc3], [0xe2, 0x82], [0xe2, 0x28, 0xa1], [0xf0, 0x9d, 0x84], [0xf4, 0x90]],
    ...[
      [0xed, 0xbf, 0xbf],
      [0xf5, 0x80],
      [0xf0, 0x80, 0x80],
      [0xe0, 0x9f, 0x80],
      [0x61, 0xff],
    ],
  ].map((list) => () => Buffer.from(list).toString()),
  ...['', '0', '00', '00f', 'zz', '0zff', 'AbCd'].map((text) => () => Buffer.from(text, 'hex')),
  () => Buffer.from([1, 256, -1, 2.7]),
  () => Buffer.from(new Uint16Array([1, 2]).buffer),
  () => Buffer.from(bytes),
  () => Buffer.concat([]),
  () => Buffer.concat([bytes, Buffer.alloc(0), Buffer.from('x')]),
  () => bytes.toString('hex'),
  () => bytes.toString('utf8', 5, 7),
  () => bytes.toString('utf8', 7, 100),
  () => bytes.subarray(1, 3).toString('hex'),
  () => bytes.subarray(1).equals(Buffer.from(bytes.subarray(1))),
  () => bytes.equals(bytes.subarray(1)),
  () => bytes.subarray(-2).readUInt16BE(0),
]

const others = [
  ...['', '/', '//', 'a', '/a', '/a/', 'a/b', '/a//b/', './a', 'a/', '//a', '//a/b', '///a'].map(
    (name) => () => path.dirname(name),
  ),
  ...['1.2.3.4', '01.2.3.4', '1.2.3', '::', '::1', '1::2::3', '::ffff:1.2.3.4', 'fe80::1%eth0']
    .concat(['fe80::1%', '', 'x', '1.2.3.4%a', '1.2.3.4\0', '::1\0', '1:2:3:4:5:6:7:8:9'])
    .map((text) => () => net.isIP(text)),
  () => [process.argv.length, process.getuid?.(), typeof process.uptime()],
  () => Array.isArray(JSON.parse(`${'[{"a":'.repeat(500)}"]}"${'}]'.repeat(500)}`)[0].a[0].a),
  () => JSON.parse(`["${'\\"['.repeat(3000)}"]`)[0].length,
  () => JSON.stringify(JSON.parse(`${'['.repeat(1000)}${']'.repeat(1000)}`)).length,
  () => JSON.parse('{'),
  () => process.env.GREETING,
  () => process.env.NOT_SET,
  () => process.getBuiltinModule('node:os').constants.errno,
]

const document = { surface, behaviour: [...files, ...buffers, ...others].map(outcome) }
let rest = Buffer.from(JSON.stringify(document))
while (rest.length > 0) rest = rest.subarray(fs.writeSync(1, rest))
process.exit(0)
