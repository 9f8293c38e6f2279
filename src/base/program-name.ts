/** What the program is called: `lab` from its own folder, `netns-lab` where the package put a command of that name. */
import { basename } from 'node:path'

const OWN = 'lab'
const PACKAGED = 'netns-lab'
/** `lab list`, `lab: …`, `$ lab run`: the program's name, and no part of another word or path, nor the lab itself. */
const NAMED = /(?<![\w./-]|\b(?:[Tt]he|a|own) )lab(?=: | [a-z<…-])/g

/** The name that the program was called by. */
export function programName(): string {
  return basename(process.argv[1] ?? '') === PACKAGED ? PACKAGED : OWN
}

/** A text that speaks of commands of the lab, with the name that this program was called by. */
export function asCalled(text: string, name = programName()): string {
  return name === OWN ? text : text.replace(NAMED, name)
}
