import type { OtherFile } from './store.js'

/** What a file among the records is that is none of this version, and what to do about it. */
export interface Remark {
  /** A sentence without a full stop. */
  text: string
  cure: string
}

const BRING_HOME =
  "see what is left in it; if its device is in a pod, bring it home: 'ip -n POD link set NAME netns 1 name HOST-NAME'"

/** For an operator, who has to know that a device may be lent of which nothing else is shown. */
export function remarkOn(other: OtherFile): Remark {
  const { path } = other
  switch (other.kind) {
    case 'broken':
      return {
        text: `${path} is cut off or not ours, and its device may still be in a pod`,
        cure: `${BRING_HOME}; the next ADD or GC sets the file aside`,
      }
    case 'set-aside':
      return {
        text: `${path} was set aside as cut off or not ours, and its device may still be in a pod`,
        cure: `${BRING_HOME}; then rm ${path}`,
      }
    case 'newer':
      return {
        text: `${path} is of a newer version of this plugin`,
        cure: 'install that version again to end the attachment',
      }
    case 'unreadable': {
      const { message, details } = other.failure
      return { text: message, cure: details || `look at ${path}; calls need to read it` }
    }
  }
}
