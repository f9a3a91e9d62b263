import { readFileSync } from 'node:fs'
import { type ClientHttp2Session, connect as connectHttp2 } from 'node:http2'
import { connect } from 'node:net'
import protobuf from 'protobufjs'

const PROTOCOL = readFileSync(new URL('cri.proto', import.meta.url), 'utf8')
const { root } = protobuf.parse(PROTOCOL, { keepCase: true })

/** gRPC puts it before every message: whether it is compressed, and its length. */
const PREFIX_LENGTH = 5

// biome-ignore lint/suspicious/noExplicitAny: tests look into messages of many shapes
export type Message = Record<string, any>

/** A connection to the Container Runtime Interface, as a kubelet has one. */
export class CriConnection implements Disposable {
  readonly #session: ClientHttp2Session

  constructor(socketPath: string) {
    this.#session = connectHttp2('http://localhost', {
      createConnection: () => connect(socketPath),
    })
  }

  /** Calls e.g. `RuntimeService/PodSandboxStatus`. */
  async call(name: string, request: Message): Promise<Message> {
    const [service = '', method = ''] = name.split('/')
    const types = root.lookupService(`runtime.v1.${service}`).methods[method]
    types?.resolve()
    const { resolvedRequestType: Request, resolvedResponseType: Response } = types ?? {}
    if (!Request || !Response) throw new Error(`cri.proto has no ${name}`)
    const bytes = Request.encode(Request.fromObject(request)).finish()
    const prefix = Buffer.alloc(PREFIX_LENGTH)
    prefix.writeUInt32BE(bytes.length, 1)
    const answer = await this.#exchange(name, Buffer.concat([prefix, bytes]))
    const message = Response.decode(answer.subarray(PREFIX_LENGTH))
    return Response.toObject(message, { defaults: true, enums: String })
  }

  async #exchange(name: string, body: Buffer): Promise<Buffer> {
    const stream = this.#session.request({
      ':method': 'POST',
      ':path': `/runtime.v1.${name}`,
      'content-type': 'application/grpc',
      te: 'trailers',
    })
    let ending: Record<string, unknown> = {}
    // A call that fails at once has its status in the first headers.
    for (const event of ['response', 'trailers'])
      stream.on(event, (headers) => {
        ending = { ...ending, ...headers }
      })
    stream.end(body)
    const chunks: Buffer[] = []
    for await (const chunk of stream) chunks.push(chunk)
    if (ending['grpc-status'] !== '0') throw new Error(`${name}: ${ending['grpc-message']}`)
    return Buffer.concat(chunks)
  }

  [Symbol.dispose](): void {
    this.#session.destroy()
  }
}
