import { answerCall } from './commands/answer-call.js'
import { printAbout, printDocument, readStandardInput } from './standard-streams.js'

/** Nobody else reads stdin, writes to stdout or ends the process. */
async function main(): Promise<never> {
  const { about, document, failed } = await answerCall(process.env, readStandardInput)
  if (about) printAbout(about)
  if (document) printDocument(document)
  process.exit(failed ? 1 : 0)
}

void main()
