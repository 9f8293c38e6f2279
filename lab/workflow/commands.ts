/** What a step writes into the files that the runner gives it: `name=value`, or a name with lines up to a delimiter. */
import { LabError } from '../../src/base/errors.js'

/** The text of GITHUB_OUTPUT or GITHUB_ENV by name. Throws LabError for a line that is neither of the two forms. */
export function parseAssignments(text: string): Readonly<Record<string, string>> {
  const found: Record<string, string> = {}
  const lines = text.split('\n')
  for (let line = lines.shift(); line !== undefined; line = lines.shift()) {
    if (line === '') continue
    const [, block, delimiter] = /^([^=<]+)<<(.+)$/.exec(line) ?? []
    const [, name, value] = /^([^=]+)=(.*)$/.exec(line) ?? []
    if (block !== undefined) {
      const end = lines.indexOf(delimiter ?? '')
      if (end < 0) throw new LabError(`the lines of '${block}' do not end with ${delimiter}`)
      found[block] = lines
        .splice(0, end + 1)
        .slice(0, -1)
        .join('\n')
    } else if (name !== undefined) found[name] = value ?? ''
    else throw new LabError(`'${line}' is no assignment`, 'write name=value')
  }
  return found
}
