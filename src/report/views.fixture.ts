/** Strict readers of what reporters write, which all have the same view of a run. */
import type { Test } from 'tap'
import { Parser } from 'tap-parser'
import { type Result, resultOf, type Verdict } from '../model/verdict.js'

/** A format's view of a run: each scenario with its verdict as far as the format has it, and its trials by result. */
export type View = Map<string, { readonly verdict: string; readonly counts: Record<Result, number> }>

export const none = (): Record<Result, number> => ({ pass: 0, skip: 0, fail: 0, error: 0 })

interface Assert {
  readonly ok: boolean
  readonly name: string
  readonly skip: boolean | string
  readonly diag?: { readonly verdict?: string }
}

export function readTap(test: Test, text: string): View {
  const view: View = new Map()
  let counts = none()
  const parser = new Parser({ strict: true })
  const problems: string[] = []
  parser.on('extra', (extra: string) => problems.push(extra))
  parser.on('child', (child: Parser) => {
    counts = none()
    child.on('assert', ({ ok, skip, diag }: Assert) => {
      counts[skip !== false ? 'skip' : ok ? 'pass' : diag?.verdict === 'error' ? 'error' : 'fail']++
    })
  })
  parser.on('assert', ({ name }: Assert) => {
    const [id = '', verdict = ''] = name.split(': ')
    view.set(id, { verdict, counts })
  })
  let count = -1
  let planned = -1
  parser.on('complete', (results: { count: number; plan: { end: number | null } }) => {
    count = results.count
    planned = results.plan.end ?? -1
  })
  parser.end(text)
  test.strictSame(problems, [], 'nothing in it is not TAP')
  test.equal(count, planned, 'the plan is kept')
  return view
}

/** A strict reader of KTAP of two levels: version line, plan, results in order. */
export function readKtap(test: Test, text: string): View {
  const view: View = new Map()
  let [counts, number, planned, outer] = [none(), 0, 0, 0]
  for (const line of text.trimEnd().split('\n')) {
    const result = /^( *)(ok|not ok) (\d+) ([^#]*?)(?: # (.*))?$/.exec(line)
    if (/^ {2}KTAP version 1$/.test(line)) [counts, number, planned] = [none(), 0, -1]
    else if (/^ {2}1\.\.\d+$/.test(line)) planned = Number(line.trim().slice(3))
    else if (result) {
      const [, indent = '', word, at, name = '', data = ''] = result
      if (indent === '') {
        test.equal(Number(at), ++outer)
        test.equal(number, planned, `${name}: the plan is kept`)
        view.set(name, { verdict: /^(?:SKIP |ERROR )?([\w-]+):/.exec(data)?.[1] ?? '', counts })
        // The next one may have no tests, and then no level of its own.
        ;[counts, number, planned] = [none(), 0, 0]
      } else {
        test.equal(Number(at), ++number)
        const kind = data.startsWith('SKIP')
          ? 'skip'
          : word === 'ok'
            ? 'pass'
            : data.startsWith('ERROR')
              ? 'error'
              : 'fail'
        counts[kind]++
      }
    } else test.match(line, /^(KTAP version 1$|1\.\.\d+$| *# )/)
  }
  return view
}

export function readJunit(text: string): View {
  const suites = [
    ...text.matchAll(
      /<testsuite name="([^"]*)" tests="(\d+)" failures="(\d+)" errors="(\d+)" skipped="(\d+)"[\s\S]*?<\/testsuite>/g,
    ),
  ]
  return new Map(
    suites.map(([body, id = '', tests, failures, errors, skipped]) => {
      const [fail, error, skip] = [Number(failures), Number(errors), Number(skipped)]
      const verdict = /<property name="verdict" value="([^"]*)"/.exec(body)?.[1] ?? ''
      return [id, { verdict, counts: { pass: Number(tests) - fail - error - skip, fail, error, skip } }]
    }),
  )
}

export function readGithub(text: string): View {
  const groups = [...text.matchAll(/^::group::(\S+) (\S+): (\d+) trials.*\n([\s\S]*?)^::endgroup::$/gm)]
  return new Map(
    groups.map(([, verdict = '', id = '', , body = '']) => {
      const counts = none()
      for (const line of body.split('\n').filter(Boolean)) counts[resultOf(line.split(':')[0] as Verdict)]++
      return [id, { verdict, counts }]
    }),
  )
}
