import { requireTime, timeLeft } from '../../deadline.js'
import { Failure } from '../../failure.js'
import { closeDescriptor } from '../descriptor.js'
import { KernelError } from '../kernel-error.js'
import { type NativeError, nativeAddon } from '../native-addon.js'
import type { NetlinkMessage } from './bytes.js'
import { type Answers, decodeAnswers, encodeRequest, Flag, type Request } from './message.js'

/** No answer of the kernel takes this long unless something is stuck. */
const TIMEOUT_MILLISECONDS = 10_000

/**
 * Maximum size of a datagram of requests. It is well below the send buffer, and an error for every
 * request fits the receive buffer.
 */
const DATAGRAM_BYTES = 32 * 1024

const DUMP_ATTEMPTS = 20

/**
 * A NETLINK_ROUTE socket. It stays in the network namespace in which it was opened, whatever
 * namespace the thread enters later.
 */
export class RouteSocket {
  #sequence = 0
  #timeout = TIMEOUT_MILLISECONDS
  private constructor(readonly fd: number) {}

  /** Opens a socket in the thread's namespace. */
  static openHere(): RouteSocket {
    return new RouteSocket(nativeAddon().openRouteSocket(TIMEOUT_MILLISECONDS))
  }

  /**
   * Sends one request and waits for its acknowledgement.
   * @returns the messages that came with it
   * @throws KernelError if the kernel refuses
   */
  request(request: Request): NetlinkMessage[] {
    const { messages } = this.#exchange(request, Flag.acknowledge)
    return messages
  }

  /**
   * Sends a request without waiting for the answer.
   * @returns a function that waits for the acknowledgement; call it exactly once. It throws
   *   KernelError
   */
  start(request: Request): () => void {
    const datagram = encodeRequest(request, Flag.acknowledge, ++this.#sequence)
    const sequence = this.#sequence
    this.#setTimeout()
    const transaction = nativeAddon().startTransaction(this.fd, datagram)
    return () => {
      const { errors } = received(() => nativeAddon().finishTransaction(transaction))
      const error = errors.get(sequence)
      if (error) throw error
    }
  }

  /**
   * Dumps a table, and repeats the dump if the table changed meanwhile.
   * @throws KernelError if the kernel refuses; Failure `busy` if the table changed during every
   *   attempt
   */
  dump(request: Request): NetlinkMessage[] {
    return uninterrupted(() => this.#exchange(request, Flag.dump)).messages
  }

  /**
   * Sends many requests in few datagrams.
   * @returns the kernel's error for each request; undefined if it was carried out
   */
  requestAll(requests: Request[]): (KernelError | undefined)[] {
    const outcomes: (KernelError | undefined)[] = []
    let datagram: Buffer[] = []
    let size = 0
    const flush = () => {
      const first = this.#sequence - datagram.length + 1
      const { errors } = this.#transact(Buffer.concat(datagram))
      for (let n = 0; n < datagram.length; n++) outcomes.push(errors.get(first + n))
      datagram = []
      size = 0
    }
    requests.forEach((request, position) => {
      // The kernel reports errors even without NLM_F_ACK. Only the last request asks for an
      // acknowledgement: when it arrives, all are done.
      const fits = size < DATAGRAM_BYTES && position < requests.length - 1
      const encoded = encodeRequest(request, fits ? 0 : Flag.acknowledge, ++this.#sequence)
      datagram.push(encoded)
      size += encoded.length
      if (!fits) flush()
    })
    return outcomes
  }

  [Symbol.dispose](): void {
    closeDescriptor(this.fd)
  }

  /**
   * Shortens the socket's timeout if the call has less time left than that. Makes no system call
   * before then.
   * @throws Failure `busy` if the deadline has passed
   */
  #setTimeout(): void {
    requireTime()
    const wanted = Math.ceil(timeLeft(TIMEOUT_MILLISECONDS))
    if (wanted === this.#timeout) return
    nativeAddon().setSocketTimeout(this.fd, wanted)
    this.#timeout = wanted
  }

  #exchange(request: Request, flags: number): Answers {
    const answers = this.#transact(encodeRequest(request, flags, ++this.#sequence))
    const error = answers.errors.get(this.#sequence)
    if (error) throw error
    // Drops late answers to an earlier request that timed out.
    const messages = answers.messages.filter(({ seq }) => seq === this.#sequence)
    return { ...answers, messages }
  }

  #transact(datagram: Buffer): Answers {
    this.#setTimeout()
    return received(() => nativeAddon().transact(this.fd, datagram))
  }
}

/**
 * Repeats a dump that the kernel marks as interrupted: it may be incomplete.
 * @throws Failure `busy` after twenty attempts
 */
export function uninterrupted<T extends Pick<Answers, 'interrupted'>>(dump: () => T): T {
  for (let attempt = 1; attempt <= DUMP_ATTEMPTS; attempt++) {
    const answers = dump()
    if (!answers.interrupted) return answers
  }
  throw new Failure('busy', 'a table of the kernel changes faster than it can be read')
}

/** The answers of a transaction. A failed system call becomes a KernelError. */
function received(transaction: () => Buffer): Answers {
  try {
    return decodeAnswers(transaction())
  } catch (error) {
    const { errno, syscall } = error as NativeError
    throw syscall === undefined ? error : new KernelError(errno, `no answer: ${syscall} failed`)
  }
}
