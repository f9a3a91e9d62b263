import type { Link } from '../../kernel/netlink/link-schema.js'
import { printable } from '../../printable.js'
import { type Decision, decisionsOn, type NameOf } from '../../state/describe.js'
import { isOfKernel } from '../../state/reasons.js'
import { unseenForWantOfRights } from '../capabilities.js'
import type { Explanation } from './explain.js'

/** Lines are no longer, unless a word is. */
const COLUMNS = 100
const CARRIED = '  carried      '
const LEFT_BEHIND = '  left behind  '

/**
 * An explanation for a reader. It ends with the verdict.
 * @param all also what the kernel makes itself
 * @param namesBeside the names of the devices beside one
 */
export function asText(
  explanation: Explanation,
  all: boolean,
  namesBeside: (device: Link) => NameOf,
): string {
  const { device, state, programs, companions, notes, warnings } = explanation
  const decisions = device && state ? decisionsOn(state, device, namesBeside(device)) : []
  const shown = decisions.filter(({ reason }) => all || !isOfKernel(reason))
  const hidden = decisions.length - shown.length
  const more =
    hidden === 0 ? [] : [`${hidden} objects of the kernel's own are left out: --all shows them`]
  const sections = [
    ...(device ? [heading(device)] : []),
    section('addresses', shown, 'address'),
    section('routes', shown, 'route'),
    section('rules', shown, 'rule'),
    section('neighbours', shown, 'neighbour'),
    list('sysctls', state?.sysctls.map(({ name, value }) => `${name} = ${value}`) ?? []),
    list('programs of others', programs),
    list('what hangs together with it', companions),
    list('ADD would warn', warnings),
    list('notes', [...notes, ...more]),
    verdict(explanation),
  ]
  return `${sections.filter((text) => text !== '').join('\n\n')}\n`
}

function heading({ name, up, hardwareAddress, mtu }: NonNullable<Explanation['device']>): string {
  return wrapped('', `${name}: ${up ? 'up' : 'down'}, ${hardwareAddress}, mtu ${mtu}`)
}

function section(title: string, decisions: Decision[], kind: Decision['kind']): string {
  const things = decisions
    .filter((decision) => decision.kind === kind)
    .map(({ what, why = '' }) => ({ what: printable(what), why }))
  const left = things.filter(({ why }) => why !== '')
  const width = Math.max(...left.map(({ what }) => what.length))
  // One way for all of a section.
  const fits = left.every(({ why }) => LEFT_BEHIND.length + width + 2 + why.length <= COLUMNS)
  const lines = things.map(({ what, why }) => {
    if (why === '') return wrapped(CARRIED, what)
    if (fits) return `${LEFT_BEHIND}${what.padEnd(width)}  ${why}`
    return `${wrapped(LEFT_BEHIND, what)}\n${wrapped(' '.repeat(LEFT_BEHIND.length + 2), why)}`
  })
  return lines.length === 0 ? '' : [title, ...lines].join('\n')
}

function list(title: string, texts: string[]): string {
  return texts.length === 0 ? '' : [title, ...texts.map((text) => wrapped('  ', text))].join('\n')
}

function verdict({ refusal, would }: Explanation): string {
  if (!refusal) {
    const isAll = unseenForWantOfRights().length === 0
    return `ADD would ${would}${isAll ? '' : ', as far as this process can see'}`
  }
  const { code, msg, details } = refusal
  const first = wrapped('', `ADD would refuse: code ${code}: ${msg}`)
  return details === undefined ? first : `${first}\n${wrapped('  ', details)}`
}

/** A text in lines, of which all but the first begin two columns further right. */
function wrapped(start: string, text: string): string {
  const indent = ' '.repeat(start.length + 2)
  const lines: string[] = []
  let line = start
  for (const word of printable(text).split(/\s+/)) {
    const isFirst = line === start
    if (!isFirst && line.length + 1 + word.length > COLUMNS) {
      lines.push(line)
      line = indent + word
    } else line += isFirst ? word : ` ${word}`
  }
  return [...lines, line].join('\n')
}
