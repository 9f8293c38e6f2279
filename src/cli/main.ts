#!/usr/bin/env node
/**
 * Loads the command line. By itself, Node.js ends with 1 where a module of it cannot be loaded, as after a regression; and in
 * a bisection that would call the commit bad (git-bisect(1)). This file imports nothing, so that there is nothing to fail.
 */
const CANNOT_LOAD = 3
const STOP_BISECTION = 128

try {
  await import('./program.js')
} catch (error) {
  const bisecting = process.argv.some(word => /^--(bisect|expect)(=|$)/.test(word))
  process.stderr.write(
    `lab: the program cannot be loaded: ${error instanceof Error ? error.message : String(error)}\n  → npm ci && npm run build, with Node.js 20 or newer\n`,
  )
  process.exitCode = bisecting ? STOP_BISECTION : CANNOT_LOAD
}
