import { type Answer, answerCall } from './commands/answer-call.js'
import { printAbout, printDocument, printText, readStandardInput } from './standard-streams.js'

async function answer(words: string[]): Promise<Answer> {
  if (words.length === 0) return answerCall(process.env, readStandardInput)
  const { answerCommandLine } = await import('./commands/command-line.js')
  return answerCommandLine(words, readStandardInput)
}

/** Nobody else reads stdin, writes to stdout or ends the process. */
async function main(): Promise<never> {
  const { about, text, document, failed, ifUnheard } = await answer(process.argv.slice(2))
  if (about) printAbout(about)
  if (text) printText(text)
  try {
    if (document) printDocument(document)
  } catch (error) {
    await ifUnheard?.()
    throw error
  }
  process.exit(failed ? 1 : 0)
}

main().catch((error: Error) => {
  // Not even the answer could be printed. Never let the runtime print its own
  // report: that would be the whole bundle.
  printAbout(`host-device-l3: ${error.message}`)
  process.exit(1)
})
