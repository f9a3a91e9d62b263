import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import type { Life } from './life.js'
import { type Loan, recordName, rulesBeyond } from './loan.js'
import type { Pod } from './pod.js'
import type { StepOf } from './steps.js'
import type { Nic } from './world.js'

const OTHER_BOOT = '00000000-0000-4000-8000-000000000000'

/** What the words of `ip` do to a device of a pod, and whether CHECK has to find fault with it. */
const CHANGES: Record<
  string,
  { words: (name: string, n: number) => string[]; leaves: Loan['isAsLeft'] }
> = {
  rename: { words: (name, n) => [`link set ${name} name other${n}`], leaves: 'no' },
  alias: { words: (name) => [`link set ${name} alias mine`], leaves: 'perhaps' },
  mac: { words: (name, n) => [`link set ${name} address 02:00:00:00:03:${n}`], leaves: 'no' },
  broadcast: { words: (name) => [`link set ${name} broadcast 02:ff:ff:ff:ff:fe`], leaves: 'yes' },
  down: { words: (name) => [`link set ${name} down`], leaves: 'no' },
  dormant: {
    words: (name) => [`link set ${name} mode dormant`, `link set ${name} state dormant`],
    leaves: 'perhaps',
  },
  flush: { words: (name) => [`address flush dev ${name}`], leaves: 'perhaps' },
  address: { words: (name, n) => [`address add 10.210.${n}.1/24 dev ${name}`], leaves: 'yes' },
  route: { words: (name, n) => [`route add 172.30.${n}.0/24 dev ${name}`], leaves: 'yes' },
  rule: { words: () => ['rule add to 172.17.0.0/16 lookup 100 priority 900'], leaves: 'yes' },
  bridge: {
    words: (name, n) => [
      // Else the bridge would have a MAC and an MTU by its ports.
      `link add bridge${n} address 02:00:00:00:04:${n} type bridge`,
      `link set bridge${n} mtu 1400`,
      `link set ${name} master bridge${n}`,
    ],
    leaves: 'perhaps',
  },
}

/** Somebody in the pod changes something. */
export async function change(life: Life, { loan: n, what }: StepOf<'change'>): Promise<void> {
  const { world } = life
  const loan = life.loans[n % life.loans.length]
  const before = life.now
  const where = loan && world.find(loan.nic, before)
  if (!loan || where?.place !== loan.pod) return
  const { nic, pod } = loan
  const { ifname } = where.link
  if (what === 'give back' || what === 'move away') {
    if (what === 'give back') giveBack(life, nic, ifname, pod)
    else moveAway(life, nic, ifname, pod)
    loan.isAsLeft = 'no'
    await life.look()
    return
  }
  const { words, leaves } = CHANGES[what] ?? { words: () => [], leaves: 'yes' }
  for (const line of words(ifname, nic.number)) if (!pod.ip(line)) return
  if (leaves === 'no' || loan.isAsLeft === 'yes') loan.isAsLeft = leaves
  const after = await life.look()
  const rules = (one: typeof after) => one[pod.containerId]?.rules ?? []
  const own = life.ownRules.get(pod) ?? []
  life.ownRules.set(pod, [...own, ...rulesBeyond(rules(after), rules(before))])
}

/** As the kernel does with a physical device whose sandbox ends: it keeps its name, or has another. */
function giveBack(life: Life, nic: Nic, name: string, pod: Pod): void {
  const { testbed } = life.world
  const isTaken = testbed.onHost('-br link').includes(name)
  const words = isTaken ? ['name', `dev${nic.number}`] : []
  pod.ip(['link set', name, ...words, 'netns', testbed.host].join(' '))
}

function moveAway({ world }: Life, nic: Nic, name: string, pod: Pod): void {
  pod.ip(`link set ${name} name stray${nic.number} netns ${world.elsewhere.name}`)
}

/** Something becomes of a sandbox. */
export async function sandbox(life: Life, { pod: n, fate }: StepOf<'sandbox'>): Promise<void> {
  const { world } = life
  const pod = world.pod(n)
  if (pod.isNamed) {
    if (fate === 'unname') await pod.unname()
    else await kill(life, pod, fate === 'give back and kill')
    for (const loan of life.loans.filter((loan) => loan.pod === pod)) loan.isAsLeft = 'no'
  }
  if (fate !== 'replace') return
  world.replacePod(n)
  await life.look()
  life.own(world.pod(n))
}

async function kill(life: Life, pod: Pod, areGivenBack: boolean): Promise<void> {
  const { world } = life
  const snapshots = life.now
  for (const nic of world.nics) {
    const where = world.find(nic, snapshots)
    if (where?.place !== pod) continue
    if (areGivenBack) giveBack(life, nic, where.link.ifname, pod)
    else nic.isDestroyed = true
  }
  await pod.kill()
  life.loans = life.loans.filter(({ isRecordLost, nic }) => !(isRecordLost && nic.isDestroyed))
}

/** The state directory loses a record. */
export function loseRecord(life: Life, { loan: n }: StepOf<'lose record'>): void {
  const loan = life.loans[n % life.loans.length]
  if (!loan) return
  const { world } = life
  rmSync(`${world.testbed.stateDirectory}/attachments/${recordName(loan)}.json`, { force: true })
  loan.isRecordLost = true
  if (loan.nic.isDestroyed) life.loans = life.loans.filter((one) => one !== loan)
  // Nobody knows now which rules came with the device.
  life.strayRules.set(loan.pod, life.now[loan.pod.containerId]?.rules ?? [])
}

/** All sandboxes end, all devices are on the host as at its start, and the records are old. */
export async function startNodeAgain(life: Life): Promise<void> {
  const { world } = life
  const { testbed } = world
  for (const name of life.takenNames) testbed.onHost(`link delete ${name}`)
  life.takenNames.clear()
  const snapshots = life.now
  for (const nic of [...world.nics]) {
    const where = world.find(nic, snapshots)
    if (where) world.bringHome(nic, where)
  }
  for (const pod of world.allPods) await pod.kill()
  for (const nic of [...world.nics]) {
    if (nic.isDestroyed) await world.makeNic(nic.plan)
    else world.configure(nic)
  }
  for (const n of [0, 1]) world.replacePod(n)
  await life.look()
  for (const n of [0, 1]) life.own(world.pod(n))
  const files = ['attachments', 'outstanding'].flatMap((directory) =>
    testbed.filesIn(directory).map((file) => `${directory}/${file}`),
  )
  for (const file of files) {
    const path = `${testbed.stateDirectory}/${file}`
    const text = readFileSync(path, 'utf8')
    writeFileSync(path, text.replace(/"bootId":"[^"]+"/, `"bootId":"${OTHER_BOOT}"`))
  }
  life.loans = []
  life.applications = []
}

/** Something else takes a device's name on the host. */
export function takeName(life: Life, { nic: n }: StepOf<'take name'>): void {
  const { world } = life
  const { name } = world.nics[n] as Nic
  const names = life.now.host?.devices.map(({ link }) => link.ifname)
  if (names?.includes(name)) return
  world.testbed.onHost(`link add ${name} type ifb`)
  life.takenNames.add(name)
}

export function freeName(life: Life, { nic: n }: StepOf<'free name'>): void {
  const { name } = life.world.nics[n] as Nic
  if (life.takenNames.delete(name)) life.world.testbed.onHost(`link delete ${name}`)
}

/** An administrator gives a device at home what it may have lost. */
export function configure(life: Life, { nic: n }: StepOf<'configure'>): void {
  const { world } = life
  const nic = world.nics[n] as Nic
  const where = world.find(nic, life.now)
  if (where?.place === world.host && where.link.ifname === nic.name) world.configure(nic)
}

/** A device that was destroyed is there again, or so it seems. */
export async function makeAgain(life: Life, { nic: n }: StepOf<'make again'>): Promise<void> {
  const { name, plan, isDestroyed } = life.world.nics[n] as Nic
  if (isDestroyed && !life.takenNames.has(name)) await life.world.makeNic(plan)
}
