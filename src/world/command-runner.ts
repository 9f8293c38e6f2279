/**
 * Loads the process that starts commands for the lab. By itself, Node.js would say in its own words, in the middle of a report,
 * that a module cannot be loaded (EMFILE). This file imports nothing, so that there is nothing to fail.
 */
try {
  await import('./command-orders.js')
} catch (error) {
  const why = error instanceof Error ? error.message : String(error)
  process.stderr.write(`lab: the process that starts commands cannot be loaded: ${why}\n`)
  process.exitCode = 1
}

export {}
