/** `lab audit`: which failures of the catalogue would hit this machine. */
import { z } from 'zod'
import { judge } from '../audit/judge.js'
import { readMachine } from '../audit/read-machine.js'
import { EXIT, LabError } from '../base/errors.js'
import { unknownWord } from '../base/nearest.js'
import type { AuditReport, Finding } from '../model/audit.js'
import { hasChange, type KernelChange } from '../model/change.js'
import { type KernelVersion, parseKernelVersion } from '../model/version.js'
import { chooseScenarios } from '../plan/catalogue.js'
import { AUDIT_FORMATS } from '../report/audit.js'
import { fileSink, streamSink } from '../report/sink.js'

const optionsSchema = z.object({
  netns: z.string().optional(),
  json: z.boolean().default(false),
  reporter: z.array(z.string()).default([]),
})

/** Runs `lab audit`; resolves with the exit status, which is 1 where something is exposed. Throws LabError. */
export async function audit(words: readonly string[], given: object): Promise<number> {
  const options = optionsSchema.parse(given)
  const outputs = outputsOf([...(options.json ? ['json'] : []), ...options.reporter])
  const { scenarios } = await chooseScenarios(words)
  const machine = await readMachine(options.netns)
  try {
    const { close: _, hosts, ...about } = machine
    const version: KernelVersion = {
      ...(parseKernelVersion(about.kernel.version) ?? { major: 0, minor: 0, patch: 0 }),
      release: about.kernel.release,
    }
    const has = (change: KernelChange) => hasChange(change, version)
    const findings: Finding[] = hosts.flatMap(facts =>
      scenarios.flatMap(scenario => judge(scenario, facts, { has })),
    )
    const report: AuditReport = {
      version: 1,
      ...about,
      netns: hosts.map(({ netns }) => netns),
      findings,
    }
    for (const { format, sink } of outputs) {
      sink.write(format(report))
      sink.close()
    }
    return findings.some(({ finding }) => finding === 'exposed') ? EXIT.failed : EXIT.ok
  } finally {
    machine.close()
  }
}

/** Where what is written, as `NAME` or `NAME=FILE`; `pretty` on standard output where nothing else is written there. */
function outputsOf(requests: readonly string[]) {
  const made = requests.map(request => {
    const [name = '', ...file] = request.split('=')
    const format = Object.hasOwn(AUDIT_FORMATS, name) ? AUDIT_FORMATS[name] : undefined
    if (!format) throw unknownWord('reporter of an audit', name, Object.keys(AUDIT_FORMATS))
    return { format, file: file.join('=') }
  })
  const onStdout = made.filter(({ file }) => file === '' || file === '-').length
  if (onStdout > 1)
    throw new LabError(
      'two reporters cannot both be written to standard output',
      'give one of them a file: --reporter NAME=FILE',
      EXIT.usage,
    )
  const pretty = AUDIT_FORMATS.pretty
  return [...(onStdout === 0 && pretty ? [{ format: pretty, file: '' }] : []), ...made].map(
    ({ format, file }) => ({
      format,
      sink: file === '' || file === '-' ? streamSink(process.stdout) : fileSink(file),
    }),
  )
}
