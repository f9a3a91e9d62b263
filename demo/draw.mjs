// Draws what the demo prints: docs/demo.svg, a picture that shows one step after the other.
// `make demo-image` calls it: node demo/draw.mjs < OUTPUT > docs/demo.svg
import { readFileSync } from 'node:fs'

const SECONDS_PER_STEP = 9
const [FONT, LINE, LEFT, TOP] = [13, 18, 18, 52]
const WIDTH = 880

/** The numbered steps of the demo, each a list of lines. */
function stepsOf(output) {
  return output
    .trim()
    .split(/\n\n(?=\d+\. )/)
    .map((step) => step.split('\n').map((line) => line.trimEnd()))
}

function classOf(line) {
  if (/^\d+\. /.test(line)) return 'heading'
  if (line.startsWith('  $ ')) return 'command'
  return line.startsWith('  < ') ? 'input' : 'output'
}

function escaped(text) {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}

function draw(output) {
  const steps = stepsOf(output)
  const height = TOP + LINE * Math.max(...steps.map((lines) => lines.length)) + LEFT
  const frames = steps.map((lines, step) => {
    const texts = lines.map(
      (line, row) =>
        `<text class="${classOf(line)}" x="${LEFT}" y="${TOP + LINE * (row + 1)}">${escaped(line)}</text>`,
    )
    return `<g style="animation-delay: ${SECONDS_PER_STEP * step}s">\n${texts.join('\n')}\n</g>`
  })
  return `<svg xmlns="http://www.w3.org/2000/svg" xml:space="preserve" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" role="img">
<title>What make demo prints, step by step</title>
<style>
  text { font: ${FONT}px ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace; fill: #c9d1d9 }
  .heading { font-weight: bold; fill: #ffffff }
  .command { fill: #7ee787 }
  .input { fill: #79c0ff }
  g { visibility: hidden; animation: step ${SECONDS_PER_STEP * steps.length}s step-end infinite }
  @keyframes step { 0% { visibility: visible } ${(100 / steps.length).toFixed(3)}% { visibility: hidden } }
</style>
<rect width="100%" height="100%" rx="8" fill="#0d1117"/>
<circle cx="24" cy="22" r="6" fill="#ff5f56"/>
<circle cx="44" cy="22" r="6" fill="#ffbd2e"/>
<circle cx="64" cy="22" r="6" fill="#27c93f"/>
<text x="50%" y="26" text-anchor="middle">make demo</text>
${frames.join('\n')}
</svg>
`
}

process.stdout.write(draw(readFileSync(0, 'utf8')))
