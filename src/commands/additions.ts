import type { NetworkNamespace } from '../kernel/namespace.js'
import type { Rule } from '../kernel/netlink/rule-schema.js'
import { warnOfEach } from '../log.js'
import { attachmentName, keyOf } from '../records/record.js'
import type { AttachmentRecord } from '../records/record-schema.js'
import type { RecordStore } from '../records/store.js'
import { mayBeIn } from '../records/text-filter.js'
import { joined, removeAdditions } from '../state/interface-additions.js'
import { carried } from '../state/reasons.js'
import { removeRules, rulesInSandbox, rulesToOwn, withoutDuplicates } from '../state/rules.js'
import type { InterfaceAdditions } from '../state/schema.js'

/**
 * A record that tells what ADD will add to the sandbox. What an earlier ADD of the same attachment
 * added there stays part of it.
 * @param onInterface what it will add to the interface of another plugin
 */
export function withAdditions(
  store: RecordStore<AttachmentRecord>,
  sandbox: NetworkNamespace,
  record: AttachmentRecord,
  onInterface?: InterfaceAdditions,
): AttachmentRecord {
  const previous = store.read(keyOf(record))
  const earlier = previous && isIn(sandbox, previous) ? previous : undefined
  const ofLoans = () => recordsIn(sandbox, store).flatMap(rulesOf)
  const rules = rulesToOwn(sandbox.socket, rulesOf(record), ofLoans)
  return {
    ...record,
    sandbox: sandbox.identity,
    added: {
      rules: withoutDuplicates([...(earlier ? rulesOf(earlier) : []), ...rules]),
      ...(onInterface ? { onInterface: joined(earlier?.added?.onInterface, onInterface) } : {}),
    },
  }
}

/** What stays when additions are taken off. */
interface Exceptions {
  /** The record of an ADD of the same attachment whose rules stay. */
  earlier?: AttachmentRecord | undefined
  /** What to take off the interface of another plugin; default: all that is recorded. */
  onInterface?: InterfaceAdditions
}

/**
 * Takes off what an attachment has added to its sandbox and no other one needs. Rules do not go
 * with the device, and other plugins stumble over addresses that are not their own.
 * @returns what stays, for it cannot be told from others there
 */
export function takeOffAdditions(
  store: RecordStore<AttachmentRecord>,
  sandbox: NetworkNamespace,
  record: AttachmentRecord,
  { earlier, onInterface = record.added?.onInterface }: Exceptions = {},
): string[] {
  if (record.sandbox && !sandbox.is(record.sandbox)) return []
  const name = attachmentName(keyOf(record))
  const ofOthers = () =>
    [
      ...recordsIn(sandbox, store).filter((other) => attachmentName(keyOf(other)) !== name),
      ...(earlier ? [earlier] : []),
    ].flatMap(rulesOf)
  const rules = removeRules(sandbox.socket, rulesOf(record), ofOthers)
  const routes = onInterface ? removeAdditions(sandbox, onInterface) : []
  const staying = [
    ...rules.map((rule) => `the rule ${rule}`),
    ...routes.map((route) => `the route ${route}`),
  ]
  warnOfEach(
    staying.map((one) => `${one} stays in ${sandbox.name}: it cannot be told from others there`),
  )
  return staying
}

function recordsIn(
  sandbox: NetworkNamespace,
  store: RecordStore<AttachmentRecord>,
): AttachmentRecord[] {
  return store
    .list((text) => mayBeIn(text, sandbox.identity.inode, sandbox.path))
    .filter((record) => isIn(sandbox, record))
}

/** Records of former versions have no more of a sandbox than its path. */
function isIn(sandbox: NetworkNamespace, record: AttachmentRecord): boolean {
  return record.sandbox ? sandbox.is(record.sandbox) : record.sandboxPath === sandbox.path
}

/** The rules that an attachment has added to its sandbox, as they are there. */
export function rulesOf({ added, state, device }: AttachmentRecord): Rule[] {
  return added?.rules ?? rulesInSandbox(device.onHost, device.nameInSandbox, carried(state.rules))
}
