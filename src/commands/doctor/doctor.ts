import type { Configuration } from '../../cni/configuration-schema.js'
import { startCall } from '../../deadline.js'
import { NetworkNamespace } from '../../kernel/namespace.js'
import { printableLine } from '../../printable.js'
import type { Answer } from '../answer.js'
import { answerWith, type Given } from '../line/subcommand.js'
import { type Wanted, wantedBy } from './configuration.js'
import { selectedDevice } from './device.js'
import { directories } from './directories.js'
import { type Check, type CheckOfFiles, type Finding, fault } from './finding.js'
import { ipam } from './ipam.js'
import { kernel } from './kernel.js'
import { managers } from './managers.js'
import { modules } from './modules.js'
import { records } from './records.js'
import { rights } from './rights.js'
import { sysctls } from './sysctls.js'

const TIMEOUT_SECONDS = 60

const OF_FILES: Record<string, CheckOfFiles> = { directories, ipam, modules }
const CHECKS: Record<string, Check> = { kernel, rights, managers, sysctls, records }

/**
 * `doctor`: what on this host keeps calls from working, and what a device would lack in a pod, each
 * with its cure. Fails if there is a fault. It changes nothing.
 */
export async function doctor(given: Given): Promise<Answer> {
  const { configuration, plugins, findings, refusal } = await wantedBy(given.options.get('config'))
  startCall(TIMEOUT_SECONDS)
  findings.push(...(await examine(configuration, plugins)))
  // Mostly one of the findings is the reason.
  if (refusal && !findings.some(({ level }) => level === 'fault')) findings.push(refusal)
  for (const finding of findings) {
    finding.text = printableLine(finding.text)
    finding.cure = printableLine(finding.cure)
  }
  return answerWith(
    given,
    () => ({ findings }),
    () => findings.map(asText).join('') || 'nothing is wrong\n',
    findings.some(({ level }) => level === 'fault'),
  )
}

async function examine(
  configuration: Configuration,
  plugins: Wanted['plugins'],
): Promise<Finding[]> {
  const ofFiles = await checkAll(OF_FILES, configuration, plugins)
  try {
    using host = NetworkNamespace.host()
    const { device, findings } = selectedDevice(host, configuration)
    const ofHost = await checkAll(CHECKS, { configuration, host, device })
    return [...findings, ...ofFiles, ...ofHost]
  } catch (error) {
    return [impossible('host', error), ...ofFiles]
  }
}

/** A check that cannot be made is a fault, and the others go on. */
async function checkAll<T extends unknown[]>(
  checks: Record<string, (...subject: T) => Finding[] | Promise<Finding[]>>,
  ...subject: T
): Promise<Finding[]> {
  const findings: Finding[] = []
  for (const [about, check] of Object.entries(checks))
    try {
      findings.push(...(await check(...subject)))
    } catch (error) {
      findings.push(impossible(about, error))
    }
  return findings
}

function impossible(about: string, error: unknown): Finding {
  const { message, details } = error as Error & { details?: string }
  return fault(about, message, details || 'let this process do that; calls need it, too')
}

function asText({ level, about, text, cure }: Finding): string {
  return `${level}: ${about}: ${text}\n  cure: ${cure}\n`
}
