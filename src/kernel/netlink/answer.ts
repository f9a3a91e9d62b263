import { type NetlinkMessage, parseMessages, readS32 } from 'netlink/dist/structs'
import { KernelError } from '../kernel-error.js'
import { decodeAttributes, toText } from './attributes.js'
import { Flag } from './request.js'

const NLMSG_ERROR = 2
const NLMSG_DONE = 3
/** The explanation among an error's attributes (linux/netlink.h). */
const NLMSGERR_ATTR_MSG = 1
/** An error's fixed part: the number and the header of the request. */
const ERROR_BYTES = 4 + 16

/** What came back for the requests of one datagram. */
export interface Answers {
  /** The messages that carry data. */
  messages: NetlinkMessage[]
  /** The errors, by the sequence number of the request they refuse. */
  errors: Map<number, KernelError>
  /** A table changed while it was read: the messages may be incomplete. */
  interrupted: boolean
}

export function decodeAnswers(received: Buffer): Answers {
  const answers: Answers = { messages: [], errors: new Map(), interrupted: false }
  for (const message of parseMessages(received)) {
    if (message.flags & Flag.dumpInterrupted) answers.interrupted = true
    if (message.type !== NLMSG_ERROR && message.type !== NLMSG_DONE) answers.messages.push(message)
    else {
      const error = errorIn(message)
      if (error) answers.errors.set(message.seq, error)
    }
  }
  return answers
}

/** The error in a closing message; undefined where it is an acknowledgement. */
function errorIn(message: NetlinkMessage): KernelError | undefined {
  const errno = message.data.length >= 4 ? -readS32.call(message.data, 0) : 0
  if (errno <= 0) return undefined
  if (!(message.flags & Flag.explained)) return new KernelError(errno)
  const fixed = message.type === NLMSG_ERROR ? ERROR_BYTES : 4
  const explanation = decodeAttributes(message.data.subarray(fixed)).find(
    (attribute) => attribute.type === NLMSGERR_ATTR_MSG,
  )
  return new KernelError(errno, explanation ? toText(explanation.data) : '')
}
