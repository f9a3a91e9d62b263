import { add, addOfAnother, addOfNothing, addOfSecond } from './adds.js'
import { apply, endApplication } from './applications.js'
import { chainWithMover } from './captures.js'
import * as disturbances from './disturbances.js'
import { Life } from './life.js'
import { addByMistake, addKilled } from './refusals.js'
import { check, del, delAgain, end, gc } from './releases.js'
import type { LifePlan, Step } from './steps.js'
import { World } from './world.js'

/** Leads a life with an artefact. @throws Error with all that happened */
export async function live({ nics, steps }: LifePlan, path: string): Promise<void> {
  await using world = await World.make(nics)
  const life = await Life.begin(world, path)
  try {
    for (const step of steps) {
      life.history.push(JSON.stringify(step))
      await take(life, step)
      life.expectNothingLost(step.do)
    }
    life.history.push('the end')
    await end(life)
  } catch (error) {
    const { message } = error as Error
    throw new Error(`${message}\n${life.history.join('\n')}`, { cause: error })
  }
}

async function take(life: Life, step: Step): Promise<void> {
  switch (step.do) {
    case 'ADD':
      return add(life, step)
    case 'CHECK':
      return check(life, step)
    case 'DEL':
      return del(life, step)
    case 'DEL again':
      return delAgain(life, step)
    case 'GC':
      return gc(life, step)
    case 'ADD of another container, and its DEL':
      return addOfAnother(life, step)
    case 'ADD of a second device in the chain':
      return addOfSecond(life, step)
    case 'ADD of no device, and its DEL':
      return addOfNothing(life, step)
    case 'apply':
      return apply(life, step)
    case 'end apply':
      return endApplication(life, step)
    case 'capture, a move by another plugin, apply':
      return chainWithMover(life, step)
    case 'ADD by mistake, and its DEL':
      return addByMistake(life, step)
    case 'ADD that is killed, and its DEL':
      return addKilled(life, step)
    case 'lose record':
      disturbances.loseRecord(life, step)
      break
    case 'start the node again':
      await disturbances.startNodeAgain(life)
      break
    case 'change':
      await disturbances.change(life, step)
      break
    case 'sandbox':
      await disturbances.sandbox(life, step)
      break
    case 'take name':
      disturbances.takeName(life, step)
      break
    case 'free name':
      disturbances.freeName(life, step)
      break
    case 'configure':
      disturbances.configure(life, step)
      break
    case 'make again':
      await disturbances.makeAgain(life, step)
      break
  }
  // What calls of the plugin have changed was looked at with them.
  await life.look()
}
