import type { NetworkNamespace } from './namespace.js'
import {
  type Attribute,
  dataOf,
  decodeAttributes,
  text,
  toNumber,
  u32,
} from './netlink/attributes.js'
import { readU16 } from './netlink/bytes.js'
import { PROTOCOL } from './netlink/constants.js'
import type { Payload, Request } from './netlink/message.js'
import { NetlinkSocket } from './netlink/netlink-socket.js'

/** struct genlmsghdr: the command, the version, and two bytes of padding (linux/genetlink.h). */
const FIXED_BYTES = 4

/** The family that knows the others: GENL_ID_CTRL, CTRL_CMD_GETFAMILY, CTRL_ATTR_*. */
const CONTROLLER = { type: 16, getFamily: 3, familyId: 1, familyName: 2 } as const

/** NL80211_CMD_* of linux/nl80211.h. */
const COMMAND = {
  setWiphy: 2,
  getInterface: 5,
  setInterface: 6,
  deleteInterface: 8,
  setWiphyNamespace: 49,
} as const
/** NL80211_ATTR_* of linux/nl80211.h. */
const ATTRIBUTE = {
  wiphy: 1,
  wiphyName: 2,
  interfaceIndex: 3,
  interfaceType: 5,
  namespaceFd: 219,
} as const

/** A network device of a radio. */
export interface WirelessInterface {
  /** 0 for what is no network device, such as one of Wi-Fi Direct. */
  index: number
  /** Station, access point, monitor: NL80211_IFTYPE_*. */
  type: number
  /** The number of its radio (wiphy), which no other one gets until the node is started again. */
  radio: number
}

/** The radios of a namespace, as nl80211 has them. */
export class Wireless {
  readonly #socket: NetlinkSocket
  readonly #family: number

  /** @throws KernelError if the kernel has no nl80211 */
  constructor(namespace: NetworkNamespace) {
    this.#socket = namespace.run(() => NetlinkSocket.openHere(PROTOCOL.generic))
    try {
      this.#family = familyId(this.#socket, 'nl80211')
    } catch (error) {
      this[Symbol.dispose]()
      throw error
    }
  }

  /** @throws KernelError, also if there is no such device or it is not wireless */
  interfaceOf(index: number): WirelessInterface {
    const attributes = [u32(ATTRIBUTE.interfaceIndex, index)]
    const [answer] = this.#socket.request(this.#requestFor(COMMAND.getInterface, attributes))
    if (!answer) throw unanswered()
    return decodeInterface(answer)
  }

  /** All interfaces of a radio. */
  interfacesOf(radio: number): WirelessInterface[] {
    return this.#socket
      .dump(this.#requestFor(COMMAND.getInterface, [u32(ATTRIBUTE.wiphy, radio)]))
      .map(decodeInterface)
      .filter((one) => one.radio === radio)
  }

  /**
   * Moves a radio with all its network devices to another namespace. They go down, and keep their names
   * and indexes unless these are taken there.
   * @throws KernelError if the kernel refuses, or if the radio is not in this namespace
   */
  move(radio: number, { fd }: NetworkNamespace): void {
    this.#request(COMMAND.setWiphyNamespace, [
      u32(ATTRIBUTE.wiphy, radio),
      u32(ATTRIBUTE.namespaceFd, fd),
    ])
  }

  /** @throws KernelError */
  setName(radio: number, name: string): void {
    this.#request(COMMAND.setWiphy, [u32(ATTRIBUTE.wiphy, radio), text(ATTRIBUTE.wiphyName, name)])
  }

  /** Sets what a device that is down is. @throws KernelError */
  setType({ index, type }: Pick<WirelessInterface, 'index' | 'type'>): void {
    this.#request(COMMAND.setInterface, [
      u32(ATTRIBUTE.interfaceIndex, index),
      u32(ATTRIBUTE.interfaceType, type),
    ])
  }

  /** @throws KernelError */
  remove(index: number): void {
    this.#request(COMMAND.deleteInterface, [u32(ATTRIBUTE.interfaceIndex, index)])
  }

  #request(command: number, attributes: Attribute[]): void {
    this.#socket.request(this.#requestFor(command, attributes))
  }

  #requestFor(command: number, attributes: Attribute[]): Request {
    return { type: this.#family, header: Buffer.from([command, 0, 0, 0]), attributes }
  }

  [Symbol.dispose](): void {
    this.#socket[Symbol.dispose]()
  }
}

/** The number that the kernel gave a family of generic netlink when it was loaded. */
function familyId(socket: NetlinkSocket, name: string): number {
  const [answer] = socket.request({
    type: CONTROLLER.type,
    header: Buffer.from([CONTROLLER.getFamily, 1, 0, 0]),
    attributes: [text(CONTROLLER.familyName, name)],
  })
  const id = answer && dataOf(attributesOf(answer), CONTROLLER.familyId)
  if (!id) throw unanswered()
  return readU16(id, 0)
}

function unanswered(): Error {
  return new Error('nl80211 acknowledges a question without an answer')
}

function decodeInterface(answer: Payload): WirelessInterface {
  const attributes = attributesOf(answer)
  const numberOf = (wanted: number) => {
    const found = dataOf(attributes, wanted)
    return found ? toNumber(found) : 0
  }
  return {
    index: numberOf(ATTRIBUTE.interfaceIndex),
    type: numberOf(ATTRIBUTE.interfaceType),
    radio: numberOf(ATTRIBUTE.wiphy),
  }
}

function attributesOf({ data }: Payload): Attribute[] {
  return decodeAttributes(data.subarray(FIXED_BYTES))
}
