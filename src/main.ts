import { answerCall } from './commands/answer-call.js'
import { printAbout, printDocument, readStandardInput } from './standard-streams.js'

/** Nobody else reads stdin, writes to stdout or ends the process. */
async function main(): Promise<never> {
  const { about, document, failed } = await answerCall(process.env, readStandardInput)
  if (about) printAbout(about)
  if (document) printDocument(document)
  process.exit(failed ? 1 : 0)
}

main().catch((error: Error) => {
  // Not even the answer could be printed. Never let the runtime print its own
  // report: that would be the whole bundle.
  printAbout(`host-device-l3: ${error.message}`)
  process.exit(1)
})
