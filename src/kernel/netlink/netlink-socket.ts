import { requireTime, timeLeft } from '../../deadline.js'
import { Failure } from '../../failure.js'
import { closeDescriptor } from '../descriptor.js'
import { KernelError } from '../kernel-error.js'
import { type NativeError, nativeAddon } from '../native-addon.js'
import { PROTOCOL } from './constants.js'
import {
  type Answers,
  copiesOf,
  type Differences,
  decodeAnswers,
  encodeRequest,
  encodeRequests,
  Flag,
  type NetlinkMessage,
  type Payload,
  type Request,
  requestLength,
  type Taker,
  takeMessages,
} from './message.js'

/** No answer of the kernel takes this long unless something is stuck. */
const TIMEOUT_MILLISECONDS = 10_000

/**
 * Maximum size of a datagram of requests. It is well below the send buffer, and an error for every
 * request fits the receive buffer.
 */
const DATAGRAM_BYTES = 32 * 1024

const DUMP_ATTEMPTS = 20

/**
 * A netlink socket: of NETLINK_ROUTE, or of another protocol, which answers in the same way. It stays in
 * the network namespace in which it was opened, whatever namespace the thread enters later.
 */
export class NetlinkSocket {
  #sequence = 0
  #timeout = TIMEOUT_MILLISECONDS
  #enclosure: Record<'first' | 'last', Request[]> = { first: [], last: [] }
  private constructor(readonly fd: number) {}

  /**
   * Opens a socket in the thread's namespace.
   * @throws NativeError, with EPROTONOSUPPORT where the kernel has not loaded that protocol
   */
  static openHere(protocol: number = PROTOCOL.route): NetlinkSocket {
    return new NetlinkSocket(nativeAddon().openNetlinkSocket(protocol, TIMEOUT_MILLISECONDS))
  }

  /**
   * Sends one request and waits for its acknowledgement.
   * @returns the messages that came with it
   * @throws KernelError if the kernel refuses
   */
  request(request: Request): NetlinkMessage[] {
    const answers = this.#transact(encodeRequest(request, Flag.acknowledge, ++this.#sequence))
    const error = answers.errors.get(this.#sequence)
    if (error) throw error
    // Drops late answers to an earlier request that timed out.
    return answers.messages.filter(({ seq }) => seq === this.#sequence)
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

  /** Dumps a table as a whole; throws like `fold`. */
  dump(request: Request): Payload[] {
    return this.fold(
      [request],
      () => [] as Payload[],
      (all, { bytes }, start, end) => void all.push({ data: bytes.subarray(start, end) }),
    )
  }

  /**
   * Dumps one or more tables and handles each message as it comes, so that no more of them is in
   * memory than is kept: in a pod's namespace the pod decides how large a table is. All begins
   * again if a table changed meanwhile.
   * @param begin makes the result, as it is before the first message
   * @param take adds a message to it, if that is wanted; see `Taker`
   * @param isWhole is asked after all messages, where the kernel does not mark each dump of such a table
   *   that lacks something: whether nothing is missing
   * @throws KernelError if the kernel refuses; Failure `busy` if the table changed during every
   *   attempt
   */
  fold<T>(
    requests: Request[],
    begin: () => T,
    take: (result: T, ...message: [...Parameters<Taker>, Request]) => ReturnType<Taker>,
    isWhole = () => true,
  ): T {
    return uninterrupted(() => {
      const result = begin()
      const isInterrupted = (request: Request) =>
        this.#dump(request, (datagram, start, end) => take(result, datagram, start, end, request))
      return { result, interrupted: requests.some(isInterrupted) || !isWhole() }
    }).result
  }

  /**
   * While `act` runs, others come first and last in each datagram of `requestAll`. Whether the kernel
   * carries these out is not told.
   */
  enclose<T>(first: Request[], last: Request[], act: () => T): T {
    const former = this.#enclosure
    this.#enclosure = { first, last }
    try {
      return act()
    } finally {
      this.#enclosure = former
    }
  }

  /**
   * Sends many requests in few datagrams. The kernel carries out a datagram as a whole, however the
   * process ends.
   * @param datagramBytes maximum size of one; the kernel takes 200 kB, unless net.core.wmem_default says
   *   otherwise
   * @returns the kernel's error for each request; undefined if it was carried out
   */
  requestAll(requests: Request[], datagramBytes = DATAGRAM_BYTES): (KernelError | undefined)[] {
    const outcomes: (KernelError | undefined)[] = []
    const { first: before, last: after } = this.#enclosure
    for (let done = 0; done < requests.length; ) {
      let size = 0
      let end = done
      while (end < requests.length && size < datagramBytes)
        size += requestLength(requests[end++] as Request)
      const some = [...before, ...requests.slice(done, end), ...after]
      const first = this.#sequence + 1
      this.#sequence += some.length
      // The kernel reports errors even without NLM_F_ACK. Only the last request asks for an
      // acknowledgement: when it arrives, all are done.
      const datagram = encodeRequests(some, Flag.acknowledge, first)
      const { errors } = this.#transact(datagram)
      for (let n = before.length; n < some.length - after.length; n++)
        outcomes.push(errors.get(first + n))
      done = end
    }
    return outcomes
  }

  /**
   * Sends copies of one request in few datagrams.
   * @returns the kernel's errors, by the number of the copy
   */
  requestCopies(request: Request, differences: Differences): Map<number, KernelError> {
    const refused = new Map<number, KernelError>()
    const copies = copiesOf(request, differences)
    const count = differences.values.length / differences.size
    const atOnce = Math.ceil(DATAGRAM_BYTES / requestLength(request))
    for (let done = 0; done < count; done += atOnce) {
      const first = this.#sequence + 1
      const last = Math.min(done + atOnce, count)
      this.#sequence += last - done
      const { errors } = this.#transact(copies(done, last, Flag.acknowledge, first))
      for (const [sequence, error] of errors) {
        const n = done + sequence - first
        // Not a late answer to an earlier request.
        if (n >= done && n < last) refused.set(n, error)
      }
    }
    return refused
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

  /** @returns whether the table changed during the dump */
  #dump(request: Request, take: Taker): boolean {
    const datagram = encodeRequest(request, Flag.dump, ++this.#sequence)
    const sequence = this.#sequence
    this.#setTimeout()
    let interrupted = false
    withKernelErrors(() =>
      nativeAddon().transactInParts(this.fd, datagram, (part) => {
        requireTime()
        if (takeMessages(part, sequence, take)) interrupted = true
      }),
    )
    return interrupted
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
function uninterrupted<T extends Pick<Answers, 'interrupted'>>(dump: () => T): T {
  for (let attempt = 1; attempt <= DUMP_ATTEMPTS; attempt++) {
    const answers = dump()
    if (!answers.interrupted) return answers
  }
  throw new Failure('busy', 'a table of the kernel changes faster than it can be read')
}

function received(transaction: () => Buffer): Answers {
  return decodeAnswers(withKernelErrors(transaction))
}

/** Runs a transaction. A failed system call becomes a KernelError. */
function withKernelErrors<T>(transaction: () => T): T {
  try {
    return transaction()
  } catch (error) {
    const { errno, syscall } = error as NativeError
    throw syscall === undefined ? error : new KernelError(errno, '', syscall)
  }
}
