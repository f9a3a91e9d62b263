import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** Files that take longest: their size, by which vitest sorts them, does not tell. */
const LONGEST = [
  'netns/faults',
  'netns/large-tables',
  'clients/cri',
  'netns/examples',
  'conformance/result-of-each-version',
  'conformance/host-device',
  'netns/killed',
  'netns/lives',
  'netns/multus',
  'clients/chart',
  'netns/contention',
  'netns/memory',
  'netns/soak',
  'clients/runsc',
  'clients/ctr',
  'clients/podman',
  'netns/random-states',
].map((name) => `/test/${name}.test.ts`)

/** Begins with the longest: one that began last would keep a single processor at work. */
export default class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rankOf = ({ moduleId }: TestSpecification) => {
      const rank = LONGEST.findIndex((name) => moduleId.endsWith(name))
      return rank === -1 ? LONGEST.length : rank
    }
    return (await super.sort(files)).toSorted((one, other) => rankOf(one) - rankOf(other))
  }
}
