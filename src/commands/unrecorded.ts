import { isSameDevice, type LocatedDevice } from '../device/lent-device.js'
import type { LentDevice } from '../device/lent-device-schema.js'
import { returnDevice } from '../device/return.js'
import { answersOfKeys, type DeviceSelector, selectsHardware } from '../device/selector.js'
import { NetworkNamespace } from '../kernel/namespace.js'
import { dumpAddresses } from '../kernel/netlink/address.js'
import { findLink, unlessUnreadable } from '../kernel/netlink/link.js'
import type { Link } from '../kernel/netlink/link-schema.js'
import { note, warn } from '../log.js'
import { attachmentRecords, loansIn } from '../records/attachments.js'
import { lockAttachment, lockDevice, lockRoutes } from '../records/lock.js'
import { attachmentOf, type Call, selectorOf } from './call.js'
import { openIfThere } from './namespaces.js'

/** Names that the kernel gives to no other device, and that no terminal takes for anything else. */
const ORDINARY_NAME = /^(?!\.{1,2}$)[!-$&-.0-9;-~]{1,15}$/

/**
 * Returns a device without a record: host-device moved it, or the record was lost. Its alias should
 * be its name on the host. But the interface of that name may belong to another plugin or to the
 * pod, and a pod can choose an alias, so it must be the hardware that the configuration selects,
 * and nothing that a record lends. One that the kernel has handed back gets its name back.
 * @throws Failure `return-failed`
 */
export function returnUnrecorded(call: Call): void {
  const { environment, configuration } = call
  const { stateDir } = configuration
  const key = attachmentOf(call)
  using _attachment = lockAttachment(stateDir, key)
  const store = attachmentRecords(stateDir)
  // A record now means that another ADD ran since: leave its device alone.
  if (store.read(key)) return
  using host = NetworkNamespace.host()
  using sandbox = openIfThere(host, environment.netns)
  const selector = selectorOf(configuration)
  const find = () =>
    sandbox
      ? findByAlias(sandbox, key.nameInSandbox)
      : findHandedBack(host, key.nameInSandbox, selector)
  const there = find()
  if (!there) return
  using _device = lockDevice(stateDir, there.link)
  using _routes = lockRoutes(stateDir, 'alone')
  // Another call may have lent it while this one waited.
  const located = find()
  if (located?.link.index !== there.link.index) return
  const lent = describe(host, located)
  const others = loansIn(store).map(({ device }) => device)
  if (others.some((device) => isSameDevice(lent, device))) return
  if (selectsHardware(selector, lent)) {
    const name = homeName(host, located.link)
    const named = { ...lent, onHost: { ...lent.onHost, name } }
    returnDevice(host, named, located, { othersLent: () => others })
    note('info', `brought ${name} home, of which there was no record`, () => key)
  } else if (answersOfKeys(selector, lent).includes(true))
    warn(
      `${key.nameInSandbox} in ${located.namespace.name} stays there: no record says that it was lent, and nothing but its name or MAC says that it is the host's`,
    )
}

function findByAlias(namespace: NetworkNamespace, name: string): LocatedDevice | undefined {
  const link = unlessUnreadable(() => findLink(namespace.socket, { name }))
  return link?.alias ? { namespace, link } : undefined
}

/**
 * Finds a device that the kernel has handed back because its sandbox ended: down, with the name that it
 * had there, and without addresses. One that is at home may have an alias that somebody else chose, so
 * whatever else says that it is at home counts.
 */
function findHandedBack(
  host: NetworkNamespace,
  name: string,
  { device }: DeviceSelector,
): LocatedDevice | undefined {
  const found = findByAlias(host, name)
  if (!found || found.link.up || name === device) return undefined
  const isFreeName = isFree(host, found.link.alias)
  return isFreeName && dumpAddresses(host.socket, found.link.index).length === 0 ? found : undefined
}

/** Describes a device as if it had been lent under its alias. On the host, it keeps its names. */
function describe(host: NetworkNamespace, { namespace, link }: LocatedDevice): LentDevice {
  const { alias: name = '', ...rest } = link
  const identity = namespace.sysfs?.identityOf(link)
  const onHost = namespace === host ? { ...link, name } : { ...rest, name, alternativeNames: [] }
  if (!identity) return { onHost, nameInSandbox: link.name }
  const sysfsPath = `/sys/${identity.directory.replace(/\/net$/, '')}`
  return { onHost, nameInSandbox: link.name, sysfsPath, identity }
}

/** The alias, if a device can have that name and no other one has it. */
function homeName(host: NetworkNamespace, { alias = '', index }: Link): string {
  return isFree(host, alias) ? alias : `lent${index}`
}

/** Whether a device can have a name, and none has it, nor as an alternative name. */
function isFree(host: NetworkNamespace, name = ''): boolean {
  return ORDINARY_NAME.test(name) && !findLink(host.socket, { name })
}
