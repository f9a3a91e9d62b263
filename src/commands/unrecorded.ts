import { isSameDevice, type LocatedDevice } from '../device/lent-device.js'
import type { LentDevice } from '../device/lent-device-schema.js'
import { returnDevice } from '../device/return.js'
import { answersOfKeys, selectsHardware } from '../device/selector.js'
import { NetworkNamespace } from '../kernel/namespace.js'
import { findLink } from '../kernel/netlink/link.js'
import { note, warn } from '../log.js'
import { attachmentRecords, loansIn } from '../records/attachments.js'
import { lockAttachment, lockDevice, lockRoutes } from '../records/lock.js'
import { attachmentOf, type Call } from './call.js'
import { openIfThere } from './namespaces.js'
import { selectorOf } from './way.js'

/** Names that the kernel gives to no other device, and that no terminal takes for anything else. */
const ORDINARY_NAME = /^(?!\.{1,2}$)[!-$&-.0-9;-~]{1,15}$/

/**
 * Returns a device without a record: host-device moved it, or the record was lost. Its alias should
 * be its name on the host. But the interface of that name may belong to another plugin or to the
 * pod, and a pod can choose an alias, so it must be the hardware that the configuration selects,
 * and nothing that a record lends.
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
  const find = () => findByAlias(sandbox ? [sandbox, host] : [host], key.nameInSandbox)
  const there = find()
  if (!there) return
  using _device = lockDevice(stateDir, there.link)
  using _routes = lockRoutes(stateDir, 'alone')
  // Another call may have lent it while this one waited.
  const located = find()
  if (located?.link.index !== there.link.index) return
  const lent = describe(located)
  const others = loansIn(store).map(({ device }) => device)
  if (others.some((device) => isSameDevice(lent, device))) return
  const selector = selectorOf(configuration)
  if (selectsHardware(selector, lent)) {
    const name = homeName(host, located)
    const named = { ...lent, onHost: { ...lent.onHost, name } }
    returnDevice(host, named, located, { othersLent: () => others })
    note('info', `brought ${name} home, of which there was no record`, () => key)
  } else if (answersOfKeys(selector, lent).includes(true))
    warn(
      `${key.nameInSandbox} in ${located.namespace.name} stays there: no record says that it was lent, and nothing but its name or MAC says that it is the host's`,
    )
}

function findByAlias(namespaces: NetworkNamespace[], name: string): LocatedDevice | undefined {
  for (const namespace of namespaces) {
    const link = findLink(namespace.socket, { name })
    if (link?.alias) return { namespace, link }
  }
  return undefined
}

/** Describes a device as if it had been lent under its alias. */
function describe({ namespace, link }: LocatedDevice): LentDevice {
  const { alias: name = '', ...rest } = link
  const identity = namespace.sysfs?.identityOf(link)
  const onHost = { ...rest, name, alternativeNames: [] }
  if (!identity) return { onHost, nameInSandbox: link.name }
  const sysfsPath = `/sys/${identity.directory.replace(/\/net$/, '')}`
  return { onHost, nameInSandbox: link.name, sysfsPath, identity }
}

/** The alias, if a device can have that name and no other one has it. */
function homeName(host: NetworkNamespace, { namespace, link }: LocatedDevice): string {
  const { alias = '', index } = link
  const substitute = `lent${index}`
  if (!ORDINARY_NAME.test(alias)) return substitute
  const holder = findLink(host.socket, { name: alias })
  return !holder || (namespace === host && holder.index === index) ? alias : substitute
}
