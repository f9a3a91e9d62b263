import { type Answer, answerCall } from './commands/answer.js'
import { printDocument, printStderr, printText, readStandardInput } from './stdio.js'

/**
 * Runs the process: reads, answers, prints and exits. No other code touches stdin, stdout or exit.
 */
async function main(): Promise<never> {
  const answer = await answerTo(process.argv.slice(2))
  await print(answer)
  process.exit(answer.failed ? 1 : 0)
}

async function answerTo(words: string[]): Promise<Answer> {
  if (words.length === 0) return answerCall(process.env, readStandardInput)
  const { answerCommandLine } = await import('./commands/line/command-line.js')
  return answerCommandLine(words, readStandardInput)
}

async function print(answer: Answer): Promise<void> {
  switch (answer.kind) {
    case 'nothing':
      return
    case 'message':
      return printStderr(answer.text)
    case 'text':
      try {
        return printText(answer.text)
      } catch (error) {
        if (!answer.isDone) throw error
        const { message } = error as Error
        throw new Error(`${message}; what was done is this:\n${answer.text.trimEnd()}`)
      }
    case 'document':
      try {
        return printDocument(answer.document)
      } catch (error) {
        const outcome = await answer.onOutputFailed?.()
        throw outcome ? new Error(`${(error as Error).message}; ${outcome}`) : error
      }
  }
}

main().catch((error: Partial<Error> | null) => {
  // The answer could not be printed. For an uncaught error the runtime would print the source line,
  // which is the whole bundle. Without memory, an error of the executable's engine has no message.
  printStderr(`host-device-l3: ${error?.message ?? 'out of memory'}`)
  process.exit(1)
})
